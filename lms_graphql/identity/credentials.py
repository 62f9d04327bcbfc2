"""The way to credentials: connections as `lms_auth`, of a small pool that no statement of the API ever gets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine

from lms_graphql.storage.database import acquire, release, unreachable
from lms_graphql.storage.errors import DatabaseUnreachableError
from lms_graphql.storage.statements import Statement

_LOST = (OSError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError)


class Transaction:
    """Statements that are kept together, or not at all."""

    def __init__(self, driver: asyncpg.Connection) -> None:
        self._driver = driver

    async def fetch(self, statement: Statement, **parameters: Any) -> list[asyncpg.Record]:
        """The rows of a statement."""
        rows: list[asyncpg.Record] = await self._driver.fetch(statement.sql, *statement.arguments(parameters))
        return rows

    async def row(self, statement: Statement, **parameters: Any) -> asyncpg.Record | None:
        """The first row of a statement, None without one."""
        rows = await self.fetch(statement, **parameters)
        return rows[0] if rows else None


class Credentials:
    """The tables that `lms_auth` alone may read. DatabaseUnreachableError wherever there is no connection."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def row(self, statement: Statement, **parameters: Any) -> asyncpg.Record | None:
        """The first row of a statement that is kept by itself, None without one."""
        async with self._connection() as driver:
            return await Transaction(driver).row(statement, **parameters)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """A transaction; what the block did is kept when it ends well."""
        async with self._connection() as driver, driver.transaction():
            yield Transaction(driver)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[asyncpg.Connection]:
        try:
            connection = await acquire(self._engine)
        except PoolTimeoutError as error:
            raise DatabaseUnreachableError("all connections for signing in are busy; try again") from error
        try:
            yield connection.driver_connection
        except _LOST as error:
            connection.invalidate()
            raise unreachable(self._engine.url, error) from error
        finally:
            await release(connection)
