"""The tables that grow with time: their partitions are made ahead of time, and dropped when what is in them is past.

Without any of it everything goes into the default partitions, and nothing fails; it is only dearer to be rid of.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import asyncpg
from sqlalchemy import URL

from lms_graphql.storage.database import on_driver
from lms_graphql.storage.errors import PartitionsMissingError, RolesMissingError


class Partitioned(NamedTuple):
    """A table partitioned by its column `at`: a partition each month, or each day; kept for some days, or for ever."""

    table: str
    is_monthly: bool
    ahead: int
    """How many partitions there are beyond the one of now."""
    kept_days: int | None


PARTITIONED = (
    Partitioned("audit_log", is_monthly=True, ahead=3, kept_days=None),
    Partitioned("outbox", is_monthly=False, ahead=7, kept_days=14),
    # A key is good for a day.
    Partitioned("idempotency_keys", is_monthly=False, ahead=7, kept_days=2),
    Partitioned("disclosures", is_monthly=True, ahead=3, kept_days=None),
)


class Maintained(NamedTuple):
    """What was done: the names of the partitions made and dropped, and the old rows deleted from default partitions."""

    made: list[str]
    dropped: list[str]
    deleted: int


async def maintain(url: URL, now: datetime | None = None) -> Maintained:
    """Make the partitions of the time ahead and drop those of the past, as lms_owner. Safe to repeat.

    Raises RolesMissingError when the URL's login can't become lms_owner.
    """
    moment = now or datetime.now(UTC)

    async def work(driver: asyncpg.Connection) -> Maintained:
        done = Maintained([], [], 0)
        async with driver.transaction():
            try:
                await driver.execute("SET LOCAL ROLE lms_owner; SET LOCAL lock_timeout = '5s'")
            except asyncpg.InsufficientPrivilegeError as error:
                raise RolesMissingError("only a member of lms_owner can maintain the partitions") from error
            for table in PARTITIONED:
                done = await _maintain(driver, table, moment, done)
        return done

    return await on_driver(url, work)  # type: ignore[no-any-return]  # what the work gives


async def _maintain(driver: asyncpg.Connection, table: Partitioned, now: datetime, done: Maintained) -> Maintained:
    there = {row[0] for row in await driver.fetch(_PARTITIONS, table.table)}
    for begins, ends in _periods(table, now):
        name = f"{table.table}_{begins:%Y%m%d}"
        if name in there or await _holds(driver, table, begins, ends):
            continue
        span = f"FROM ('{begins:%Y-%m-%d}Z') TO ('{ends:%Y-%m-%d}Z')"
        await driver.execute(f"CREATE TABLE {name} PARTITION OF {table.table} FOR VALUES {span}")
        done.made.append(name)
    if table.kept_days is None:
        return done
    oldest = now - timedelta(days=table.kept_days)
    for name in sorted(there):
        date = name.removeprefix(f"{table.table}_")
        if date.isdecimal() and datetime.strptime(date, "%Y%m%d").replace(tzinfo=UTC) < oldest - timedelta(days=1):
            await driver.execute(f"DROP TABLE {name}")
            done.dropped.append(name)
    gone = await driver.execute(f"DELETE FROM {table.table}_default WHERE at < $1", oldest)  # noqa: S608 - our own names
    return done._replace(deleted=done.deleted + int(gone.split()[-1]))


async def require_ahead(url: URL, now: datetime | None = None) -> None:
    """Raise PartitionsMissingError unless every table has a partition for the moment."""
    moment = now or datetime.now(UTC)

    async def work(driver: asyncpg.Connection) -> list[str]:
        missing = []
        for table in PARTITIONED:
            begins, _ = next(_periods(table, moment))
            there = {row[0] for row in await driver.fetch(_PARTITIONS, table.table)}
            if f"{table.table}_{begins:%Y%m%d}" not in there:
                missing.append(table.table)
        return missing

    missing = await on_driver(url, work)
    if missing:
        raise PartitionsMissingError(
            f"{', '.join(missing)}: no partition for today, rows go into the default one: run lms-graphql maintain"
        )


_PARTITIONS = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = $1::text::regclass"


async def _holds(driver: asyncpg.Connection, table: Partitioned, begins: datetime, ends: datetime) -> bool:
    """Whether the default partition has rows of a period already; then it keeps that period."""
    held = f"SELECT EXISTS (SELECT FROM {table.table}_default WHERE at >= $1 AND at < $2)"  # noqa: S608 - our own names
    return bool(await driver.fetchval(held, begins, ends))


def _periods(table: Partitioned, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The period of now and those ahead, each with its beginning and its end."""
    begins = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if table.is_monthly:
        begins = begins.replace(day=1)
    for _ in range(table.ahead + 1):
        ends = (begins + timedelta(days=32)).replace(day=1) if table.is_monthly else begins + timedelta(days=1)
        yield begins, ends
        begins = ends
