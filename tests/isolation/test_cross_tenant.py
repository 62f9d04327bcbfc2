"""Nothing of another university is shown, told or even felt, by any way that the schema has."""

import json

import pytest

from lms_graphql.engine.relay import GlobalId
from tests.isolation.crawl import NO_NUMBER, Request, ask, cursors_of, requests
from tests.isolation.crossing import (
    DOCUMENTS,
    PRINCIPALS,
    READERS,
    SCHEMA,
    SETTINGS,
    THOROUGH,
    WAYS,
    all_told,
    crawled,
    told,
)
from tests.isolation.paths import Way, documents
from tests.isolation.twin import tenant_tables
from tests.isolation.walls import doors_open, policies_off, predicates
from tests.walking import shown_fields

pytestmark = pytest.mark.proof

NO_TENANT = {"Country", "Domain", "Subject", "University", "TemplateVersion"}
"""Types of no university, or whose ids no two universities share: their own ways can tell nothing of the twin."""


ACROSS = (
    "Platform.universities",
    "Query.platform",
    "UniversityNumbers.university",
    "UniversityNumbersConnection.edges",
    "UniversityNumbersConnection.pageInfo",
    "UniversityNumbersEdge.node",
)
"""What administrators of the platform alone see, who are none of these people: see tests/test_platform.py."""
OWN = ("Upload.target", "UploadTarget.headers")
"""What is made for the row's own person alone, who is none of these: see tests/changing/test_uploads.py."""


async def test_every_table_has_rows_in_both_universities(crossing):
    """A table without a row here proves nothing: plant one in campus.py."""
    empty = [
        table.name
        for table in tenant_tables()
        for university in (crossing.alpha.id, crossing.twin_id)
        if not await crossing.alpha.driver.fetchval(
            f"SELECT EXISTS (SELECT FROM {table.name} WHERE university_id = $1)", university
        )
    ]
    assert empty == []


async def test_every_type_and_every_edge_is_reached(crossing):
    """Each type is found, and each field that leads to rows shows some to somebody."""
    assert sorted(set(SCHEMA.nodes) - set(crossing.ids)) == []
    reached = {field for answers in crossing.before.values() for field in reached_fields(crossing.asked, answers)}
    assert sorted(WAYS.edges() - reached) == sorted((*ACROSS, *OWN))


def reached_fields(asked: list[Request], answers: list[bytes]) -> set[str]:
    """The coordinates of the fields that showed something."""
    found = set()
    for request, answer in zip(asked, answers, strict=True):
        data = json.loads(answer)["data"] or {}
        found |= {f"{type_}.{name}" for type_, name in shown_fields(data)}
        for root in filter(None, data.get("nodes", [data])):
            for number, way in enumerate(request.document.ways):
                if root.get(f"w{number}") not in (None, [], {}):
                    found.add(way.field)
    return found


@pytest.mark.parametrize("name", PRINCIPALS)
async def test_nothing_foreign_is_shown(crossing, name):
    """And who has nothing to do with the twin gets, to the byte, what they got before it had any rows."""
    answers = await ask(crossing.api, crossing.asked, crossing.user(name), "ALPHA")
    assert all_told(crossing.asked, answers, crossing) == {}
    if name in READERS:
        pairs = zip(crossing.asked, crossing.before[name], answers, strict=True)
        assert [str(request) for request, before, after in pairs if before != after] == []


async def test_that_is_thousands_of_calls(crossing):
    assert len(crossing.asked) * len(PRINCIPALS) > 4_000
    assert sum(len(request.document.ways) for request in crossing.asked) * len(PRINCIPALS) > 20_000


@pytest.fixture(scope="module")
async def with_cursors(crossing) -> list[Request]:
    """What needs a cursor, with those that the twin's administrator got there."""
    theirs = requests(DOCUMENTS, crossing.foreign, {}, {})
    cursors = cursors_of(theirs, await ask(crossing.api, theirs, crossing.user("twin_admin"), "TWIN"))
    asked = [r for r in requests(DOCUMENTS, crossing.ids, {}, cursors) if r.document.ways[0].pages]
    assert sum(len(request.document.ways) for request in asked) > 50
    return asked


@pytest.mark.parametrize("name", PRINCIPALS)
async def test_cursors_of_the_twin_show_nothing_of_it(crossing, with_cursors, name):
    """A cursor says where in an order to go on, and not in whose list."""
    asked = with_cursors
    assert all_told(asked, await ask(crossing.api, asked, crossing.user(name), "ALPHA"), crossing) == {}


# ---- missing, forbidden, foreign: one answer ----


def by_id(way: Way) -> bool:
    """Whether a way is a field of Query that finds one thing by its id."""
    return way.anchor == "Query" and bool(way.wants) and "id: $id" in way.name and "(id: $id)" in way.name


@pytest.mark.parametrize("name", PRINCIPALS)
async def test_missing_forbidden_and_foreign_are_one_answer(crossing, name):
    """To the byte, for every field that finds by id: what is not shown is what is not there."""
    many = None if THOROUGH else 2
    every = {type_: [*crossing.ids[type_][:many], *crossing.foreign[type_][:1]] for type_ in crossing.ids}
    for document in documents(filter(by_id, WAYS.of("Query"))):
        wanted = [id_ for type_ in document.wants for id_ in every[type_]]
        others = [ids[0] for type_, ids in every.items() if type_ not in document.wants][: None if THOROUGH else 5]
        missing = [str(GlobalId(document.wants[0], NO_NUMBER, crossing.alpha.id)), "nothing", ""]
        asked = [Request(document, json.dumps({"id": id_})) for id_ in (*missing, *wanted, *others)]
        answers = await ask(crossing.api, asked, crossing.user(name), "ALPHA")
        shown = [a for r, a in zip(asked, answers, strict=True) if json.loads(r.variables)["id"].encode() not in a]
        assert set(shown) == {answers[0]}, document.text
        assert {json.dumps(value) for key, value in json.loads(answers[0])["data"].items() if key != "__typename"} == {
            "null"
        }


# ---- each wall alone, and neither ----


def test_the_predicates_are_found():
    """What `policies_off` takes away."""
    assert len(predicates()) > 50
    assert {name.split(".")[1] for name in predicates()} >= {"tenancy", "catalog", "content", "grades", "discussion"}


@pytest.mark.parametrize("name", READERS)
async def test_row_level_security_alone(crossing, name):
    """Without a predicate of ours. People see their own membership of another university: the policy `own_row`."""
    own = str(GlobalId("User", crossing.user(name) or 1, crossing.alpha.beta.university["id"]))
    with policies_off():
        answers = await ask(crossing.api, crossing.asked, crossing.user(name), "ALPHA")
    found = all_told(crossing.asked, [answer.replace(own.encode(), b"") for answer in answers], crossing)
    assert found == {}


@pytest.mark.parametrize("name", READERS)
async def test_policies_alone(crossing, owner_api, name):
    """As the owner of the tables, whom row-level security does not bind: to the byte what lms_app gets."""
    answers = await ask(owner_api, crossing.asked, crossing.user(name), "ALPHA")
    pairs = zip(crossing.asked, crossing.before[name], answers, strict=True)
    assert [str(request) for request, before, after in pairs if before != after] == []


@pytest.fixture(scope="module")
async def owner_api(crossing):
    async with crawled(crossing.database.owner, **SETTINGS) as api:
        yield api


async def test_without_both_walls_the_crawl_finds_every_type(crossing, owner_api):
    """The proof that all of the above can fail: no predicates, no row-level security, no look at the id."""
    with policies_off(), doors_open():
        answers = await ask(owner_api, crossing.asked, crossing.user("admin"), "ALPHA")
    pairs = zip(crossing.asked, answers, strict=True)
    leaky = {request.document.anchor for request, answer in pairs if told(answer, crossing)}
    assert leaky >= set(SCHEMA.nodes) - NO_TENANT


async def test_without_both_walls_a_shadow_falls_on_every_type(crossing, owner_api):
    """With the doors as they are, too: where a row of the twin comes in the place of ours, ours is missing."""
    with policies_off():
        answers = await ask(owner_api, crossing.asked, crossing.user("admin"), "ALPHA")
    triples = zip(crossing.asked, crossing.before["admin"], answers, strict=True)
    changed = {request.document.anchor for request, before, after in triples if before != after}
    assert changed >= set(SCHEMA.nodes) - NO_TENANT
