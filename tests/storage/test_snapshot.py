"""A snapshot is one moment for one tenant, and leaves nothing on the connection that it gives back."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Select, func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from lms_graphql import tables
from lms_graphql.storage import tenancy
from lms_graphql.storage.database import acquire, connect, create_engine, database_url, release
from lms_graphql.storage.errors import DatabaseUnreachableError
from lms_graphql.storage.snapshot import Snapshot
from lms_graphql.storage.statements import Statement
from tests.databases import Database, temporary_database
from tests.world import World, build_world

DEPARTMENTS = tables.metadata.tables["departments"]
# Without a condition on the university: row-level security alone must hold.
TENANTS = Statement(select(DEPARTMENTS.c.university_id))
SLEEP = Statement(select(func.pg_sleep(0.004)))


@pytest.fixture(scope="module")
async def own(superuser) -> AsyncIterator[Database]:
    """A database that these tests may write to, and count the connections of."""
    async with temporary_database(superuser) as made:
        yield made


@pytest.fixture(scope="module")
async def superuser_driver(own) -> AsyncIterator[asyncpg.Connection]:
    driver = await connect(own.owner)
    yield driver
    await driver.close()


@pytest.fixture(scope="module")
async def two(superuser_driver) -> World:
    return await build_world(superuser_driver)


@pytest.fixture
async def pool(own, two, request) -> AsyncIterator[AsyncEngine]:
    """An engine as lms_app, by default with one connection."""
    engine = create_engine(own.app, pool_size=getattr(request, "param", 1), pool_wait_seconds=0.2)
    yield engine
    await engine.dispose()


async def seen(snapshot: Snapshot) -> set[int]:
    """The universities that the snapshot sees departments of."""
    return {row["university_id"] for row in await snapshot.fetch(TENANTS, {}, asyncpg.Record)}


async def drained(engine: AsyncEngine) -> None:
    """Wait until every connection is back in the pool: clean-up goes on when the request is already gone."""
    async with asyncio.timeout(5):
        while engine.pool.checkedout():  # noqa: ASYNC110 - the pool has no event for it
            await asyncio.sleep(0.01)


async def is_clean(engine: AsyncEngine, size: int, superuser_driver: asyncpg.Connection) -> None:
    """The pool is whole, and no connection has a transaction, a running statement or a tenant on it."""
    await drained(engine)
    taken = [await acquire(engine) for _ in range(size)]
    try:
        for connection in taken:
            driver = connection.driver_connection
            assert not driver.is_in_transaction()
            for setting in ("lms.university_id", "lms.user_id"):
                assert not await driver.fetchval("SELECT current_setting($1, true)", setting)
        pids = [connection.driver_connection.get_server_pid() for connection in taken]
        states = await superuser_driver.fetch("SELECT state FROM pg_stat_activity WHERE pid = ANY ($1)", pids)
        assert [row["state"] for row in states] == ["idle"] * size
    finally:
        for connection in taken:
            await release(connection)


# ---- one moment ----


async def test_what_is_committed_meanwhile_is_not_seen(pool, two, superuser_driver):
    alpha = two.alpha.university["id"]
    count = Statement(select(func.count()).select_from(DEPARTMENTS))
    insert = "INSERT INTO departments (university_id, code, name) VALUES ($1, $2, 'New')"
    try:
        async with Snapshot(pool) as snapshot:
            await snapshot.act_for(alpha, None)
            await superuser_driver.execute(insert, alpha, "BEFORE")  # the moment is that of the first statement
            assert [row[0] for row in await snapshot.fetch(count, {}, asyncpg.Record)] == [3]
            await superuser_driver.execute(insert, alpha, "MEANWHILE")
            assert [row[0] for row in await snapshot.fetch(count, {}, asyncpg.Record)] == [3]
        async with Snapshot(pool) as snapshot:
            await snapshot.act_for(alpha, None)
            assert [row[0] for row in await snapshot.fetch(count, {}, asyncpg.Record)] == [4]
    finally:
        await superuser_driver.execute("DELETE FROM departments WHERE name = 'New'")


async def test_it_only_reads(pool, two):
    write = Statement(text("UPDATE departments SET name = name"))
    async with Snapshot(pool) as snapshot:
        await snapshot.act_for(two.alpha.university["id"], None)
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await snapshot.fetch(write, {}, asyncpg.Record)


async def test_no_connection_without_a_statement_and_statements_are_counted(pool, two):
    async with Snapshot(pool) as snapshot:
        await snapshot.act_for(two.alpha.university["id"], 1)
        assert (pool.pool.checkedout(), snapshot.statements) == (0, 0)
        await seen(snapshot)
        assert (pool.pool.checkedout(), snapshot.statements) == (1, 1)
        await asyncio.gather(*(seen(snapshot) for _ in range(5)))
        assert (pool.pool.checkedout(), snapshot.statements) == (1, 6)
    assert pool.pool.checkedout() == 0


async def test_beginning_costs_one_round_trip(pool, two):
    alpha, beta = two.alpha.university["id"], two.beta.university["id"]
    connection = await acquire(pool)
    messages: list[str] = []
    connection.driver_connection.add_query_logger(lambda record: messages.append(record.query))
    await release(connection)
    async with Snapshot(pool) as snapshot:
        await snapshot.act_for(alpha, 7)
        assert await seen(snapshot) == {alpha}
        await snapshot.act_for(beta, None)
        assert await seen(snapshot) == {beta}
    await asyncio.sleep(0)  # the driver calls its loggers from the loop
    assert messages == [
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
        f" SET LOCAL lms.university_id = '{alpha}'; SET LOCAL lms.user_id = '7'",
        TENANTS.sql,
        f"SET LOCAL lms.university_id = '{beta}'",
        TENANTS.sql,
        "COMMIT",
    ]


@pytest.mark.parametrize("number", [0, -1, 2**63, "1", "1'; RESET ALL; --", True, 1.0])
def test_only_ids_become_settings(number):
    with pytest.raises(ValueError, match="not an id"):
        tenancy.settings(number, None)


# ---- nothing of a tenant stays on a connection ----


@pytest.mark.parametrize("error", [None, ValueError])
async def test_left_with_and_without_an_error(pool, two, superuser_driver, error):
    try:
        async with Snapshot(pool) as snapshot:
            await snapshot.act_for(two.alpha.university["id"], 1)
            await seen(snapshot)
            if error:
                raise error
    except ValueError:
        pass
    await is_clean(pool, 1, superuser_driver)


async def test_after_a_statement_that_failed(pool, two, superuser_driver):
    async with Snapshot(pool) as snapshot:
        await snapshot.act_for(two.alpha.university["id"], 1)
        with pytest.raises(asyncpg.DivisionByZeroError):
            await snapshot.fetch(Statement(text("SELECT 1/0")), {}, asyncpg.Record)
        with pytest.raises(asyncpg.InFailedSQLTransactionError):
            await seen(snapshot)
    await is_clean(pool, 1, superuser_driver)


@pytest.mark.parametrize(
    ("is_connected", "steps"), [*((True, steps) for steps in range(1, 12)), *((False, 2**steps) for steps in range(9))]
)
async def test_cancelled_after_so_many_steps_of_the_loop(pool, two, superuser_driver, is_connected, steps):
    """Also in the middle of BEGIN, whose answer the driver then has not seen, and while the connection is made."""
    if is_connected:
        await release(await acquire(pool))

    async def work() -> None:
        async with Snapshot(pool) as snapshot:
            await snapshot.act_for(two.alpha.university["id"], 1)
            await snapshot.fetch(SLEEP, {}, asyncpg.Record)

    task = asyncio.create_task(work())
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await is_clean(pool, 1, superuser_driver)


async def test_cancelled_twice(pool, two, superuser_driver):
    async def work() -> None:
        async with Snapshot(pool) as snapshot:
            await snapshot.act_for(two.alpha.university["id"], 1)
            await snapshot.fetch(Statement(select(func.pg_sleep(30))), {}, asyncpg.Record)

    task = asyncio.create_task(work())
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await is_clean(pool, 1, superuser_driver)


@pytest.mark.parametrize("seed", range(2))
async def test_forty_clients_on_four_connections(own, two, superuser_driver, seed):
    chance = random.Random(seed)  # noqa: S311 - for repeatable tests
    universities = [two.alpha.university["id"], two.beta.university["id"], None]
    engine = create_engine(own.app, pool_size=4, pool_wait_seconds=60)
    count = dict.fromkeys(("answered", "failed", "cancelled"), 0)

    async def operation(*, fails: bool) -> None:
        university = chance.choice(universities)
        expected = set() if university is None else {university}
        async with Snapshot(engine) as snapshot:
            await snapshot.act_for(university, None)
            assert await seen(snapshot) == expected
            if chance.random() < 0.3:
                await snapshot.fetch(SLEEP, {}, asyncpg.Record)
            if fails:
                raise ZeroDivisionError
            assert await seen(snapshot) == expected

    async def client() -> None:
        for _ in range(25):
            fate = chance.random()
            task = asyncio.create_task(operation(fails=fate < 0.2))
            if fate > 0.9:
                await asyncio.sleep(chance.random() * 0.03)  # an operation takes about that long
                task.cancel()
            try:
                await task
                count["answered"] += 1
            except ZeroDivisionError:
                count["failed"] += 1
            except asyncio.CancelledError:
                count["cancelled"] += 1

    await asyncio.gather(*(client() for _ in range(40)))
    assert sum(count.values()) == 1000
    assert count["failed"] > 150
    assert count["cancelled"] > 20
    await is_clean(engine, 4, superuser_driver)
    await engine.dispose()


# ---- the wall, as lms_app ----


@pytest.fixture
async def app(own, two) -> AsyncIterator[asyncpg.Connection]:
    """A connection as lms_app inside a transaction, without a tenant."""
    driver = await connect(own.app)
    await driver.execute("BEGIN")
    yield driver
    await driver.close()


def tenant_tables() -> list[str]:
    """Those that the application may read; the texts of the search are behind a function, three are only added to."""
    named = [name for name, table in tables.metadata.tables.items() if "university_id" in table.primary_key.columns]
    return [name for name in named if name not in {"search_texts", "audit_log", "outbox", "erasures"}]


def every_row(name: str) -> Select[Any]:
    return select(tables.metadata.tables[name].c.university_id)


async def test_a_tenant_sees_its_rows_and_all_of_them(app, two, superuser_driver):
    filled = 0
    for university_id in (two.alpha.university["id"], two.beta.university["id"]):
        for setting in tenancy.settings(university_id, None):
            await app.execute(setting)
        for name in tenant_tables():
            found = [row[0] for row in await app.fetch(str(every_row(name)))]
            theirs = [row[0] for row in await superuser_driver.fetch(str(every_row(name)))]
            assert found == [university_id] * theirs.count(university_id)
            filled += bool(found)
    assert filled > 20


async def test_without_a_tenant_there_are_no_rows(app, two):
    assert len(tenant_tables()) == 55
    for value in (None, ""):
        if value is not None:
            await app.execute("SET LOCAL lms.university_id = ''")
        for name in tenant_tables():
            assert await app.fetch(str(every_row(name))) == []


async def test_a_person_sees_only_their_own_roles_and_memberships_without_a_tenant(app, two):
    await app.execute(f"SET LOCAL lms.user_id = '{two.people['student']}'")
    both = {two.alpha.university["id"], two.beta.university["id"]}
    for name in ("university_members", "user_university_roles"):
        rows = await app.fetch(f"SELECT university_id, user_id FROM {name}")
        assert {(row["university_id"], row["user_id"]) for row in rows} == {
            (one, two.people["student"]) for one in both
        }
        assert await app.execute(f"UPDATE {name} SET user_id = user_id") == "UPDATE 0"
    assert await app.fetch("SELECT 1 FROM course_enrollments") == []


async def test_rows_of_another_tenant_are_neither_made_nor_changed(app, two):
    alpha, beta = two.alpha.university["id"], two.beta.university["id"]
    await app.execute(f"SET LOCAL lms.university_id = '{alpha}'")
    assert await app.execute("UPDATE departments SET name = 'Mine' WHERE university_id = $1", beta) == "UPDATE 0"
    assert await app.execute("DELETE FROM departments WHERE university_id = $1", beta) == "DELETE 0"
    assert await app.execute("UPDATE departments SET name = name WHERE university_id = $1", alpha) == "UPDATE 2"
    for statement in (
        "INSERT INTO departments (university_id, code, name) VALUES ($1, 'X', 'X')",
        "UPDATE departments SET university_id = $1",
        "INSERT INTO module_templates (university_id, template_type, title) VALUES ($1, 'unit', 'X')",
        "INSERT INTO module_templates (template_type, title) SELECT 'unit', 'For all' WHERE $1::bigint > 0",
    ):
        await app.execute("SAVEPOINT before")
        with pytest.raises(asyncpg.InsufficientPrivilegeError) as caught:
            await app.execute(statement, beta)
        assert caught.value.sqlstate == "42501"
        assert "row-level security" in str(caught.value)
        await app.execute("ROLLBACK TO before")


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT password_hash FROM users",
        "SELECT email FROM users",
        "SELECT * FROM users",
        "UPDATE users SET is_active = true",
        "INSERT INTO platform_administrators VALUES (1)",
        "UPDATE universities SET short_code = short_code",
        "TRUNCATE departments",
        "SET ROLE lms_owner",
        "SET LOCAL session_replication_role = replica",
        "ALTER TABLE departments DISABLE ROW LEVEL SECURITY",
        "CREATE TABLE mine (id int)",
    ],
)
async def test_what_lms_app_may_not_do(app, statement):
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await app.execute(statement)


# ---- when there is no connection ----


async def test_a_busy_pool_is_said_and_does_not_hang(pool, two):
    async with Snapshot(pool) as first:
        await first.act_for(two.alpha.university["id"], None)
        await seen(first)
        start = time.monotonic()
        async with Snapshot(pool) as second:
            with pytest.raises(DatabaseUnreachableError) as caught:
                await seen(second)
        assert str(caught.value) == "all connections to PostgreSQL are busy; try again"
        assert time.monotonic() - start < 2
        assert await seen(first) == {two.alpha.university["id"]}
    async with Snapshot(pool) as third:
        assert await seen(third) == set()


async def test_no_server(own):
    for url in (own.app.set(database="lms_is_not_here"), database_url("postgresql://lms_app@127.0.0.1:1/lms")):
        engine = create_engine(url)
        async with Snapshot(engine) as snapshot:
            with pytest.raises(DatabaseUnreachableError, match=r"^can't connect to PostgreSQL at .*: [^\n]+$"):
                await seen(snapshot)
        await engine.dispose()


TERMINATE = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND usename = 'lms_app'
"""


async def failures(engine: AsyncEngine, university_id: int, times: int) -> int:
    """How many of so many operations, one after the other, fail as they do on a dead connection."""
    failed = 0
    for _ in range(times):
        try:
            async with Snapshot(engine) as snapshot:
                await snapshot.act_for(university_id, None)
                assert await seen(snapshot) == {university_id}
        except DatabaseUnreachableError:  # what a client is told as 503
            failed += 1
    return failed


@pytest.mark.parametrize("pool", [1, 4], indirect=True)
async def test_a_connection_killed_in_the_pool_costs_one_operation_at_most(pool, two, superuser_driver):
    size = pool.pool.size()
    for connection in [await acquire(pool) for _ in range(size)]:
        await release(connection)
    assert await superuser_driver.fetchval(TERMINATE) == size
    assert await failures(pool, two.alpha.university["id"], 2 * size) <= size
    assert await failures(pool, two.alpha.university["id"], 2 * size) == 0
    await is_clean(pool, size, superuser_driver)


@pytest.mark.parametrize("pool", [1, 4], indirect=True)
@pytest.mark.parametrize("moment", ["between", "within"])
async def test_a_connection_killed_in_an_operation_costs_only_that(pool, two, superuser_driver, moment):
    size = pool.pool.size()
    reached, killed = asyncio.Semaphore(0), asyncio.Event()

    async def operation() -> None:
        async with Snapshot(pool) as snapshot:
            await seen(snapshot)
            reached.release()
            if moment == "within":
                await snapshot.fetch(Statement(select(func.pg_sleep(30))), {}, asyncpg.Record)
            await killed.wait()
            await seen(snapshot)

    tasks = [asyncio.create_task(operation()) for _ in range(size)]
    for _ in tasks:
        await reached.acquire()
    await asyncio.sleep(0.05)
    assert await superuser_driver.fetchval(TERMINATE) == size
    killed.set()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        assert isinstance(result, DatabaseUnreachableError)
    assert await failures(pool, two.alpha.university["id"], 2 * size) == 0
    await is_clean(pool, size, superuser_driver)
