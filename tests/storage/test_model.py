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
from tests.databases import Database, temporary_database
from tests.storage.catalog import listing
from tests.world import World

BASELINE = Path(__file__).with_name("catalog_0001.txt").read_text(encoding="utf-8").splitlines()
TENANT = "(university_id = (NULLIF(current_setting('lms.university_id'::text, true), ''::text))::bigint)"
PLATFORM = "(current_setting('lms.platform'::text, true) = 'on'::text)"
REFERENCE = ("countries", "universities", "domains", "subjects")
LIBRARY = ("module_templates", "module_template_versions")
OWN_ROW = "(user_id = (NULLIF(current_setting('lms.user_id'::text, true), ''::text))::bigint)"
TENANT_TABLES = """
    SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'university_id'
    JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p' AND a.attnum = ANY (k.conkey)
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND a.attnotnull
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
        found = [re.sub(r"_pkey (.*)\(id, university_id(.*)\)$", r"_pkey \1(university_id\2, id)", line)
                 for line in await catalog_of(made)]  # fmt: skip
    assert sorted(found) == await catalog_of(database)


async def test_primary_keys_have_the_order_of_the_models(driver):
    found = await driver.fetch("""
        SELECT conrelid::regclass::text, array_agg(a.attname::text ORDER BY position)
        FROM pg_constraint k, unnest(conkey) WITH ORDINALITY AS c (number, position), pg_attribute a
        WHERE contype = 'p' AND connamespace = 'public'::regnamespace AND a.attrelid = conrelid AND a.attnum = number
          AND NOT (SELECT relispartition FROM pg_class c WHERE c.oid = conrelid)
          AND conrelid::regclass::text <> 'alembic_version'
        GROUP BY conrelid
    """)
    modelled = {name: [column.name for column in table.primary_key] for name, table in tables.metadata.tables.items()}
    assert dict(tuple(row) for row in found) == modelled


async def test_alembic_finds_no_difference(database):
    await migrations.check(database.owner)


MAY_SHOW = {
    # The ids of accounts, made where there are none, to who knows their addresses; not which of them it has made.
    "accounts_of": "TABLE(place bigint, user_id bigint)",
    # How many rows: it writes over the login of whom the setting's university has erased, if no other has them, and
    # deletes how they sign in.
    "erase_identity": "TABLE(users bigint, external_identities bigint, session_tokens bigint, sessions bigint)",
    # How many entries: it takes what they say of a person out of them, whom the setting's university has erased.
    "erase_from_audit_log": "bigint",
    # They write the table of texts, which nobody may read.
    "keep_course_text": "trigger",
    "keep_member_text": "trigger",
    # The login of the person of the setting and how they sign in, without the password's hash and the tokens' digests.
    "own_identity": "jsonb",
    # What the person of the setting did in the university of the setting, and what was done to their own profile.
    "own_acts": "TABLE(at timestamp with time zone, act text, entity text, entity_id bigint, own boolean, old_values"
    " jsonb, new_values jsonb, request_id text)",
    # Only ids of the setting's university; the loaders read those rows under their policies.
    "search_ids": "SETOF bigint",
    # One certificate, to who knows its code: what a stranger needs to believe it, what its signature is held against.
    "verify_certificate": "TABLE(recipient_name text, course_title text, university_name text, issued_at timestamp with"
    " time zone, expires_at timestamp with time zone, revoked_at timestamp with time zone, user_id bigint,"
    " course_offering_id bigint, course_code text, final_score numeric, letter_grade text, key_id text,"
    " credential_jwt text)",
}
"""The functions that read as their owner, each with all that it may show."""


async def test_there_is_no_way_round_the_policies(driver):
    """A view reads as its owner unless told otherwise, a SECURITY DEFINER function always does."""
    found = await driver.fetch("""
        SELECT relname FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind NOT IN ('r', 'p', 'i', 'I', 'S')
        UNION ALL
        SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace::regnamespace::text <> 'pg_catalog'
    """)
    assert sorted(row[0] for row in found) == sorted(MAY_SHOW)


@pytest.mark.parametrize(("name", "shown"), MAY_SHOW.items())
async def test_a_function_that_reads_as_its_owner_is_bound_all_the_same(driver, name, shown):
    """It shows what is listed, no caller decides what its names mean, and nobody but lms_app calls it."""
    found = await driver.fetchrow(
        """
        SELECT pg_get_function_result(oid) AS shown, proowner::regrole::text AS owner, proconfig[1] AS setting,
               ARRAY(SELECT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END || ' ' || privilege_type
                     FROM aclexplode(proacl) ORDER BY 1) AS granted
        FROM pg_proc WHERE proname = $1
        """,
        name,
    )
    assert (found["shown"], found["owner"]) == (shown, "lms_owner")
    assert re.fullmatch(r"search_path=pg_catalog, (public, )?pg_temp", found["setting"])
    callers = [] if shown == "trigger" else ["lms_app EXECUTE"]
    assert found["granted"] == [*callers, "lms_owner EXECUTE"]


# ---- keys ----


async def test_the_tenant_tables(tenant_tables):
    named = {name for name, table in tables.metadata.tables.items() if "university_id" in table.columns}
    assert set(tenant_tables) == named - {"module_templates", "module_template_versions"}
    assert len(tenant_tables) == 59


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
    assert len(found) == 108
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
        "roster_import_errors_import_id_fkey": "c",
        "discussion_posts_parent_post_id_fkey": "c",
        "thread_read_marks_thread_id_fkey": "c",
        "post_revisions_post_id_fkey": "c",
        "post_reports_post_id_fkey": "c",
        "grade_categories_policy_id_fkey": "c",
        "question_keys_question_id_fkey": "c",
        "quiz_attempt_questions_attempt_id_fkey": "c",
        "quiz_attempt_answers_attempt_id_fkey": "c",
        "rubric_ratings_criterion_id_fkey": "c",
        "content_item_assets_content_item_id_fkey": "c",
        "session_tokens_session_id_fkey": "c",
    }


async def test_every_reference_has_an_index_that_finds_its_rows(driver):
    """Some index begins with columns of the foreign key that tell more than the university, or the course if it can."""
    found = await driver.fetch("""
        SELECT conname FROM pg_constraint k WHERE contype = 'f' AND connamespace = 'public'::regnamespace
          AND NOT EXISTS (
            SELECT FROM pg_index i, generate_series(0, i.indnkeyatts - 1) AS last
            WHERE indrelid = conrelid AND (indkey::int2[])[0:last] <@ conkey
              AND (cardinality(conkey) = 1 OR last > 0)
              AND (cardinality(conkey) < 3 OR EXISTS (
                SELECT FROM pg_attribute WHERE attrelid = conrelid AND attnum = ANY ((indkey::int2[])[0:last])
                  AND attname NOT IN ('university_id', 'course_id'))))
    """)
    assert [row["conname"] for row in found] == []


async def test_updated_at_is_the_databases(records, world):
    tables_with_it = {
        row[0]
        for row in await records.fetch("""
        SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'updated_at'
    """)
    }
    triggered = await records.fetch("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'set_updated_at'")
    assert {row[0] for row in triggered} == tables_with_it
    course = world.alpha["course"]["id"]
    await records.execute("UPDATE courses SET updated_at = '2020-01-01Z' WHERE id = $1", course)
    year = "SELECT extract(year FROM updated_at)::int FROM courses WHERE id = $1"
    assert await records.fetchval(year, course) == 2020
    await records.execute("UPDATE courses SET content_version = gen_random_uuid() WHERE id = $1", course)
    assert await records.fetchval(year, course) == 2020
    await records.execute("UPDATE courses SET title = title WHERE id = $1", course)
    assert await records.fetchval(year, course) > 2020


# ---- the second wall ----


async def test_every_tenant_table_has_its_policy(driver, tenant_tables):
    walls = await driver.fetch("""
        SELECT relname, relforcerowsecurity FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relrowsecurity
    """)
    assert {row["relname"]: row["relforcerowsecurity"] for row in walls} == dict.fromkeys(
        [*tenant_tables, "module_templates", "module_template_versions", *REFERENCE, "platform_audit_log"], False
    )
    policies = await driver.fetch("""
        SELECT tablename, policyname, permissive, roles::text[], cmd, qual, with_check FROM pg_policies
        WHERE schemaname = 'public'
    """)
    everybody = ("PERMISSIVE", ["public"])
    assert {tuple(row)[:2]: tuple(row)[2:] for row in policies} == {
        **{(table, "tenant"): (*everybody, "ALL", TENANT, TENANT) for table in tenant_tables},
        **{(table, "tenant"): (*everybody, "ALL", TENANT, TENANT) for table in LIBRARY},
        **{(table, "everybody"): (*everybody, "SELECT", "(university_id IS NULL)", None) for table in LIBRARY},
        **{
            (table, "platform"): (*everybody, "ALL", *[f"((university_id IS NULL) AND {PLATFORM})"] * 2)
            for table in LIBRARY
        },
        ("university_members", "own_row"): (*everybody, "SELECT", OWN_ROW, None),
        ("user_university_roles", "own_row"): (*everybody, "SELECT", OWN_ROW, None),
        ("service_tokens", "recognition"): ("PERMISSIVE", ["lms_auth"], "SELECT", "true", None),
        ("invitations", "recognition"): ("PERMISSIVE", ["lms_auth"], "SELECT", "true", None),
        **{(table, "everybody"): (*everybody, "SELECT", "true", None) for table in REFERENCE},
        **{(table, "platform"): (*everybody, "ALL", PLATFORM, PLATFORM) for table in REFERENCE},
        ("universities", "own"): (*everybody, "UPDATE", *[TENANT.replace("university_id = ", "id = ")] * 2),
        ("platform_audit_log", "platform"): (*everybody, "INSERT", None, PLATFORM),
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
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND grantee IN ($1::text::regrole, 0)
        """,
        role,
    )
    rights: dict[str, set[str]] = {}
    for table, right in rows:
        rights.setdefault(table, set()).add(right)
    return rights


async def granted_of(driver: asyncpg.Connection, table: str, role: str) -> dict[str, set[str]]:
    """What a role may do with single columns of a table: the columns by right."""
    rows = await driver.fetch(
        """
        SELECT privilege_type, attname FROM pg_attribute, aclexplode(attacl)
        WHERE attrelid = $1::text::regclass AND grantee IN ($2::text::regrole, 0)
        """,
        table,
        role,
    )
    columns: dict[str, set[str]] = {}
    for right, column in rows:
        columns.setdefault(right, set()).add(column)
    return columns


async def test_what_the_roles_may(driver, tenant_tables):
    every, read = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"}), frozenset({"SELECT"})
    reference = ["countries", "universities", "domains", "subjects", "platform_administrators", "alembic_version"]
    closed = {"search_texts", "service_tokens", "invitations"}
    read_by_all = [*(table for table in tenant_tables if table not in closed), "module_templates"]
    left_behind = {"audit_log": {"INSERT"}, "outbox": {"INSERT"}, "idempotency_keys": {"SELECT", "INSERT"}}
    assert await granted(driver, "lms_app") == {
        **dict.fromkeys([*read_by_all, "rate_points"], every),
        **dict.fromkeys(reference, read),
        **left_behind,
        "module_template_versions": {"SELECT", "INSERT"},
        "countries": {"SELECT", "INSERT"},
        "universities": {"SELECT", "INSERT"},
        "domains": {"SELECT", "INSERT", "DELETE"},
        "subjects": {"SELECT", "INSERT", "DELETE"},
        "platform_audit_log": {"INSERT"},
        "service_tokens": {"INSERT"},
        "invitations": {"INSERT", "DELETE"},
        "erasures": {"INSERT"},
        "disclosures": {"SELECT", "INSERT"},
        "jobs": {"SELECT", "INSERT", "UPDATE"},
        "roster_imports": {"SELECT", "INSERT", "UPDATE"},
        "roster_import_errors": {"SELECT", "INSERT"},
    }
    assert await granted_of(driver, "service_tokens", "lms_app") == {
        "SELECT": {
            *("university_id", "id", "scopes", "submission_ids", "issued_by", "created_at", "expires_at", "revoked_at")
        },
        "UPDATE": {"revoked_at"},
    }
    assert await granted_of(driver, "invitations", "lms_app") == {
        "SELECT": {
            *("university_id", "id", "user_id", "invited_by", "created_at", "expires_at", "accepted_at", "revoked_at")
        },
        "UPDATE": {"revoked_at"},
    }
    assert await granted_of(driver, "universities", "lms_app") == {
        "UPDATE": {"name", "country_id", "time_zone", "website_url", "is_active"}
    }
    assert await granted_of(driver, "domains", "lms_app") == {"UPDATE": {"code", "name", "description"}}
    assert await granted_of(driver, "subjects", "lms_app") == {
        "UPDATE": {"parent_subject_id", "domain_id", "name", "code", "description", "depth"}
    }
    assert await granted_of(driver, "erasures", "lms_app") == {"SELECT": {"university_id", "user_id", "erased_at"}}
    assert await granted_of(driver, "users", "lms_app") == {"SELECT": {"id", "is_active", "locale", "time_zone"}}
    assert await granted(driver, "lms_auth") == {
        **dict.fromkeys(["users", "universities", "university_members", "user_university_roles"], read),
        **dict.fromkeys(["invitations", "platform_administrators"], read),
        **dict.fromkeys(["audit_log", "outbox"], frozenset({"INSERT"})),
        **dict.fromkeys(["sessions", "session_tokens", "login_attempts"], every),
        "external_identities": every - {"UPDATE"},
        "service_tokens": read,
    }
    assert await granted_of(driver, "users", "lms_auth") == {"UPDATE": {"password_hash", "is_active", "updated_at"}}
    assert await granted_of(driver, "invitations", "lms_auth") == {"UPDATE": {"accepted_at"}}
    assert await granted_of(driver, "university_members", "lms_auth") == {"UPDATE": {"status", "joined_at"}}
    assert await granted(driver, "lms_platform") == dict.fromkeys(
        [*read_by_all, *reference, "platform_audit_log", "module_template_versions"], read
    )
    assert await granted_of(driver, "users", "lms_platform") == {
        "SELECT": {"id", "email", "full_name", "locale", "time_zone", "is_active", "created_at", "updated_at"}
    }
    columns = await driver.fetch("""
        SELECT DISTINCT attrelid::regclass::text FROM pg_attribute
        WHERE attacl IS NOT NULL AND attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
    """)
    assert {row[0] for row in columns} == {
        *("users", "service_tokens", "erasures", "invitations", "universities", "domains", "subjects"),
        "university_members",
    }


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
session_tokens_digest_check             UPDATE session_tokens SET access_digest = 'lms_at_plain'
service_tokens_digest_check             UPDATE service_tokens SET digest = 'lms_st_plain'
service_tokens_scopes_check             UPDATE service_tokens SET scopes = '{}'
service_tokens_scopes_check             UPDATE service_tokens SET scopes = ARRAY['lab:grade', 'grade:everything']
service_tokens_expires_at_check         UPDATE service_tokens SET expires_at = created_at + interval '24 hours 1 second'
service_tokens_expires_at_check         UPDATE service_tokens SET expires_at = created_at
service_tokens_issued_by_fkey           UPDATE service_tokens SET issued_by = {beta_admin}
invitations_digest_check                UPDATE invitations SET digest = 'lms_in_plain'
invitations_expires_at_check            UPDATE invitations SET expires_at = created_at + interval '30 days 1 second'
invitations_expires_at_check            UPDATE invitations SET expires_at = created_at
invitations_ended_check                 UPDATE invitations SET accepted_at = now(), revoked_at = now()
invitations_user_id_fkey                UPDATE invitations SET user_id = {outsider} WHERE user_id = {student}
invitations_invited_by_fkey             UPDATE invitations SET invited_by = {beta_admin}
ux_invitations_open                     INSERT INTO invitations (university_id, user_id, digest, expires_at) SELECT university_id, user_id, digest, expires_at FROM invitations
course_subjects_subject_id_fkey         DELETE FROM subjects WHERE code = 'PHYS'
courses_primary_subject_id_fkey         DELETE FROM course_subjects; UPDATE subjects SET parent_subject_id = NULL; DELETE FROM subjects WHERE code = 'PHYS'
subjects_parent_subject_id_fkey         DELETE FROM course_subjects; UPDATE courses SET primary_subject_id = NULL; DELETE FROM subjects WHERE code = 'PHYS'
subjects_domain_id_fkey                 DELETE FROM domains
login_attempts_failures_check           UPDATE login_attempts SET failures = -1
search_texts_entity_check               UPDATE search_texts SET entity = 'thread' WHERE entity = 'course'
subjects_depth_check                    INSERT INTO subjects (code, name, depth) VALUES ('X', 'x', 33)
subjects_parent_check                   UPDATE subjects SET parent_subject_id = id
ux_university_members_email             UPDATE university_members SET email = 'OTHER@Alpha.example' WHERE university_id = {alpha} AND user_id = {student}
university_members_status_check         UPDATE university_members SET status = 'ghost' WHERE university_id = {alpha} AND user_id = {student}
ux_university_members_student_number    UPDATE university_members SET student_number = '7' WHERE university_id = {alpha}
erasures_reason_check                   INSERT INTO erasures (university_id, user_id, erased_at, reason, request_id) VALUES ({alpha}, {student}, now(), '', 'x')
erasures_user_id_fkey                   INSERT INTO erasures (university_id, user_id, erased_at, reason, request_id) VALUES ({alpha}, {outsider}, now(), 'x', 'x')
erasures_erased_by_fkey                 INSERT INTO erasures (university_id, user_id, erased_at, erased_by, reason, request_id) VALUES ({alpha}, {student}, now(), {outsider}, 'x', 'x')
disclosures_viewer_check                INSERT INTO disclosures (university_id, user_id, viewer_id, kind, request_id) VALUES ({alpha}, {ta}, {ta}, 'grades', 'x')
disclosures_kind_check                  INSERT INTO disclosures (university_id, user_id, viewer_id, kind, request_id) VALUES ({alpha}, {student}, {ta}, 'Grades', 'x')
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
certificates_certificate_code_key       INSERT INTO certificates (university_id, course_offering_id, user_id, certificate_code, issued_at, recipient_name, course_code, course_title, revoked_at, revocation_reason) SELECT university_id, course_offering_id, user_id, certificate_code, issued_at, 'x', 'x', 'x', issued_at, 'x' FROM certificates
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
module_templates_university_id_fkey     INSERT INTO module_templates (university_id, template_type, title) VALUES (0, 'unit', 'x')
module_templates_draft_check            UPDATE module_templates SET draft = '{}' WHERE id = {a.template}
modules_template_version_check          UPDATE modules SET module_template_id = NULL WHERE id = {a.lesson}
modules_template_version_check          UPDATE modules SET template_node = NULL WHERE id = {a.lesson}
modules_template_version_fkey           UPDATE modules SET template_version = 2 WHERE id = {a.lesson}
modules_template_node_check             UPDATE modules SET template_node = 'a b' WHERE id = {a.lesson}
content_items_template_node_check       UPDATE content_items SET template_node = '' WHERE id = {a.video}
module_template_versions_version_check  UPDATE module_template_versions SET version = 0 WHERE id = {a.template_version}
module_template_versions_node_count_check UPDATE module_template_versions SET node_count = 0, tree = '[]' WHERE id = {a.template_version}
module_template_versions_tree_check     UPDATE module_template_versions SET tree = '{}' WHERE id = {a.template_version}
module_template_versions_tree_check     UPDATE module_template_versions SET node_count = 2 WHERE id = {a.template_version}
module_template_versions_owner_fkey     UPDATE module_template_versions SET university_id = {beta} WHERE id = {a.template_version}
module_template_versions_template_id_fkey INSERT INTO module_template_versions (template_id, version, title, tree, node_count) VALUES (0, 1, 'x', '[1]', 1)
uq_module_template_versions_version     INSERT INTO module_template_versions (template_id, university_id, version, title, tree, node_count) VALUES ({a.template}, {alpha}, 1, 'x', '[1]', 1)
external_keys_system_check              INSERT INTO external_keys (university_id, system, entity, external_id, entity_id) VALUES ({alpha}, 'O L X', 'course', 'x', {a.course})
rate_points_points_check                INSERT INTO rate_points (bucket, points, granted, counted_at) VALUES ('x', -1, 0, now())
external_keys_pkey                      INSERT INTO external_keys (university_id, system, entity, external_id, entity_id) VALUES ({alpha}, 'olx', 'course', 'x', 1), ({alpha}, 'olx', 'course', 'x', 2)
ux_external_keys_entity                 INSERT INTO external_keys (university_id, system, entity, external_id, entity_id) VALUES ({alpha}, 'olx', 'course', 'x', 1), ({alpha}, 'olx', 'course', 'y', 1)
university_members_user_id_fkey         INSERT INTO university_members (university_id, user_id, display_name, email) VALUES ({alpha}, 0, 'x', 'x')
university_members_pkey                 INSERT INTO university_members (university_id, user_id, display_name, email) VALUES ({alpha}, {student}, 'x', 'x')
user_university_roles_scope_check       INSERT INTO user_university_roles (university_id, user_id, role) VALUES ({alpha}, {ta}, 'department_admin')
courses_difficulty_check                UPDATE courses SET difficulty = 'heroic' WHERE id = {a.course}
ux_course_subjects_primary              INSERT INTO course_subjects (university_id, course_id, subject_id, is_primary) SELECT {alpha}, {a.course}, id, true FROM subjects WHERE code = 'MECH'
terms_dates_check                       UPDATE terms SET ends_at = starts_at
ux_terms_code                           INSERT INTO terms (university_id, code, name, starts_at, ends_at) VALUES ({alpha}, 'F26', 'again', '2026-09-01Z', '2026-12-20Z')
course_offerings_term_id_fkey           UPDATE course_offerings SET term_id = (SELECT id FROM terms WHERE university_id = {beta}) WHERE id = {a.public}
course_offerings_visibility_check       UPDATE course_offerings SET visibility = 'banana' WHERE id = {a.public}
course_offerings_capacity_check         UPDATE course_offerings SET capacity = -1 WHERE id = {a.public}
course_offerings_waitlist_capacity_check  UPDATE course_offerings SET waitlist_capacity = -1 WHERE id = {a.public}
course_offerings_seats_taken_check      UPDATE course_offerings SET seats_taken = -1 WHERE id = {a.public}
course_offerings_seats_taken_check      UPDATE course_offerings SET capacity = 2, seats_taken = 3 WHERE id = {a.public}
course_offerings_seats_taken_check      INSERT INTO course_offerings (university_id, course_id, capacity, seats_taken) VALUES ({alpha}, {a.course}, 1, 2)
course_offerings_enrollment_mode_check  UPDATE course_offerings SET enrollment_mode = 'lottery' WHERE id = {a.public}
offering_sections_course_offering_id_fkey  UPDATE offering_sections SET course_offering_id = {b.private}
ux_offering_sections_code               UPDATE offering_sections SET code = 'TUE', course_offering_id = {a.private}
course_offering_instructors_section_id_fkey  UPDATE course_offering_instructors SET section_id = (SELECT id FROM offering_sections WHERE code = 'TUE') WHERE university_id = {alpha}
course_offering_instructors_role_check  UPDATE course_offering_instructors SET role = 'owner' WHERE university_id = {alpha}
course_enrollments_section_id_fkey      UPDATE course_enrollments SET section_id = (SELECT id FROM offering_sections WHERE code = 'WED') WHERE {a.mine}
course_enrollments_completed_at_check   UPDATE course_enrollments SET status = 'completed' WHERE id = {a.enrollment_1}
course_enrollments_withdrawn_at_check   UPDATE course_enrollments SET withdrawn_at = now() WHERE id = {a.enrollment_1}
enrollment_events_enrollment_id_fkey    UPDATE enrollment_events SET enrollment_id = {b.enrollment_0}
enrollment_events_changed_by_fkey       UPDATE enrollment_events SET changed_by = {outsider}
grading_policies_course_id_fkey         UPDATE grading_policies SET course_id = {b.course}
grading_policies_course_offering_id_fkey  UPDATE grading_policies SET course_id = {a.draft}, course_offering_id = {a.private}
uq_grading_policies_scope               INSERT INTO grading_policies (university_id, course_id) VALUES ({alpha}, {a.course})
grading_policies_pass_mark_check        UPDATE grading_policies SET pass_mark = 100.5
grading_policies_pass_mark_check        UPDATE grading_policies SET pass_mark = 'NaN'
grading_policies_letter_scheme_check    UPDATE grading_policies SET letter_scheme = '{}'
grading_policies_version_check          UPDATE grading_policies SET version = 0
grade_categories_policy_id_fkey         UPDATE grade_categories SET policy_id = 0
uq_grade_categories_position            INSERT INTO grade_categories (university_id, policy_id, name, position, weight) SELECT university_id, id, 'Labs', 1, 0 FROM grading_policies
uq_grade_categories_name                INSERT INTO grade_categories (university_id, policy_id, name, position, weight) SELECT university_id, id, 'Homework', 2, 0 FROM grading_policies
grade_categories_position_check         UPDATE grade_categories SET position = 0
grade_categories_weight_check           UPDATE grade_categories SET weight = 101
grade_categories_drop_lowest_check      UPDATE grade_categories SET drop_lowest = -1
grade_categories_drop_highest_check     UPDATE grade_categories SET drop_highest = -1
grade_categories_min_count_check        UPDATE grade_categories SET min_count = -1
grade_items_course_offering_id_fkey     INSERT INTO grade_items (university_id, course_offering_id, title, points) VALUES ({alpha}, {b.private}, 'x', 1)
grade_items_grade_category_id_fkey      UPDATE grade_items SET grade_category_id = 0
grade_items_points_check                UPDATE grade_items SET points = 0
grade_items_points_check                UPDATE grade_items SET points = 'NaN'
uq_grade_items_title                    INSERT INTO grade_items (university_id, course_offering_id, title, points) VALUES ({alpha}, {a.private}, 'Exam', 1)
grade_item_scores_grade_item_id_fkey    UPDATE grade_item_scores SET grade_item_id = 0
grade_item_scores_user_id_fkey          UPDATE grade_item_scores SET user_id = {ta}
grade_item_scores_graded_by_fkey        UPDATE grade_item_scores SET graded_by = {outsider}
grade_item_scores_score_check           UPDATE grade_item_scores SET score = -1
grade_overrides_user_id_fkey            UPDATE grade_overrides SET user_id = {ta}
grade_overrides_overridden_by_fkey      UPDATE grade_overrides SET overridden_by = {outsider}
grade_overrides_final_score_check       UPDATE grade_overrides SET final_score = 'NaN'
grade_overrides_reason_check            UPDATE grade_overrides SET reason = ''
grade_history_course_offering_id_fkey   UPDATE grade_history SET course_offering_id = {b.private}
grade_history_user_id_fkey              UPDATE grade_history SET user_id = {outsider}
grade_history_changed_by_fkey           UPDATE grade_history SET changed_by = {outsider}
grade_history_old_score_check           UPDATE grade_history SET old_score = -1
grade_history_new_score_check           UPDATE grade_history SET new_score = -1
assets_place_check                      UPDATE assets SET url = NULL WHERE id = {a.asset}
assets_course_id_fkey                   UPDATE assets SET course_id = {b.course} WHERE id = {a.asset}
assets_upload_id_fkey                   UPDATE assets SET url = NULL, upload_id = 0 WHERE id = {a.asset}
content_item_assets_content_item_id_fkey  UPDATE content_item_assets SET content_item_id = {b.video}
content_item_assets_asset_id_fkey       UPDATE content_item_assets SET asset_id = {b.asset}
content_items_data_json_check           UPDATE content_items SET data_json = '[1]' WHERE id = {a.video}
content_items_revision_check            UPDATE content_items SET revision = 0 WHERE id = {a.video}
content_item_revisions_content_item_id_fkey  UPDATE content_item_revisions SET content_item_id = {b.quiz}
content_item_revisions_changed_by_fkey  UPDATE content_item_revisions SET changed_by = {outsider}
content_item_revisions_revision_check   UPDATE content_item_revisions SET revision = 0
content_item_revisions_estimated_duration_seconds_check  UPDATE content_item_revisions SET estimated_duration_seconds = -1
content_item_settings_course_offering_id_fkey  UPDATE content_item_settings SET course_offering_id = {b.private}
content_item_settings_content_item_id_fkey  UPDATE content_item_settings SET content_item_id = {a.draft_item}
content_item_settings_section_id_fkey   UPDATE content_item_settings SET section_id = (SELECT id FROM offering_sections WHERE code = 'WED')
content_item_settings_user_id_fkey      UPDATE content_item_settings SET user_id = {outsider}
content_item_settings_grade_category_id_fkey  UPDATE content_item_settings SET grade_category_id = 0
uq_content_item_settings_scope          INSERT INTO content_item_settings (university_id, course_id, course_offering_id, content_item_id) VALUES ({alpha}, {a.course}, {a.private}, {a.quiz})
content_item_settings_scope_check       UPDATE content_item_settings SET user_id = {student}, section_id = (SELECT id FROM offering_sections WHERE code = 'TUE')
content_item_settings_dates_check       UPDATE content_item_settings SET unlock_at = '2026-10-02Z'
content_item_settings_dates_check       UPDATE content_item_settings SET lock_at = '2026-09-30Z'
content_item_settings_points_check      UPDATE content_item_settings SET points = -1
content_item_settings_completion_rule_check  UPDATE content_item_settings SET completion_rule = 'luck'
content_item_settings_min_score_check   UPDATE content_item_settings SET min_score = -1
content_item_settings_extra_time_seconds_check  UPDATE content_item_settings SET extra_time_seconds = -1
content_item_settings_extra_attempts_check  UPDATE content_item_settings SET extra_attempts = 1001
content_item_settings_rule_needs_score_check  UPDATE content_item_settings SET completion_rule = 'min_score'
question_pools_course_id_fkey           UPDATE question_pools SET course_id = {b.course}
questions_pool_id_fkey                  UPDATE questions SET pool_id = 0
uq_questions_version                    INSERT INTO questions (university_id, pool_id, number, type, stem, is_active) SELECT university_id, pool_id, 1, 'text', 'x', false FROM questions
ux_questions_active                     INSERT INTO questions (university_id, pool_id, number, version, type, stem) SELECT university_id, pool_id, 1, 2, 'text', 'x' FROM questions
questions_number_check                  UPDATE questions SET number = 0
questions_version_check                 UPDATE questions SET version = 0
questions_type_check                    UPDATE questions SET type = 'riddle'
questions_points_check                  UPDATE questions SET points = 'NaN'
questions_options_check                 UPDATE questions SET options = '{}'
questions_hints_check                   UPDATE questions SET hints = '{}'
question_keys_question_id_fkey          UPDATE question_keys SET question_id = 0
quiz_attempts_user_id_fkey              UPDATE quiz_attempts SET user_id = {ta}
quiz_attempts_content_item_id_fkey      UPDATE quiz_attempts SET content_item_id = {a.video}
quiz_attempts_score_within_check        UPDATE quiz_attempts SET score_obtained = 500, max_score = 100
quiz_attempts_revision_check            UPDATE quiz_attempts SET revision = 0
quiz_attempts_status_check              UPDATE quiz_attempts SET status = 'banana'
quiz_attempts_correct_in_row_check      UPDATE quiz_attempts SET correct_in_row = 2, longest_in_row = 1
quiz_attempts_correct_in_row_check      UPDATE quiz_attempts SET correct_in_row = 2
quiz_attempts_submitted_at_check        UPDATE quiz_attempts SET status = 'in_progress'
uq_quiz_attempts_number                 INSERT INTO quiz_attempts (university_id, course_id, course_offering_id, content_item_id, user_id) VALUES ({alpha}, {a.course}, {a.private}, {a.quiz}, {student})
ux_quiz_attempts_open                   INSERT INTO quiz_attempts (university_id, course_id, course_offering_id, content_item_id, user_id, attempt_number) VALUES ({alpha}, {a.course}, {a.private}, {a.quiz}, {student}, 2), ({alpha}, {a.course}, {a.private}, {a.quiz}, {student}, 3)
quiz_attempt_questions_attempt_id_fkey  INSERT INTO quiz_attempt_questions (university_id, attempt_id, position, question_id, snapshot, points) SELECT university_id, 0, 1, id, '{}', 1 FROM questions
quiz_attempt_questions_question_id_fkey UPDATE quiz_attempt_questions SET question_id = 0
quiz_attempt_questions_position_check   INSERT INTO quiz_attempt_questions (university_id, attempt_id, position, question_id, snapshot, points) SELECT university_id, attempt_id, 0, question_id, '{}', 1 FROM quiz_attempt_questions
quiz_attempt_questions_points_check     UPDATE quiz_attempt_questions SET points = -1
quiz_attempt_questions_snapshot_check   UPDATE quiz_attempt_questions SET snapshot = '[]'
quiz_attempt_answers_attempt_id_fkey    UPDATE quiz_attempt_answers SET position = 2
quiz_attempt_answers_points_awarded_check  UPDATE quiz_attempt_answers SET points_awarded = -1
lab_submissions_user_id_fkey            UPDATE lab_submissions SET user_id = {ta}
lab_submissions_graded_by_fkey          UPDATE lab_submissions SET graded_by = {outsider}
lab_submissions_content_item_id_fkey    UPDATE lab_submissions SET content_item_id = {a.quiz}
lab_submissions_content_type_check      UPDATE lab_submissions SET content_item_id = {a.quiz}, content_type = 'quiz'
lab_submissions_score_within_check      UPDATE lab_submissions SET score_obtained = 2, max_score = 1
lab_submissions_attempt_number_check    UPDATE lab_submissions SET attempt_number = 0
lab_submissions_revision_check          UPDATE lab_submissions SET revision = 0
lab_submissions_status_check            UPDATE lab_submissions SET status = 'banana'
uq_lab_submissions_number               INSERT INTO lab_submissions (university_id, course_id, course_offering_id, content_item_id, user_id, content_type) VALUES ({alpha}, {a.course}, {a.private}, {a.engineering_lab}, {student}, 'engineering_lab')
lab_submissions_late_seconds_check      UPDATE lab_submissions SET late_seconds = -1
lab_submissions_late_penalty_percent_check  UPDATE lab_submissions SET late_penalty_percent = 'NaN'
lab_submissions_raw_score_check         UPDATE lab_submissions SET raw_score = 'NaN', score_obtained = NULL
lab_submissions_penalised_check         UPDATE lab_submissions SET raw_score = 10, score_obtained = 9.99, late_penalty_percent = 0
lab_submissions_rubric_result_check     UPDATE lab_submissions SET rubric_result = '{}'
content_item_settings_max_submissions_check  UPDATE content_item_settings SET max_submissions = 0
content_item_settings_late_penalty_check  UPDATE content_item_settings SET late_penalty_percent_per_day = 100.01
rubric_criteria_content_item_id_fkey    UPDATE rubric_criteria SET content_item_id = {b.assignment}
uq_rubric_criteria_position             INSERT INTO rubric_criteria (university_id, course_id, content_item_id, position, title, points) VALUES ({alpha}, {a.course}, {a.assignment}, 1, 'Again', 1)
rubric_criteria_position_check          UPDATE rubric_criteria SET position = 0
rubric_criteria_points_check            UPDATE rubric_criteria SET points = -1
rubric_ratings_criterion_id_fkey        UPDATE rubric_ratings SET criterion_id = 0
rubric_ratings_position_check           UPDATE rubric_ratings SET position = 0
rubric_ratings_points_check             UPDATE rubric_ratings SET points = 'NaN'
uploads_course_offering_id_fkey         UPDATE uploads SET course_offering_id = {b.private}
uploads_content_item_id_fkey            UPDATE uploads SET content_item_id = {b.assignment}
uploads_enrollment_fkey                 UPDATE uploads SET user_id = {ta}
uploads_user_id_fkey                    UPDATE uploads SET purpose = 'asset', course_id = NULL, course_offering_id = NULL, content_item_id = NULL, user_id = 0
uploads_purpose_check                   UPDATE uploads SET purpose = 'fun', course_id = NULL, course_offering_id = NULL, content_item_id = NULL
uploads_about_check                     UPDATE uploads SET purpose = 'asset'
uploads_submission_id_fkey              UPDATE uploads SET state = 'attached', sha256 = sha256('a'), submission_id = 0
uploads_size_bytes_check                UPDATE uploads SET size_bytes = 0
uploads_sha256_check                    UPDATE uploads SET state = 'stored', sha256 = 'short'
uploads_state_check                     UPDATE uploads SET state = 'lost', sha256 = sha256('a')
uploads_stored_check                    UPDATE uploads SET state = 'stored'
uploads_attached_check                  UPDATE uploads SET state = 'attached', sha256 = sha256('a')
grading_runs_submission_id_fkey         UPDATE grading_runs SET submission_id = 0
grading_runs_service_token_id_fkey      UPDATE grading_runs SET service_token_id = 0
grading_runs_state_check                UPDATE grading_runs SET state = 'lost'
grading_runs_lease_until_check          UPDATE grading_runs SET lease_until = claimed_at
grading_runs_report_check               UPDATE grading_runs SET state = 'reported', reported_at = now()
grading_runs_report_digest_check        UPDATE grading_runs SET state = 'reported', reported_at = now(), report_digest = 'short'
ux_grading_runs_live                    INSERT INTO grading_runs (university_id, submission_id, service_token_id, lease_until) SELECT university_id, submission_id, service_token_id, lease_until FROM grading_runs
certificates_enrollment_status_fkey     UPDATE certificates SET user_id = {other}
certificates_enrollment_status_fkey     UPDATE course_enrollments SET status = 'active' WHERE {a.mine} AND course_offering_id = {a.private}
ux_certificates_live                    INSERT INTO certificates (university_id, course_offering_id, user_id, certificate_code, issued_at, recipient_name, course_code, course_title) VALUES ({alpha}, {a.private}, {student}, 'ALPHA-2', now(), 'x', 'x', 'x')
certificates_expires_at_check           UPDATE certificates SET expires_at = issued_at
certificates_revoked_at_check           UPDATE certificates SET revoked_at = issued_at - interval '1 day', revocation_reason = 'x'
certificates_revocation_reason_check    UPDATE certificates SET revoked_at = issued_at
certificates_key_id_check               UPDATE certificates SET credential_jwt = 'x'
certificates_certificate_code_check     UPDATE certificates SET key_id = 'a key'
course_offerings_certificate_valid_days_check  UPDATE course_offerings SET certificate_valid_days = 0
certificates_final_score_check          UPDATE certificates SET final_score = 'NaN'
discussion_threads_accepted_post_id_fkey  UPDATE discussion_threads SET accepted_post_id = (SELECT max(id) FROM discussion_posts) WHERE title IS NULL AND module_id IS NULL
thread_read_marks_thread_id_fkey        UPDATE thread_read_marks SET thread_id = 0
thread_read_marks_user_id_fkey          UPDATE thread_read_marks SET user_id = {outsider}
course_reviews_user_id_fkey             UPDATE course_reviews SET user_id = {ta}
course_reviews_hidden_check             UPDATE course_reviews SET hidden_at = now()
discussion_posts_hidden_check           UPDATE discussion_posts SET hidden_reason = 'x'
post_revisions_post_id_fkey             UPDATE post_revisions SET post_id = 0
post_revisions_replaced_by_fkey         UPDATE post_revisions SET replaced_by = {outsider}
post_revisions_version_check            UPDATE post_revisions SET version = 0
uq_post_revisions_version               INSERT INTO post_revisions (university_id, post_id, version, body, written_at, replaced_by) SELECT university_id, post_id, version, 'x', now(), replaced_by FROM post_revisions
post_reports_post_id_fkey               UPDATE post_reports SET post_id = 0
post_reports_user_id_fkey               UPDATE post_reports SET user_id = {outsider}
post_reports_kind_check                 UPDATE post_reports SET kind = 'banana'
post_reports_outcome_check              UPDATE post_reports SET settled_at = now(), outcome = 'banana'
post_reports_settled_at_check           UPDATE post_reports SET outcome = 'hidden'
uq_post_reports_person                  INSERT INTO post_reports (university_id, post_id, user_id, kind, reason) SELECT university_id, post_id, user_id, 'spam', 'x' FROM post_reports
grade_exemptions_item_check             UPDATE grade_exemptions SET grade_item_id = NULL
grade_exemptions_item_check             UPDATE grade_exemptions SET content_item_id = {a.quiz}
grade_exemptions_reason_check           UPDATE grade_exemptions SET reason = ''
grade_exemptions_course_offering_id_fkey  UPDATE grade_exemptions SET course_id = {a.draft}
grade_exemptions_user_id_fkey           UPDATE grade_exemptions SET user_id = {ta}
grade_exemptions_content_item_id_fkey   UPDATE grade_exemptions SET grade_item_id = NULL, content_item_id = {a.draft_item}
grade_exemptions_grade_item_id_fkey     UPDATE grade_exemptions SET grade_item_id = 0
grade_exemptions_excused_by_fkey        UPDATE grade_exemptions SET excused_by = {outsider}
uq_grade_exemptions_item                INSERT INTO grade_exemptions (university_id, course_id, course_offering_id, user_id, grade_item_id, reason, excused_by) SELECT university_id, course_id, course_offering_id, user_id, grade_item_id, reason, excused_by FROM grade_exemptions
grade_freezes_course_offering_id_fkey   UPDATE grade_freezes SET course_offering_id = {b.private}
grade_freezes_frozen_by_fkey            UPDATE grade_freezes SET frozen_by = {outsider}
grade_freezes_reason_check              UPDATE grade_freezes SET reason = ''
jobs_created_by_fkey                    UPDATE jobs SET created_by = {outsider}
jobs_state_check                        UPDATE jobs SET state = 'banana'
jobs_given_check                        UPDATE jobs SET given = '[]'
jobs_progress_check                     UPDATE jobs SET done = -1
jobs_leased_until_check                 UPDATE jobs SET state = 'running'
jobs_finished_at_check                  UPDATE jobs SET finished_at = now()
jobs_error_check                        UPDATE jobs SET error = 'x'
roster_imports_job_id_fkey              UPDATE roster_imports SET job_id = 0
roster_imports_mode_check               UPDATE roster_imports SET mode = 'banana'
roster_imports_counts_check             UPDATE roster_imports SET counts = '[]'
roster_import_errors_import_id_fkey     UPDATE roster_import_errors SET import_id = 0
roster_import_errors_line_check         UPDATE roster_import_errors SET line = 0
""".strip().splitlines()  # noqa: E501 - one row, one line

# One legal row of Alpha in the tables of records, and no other in them; rolled back with the rest.
RECORDS = """
DELETE FROM uploads; DELETE FROM rubric_criteria; DELETE FROM roster_imports; DELETE FROM jobs;
DELETE FROM quiz_attempts; DELETE FROM lab_submissions; DELETE FROM questions; DELETE FROM question_pools;
DELETE FROM certificates; DELETE FROM course_reviews; DELETE FROM content_item_settings; DELETE FROM content_item_revisions;
UPDATE discussion_threads SET accepted_post_id = NULL; DELETE FROM discussion_threads;
DELETE FROM grade_item_scores; DELETE FROM grade_items; DELETE FROM grade_categories; DELETE FROM grading_policies;
DELETE FROM grade_overrides; DELETE FROM grade_history; DELETE FROM enrollment_events;
UPDATE course_enrollments SET section_id = NULL; UPDATE course_offering_instructors SET section_id = NULL;
INSERT INTO sessions (user_id, expires_at) VALUES ({student}, now());
INSERT INTO session_tokens (session_id, generation, access_digest, access_expires_at, refresh_digest, refresh_expires_at) SELECT id, 1, sha256('a'), now(), sha256('b'), now() FROM sessions;
INSERT INTO service_tokens (university_id, digest, scopes, issued_by, expires_at) VALUES ({alpha}, sha256('c'), ARRAY['lab:grade'], {admin}, now() + interval '1 hour');
INSERT INTO invitations (university_id, user_id, digest, invited_by, expires_at) VALUES ({alpha}, {student}, sha256('i'), {admin}, now() + interval '1 hour');
INSERT INTO login_attempts (bucket, ends_at) VALUES ('a', now());
DELETE FROM offering_sections; UPDATE course_offerings SET term_id = NULL; DELETE FROM terms;
DELETE FROM course_enrollments WHERE status = 'completed';
UPDATE course_enrollments SET status = 'completed', completed_at = now() WHERE {a.mine} AND course_offering_id = {a.private};
INSERT INTO terms (university_id, code, name, starts_at, ends_at) VALUES ({alpha}, 'F26', 'Fall 2026', '2026-09-01Z', '2026-12-20Z'), ({beta}, 'F26', 'Fall 2026', '2026-09-01Z', '2026-12-20Z');
INSERT INTO offering_sections (university_id, course_offering_id, code, name) VALUES ({alpha}, {a.private}, 'TUE', 'Tuesdays'), ({alpha}, {a.public}, 'WED', 'Wednesdays');
INSERT INTO enrollment_events (university_id, enrollment_id, old_status, new_status, changed_by) VALUES ({alpha}, {a.enrollment_0}, NULL, 'active', {admin});
INSERT INTO grading_policies (university_id, course_id, letter_scheme) VALUES ({alpha}, {a.course}, '[["90", "A"]]');
INSERT INTO grade_categories (university_id, policy_id, name, position, weight) SELECT university_id, id, 'Homework', 1, 100 FROM grading_policies;
INSERT INTO grade_items (university_id, course_offering_id, grade_category_id, title, points) SELECT university_id, {a.private}, id, 'Exam', 50 FROM grade_categories;
INSERT INTO grade_item_scores (university_id, grade_item_id, course_offering_id, user_id, score) SELECT university_id, id, course_offering_id, {student}, 40 FROM grade_items;
INSERT INTO grade_overrides (university_id, course_offering_id, user_id, final_score, reason, overridden_by) VALUES ({alpha}, {a.private}, {student}, 80, 'ill', {admin});
INSERT INTO grade_history (university_id, course_offering_id, user_id, old_score, new_score) VALUES ({alpha}, {a.private}, {student}, NULL, 80);
INSERT INTO content_item_revisions (university_id, content_item_id, revision, title, data_json) VALUES ({alpha}, {a.quiz}, 1, 'Before', '{}');
INSERT INTO content_item_settings (university_id, course_id, course_offering_id, content_item_id, due_at) VALUES ({alpha}, {a.course}, {a.private}, {a.quiz}, '2026-10-01Z');
DELETE FROM quiz_attempts;
DELETE FROM lab_submissions;
DELETE FROM questions;
DELETE FROM question_pools;
INSERT INTO question_pools (university_id, course_id, title) VALUES ({alpha}, {a.course}, 'Forces');
INSERT INTO questions (university_id, pool_id, number, type, stem) SELECT university_id, id, 1, 'numerical', 'What is g?' FROM question_pools;
INSERT INTO question_keys (university_id, question_id, answer) SELECT university_id, id, '{"value": "9.81"}' FROM questions;
INSERT INTO quiz_attempts (university_id, course_id, course_offering_id, content_item_id, user_id, score_obtained, max_score, submitted_at, status) VALUES ({alpha}, {a.course}, {a.private}, {a.quiz}, {student}, 1, 2, now(), 'graded');
INSERT INTO quiz_attempt_questions (university_id, attempt_id, position, question_id, snapshot, points) SELECT a.university_id, a.id, 1, q.id, '{}', 1 FROM quiz_attempts a, questions q;
INSERT INTO quiz_attempt_answers (university_id, attempt_id, position, response) SELECT university_id, attempt_id, position, '9.8' FROM quiz_attempt_questions;
INSERT INTO lab_submissions (university_id, course_id, course_offering_id, content_item_id, user_id, content_type) VALUES ({alpha}, {a.course}, {a.private}, {a.engineering_lab}, {student}, 'engineering_lab');
INSERT INTO rubric_criteria (university_id, course_id, content_item_id, position, title, points) VALUES ({alpha}, {a.course}, {a.assignment}, 1, 'Method', 5);
INSERT INTO content_item_assets (university_id, content_item_id, asset_id) VALUES ({alpha}, {a.video}, {a.asset});
INSERT INTO rubric_ratings (university_id, criterion_id, position, title, points) SELECT university_id, id, 1, 'Full', 5 FROM rubric_criteria;
INSERT INTO uploads (university_id, course_id, course_offering_id, content_item_id, user_id, file_name, media_type, size_bytes, expires_at) VALUES ({alpha}, {a.course}, {a.private}, {a.assignment}, {student}, 'a.pdf', 'application/pdf', 1, now());
INSERT INTO grading_runs (university_id, submission_id, service_token_id, lease_until) SELECT s.university_id, s.id, t.id, now() + interval '1 hour' FROM lab_submissions s, service_tokens t WHERE t.digest = sha256('c');
INSERT INTO certificates (university_id, course_offering_id, user_id, certificate_code, issued_at, recipient_name, course_code, course_title) VALUES ({alpha}, {a.private}, {student}, 'ALPHA-1', now(), 'A student', 'P101', 'Forces and motion');
INSERT INTO course_reviews (university_id, course_offering_id, user_id, rating) VALUES ({alpha}, {a.private}, {student}, 5);
INSERT INTO discussion_threads (university_id, course_id, course_offering_id, module_id, content_item_id, created_by_user_id) VALUES ({alpha}, {a.course}, {a.private}, {a.lesson}, {a.video}, {student});
INSERT INTO discussion_posts (university_id, thread_id, user_id, body) SELECT university_id, id, {student}, 'x' FROM discussion_threads;
INSERT INTO thread_read_marks (university_id, thread_id, user_id, last_read_post_id) SELECT university_id, thread_id, {student}, id FROM discussion_posts;
INSERT INTO post_revisions (university_id, post_id, version, body, written_at, replaced_by) SELECT university_id, id, 1, 'y', now(), {student} FROM discussion_posts;
INSERT INTO post_reports (university_id, post_id, user_id, kind, reason) SELECT university_id, id, {student}, 'spam', 'x' FROM discussion_posts;
INSERT INTO discussion_threads (university_id, course_id, course_offering_id, created_by_user_id) VALUES ({alpha}, {a.course}, {a.private}, {student});
INSERT INTO grade_exemptions (university_id, course_id, course_offering_id, user_id, grade_item_id, reason, excused_by) SELECT university_id, {a.course}, course_offering_id, {student}, id, 'x', {ta} FROM grade_items;
INSERT INTO grade_freezes (university_id, course_offering_id, frozen_at, frozen_by, reason) VALUES ({alpha}, {a.private}, now(), {ta}, 'x');
INSERT INTO jobs (university_id, kind, created_by) VALUES ({alpha}, 'x', {ta});
INSERT INTO roster_imports (university_id, job_id, file_name, mode, is_dry_run) SELECT university_id, id, 'x', 'full', false FROM jobs WHERE kind = 'x';
INSERT INTO roster_import_errors (university_id, import_id, file, line, message) SELECT university_id, id, 'x', 2, 'x' FROM roster_imports;
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
            SELECT {alpha}, {ta}, 'department_admin', id FROM departments WHERE university_id = {alpha};
            UPDATE university_members SET email = 'one@both.example' WHERE user_id = {student};
            UPDATE course_enrollments SET status = 'completed', completed_at = now()
            WHERE university_id = {beta} AND user_id = {student};
            INSERT INTO certificates
              (university_id, course_offering_id, user_id, certificate_code, issued_at, recipient_name, course_code,
               course_title)
            VALUES ({beta}, {b.private}, {student}, 'ALPHA-1', now(), 'x', 'x', 'x');
            """,
            world,
        )
    )
