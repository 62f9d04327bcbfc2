"""`progress rebuild`: what events have added up to is what it works out, and what differs is found and mended."""

import os
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.changing.test_recording import EVENTS, build, expected
from tests.commands import called, refused


class Rebuilding:
    """The command, on the database of this file, for the offering of `school`."""

    def __init__(self, written, school):
        self.school = school
        self.environment = {"LMS_DATABASE_URL": written.app.render_as_string(hide_password=False)}
        self.only = ("--offering", str(school.offering["id"]))

    async def __call__(self, *arguments):
        return await called("progress", "rebuild", *self.only, *arguments, **self.environment)

    async def said(self, *arguments):
        done = await self(*arguments)
        assert done.stderr == ""
        return done.returncode, done.stdout.splitlines()


@pytest.fixture(scope="module")
async def built(api, owner, world):
    return await build(api, owner, world)


@pytest.fixture
async def school(built):
    await built.forget()
    return built


@pytest.fixture
def rebuild(written, school):
    return Rebuilding(written, school)


CLEAN = (0, ["1 offerings checked, 0 rows of progress on modules differed"])


@settings(max_examples=30 if os.environ.get("LMS_THOROUGH") else 3, suppress_health_check=list(HealthCheck))
@given(
    mine=st.lists(EVENTS, min_size=1, max_size=20),
    theirs=st.lists(EVENTS, max_size=20),
    size=st.integers(1, 7),
)
async def test_it_equals_what_any_events_have_added_up_to(written, built, mine, theirs, size):
    rebuild = Rebuilding(written, built)
    await built.forget()
    for user, events in (("student", mine), ("other", theirs)):
        for begin in range(0, len(events), size):
            await built.send(
                *(built.event(name, at, *said) for name, at, said in events[begin : begin + size]), user=user
            )
    if await built.owner.fetchval("SELECT count(*) FROM user_content_progress WHERE course_offering_id = $1",
                                  built.offering["id"]):  # fmt: skip
        assert await rebuild.said("--check") == CLEAN
    rolled = await built.rolled(), await built.rolled("other")
    assert rolled == (expected(mine)[1], expected(theirs)[1])
    await built.owner.execute("DELETE FROM user_module_progress WHERE course_offering_id = $1", built.offering["id"])
    await rebuild()
    assert (await built.rolled(), await built.rolled("other")) == rolled


async def test_damage_is_found_and_mended(school, rebuild):
    for user in ("student", "other"):
        events = [school.event(name, 1) for name in "abd"]
        await school.send(*events, user=user)
    before = await school.rolled(), await school.rolled("other")
    kept = await school.known()
    assert await rebuild.said("--check") == CLEAN
    here = " WHERE course_offering_id = $1 AND user_id = $2 AND module_id = $3"
    lesson, unit, root, lone = (school.modules[name]["id"] for name in ("lesson", "unit", "root", "lone"))
    offering, student, other = school.offering["id"], school.student, school.other
    damage = {
        "DELETE FROM user_module_progress": (student, lesson),
        "UPDATE user_module_progress SET progress_percent = 12": (student, unit),
        "UPDATE user_module_progress SET completed_at = now()": (student, root),
        "UPDATE user_module_progress SET started_at = NULL": (other, root),
    }
    for statement, (person, module) in damage.items():
        assert await school.owner.execute(statement + here, offering, person, module) == f"{statement.split()[0]} 1"
    surplus = {"course_offering_id": offering, "university_id": school.offering["university_id"]}
    surplus |= {"course_id": school.offering["course_id"], "user_id": other}
    await school.rows.add("user_module_progress", **surplus, module_id=lone, progress_percent=Decimal(40))
    found = [
        f"offering {offering}: 1 missing, 1 surplus, 3 wrong",
        "1 offerings checked, 5 rows of progress on modules differed",
    ]
    damaged = await school.rolled()
    assert await rebuild.said("--check") == (1, found)
    assert await school.rolled() == damaged != before[0]
    assert await rebuild.said() == (0, [found[0], found[1].replace("checked", "rebuilt")])
    assert (await school.rolled(), await school.rolled("other")) == before
    assert await school.known() == kept
    assert await rebuild.said("--check") == CLEAN


async def test_added_and_hidden_content_counts_after_it(school, rebuild):
    await school.send(*(school.event(name, 2, "COMPLETED") for name in "de"))
    assert (await school.rolled())["other"] == (Decimal(100), 2, 2)
    added = await school.rows.item(school.modules["other"], "text", sequence_index=70)
    assert await rebuild.said("--check") == (
        1,
        [
            f"offering {school.offering['id']}: 0 missing, 0 surplus, 3 wrong",
            "1 offerings checked, 3 rows of progress on modules differed",
        ],
    )
    await rebuild()
    rolled = await school.rolled()
    assert (rolled["other"], rolled["root"][0]) == ((Decimal("66.67"), 2, None), Decimal("28.57"))
    await school.owner.execute("UPDATE content_items SET is_active = false WHERE id = $1", added["id"])
    await school.send(school.event("a", 3))  # the next that a person begins or completes does as well
    rolled = await school.rolled()
    assert (rolled["other"], rolled["root"][0]) == ((Decimal(100), 2, 2), Decimal("50.00"))
    assert await rebuild.said("--check") == CLEAN


async def test_what_an_import_said_of_modules_without_items_stays(school, rebuild):
    course = {"id": school.offering["course_id"], "university_id": school.offering["university_id"]}
    bare = await school.rows.module(course, school.modules["root"], sequence_index=40)
    row = {"course_offering_id": school.offering["id"], "university_id": school.offering["university_id"]}
    row |= {"course_id": school.offering["course_id"], "user_id": school.student, "module_id": bare["id"]}
    await school.rows.add("user_module_progress", **row, progress_percent=80)
    await school.send(school.event("a", 1))
    assert await rebuild.said("--check") == CLEAN
    await rebuild()
    kept = await school.owner.fetchval(
        "SELECT progress_percent FROM user_module_progress WHERE module_id = $1", bare["id"]
    )
    assert kept == 80
    await school.owner.execute("DELETE FROM user_module_progress WHERE module_id = $1", bare["id"])


async def test_what_an_import_wrote_stays_where_nothing_was_begun(school, rebuild):
    row = {"course_offering_id": school.offering["id"], "university_id": school.offering["university_id"]}
    row |= {"course_id": school.offering["course_id"], "user_id": school.student}
    kept = await school.rows.add(
        "user_module_progress", **row, module_id=school.modules["lone"]["id"], progress_percent=80
    )
    await school.rows.add(
        "external_keys", university_id=row["university_id"], system="academy", entity="module_progress",
        external_id="1:1", entity_id=kept["id"],
    )  # fmt: skip
    assert await rebuild.said("--check") == CLEAN
    await school.send(school.event("a", 1))
    await rebuild()
    assert (await school.rolled())["lone"] == (Decimal(80), None, None)
    await school.send(school.event("f", 1))  # what our own items say counts before it
    assert (await school.rolled())["lone"] == (Decimal(0), 1, None)
    assert await rebuild.said("--check") == CLEAN
    await school.owner.execute("DELETE FROM external_keys WHERE entity = 'module_progress'")


async def test_an_event_removes_nothing_that_was_there_before_the_items(school, rebuild):
    """A module of which only an import knows: its own items are not begun, those beside it are."""
    row = {"course_offering_id": school.offering["id"], "university_id": school.offering["university_id"]}
    row |= {"course_id": school.offering["course_id"], "user_id": school.student}
    await school.rows.add("user_module_progress", **row, module_id=school.modules["lone"]["id"], progress_percent=80)
    await school.send(school.event("a", 1))
    assert (await school.rolled())["lone"] == (Decimal(80), None, None)
    await rebuild()
    assert "lone" not in await school.rolled()


async def test_of_all_universities(written, school, owner):
    """The world's own rows are no roll-up of anything: they are mended once."""
    environment = {"LMS_DATABASE_URL": written.app.render_as_string(hide_password=False)}
    first = await called("progress", "rebuild", **environment)
    assert (first.returncode, first.stderr) == (0, "")
    (again,) = (await called("progress", "rebuild", "--check", **environment)).stdout.splitlines()
    offerings = await owner.fetchval(
        "SELECT count(*) FROM course_offerings o WHERE EXISTS (SELECT FROM user_content_progress p"
        " WHERE (p.university_id, p.course_offering_id) = (o.university_id, o.id))"
    )
    assert again == f"{offerings} offerings checked, 0 rows of progress on modules differed"
    assert offerings == 2


async def test_what_is_not_there_is_told_in_one_line(written):
    environment = {"LMS_DATABASE_URL": written.app.render_as_string(hide_password=False)}
    refused(await called("progress", "rebuild", "--offering", "999999", **environment), "there is no offering 999999")
