"""The wall before what everybody reads costs reads nothing: PostgreSQL plans them as it would without it."""

import pytest

from lms_graphql.storage.database import connect

REFERENCE = ("countries", "universities", "domains", "subjects")
READS = (
    "SELECT * FROM countries WHERE id = ANY ('{1,2}'::bigint[])",
    "SELECT * FROM universities WHERE id = ANY ('{1,2}'::bigint[]) AND is_active IS TRUE",
    "SELECT * FROM universities WHERE short_code = 'ALPHA'",
    "SELECT * FROM universities WHERE is_active ORDER BY id LIMIT 20",
    "SELECT * FROM domains ORDER BY code",
    "SELECT * FROM subjects WHERE code = ANY ('{PHYS,MECH}'::text[])",
    "SELECT * FROM subjects WHERE id = ANY ('{1,2}'::bigint[])",
    "SELECT * FROM subjects WHERE parent_subject_id = ANY ('{1,2}'::bigint[]) ORDER BY code",
    "SELECT * FROM subjects WHERE domain_id = 1 AND id > 5 ORDER BY id LIMIT 20",
    "SELECT c.id FROM courses c JOIN subjects s ON s.id = c.primary_subject_id"
    " WHERE c.university_id = 1 AND s.code = 'PHYS'",
    "WITH RECURSIVE t AS (SELECT id, parent_subject_id FROM subjects WHERE id = 1 UNION ALL"
    " SELECT s.id, s.parent_subject_id FROM subjects s JOIN t ON s.parent_subject_id = t.id) SELECT count(*) FROM t",
)  # fmt: skip


@pytest.fixture
async def driver(database, world):
    """The superuser's, in a transaction that is taken back; with as many rows as make indexes worth it."""
    made = await connect(database.owner)
    await made.execute("BEGIN")
    await made.execute("INSERT INTO subjects (code, name, parent_subject_id)"
                       " SELECT 'P' || n, 'x', 1 + n % 2 FROM generate_series(1, 5000) n")  # fmt: skip
    await made.execute("INSERT INTO universities (name, short_code, country_id)"
                       " SELECT 'x', 'P' || n, 1 FROM generate_series(1, 2000) n")  # fmt: skip
    await made.execute("ANALYZE universities; ANALYZE subjects")
    yield made
    await made.execute("ROLLBACK")
    await made.close()


async def plans(driver):
    await driver.execute("SET LOCAL ROLE lms_app")
    await driver.execute("SET LOCAL lms.university_id = '1'")
    found = [[row[0] for row in await driver.fetch(f"EXPLAIN (COSTS OFF) {read}")] for read in READS]
    await driver.execute("RESET ROLE")
    return found


async def test_reads_are_planned_as_without_the_wall(driver):
    behind = await plans(driver)
    for table in REFERENCE:
        await driver.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    assert await plans(driver) == behind
    assert "lms.platform" not in str(behind)
    assert "Index Scan using ux_universities_short_code" in str(behind[2])
    assert "ux_subjects_code" in str(behind[5])


async def test_a_write_is_not_planned_so(driver):
    """The proof that the wall is there while it is looked at."""
    await driver.execute("SET LOCAL ROLE lms_app")
    found = await driver.fetch("EXPLAIN (COSTS OFF) UPDATE subjects SET name = 'x' WHERE id = 1")
    assert "lms.platform" in str([row[0] for row in found])
