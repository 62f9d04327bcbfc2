"""Alembic, run from inside the product: to head, to any revision and back, as `lms_owner`."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from lms_graphql.storage.database import connect, database_url
from lms_graphql.storage.errors import MigrationFailedError, MigrationsPendingError, RolesMissingError

_OWNER = "lms_owner"


def config() -> Config:
    """Alembic's configuration; the revisions lie beside the package in a checkout and inside it in a wheel."""
    package = Path(__file__).parent.parent
    inside = package / "_migrations"
    settings = Config()
    settings.set_main_option("script_location", str(inside if inside.is_dir() else package.parent / "migrations"))
    return settings


def head() -> str:
    """The newest revision that this version of the product has."""
    revision = ScriptDirectory.from_config(config()).get_current_head()
    if revision is None:
        raise MigrationFailedError("this installation has no migrations; install lms-graphql again")
    return revision


def owner_url_from_environment() -> URL:
    """LMS_OWNER_DATABASE_URL, for the alembic command."""
    return database_url(os.environ.get("LMS_OWNER_DATABASE_URL", ""), variable="LMS_OWNER_DATABASE_URL")


async def upgrade(url: URL, revision: str = "head") -> None:
    """Migrate up. Raises MigrationFailedError with one line when a revision refuses."""
    await _run(url, lambda settings: command.upgrade(settings, revision))


async def downgrade(url: URL, revision: str) -> None:
    """Migrate down, the whole way or not at all. MigrationFailedError when a revision would lose something."""

    def down(settings: Config) -> None:
        settings.attributes["transaction_per_migration"] = False
        command.downgrade(settings, revision)

    await _run(url, down)


async def check(url: URL) -> None:
    """Raise when the models and the migrated database differ in what Alembic compares."""
    await _run(url, command.check)


async def _run(url: URL, action: Callable[[Config], Any]) -> None:
    settings = config()

    def on_connection(connection: Connection) -> None:
        settings.attributes["connection"] = connection
        action(settings)

    await on_owner_connection(url, on_connection)


async def on_owner_connection(url: URL, work: Callable[[Connection], None]) -> None:
    """Call `work` with a connection that has become lms_owner and waits at most five seconds for a lock."""
    await (await connect(url)).close()  # says in one line what is wrong, where SQLAlchemy would say it in a trace
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await _become_owner(connection)
            await connection.run_sync(work)
    except CommandError as error:
        raise MigrationFailedError(_first_line(error)) from error
    except (DBAPIError, AssertionError) as error:
        raise MigrationFailedError(f"the migration failed, nothing of it was kept: {_first_line(error)}") from error
    except Exception as error:
        if type(error).__name__ != "MigrationRefusedError":  # each revision has its own, frozen with it
            raise
        raise MigrationFailedError(str(error)) from None
    finally:
        await engine.dispose()


async def _become_owner(connection: Any) -> None:
    try:
        await connection.execute(text(f"SET ROLE {_OWNER}"))
    except DBAPIError as error:
        raise RolesMissingError(
            f"{connection.engine.url.username} can't become {_OWNER}: connect as a member of it,"
            " or let a superuser make the roles with lms-graphql migrate --superuser-url URL"
        ) from error
    await connection.execute(text("SET lock_timeout = '5s'"))
    await connection.commit()


def _first_line(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return str(cause).splitlines()[0]


async def require_head(url: URL) -> None:
    """Raise MigrationsPendingError unless the database is at head."""
    found, wanted = await current(url), head()
    if found != wanted:
        raise MigrationsPendingError(
            f"the database is at revision {found or 'none'}, this version needs {wanted}: run lms-graphql migrate"
        )


async def current(url: URL) -> str | None:
    """The revision that the database is at, None for an empty one."""
    driver = await connect(url)
    try:
        if await driver.fetchval("SELECT to_regclass('public.alembic_version') IS NULL"):
            return None
        revision: str | None = await driver.fetchval("SELECT version_num FROM alembic_version")
        return revision
    finally:
        await driver.close(timeout=5)
