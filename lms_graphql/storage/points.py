"""Rate-limit points, shared by all workers: one bucket for each principal, which fills by itself as time passes.

A worker leases a block at a time, so that most requests cost no statement. The table is UNLOGGED: what a crash forgets
is a full bucket.
"""

from typing import NamedTuple

import asyncpg
from sqlalchemy import BigInteger, CheckConstraint, String, bindparam, case, cast, extract, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import Mapped, mapped_column

from lms_graphql.storage.database import acquire, release, unreachable
from lms_graphql.storage.errors import DatabaseUnreachableError
from lms_graphql.storage.metadata import BigInt, Model, Time
from lms_graphql.storage.statements import Statement

_FORGET_AFTER_LEASES = 1000
_FORGET = "DELETE FROM rate_points WHERE counted_at < now() - interval '1 hour'"


class RatePoints(Model):
    """A bucket: the points in it at a moment, and what the last lease took."""

    __tablename__ = "rate_points"
    __table_args__ = (CheckConstraint("points >= 0", name="points"), {"prefixes": ["UNLOGGED"]})

    bucket: Mapped[str] = mapped_column(String(96), primary_key=True)
    points: Mapped[BigInt]
    granted: Mapped[BigInt]
    counted_at: Mapped[Time]


class Lease(NamedTuple):
    """What a lease got, 0 when the bucket has less than is needed, and what is left in the bucket."""

    granted: int
    left: int


def _lease() -> Statement:
    """One statement: the row's lock makes two workers take turns, whatever they ask for."""
    bucket, needed, wanted, capacity, per_second = (
        bindparam(name, type_=type_)
        for name, type_ in (
            ("bucket", String()),
            ("needed", BigInteger()),
            ("wanted", BigInteger()),
            ("capacity", BigInteger()),
            ("per_second", BigInteger()),
        )
    )
    # Whoever waited for the lock began before the row was counted: no time has passed for them.
    seconds = func.greatest(0, extract("epoch", func.now() - RatePoints.counted_at))
    refilled = cast(func.least(capacity, RatePoints.points + func.floor(seconds * per_second)), BigInteger)
    granted = case((refilled >= needed, func.least(refilled, wanted)), else_=0)
    first = func.least(capacity, wanted)
    fresh = insert(RatePoints).values(bucket=bucket, points=capacity - first, granted=first, counted_at=func.now())
    return Statement(
        fresh.on_conflict_do_update(
            index_elements=[RatePoints.bucket],
            set_={
                "points": refilled - granted,
                "granted": granted,
                "counted_at": func.greatest(RatePoints.counted_at, func.now()),
            },
        ).returning(RatePoints.granted, RatePoints.points)
    )


_LEASE = _lease()


class PointStore:
    """The buckets. Each holds at most `capacity` points and gets `per_second` more a second.

    It needs an engine of its own: who asks for points may hold one of the requests' connections already.
    """

    def __init__(self, engine: AsyncEngine, *, capacity: int, per_second: int) -> None:
        self._engine = engine
        self.capacity, self.per_second = capacity, per_second
        self._leases = 0

    async def lease(self, bucket: str, needed: int, wanted: int) -> Lease:
        """Take up to `wanted` points, at least `needed` or none; DatabaseUnreachableError without a connection."""
        parameters = {
            "bucket": bucket,
            "needed": needed,
            "wanted": wanted,
            "capacity": self.capacity,
            "per_second": self.per_second,
        }
        self._leases += 1
        try:
            connection = await acquire(self._engine)
        except PoolTimeoutError as error:
            raise DatabaseUnreachableError("all connections for points are busy; try again") from error
        try:
            row = await connection.driver_connection.fetchrow(_LEASE.sql, *_LEASE.arguments(parameters))  # type: ignore[union-attr]
            if self._leases % _FORGET_AFTER_LEASES == 0:  # buckets that have long been full again
                await connection.driver_connection.execute(_FORGET)  # type: ignore[union-attr]
        except (OSError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError) as error:
            connection.invalidate()
            raise unreachable(self._engine.url, error) from error
        finally:
            await release(connection)
        return Lease(row["granted"], row["points"])
