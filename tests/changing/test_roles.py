"""Roles: who gives and takes which, and where, cell by cell; and that a role which was taken does nothing more."""

import asyncio
from itertools import product

import pytest

from lms_graphql.tenancy.policy import GRANTS, ROLE_SCOPES
from tests.changing.administering import STRANGERS, Office

ROLES = ("STUDENT", "INSTRUCTOR", "TA", "DEPARTMENT_ADMIN", "UNIVERSITY_ADMIN")
USER = "user { memberStatus roles { role department { code } } }"
WHO = "{ viewer { roles can(act: MANAGE_DEPARTMENTS) } }"

# By role and place: none, the department PH that department_admin administers, CH of far_admin, one of BETA. What is
# told to the administrator, department_admin, all others in ALPHA; + is done, I is INVALID, F FORBIDDEN, N NOT_FOUND.
MATRIX = """
                        adm  dep  others
STUDENT           none   +    F    F
STUDENT           PH     I    I    F
STUDENT           CH     I    I    F
STUDENT           BETA   N    N    F
INSTRUCTOR        none   +    F    F
INSTRUCTOR        PH     +    +    F
INSTRUCTOR        CH     +    F    F
INSTRUCTOR        BETA   N    N    F
TA                none   +    F    F
TA                PH     +    +    F
TA                CH     +    F    F
TA                BETA   N    N    F
DEPARTMENT_ADMIN  none   I    I    F
DEPARTMENT_ADMIN  PH     +    F    F
DEPARTMENT_ADMIN  CH     +    F    F
DEPARTMENT_ADMIN  BETA   N    N    F
UNIVERSITY_ADMIN  none   +    F    F
UNIVERSITY_ADMIN  PH     I    I    F
UNIVERSITY_ADMIN  CH     I    I    F
UNIVERSITY_ADMIN  BETA   N    N    F
"""
CODES = {"I": "INVALID", "F": "FORBIDDEN", "N": "NOT_FOUND"}
CELLS = [line.split() for line in MATRIX.strip().splitlines()[1:]]
OTHERS = [person for person in STRANGERS if person not in {None, "department_admin", "far_admin"}]


@pytest.fixture
def office(api, world, owner):
    return Office(api, world, owner)


@pytest.fixture
async def whom(office, owner, world):
    """The student, whom all three administrators see, with no role in the way."""
    await owner.execute(
        "DELETE FROM user_university_roles WHERE university_id = $1 AND user_id = $2",
        office.university_id, world.people["student"],
    )  # fmt: skip
    return office.person("student")


def place(office, world, name):
    if name == "none":
        return {}
    if name == "BETA":
        beta = world.beta
        return {"departmentId": office.id("Department", beta["department"]["id"], beta.university["id"])}
    row = world.alpha["department" if name == "PH" else "far_department"]
    return {"departmentId": office.id("Department", row["id"])}


def test_every_cell_is_in_the_matrix():
    assert {(role, where) for role, where, *_ in CELLS} == set(product(ROLES, ("none", "PH", "CH", "BETA")))
    assert {role.upper() for role in ROLE_SCOPES} == set(ROLES)
    assert set(GRANTS) == {"university_admin", "department_admin"}
    assert not any("platform_admin" in roles for roles in GRANTS.values())


@pytest.mark.parametrize(("role", "where", "admin", "department_admin", "others"), CELLS)
async def test_who_gives_and_takes_what(office, world, whom, role, where, admin, department_admin, others):
    given = {"userId": whom, "role": role, **place(office, world, where)}
    for giver, cell in (("admin", admin), ("department_admin", department_admin)):
        if cell != "+":
            for name in ("grantRole", "revokeRole"):
                assert (await office.refused(name, given, user=giver))[0] == CODES[cell], (name, giver)
            continue
        since, actor = await office.now(), world.people[giver]
        held = [{"role": role, "department": None if where == "none" else {"code": where}}]
        assert (await office.done("grantRole", given, USER, user=giver))["user"]["roles"] == held
        await office.done("grantRole", given, user=giver)  # as it is
        assert (await office.done("revokeRole", given, USER, user=giver))["user"]["roles"] == []
        await office.done("revokeRole", given, user=giver)
        department = None if where == "none" else world.alpha["department" if where == "PH" else "far_department"]["id"]
        told = {"userId": world.people["student"], "role": role.lower(), "departmentId": department}
        (granted, revoked) = await office.audited(since)
        assert granted[:3] + granted[4:] == (actor, "role.grant", "RoleAssignment", None, told)
        assert revoked == (actor, "role.revoke", "RoleAssignment", granted[3], told, None)
    assert others == "F"
    for name in ("grantRole", "revokeRole"):
        assert await office.all_refused(name, given, OTHERS) == dict.fromkeys(OTHERS, "FORBIDDEN")
        assert await office.all_refused(name, given, [None]) == {None: "UNAUTHENTICATED"}


async def test_another_department_s_administrator_gives_nothing_here(office, world, whom):
    """far_admin does not see the student, and of those whom they see gives roles in CH alone."""
    given = {"userId": whom, "role": "TA", **place(office, world, "CH")}
    assert await office.refused("grantRole", given, user="far_admin") == ("NOT_FOUND", ["input", "userId"])
    teacher = {"userId": office.person("instructor"), "role": "TA", **place(office, world, "PH")}
    assert await office.refused("grantRole", teacher, user="far_admin") == ("FORBIDDEN", ["input"])


async def test_nobody_mints_an_administrator_of_the_platform(office, whom):
    answer = await office.answer("grantRole", {"userId": whom, "role": "PLATFORM_ADMIN"})
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_role_that_was_taken_is_dead_in_the_next_request(office, api, world):
    async def can():
        return (await api.data(WHO, user=world.people["bystander"]))["viewer"]

    given = {"userId": office.person("bystander"), "role": "UNIVERSITY_ADMIN"}
    for _ in range(3):
        await office.done("grantRole", given)
        assert await can() == {"roles": ["STUDENT", "UNIVERSITY_ADMIN"], "can": True}
        await office.done("revokeRole", given)
        assert await can() == {"roles": ["STUDENT"], "can": False}
        refused = await office.refused("createDepartment", {"name": "X", "code": "DEAD"}, user="bystander")
        assert refused[0] == "FORBIDDEN"


async def test_the_last_administrator_stays(office, world, owner):
    given = {"userId": office.person("admin"), "role": "UNIVERSITY_ADMIN"}
    assert await office.refused("revokeRole", given) == ("CLOSED", ["input", "role"])
    other = {"userId": office.person("bystander"), "role": "UNIVERSITY_ADMIN"}
    await office.done("grantRole", other)
    await owner.execute("UPDATE university_members SET status = 'inactive' WHERE user_id = $1 AND university_id = $2",
                        world.people["bystander"], office.university_id)  # fmt: skip
    assert await office.refused("revokeRole", given) == (
        "CLOSED",
        ["input", "role"],
    )  # who is put out counts for nobody
    assert await office.refused("grantRole", {**other, "role": "TA"}) == ("CLOSED", ["input", "userId"])
    await office.done("revokeRole", other)
    await owner.execute("UPDATE university_members SET status = 'active' WHERE user_id = $1 AND university_id = $2",
                        world.people["bystander"], office.university_id)  # fmt: skip


async def test_of_administrators_who_take_the_role_from_one_another_one_stays(office, world, owner):
    names = ("admin", "bystander", "other")
    admins = "SELECT count(*) FROM user_university_roles WHERE university_id = $1 AND role = 'university_admin'"
    for _ in range(5):
        for name in names[1:]:
            await office.done("grantRole", {"userId": office.person(name), "role": "UNIVERSITY_ADMIN"})
        await asyncio.gather(
            *(
                office.sent("revokeRole", {"userId": office.person(name), "role": "UNIVERSITY_ADMIN"}, user=by)
                for name, by in zip(names, names[1:] + names[:1], strict=True)
            )
        )
        assert await owner.fetchval(admins, office.university_id) >= 1
        await owner.execute(
            "INSERT INTO user_university_roles (university_id, user_id, role) VALUES ($1, $2, 'university_admin')"
            " ON CONFLICT DO NOTHING", office.university_id, world.people["admin"],
        )  # fmt: skip
        await owner.execute(
            "DELETE FROM user_university_roles WHERE university_id = $1 AND role = 'university_admin'"
            " AND user_id <> $2",
            office.university_id, world.people["admin"],
        )  # fmt: skip


async def test_of_twenty_who_give_one_role_all_find_it_given(office, owner, world, whom):
    given = {"userId": whom, "role": "TA"}
    since = await office.now()
    await asyncio.gather(*(office.done("grantRole", given) for _ in range(20)))
    assert len(await office.audited(since)) == 1
    await office.done("revokeRole", given)


async def test_another_university_s_people_get_nothing(office, world):
    stranger = {"userId": office.id("User", world.people["beta_student"]), "role": "TA"}
    assert await office.refused("grantRole", stranger) == ("NOT_FOUND", ["input", "userId"])
    theirs = {"userId": office.id("User", world.people["beta_student"], world.beta.university["id"]), "role": "TA"}
    assert await office.refused("grantRole", theirs) == ("NOT_FOUND", ["input", "userId"])
