"""One connection and one moment for a whole query operation."""

import asyncio
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import PoolProxiedConnection

from lms_graphql.storage import tenancy
from lms_graphql.storage.database import LOST, begin, end, is_lost, unreachable
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.transaction import Transaction

_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

R = TypeVar("R")


class Snapshot:
    """A read-only REPEATABLE READ transaction, begun at its first statement and ended when the block is left.

    Loaders that run at the same time take turns on the one connection. `statements` counts what was executed, without
    BEGIN, COMMIT and settings. Leaving the block always gives the connection back with nothing of the tenant on it,
    also when the task is cancelled half-way.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._lock = asyncio.Lock()
        self._connection: PoolProxiedConnection | None = None
        self._settings: list[str] = []
        self._fetching: asyncio.Task[Any] | None = None
        self._ended = False
        self.statements = 0

    async def __aenter__(self) -> Self:
        return self

    async def act_for(self, university_id: int | None, user_id: int | None) -> None:
        """Set whom row-level security sees from here on; costs a round trip only in a transaction already begun."""
        self._settings = tenancy.settings(university_id, user_id)
        async with self._lock:
            if self._connection is not None and self._settings:
                await self._driver().execute("; ".join(self._settings))

    async def renew(self) -> None:
        """End this moment and give its connection back; the next statement begins another, for the same viewer."""
        async with self._lock:
            if self._connection is not None:
                connection, self._connection = self._connection, None
                await end(connection, "COMMIT")

    def transaction(self) -> Transaction:
        """A transaction that writes, on a connection of its own, for the same viewer."""
        return Transaction(self._engine, self._settings)

    def platform_transaction(self, user_id: int) -> Transaction:
        """A transaction that writes what is no university's, for an administrator of the platform and in no university.

        Whoever asks for one has made sure that the person is one.
        """
        return Transaction(self._engine, tenancy.platform_settings(user_id))

    async def fetch(self, statement: Statement, parameters: Mapping[str, Any], row: type[R]) -> list[R]:
        """The rows of a statement. Raises what the driver raises, DatabaseUnreachableError without a connection.

        That error too when the connection breaks: there is no fault of ours in it, and it may be asked again.
        """
        async with self._lock:
            if self._ended:  # the operation is over; whoever still waited for its turn has nobody to answer
                raise asyncio.CancelledError
            self._fetching = asyncio.current_task()
            try:
                if self._connection is None:
                    await self._begin()
                self.statements += 1
                return await self._rows(statement.sql, statement.arguments(parameters), row)
            finally:
                self._fetching = None

    async def _rows(self, sql: str, arguments: Sequence[Any], row: type[R]) -> list[R]:
        driver = self._driver()
        try:
            rows: list[R] = await driver.fetch(sql, *arguments, record_class=row)
        except LOST as error:
            if is_lost(driver, error):
                raise unreachable(self._engine.url, error) from error
            raise
        return rows

    def _driver(self) -> asyncpg.Connection:
        if self._connection is None:
            raise RuntimeError("the snapshot has not begun")
        return self._connection.driver_connection

    async def _begin(self) -> None:
        self._connection = await begin(self._engine, [_BEGIN, *self._settings])

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended = True
        if self._connection is None and self._fetching is None:
            return
        if error is None:
            await self._commit()
        else:
            # A cancelled request must not take its own clean-up with it.
            await asyncio.shield(self._finish("ROLLBACK"))

    async def _commit(self) -> None:
        """The end of nearly every request, without a task of its own; cancelled in it, the connection is not kept."""
        if self._fetching is not None or self._connection is None:
            await asyncio.shield(self._finish("COMMIT"))
            return
        connection, self._connection = self._connection, None
        await end(connection, "COMMIT")

    async def _finish(self, command: str) -> None:
        """Stop the statement that still runs for a loader, whose task is not the request's own; then end."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait([self._fetching])
        connection, self._connection = self._connection, None
        if connection is not None:
            await end(connection, command)
