"""What administrators of the platform change: universities, countries, domains, and the tree of subjects."""

import asyncio
import random

import asyncpg
import pytest

from lms_graphql.engine.relay import GlobalId, parse_global_id
from lms_graphql.storage.database import connect
from tests.changing.administering import STRANGERS, Platform

PASSWORD = "correct horse battery"
DOMAIN = "domain { id code name description version }"
SUBJECT = "subject { id code name description depth version parent { code } domain { code } }"
EVERYBODY_ELSE = [*(person for person in STRANGERS if person != "platform_admin"), "admin"]
FORBIDDEN = {person: "FORBIDDEN" if person else "UNAUTHENTICATED" for person in EVERYBODY_ELSE}


@pytest.fixture
def platform(api, world, owner):
    return Platform(api, world, owner)


def plain(typename, number):
    return str(GlobalId(typename, number))


def number(global_id):
    return parse_global_id(global_id).id


async def country(platform):
    return plain("Country", await platform.owner.fetchval("SELECT id FROM countries WHERE iso_code = 'US'"))


async def subject(platform, code, parent=None):
    given = {"code": code, "name": code.title(), "parentId": parent}
    return (await platform.done("createSubject", given, SUBJECT))["subject"]["id"]


# ---- universities


async def university(platform, code, **more):
    administrator = {"email": f"{code.lower()}@new.example", "displayName": "The First"}
    given = {"shortCode": code, "name": f"{code} University", "countryId": await country(platform),
             "timeZone": "Europe/Vienna", "administrator": administrator}  # fmt: skip
    return {**given, **more}


async def test_a_university_is_made_and_its_administrator_comes_in(platform, api, owner):
    since = await platform.last()
    given = await university(platform, "GAMMA", websiteUrl="https://gamma.example")
    payload = await platform.done("createUniversity", given, "university { id shortCode timeZone isActive } token")
    made, token = payload["university"], payload["token"]
    assert made == {"id": made["id"], "shortCode": "GAMMA", "timeZone": "Europe/Vienna", "isActive": True}
    id_ = number(made["id"])
    told = {"shortCode": "GAMMA", "name": "GAMMA University", "timeZone": "Europe/Vienna", "isActive": True,
            "websiteUrl": "https://gamma.example", "countryId": number(given["countryId"])}  # fmt: skip
    assert await platform.logged(since) == [("university.create", "University", id_, None, told)]
    member = await owner.fetchrow("SELECT * FROM university_members WHERE university_id = $1", id_)
    assert (member["email"], member["display_name"], member["status"]) == ("gamma@new.example", "The First", "invited")
    audited = await owner.fetch("SELECT act, entity, entity_id FROM audit_log WHERE university_id = $1", id_)
    assert [tuple(row) for row in audited] == [("member.invite", "User", member["user_id"])]
    assert await owner.fetchval("SELECT invited_by IS NULL FROM invitations WHERE university_id = $1", id_)
    await platform.done("acceptInvitation", {"token": token, "password": PASSWORD}, user=None)
    login = await platform.done("login", {"email": "gamma@new.example", "password": PASSWORD}, "accessToken", user=None)
    bearer = login["accessToken"]
    await platform.done("createDepartment", {"name": "First", "code": "ONE"}, user=bearer, university="GAMMA")
    assert (await platform.refused("createUniversity", given))[0] == "TAKEN"


BAD_UNIVERSITIES = [
    ({"shortCode": "gamma"}, ("INVALID", ["input", "shortCode"])),
    ({"shortCode": "G"}, ("INVALID", ["input", "shortCode"])),
    ({"shortCode": "G" * 25}, ("INVALID", ["input", "shortCode"])),
    ({"shortCode": "ALPHA"}, ("TAKEN", ["input", "shortCode"])),
    ({"name": " "}, ("INVALID", ["input", "name"])),
    ({"timeZone": "Vienna"}, ("INVALID", ["input", "timeZone"])),
    ({"websiteUrl": "x"}, ("INVALID", ["input", "websiteUrl"])),
    ({"days": 99}, ("INVALID", ["input", "days"])),
    ({"countryId": "x"}, ("NOT_FOUND", ["input", "countryId"])),
    ({"administrator": {"email": "x", "displayName": "X"}}, ("INVALID", ["input", "administrator", "email"])),
    (
        {"administrator": {"email": "x@y.example", "displayName": " "}},
        ("INVALID", ["input", "administrator", "displayName"]),
    ),
]


@pytest.mark.parametrize(("given", "wanted"), BAD_UNIVERSITIES)
async def test_what_no_university_is(platform, given, wanted):
    assert await platform.refused("createUniversity", await university(platform, "NEW", **given)) == wanted


async def test_of_twenty_with_one_code_one_is_made(platform, owner):
    given = await university(platform, "RACE")
    answers = await asyncio.gather(*(platform.sent("createUniversity", given) for _ in range(20)))
    assert sorted(error["code"] for answer in answers for error in answer["errors"]) == ["TAKEN"] * 19
    assert await owner.fetchval("SELECT count(*) FROM university_members WHERE email = 'race@new.example'") == 1


async def test_a_lost_invitation_is_made_again_until_there_is_an_administrator(platform):
    given = await university(platform, "LOST")
    made = await platform.done("createUniversity", given, "university { id } token")
    again = {"universityId": made["university"]["id"], "administrator": given["administrator"]}
    second = (await platform.done("inviteAdministrator", again, "token"))["token"]
    stale = {"token": made["token"], "password": PASSWORD}
    assert (await platform.refused("acceptInvitation", stale, user=None))[0] == "WRONG_CREDENTIALS"
    other = {**again, "administrator": {"email": "second@new.example", "displayName": "The Second"}}
    third = (await platform.done("inviteAdministrator", other, "university { shortCode } token"))["token"]
    await platform.done("acceptInvitation", {"token": second, "password": PASSWORD}, user=None)
    closed = ("CLOSED", ["input", "universityId"])
    assert await platform.refused("inviteAdministrator", other) == closed
    await platform.done("acceptInvitation", {"token": third, "password": PASSWORD}, user=None)
    alpha = {**other, "universityId": plain("University", platform.university_id)}
    assert await platform.refused("inviteAdministrator", alpha) == closed


async def test_a_university_is_closed_and_opened(platform, api, world):
    beta, since = plain("University", world.beta.university["id"]), await platform.last()
    version = await platform.owner.fetchval("SELECT version FROM universities WHERE short_code = 'BETA'")
    shown = "isActive university { isActive }"
    given = {"universityId": beta, "isActive": False, "expectedVersion": version}
    assert await platform.done("setUniversityActive", given, shown) == {"isActive": False, "university": None}
    assert await platform.refused("setUniversityActive", given) == ("CONFLICT", ["input", "expectedVersion"])
    answer = await api("{ viewer { roles } }", user=world.people["student"], university="BETA")
    assert answer["errors"][0]["extensions"]["code"] == "UNIVERSITY_UNKNOWN"
    back = await platform.done("setUniversityActive", {"universityId": beta, "isActive": True}, shown)
    assert back == {"isActive": True, "university": {"isActive": True}}
    await platform.done("setUniversityActive", {"universityId": beta, "isActive": True})  # as it is
    id_ = world.beta.university["id"]
    assert await platform.logged(since) == [
        ("university.close", "University", id_, {"isActive": True}, {"isActive": False}),
        ("university.open", "University", id_, {"isActive": False}, {"isActive": True}),
    ]
    data = await api.data("{ viewer { roles } }", user=world.people["student"], university="BETA")
    assert data == {"viewer": {"roles": ["STUDENT"]}}


async def test_a_country_is_there_once(platform):
    since = await platform.last()
    given = {"isoCode": "NZ", "name": "New Zealand", "regionName": "Oceania"}
    made = (await platform.done("createCountry", given, "country { id isoCode name regionName }"))["country"]
    assert made == {"id": made["id"], **given}
    assert await platform.logged(since) == [("country.create", "Country", number(made["id"]), None, given)]
    assert await platform.refused("createCountry", given) == ("TAKEN", ["input", "isoCode"])
    for code in ("nz", "N", "NZL", "ÄÖ"):
        assert await platform.refused("createCountry", {**given, "isoCode": code}) == ("INVALID", ["input", "isoCode"])


# ---- domains and subjects


async def test_a_domain_is_made_changed_and_removed(platform):
    since = await platform.last()
    given = {"code": "ART", "name": "The arts", "description": "What is made.\nAnd why."}
    made = (await platform.done("createDomain", given, DOMAIN))["domain"]
    assert made == {"id": made["id"], **given, "version": 1}
    change = {"domainId": made["id"], "description": None, "name": "Arts", "expectedVersion": 1}
    assert (await platform.done("updateDomain", change, DOMAIN))["domain"] == {
        **made, "description": None, "name": "Arts", "version": 2,
    }  # fmt: skip
    await platform.done("updateDomain", {"domainId": made["id"]})
    assert await platform.refused("updateDomain", change) == ("CONFLICT", ["input", "expectedVersion"])
    assert await platform.refused("createDomain", {**given, "code": "SCI"}) == ("TAKEN", ["input", "code"])
    assert await platform.refused("createDomain", {**given, "name": ""}) == ("INVALID", ["input", "name"])
    in_it = await platform.done("createSubject", {"code": "PAINT", "name": "Painting", "domainId": made["id"]}, SUBJECT)
    assert in_it["subject"]["domain"] == {"code": "ART"}
    gone = {"domainId": made["id"]}
    assert await platform.refused("deleteDomain", gone) == ("CLOSED", ["input", "domainId"])
    await platform.done("updateSubject", {"subjectId": in_it["subject"]["id"], "domainId": None})
    assert await platform.done("deleteDomain", gone, "deletedId") == {"deletedId": made["id"]}
    acts = [(act, entity) for act, entity, *_ in await platform.logged(since)]
    assert acts == [("domain.create", "Domain"), ("domain.update", "Domain"), ("subject.create", "Subject"),
                    ("subject.update", "Subject"), ("domain.delete", "Domain")]  # fmt: skip


async def test_a_subject_is_made_changed_moved_and_removed(platform):
    top = await subject(platform, "TOP")
    since = await platform.last()
    given = {"code": "SUB", "name": "Below", "description": "It.", "parentId": top}
    made = (await platform.done("createSubject", given, SUBJECT))["subject"]
    assert made == {"id": made["id"], "code": "SUB", "name": "Below", "description": "It.", "depth": 1, "version": 1,
                    "parent": {"code": "TOP"}, "domain": None}  # fmt: skip
    changed = await platform.done(
        "updateSubject", {"subjectId": made["id"], "name": "Beneath", "expectedVersion": 1}, SUBJECT
    )
    assert changed["subject"] == {**made, "name": "Beneath", "version": 2}
    moved = await platform.done("moveSubject", {"subjectId": made["id"]}, SUBJECT)
    assert (moved["subject"]["depth"], moved["subject"]["parent"]) == (0, None)
    await platform.done("moveSubject", {"subjectId": made["id"], "parentId": None})  # as it is
    await platform.done("deleteSubject", {"subjectId": made["id"]}, "deletedId")
    id_, top_id = number(made["id"]), number(top)
    rest = {"code": "SUB", "description": "It.", "domainId": None}
    assert await platform.logged(since) == [
        ("subject.create", "Subject", id_, None, {**rest, "name": "Below", "parentId": top_id, "depth": 1}),
        ("subject.update", "Subject", id_, {"name": "Below"}, {"name": "Beneath"}),
        ("subject.move", "Subject", id_, {"parentId": top_id, "depth": 1}, {"parentId": None, "depth": 0}),
        ("subject.delete", "Subject", id_, {**rest, "name": "Beneath", "parentId": None, "depth": 0}, None),
    ]


async def test_a_subject_in_use_stays_in_whichever_university(platform, world, owner):
    used = await subject(platform, "USED")
    course = world.beta["draft"]["id"]
    await owner.execute("UPDATE courses SET primary_subject_id = $1 WHERE id = $2", number(used), course)
    wanted = ("CLOSED", ["input", "subjectId"])
    assert await platform.refused("deleteSubject", {"subjectId": used}) == wanted
    await owner.execute("UPDATE courses SET primary_subject_id = NULL WHERE id = $1", course)
    await owner.execute("INSERT INTO course_subjects (university_id, course_id, subject_id) VALUES ($1, $2, $3)",
                        world.beta.university["id"], course, number(used))  # fmt: skip
    assert await platform.refused("deleteSubject", {"subjectId": used}) == wanted
    await owner.execute("DELETE FROM course_subjects WHERE subject_id = $1", number(used))
    child = await subject(platform, "CHILD-OF-USED", used)
    assert await platform.refused("deleteSubject", {"subjectId": used}) == wanted
    await platform.done("deleteSubject", {"subjectId": child})
    await platform.done("deleteSubject", {"subjectId": used})


async def test_what_no_subject_is(platform):
    top = await subject(platform, "PLACE")
    for given, wanted in (
        ({"code": "PHYS"}, ("TAKEN", ["input", "code"])),
        ({"code": " "}, ("INVALID", ["input", "code"])),
        ({"name": "n" * 256}, ("INVALID", ["input", "name"])),
        ({"parentId": plain("Subject", 10**6)}, ("NOT_FOUND", ["input", "parentId"])),
        ({"parentId": plain("Domain", 1)}, ("NOT_FOUND", ["input", "parentId"])),
        ({"domainId": plain("Domain", 10**6)}, ("NOT_FOUND", ["input", "domainId"])),
        ({"domainId": plain("Subject", 1)}, ("NOT_FOUND", ["input", "domainId"])),
    ):
        assert await platform.refused("createSubject", {"code": "NEW", "name": "New", **given}) == wanted
    for given, wanted in (
        ({"code": "PHYS"}, ("TAKEN", ["input", "code"])),
        ({"name": None}, ("INVALID", ["input", "name"])),
        ({"domainId": "x"}, ("NOT_FOUND", ["input", "domainId"])),
        ({"name": "x", "expectedVersion": 9}, ("CONFLICT", ["input", "expectedVersion"])),
    ):
        assert await platform.refused("updateSubject", {"subjectId": top, **given}) == wanted


async def test_a_tree_has_no_circle_and_an_end(platform):
    chain = [await subject(platform, "CHAIN-0")]
    for level in range(1, 33):
        chain.append(await subject(platform, f"CHAIN-{level}", chain[-1]))
    below = {"code": "CHAIN-33", "name": "Too deep", "parentId": chain[-1]}
    assert await platform.refused("createSubject", below) == ("LIMIT_REACHED", ["input", "parentId"])
    for target in (chain[0], chain[1], chain[-1]):
        given = {"subjectId": chain[0], "parentId": target}
        assert await platform.refused("moveSubject", given) == ("INVALID", ["input", "parentId"])
    other = await subject(platform, "OTHER-TOP")
    given = {"subjectId": chain[0], "parentId": other}
    assert await platform.refused("moveSubject", given) == ("LIMIT_REACHED", ["input", "parentId"])
    await platform.done("moveSubject", {"subjectId": chain[1], "parentId": other})
    depths = await platform.owner.fetch(
        "SELECT depth FROM subjects WHERE code LIKE 'CHAIN-%' ORDER BY substr(code, 7)::int"
    )
    assert [row[0] for row in depths] == [0, *range(1, 33)]


TREE = """
    WITH RECURSIVE tree AS (
        SELECT id, 0 AS depth FROM subjects WHERE parent_subject_id IS NULL
        UNION ALL SELECT s.id, tree.depth + 1 FROM subjects s JOIN tree ON s.parent_subject_id = tree.id)
    SELECT count(*) = (SELECT count(*) FROM subjects) AND bool_and(t.depth = s.depth)
    FROM tree t JOIN subjects s USING (id)
"""


async def test_of_two_that_hang_below_each_other_one_does(platform, owner):
    """And all depths are right after fifty such pairs, ten at once."""
    pairs = [(await subject(platform, f"PAIR-A{n}"), await subject(platform, f"PAIR-B{n}")) for n in range(50)]
    moves = [{"subjectId": a, "parentId": b} for one, two in pairs for a, b in ((one, two), (two, one))]
    answers = []
    for first in range(0, 100, 20):  # more at once would wait too long for a connection on a busy machine
        answers += await asyncio.gather(*(platform.sent("moveSubject", move) for move in moves[first : first + 20]))
    for first in range(0, 100, 2):
        assert sorted(len(answer["errors"]) for answer in answers[first : first + 2]) == [0, 1]
    assert await owner.fetchval(TREE)


async def test_any_moves_leave_a_tree(platform, owner):
    """Each is done, with all depths right, or refused; several at once."""
    ids = [await subject(platform, f"ANY-{n}") for n in range(8)]
    chance = random.Random(7)  # noqa: S311 - not a secret
    codes = set()
    for _ in range(25):
        moves = [{"subjectId": chance.choice(ids), "parentId": chance.choice([None, *ids])} for _ in range(8)]
        answers = await asyncio.gather(*(platform.sent("moveSubject", move) for move in moves))
        codes |= {error["code"] for answer in answers for error in answer["errors"]}
        assert await owner.fetchval(TREE)
    assert codes == {"INVALID"}


# ---- who may not, and the second wall

GIVEN = {
    "createUniversity": {"shortCode": "X1", "name": "X", "countryId": "x", "timeZone": "UTC",
                         "administrator": {"email": "x@y.example", "displayName": "X"}},
    "inviteAdministrator": {"universityId": "x", "administrator": {"email": "x@y.example", "displayName": "X"}},
    "setUniversityActive": {"universityId": "x", "isActive": False},
    "createCountry": {"isoCode": "XX", "name": "X"},
    "createDomain": {"code": "X", "name": "X"},
    "updateDomain": {"domainId": "x", "name": "X"},
    "deleteDomain": {"domainId": "x"},
    "createSubject": {"code": "X", "name": "X"},
    "updateSubject": {"subjectId": "x", "name": "X"},
    "moveSubject": {"subjectId": "x"},
    "deleteSubject": {"subjectId": "x"},
}  # fmt: skip
IDS = {"universityId": "University", "domainId": "Domain", "subjectId": "Subject", "countryId": "Country"}


@pytest.mark.parametrize("name", GIVEN)
async def test_who_may_not(platform, world, name):
    real = {field: plain(IDS[field], 1) for field in GIVEN[name] if field in IDS}
    given = {**GIVEN[name], **real}
    assert await platform.all_refused(name, given, EVERYBODY_ELSE) == FORBIDDEN
    assert await platform.all_refused(name, given, ("beta_admin",), "BETA") == {"beta_admin": "FORBIDDEN"}


@pytest.mark.parametrize("name", [name for name, given in GIVEN.items() if set(given) & set(IDS)])
async def test_what_is_not_there_is_not_found(platform, world, name):
    """What is no id, another type's, a tenant's, or nobody's; in one answer."""
    (field,) = set(GIVEN[name]) & set(IDS)
    wrong = [
        "x",
        "",
        plain("Department", 1),
        plain(IDS[field], 10**9),
        platform.id(IDS[field], 1),
        platform.person("ta"),
    ]
    for text in wrong:
        assert await platform.refused(name, {**GIVEN[name], field: text}) == ("NOT_FOUND", ["input", field])


WRITES = (
    "INSERT INTO countries (iso_code, name) VALUES ('QQ', 'q')",
    "INSERT INTO universities (name, short_code, country_id) VALUES ('q', 'QQ', 1)",
    "INSERT INTO domains (code, name) VALUES ('q', 'q')",
    "INSERT INTO subjects (code, name) VALUES ('q', 'q')",
    "INSERT INTO platform_audit_log (user_id, act, entity, entity_id, request_id) VALUES (1, 'q', 'q', 1, 'q')",
)
CHANGES = (
    "UPDATE universities SET is_active = false",
    "UPDATE domains SET name = 'q'",
    "UPDATE subjects SET name = 'q'",
    "DELETE FROM domains",
    "DELETE FROM subjects",
)


@pytest.fixture
async def app(written):
    driver = await connect(written.app)
    yield driver
    await driver.close()


@pytest.mark.parametrize("university", ["", "ALPHA"])
async def test_without_the_setting_the_application_writes_nothing_of_the_platform(platform, app, university):
    async def begun():
        transaction = app.transaction()
        await transaction.start()
        if university:
            await app.execute(f"SET LOCAL lms.university_id = '{platform.university_id}'")
        return transaction

    async with platform.nothing_happens():
        for statement in WRITES:
            transaction = await begun()
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await app.execute(statement)
            await transaction.rollback()
        for statement in CHANGES:
            transaction = await begun()
            own = 1 if university and "universities" in statement else 0
            assert (await app.execute(statement)).split()[-1] == str(own)
            await transaction.rollback()


async def test_the_platform_s_log_is_only_added_to(app):
    for statement in ("SELECT FROM platform_audit_log", "UPDATE platform_audit_log SET act = 'q'",
                      "DELETE FROM platform_audit_log", "TRUNCATE platform_audit_log"):  # fmt: skip
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute(statement)


async def test_the_setting_does_not_outlive_its_transaction(platform, api):
    codes = ["QA", "QB", "QC", "QD", "QE", "US", "US"]
    await asyncio.gather(*(platform.sent("createCountry", {"isoCode": code, "name": "x"}) for code in codes))
    connections = [await api.service.engine.connect() for _ in range(5)]
    asked = "SELECT current_setting('lms.platform', true)"
    found = {(await connection.exec_driver_sql(asked)).scalar() for connection in connections}
    for connection in connections:
        await connection.close()
    assert found <= {None, ""}
    assert "" in found  # one of them has been such a transaction's
