"""The pool of connections to PostgreSQL, and the connection itself as the driver gives it.

Statements are SQLAlchemy's, connections come from SQLAlchemy's pool, but rows are fetched by asyncpg directly: a Core
result costs about three times as much, ORM entities ten times (measured, 200 rows).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.util import greenlet_spawn

from lms_graphql.storage.errors import (
    DatabaseBusyError,
    DatabaseUnreachableError,
    InvalidDatabaseUrlError,
    UnsupportedPostgresError,
)

OLDEST_POSTGRES = 15
# Every loader has a few shapes (viewer, payload or not); all of them must stay prepared on every connection.
_PREPARED_STATEMENTS = 1024
_END_SECONDS = 2.0

LOST = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
)
"""How asyncpg tells that the connection is gone, or that the server is going."""


def database_url(text: str, *, variable: str = "LMS_DATABASE_URL") -> URL:
    """The URL for SQLAlchemy's asyncpg dialect, from any usual spelling of a PostgreSQL URL.

    Raises InvalidDatabaseUrlError that names the variable but never repeats the text, which may hold a password.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        url = None
    if url is None or url.get_backend_name() not in {"postgresql", "postgres"} or not url.database:
        raise InvalidDatabaseUrlError(
            f"{variable} is not a PostgreSQL URL like postgresql://user:password@host:5432/name"
        )
    if url.host:
        url = url.difference_update_query(["host"])  # a name and a folder would lead to two servers
    return url.set(drivername="postgresql+asyncpg")


def described(url: URL) -> str:
    """Where a URL leads, without its password: for messages."""
    host = url.host or url.query.get("host") or "localhost"
    return f"{host}:{url.port or 5432}/{url.database}"


def create_engine(url: URL, *, pool_size: int = 10, pool_wait_seconds: float = 1.0) -> AsyncEngine:
    """An engine whose connections never go back to the pool inside a transaction; jsonb comes as text."""
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=pool_wait_seconds,
        pool_recycle=1800,
        connect_args={"statement_cache_size": _PREPARED_STATEMENTS, "timeout": 5},
    )
    event.listen(engine.sync_engine, "connect", _on_connect)
    event.listen(engine.sync_engine, "reset", _on_reset)
    return engine


def _on_connect(connection: Any, _record: Any) -> None:
    """Undo SQLAlchemy's decoding of jsonb: the driver's own hands over the text, and structs are decoded from that."""
    connection.run_async(lambda driver: driver.reset_type_codec("jsonb", schema="pg_catalog"))


def _on_reset(connection: Any, _record: Any, state: Any) -> None:
    """Roll back what was begun on the driver: SQLAlchemy knows only of the transactions that it began itself."""
    driver = connection.driver_connection
    if not state.terminate_only and driver.is_in_transaction():
        connection.run_async(lambda raw: raw.execute("ROLLBACK"))


async def acquire(engine: AsyncEngine) -> PoolProxiedConnection:
    """A connection of the pool; the caller gives it back with `release`.

    None that is known to be dead: after a restart of PostgreSQL, all that lay in the pool are.
    """
    try:
        connection = await engine.raw_connection()
        while connection.driver_connection is not None and connection.driver_connection.is_closed():
            connection.invalidate()
            await release(connection)
            connection = await engine.raw_connection()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, engine.dialect.loaded_dbapi.Error) as error:
        raise unreachable(engine.url, error) from error  # the last one is the dialect's own, around the driver's
    return connection


async def release(connection: PoolProxiedConnection) -> None:
    """Give a connection back; the pool's reset rolls back whatever is still open on it."""
    driver = connection.driver_connection
    if driver is None or driver.is_closed() or driver.is_in_transaction():
        await greenlet_spawn(connection.close)
    else:
        connection.close()  # there is nothing to wait for, and a greenlet costs as much as a third of a statement


async def begin(engine: AsyncEngine, commands: Iterable[str]) -> PoolProxiedConnection:
    """A connection on which these commands have begun a transaction; who gets it must `end` it.

    One message, one round trip: the simple protocol takes several statements. DatabaseUnreachableError without one.
    """
    try:
        connection = await acquire(engine)
    except PoolTimeoutError as error:
        raise _busy() from error
    try:
        await connection.driver_connection.execute("; ".join(commands))  # type: ignore[union-attr]  # acquire has looked
    except LOST as error:
        await release(connection)
        raise unreachable(engine.url, error) from error
    except BaseException:
        await asyncio.shield(end(connection, "ROLLBACK"))
        raise
    return connection


def is_lost(driver: Any, error: BaseException) -> bool:
    """Whether one of the errors of `LOST`, raised by a statement, means that the connection is gone.

    A statement that was cancelled leaves it there, and so does what the driver itself refuses, such as an argument.
    """
    if isinstance(error, asyncpg.InterfaceError):
        return bool(driver.is_closed())
    return not isinstance(error, asyncpg.QueryCanceledError)


@asynccontextmanager
async def borrowed(engine: AsyncEngine) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the pool, as the driver gives it, for who begins and ends transactions by the driver's own means.

    DatabaseUnreachableError without one, or when it breaks. What is still open at the end is rolled back.
    """
    try:
        connection = await acquire(engine)
    except PoolTimeoutError as error:
        raise _busy() from error
    try:
        yield connection.driver_connection
    except asyncpg.QueryCanceledError:  # by its timeout: the connection is there
        raise
    except LOST as error:
        raise unreachable(engine.url, error) from error
    finally:
        await asyncio.shield(release(connection))


def _busy() -> DatabaseBusyError:
    return DatabaseBusyError("all connections to PostgreSQL are busy; try again")


async def end(connection: PoolProxiedConnection, command: str) -> None:
    """End the transaction of a connection and give it back; one that can't be ended is not kept."""
    driver: Any = connection.driver_connection
    try:
        # Without asking the driver whether a transaction is open: of a BEGIN that was cancelled it does not know.
        # On a connection that is dead this fails, and the pool replaces it.
        await driver.execute(command, timeout=_END_SECONDS)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
        connection.invalidate()
    except asyncio.CancelledError:
        connection.invalidate()
        raise
    finally:
        await release(connection)


def unreachable(url: URL, error: BaseException) -> DatabaseUnreachableError:
    """The one-line error for a database that can't be reached."""
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return DatabaseUnreachableError(
        f"can't connect to PostgreSQL at {described(url)} as {url.username or 'the default user'}: {reason}"
    )


async def on_driver(url: URL, work: Callable[[asyncpg.Connection], Awaitable[Any]]) -> Any:
    """Do some work on a connection of its own, outside any pool, and close it.

    Raises DatabaseUnreachableError, or UnsupportedPostgresError when the server is older than PostgreSQL 15.
    """
    driver = await connect(url)
    try:
        return await work(driver)
    finally:
        await driver.close(timeout=5)


async def connect(url: URL) -> asyncpg.Connection:
    """A driver connection of its own; raises as `on_driver` does."""
    host = url.host or url.query.get("host")
    try:
        driver = await asyncpg.connect(
            host=host,
            port=url.port or url.query.get("port"),
            user=url.username,
            password=url.password,
            database=url.database,
            timeout=5,
        )
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise unreachable(url, error) from error
    version = driver.get_server_version()
    if version.major < OLDEST_POSTGRES:
        driver.terminate()
        raise UnsupportedPostgresError(
            f"PostgreSQL at {described(url)} is version {version.major}; version {OLDEST_POSTGRES} or later is needed"
        )
    return driver
