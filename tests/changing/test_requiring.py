"""P25, prerequisites: no course asks for itself by way of others, whoever writes at the same time."""

import asyncio

import pytest

from lms_graphql.storage.database import connect
from tests.changing.cataloging import Catalog

LOOPS = """
WITH RECURSIVE way(first, last) AS (
    SELECT course_id, prerequisite_course_id FROM course_prerequisites
    UNION SELECT w.first, p.prerequisite_course_id FROM way w JOIN course_prerequisites p ON p.course_id = w.last
) SELECT count(*) FROM way WHERE first = last
"""


@pytest.fixture(scope="module")
async def campus(api, owner, world, written):
    made = Catalog(api, owner, world)
    made.database_url = written.owner
    return made


async def courses(campus, prefix, count):
    rows = await campus.owner.fetch(
        "INSERT INTO courses (university_id, title, code) SELECT $1, 'x', $2 || n FROM generate_series(1, $3) n"
        " RETURNING id",
        campus.tenant["university_id"],
        prefix,
        count,
    )
    return [campus.id("Course", row["id"]) for row in rows]


def asking(course, asked, **more):
    return ("addPrerequisite", "admin", {"courseId": course, "prerequisiteId": asked, **more})


def outcomes(payloads):
    return sorted([error["code"] for error in payload["errors"]] for payload in payloads)


async def test_of_fifty_opposite_pairs_at_once_one_of_each_is_made(campus):
    made = await courses(campus, "PAIR", 100)
    pairs = list(zip(made[::2], made[1::2], strict=True))
    kinds = ["STRICT", "RECOMMENDED", "CO_REQUISITE"]
    requests = [
        asking(*way, type=kinds[number % 3])
        for number, (one, other) in enumerate(pairs)
        for way in ((one, other), (other, one))
    ]
    payloads = await campus.at_once(requests)
    for first, second in zip(payloads[::2], payloads[1::2], strict=True):
        assert outcomes([first, second]) == [[], ["INVALID"]]
    assert await campus.owner.fetchval(LOOPS) == 0


async def test_of_a_ring_of_five_at_once_one_link_is_missing(campus):
    for number in range(5):
        ring = await courses(campus, f"RING{number}-", 5)
        requests = [asking(course, ring[(place + 1) % 5]) for place, course in enumerate(ring)]
        assert outcomes(await campus.at_once(requests)) == [[], [], [], [], ["INVALID"]]
    assert await campus.owner.fetchval(LOOPS) == 0


async def test_who_adds_waits_for_who_has_not_committed_yet(campus):
    """The other writer is the service that importers use: it has the same lock."""
    one, other = await courses(campus, "TURN", 2)
    numbers = await campus.owner.fetch("SELECT id FROM courses WHERE code LIKE 'TURN%' ORDER BY id")
    first, second = (row["id"] for row in numbers)
    driver = await connect(campus.database_url)
    alpha = campus.tenant["university_id"]
    async with driver.transaction():
        await driver.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('prerequisites ' || $1::bigint::text, 0))", alpha
        )
        await driver.execute(
            "INSERT INTO course_prerequisites (university_id, course_id, prerequisite_course_id) VALUES ($1, $2, $3)",
            *(alpha, first, second),
        )
        waiting = asyncio.create_task(campus.act("addPrerequisite", "admin", **asking(other, one)[2]))
        await asyncio.sleep(0.3)
        assert not waiting.done()
    assert outcomes([await waiting]) == [["INVALID"]]
    await driver.close()


async def test_co_requisites_count_like_the_others_and_a_refusal_leaves_nothing(campus):
    one, other, third = await courses(campus, "CO", 3)
    await campus.done("addPrerequisite", courseId=one, prerequisiteId=other, type="CO_REQUISITE")
    await campus.done("addPrerequisite", courseId=other, prerequisiteId=third)
    for course in (other, third):
        given = {"courseId": course, "prerequisiteId": one, "type": "CO_REQUISITE"}
        assert await campus.refused("addPrerequisite", **given) == ("INVALID", ["input", "prerequisiteId"])
    given = {"courseId": one, "prerequisiteId": one}
    assert await campus.refused("addPrerequisite", **given) == ("INVALID", ["input", "prerequisiteId"])
    given = {"courseId": one, "prerequisiteId": other}
    assert await campus.refused("addPrerequisite", **given) == ("TAKEN", ["input", "prerequisiteId"])


async def test_what_is_asked_for_is_added_changed_and_removed(campus):
    department = campus.world.alpha["department"]["id"]
    course = await campus.rows.add("courses", **campus.tenant, code="ASK", title="x", department_id=department)
    hidden = (await courses(campus, "HID", 1))[0]
    where = {"courseId": campus.id("Course", course["id"]), "prerequisiteId": campus.made("Course", "course")}
    nobody = {"student": "FORBIDDEN", "bystander": "FORBIDDEN", "beta_admin": "FORBIDDEN", "outsider": "FORBIDDEN",
              "instructor": "NOT_FOUND", "far_admin": "NOT_FOUND"}  # fmt: skip
    await campus.who_may("addPrerequisite", nobody, **where)
    found = await campus.refused("addPrerequisite", "department_admin", **{**where, "prerequisiteId": hidden})
    assert found == ("NOT_FOUND", ["input", "prerequisiteId"])
    last = await campus.last_audit()
    payload = await campus.done("addPrerequisite", "department_admin", **where, expectedVersion=1)
    asked = {"type": "STRICT", "version": 1, "course": {"code": "P101"}}
    assert payload["course"]["prerequisites"] == [asked]
    await campus.who_may("updatePrerequisite", nobody, **where, type="RECOMMENDED")
    await campus.who_may("removePrerequisite", nobody, **where)
    payload = await campus.done("updatePrerequisite", **where, type="RECOMMENDED", expectedVersion=1)
    assert payload["course"]["prerequisites"] == [{**asked, "type": "RECOMMENDED", "version": 2}]
    assert await campus.done("updatePrerequisite", **where, type="RECOMMENDED") == payload
    for name, more in (("updatePrerequisite", {"type": "STRICT"}), ("removePrerequisite", {})):
        found = await campus.refused(name, **where, **more, expectedVersion=1)
        assert found == ("CONFLICT", ["input", "expectedVersion"])
        found = await campus.refused(name, **{**where, "prerequisiteId": hidden}, **more)
        assert found == ("NOT_FOUND", ["input", "prerequisiteId"])
    payload = await campus.done("removePrerequisite", **where, expectedVersion=2)
    assert payload["course"]["prerequisites"] == []
    entries = await campus.audited(last)
    whole = {"courseId": course["id"], "prerequisiteCourseId": campus.world.alpha["course"]["id"]}
    assert [(act, old, new) for act, _, old, new, _ in entries] == [
        ("prerequisite.add", None, {**whole, "prerequisiteType": "strict"}),
        ("prerequisite.update", {"prerequisiteType": "strict"}, {"prerequisiteType": "recommended"}),
        ("prerequisite.remove", {**whole, "prerequisiteType": "recommended"}, None),
    ]
    assert len({number for _, number, _, _, _ in entries}) == 1
