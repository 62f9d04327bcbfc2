"""Every revision up, back and up again with data in the tables; what stands in the way is named and nothing changes.

LMS_FULL_MIGRATION_TEST=1 runs the benchmark's data in its full size.
"""

import json
import os
import re
import socket
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from alembic.script import ScriptDirectory

from lms_graphql.storage import migrations, roles
from lms_graphql.storage.database import connect, database_url
from lms_graphql.storage.embedded import EmbeddedPostgres, EmbeddedPostgresError
from lms_graphql.storage.errors import (
    DatabaseUnreachableError,
    InvalidDatabaseUrlError,
    MigrationFailedError,
    MigrationsPendingError,
    RolesMissingError,
)
from tests.databases import Database, copied, temporary_database
from tests.storage.catalog import listing
from tests.storage.test_model import BASELINE

SMALL = {"generate_series(1,5000)": "generate_series(1,300)", "generate_series(0,199)": "generate_series(0,19)"}
# Two universities with a row in every table of revision 0001, and what the upgrade has to work out.
ROWS = """
INSERT INTO countries (iso_code, name) VALUES ('US', 'United States'), ('KR', 'Korea');
INSERT INTO universities (name, short_code, country_id) VALUES ('Alpha', 'ALPHA', 1), ('Beta', 'BETA', 2);
INSERT INTO departments (university_id, name, code) VALUES (1, 'Physics', 'PH'), (2, 'Physics', 'PH');
INSERT INTO domains (code, name) VALUES ('SCI', 'Science');
INSERT INTO subjects (domain_id, name, code) VALUES (1, 'Physics', 'PHYS');
INSERT INTO users (email, full_name, password_hash) SELECT 'user' || n || '@x.example', 'User ' || n, '!' FROM generate_series(1, 30) n;
INSERT INTO user_university_roles (user_id, university_id, role, department_id) VALUES (1, 1, 'department_admin', 1), (1, 2, 'student', NULL), (2, 1, 'student', NULL);
INSERT INTO courses (university_id, department_id, primary_subject_id, title, code) VALUES (1, 1, 1, 'Forces', 'P1'), (2, 2, 1, 'Forces', 'P1'), (1, NULL, NULL, 'Motion', 'P2');
INSERT INTO course_subjects (course_id, subject_id) VALUES (1, 1), (2, 1);
INSERT INTO course_prerequisites (course_id, prerequisite_course_id) VALUES (3, 1);
INSERT INTO course_offerings (course_id, university_id) VALUES (1, 1), (2, 2), (3, 1);
INSERT INTO course_offering_instructors (course_offering_id, user_id) VALUES (1, 3), (2, 4);
INSERT INTO course_enrollments (course_offering_id, user_id, status, completed_at) VALUES (1, 5, 'active', NULL), (2, 6, 'active', NULL), (3, 5, 'active', NULL), (1, 9, 'active', NULL), (1, 10, 'dropped', NULL), (1, 12, 'completed', '2026-01-01Z'), (1, 16, 'active', NULL);
INSERT INTO module_templates (template_type, title, default_data) VALUES ('lesson', 'Template', '{"a": 1}');
INSERT INTO modules (course_id, parent_module_id, module_type, module_template_id, title, depth, sequence_index, is_published) VALUES
  (1, NULL, 'course_root', NULL, 'root', 0, 1, true), (1, 1, 'unit', NULL, 'shown', 1, 1, true),
  (1, 1, 'unit', NULL, 'hidden', 1, 2, false), (1, 3, 'lesson', 1, 'below the hidden', 2, 1, true),
  (1, 2, 'lesson', NULL, 'below the shown', 2, 1, true), (2, NULL, 'unit', NULL, 'of beta', 0, 1, true),
  (3, NULL, 'unit', NULL, 'of motion', 0, 1, false);
INSERT INTO assets (university_id, url, asset_type, meta_json) VALUES (1, 'https://x.example/', 'pdf', '{"pages": [1, 2.50]}');
INSERT INTO content_items (module_id, course_id, university_id, content_type, title, data_json, sequence_index) VALUES (5, 1, 1, 'quiz', 'Quiz', '{"b": 1, "a": null}', 1), (6, 2, 2, 'quiz', 'Quiz', '{}', 1), (7, 3, 1, 'quiz', 'Quiz', '{}', 1), (5, 1, 1, 'engineering_lab', 'Lab', '{}', 2);
INSERT INTO user_module_progress (user_id, course_offering_id, module_id, progress_percent) VALUES (7, 1, 5, 12.34), (7, 2, 6, 100);
INSERT INTO user_content_progress (user_id, course_offering_id, content_item_id, progress_percent) VALUES (8, 1, 1, 0.01), (8, 2, 2, 99.99);
INSERT INTO quiz_attempts (user_id, course_offering_id, content_item_id, raw_response_json, attempt_number, submitted_at) VALUES (9, 1, 1, '[1]', 1, '2026-01-01Z'), (9, 1, 1, NULL, 2, NULL);
INSERT INTO lab_submissions (user_id, course_offering_id, content_item_id) VALUES (10, 1, 4);
INSERT INTO course_grades (user_id, course_offering_id, final_score) VALUES (11, 1, 90.5);
INSERT INTO certificates (user_id, course_offering_id, certificate_code, issued_at) VALUES (12, 1, 'A-1', '2026-01-01Z');
INSERT INTO discussion_threads (course_offering_id, module_id, content_item_id, created_by_user_id) VALUES (1, 5, 1, 13), (2, NULL, NULL, 13);
INSERT INTO discussion_posts (thread_id, parent_post_id, user_id, body) VALUES (1, NULL, 14, 'post'), (1, 1, 15, 'reply'), (2, NULL, 14, 'post');
INSERT INTO course_reviews (user_id, course_offering_id, rating) VALUES (16, 1, 5);
"""  # noqa: E501 - one table, one line


TENANT_TABLES = [
    "departments",
    "user_university_roles",
    "courses",
    "course_subjects",
    "course_prerequisites",
    "course_offerings",
    "course_offering_instructors",
    "course_enrollments",
    "modules",
    "assets",
    "content_items",
    "user_module_progress",
    "user_content_progress",
    "quiz_attempts",
    "lab_submissions",
    "course_grades",
    "certificates",
    "discussion_threads",
    "discussion_posts",
    "course_reviews",
]
NOBODY = {
    "departments",
    "courses",
    "course_subjects",
    "course_prerequisites",
    "course_offerings",
    "modules",
    "assets",
    "content_items",
}
PEOPLE = [table for table in TENANT_TABLES if table not in NOBODY]


async def state(database: Database) -> tuple[Any, ...]:
    """Where a database is: its revision and its catalog with policies and grants."""
    driver = await connect(database.owner)
    try:
        revision = await driver.fetchval("SELECT version_num FROM alembic_version")
        return revision, await listing(driver, security=True)
    finally:
        await driver.close()


def seed_columns() -> dict[str, list[str]]:
    columns: dict[str, list[str]] = {}
    for line in BASELINE:
        if line.startswith("column "):
            table, column = line.split()[1].split(".")
            columns.setdefault(table, []).append(column)
    return columns


async def checksums(driver: asyncpg.Connection) -> dict[str, tuple[int, str]]:
    """For each table of the seed its rows, counted and hashed, in the seed's columns only."""
    found = {}
    for table, columns in seed_columns().items():
        row = await driver.fetchrow(
            f"SELECT count(*), md5(string_agg(ROW({', '.join(columns)})::text, '|' ORDER BY id)) FROM {table}"
        )
        found[table] = tuple(row)
    return found


async def execute(database: Database, statements: str) -> None:
    driver = await connect(database.owner)
    await driver.execute(statements)
    await driver.close()


async def refused(action: Any) -> str:
    """The one line that an upgrade or downgrade is refused with."""
    with pytest.raises(MigrationFailedError) as caught:
        await action
    assert "\n" not in str(caught.value)
    return str(caught.value)


def bench_data(shared: Any) -> str:
    """The benchmark's data, smaller unless the full size is asked for."""
    script = (shared / "bench" / "generate.sql").read_text(encoding="utf-8")
    if os.environ.get("LMS_FULL_MIGRATION_TEST") == "1":
        return script
    for full, small in SMALL.items():
        assert full in script
        script = script.replace(full, small)
    return script


@pytest.fixture(params=["every table", "benchmark"])
def data(request) -> str:
    return ROWS if request.param == "every table" else bench_data(request.getfixturevalue("shared"))


# ---- up, back, up ----


async def test_up_back_and_up_again_keeps_every_row(superuser, data):
    async with temporary_database(superuser, "0001") as database:
        driver = await connect(database.owner)
        await driver.execute(data)
        before = await checksums(driver)
        assert sum(count for count, _ in before.values()) > 80
        assert data != ROWS or all(count for count, _ in before.values())
        await migrations.upgrade(database.owner)
        assert await checksums(driver) == before
        head = await state(database)
        await is_filled_right(driver)
        await migrations.downgrade(database.owner, "0001")
        assert await checksums(driver) == before
        assert await listing(driver) == BASELINE
        assert [line for line in (await state(database))[1] if line.startswith(("grant", "policy", "row"))] == []
        await migrations.upgrade(database.owner)
        assert await checksums(driver) == before
        assert await state(database) == head
        await is_filled_right(driver)
        await driver.close()


async def is_filled_right(driver: asyncpg.Connection) -> None:
    """What the upgrade worked out, worked out once more in another way."""
    modules = {row["id"]: row for row in await driver.fetch("SELECT * FROM modules")}
    for module in modules.values():
        chain = [module]
        while chain[-1]["parent_module_id"] is not None:
            chain.append(modules[chain[-1]["parent_module_id"]])
        assert module["depth"] == len(chain) - 1
        assert module["parent_depth"] == module["depth"] - 1
        assert module["effective_published"] == all(row["is_published"] for row in chain)
    offerings = {row["id"]: row for row in await driver.fetch("SELECT * FROM course_offerings")}
    seen = set()
    for table in PEOPLE:
        for row in map(dict, await driver.fetch(f"SELECT * FROM {table}")):
            seen.add((row["university_id"], row.get("user_id", row.get("created_by_user_id"))))
            if "course_offering_id" in row:
                offering = offerings[row["course_offering_id"]]
                assert row["university_id"] == offering["university_id"]
                assert row.get("course_id", offering["course_id"]) == offering["course_id"]
    wrong = "SELECT count(*) FROM {0} r JOIN {1} p ON p.id = r.{2} WHERE p.university_id <> r.university_id"
    for table, parent, column in (
        ("modules", "courses", "course_id"),
        ("course_subjects", "courses", "course_id"),
        ("course_prerequisites", "courses", "course_id"),
        ("discussion_posts", "discussion_threads", "thread_id"),
    ):
        assert await driver.fetchval(wrong.format(table, parent, column)) == 0
    members = await driver.fetch("""
        SELECT m.*, u.full_name, u.email AS login FROM university_members m JOIN users u ON u.id = m.user_id
    """)
    assert {(row["university_id"], row["user_id"]) for row in members} == seen
    assert len(members) == len(seen)
    for row in members:
        assert (row["display_name"], row["email"]) == (row["full_name"], row["login"])
        assert (row["status"], row["student_number"]) == ("active", None)


async def test_what_the_baseline_only_cached_is_made_right(superuser):
    """Wrong depths, a platform's administrator among a university's roles: mended on the way up."""
    async with temporary_database(superuser, "0001") as database:
        driver = await connect(database.owner)
        await driver.execute(ROWS)
        await driver.execute("""
            UPDATE modules SET depth = 7;
            INSERT INTO user_university_roles (user_id, university_id, role)
            VALUES (20, 1, 'platform_admin'), (20, 2, 'platform_admin'), (21, 1, 'platform_admin');
        """)
        await migrations.upgrade(database.owner, "0002")
        assert [row["depth"] for row in await driver.fetch("SELECT depth FROM modules ORDER BY id")] == [
            0, 1, 1, 2, 2, 0, 0,
        ]  # fmt: skip
        await is_filled_right(driver)
        found = await driver.fetch("SELECT user_id FROM platform_administrators ORDER BY 1")
        assert [row["user_id"] for row in found] == [20, 21]
        assert await driver.fetchval("SELECT count(*) FROM user_university_roles WHERE role = 'platform_admin'") == 0
        await driver.close()


async def test_below_the_first_revision_nothing_is_left(superuser):
    async with temporary_database(superuser) as database:
        await migrations.downgrade(database.owner, "base")
        assert await state(database) == (None, [])


# ---- what stands in the way ----

UPGRADE_CONFLICTS = {
    "1 countries whose iso_code is not two capital letters": "UPDATE countries SET iso_code = 'us' WHERE id = 1",
    "2 universities whose short_code is not 2–24 of A–Z and 0–9": (
        "UPDATE universities SET short_code = short_code || '-1'"
    ),
    "1 e-mail addresses that differ by case only": (
        "INSERT INTO users (email, full_name, password_hash) VALUES ('USER1@x.example', 'x', '!')"
    ),
    "1 courses with a department of another university": "UPDATE courses SET department_id = 2 WHERE id = 1",
    "1 roles with a department of another university": (
        "UPDATE user_university_roles SET department_id = 1 WHERE university_id = 2"
    ),
    "1 offerings of another university's course": (
        "INSERT INTO course_offerings (course_id, university_id) VALUES (1, 2)"
    ),
    "2 prerequisites of itself or of another university": (
        "INSERT INTO course_prerequisites (course_id, prerequisite_course_id) VALUES (1, 1), (1, 2)"
    ),
    "1 modules whose parent is of another course": ("UPDATE modules SET parent_module_id = 6, depth = 1 WHERE id = 7"),
    "2 modules in a cycle or deeper than 32": "UPDATE modules SET parent_module_id = 4 WHERE id = 3",
    "1 modules in a cycle or deeper than 32": (  # 7 is of depth 0, so the last of 33 more of depth 33
        "INSERT INTO modules (course_id, parent_module_id, module_type, title)"
        " SELECT 3, 6 + n, 'unit', 'deep' FROM generate_series(1, 33) n"
    ),
    "1 content items whose module, course and university do not belong together": (
        "UPDATE content_items SET university_id = 2 WHERE id = 3"
    ),
    "1 assets without a university": "UPDATE assets SET university_id = NULL",
    "1 module progress on another course's module": (
        "INSERT INTO user_module_progress (user_id, course_offering_id, module_id) VALUES (7, 1, 7)"
    ),
    "1 user_content_progress on another course's item": (
        "INSERT INTO user_content_progress (user_id, course_offering_id, content_item_id) VALUES (7, 1, 3)"
    ),
    "1 quiz_attempts on another course's item": (
        "INSERT INTO quiz_attempts (user_id, course_offering_id, content_item_id) VALUES (7, 1, 2)"
    ),
    "1 lab_submissions on another course's item": (
        "INSERT INTO lab_submissions (user_id, course_offering_id, content_item_id) VALUES (7, 3, 1)"
    ),
    "1 discussion_threads on another course's item": (
        "INSERT INTO discussion_threads (created_by_user_id, course_offering_id, content_item_id) VALUES (7, 1, 3)"
    ),
    "1 threads on another course's module": (
        "INSERT INTO discussion_threads (created_by_user_id, course_offering_id, module_id) VALUES (7, 1, 7)"
    ),
    "1 posts whose parent is in another thread": "UPDATE discussion_posts SET parent_post_id = 3 WHERE id = 2",
}
# What no query of the revision looks for, the constraint refuses; also then nothing is kept.
UPGRADE_FAILURES = {
    "user_module_progress_progress_percent_check": "UPDATE user_module_progress SET progress_percent = 250",
    "course_grades_final_score_check": "UPDATE course_grades SET final_score = 'NaN'",
    "course_offerings_dates_check": "UPDATE course_offerings SET starts_at = now(), ends_at = now()",
    "modules_sequence_index_check": "UPDATE modules SET sequence_index = -sequence_index",
}


DOWNGRADE_CONFLICTS = {
    "1 platform administrators (a role of no university)": "INSERT INTO platform_administrators VALUES (20)",
    "1 module templates of one university": "UPDATE module_templates SET university_id = 1",
    "1 roles of one person in several departments": (
        "INSERT INTO user_university_roles (university_id, user_id, role) VALUES (1, 1, 'department_admin')"
    ),
    "1 certificate codes used by two universities": (
        "INSERT INTO certificates (university_id, course_offering_id, user_id, certificate_code, issued_at)"
        " VALUES (2, 2, 6, 'A-1', now())"
    ),
    "1 members without a role or a record": (
        "INSERT INTO university_members VALUES (2, 30, 'User 30', 'user30@x.example')"
    ),
}
OF_THEIR_OWN = "1 members with a name, address, number or status of their own"
MEMBERS = ["display_name = 'Nick'", "email = 'nick@x.example'", "student_number = '7'", "status = 'invited'"]


@pytest.fixture(scope="module")
async def baseline(superuser) -> AsyncIterator[Database]:
    """A database at 0001 with rows in every table, to copy from."""
    async with temporary_database(superuser, "0001") as database:
        await execute(database, ROWS)
        yield database


@pytest.fixture(scope="module")
async def tenant_keys(superuser, baseline) -> AsyncIterator[Database]:
    """The same at 0002."""
    async with copied(superuser, baseline) as database:
        await migrations.upgrade(database.owner, "0002")
        yield database


@pytest.fixture(scope="module")
async def untouched_baseline(baseline) -> tuple[Any, ...]:
    return await state(baseline)


@pytest.fixture(scope="module")
async def untouched_tenant_keys(tenant_keys) -> tuple[Any, ...]:
    return await state(tenant_keys)


@pytest.mark.parametrize("conflict", UPGRADE_CONFLICTS)
async def test_upgrade_names_the_conflict_and_changes_nothing(superuser, baseline, untouched_baseline, conflict):
    async with copied(superuser, baseline) as database:
        await execute(database, UPGRADE_CONFLICTS[conflict])
        assert await refused(migrations.upgrade(database.owner)) == (
            f"revision 0002 can't be applied and changed nothing; first mend: {conflict}"
        )
        assert await state(database) == untouched_baseline
        assert untouched_baseline[0] == "0001"


async def test_every_upgrade_conflict_is_tried():
    revision = ScriptDirectory.from_config(migrations.config()).get_revision("0002")
    assert {name.split(maxsplit=1)[1] for name in UPGRADE_CONFLICTS} == set(revision.module._UPGRADE_CONFLICTS)
    tried = {*DOWNGRADE_CONFLICTS, OF_THEIR_OWN, *(f"1 {table} that share an id" for table in TENANT_TABLES)}
    assert {name.split(maxsplit=1)[1] for name in tried} == set(revision.module._DOWNGRADE_CONFLICTS)


# ---- revision 0006: the rules that the seed did not have ----

RULES_CONFLICTS = {
    "1 department_admin roles without a department": (
        "INSERT INTO user_university_roles (university_id, user_id, role) VALUES (1, 5, 'department_admin')"
    ),
    "1 courses with two primary subjects": (
        "INSERT INTO subjects (name, code) VALUES ('Mechanics', 'MECH');"
        "INSERT INTO course_subjects (university_id, course_id, subject_id) VALUES (1, 1, 2);"
        "UPDATE course_subjects SET is_primary = true"
    ),
    "2 courses that are their own prerequisite by way of others": (
        "INSERT INTO course_prerequisites (university_id, course_id, prerequisite_course_id) VALUES (1, 1, 3)"
    ),
    "3 offerings whose visibility is not private, members or public": (
        "UPDATE course_offerings SET visibility = 'banana'"
    ),
    "1 completed enrollments without completed_at": (
        "UPDATE course_enrollments SET status = 'completed' WHERE user_id = 16"
    ),
    "2 quiz_attempts of people who are not enrolled": "DELETE FROM course_enrollments WHERE user_id = 9",
    "1 lab_submissions of people who are not enrolled": "DELETE FROM course_enrollments WHERE user_id = 10",
    "1 course_reviews of people who are not enrolled": "DELETE FROM course_enrollments WHERE user_id = 16",
    "2 quiz_attempts on something else than a quiz": "UPDATE quiz_attempts SET content_item_id = 4",
    "1 lab_submissions on something else than a lab or an assignment": "UPDATE lab_submissions SET content_item_id = 1",
    "1 quiz_attempts of one number": "UPDATE quiz_attempts SET attempt_number = 1",
    "1 people with several open quiz_attempts at one quiz": "UPDATE quiz_attempts SET submitted_at = NULL",
    "1 quiz_attempts with more than max_score": (
        "UPDATE quiz_attempts SET score_obtained = 500, max_score = 100 WHERE attempt_number = 1"
    ),
    "1 lab_submissions with more than max_score": "UPDATE lab_submissions SET score_obtained = 2, max_score = 1",
    "1 lab_submissions whose status is not submitted, grading, graded or returned": (
        "UPDATE lab_submissions SET status = 'banana'"
    ),
    "1 content_items whose data_json is no object": "UPDATE content_items SET data_json = '[1]' WHERE id = 1",
    "1 certificates that expire before their issue": "UPDATE certificates SET expires_at = issued_at",
    "1 people with two certificates of one offering": (
        "INSERT INTO certificates (university_id, course_offering_id, user_id, certificate_code, issued_at)"
        " SELECT university_id, course_offering_id, user_id, 'A-2', issued_at FROM certificates"
    ),
    "1 certificates of people who have not completed the offering": (
        "UPDATE course_enrollments SET status = 'dropped' WHERE user_id = 12"
    ),
}
RULES_DOWNGRADE_CONFLICTS = {
    "1 rows of terms": "INSERT INTO terms (university_id, code, name, starts_at, ends_at)"
    " VALUES (1, 'F', 'Fall', '2026-09-01Z', '2026-12-01Z')",
    "1 revoked certificates": "UPDATE certificates SET revoked_at = now(), revocation_reason = 'x'",
    "1 courses with a difficulty": "UPDATE courses SET difficulty = 'beginner' WHERE id = 1",
    "1 offerings with a capacity": "UPDATE course_offerings SET waitlist_capacity = 1 WHERE id = 1",
    "2 instructors with another role": "UPDATE course_offering_instructors SET role = 'ta'",
    "1 waitlisted enrollments with their time": "UPDATE course_enrollments SET waitlisted_at = now() WHERE user_id = 6",
    "2 threads that are pinned or have an accepted answer": (
        "UPDATE discussion_threads SET is_pinned = id = 2, accepted_post_id = CASE id WHEN 1 THEN 1 END"
    ),
    "1 content_items of a later revision": "UPDATE content_items SET revision = 2 WHERE id = 1",
    "1 submissions with results or a grader": "UPDATE lab_submissions SET hidden_results = '[]'",
}


@pytest.fixture(scope="module")
async def without_rules(superuser, baseline) -> AsyncIterator[Database]:
    """A database at 0005 with rows in every table of the seed."""
    async with copied(superuser, baseline) as database:
        await migrations.upgrade(database.owner, "0005")
        yield database


@pytest.fixture(scope="module")
async def with_rules(superuser, without_rules) -> AsyncIterator[Database]:
    """The same at 0006."""
    async with copied(superuser, without_rules) as database:
        await migrations.upgrade(database.owner, "0006")
        yield database


@pytest.fixture(scope="module")
async def untouched_without_rules(without_rules) -> tuple[Any, ...]:
    return await state(without_rules)


@pytest.fixture(scope="module")
async def untouched_with_rules(with_rules) -> tuple[Any, ...]:
    return await state(with_rules)


@pytest.mark.parametrize("conflict", RULES_CONFLICTS)
async def test_rows_against_the_rules_are_named_and_stay(superuser, without_rules, untouched_without_rules, conflict):
    async with copied(superuser, without_rules) as database:
        await execute(database, RULES_CONFLICTS[conflict])
        # A row may break two rules at once: a dropped person has neither completed nor handed in.
        assert conflict in (await refused(migrations.upgrade(database.owner, "0006"))).split("first mend: ")[1]
        assert await state(database) == untouched_without_rules
        assert untouched_without_rules[0] == "0005"


@pytest.mark.parametrize("conflict", RULES_DOWNGRADE_CONFLICTS)
async def test_what_the_seed_has_no_place_for_is_not_thrown_away(superuser, with_rules, untouched_with_rules, conflict):
    async with copied(superuser, with_rules) as database:
        await execute(database, RULES_DOWNGRADE_CONFLICTS[conflict])
        assert await refused(migrations.downgrade(database.owner, "0005")) == (
            f"revision 0006 can't be taken back and changed nothing; first mend: {conflict}"
        )
        assert await state(database) == untouched_with_rules
        assert untouched_with_rules[0] == "0006"


async def test_every_conflict_of_the_rules_is_tried():
    module = ScriptDirectory.from_config(migrations.config()).get_revision("0006").module
    assert {name.split(maxsplit=1)[1] for name in RULES_CONFLICTS} == set(module._UPGRADE_CONFLICTS)
    rows = {f"rows of {table}" for table in module._NEW_TABLES}  # one of them is tried, for all
    tried = {name.split(maxsplit=1)[1] for name in RULES_DOWNGRADE_CONFLICTS}
    assert tried | rows == set(module._DOWNGRADE_CONFLICTS)


async def test_what_the_rules_work_out(superuser, with_rules):
    async with copied(superuser, with_rules) as database:
        driver = await connect(database.owner)
        seats = await driver.fetch("SELECT seats_taken FROM course_offerings ORDER BY id")
        attempts = await driver.fetch("SELECT attempt_number, status FROM quiz_attempts ORDER BY id")
        submission = await driver.fetchrow("SELECT content_type::text, attempt_number, posted_at FROM lab_submissions")
        certificate = await driver.fetchrow(
            "SELECT recipient_name, course_code, course_title, enrollment_status::text FROM certificates"
        )
        posted = await driver.fetchval("SELECT bool_and(posted_at IS NOT DISTINCT FROM graded_at) FROM course_grades")
        await driver.close()
    assert [row[0] for row in seats] == [3, 1, 1]
    assert [tuple(row) for row in attempts] == [(1, "submitted"), (2, "in_progress")]
    assert tuple(submission) == ("engineering_lab", 1, None)
    assert tuple(certificate) == ("User 12", "P1", "Forces", "completed")
    assert posted


async def test_several_conflicts_are_all_named(superuser, baseline):
    async with copied(superuser, baseline) as database:
        for conflict in list(UPGRADE_CONFLICTS)[:3]:
            await execute(database, UPGRADE_CONFLICTS[conflict])
        assert (await refused(migrations.upgrade(database.owner))).endswith("; ".join(list(UPGRADE_CONFLICTS)[:3]))


@pytest.mark.parametrize("constraint", UPGRADE_FAILURES)
async def test_upgrade_that_fails_half_way_keeps_nothing(superuser, baseline, untouched_baseline, constraint):
    async with copied(superuser, baseline) as database:
        await execute(database, UPGRADE_FAILURES[constraint])
        line = await refused(migrations.upgrade(database.owner))
        assert line.startswith("the migration failed, nothing of it was kept: ")
        assert constraint in line
        assert await state(database) == untouched_baseline


@pytest.mark.parametrize(
    ("conflict", "statement"),
    [
        *DOWNGRADE_CONFLICTS.items(),
        *((OF_THEIR_OWN, f"UPDATE university_members SET {own} WHERE user_id = 5") for own in MEMBERS),
    ],
)
async def test_downgrade_names_the_conflict_and_changes_nothing(
    superuser, tenant_keys, untouched_tenant_keys, conflict, statement
):
    async with copied(superuser, tenant_keys) as database:
        await execute(database, statement)
        assert await refused(migrations.downgrade(database.owner, "0001")) == (
            f"revision 0002 can't be taken back and changed nothing; first mend: {conflict}"
        )
        assert await state(database) == untouched_tenant_keys
        assert untouched_tenant_keys[0] == "0002"


async def test_downgrade_names_every_table_with_an_id_in_two_universities(superuser, tenant_keys):
    async with copied(superuser, tenant_keys) as database:
        driver = await connect(database.owner)
        await driver.execute("SET session_replication_role = replica")  # only the ids matter, not what they refer to
        for table in TENANT_TABLES:
            rows = await driver.fetch(
                "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0"
                " AND NOT attisdropped AND attgenerated = ''",
                table,
            )
            columns = [row["attname"] for row in rows]
            values = ["2" if name == "university_id" else name for name in columns]
            values = ["'X2'" if name in {"code", "certificate_code"} else name for name in values]
            copied_row = f"SELECT {', '.join(values)} FROM {table} WHERE university_id = 1 ORDER BY id LIMIT 1"
            assert await driver.execute(f"INSERT INTO {table} ({', '.join(columns)}) {copied_row}") == "INSERT 0 1"
        await driver.close()
        before = await state(database)
        line = await refused(migrations.downgrade(database.owner, "0001"))
        assert line.split("first mend: ")[1].split("; ") == [f"1 {table} that share an id" for table in TENANT_TABLES]
        assert await state(database) == before


async def test_external_keys_are_not_thrown_away(superuser, tenant_keys):
    async with copied(superuser, tenant_keys) as database:
        await migrations.upgrade(database.owner, "0003")
        await execute(database, "INSERT INTO external_keys VALUES (1, 'olx', 'course', 'x', 1)")
        before = await state(database)
        line = await refused(migrations.downgrade(database.owner, "0002"))
        assert line == "revision 0003 can't be taken back and changed nothing; first delete external_keys"
        assert await state(database) == before
        await execute(database, "DELETE FROM external_keys")
        await migrations.downgrade(database.owner, "0002")
        assert await state(database) == await state(tenant_keys)


async def test_since_0021_versions_count_what_editors_change_and_archived_courses_stay(superuser, with_rules):
    async with copied(superuser, with_rules) as database:
        await migrations.upgrade(database.owner, "0022")
        before_it = ScriptDirectory.from_config(migrations.config()).get_revision("0022").down_revision
        changes = {
            "courses": ("title = title || '.'", "content_version = gen_random_uuid(), title = title"),
            "course_offerings": ("visibility = 'public'", "seats_taken = 0"),
            "offering_sections": ("name = name || '.'", "updated_at = now()"),
        }
        driver = await connect(database.owner)
        await driver.execute(
            "INSERT INTO offering_sections (university_id, course_offering_id, code, name)"
            " SELECT university_id, id, 'V', 'V' FROM course_offerings LIMIT 1"
        )
        await driver.execute("UPDATE course_offerings SET visibility = 'private'")
        for table, (counted, uncounted) in changes.items():
            versions = f"SELECT university_id, id, version FROM {table} ORDER BY 1, 2"
            was = [tuple(row) for row in await driver.fetch(versions)]
            await driver.execute(f"UPDATE {table} SET {uncounted}")
            assert [tuple(row) for row in await driver.fetch(versions)] == was
            await driver.execute(f"UPDATE {table} SET {counted}")
            assert [tuple(row) for row in await driver.fetch(versions)] == [(*key, number + 1) for *key, number in was]
            assert was
        await driver.execute("UPDATE courses SET archived_at = now() WHERE id = (SELECT min(id) FROM courses)")
        await driver.close()
        before = await state(database)
        line = await refused(migrations.downgrade(database.owner, before_it))
        assert line == "revision 0022 can't be taken back and changed nothing: 1 archived courses"
        assert await state(database) == before
        await execute(database, "UPDATE courses SET archived_at = NULL")
        await migrations.downgrade(database.owner, before_it)


async def test_what_items_were_is_kept_since_0023_and_not_thrown_away(superuser, with_rules):
    async with copied(superuser, with_rules) as database:
        await migrations.upgrade(database.owner, "0024")
        before_it = ScriptDirectory.from_config(migrations.config()).get_revision("0024").down_revision
        for title in ("One", "Two"):
            await execute(database, f"UPDATE content_items SET title = '{title}', description = title WHERE id = 1")
        await execute(database, "UPDATE content_items SET sequence_index = sequence_index + 50 WHERE id = 1")
        driver = await connect(database.owner)
        kept = await driver.fetch("SELECT revision, title, description FROM content_item_revisions ORDER BY revision")
        number = await driver.fetchval("SELECT revision FROM content_items WHERE id = 1")
        await driver.close()
        assert [row["revision"] for row in kept] == [1, 2]
        assert (kept[1]["title"], kept[1]["description"], number) == ("One", kept[0]["title"], 3)
        before = await state(database)
        line = await refused(migrations.downgrade(database.owner, before_it))
        assert line == (
            "revision 0024 can't be taken back and changed nothing:"
            " 1 former descriptions and durations of content items"
        )
        assert await state(database) == before
        await execute(database, "UPDATE content_item_revisions SET description = NULL")
        await migrations.downgrade(database.owner, before_it)


_VERSION = (
    "INSERT INTO module_template_versions (template_id, university_id, version, title, tree, node_count)"
    " SELECT template_id, university_id, 2, title, tree, node_count FROM module_template_versions"
)
TEMPLATE_CONFLICTS = {
    "1 versions of templates": _VERSION,
    "1 drafts of templates": "UPDATE module_templates SET draft = '[]'",
    "1 archived templates": "UPDATE module_templates SET archived_at = now()",
    "1 modules of a template's node": "UPDATE modules SET template_version = NULL WHERE template_version = 1",
    "1 items of a template's node": "UPDATE content_items SET template_node = 'k' WHERE id = 1",
}


async def test_templates_of_before_have_a_first_version_and_later_ones_are_not_thrown_away(superuser, with_rules):
    revision = ScriptDirectory.from_config(migrations.config()).get_revision("0026")
    assert TEMPLATE_CONFLICTS.keys() == {f"1 {what}" for what in revision.module._DOWNGRADE_CONFLICTS}
    async with copied(superuser, with_rules) as database:
        await migrations.upgrade(database.owner, "0026")
        driver = await connect(database.owner)
        (version,) = await driver.fetch("SELECT * FROM module_template_versions")
        module = await driver.fetchrow("SELECT * FROM modules WHERE module_template_id IS NOT NULL")
        await driver.close()
        (node,) = json.loads(version["tree"])
        key = node.pop("key")
        assert node == {
            "kind": "module", "parent": None, "type": "lesson", "title": "Template", "description": None
        }  # fmt: skip
        assert (version["version"], version["title"], version["node_count"]) == (1, "Template", 1)
        assert (module["template_version"], module["template_node"], len(key)) == (1, key, 32)
        for conflict, statement in TEMPLATE_CONFLICTS.items():
            async with copied(superuser, database) as other:
                await execute(other, statement)
                before = await state(other)
                line = await refused(migrations.downgrade(other.owner, revision.down_revision))
                assert line == f"revision 0026 can't be taken back and changed nothing: {conflict}"
                assert await state(other) == before
        await migrations.downgrade(database.owner, revision.down_revision)


_SOMEBODY = (
    "INSERT INTO countries (iso_code, name) VALUES ('US', 'x');"
    " INSERT INTO universities (name, short_code, country_id) SELECT 'x', 'XX', id FROM countries;"
    " INSERT INTO users (email, full_name, password_hash) VALUES ('a@b.example', 'x', '!');"
    " INSERT INTO university_members (university_id, user_id, display_name, email)"
    " SELECT u.id, p.id, 'x', p.email FROM universities u, users p;"
)
LEFT_BEHIND = {
    ("0019", "1 files that are no submission's"): (
        f"{_SOMEBODY} INSERT INTO uploads (university_id, user_id, purpose, file_name, media_type, size_bytes,"
        " expires_at)"
        " SELECT university_id, user_id, 'asset', 'x', 'image/png', 1, now() FROM university_members"
    ),
    ("0021", "1 imports of rosters"): (
        f"{_SOMEBODY} INSERT INTO jobs (university_id, kind, created_by) SELECT university_id, 'x', user_id"
        " FROM university_members; INSERT INTO roster_imports (university_id, job_id, file_name, mode, is_dry_run)"
        " SELECT university_id, id, 'x', 'full', true FROM jobs"
    ),
    ("0020", "1 invitations"): (
        f"{_SOMEBODY}"
        " INSERT INTO invitations (university_id, user_id, digest, expires_at)"
        " SELECT university_id, user_id, sha256('x'), now() + interval '1 day' FROM university_members"
    ),
    ("0020", "1 entries of the platform's audit log"): (
        "INSERT INTO platform_audit_log (user_id, act, entity, entity_id, request_id) VALUES (1, 'x', 'x', 1, 'x')"
    ),
}


@pytest.mark.parametrize(("revision", "conflict"), LEFT_BEHIND)
async def test_what_administrators_left_behind_is_not_thrown_away(superuser, revision, conflict):
    before = ScriptDirectory.from_config(migrations.config()).get_revision(revision).down_revision
    async with temporary_database(superuser, revision) as database:
        untouched = await state(database)
        await execute(database, LEFT_BEHIND[revision, conflict])
        assert await refused(migrations.downgrade(database.owner, before)) == (
            f"revision {revision} can't be taken back and changed nothing: {conflict}"
        )
        assert await state(database) == untouched


# ---- where migrating is not possible at all ----


async def test_pending_migrations_are_said(superuser, baseline, database):
    head = migrations.head()
    await migrations.require_head(database.owner)
    await migrations.require_head(database.app)
    with pytest.raises(MigrationsPendingError) as caught:
        await migrations.require_head(baseline.owner)
    assert str(caught.value) == (
        f"the database is at revision 0001, this version needs {head}: run lms-graphql migrate"
    )
    with pytest.raises(MigrationsPendingError, match="at revision none, this version needs"):
        await migrations.require_head(superuser)


async def test_a_login_that_cannot_become_the_owner(database):
    before = await state(database)
    with pytest.raises(RolesMissingError, match=r"^lms_app can't become lms_owner: connect as .*$"):
        await migrations.downgrade(database.app, "base")
    assert await state(database) == before


async def test_a_server_without_the_roles(tmp_path):
    server = EmbeddedPostgres(tmp_path / "new", options={"fsync": "off"})
    try:
        server.start()
    except EmbeddedPostgresError as error:
        pytest.skip(str(error))
    with server:
        url = database_url(server.url())
        with pytest.raises(RolesMissingError, match=r"^postgres can't become lms_owner: .*--superuser-url URL$"):
            await migrations.upgrade(url)
        await roles.bootstrap(url, "lms")
        await roles.bootstrap(url, "lms", app_password='it\'s \\ "quoted"')
        await migrations.upgrade(url.set(database="lms"))
        await migrations.require_head(url.set(database="lms", username="lms_app"))


@pytest.mark.parametrize(
    "text",
    ["", "lms", "mysql://me:s3cret@host/lms", "postgresql://me:s3cret@host", "postgresql://me:s3cret@host:x/lms"],
)
def test_a_wrong_url_is_said_without_its_password(text, monkeypatch):
    monkeypatch.setenv("LMS_OWNER_DATABASE_URL", text)
    with pytest.raises(InvalidDatabaseUrlError) as caught:
        migrations.owner_url_from_environment()
    assert str(caught.value) == (
        "LMS_OWNER_DATABASE_URL is not a PostgreSQL URL like postgresql://user:password@host:5432/name"
    )


async def test_what_commands_did_to_the_platform_is_not_thrown_away(superuser, with_rules):
    """0027; and what was of the library is of it still, there and back."""
    revision = ScriptDirectory.from_config(migrations.config()).get_revision("0027")
    assert [*revision.module._DOWNGRADE_CONFLICTS] == ["entries of the platform's audit log about commands"]
    async with copied(superuser, with_rules) as database:
        await migrations.upgrade(database.owner, "0027")
        entry = (
            "INSERT INTO platform_audit_log (user_id, act, entity, entity_id, request_id) VALUES ({}, 'x', 'x', 1, 'x')"
        )
        await execute(database, entry.format(1))
        async with copied(superuser, database) as other:
            await execute(other, entry.format("NULL"))
            before = await state(other)
            line = await refused(migrations.downgrade(other.owner, revision.down_revision))
            assert line == (
                "revision 0027 can't be taken back and changed nothing:"
                " 1 entries of the platform's audit log about commands"
            )
            assert await state(other) == before
        await migrations.downgrade(database.owner, revision.down_revision)
        await migrations.upgrade(database.owner, "0027")


async def test_an_unreachable_server_is_said_in_one_line(superuser):
    with socket.socket() as listener:  # bound, but nobody listens
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        nobody = database_url(f"postgresql://me:s3cret@127.0.0.1:{port}/lms")
        no_socket = database_url("postgresql://me:s3cret@/lms?host=/nowhere")
        for url in (nobody, superuser.set(database="lms_is_not_here"), no_socket):
            for action in (migrations.upgrade, migrations.require_head, lambda url: roles.bootstrap(url, "lms")):
                with pytest.raises(DatabaseUnreachableError) as caught:
                    await action(url)
                assert re.fullmatch("can't connect to PostgreSQL at .*: .+", str(caught.value))
                assert "s3cret" not in str(caught.value)


# ---- revision 0023: what authors of a syllabus and of assets need

AUTHORING_CONFLICTS = {
    "1 archived modules": "UPDATE modules SET archived_at = now() WHERE id = 3",
    "1 assets that are uploads, are for staff only, or have a course or a title": (
        "UPDATE assets SET is_staff_only = true"
    ),
}
"""The second also for a title, a course and an upload: one condition, tried once."""


@pytest.fixture(scope="module")
async def authored(superuser, baseline) -> AsyncIterator[Database]:
    """The rows of 0001 at 0023, where an item of before names the asset that there is, and one that there is not."""
    async with copied(superuser, baseline) as database:
        await execute(
            database,
            """UPDATE content_items SET content_type = 'text', data_json =
            '{"blocks": [{"type": "image", "asset_id": 1}, {"type": "image", "asset_id": 7}]}' WHERE id = 3""",
        )
        await migrations.upgrade(database.owner, "0023")
        yield database


async def test_references_of_before_are_kept(superuser, authored):
    async with copied(superuser, authored) as database:
        driver = await connect(database.owner)
        kept = [tuple(row) for row in await driver.fetch("SELECT * FROM content_item_assets")]
        await driver.close()
    assert kept == [(1, 3, 1)]


@pytest.mark.parametrize("conflict", AUTHORING_CONFLICTS)
async def test_what_authors_made_is_not_thrown_away(superuser, authored, conflict):
    async with copied(superuser, authored) as database:
        untouched = await state(database)
        await execute(database, AUTHORING_CONFLICTS[conflict])
        assert await refused(migrations.downgrade(database.owner, "0022")) == (
            f"revision 0023 can't be taken back and changed nothing: {conflict}"
        )
        assert await state(database) == untouched


async def test_every_conflict_of_authors_is_tried():
    module = ScriptDirectory.from_config(migrations.config()).get_revision("0023").module
    assert {name.split(maxsplit=1)[1] for name in AUTHORING_CONFLICTS} == set(module._DOWNGRADE_CONFLICTS)
