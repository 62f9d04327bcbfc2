"""The export of a person: whole, of one moment, and of nobody else; a new key to a person needs a place in it."""

import json
from contextlib import aclosing
from datetime import datetime

import pytest

from lms_graphql.privacy import export as exporting
from lms_graphql.privacy.export import export
from lms_graphql.privacy.sections import ELSEWHERE, SECTIONS, Through
from lms_graphql.storage.database import connect
from lms_graphql.tables import metadata
from tests.conftest import temporary_database
from tests.privacy.catalog import about_people, references_to_people
from tests.world import Rows, build_world


@pytest.fixture(scope="module")
async def database(superuser):
    """Of our own: in the shared one others read records, and the export tells of it."""
    async with temporary_database(superuser) as made:
        yield made


@pytest.fixture(scope="module")
async def owner(database):
    driver = await connect(database.owner)
    yield driver
    await driver.close()


@pytest.fixture(scope="module")
async def world(owner):
    return await build_world(owner)


@pytest.fixture
async def app(database, world):
    driver = await connect(database.app)
    yield driver
    await driver.close()


async def exported(driver, university, user_id):
    async with aclosing(export(driver, university["id"], user_id)) as parts:
        return json.loads(b"".join([part async for part in parts]))


# ---- every way in which a row may hang on a person


def told():
    """The columns that a section finds its rows by."""
    return {
        (section.table, section.person.column if isinstance(section.person, Through) else section.person)
        for section in SECTIONS
    }


async def untold(driver):
    found = await references_to_people(driver)
    return {name for name, place in found.items() if place not in told() and name not in ELSEWHERE}


async def test_every_foreign_key_to_a_person_has_a_section_or_a_reason(owner):
    assert await untold(owner) == set()
    assert set(ELSEWHERE) <= set(await references_to_people(owner))
    assert all(ELSEWHERE.values())


async def test_a_new_foreign_key_would_be_named(owner):
    """The proof that the test above can fail."""
    transaction = owner.transaction()
    await transaction.start()
    await owner.execute(
        "CREATE TABLE notes (university_id bigint, id bigint, written_by bigint, body text, PRIMARY KEY (id),"
        " CONSTRAINT notes_written_by_fkey FOREIGN KEY (university_id, written_by)"
        " REFERENCES university_members (university_id, user_id))"
    )
    assert await untold(owner) == {"notes_written_by_fkey"}
    assert "notes" in await about_people(owner)
    await transaction.rollback()


async def test_every_table_that_hangs_on_a_person_has_a_section(owner):
    """Also those that name a person through another table's key only: attempts through enrollments, their answers."""
    elsewhere = {"users", "platform_administrators", "erasures", "external_identities", "sessions", "session_tokens"}
    elsewhere |= {"assets", "content_item_assets"}  # of courses, whoever sent them
    assert await about_people(owner) - {section.table for section in SECTIONS} == elsewhere


def test_sections_leave_out_only_what_they_say():
    for section in SECTIONS:
        columns = metadata.tables[section.table].columns
        names = {column.key for column in section.columns()}
        keys = {column.name for column in columns if "is_key" in column.info}
        if section.only:
            assert names == set(section.only)
        else:
            assert names == set(columns.keys()) - keys - {"university_id"} - set(section.withheld)
        assert all(section.withheld.values())
    assert len({section.name for section in SECTIONS}) == len(SECTIONS)


# ---- the document


async def test_the_document_of_a_student(app, world):
    document = await exported(app, world.alpha.university, world.people["student"])
    person, offering = world.people["student"], world.alpha["private"]["id"]
    assert list(document) == ["format", "version", "exported_at", "university", "identity", "sections"]
    assert (document["format"], document["version"]) == ("lms_graphql.person", 1)
    assert datetime.fromisoformat(document["exported_at"]).tzinfo is not None
    alpha = world.alpha.university
    assert document["university"] == {"id": alpha["id"], "short_code": "ALPHA", "name": "ALPHA University"}
    (login,) = document["identity"]["users"]
    assert (login["id"], login["email"], login["full_name"]) == (person, "student@test.example", "student")
    assert "password_hash" not in login
    assert {name: rows for name, rows in document["identity"].items() if name != "users"} == {
        "platform_administrators": [], "external_identities": [], "sessions": [], "session_tokens": [],
    }  # fmt: skip
    sections = document["sections"]
    assert {name: len(rows) for name, rows in sections.items() if rows} == {
        "profile": 1, "roles": 1, "enrollments": 1, "enrollment_events": 1, "module_progress": 2,
        "content_progress": 1, "quiz_attempts": 2, "quiz_attempt_questions": 2, "quiz_attempt_answers": 1,
        "submissions": 4, "uploads": 1, "grades": 1, "grade_history": 1, "grade_scores": 1, "threads": 3,
        "posts": 1, "offerings": 1, "courses": 1, "items": 4, "disclosures": 1, "viewers": 1,
        "post_revisions": 1, "posts_changed": 1,
    }  # fmt: skip
    assert (sections["profile"][0]["email"], sections["profile"][0]["status"]) == ("student@ALPHA.example", "active")
    assert sections["grades"] == [{
        "id": world.alpha["grade_0"]["id"], "user_id": person, "course_offering_id": offering, "final_score": "90.00",
        "letter_grade": "A", "passed": True, "graded_at": None, "posted_at": "2026-10-01T12:00:00+00:00",
        "policy_version": None, "updated_at": world.alpha["grade_0"]["updated_at"].isoformat(),
    }]  # fmt: skip
    assert [row["response"] for row in sections["quiz_attempt_answers"]] == [{"chosen": ["a"]}]
    assert sections["quiz_attempt_questions"][0]["snapshot"]["stem"] == "What is a force?"
    assert [row["body"] for row in sections["posts"]] == ["Why does it fall?"]
    assert sections["enrollment_events"][0]["old_status"] == "pending"
    assert sections["courses"] == [{"id": world.alpha["course"]["id"], "code": "P101", "title": "Forces and motion"}]


async def test_what_is_not_for_the_person_is_not_told(app, world):
    """Hidden results, and grades before they are posted; a title of their own that says so is the only SECRET."""
    document = await exported(app, world.alpha.university, world.people["student"])
    submissions = document["sections"]["submissions"]
    assert [(row["score_obtained"], row["instructor_feedback"]) for row in submissions] == [
        ("80.00", "Sound."), (None, None), (None, None), (None, None),
    ]  # fmt: skip
    assert [row["public_results"] is not None for row in submissions] == [True, True, False, False]
    assert json.dumps(document).count("SECRET") == 1
    assert document["sections"]["threads"][1]["title"] == "SECRET thread"


async def test_grades_that_are_not_posted_are_not_told(app, owner, world):
    offering, person = world.alpha["private"]["id"], world.people["other"]
    grade = {"university_id": world.alpha.university["id"], "course_offering_id": offering, "user_id": person}
    rows = Rows(owner)
    posted = "UPDATE course_grades SET posted_at = {} WHERE university_id = $1 AND user_id = $2"
    here = (world.alpha.university["id"], person)
    await rows.add("grade_history", **grade, old_score=1, new_score=91, reason="Recounted.")
    await rows.add("grade_overrides", **grade, final_score=99, reason="Illness.", overridden_by=world.people["ta"])
    try:
        seen = {}
        for time in ("'2999-01-01Z'", "NULL", "now() - interval '1 second'"):
            await owner.execute(posted.format(time), *here)
            sections = (await exported(app, world.alpha.university, person))["sections"]
            seen[time] = [len(sections[name]) for name in ("grades", "grade_overrides", "grade_history")]
        assert list(seen.values()) == [[0, 0, 0], [0, 0, 0], [1, 1, 1]]
        by_hand = (await exported(app, world.alpha.university, world.people["ta"]))["sections"]["grades_overridden"]
        assert [list(row) for row in by_hand] == [["course_offering_id", "created_at"]]  # not whose, nor which
    finally:
        await owner.execute("DELETE FROM grade_overrides")
        await owner.execute("DELETE FROM grade_history")
        await owner.execute(posted.format("$3"), *here, world.alpha["grade_1"]["posted_at"])


async def test_somebody_of_two_universities_is_told_of_one(app, world):
    """The student is a member of both; nothing of the other university is in either document."""
    for campus in (world.alpha, world.beta):
        document = await exported(app, campus.university, world.people["student"])
        assert {row["course_offering_id"] for row in document["sections"]["enrollments"]} == {campus["private"]["id"]}
        (profile,) = document["sections"]["profile"]
        assert profile["email"] == f"student@{campus.university['short_code']}.example"


async def test_somebody_else_has_nothing_here(app, world):
    document = await exported(app, world.alpha.university, world.people["beta_student"])
    assert {name for name, rows in document["sections"].items() if rows} == set()


async def test_what_the_audit_log_has_of_a_person(campus):
    """Their acts, and what was done to their profile; of other acts of theirs not what they were about."""
    database, world = campus
    student, teacher, here = world.people["student"], world.people["instructor"], world.alpha.university["id"]
    owner, driver = await connect(database.owner), await connect(database.app)
    act = {"university_id": here, "entity": "User", "request_id": "r"}
    await Rows(owner).add("audit_log", **act, user_id=student, act="grade", entity_id=teacher, new_values={"a": 1})
    await Rows(owner).add("audit_log", **act, user_id=teacher, act="rename", entity_id=student, new_values={"b": 2})
    acts = (await exported(driver, world.alpha.university, student))["sections"]["acts"]
    assert [(row["act"], row["entity_id"], row["own"], row["old_values"], row["new_values"]) for row in acts] == [
        ("profile.update", student, True, {"displayName": "CANARY before"}, {"displayName": "CANARY after"}),
        ("grade", teacher, True, None, None),
        ("rename", student, False, None, {"b": 2}),
    ]
    assert (await exported(driver, world.beta.university, student))["sections"]["acts"] == []
    await owner.close()
    await driver.close()


async def test_the_login_is_told_to_nobody_else(app, world):
    assert await app.fetchval("SELECT own_identity() ->> 'users'") is None
    async with app.transaction():
        await app.execute(f"SET LOCAL lms.user_id = '{world.people['other']}'")
        found = json.loads(await app.fetchval("SELECT own_identity()"))
    assert [user["id"] for user in found["users"]] == [world.people["other"]]


async def test_how_a_person_signs_in_is_told_without_any_secret(campus):
    database, world = campus
    driver = await connect(database.app)
    document = await exported(driver, world.alpha.university, world.people["student"])
    long_ago, later = "2020-01-01T00:00:00+00:00", "2020-01-01T12:00:00+00:00"
    identity, tokens = document["identity"], document["sections"]["service_tokens_issued"]
    person = {"user_id": world.people["student"]}
    assert identity["external_identities"] == [
        {**person, "issuer": "https://issuer.example", "subject": "CANARY subject", "created_at": long_ago}
    ]
    opened = {**person, "created_at": long_ago, "expires_at": later}
    first, second = (row.pop("id") for row in identity["sessions"])
    assert identity["sessions"] == [{**opened, "revoked_at": None}, {**opened, "revoked_at": long_ago}]
    expire = {"access_expires_at": later, "refresh_expires_at": later, "used_at": None, "replaced_at": None}
    assert [row.pop("id") > 0 for row in identity["session_tokens"]] == [True, True]
    assert identity["session_tokens"] == [
        {"session_id": number, "generation": 1, **expire} for number in (first, second)
    ]
    given = {"scopes": ["lab:grade"], "submission_ids": [1], "created_at": long_ago, "expires_at": later}
    assert [row.pop("id") > 0 for row in tokens] == [True, True]
    assert tokens == [{**given, "revoked_at": None}, {**given, "revoked_at": long_ago}]
    assert "digest" not in json.dumps(document)
    other = await exported(driver, world.alpha.university, world.people["other"])
    assert (other["identity"]["sessions"], other["sections"]["service_tokens_issued"]) == ([], [])
    await driver.close()


async def test_batches_do_not_change_the_document(app, world, monkeypatch):
    """One row at a time, of the moment of the first statement."""
    whole = await exported(app, world.alpha.university, world.people["student"])
    monkeypatch.setattr(exporting, "_ROWS_AT_ONCE", 1)
    single = await exported(app, world.alpha.university, world.people["student"])
    assert {**single, "exported_at": None} == {**whole, "exported_at": None}


async def test_it_is_of_one_moment(app, owner, world):
    """What is committed while it is read is not in it."""
    here = (world.alpha.university["id"], world.people["other"])
    parts, name = [], "UPDATE university_members SET display_name = $3 WHERE university_id = $1 AND user_id = $2"
    try:
        async with aclosing(export(app, *here)) as document:
            async for part in document:
                if not parts:
                    await owner.execute(name, *here, "Renamed meanwhile")
                parts.append(part)
    finally:
        await owner.execute(name, *here, "ALPHA other")
    (profile,) = json.loads(b"".join(parts))["sections"]["profile"]
    assert profile["display_name"] == "ALPHA other"
