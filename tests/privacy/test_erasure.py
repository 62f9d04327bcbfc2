"""Erasing a person: all words of theirs are gone, the record stands, and nobody else's row has changed."""

import json
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from lms_graphql.engine.relay import GlobalId
from lms_graphql.privacy.erasing import erase_for_good, preview
from lms_graphql.privacy.ledger import Ledger
from lms_graphql.privacy.rules import ELSEWHERE, IDENTITY, RULES, WITH_LOGIN, Change, Keep
from lms_graphql.privacy.service import Erasing
from lms_graphql.storage.database import connect
from lms_graphql.tables import metadata
from tests.conftest import running_api
from tests.privacy.catalog import about_people, words_of
from tests.world import Rows

AT = datetime(2026, 11, 1, 12, 30, 15, 123456, tzinfo=UTC)


def asked(world, name="student", campus="alpha", **more):
    university = getattr(world, campus).university["id"]
    given = {"university_id": university, "user_id": world.people[name], "erased_by": world.people["admin"]}
    if campus == "beta":
        given["erased_by"] = world.people["beta_admin"]
    return Erasing(**{**given, "reason": "requested", "request_id": "r-1", "erased_at": AT, **more})


async def whole(database) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table."""
    driver = await connect(database.owner)
    try:
        return {
            name: sorted((dict(row) for row in await driver.fetch(f"SELECT * FROM {name}")), key=repr)
            for name in metadata.tables
        }
    finally:
        await driver.close()


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "erasures.ndjson")


async def erased(database, ledger, world, name="student", campus="alpha", **options):
    driver = await connect(database.app)
    try:
        return await erase_for_good(driver, ledger, campus.upper(), asked(world, name, campus, **options))
    finally:
        await driver.close()


# ---- the rules


async def without_rule(driver) -> set[str]:
    """The columns that may hold something of a person, and of which nobody has said what becomes of it."""
    missing = set()
    for table in await about_people(driver) - set(ELSEWHERE):
        rules = RULES.get(table)
        if rules is None:
            missing.add(table)
        elif not rules.rows_go:
            missing |= {f"{table}.{column}" for column in await words_of(driver, table) if column not in rules.columns}
    return missing


async def test_every_column_with_words_has_a_rule(campus):
    driver = await connect(campus[0].owner)
    try:
        assert await without_rule(driver) == set()
        assert set(await words_of(driver, "users")) <= set(IDENTITY)
        assert set(RULES) | set(ELSEWHERE) == await about_people(driver) | {"disclosures"}
        await driver.execute("ALTER TABLE course_reviews ADD COLUMN pros text, ADD COLUMN extra jsonb")
        await driver.execute("ALTER TABLE course_grades ADD COLUMN stars int, ADD COLUMN seen_from inet")
        assert await without_rule(driver) == {
            "course_reviews.pros", "course_reviews.extra", "course_grades.seen_from",
        }  # fmt: skip
    finally:
        await driver.close()


def test_rules_name_what_is_there_and_say_why():
    for table, rules in RULES.items():
        columns = metadata.tables[table].columns
        person = rules.person if isinstance(rules.person, str) else rules.person.column
        assert person in columns
        assert set(rules.columns) <= set(columns.keys())
        assert not (rules.rows_go and rules.columns)
    kept = [rule for rules in RULES.values() for rule in rules.columns.values() if isinstance(rule, Keep)]
    assert all(rule.reason for rule in kept)
    assert all(ELSEWHERE.values())


# ---- what changes, and what does not


def changed(before, after):
    """By table the rows that went and those that came."""
    found = {}
    for table, rows in before.items():
        gone = [row for row in rows if row not in after[table]]
        new = [row for row in after[table] if row not in rows]
        if gone or new:
            found[table] = (gone, new)
    return found


async def test_the_person_is_gone_and_nobody_else_is_touched(campus, ledger):
    database, world = campus
    before = await whole(database)
    done = await erased(database, ledger, world)
    after = await whole(database)
    assert "CANARY" in repr(before).upper()
    logins = dict.fromkeys(("users", *WITH_LOGIN), ())  # those stay: the student is in BETA, too
    assert "CANARY" not in repr({**after, **logins}).upper()
    differing = changed(before, after)
    student = world.people["student"]
    rows = {table: max(len(gone), len(new)) for table, (gone, new) in differing.items() if table != "search_texts"}
    assert rows == {table: count for table, count in done.rows.items() if count}
    assert rows == {
        "course_enrollments": 1, "course_offerings": 1,
        "external_keys": 2, "user_university_roles": 1, "thread_read_marks": 1, "content_item_settings": 1,
        "enrollment_events": 2, "quiz_attempt_answers": 1, "quiz_attempts": 2, "lab_submissions": 4, "uploads": 1,
        "grade_overrides": 1, "grade_history": 2, "certificates": 2, "discussion_threads": 3, "discussion_posts": 1,
        "post_revisions": 1, "invitations": 1,
        "course_reviews": 1, "service_tokens": 1, "university_members": 1, "audit_log": 1, "erasures": 1,
    }  # fmt: skip
    for table, (gone, new) in differing.items():
        whose = {"audit_log": "entity_id", "service_tokens": "issued_by"}.get(table, "user_id")
        of = {row.get(whose, student) for row in [*gone, *new]}
        assert of == {student}, table
        if "updated_at" in metadata.tables[table].columns:
            assert {row["updated_at"] for row in new} <= {AT}
    assert done.was_erased is False
    assert done.changed == sum(rows.values())


async def test_what_stands_in_the_rows_afterwards(campus, ledger):
    database, world = campus
    before = await whole(database)
    await erased(database, ledger, world)
    student, here = world.people["student"], world.alpha.university["id"]
    differing = changed(before, await whole(database))
    ((_, (member,)), (_, (erasure,))) = (differing[name] for name in ("university_members", "erasures"))
    assert {key: member[key] for key in ("display_name", "email", "student_number", "status", "name_key")} == {
        "display_name": f"Erased person {student}", "email": f"erased-{student}@erased.invalid",
        "student_number": None, "status": "erased", "name_key": f"erased person {student}",
    }  # fmt: skip
    assert erasure == {
        "university_id": here, "user_id": student, "erased_at": AT, "erased_by": world.people["admin"],
        "reason": "requested", "request_id": "r-1",
    }  # fmt: skip
    for table, rules in RULES.items():
        for gone, new in zip(*differing.get(table, ((), ())), strict=False):
            put = {name for name, rule in rules.columns.items() if isinstance(rule, Change)}
            put |= {"status", "status_key"} if table == "course_enrollments" else set()  # they were dropped
            same = set(gone) - put - {"updated_at", "name_key", "version"}
            assert {name: gone[name] for name in same} == {name: new[name] for name in same}
    live, revoked = sorted(differing["certificates"][1], key=lambda row: row["certificate_code"])
    assert (live["recipient_name"], live["metadata_json"], live["revocation_reason"]) == (None, None, None)
    assert (live["final_score"], live["course_title"], revoked["revocation_reason"]) == (91, "Forces", "erased")
    (act,) = differing["audit_log"][1]
    assert (act["act"], act["user_id"], act["old_values"], act["new_values"]) == ("profile.update", student, None, None)
    (post,) = differing["discussion_posts"][1]
    assert (post["body"], post["is_deleted"]) == ("", True)
    (answer,) = differing["quiz_attempt_answers"][1]
    assert (json.loads(answer["response"]), answer["points_awarded"] is not None) == ({}, True)
    assert [row["reason"] for row in differing["grade_overrides"][1]] == ["erased"]
    assert {row["instructor_feedback"] for row in differing["lab_submissions"][1]} == {None}
    assert [row["rating"] for row in differing["course_reviews"][1]] == [2]
    assert [row["revoked_at"] for row in differing["service_tokens"][1]] == [AT]


async def test_to_erase_again_changes_nothing(campus, ledger):
    database, world = campus
    await erased(database, ledger, world)
    before, line = await whole(database), ledger.path.read_bytes()
    again = await erased(database, ledger, world, erased_at=None, reason="again", request_id="r-2")
    assert (again.was_erased, again.changed) == (True, 0)
    assert await whole(database) == before
    assert ledger.path.read_bytes() == line


async def test_a_preview_counts_and_keeps_nothing(campus, ledger):
    database, world = campus
    before = await whole(database)
    driver = await connect(database.app)
    seen = await preview(driver, asked(world))
    await driver.close()
    assert await whole(database) == before
    assert seen == await erased(database, ledger, world)


async def test_somebody_of_another_university_is_not_there(campus, ledger):
    database, world = campus
    before = await whole(database)
    assert await erased(database, ledger, world, "beta_student") is None
    assert await whole(database) == before
    assert not ledger.path.exists()


# ---- the login


SIGNED_IN = """
SELECT (SELECT count(*) FROM external_identities WHERE user_id = $1),
       (SELECT count(*) FROM session_tokens t JOIN sessions s ON s.id = t.session_id WHERE s.user_id = $1),
       (SELECT count(*) FROM sessions WHERE user_id = $1)
"""


async def signed_in(driver, user_id):
    """How many identities of issuers, pairs of tokens and sessions somebody has."""
    return tuple(await driver.fetchrow(SIGNED_IN, user_id))


LOGIN = "SELECT email, full_name, password_hash, locale, time_zone, is_active, updated_at FROM users WHERE id = $1"


@pytest.fixture
async def owner(campus):
    driver = await connect(campus[0].owner)
    yield driver
    await driver.close()


async def test_a_login_stays_while_another_university_has_the_person(campus, ledger, owner):
    """The student is in BETA too; when BETA erases them as well, nothing is left to sign in with."""
    database, world = campus
    student = world.people["student"]
    before = await owner.fetchrow(LOGIN, student)
    await erased(database, ledger, world)
    assert await owner.fetchrow(LOGIN, student) == before
    assert await signed_in(owner, student) == (1, 2, 2)
    kept = await whole(database)
    done = await erased(database, ledger, world, "student", "beta")
    assert {name: done.rows[name] for name in ("users", *WITH_LOGIN)} == {
        "users": 1, "external_identities": 1, "session_tokens": 2, "sessions": 2,
    }  # fmt: skip
    assert await signed_in(owner, student) == (0, 0, 0)
    gone = changed(kept, await whole(database))
    assert {name: (len(gone[name][0]), gone[name][1]) for name in WITH_LOGIN} == {
        "external_identities": (1, []), "session_tokens": (2, []), "sessions": (2, []),
    }  # fmt: skip
    assert "CANARY" not in repr(await whole(database)).upper()
    gone = (f"erased-{student}@erased.invalid", f"Erased person {student}", "!", "en", "UTC", False, AT)
    assert tuple(await owner.fetchrow(LOGIN, student)) == gone
    assert {name: rule.value for name, rule in IDENTITY.items()} == {
        "email": "erased-{user_id}@erased.invalid", "full_name": "Erased person {user_id}", "password_hash": "!",
        "locale": "en", "time_zone": "UTC", "is_active": False,
    }  # fmt: skip


@pytest.mark.parametrize(("status", "goes"), [("active", 0), ("invited", 0), ("inactive", 1)])
async def test_which_membership_elsewhere_keeps_a_login(campus, ledger, owner, status, goes):
    database, world = campus
    beta, student = world.beta.university["id"], world.people["student"]
    await owner.execute(
        "UPDATE university_members SET status = $3 WHERE university_id = $1 AND user_id = $2", beta, student, status
    )
    done = await erased(database, ledger, world)
    assert done.rows["users"] == goes


async def test_a_login_of_the_platforms_own_people_stays(campus, ledger, owner):
    database, world = campus
    other = world.people["other"]
    await owner.execute("INSERT INTO platform_administrators (user_id) VALUES ($1)", other)
    assert (await erased(database, ledger, world, "other")).rows["users"] == 0


async def test_lms_app_can_touch_no_login_of_whom_the_university_has_not_erased(campus, ledger):
    database, world = campus
    await erased(database, ledger, world, "other")
    driver = await connect(database.app)
    at = "SELECT erase_identity($1, now())::text"
    tried = []
    for university in (None, world.alpha, world.beta):
        async with driver.transaction():
            if university is not None:
                await driver.execute(f"SET LOCAL lms.university_id = '{university.university['id']}'")
            for name in ("student", "ta", "beta_student"):
                tried.append(await driver.fetchval(at, world.people[name]))
                tried.append(await driver.fetchval("SELECT erase_from_audit_log($1)", world.people[name]))
    assert tried == ["(0,0,0,0)", 0] * 9
    for statement in ("UPDATE erasures SET reason = 'x'", "DELETE FROM erasures", "SELECT reason FROM erasures",
                      "UPDATE disclosures SET kind = 'x'", "DELETE FROM disclosures"):  # fmt: skip
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await driver.execute(statement)
    await driver.close()


# ---- as clients see it


async def test_what_clients_see_of_an_erased_person(campus, ledger):
    database, world = campus
    student, here = world.people["student"], world.alpha.university["id"]
    gid = str(GlobalId("User", student, here))
    people = '{ viewer { university { members(first: 9, filter: {text: "canarysurname"}) { totalCount } } } }'
    seen = "query ($id: ID!) { user(id: $id) { displayName email studentNumber memberStatus roles { role } } }"
    verify = '{ verifyCertificate(code: "ALPHA-P101-8") { status recipientName courseTitle } }'
    async with running_api(database.app) as api:
        admin = world.people["admin"]
        assert (await api.data(people, user=admin))["viewer"]["university"]["members"] == {"totalCount": 1}
        found = (await api.data(verify, university=None))["verifyCertificate"]
        assert found == {"status": "VALID", "recipientName": "CANARY Graduate", "courseTitle": "Forces"}
        await erased(database, ledger, world)
        assert (await api.data(people, user=admin))["viewer"]["university"]["members"] == {"totalCount": 0}
        assert (await api.data(verify, university=None))["verifyCertificate"] == {**found, "recipientName": None}
        assert (await api.data(seen, {"id": gid}, user=admin))["user"] == {
            "displayName": f"Erased person {student}", "email": f"erased-{student}@erased.invalid",
            "studentNumber": None, "memberStatus": "ERASED", "roles": [],
        }  # fmt: skip
        who = "{ viewer { roles user { displayName } } }"
        assert await api.data(who, user=student) == {"viewer": {"roles": [], "user": None}}
        await erased(database, ledger, world, "student", "beta")
        assert (await api(who, user=student))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_an_erased_instructor_still_stands_as_who_graded(campus, ledger, owner):
    """Rows of others that name the erased person keep naming them, and keep their words."""
    database, world = campus
    rows = Rows(owner)
    grade = {"university_id": world.alpha.university["id"], "course_offering_id": world.alpha["private"]["id"]}
    await rows.add("grade_overrides", **grade, user_id=world.people["other"], final_score=5, reason="Recounted.",
                   overridden_by=world.people["instructor"])  # fmt: skip
    before = await whole(database)
    await erased(database, ledger, world, "instructor")
    differing = changed(before, await whole(database))
    assert set(differing) == {
        "user_university_roles", "university_members", "users", "audit_log", "erasures", "search_texts",
    }  # fmt: skip
