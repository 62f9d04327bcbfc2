"""The partitions of what grows with time: made ahead, dropped when past, and never in the way of a row."""

from datetime import UTC, datetime, timedelta

import pytest

from lms_graphql.storage import partitions
from lms_graphql.storage.database import connect
from lms_graphql.storage.errors import PartitionsMissingError, RolesMissingError
from tests.conftest import temporary_database

NOW = datetime(2030, 12, 15, 13, 30, tzinfo=UTC)
UNIVERSITY = """
    INSERT INTO countries (iso_code, name) VALUES ('US', 'United States');
    INSERT INTO universities (name, short_code, country_id) VALUES ('Alpha', 'ALPHA', 1);
"""
KEY = "INSERT INTO idempotency_keys VALUES (1, 1, 'key', 'path', $1, 'mutation', '', '{}')"
AUDIT = "INSERT INTO audit_log (university_id, at, act, entity, request_id) VALUES (1, $1, 'act', 'User', 'r')"
DAYS = [f"2030-12-{day}" for day in range(15, 23)]


@pytest.fixture
async def made(superuser):
    async with temporary_database(superuser) as database:
        driver = await connect(database.owner)
        await driver.execute(UNIVERSITY)
        yield database, driver
        await driver.close()


async def holds(driver, table):
    """Which partitions hold how many rows."""
    found = await driver.fetch(f"SELECT tableoid::regclass::text, count(*) FROM {table} GROUP BY 1 ORDER BY 1")
    return dict(tuple(row) for row in found)


async def test_they_are_made_ahead_once(made):
    database, driver = made
    done = await partitions.maintain(database.owner, NOW)
    days = [day.replace("-", "") for day in DAYS]
    months = ("203012", "203101", "203102", "203103")
    assert done.made == [
        *(f"audit_log_{month}01" for month in months),
        *(f"outbox_{day}" for day in days),
        *(f"idempotency_keys_{day}" for day in days),
        *(f"disclosures_{month}01" for month in months),
    ]
    assert done[1:] == ([], 0)
    assert await partitions.maintain(database.owner, NOW) == ([], [], 0)
    await driver.execute(AUDIT, NOW + timedelta(days=31))
    await driver.execute(AUDIT, NOW + timedelta(days=365))
    assert await holds(driver, "audit_log") == {"audit_log_20310101": 1, "audit_log_default": 1}


async def test_it_is_told_when_nobody_made_them(made):
    database, _ = made
    missing = "audit_log, outbox, idempotency_keys, disclosures: no partition for today"
    with pytest.raises(PartitionsMissingError, match=missing):
        await partitions.require_ahead(database.app, NOW)
    await partitions.maintain(database.owner, NOW)
    await partitions.require_ahead(database.app, NOW + timedelta(days=7))
    with pytest.raises(PartitionsMissingError, match=r"^outbox, idempotency_keys: no"):
        await partitions.require_ahead(database.app, NOW + timedelta(days=8))


async def test_what_is_past_is_dropped_and_the_audit_log_never(made):
    database, driver = made
    await partitions.maintain(database.owner, NOW)
    for moment in (NOW, NOW + timedelta(days=7), NOW - timedelta(days=3), NOW - timedelta(days=1)):
        await driver.execute(KEY, moment)
        await driver.execute(AUDIT, moment)
    done = await partitions.maintain(database.owner, NOW + timedelta(days=2))
    # Two days back from the 17th at 13:30 is the 15th, whose partition may hold what is not past.
    assert (done.dropped, done.deleted) == ([], 2)
    done = await partitions.maintain(database.owner, NOW + timedelta(days=3))
    assert (done.dropped, done.deleted) == (["idempotency_keys_20301215"], 0)
    assert await holds(driver, "idempotency_keys") == {"idempotency_keys_20301222": 1}
    assert sum((await holds(driver, "audit_log")).values()) == 4


async def test_a_period_that_the_default_partition_holds_stays_there(made):
    database, driver = made
    await driver.execute(KEY, NOW)
    done = await partitions.maintain(database.owner, NOW)
    assert "idempotency_keys_20301215" not in done.made
    assert "idempotency_keys_20301216" in done.made
    assert await holds(driver, "idempotency_keys") == {"idempotency_keys_default": 1}


async def test_nobody_but_the_owner_maintains_and_nobody_gets_in_through_a_partition(made):
    database, driver = made
    with pytest.raises(RolesMissingError, match="only a member of lms_owner"):
        await partitions.maintain(database.app, NOW)
    await partitions.maintain(database.owner, NOW)
    granted = await driver.fetch("""
        SELECT c.relname, grantee::regrole FROM pg_class c, aclexplode(c.relacl)
        WHERE c.relispartition AND grantee <> 'lms_owner'::regrole
    """)
    assert granted == []
    await driver.execute("SET ROLE lms_app; SET lms.university_id = '1'")
    await driver.execute(AUDIT, NOW)
    for refused in (
        "SELECT FROM audit_log",
        "UPDATE audit_log SET act = 'x'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "SELECT FROM audit_log_20301201",
        "DELETE FROM outbox",
        "UPDATE idempotency_keys SET path = 'x'",
    ):
        with pytest.raises(Exception, match="permission denied"):
            await driver.execute(refused)
    with pytest.raises(Exception, match="row-level security"):
        await driver.execute(AUDIT.replace("VALUES (1", "VALUES (2"), NOW)
    await driver.execute("RESET ROLE")
