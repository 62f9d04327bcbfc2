"""One transaction that writes: READ COMMITTED, for one university and one viewer, committed by who began it."""

import asyncio
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import PoolProxiedConnection

from lms_graphql.storage.database import LOST, begin, end, release, unreachable
from lms_graphql.storage.errors import ConnectionLostError, OutcomeUnknownError
from lms_graphql.storage.statements import Statement

_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_COMMIT_SECONDS = 5.0

R = TypeVar("R")


class Transaction:
    """Begun at its first statement; what is not committed when the block is left is rolled back.

    A transaction belongs to one task, whose statements follow one another. `statements` counts them.
    """

    def __init__(self, engine: AsyncEngine, settings: Sequence[str]) -> None:
        self._engine = engine
        self._settings = settings
        self._connection: PoolProxiedConnection | None = None
        self.statements = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            # A cancelled request must not take its own clean-up with it.
            await asyncio.shield(end(connection, "ROLLBACK"))

    async def fetch(self, statement: Statement, parameters: Mapping[str, Any], row: type[R]) -> list[R]:
        """The rows that a statement gives, or changed and returns.

        Raises what the driver raises; ConnectionLostError when the connection broke, of which nothing is kept.
        """
        if self._connection is None:
            self._connection = await begin(self._engine, [_BEGIN, *self._settings])
        self.statements += 1
        try:
            driver: Any = self._connection.driver_connection
            rows: list[R] = await driver.fetch(statement.sql, *statement.arguments(parameters), record_class=row)
        except asyncpg.QueryCanceledError:  # by its timeout: the connection is there, and again it would take as long
            raise
        except LOST as error:
            raise ConnectionLostError(str(unreachable(self._engine.url, error))) from error
        return rows

    async def commit(self) -> None:
        """Keep everything; once this has begun, a cancelled task no longer stops it.

        Raises what a deferred constraint raises, or OutcomeUnknownError when nobody told how it ended.
        """
        connection, self._connection = self._connection, None
        if connection is not None:
            await asyncio.shield(_commit(connection))


async def _commit(connection: PoolProxiedConnection) -> None:
    driver: Any = connection.driver_connection
    try:
        done = await driver.execute("COMMIT", timeout=_COMMIT_SECONDS)
    except (TimeoutError, *LOST) as error:
        connection.invalidate()
        raise OutcomeUnknownError("the connection broke while the transaction was being kept") from error
    finally:
        await release(connection)
    if done != "COMMIT":  # PostgreSQL answers ROLLBACK where a statement had failed, and that is no error to it
        raise RuntimeError("a transaction was committed that had failed")
