"""Every field of every type, against the demo: it resolves, keeps its promise, and shows a value at least once."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from lms_graphql.engine.relay import GlobalId
from lms_graphql.schema import build
from lms_graphql.storage.database import connect
from tests.conftest import running_api
from tests.databases import DEMO_KEYS, DEMO_SIGNER, demo_database
from tests.lived import live
from tests.walking import Walk, found_ids, shown_fields

SCHEMA = build()
NODES = set(SCHEMA.nodes)
_WAITING = "an upload that waits for its file is found by the id that its mutation gave, see test_uploads"
NOT_IN_THE_DEMO = {
    ("UnknownBlock", "type"): "the demo has no block of an unknown type",
    ("ImageBlock", "url"): "the demo's images are assets of the library",
    ("Upload", "target"): _WAITING,
    **{("UploadTarget", name): _WAITING for name in ("url", "method", "headers", "expiresAt")},
    **{("RequestHeader", name): _WAITING for name in ("name", "value")},
}
"""Fields that the demo has no value for, each with its reason."""


class Explorer:
    """Walks the demo as several people, from Query to whatever they find there."""

    def __init__(self, api):
        self.api = api
        self.shown, self.failures = set(), []
        self.types = {type_.name: type_ for type_ in Walk(SCHEMA.graphql, NODES, {}).types()}

    async def explore(self, user, given, university="DEMO"):
        walk, ids = Walk(SCHEMA.graphql, NODES, given), {}
        fields = {name: list(walk.fields(type_)) for name, type_ in self.types.items()}
        here = await self.api.data(f'{{ university(by: {{shortCode: "{university}"}}) {{ id }} }}', university="DEMO")

        async def ask(document, variables):
            answer = await self.api(document, variables, user=user, university=university)
            self.failures += [(user, university, error) for error in answer.get("errors", [])]
            for name, id_ in found_ids(answer["data"]):
                # Another university is of another request; a criterion is found through its item alone.
                if name in NODES and (name != "University" or id_ == here["university"]["id"]):
                    ids.setdefault(name, set()).add(id_)
            self.shown.update(shown_fields(answer["data"]))
            return answer["data"]

        for _, selection in fields["Query"]:
            await ask(f"{{ __typename {selection} }}", {})
        walked = {}
        while waiting := {name: new for name, known in ids.items() if (new := known - walked.get(name, set()))}:
            for name, new in waiting.items():
                walked.setdefault(name, set()).update(new)
                if len(walked[name]) - len(new) >= 24:  # some of each type, from all the places where it is found
                    continue
                selections = [selection for _, selection in fields[name]]
                for part in (selections[::2], selections[1::2]):  # a document has at most 300 fields
                    all_fields = " ".join(part)
                    document = (
                        f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ __typename ... on {name} {{ {all_fields} }} }} }}"
                    )
                    answer = await ask(document, {"ids": sorted(new)[:16]})
                    if any(node is None for node in answer["nodes"]):
                        self.failures.append((user, university, f"a {name} that was shown is not found by its id"))


@pytest.fixture(scope="module")
async def explorer(superuser):
    """Everything that staff, students and nobody at all can see of the demo."""
    signing = {"certificate_keys": DEMO_KEYS, "public_url": DEMO_SIGNER.public_url}
    async with demo_database(superuser) as (database, summary), running_api(database.app, **signing) as api:
        people = summary.people
        made, users = Explorer(api), [person.user_id for person in people if person.university == "DEMO"]
        (code_of_live, jwt), (revoked, _) = await codes(database)
        left = await lived(database, await member(database, "university.admin"))
        given = await literals(api, users[0]) | {"code": f'"{code_of_live}"', "jwt": f'"{jwt}"', **left}
        for user in [*users, None]:
            await made.explore(user, given)
        # One has completed the course, and so met every kind of item; one waits for a seat.
        for name, code in (("student3", revoked), ("student10", "unknown")):
            student = await member(database, name)
            await made.explore(student, await literals(api, student) | {"code": f'"{code}"'})
        await made.explore(await member(database, "platform.admin"), given)
        (teacher,) = (person.user_id for person in people if person.university == "ACADEMY")
        await made.explore(teacher, given, "ACADEMY")  # its lessons are templates, which the reports are about
        yield made


async def lived(database, admin):
    """What the demo does not have is there; gives the ids of a job and of an import as literals."""
    driver = await connect(database.owner)
    number = await live(driver, "DEMO", admin)
    here = await driver.fetchval("SELECT id FROM universities WHERE short_code = 'DEMO'")
    imported = await driver.fetchval("SELECT max(id) FROM roster_imports WHERE university_id = $1", here)
    await driver.close()
    found = {"job.id": GlobalId("Job", number, here), "rosterImport.id": GlobalId("RosterImport", imported, here)}
    return {name: f'"{id_}"' for name, id_ in found.items()}


async def member(database, name):
    """The id of one of the demo's people, by the name in the address."""
    driver = await connect(database.owner)
    found = await driver.fetchval("SELECT id FROM users WHERE email LIKE $1", f"{name}@%")
    await driver.close()
    return found


async def codes(database):
    """The code and the credential of a certificate that holds, and of one that was revoked."""
    driver = await connect(database.owner)
    found = await driver.fetch(
        "SELECT DISTINCT ON (revoked_at IS NULL) certificate_code, credential_jwt FROM certificates"
        " ORDER BY revoked_at IS NULL DESC"
    )
    await driver.close()
    return [tuple(row) for row in found]


async def literals(api, student):
    """Values for the arguments that must be given: things that the first student sees."""
    data = await api.data(
        """{ course(by: {code: "ME101"}) { id modules { id children { id contentItems { ... on Node { id } } } } }
             viewer { user { id } enrollments(first: 10) { edges { node { offering { id course { code } } } } } }
             terms(first: 1) { edges { node { id } } } }""",
        user=student,
        university="DEMO",
    )
    offering = next(
        edge["node"]["offering"]["id"]
        for edge in data["viewer"]["enrollments"]["edges"]
        if edge["node"]["offering"]["course"]["code"] == "ME101"
    )
    course, module = data["course"], data["course"]["modules"][0]["children"][0]
    now = datetime.now(UTC)
    found = {
        "course.id": course["id"],
        "node.id": course["id"],
        "job.id": course["id"],
        "rosterImport.id": course["id"],
        "module.id": module["id"],
        "contentItem.id": next(find_items(course)),
        "contentItemRevision.contentItem": next(find_items(course)),
        "contentItemRevision.revision": 2,
        "against": 1,
        "user.id": data["viewer"]["user"]["id"],
        "offering.id": offering,
        "term.id": data["terms"]["edges"][0]["node"]["id"],
        "offering": offering,
        "offeringId": offering,
        "code": "unknown",
        "jwt": "unknown",
        "from": (now - timedelta(days=400)).isoformat(),
        "to": (now + timedelta(days=400)).isoformat(),
    }
    return {
        **{name: json.dumps(value) for name, value in found.items()},
        "ids": json.dumps([course["id"]]),
        "university.by": '{shortCode: "DEMO"}',
        "subject.by": '{code: "mechanics"}',
    }


def find_items(answer):
    """The ids of the content items in an answer."""
    if isinstance(answer, dict):
        for name, value in answer.items():
            if name == "contentItems":
                yield from (item["id"] for item in value)
            else:
                yield from find_items(value)
    elif isinstance(answer, list):
        for value in answer:
            yield from find_items(value)


def test_nothing_fails_and_no_promise_is_broken(explorer):
    assert not explorer.failures, "\n".join(str(failure) for failure in explorer.failures[:20])


def test_every_field_of_every_type_has_a_value_somewhere(explorer):
    every = {(name, field) for name, type_ in explorer.types.items() for field in type_.fields}
    unseen = every - explorer.shown
    assert not unseen - set(NOT_IN_THE_DEMO), ", ".join(sorted(map(".".join, unseen - set(NOT_IN_THE_DEMO))))
    assert set(NOT_IN_THE_DEMO) <= unseen, "the demo has a value for these by now: strike them out"
