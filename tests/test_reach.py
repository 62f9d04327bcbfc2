"""Who stands how in a university, and what they reach: from the database, for every request anew."""

import asyncpg
import pytest

from lms_graphql.engine.context import Context, Reach, Standing, Teaching, Viewer
from lms_graphql.engine.relay import Cursors
from lms_graphql.storage.database import connect
from lms_graphql.storage.snapshot import Snapshot
from lms_graphql.tenancy.service import Identities
from tests.world import Rows


@pytest.fixture
async def driver(database, world):
    """A connection as the owner; what a test writes it also takes back."""
    made = await connect(database.owner)
    yield made
    await made.close()


async def identified(engine, user, university="ALPHA", identities=None):
    """The viewer, and how many statements that took."""
    async with Snapshot(engine) as snapshot:
        viewer = await (identities or Identities()).identify(snapshot, user, university)
        return viewer, snapshot.statements


def taught(world, offering, role, section=None):
    alpha = world.alpha
    return Teaching(
        alpha[offering]["id"], alpha[offering]["course_id"], role, alpha[section]["id"] if section else None
    )


def expected(world):
    """Standing and reach by name."""
    alpha = world.alpha
    return {
        "outsider": (Standing.ANONYMOUS, Reach()),
        "beta_admin": (Standing.ANONYMOUS, Reach()),
        "platform_admin": (Standing.ANONYMOUS, Reach()),
        "student": (Standing.MEMBER, Reach()),
        "bystander": (Standing.MEMBER, Reach()),
        "ta": (Standing.STAFF, Reach((), (taught(world, "private", "ta"),))),
        "section_ta": (Standing.STAFF, Reach((), (taught(world, "private", "ta", "section"),))),
        "instructor": (
            Standing.STAFF,
            Reach((), (taught(world, "public", "instructor"), taught(world, "private", "instructor"))),
        ),
        "far_instructor": (Standing.STAFF, Reach((), (taught(world, "far_offering", "instructor"),))),
        "department_admin": (Standing.STAFF, Reach((alpha["department"]["id"],))),
        "far_admin": (Standing.STAFF, Reach((alpha["far_department"]["id"],))),
        "admin": (Standing.ADMIN, Reach()),
    }


async def test_everybody_stands_as_they_should(app_engine, world):
    known = Identities()
    await identified(app_engine, None, identities=known)
    for name, (standing, reach) in expected(world).items():
        viewer, statements = await identified(app_engine, world.people[name], identities=known)
        assert (viewer.standing, viewer.reach, statements) == (standing, reach, 1), name
        assert viewer.is_platform_admin == (name == "platform_admin")
        assert viewer.university_id == world.alpha.university["id"]


async def test_the_first_request_of_a_process_has_the_whole_reach_too(app_engine, world):
    """What somebody teaches shows only in a transaction that acts in its university."""
    viewer, statements = await identified(app_engine, world.people["ta"])
    assert (viewer.standing, viewer.reach, statements) == (*expected(world)["ta"], 2)


async def test_who_names_no_university_has_the_whole_reach_of_the_only_one(app_engine, world):
    viewer, statements = await identified(app_engine, world.people["section_ta"], None)
    assert (viewer.standing, viewer.reach, statements) == (*expected(world)["section_ta"], 2)
    nowhere, _ = await identified(app_engine, world.people["platform_admin"], None)
    assert nowhere == Viewer(user_id=world.people["platform_admin"], is_platform_admin=True)


async def test_what_staff_reach_is_bound_by_name():
    reach = Reach((7, 8), (Teaching(1, 10, "instructor"), Teaching(2, 10, "ta"), Teaching(3, 11, "ta", 30)))
    found = {name: sorted(values) for name, values in reach.parameters().items()}
    assert found == {
        "departments": [7, 8], "courses": [10, 11], "offerings": [1, 2, 3], "whole_offerings": [1, 2], "sections": [30],
    }  # fmt: skip
    for standing in Standing:
        context = Context(Viewer(1, 1, frozenset(), standing, reach), None, Cursors(b"x"))
        assert bool(context._reach) == (standing is Standing.STAFF)


SEES = "{ viewer { roles can(act: SEE_REPORTS) } courses(first: 10) { edges { node { code } } } }"


async def test_a_role_that_is_taken_is_dead_on_the_next_request(api, world, driver):
    rows, user = Rows(driver), world.people["bystander"]
    tenant = {"university_id": world.alpha.university["id"]}
    nothing = {
        "viewer": {"roles": ["STUDENT"], "can": False},
        "courses": {"edges": [{"node": {"code": "P101"}}]},
    }
    assert await api.data(SEES, user=user) == nothing
    far = world.alpha["far_offering"]["id"]
    given = {
        "user_university_roles": {"role": "department_admin", "department_id": world.alpha["far_department"]["id"]},
        "course_offering_instructors": {"course_offering_id": far, "role": "ta"},
    }
    for table, values in given.items():
        row = await rows.add(table, **tenant, user_id=user, **values)
        data = await api.data(SEES, user=user)
        assert data["viewer"]["can"] is True
        assert [edge["node"]["code"] for edge in data["courses"]["edges"]] == ["P101", "C101"]
        await driver.execute(f"DELETE FROM {table} WHERE id = $1", row["id"])
        assert await api.data(SEES, user=user) == nothing


async def test_a_membership_that_ended_takes_every_role_with_it(app_engine, world, driver):
    """Also what is taught: the rows may well be left."""
    change = "UPDATE university_members SET status = $2 WHERE user_id = $1"
    for name in ("ta", "department_admin", "admin"):
        await driver.execute(change, world.people[name], "inactive")
        try:
            viewer, _ = await identified(app_engine, world.people[name])
            assert (viewer.standing, viewer.roles, viewer.reach) == (Standing.ANONYMOUS, frozenset(), Reach())
        finally:
            await driver.execute(change, world.people[name], "active")


async def test_a_role_without_anything_in_reach_explores_and_reaches_nobody(api, world, driver):
    user, tenant = world.people["bystander"], {"university_id": world.alpha.university["id"]}
    row = await Rows(driver).add("user_university_roles", **tenant, user_id=user, role="instructor")
    document = """{ viewer { explore: can(act: EXPLORE) reports: can(act: SEE_REPORTS) }
      moduleTemplates(first: 5) { edges { node { title } } } questionPools(first: 5) { edges { node { title } } }
      courses(first: 5) { edges { node { code } } }
      university(by: {shortCode: "ALPHA"}) { members(first: 20) { edges { node { displayName email } } } } }"""
    try:
        data = await api.data(document, user=user)
    finally:
        await driver.execute("DELETE FROM user_university_roles WHERE id = $1", row["id"])
    assert data["viewer"] == {"explore": True, "reports": False}
    assert [edge["node"]["title"] for edge in data["moduleTemplates"]["edges"]] == ["ALPHA template"]
    assert data["questionPools"]["edges"] == []
    assert [edge["node"]["code"] for edge in data["courses"]["edges"]] == ["P101"]
    people = {edge["node"]["displayName"]: edge["node"]["email"] for edge in data["university"]["members"]["edges"]}
    assert people == {
        **dict.fromkeys(["ALPHA instructor", "ALPHA ta", "ALPHA section_ta", "ALPHA far_instructor"]),
        "ALPHA bystander": "bystander@ALPHA.example",
    }


async def test_to_remove_a_department_widens_no_role(app_engine, world, driver):
    """A department that somebody looks after can't go; with the role it goes, and nothing is left of either."""
    tenant = {"university_id": world.alpha.university["id"]}
    department = await Rows(driver).add("departments", **tenant, code="GONE", name="Soon gone")
    looks_after = {**tenant, "user_id": world.people["bystander"], "role": "department_admin"}
    role = await Rows(driver).add("user_university_roles", **looks_after, department_id=department["id"])
    try:
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await driver.execute("DELETE FROM departments WHERE id = $1", department["id"])
        with pytest.raises(asyncpg.CheckViolationError):
            await driver.execute("UPDATE user_university_roles SET department_id = NULL WHERE id = $1", role["id"])
        viewer, _ = await identified(app_engine, world.people["bystander"])
        assert viewer.reach == Reach((department["id"],))
    finally:
        await driver.execute("DELETE FROM user_university_roles WHERE id = $1", role["id"])
        await driver.execute("DELETE FROM departments WHERE id = $1", department["id"])
    viewer, _ = await identified(app_engine, world.people["bystander"])
    assert (viewer.standing, viewer.reach) == (Standing.MEMBER, Reach())


async def test_staff_of_a_closed_university_alone_may_enter_it(api, world, driver):
    close = "UPDATE universities SET is_active = $1 WHERE short_code = 'ALPHA'"
    await driver.execute(close, False)
    try:
        inside = {
            name: "data" in await api("{ viewer { user { id } } }", user=world.people[name])
            for name in ("student", "bystander", "platform_admin", "beta_admin", "section_ta", "far_admin", "admin")
        }
    finally:
        await driver.execute(close, True)
    assert [name for name, entered in inside.items() if entered] == ["section_ta", "far_admin", "admin"]
