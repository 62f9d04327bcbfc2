"""Syllabi kept under their course's version: the same answers, fewer statements, and never an old one."""

import asyncio
from types import SimpleNamespace

import orjson
import pytest
from graphql import parse
from sqlalchemy import text

from lms_graphql.content import loaders
from lms_graphql.content.loaders import ItemsByModule, ItemsOfCourse, NeighboursByItem
from lms_graphql.engine.context import Context, Standing, Viewer
from lms_graphql.engine.execution import operation_of
from lms_graphql.engine.fragments import Fragments
from lms_graphql.engine.relay import Cursors, GlobalId
from lms_graphql.examples import EXAMPLES
from lms_graphql.schema import build
from lms_graphql.server.points import Charge
from lms_graphql.storage.database import connect, create_engine
from lms_graphql.syllabus.loaders import OutlineByCourse, SyllabusByCourse
from lms_graphql.syllabus.service import renew_version
from tests.conftest import running_api
from tests.test_syllabus import SYLLABUS

SCHEMA = build()
PEOPLE = (None, "outsider", "student", "ta", "admin")


def gid(typename, row):
    return str(GlobalId(typename, row["id"], row["university_id"]))


@pytest.fixture
async def keeping(database, world):
    async with running_api(database.app, syllabus_cache_mib=16) as running:
        yield running


async def ask(api, world, name, document=SYLLABUS, course="course", **options):
    variables = {"id": gid("Course", world.alpha[course])}
    return await api(document, variables, user=world.people[name] if name else None, **options)


def kept(api):
    return len(api.service._fragments._parts)


async def test_the_second_answer_is_the_first_without_its_statements(keeping, world):
    first = await ask(keeping, world, "student")
    assert (len(keeping.statements), kept(keeping), keeping.cost["actual"]) == (3, 1, 11)
    again = await ask(keeping, world, "student")
    assert (len(keeping.statements), kept(keeping), keeping.cost["actual"]) == (1, 1, 11)
    assert again == first


@pytest.mark.parametrize("name", PEOPLE)
async def test_the_same_answers_as_without(api, keeping, world, name):
    """Every example and the syllabus, three times, in the order of the people before: each sees their own."""
    documents = [SYLLABUS, *(example.query for example in EXAMPLES)]
    for document in documents:
        for person in (*PEOPLE, name):
            variables = {"id": gid("Course", world.alpha["course"])}
            user = world.people[person] if person else None
            expected = await api(document, variables, user=user)
            for _ in range(2):
                assert orjson.dumps(await keeping(document, variables, user=user)) == orjson.dumps(expected)
    assert kept(keeping) >= 3


async def test_who_may_see_more_is_kept_apart(keeping, world):
    document = "query ($id: ID!) { course(id: $id) { modules { title isPublished children { title isPublished } } } }"
    staff = await ask(keeping, world, "admin", document)
    student = await ask(keeping, world, "student", document)
    nobody = await ask(keeping, world, None, document)
    assert "false" in orjson.dumps(staff).decode()
    assert student == nobody
    assert "false" not in orjson.dumps(student).decode()
    assert (kept(keeping), await ask(keeping, world, "admin", document)) == (3, staff)


async def test_what_follows_from_ones_reach_is_not_kept(database, keeping, world):
    """A course goes to another department: nothing of it changes but who looks after it."""
    document = "query ($id: ID!) { course(id: $id) { modules { title isPublished children { title isPublished } } } }"
    course, moved = world.alpha["course"], "UPDATE courses SET department_id = $2 WHERE id = $1"
    all_of_it = await ask(keeping, world, "ta", document)
    student = await ask(keeping, world, "student", document)
    assert "false" in orjson.dumps(all_of_it).decode()
    driver = await connect(database.owner)
    try:
        for department, before, after in (("far_department", all_of_it, student), ("department", student, all_of_it)):
            assert await ask(keeping, world, "department_admin", document) == before
            await driver.execute(moved, course["id"], world.alpha[department]["id"])
            assert await ask(keeping, world, "department_admin", document) == after
    finally:
        await driver.execute(moved, course["id"], world.alpha["department"]["id"])
        await driver.close()
    assert kept(keeping) == 1


async def test_a_course_that_is_hidden_hides_what_is_kept(database, keeping, world):
    assert (await ask(keeping, world, "student"))["data"]["course"]["modules"]
    driver = await connect(database.owner)
    try:
        await driver.execute("UPDATE courses SET is_published = false WHERE id = $1", world.alpha["course"]["id"])
        assert await ask(keeping, world, "student") == {"data": {"course": None}}
        assert (await ask(keeping, world, "ta"))["data"]["course"]["modules"]
    finally:
        await driver.execute("UPDATE courses SET is_published = true WHERE id = $1", world.alpha["course"]["id"])
        await driver.close()


async def test_a_change_shows_at_once_and_in_every_process(database, world):
    """A service changes an item and renews the version in one transaction; two processes have the old one kept."""
    owner = create_engine(database.owner)
    item, course = world.alpha["video"], world.alpha["course"]
    update = text("UPDATE content_items SET title = :title WHERE id = :id")

    def title(answer):
        lesson = answer["data"]["course"]["modules"][0]["children"][0]["children"][0]
        return lesson["contentItems"][0]["title"]

    async with (
        running_api(database.app, syllabus_cache_mib=16) as one,
        running_api(database.app, syllabus_cache_mib=16) as two,
    ):
        for api in (one, two):
            assert title(await ask(api, world, "student")) == "A video"
        try:
            for changed in ("Changed", "A video"):
                async with owner.begin() as connection:
                    await connection.execute(update, {"title": changed, "id": item["id"]})
                    await renew_version(connection, course["university_id"], course["id"])
                    before = "A video" if changed == "Changed" else "Changed"
                    assert title(await ask(one, world, "student")) == before  # not committed
                for api in (one, two):
                    assert title(await ask(api, world, "student")) == changed
        finally:
            await owner.dispose()


async def test_whoever_began_before_a_change_sees_none_of_it(database, keeping, world):
    """Requests all the while, and changes: each answer is of one version, whole."""
    course, owner = world.alpha["course"], create_engine(database.owner)
    modules = [world.alpha["unit"], world.alpha["lesson"]]
    document = "query ($id: ID!) { course(id: $id) { modules { children { title children { title } } } } }"
    update, seen = text("UPDATE modules SET title = :title WHERE id = :id"), set()

    async def read():
        for _ in range(30):
            unit = (await ask(keeping, world, "student", document))["data"]["course"]["modules"][0]["children"][0]
            seen.add((unit["title"], unit["children"][0]["title"]))

    async def write():
        for number in range(20):
            async with owner.begin() as connection:
                for module, name in zip(modules, ("Unit 1", "Lesson 1"), strict=True):
                    title = name if number == 19 else f"{name} {number}"
                    await connection.execute(update, {"title": title, "id": module["id"]})
                    await asyncio.sleep(0.002)
                await renew_version(connection, course["university_id"], course["id"])

    await asyncio.gather(write(), *(read() for _ in range(4)))
    await owner.dispose()
    assert len(seen) > 3
    for unit, lesson in seen:
        assert unit.removeprefix("Unit 1") == lesson.removeprefix("Lesson 1")


IMPURE = [
    "modules { title course { title } }",
    "modules { title template { title } }",
    "modules { children { viewerProgress(offering: $id) { status } } }",
    "modules { contentItems { ... on VideoContent { asset { url } } } }",
    "modules { contentItems { ... on VideoContent { transcript { language } } } }",
    "modules { contentItems { ... on ContentItem { module { title } } } }",
    "subjects { code }",
    "title",
]
PURE = [
    "modules { __typename id databaseId title createdAt parent { title } children { contentItems { __typename } } }",
    "modules { totals { itemCount } contentItems { ... on ContentItem { next { ... on TextContent { heading } } } } }",
    "syllabus(maxDepth: 3) { totals { itemsByKind { kind } } modules { path module { title } } }",
    "modules { contentItems { ... on EngineeringLabContent { files { path } staffDetails { env { name } } } } }",
    "modules { contentItems { ... on TextContent { heading blocks { ... on LinkListBlock { links { url } } } } } }",
]


def signatures(selection):
    document = parse(f"query ($id: ID!) {{ course(id: $id) {{ {selection} }} }}")
    operation = operation_of(SCHEMA.graphql, document, None)
    course = operation.plan(operation.variables({"id": "x"})).root.fields[0].selection("Course")
    return [field.signature for field in course.fields]


@pytest.mark.parametrize("selection", IMPURE)
def test_what_may_change_without_the_version_is_not_kept(selection):
    assert signatures(selection) == [None]


@pytest.mark.parametrize("selection", PURE)
def test_what_follows_from_the_version_is_kept(selection):
    (signature,) = signatures(selection)
    assert len(signature) == 16  # without the arguments, see test_syllabus_flat
    assert signatures(f"other: {selection} title") == [signature, None]
    assert signatures(selection.replace("{ ", "{ again: __typename ", 1))[0] != signature


@pytest.mark.parametrize("loader", [SyllabusByCourse, OutlineByCourse, NeighboursByItem, ItemsOfCourse, ItemsByModule])
@pytest.mark.parametrize("standing", Standing)
async def test_loaders_of_what_is_kept_do_not_ask_who_the_viewer_is(loader, standing):
    """Only how they stand, which is part of the key."""
    context = Context(Viewer(1, 1, frozenset(), standing), None, Cursors(b"x"))  # type: ignore[arg-type]
    assert "user_id" not in loader(context).statement()._names


async def test_failures_are_not_kept(keeping, world, monkeypatch):
    """Neither those of the kept part itself, nor a part that was built beside one."""

    def unreadable(_kind, data, *, item_id):
        raise ValueError(data)

    whole = await ask(keeping, world, "student")
    again = SYLLABUS.replace("title code", "title again: code")  # another document, of which nothing is kept
    keeping.service._fragments._parts.clear()
    with monkeypatch.context() as broken:
        broken.setattr(loaders, "payloads", SimpleNamespace(decode=unreadable))
        for document in (SYLLABUS, again):
            answer = await ask(keeping, world, "student", document)
            assert {error["extensions"]["code"] for error in answer["errors"]} == {"INTERNAL_ERROR"}
            assert kept(keeping) == 0
    assert await ask(keeping, world, "student") == whole
    assert kept(keeping) == 1


def test_fragments_are_bounded():
    fragments = Fragments(8_000)
    assert orjson.dumps(fragments.keep("large", b'"' + b"a" * 700 + b'"', 1)) == b'"' + b"a" * 700 + b'"'
    assert (fragments.get("large"), fragments.bytes) == (None, 0)  # more than an eighth
    for number in range(100):
        fragments.keep(number, b"[]", number)
        fragments.get(0)
        assert fragments.bytes == 402 * len(fragments._parts) <= 8_000
    assert fragments.get(0).objects == 0
    assert fragments.get(1) is None
    fragments.keep(0, b"[]", 5)
    assert fragments.bytes == 402 * len(fragments._parts)


# ---- ETags from versions ----


def by_get(api, world, name="student", document=SYLLABUS, university="ALPHA", **headers):
    person = api.headers(world.people[name] if name else None)
    variables = orjson.dumps({"id": gid("Course", world.alpha["course"])}).decode()
    parameters = {"query": document, "variables": variables}
    return api.client.get(f"/u/{university}/graphql", params=parameters, headers={**person, **headers})


@pytest.mark.parametrize("mib", [0, 16])
async def test_a_client_that_has_the_version_costs_one_statement(database, world, mib):
    async with running_api(database.app, syllabus_cache_mib=mib) as api:
        first = await by_get(api, world)
        tag = first.headers["etag"]
        api.recorder.statements.clear()
        again = await by_get(api, world, **{"If-None-Match": f'"other", {tag}'})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert len(api.statements) == 1
        assert (await by_get(api, world)).headers["etag"] == tag
        posted = await ask(api, world, "student")
        assert orjson.loads(first.content) == posted
        changed = await by_get(api, world, **{"If-None-Match": '"other"'})
        assert (changed.status_code, changed.content) == (200, first.content)


async def test_another_answer_has_another_tag(database, keeping, world):
    """By what is selected, who asks, how it is encoded, what the course says, and its version."""
    owner, course = create_engine(database.owner), world.alpha["course"]
    tag = (await by_get(keeping, world)).headers["etag"]
    others = {
        "selection": by_get(keeping, world, document=SYLLABUS.replace("code level", "code")),
        "alias": by_get(keeping, world, document=SYLLABUS.replace("modules {", "tree: modules {")),
        "below": by_get(keeping, world, document=SYLLABUS.replace("latex", "tex: latex")),
        "standing": by_get(keeping, world, "ta"),
        "nobody": by_get(keeping, world, None),
        "encoding": by_get(keeping, world, **{"Accept-Encoding": "gzip"}),
        "identity": by_get(keeping, world, **{"Accept-Encoding": "identity"}),
    }
    found = {name: (await other).headers["etag"] for name, other in others.items()}
    assert len({tag, *found.values()}) == len(found) + 1
    try:
        for change in (
            text("UPDATE courses SET title = 'Another title' WHERE id = :id"),
            text("UPDATE courses SET content_version = gen_random_uuid() WHERE id = :id"),
        ):
            async with owner.begin() as connection:
                await connection.execute(change, {"id": course["id"]})
            response = await by_get(keeping, world, **{"If-None-Match": tag})
            assert response.status_code == 200
            assert response.headers["etag"] not in {tag, *found.values()}
            tag = response.headers["etag"]
    finally:
        async with owner.begin() as connection:
            undo = text("UPDATE courses SET title = :title WHERE id = :id")
            await connection.execute(undo, {"title": course["title"], "id": course["id"]})
        await owner.dispose()


async def test_other_code_has_other_tags(keeping, world):
    tag = (await by_get(keeping, world)).headers["etag"]
    keeping.service.deployment = b"another"
    assert (await by_get(keeping, world)).headers["etag"] != tag


async def test_an_answer_with_errors_has_the_tag_of_its_bytes(keeping, world):
    """Its tag can't be told before it is built."""
    document = SYLLABUS.replace("course(id", 'nodes(ids: ["x"]) { id } wrong: courses { edges { cursor } } course(id')
    first, again = await by_get(keeping, world, document=document), await by_get(keeping, world, document=document)
    assert first.json()["errors"]
    assert again.status_code == 200
    assert again.headers["etag"] != first.headers["etag"]  # the bytes differ by the request's id
    assert len(keeping.service._fragments._parts) == 0


async def test_what_is_told_by_a_tag_is_paid_for_once(keeping, world, monkeypatch):
    tag, paid, used = (await by_get(keeping, world)).headers["etag"], [], Charge.used
    monkeypatch.setattr(Charge, "used", lambda charge, actual: paid.append(used(charge, actual)["actual"]))
    assert (await by_get(keeping, world, **{"If-None-Match": tag})).status_code == 304
    assert paid == [2]
