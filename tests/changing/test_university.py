"""What a university's administrators settle of it: the university itself, its departments, its terms."""

import asyncio
from datetime import UTC, datetime

import pytest

from lms_graphql.engine.relay import GlobalId, parse_global_id
from lms_graphql.storage.database import connect
from tests.changing.administering import STRANGERS, Office

DEPARTMENT = "department { id name code version }"
TERM = "term { id code name startsAt endsAt version }"
FORBIDDEN = {person: "FORBIDDEN" if person else "UNAUTHENTICATED" for person in STRANGERS}
FALL = {"code": "2030-FALL", "name": "Fall 2030", "startsAt": "2030-09-01T00:00:00+00:00",
        "endsAt": "2030-12-20T00:00:00+00:00"}  # fmt: skip


@pytest.fixture
def office(api, world, owner):
    return Office(api, world, owner)


async def department(office, code, name="Mathematics"):
    payload = await office.done("createDepartment", {"name": name, "code": code}, DEPARTMENT)
    return payload["department"]["id"]


async def term(office, code):
    return (await office.done("createTerm", {**FALL, "code": code}, TERM))["term"]["id"]


def number(global_id):
    return parse_global_id(global_id).id


# ---- departments


async def test_a_department_is_made_changed_and_removed(office, world):
    since, admin = await office.now(), world.people["admin"]
    made = (await office.done("createDepartment", {"name": " Biology ", "code": "BI"}, DEPARTMENT))["department"]
    id_ = number(made["id"])
    assert made == {"id": office.id("Department", id_), "name": "Biology", "code": "BI", "version": 1}
    given = {"departmentId": made["id"], "name": "Life sciences", "expectedVersion": 1}
    changed = await office.done("updateDepartment", given, DEPARTMENT)
    assert changed["department"] == {**made, "name": "Life sciences", "version": 2}
    await office.done("updateDepartment", {"departmentId": made["id"], "code": "BI"})  # as it is
    gone = await office.done("deleteDepartment", {"departmentId": made["id"], "expectedVersion": 2}, "deletedId")
    assert gone == {"deletedId": made["id"]}
    assert await office.api.data("query($id: ID!) { node(id: $id) { id } }", {"id": made["id"]}) == {"node": None}
    assert await office.audited(since) == [
        (admin, "department.create", "Department", id_, None, {"name": "Biology", "code": "BI"}),
        (admin, "department.update", "Department", id_, {"name": "Biology"}, {"name": "Life sciences"}),
        (admin, "department.delete", "Department", id_, {"name": "Life sciences", "code": "BI"}, None),
    ]


BAD_DEPARTMENTS = [
    ({"name": " ", "code": "X"}, "INVALID", "name"),
    ({"name": "n" * 256, "code": "X"}, "INVALID", "name"),
    ({"name": "X", "code": ""}, "INVALID", "code"),
    ({"name": "X", "code": "c" * 65}, "INVALID", "code"),
    ({"name": "X", "code": "a\nb"}, "INVALID", "code"),
    ({"name": "X", "code": "PH"}, "TAKEN", "code"),
]


@pytest.mark.parametrize(("given", "code", "field"), BAD_DEPARTMENTS)
async def test_what_no_department_is(office, given, code, field):
    assert await office.refused("createDepartment", given) == (code, ["input", field])


async def test_a_change_that_can_not_be(office):
    id_ = await department(office, "CHANGED")
    for given, wanted in (
        ({"name": None}, ("INVALID", ["input", "name"])),
        ({"code": "PH"}, ("TAKEN", ["input", "code"])),
        ({"name": "Other", "expectedVersion": 7}, ("CONFLICT", ["input", "expectedVersion"])),
    ):
        assert await office.refused("updateDepartment", {"departmentId": id_, **given}) == wanted
    assert await office.refused("deleteDepartment", {"departmentId": id_, "expectedVersion": 2}) == (
        "CONFLICT", ["input", "expectedVersion"],
    )  # fmt: skip


async def test_a_department_in_use_stays_and_no_role_grows(office, world, owner):
    physics = office.id("Department", world.alpha["department"]["id"])
    assert await office.refused("deleteDepartment", {"departmentId": physics}) == ("CLOSED", ["input", "departmentId"])
    id_ = await department(office, "OFROLES")
    given = {"userId": office.person("bystander"), "role": "DEPARTMENT_ADMIN", "departmentId": id_}
    await office.done("grantRole", given)
    assert await office.refused("deleteDepartment", {"departmentId": id_}) == ("CLOSED", ["input", "departmentId"])
    await office.done("revokeRole", given)
    await office.done("deleteDepartment", {"departmentId": id_})
    assert await owner.fetchval("SELECT count(*) FROM user_university_roles WHERE role = 'department_admin'"
                                " AND department_id IS NULL") == 0  # fmt: skip


async def test_who_may_not_settle_departments(office):
    id_ = await department(office, "STRANGERS")
    assert await office.all_refused("createDepartment", {"name": "X", "code": "Y"}) == FORBIDDEN
    assert await office.all_refused("updateDepartment", {"departmentId": id_, "name": "X"}) == FORBIDDEN
    assert await office.all_refused("deleteDepartment", {"departmentId": id_}) == FORBIDDEN
    assert await office.all_refused("deleteDepartment", {"departmentId": id_}, ("beta_admin",), "BETA") == {
        "beta_admin": "NOT_FOUND"
    }


async def test_of_twenty_who_take_one_code_one_gets_it(office, owner):
    answers = await asyncio.gather(
        *(office.sent("createDepartment", {"name": f"N{n}", "code": "ONE"}, user="admin") for n in range(20))
    )
    codes = sorted(error["code"] for answer in answers for error in answer["errors"])
    assert codes == ["TAKEN"] * 19
    assert await owner.fetchval("SELECT count(*) FROM departments WHERE code = 'ONE'") == 1


# ---- terms


async def test_a_term_is_made_changed_and_removed(office, world):
    since, admin = await office.now(), world.people["admin"]
    made = (await office.done("createTerm", FALL, TERM))["term"]
    id_ = number(made["id"])
    assert made == {"id": office.id("Term", id_), **FALL, "version": 1}
    changed = await office.done(
        "updateTerm",
        {"termId": made["id"], "endsAt": "2030-12-21T00:00:00Z", "name": "Fall", "expectedVersion": 1},
        TERM,
    )
    assert changed["term"] == {**made, "endsAt": "2030-12-21T00:00:00+00:00", "name": "Fall", "version": 2}
    assert await office.done("deleteTerm", {"termId": made["id"]}, "deletedId") == {"deletedId": made["id"]}
    at = {"startsAt": "2030-09-01T00:00:00+00:00", "endsAt": "2030-12-20T00:00:00+00:00"}
    later = {"endsAt": "2030-12-21T00:00:00+00:00", "name": "Fall"}
    assert await office.audited(since) == [
        (admin, "term.create", "Term", id_, None, {"code": "2030-FALL", "name": "Fall 2030", **at}),
        (admin, "term.update", "Term", id_, {"endsAt": at["endsAt"], "name": "Fall 2030"}, later),
        (admin, "term.delete", "Term", id_, {"code": "2030-FALL", "startsAt": at["startsAt"], **later}, None),
    ]


BAD_TERMS = [
    ({"code": "c" * 33}, "INVALID", "code"),
    ({"name": " "}, "INVALID", "name"),
    ({"endsAt": FALL["startsAt"]}, "INVALID", "endsAt"),
    ({"startsAt": "2031-01-01T00:00:00Z"}, "INVALID", "endsAt"),
]


@pytest.mark.parametrize(("given", "code", "field"), BAD_TERMS)
async def test_what_no_term_is(office, given, code, field):
    assert await office.refused("createTerm", {**FALL, **given}) == (code, ["input", field])
    id_ = await term(office, f"BAD-{BAD_TERMS.index((given, code, field))}")
    assert await office.refused("updateTerm", {"termId": id_, **given}) == (code, ["input", field])
    assert await office.refused("updateTerm", {"termId": id_, "startsAt": None}) == ("INVALID", ["input", "startsAt"])


async def test_a_term_in_use_stays_and_a_code_is_one_terms(office, world, owner):
    id_ = await term(office, "USED")
    assert await office.refused("createTerm", {**FALL, "code": "USED"}) == ("TAKEN", ["input", "code"])
    await owner.execute(
        "UPDATE course_offerings SET term_id = $1 WHERE id = $2", number(id_), world.alpha["public"]["id"]
    )
    assert await office.refused("deleteTerm", {"termId": id_}) == ("CLOSED", ["input", "termId"])
    await owner.execute("UPDATE course_offerings SET term_id = NULL WHERE id = $1", world.alpha["public"]["id"])
    await office.done("deleteTerm", {"termId": id_})


async def test_who_may_not_settle_terms(office):
    id_ = await term(office, "STRANGERS")
    assert await office.all_refused("createTerm", FALL) == FORBIDDEN
    assert await office.all_refused("updateTerm", {"termId": id_, "name": "X"}) == FORBIDDEN
    assert await office.all_refused("deleteTerm", {"termId": id_}) == FORBIDDEN
    assert await office.all_refused("updateTerm", {"termId": id_}, ("beta_admin",), "BETA") == {
        "beta_admin": "NOT_FOUND"
    }


# ---- the university itself

UNIVERSITY = "university { name timeZone websiteUrl version country { isoCode } }"


async def test_a_university_changes_what_it_says_of_itself(office, world, owner):
    austria = await owner.fetchval("INSERT INTO countries (iso_code, name) VALUES ('AT', 'Austria') RETURNING id")
    before = await owner.fetchrow("SELECT * FROM universities WHERE id = $1", office.university_id)
    beta = await owner.fetchrow("SELECT * FROM universities WHERE short_code = 'BETA'")
    since = await office.now()
    given = {"name": "Alpha Tech", "timeZone": "Europe/Vienna", "websiteUrl": "https://alpha.example/",
             "countryId": str(GlobalId("Country", austria)), "expectedVersion": before["version"]}  # fmt: skip
    found = (await office.done("updateUniversity", given, UNIVERSITY))["university"]
    assert found == {"name": "Alpha Tech", "timeZone": "Europe/Vienna", "websiteUrl": "https://alpha.example/",
                     "version": before["version"] + 1, "country": {"isoCode": "AT"}}  # fmt: skip
    await office.done("updateUniversity", {"websiteUrl": None})
    await office.done("updateUniversity", {"websiteUrl": None, "name": "Alpha Tech"})  # as it is
    old = {"name": before["name"], "timeZone": "UTC", "websiteUrl": None, "countryId": before["country_id"]}
    new = {
        "name": "Alpha Tech",
        "timeZone": "Europe/Vienna",
        "websiteUrl": "https://alpha.example/",
        "countryId": austria,
    }
    entity = (world.people["admin"], "university.update", "University", office.university_id)
    assert await office.audited(since) == [
        (*entity, old, new),
        (*entity, {"websiteUrl": "https://alpha.example/"}, {"websiteUrl": None}),
    ]
    assert await owner.fetchrow("SELECT * FROM universities WHERE short_code = 'BETA'") == beta


BAD_UNIVERSITIES = [
    ({"name": ""}, "INVALID", "name"),
    ({"name": None}, "INVALID", "name"),
    ({"timeZone": None}, "INVALID", "timeZone"),
    ({"timeZone": "Europe/Nowhere"}, "INVALID", "timeZone"),
    ({"timeZone": "localtime"}, "INVALID", "timeZone"),
    ({"timeZone": "../etc/passwd"}, "INVALID", "timeZone"),
    ({"websiteUrl": "alpha.example"}, "INVALID", "websiteUrl"),
    ({"websiteUrl": "javascript:alert(1)"}, "INVALID", "websiteUrl"),
    ({"websiteUrl": "https://" + "a" * 512}, "INVALID", "websiteUrl"),
    ({"countryId": None}, "INVALID", "countryId"),
    ({"countryId": str(GlobalId("Country", 999))}, "NOT_FOUND", "countryId"),
    ({"name": "X", "expectedVersion": 999}, "CONFLICT", "expectedVersion"),
]


@pytest.mark.parametrize(("given", "code", "field"), BAD_UNIVERSITIES)
async def test_what_no_university_says(office, given, code, field):
    assert await office.refused("updateUniversity", given) == (code, ["input", field])


async def test_who_may_not_change_the_university(office):
    assert await office.all_refused("updateUniversity", {"name": "Mine"}) == FORBIDDEN


async def test_of_many_changes_from_one_version_one_is_kept(office, owner):
    version = await owner.fetchval("SELECT version FROM universities WHERE id = $1", office.university_id)
    answers = await asyncio.gather(
        *(office.sent("updateUniversity", {"name": f"N{n}", "expectedVersion": version}) for n in range(20))
    )
    errors = [error for answer in answers for error in answer["errors"]]
    assert [(error["code"], error["currentVersion"]) for error in errors] == [("CONFLICT", version + 1)] * 19


async def test_a_university_changes_while_others_write_to_it(office, written, owner):
    """Its row is locked so that whatever refers to it does not wait."""
    driver = await connect(written.owner)
    transaction = driver.transaction()
    await transaction.start()
    await driver.execute(
        "INSERT INTO departments (university_id, name, code) VALUES ($1, 'Waiting', 'WAIT')", office.university_id
    )
    await asyncio.wait_for(office.done("updateUniversity", {"name": f"At {datetime.now(UTC)}"}), 2)
    await transaction.rollback()
    await driver.close()
