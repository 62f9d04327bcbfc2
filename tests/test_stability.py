"""Cursors and ids that were tampered with, and pages that are turned while others write."""

import asyncio
import base64
import random

import pytest

from lms_graphql.engine.relay import GlobalId
from lms_graphql.storage.database import connect
from tests.conftest import running_api
from tests.databases import temporary_database
from tests.world import Rows, build_world

TAMPERED = 2000
STANDING = 1000


def tampered(chance, text):
    """The text with one thing changed: a bit, a byte, its length, its order, or all of it."""
    data = bytearray(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    place = chance.randrange(len(data))
    match chance.randrange(8):
        case 0:
            data[place] ^= 1 << chance.randrange(8)
        case 1:
            del data[place]
        case 2:
            data.insert(place, chance.randrange(256))
        case 3:
            data = data[:place]
        case 4:
            data = bytearray(chance.randbytes(chance.randrange(40)))
        case 5:
            data[-1] = (data[-1] + chance.randrange(1, 5)) % 256
        case 6:
            return text[:place] + chance.choice("!~\n =.") + text[place:]
        case 7:
            return text[:place] + chance.choice("é \n\0+/=-_Ω") + text[place + 1 :]
    return base64.urlsafe_b64encode(bytes(data)).decode().rstrip("=")


LISTS = [
    ("courses", "", "code"),
    ("courses", "orderBy: {title: DESC}", "code"),
    ("courses", "orderBy: {enrollments: ASC}", "code"),
    ("offerings", "orderBy: {startsAt: ASC}", "termName"),
    ("universities", "", "shortCode"),
    ("subjects", "", "code"),
]


async def test_2000_cursors_that_were_tampered_with_are_refused(api, world):
    """With the coded error, for whatever list, order and direction; not one row and not one statement."""
    chance = random.Random(1)  # noqa: S311 - repeatable, not secret
    user, cursors = world.people["admin"], []
    for field, order, shown in LISTS:
        arguments = f"first: 5{', ' + order if order else ''}"
        data = await api.data(f"{{ {field}({arguments}) {{ edges {{ cursor node {{ {shown} }} }} }} }}", user=user)
        cursors += [(field, order, edge["cursor"]) for edge in data[field]["edges"]]
    assert len(cursors) > 8
    valid = {(field, order): {c for f, o, c in cursors if (f, o) == (field, order)} for field, order, _ in cursors}
    refused = 0
    for _ in range(TAMPERED):
        field, order, cursor = chance.choice(cursors)
        given = tampered(chance, cursor) if chance.random() < 0.9 else chance.choice(cursors)[2]
        if given in valid[field, order]:
            continue
        end = chance.choice(["first: 1, after", "last: 1, before"])
        answer = await api(
            f"query ($c: String) {{ {field}({end}: $c{', ' + order if order else ''}) {{ edges {{ cursor }} }} }}",
            {"c": given}, user=user,
        )  # fmt: skip
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_CURSOR"], given
        assert answer["data"] is None
        assert api.statements == []
        refused += 1
    assert refused > TAMPERED * 0.9


async def test_2000_ids_that_were_tampered_with_lead_nowhere_else(api, world):
    """Null, as for what is missing; or, where by chance they spell another id, what the viewer may see by that."""
    chance = random.Random(2)  # noqa: S311 - repeatable, not secret
    alpha, user = world.alpha, world.people["student"]
    university = alpha.university["id"]
    ids = [
        str(GlobalId(typename, alpha[name]["id"], university))
        for typename, name in (("Course", "course"), ("Course", "draft"), ("CourseOffering", "private"),
                               ("Module", "hidden"), ("Enrollment", "enrollment_1"), ("CourseGrade", "grade_1"))
    ]  # fmt: skip
    document = """query ($id: ID!) { node(id: $id) { __typename id } courses(first: 9, filter: {department: $id}) {
      edges { node { code department { id } } } } }"""
    leads = 0
    for _ in range(TAMPERED):
        given = tampered(chance, chance.choice(ids))
        answer = await api(document, {"id": given}, user=user)
        if "\0" in given:
            assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
            continue
        assert "errors" not in answer, (given, answer)
        node = answer["data"]["node"]
        if node is not None:  # by itself, and seen by this person as by its own spelling
            assert node["id"] == given
            leads += 1
        for edge in answer["data"]["courses"]["edges"]:
            assert edge["node"]["department"]["id"] == given
    assert leads < TAMPERED / 10
    for given in ids[1:]:  # what they were made from: hidden from this person but for the course and the own offering
        seen = (await api.data("query ($id: ID!) { node(id: $id) { id } }", {"id": given}, user=user))["node"]
        assert (seen is not None) == (given == ids[2])


# ---- pages while another client writes ----


PAGES = """query ($first: Int, $last: Int, $after: String, $before: String, $order: CourseOrder) {
  courses(first: $first, last: $last, after: $after, before: $before, orderBy: $order, filter: {language: ["xx"]}) {
    pageInfo { startCursor endCursor hasNextPage hasPreviousPage } edges { node { databaseId } } } }"""


@pytest.fixture(scope="module")
async def busy(superuser):
    """A university with 1,000 courses that stand still; the API over it, and a connection of another client."""
    async with temporary_database(superuser) as database:
        driver = await connect(database.owner)
        world = await build_world(driver)
        rows = Rows(driver)
        await driver.execute(
            """
            INSERT INTO courses (university_id, code, title, language_code, is_published, created_at)
            SELECT $1, 'S' || n, 'Title ' || n % 97, 'xx', true, '2026-01-01Z'::timestamptz + n % 50 * interval '1 day'
            FROM generate_series(1, $2::int) n
            """,
            world.alpha.university["id"], STANDING,
        )  # fmt: skip
        async with running_api(database.app) as api:
            yield api, rows, world.alpha.university["id"]
        await driver.close()


async def write(rows, university, chance, done, turn):
    """Insert and delete courses all over the order, until told to stop; how many. Each is told by the semaphore."""
    made, written = [], 0
    while not done.is_set():
        if made and chance.random() < 0.45:
            await rows.driver.execute("DELETE FROM courses WHERE id = $1", made.pop(chance.randrange(len(made))))
        else:
            row = await rows.add(
                "courses", university_id=university, code=f"W{written}", title=f"Title {chance.randrange(97)}",
                language_code="xx", is_published=True,
            )  # fmt: skip
            made.append(row["id"])
            day = chance.randrange(50)
            await rows.driver.execute(
                "UPDATE courses SET created_at = '2026-01-01Z'::timestamptz + $2 * interval '1 day' WHERE id = $1",
                row["id"], day,
            )  # fmt: skip
        written += 1
        turn.release()
        await asyncio.sleep(0)
    await rows.driver.execute("DELETE FROM courses WHERE code LIKE 'W%'")
    return written


@pytest.mark.parametrize("backward", [False, True], ids=["forward", "backward"])
@pytest.mark.parametrize("order", [None, {"title": "ASC"}, {"createdAt": "DESC"}], ids=["id", "title", "created"])
async def test_rows_that_stand_still_are_seen_once_while_others_come_and_go(busy, order, backward):
    api, rows, university = busy
    chance, done, turn = random.Random(3), asyncio.Event(), asyncio.Semaphore(0)  # noqa: S311 - repeatable, not secret
    standing = {str(row[0]) for row in await rows.driver.fetch("SELECT id FROM courses WHERE code LIKE 'S%'")}
    assert len(standing) == STANDING
    writer = asyncio.create_task(write(rows, university, chance, done, turn))
    seen, variables, pages = [], {"last" if backward else "first": 20, "order": order}, 0
    while True:
        await asyncio.wait_for(turn.acquire(), 60)  # the other client writes at least once for each page
        page = (await api.data(PAGES, variables))["courses"]
        pages += 1
        seen += [edge["node"]["databaseId"] for edge in page["edges"]]
        info = page["pageInfo"]
        if not info["hasPreviousPage" if backward else "hasNextPage"]:
            break
        if backward:
            variables |= {"before": info["startCursor"]}
        else:
            variables |= {"after": info["endCursor"]}
    done.set()
    written = await writer
    still = [number for number in seen if number in standing]
    assert (len(still), set(still)) == (STANDING, standing)
    assert len(seen) == len(set(seen))
    assert pages >= STANDING / 20
    assert written >= pages  # the other client was not asleep
