"""The model as PostgreSQL has it: catalog, keys, the second wall, and the rows that it refuses.

`catalog_0001.txt` was made from the product owner's SQL alone, not from the migration; revision 0001 never changes.
"""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from lms_graphql import tables
from lms_graphql.storage import migrations
from lms_graphql.storage.database import connect
from tests.conftest import Database, temporary_database
from tests.storage.catalog import listing
from tests.world import World

BASELINE = Path(__file__).with_name("catalog_0001.txt").read_text(encoding="utf-8").splitlines()
TENANT = "(university_id = (NULLIF(current_setting('lms.university_id'::text, true), ''::text))::bigint)"
OWN_ROW = "(user_id = (NULLIF(current_setting('lms.user_id'::text, true), ''::text))::bigint)"
TENANT_TABLES = """
    SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'university_id'
    JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p' AND a.attnum = ANY (k.conkey)
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnotnull
"""


async def catalog_of(database: Database, **options: Any) -> list[str]:
    driver = await connect(database.owner)
    try:
        return await listing(driver, **options)
    finally:
        await driver.close()


@pytest.fixture(scope="module")
async def driver(database: Database, world: World) -> AsyncIterator[asyncpg.Connection]:
    """A superuser's connection to the shared database; what it writes is rolled back."""
    made = await connect(database.owner)
    yield made
    await made.close()


@pytest.fixture(scope="module")
async def tenant_tables(driver) -> list[str]:
    return sorted(row[0] for row in await driver.fetch(TENANT_TABLES))


# ---- the catalog ----


def test_the_baseline_has_26_tables_and_6_enums():
    assert len({line.split()[1].split(".")[0] for line in BASELINE if line.startswith("column ")}) == 26
    assert sum(line.startswith("enum ") for line in BASELINE) == 6
    assert sum(" COMMENT " in line for line in BASELINE) == 2


async def test_revision_0001_is_the_baseline(superuser):
    async with temporary_database(superuser, "0001") as database:
        assert await catalog_of(database) == BASELINE


async def test_the_baseline_is_the_product_owners_sql(superuser, shared):
    async with temporary_database(superuser, None) as database:
        driver = await connect(database.owner)
        await driver.execute((shared / "seeds" / "lms.sql").read_text(encoding="utf-8"))
        found = await listing(driver)
        await driver.close()
    assert found == BASELINE


async def test_the_models_are_head(superuser, database):
    async with temporary_database(superuser, None) as made:

        def create(connection: Any) -> None:
            tables.metadata.create_all(connection)
            connection.commit()

        await migrations.on_owner_connection(made.owner, create)
        # SQLAlchemy writes the key of a model with its serial column first; the model's own order is checked below.
        found = [re.sub(r"_pkey (.*)\(id, university_id\)$", r"_pkey \1(university_id, id)", line)
                 for line in await catalog_of(made)]  # fmt: skip
    assert sorted(found) == await catalog_of(database)


async def test_primary_keys_have_the_order_of_the_models(driver):
    found = await driver.fetch("""
        SELECT conrelid::regclass::text, array_agg(a.attname::text ORDER BY position)
        FROM pg_constraint k, unnest(conkey) WITH ORDINALITY AS c (number, position), pg_attribute a
        WHERE contype = 'p' AND connamespace = 'public'::regnamespace AND a.attrelid = conrelid AND a.attnum = number
          AND conrelid::regclass::text <> 'alembic_version'
        GROUP BY conrelid
    """)
    modelled = {name: [column.name for column in table.primary_key] for name, table in tables.metadata.tables.items()}
    assert dict(tuple(row) for row in found) == modelled


async def test_alembic_finds_no_difference(database):
    await migrations.check(database.owner)


async def test_there_is_no_way_round_the_policies(driver):
    """A view reads as its owner unless told otherwise, a SECURITY DEFINER function always does."""
    found = await driver.fetch("""
        SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind NOT IN ('r', 'i', 'S')
        UNION ALL
        SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace::regnamespace::text <> 'pg_catalog'
    """)
    # The first gives only ids of the setting's university, and the loaders read those rows under their policies; the
    # others write a table that nobody may read.
    assert sorted(row[0] for row in found) == ["keep_course_text", "keep_member_text", "search_ids"]


# ---- keys ----


async def test_the_tenant_tables(tenant_tables):
    named = {name for name, table in tables.metadata.tables.items() if "university_id" in table.columns}
    assert set(tenant_tables) == named - {"module_templates"}
    assert len(tenant_tables) == 23


async def test_references_between_tenant_tables_carry_the_university(driver, tenant_tables):
    found = await driver.fetch(
        """
        SELECT conname, (SELECT attname = 'university_id' FROM pg_attribute WHERE attrelid = conrelid
                         AND attnum = conkey[1]) AND (SELECT attname = 'university_id' FROM pg_attribute
                         WHERE attrelid = confrelid AND attnum = confkey[1]) AS led
        FROM pg_constraint WHERE contype = 'f' AND conrelid::regclass::text = ANY ($1)
          AND confrelid::regclass::text = ANY ($1)
        """,
        tenant_tables,
    )
    assert len(found) == 39
    assert [row["conname"] for row in found if not row["led"]] == []


async def test_unique_keys_of_tenant_tables_are_led_by_the_university(driver, tenant_tables):
    found = await driver.fetch(
        """
        SELECT indexrelid::regclass::text AS name, attname FROM pg_index
        LEFT JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
        WHERE indisunique AND indrelid::regclass::text = ANY ($1)
        """,
        tenant_tables,
    )
    assert len(found) > len(tenant_tables)
    assert [row["name"] for row in found if row["attname"] != "university_id"] == []


async def test_what_a_deleted_row_takes_with_it(driver):
    found = await driver.fetch("""
        SELECT conname, confdeltype::text FROM pg_constraint
        WHERE contype = 'f' AND confdeltype <> 'a' AND connamespace = 'public'::regnamespace
    """)
    assert {row["conname"]: row["confdeltype"] for row in found} == {
        "discussion_posts_thread_id_fkey": "c",
        "discussion_posts_parent_post_id_fkey": "c",
        # towards tables of no tenant
        "courses_primary_subject_id_fkey": "n",
        "subjects_parent_subject_id_fkey": "n",
        "subjects_domain_id_fkey": "n",
    }


# ---- the second wall ----


async def test_every_tenant_table_has_its_policy(driver, tenant_tables):
    walls = await driver.fetch("""
        SELECT relname, relforcerowsecurity FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relrowsecurity
    """)
    assert {row["relname"]: row["relforcerowsecurity"] for row in walls} == dict.fromkeys(
        [*tenant_tables, "module_templates"], False
    )
    policies = await driver.fetch("""
        SELECT tablename, policyname, permissive, roles::text[], cmd, qual, with_check FROM pg_policies
        WHERE schemaname = 'public'
    """)
    everybody = ("PERMISSIVE", ["public"])
    assert {tuple(row)[:2]: tuple(row)[2:] for row in policies} == {
        **{(table, "tenant"): (*everybody, "ALL", TENANT, TENANT) for table in tenant_tables},
        ("module_templates", "tenant"): (*everybody, "ALL", f"((university_id IS NULL) OR {TENANT})", TENANT),
        ("university_members", "own_row"): (*everybody, "SELECT", OWN_ROW, None),
        ("user_university_roles", "own_row"): (*everybody, "SELECT", OWN_ROW, None),
    }


async def test_what_the_roles_are(driver):
    found = await driver.fetch("""
        SELECT rolname, rolcanlogin, rolbypassrls, rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication AS may,
               (SELECT count(*) FROM pg_auth_members WHERE member = r.oid) AS memberships,
               (SELECT count(*) FROM pg_shdepend WHERE refobjid = r.oid AND refclassid = 'pg_authid'::regclass
                AND deptype = 'o') AS owned
        FROM pg_roles r WHERE rolname LIKE 'lms\\_%' AND rolname <> 'lms_owner'
    """)
    assert {row["rolname"]: tuple(row)[1:] for row in found} == {
        "lms_app": (True, False, False, 0, 0),
        "lms_auth": (True, False, False, 0, 0),
        "lms_platform": (True, True, False, 0, 0),
    }
    owner = await driver.fetchrow("SELECT * FROM pg_roles WHERE rolname = 'lms_owner'")
    assert (owner["rolcanlogin"], owner["rolsuper"], owner["rolbypassrls"]) == (False, False, False)
    others = await driver.fetch("""
        SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relowner <> 'lms_owner'::regrole
    """)
    assert others == []
    for role in ("lms_app", "lms_auth", "lms_platform"):
        assert not await driver.fetchval("SELECT has_schema_privilege($1, 'public', 'CREATE')", role)


async def granted(driver: asyncpg.Connection, role: str) -> dict[str, set[str]]:
    """What a role, or everybody, may do with whole tables: the rights by table."""
    rows = await driver.fetch(
        """
        SELECT relname, privilege_type FROM pg_class, aclexplode(relacl)
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND grantee IN ($1::text::regrole, 0)
        """,
        role,
    )
    rights: dict[str, set[str]] = {}
    for table, right in rows:
        rights.setdefault(table, set()).add(right)
    return rights


async def granted_of_users(driver: asyncpg.Connection, role: str) -> dict[str, set[str]]:
    """What a role may do with single columns of users: the columns by right."""
    rows = await driver.fetch(
        """
        SELECT privilege_type, attname FROM pg_attribute, aclexplode(attacl)
        WHERE attrelid = 'users'::regclass AND grantee IN ($1::text::regrole, 0)
        """,
        role,
    )
    columns: dict[str, set[str]] = {}
    for right, column in rows:
        columns.setdefault(right, set()).add(column)
    return columns


async def test_what_the_roles_may(driver, tenant_tables):
    every, read = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"}), frozenset({"SELECT"})
    reference = ["countries", "universities", "domains", "subjects", "platform_administrators", "alembic_version"]
    read_by_all = [*(table for table in tenant_tables if table != "search_texts"), "module_templates"]
    assert await granted(driver, "lms_app") == {
        **dict.fromkeys([*read_by_all, "rate_points"], every),
        **dict.fromkeys(reference, read),
    }
    assert await granted_of_users(driver, "lms_app") == {"SELECT": {"id", "is_active", "locale", "time_zone"}}
    assert await granted(driver, "lms_auth") == dict.fromkeys(
        ["users", "universities", "university_members", "user_university_roles"], read
    )
    assert await granted_of_users(driver, "lms_auth") == {"UPDATE": {"password_hash", "is_active", "updated_at"}}
    assert await granted(driver, "lms_platform") == dict.fromkeys([*read_by_all, *reference], read)
    assert await granted_of_users(driver, "lms_platform") == {
        "SELECT": {"id", "email", "full_name", "locale", "time_zone", "is_active", "created_at", "updated_at"}
    }
    columns = await driver.fetch("""
        SELECT DISTINCT attrelid::regclass::text FROM pg_attribute
        WHERE attacl IS NOT NULL AND attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
    """)
    assert [row[0] for row in columns] == ["users"]


# ---- rows that are refused: the constraint, and the statement ----
# {alpha} and {beta} are the universities, {a.…} and {b.…} their rows of the world, {student} … people, all as ids.
# {a.mine} is the condition for the student's rows; attempts, threads and so on there is one of each, see RECORDS.

ILLEGAL = """
countries_iso_code_check                INSERT INTO countries (iso_code, name) VALUES ('us', 'lower case')
countries_iso_code_check                INSERT INTO countries (iso_code, name) VALUES ('U', 'short')
countries_iso_code_key                  INSERT INTO countries (iso_code, name) VALUES ('US', 'twice')
universities_short_code_check           UPDATE universities SET short_code = 'alpha' WHERE id = {alpha}
universities_short_code_check           UPDATE universities SET short_code = 'A/B' WHERE id = {alpha}
universities_short_code_check           UPDATE universities SET short_code = 'A' WHERE id = {alpha}
ux_universities_short_code              UPDATE universities SET short_code = 'BETA' WHERE id = {alpha}
ux_users_email_lower                    INSERT INTO users (email, full_name, password_hash) VALUES ('STUDENT@test.example', 'x', '!')
search_texts_entity_check               UPDATE search_texts SET entity = 'thread' WHERE entity = 'course'
subjects_depth_check                    INSERT INTO subjects (code, name, depth) VALUES ('X', 'x', 33)
subjects_parent_check                   UPDATE subjects SET parent_subject_id = id
ux_university_members_email             UPDATE university_members SET email = 'OTHER@Alpha.example' WHERE university_id = {alpha} AND user_id = {student}
university_members_status_check         UPDATE university_members SET status = 'ghost' WHERE university_id = {alpha} AND user_id = {student}
ux_university_members_student_number    UPDATE university_members SET student_number = '7' WHERE university_id = {alpha}
user_university_roles_role_check        INSERT INTO user_university_roles (university_id, user_id, role) VALUES ({alpha}, {student}, 'platform_admin')
user_university_roles_user_id_fkey      INSERT INTO user_university_roles (university_id, user_id, role) VALUES ({alpha}, {outsider}, 'student')
user_university_roles_department_id_fkey  INSERT INTO user_university_roles (university_id, user_id, role, department_id) VALUES ({alpha}, {ta}, 'department_admin', {b.department})
uq_user_university_roles                INSERT INTO user_university_roles (university_id, user_id, role) VALUES ({alpha}, {student}, 'student')
ux_departments_university_code          INSERT INTO departments (university_id, name, code) VALUES ({alpha}, 'Twice', 'PH')
ux_courses_university_code              INSERT INTO courses (university_id, title, code) VALUES ({alpha}, 'Twice', 'P101')
courses_department_id_fkey              UPDATE courses SET department_id = {b.department} WHERE id = {a.course}
courses_university_id_fkey              INSERT INTO courses (university_id, title, code) VALUES (0, 'Nowhere', 'X')
courses_credit_hours_check              UPDATE courses SET credit_hours = -1 WHERE id = {a.course}
courses_credit_hours_check              UPDATE courses SET credit_hours = 'NaN' WHERE id = {a.course}
course_subjects_course_id_fkey          UPDATE course_subjects SET course_id = {b.course} WHERE university_id = {alpha}
course_prerequisites_self_check         INSERT INTO course_prerequisites (university_id, course_id, prerequisite_course_id) VALUES ({alpha}, {a.course}, {a.course})
course_prerequisites_course_id_fkey     INSERT INTO course_prerequisites (university_id, course_id, prerequisite_course_id) VALUES ({alpha}, {b.course}, {a.course})
course_prerequisites_prerequisite_course_id_fkey  INSERT INTO course_prerequisites (university_id, course_id, prerequisite_course_id) VALUES ({alpha}, {a.course}, {b.course})
course_offerings_course_id_fkey         INSERT INTO course_offerings (university_id, course_id) VALUES ({alpha}, {b.course})
course_offerings_dates_check            UPDATE course_offerings SET starts_at = '2026-09-01Z', ends_at = '2026-09-01Z' WHERE id = {a.public}
course_offerings_enrollment_dates_check UPDATE course_offerings SET enrollment_start = '2026-09-01Z', enrollment_end = '2026-08-01Z' WHERE id = {a.public}
course_offering_instructors_user_id_fkey  INSERT INTO course_offering_instructors (university_id, course_offering_id, user_id) VALUES ({alpha}, {a.private}, {outsider})
course_offering_instructors_course_offering_id_fkey  INSERT INTO course_offering_instructors (university_id, course_offering_id, user_id) VALUES ({alpha}, {b.private}, {ta})
course_enrollments_user_id_fkey         INSERT INTO course_enrollments (university_id, course_offering_id, user_id) VALUES ({alpha}, {a.private}, {beta_student})
course_enrollments_course_offering_id_fkey  INSERT INTO course_enrollments (university_id, course_offering_id, user_id) VALUES ({alpha}, {b.private}, {student})
ux_course_enrollments_unique            INSERT INTO course_enrollments (university_id, course_offering_id, user_id) VALUES ({alpha}, {a.private}, {student})
modules_course_id_fkey                  INSERT INTO modules (university_id, course_id, module_type, title) VALUES ({alpha}, {b.course}, 'unit', 'x')
modules_parent_module_id_fkey           UPDATE modules SET parent_module_id = {b.root} WHERE id = {a.unit}
modules_parent_module_id_fkey           UPDATE modules SET parent_module_id = {a.draft_module} WHERE id = {a.unit}
modules_parent_module_id_fkey           UPDATE modules SET parent_module_id = id WHERE id = {a.lesson}
modules_parent_module_id_fkey           UPDATE modules SET parent_module_id = {a.lesson} WHERE id = {a.unit}
modules_parent_module_id_fkey           UPDATE modules SET parent_module_id = {a.lesson}, depth = 3 WHERE id = {a.unit}
modules_parent_module_id_fkey           UPDATE modules SET depth = 3 WHERE id = {a.lesson}
modules_parent_module_id_fkey           UPDATE modules SET depth = 2 WHERE id = {a.unit}
modules_root_depth_check                UPDATE modules SET depth = 1 WHERE id = {a.root}
modules_root_depth_check                UPDATE modules SET depth = 0 WHERE id = {a.lesson}
modules_depth_check                     UPDATE modules SET depth = 33 WHERE id = {a.lesson}
modules_depth_check                     UPDATE modules SET depth = -1 WHERE id = {a.lesson}
uq_modules_sibling_sequence             UPDATE modules SET sequence_index = 1 WHERE id = {a.hidden}
uq_modules_sibling_sequence             INSERT INTO modules (university_id, course_id, module_type, title) VALUES ({alpha}, {a.course}, 'unit', 'a second root')
modules_sequence_index_check            UPDATE modules SET sequence_index = -1 WHERE id = {a.unit}
content_items_module_id_fkey            UPDATE content_items SET module_id = {b.lesson} WHERE id = {a.video}
content_items_module_id_fkey            UPDATE content_items SET module_id = {a.draft_module} WHERE id = {a.video}
content_items_module_id_fkey            UPDATE content_items SET course_id = {a.draft} WHERE id = {a.buried}
uq_content_items_sequence               UPDATE content_items SET sequence_index = 2 WHERE id = {a.video}
content_items_sequence_index_check      UPDATE content_items SET sequence_index = -1 WHERE id = {a.video}
content_items_estimated_duration_seconds_check  UPDATE content_items SET estimated_duration_seconds = -1 WHERE id = {a.video}
user_module_progress_user_id_fkey       UPDATE user_module_progress SET user_id = {outsider} WHERE {a.mine} AND module_id = {a.lesson}
user_module_progress_course_offering_id_fkey  UPDATE user_module_progress SET course_offering_id = {b.private} WHERE {a.mine} AND module_id = {a.lesson}
user_module_progress_module_id_fkey     UPDATE user_module_progress SET module_id = {b.lesson} WHERE {a.mine} AND module_id = {a.lesson}
user_module_progress_module_id_fkey     UPDATE user_module_progress SET module_id = {a.draft_module} WHERE {a.mine} AND module_id = {a.lesson}
user_module_progress_pkey               UPDATE user_module_progress SET module_id = {a.below} WHERE {a.mine} AND module_id = {a.lesson}
user_module_progress_progress_percent_check  UPDATE user_module_progress SET progress_percent = 250 WHERE {a.mine}
user_module_progress_progress_percent_check  UPDATE user_module_progress SET progress_percent = -1 WHERE {a.mine}
user_module_progress_progress_percent_check  UPDATE user_module_progress SET progress_percent = 'NaN' WHERE {a.mine}
user_content_progress_user_id_fkey      UPDATE user_content_progress SET user_id = {outsider} WHERE {a.mine}
user_content_progress_course_offering_id_fkey  UPDATE user_content_progress SET course_offering_id = {b.private} WHERE {a.mine}
user_content_progress_content_item_id_fkey  UPDATE user_content_progress SET content_item_id = {b.video} WHERE {a.mine}
user_content_progress_content_item_id_fkey  UPDATE user_content_progress SET content_item_id = {a.draft_item} WHERE {a.mine}
user_content_progress_course_offering_id_fkey  UPDATE user_content_progress SET content_item_id = {a.draft_item}, course_id = {a.draft} WHERE {a.mine}
user_content_progress_progress_percent_check  UPDATE user_content_progress SET progress_percent = 250 WHERE {a.mine}
user_content_progress_progress_percent_check  UPDATE user_content_progress SET progress_percent = -1 WHERE {a.mine}
user_content_progress_progress_percent_check  UPDATE user_content_progress SET progress_percent = 'NaN' WHERE {a.mine}
user_content_progress_attempts_count_check  UPDATE user_content_progress SET attempts_count = -1 WHERE {a.mine}
user_content_progress_pkey              INSERT INTO user_content_progress SELECT (u).* FROM user_content_progress u WHERE {a.mine}
quiz_attempts_user_id_fkey              UPDATE quiz_attempts SET user_id = {outsider}
quiz_attempts_course_offering_id_fkey   UPDATE quiz_attempts SET course_offering_id = {b.private}
quiz_attempts_content_item_id_fkey      UPDATE quiz_attempts SET content_item_id = {b.quiz}
quiz_attempts_content_item_id_fkey      UPDATE quiz_attempts SET content_item_id = {a.draft_item}
quiz_attempts_score_obtained_check      UPDATE quiz_attempts SET score_obtained = -1
quiz_attempts_score_obtained_check      UPDATE quiz_attempts SET score_obtained = 'NaN'
quiz_attempts_max_score_check           UPDATE quiz_attempts SET max_score = -0.01
quiz_attempts_attempt_number_check      UPDATE quiz_attempts SET attempt_number = 0
lab_submissions_user_id_fkey            UPDATE lab_submissions SET user_id = {outsider}
lab_submissions_course_offering_id_fkey UPDATE lab_submissions SET course_offering_id = {b.private}
lab_submissions_content_item_id_fkey    UPDATE lab_submissions SET content_item_id = {b.engineering_lab}
lab_submissions_content_item_id_fkey    UPDATE lab_submissions SET content_item_id = {a.draft_item}
lab_submissions_score_obtained_check    UPDATE lab_submissions SET score_obtained = 'NaN'
lab_submissions_max_score_check         UPDATE lab_submissions SET max_score = -1
course_grades_user_id_fkey              UPDATE course_grades SET user_id = {outsider} WHERE {a.mine}
course_grades_course_offering_id_fkey   UPDATE course_grades SET course_offering_id = {b.private} WHERE {a.mine}
course_grades_final_score_check         UPDATE course_grades SET final_score = -1 WHERE {a.mine}
course_grades_final_score_check         UPDATE course_grades SET final_score = 'NaN' WHERE {a.mine}
ux_course_grades_unique                 UPDATE course_grades SET user_id = {other} WHERE {a.mine}
certificates_user_id_fkey               UPDATE certificates SET user_id = {outsider}
certificates_course_offering_id_fkey    UPDATE certificates SET course_offering_id = {b.private}
certificates_certificate_code_key       INSERT INTO certificates (university_id, course_offering_id, user_id, certificate_code, issued_at) SELECT university_id, course_offering_id, user_id, certificate_code, issued_at FROM certificates
discussion_threads_created_by_user_id_fkey  UPDATE discussion_threads SET created_by_user_id = {outsider}
discussion_threads_course_offering_id_fkey  UPDATE discussion_threads SET course_offering_id = {b.private}
discussion_threads_module_id_fkey       UPDATE discussion_threads SET module_id = {b.lesson}
discussion_threads_module_id_fkey       UPDATE discussion_threads SET module_id = {a.draft_module}
discussion_threads_content_item_id_fkey UPDATE discussion_threads SET content_item_id = {b.video}
discussion_threads_content_item_id_fkey UPDATE discussion_threads SET content_item_id = {a.draft_item}
discussion_posts_user_id_fkey           UPDATE discussion_posts SET user_id = {outsider}
discussion_posts_thread_id_fkey         UPDATE discussion_posts SET thread_id = 0
discussion_posts_parent_post_id_fkey    INSERT INTO discussion_posts (university_id, thread_id, parent_post_id, user_id, body) SELECT {alpha}, max(t.id), min(p.id), {student}, 'x' FROM discussion_threads t, discussion_posts p
course_reviews_user_id_fkey             UPDATE course_reviews SET user_id = {outsider}
course_reviews_course_offering_id_fkey  UPDATE course_reviews SET course_offering_id = {b.private}
course_reviews_rating_check             UPDATE course_reviews SET rating = 6
course_reviews_rating_check             UPDATE course_reviews SET rating = 0
module_templates_university_id_fkey     UPDATE module_templates SET university_id = 0
external_keys_system_check              INSERT INTO external_keys (university_id, system, entity, external_id, entity_id) VALUES ({alpha}, 'O L X', 'course', 'x', {a.course})
rate_points_points_check                INSERT INTO rate_points (bucket, points, granted, counted_at) VALUES ('x', -1, 0, now())
external_keys_pkey                      INSERT INTO external_keys (university_id, system, entity, external_id, entity_id) VALUES ({alpha}, 'olx', 'course', 'x', 1), ({alpha}, 'olx', 'course', 'x', 2)
ux_external_keys_entity                 INSERT INTO external_keys (university_id, system, entity, external_id, entity_id) VALUES ({alpha}, 'olx', 'course', 'x', 1), ({alpha}, 'olx', 'course', 'y', 1)
university_members_user_id_fkey         INSERT INTO university_members (university_id, user_id, display_name, email) VALUES ({alpha}, 0, 'x', 'x')
university_members_pkey                 INSERT INTO university_members (university_id, user_id, display_name, email) VALUES ({alpha}, {student}, 'x', 'x')
""".strip().splitlines()  # noqa: E501 - one row, one line

# One legal row of Alpha in the tables that the world leaves empty.
RECORDS = """
INSERT INTO quiz_attempts (university_id, course_id, course_offering_id, content_item_id, user_id, score_obtained, max_score) VALUES ({alpha}, {a.course}, {a.private}, {a.quiz}, {student}, 1, 2);
INSERT INTO lab_submissions (university_id, course_id, course_offering_id, content_item_id, user_id) VALUES ({alpha}, {a.course}, {a.private}, {a.engineering_lab}, {student});
INSERT INTO certificates (university_id, course_offering_id, user_id, certificate_code, issued_at) VALUES ({alpha}, {a.private}, {student}, 'ALPHA-1', now());
INSERT INTO course_reviews (university_id, course_offering_id, user_id, rating) VALUES ({alpha}, {a.private}, {student}, 5);
INSERT INTO discussion_threads (university_id, course_id, course_offering_id, module_id, content_item_id, created_by_user_id) VALUES ({alpha}, {a.course}, {a.private}, {a.lesson}, {a.video}, {student});
INSERT INTO discussion_posts (university_id, thread_id, user_id, body) SELECT university_id, id, {student}, 'x' FROM discussion_threads;
INSERT INTO discussion_threads (university_id, course_id, course_offering_id, created_by_user_id) VALUES ({alpha}, {a.course}, {a.private}, {student});
"""  # noqa: E501


def filled(statement: str, world: World) -> str:
    """The statement with the world's ids in it."""

    def number(match: re.Match[str]) -> str:
        name = match[1]
        if name in {"alpha", "beta"}:
            return str(getattr(world, name).university["id"])
        if name == "a.mine":
            return f"user_id = {world.people['student']} AND university_id = {world.alpha.university['id']}"
        if "." not in name:
            return str(world.people[name])
        campus = world.alpha if name[0] == "a" else world.beta
        return str(campus[name[2:]]["id"])

    return re.sub(r"\{([\w.]+)\}", number, statement)


@pytest.fixture
async def records(driver, world) -> AsyncIterator[asyncpg.Connection]:
    """The connection inside a transaction that has records of every kind, and is rolled back."""
    transaction = driver.transaction()
    await transaction.start()
    await driver.execute(filled(RECORDS, world))
    yield driver
    await transaction.rollback()


@pytest.mark.parametrize("line", ILLEGAL, ids=lambda line: line.split()[0])
async def test_refused(records, world, line):
    constraint, statement = line.split(maxsplit=1)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as caught:
        await records.execute(filled(statement, world))
    assert caught.value.constraint_name == constraint


async def test_every_check_and_every_reference_inside_a_university_has_a_row_that_it_refuses(driver, tenant_tables):
    found = await driver.fetch(
        """
        SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace
          AND (contype = 'c' OR contype = 'f' AND conrelid::regclass::text = ANY ($1)
                                              AND confrelid::regclass::text = ANY ($1))
        """,
        tenant_tables,
    )
    assert {row["conname"] for row in found} - {line.split()[0] for line in ILLEGAL} == set()


async def test_siblings_change_places_in_one_update(records, world):
    unit, hidden = world.alpha["unit"]["id"], world.alpha["hidden"]["id"]
    await records.execute("UPDATE modules SET sequence_index = 3 - sequence_index WHERE id IN ($1, $2)", unit, hidden)
    order = "SELECT array_agg(id ORDER BY sequence_index) FROM modules WHERE parent_module_id = $1"
    assert await records.fetchval(order, world.alpha["root"]["id"]) == [hidden, unit]
    items = "UPDATE content_items SET sequence_index = 3 - sequence_index WHERE module_id = $1 AND sequence_index < 3"
    assert await records.execute(items, world.alpha["lesson"]["id"]) == "UPDATE 2"


async def test_a_subtree_moves_in_one_update(records, world):
    """Unit 1 with its lesson goes below the lesson of unit 2: two levels down, all depths and the parent at once."""
    unit, lesson, below = (world.alpha[name]["id"] for name in ("unit", "lesson", "below"))
    await records.execute(
        "UPDATE modules SET depth = depth + 2, parent_module_id = CASE id WHEN $1 THEN $3 ELSE parent_module_id END"
        " WHERE id IN ($1, $2)",
        unit,
        lesson,
        below,
    )
    found = await records.fetch("SELECT id, depth, parent_module_id FROM modules WHERE id IN ($1, $2)", unit, lesson)
    assert {tuple(row) for row in found} == {(unit, 3, below), (lesson, 4, unit)}


async def test_a_member_may_have_one_role_in_several_departments_and_share_an_address_elsewhere(records, world):
    await records.execute(
        filled(
            """
            INSERT INTO user_university_roles (university_id, user_id, role, department_id)
            VALUES ({alpha}, {ta}, 'department_admin', {a.department}), ({alpha}, {ta}, 'department_admin', NULL);
            UPDATE university_members SET email = 'one@both.example' WHERE user_id = {student};
            INSERT INTO certificates (university_id, course_offering_id, user_id, certificate_code, issued_at)
            VALUES ({beta}, {b.private}, {student}, 'ALPHA-1', now());
            """,
            world,
        )
    )
