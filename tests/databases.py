"""Databases of the test server, each a copy: in one run a revision is migrated to once, and the demo loaded once."""

import contextlib
import uuid
from collections.abc import AsyncIterator

from sqlalchemy import URL

from lms_graphql.certificates.credentials import Signer
from lms_graphql.certificates.keys import read_keyring, rotated
from lms_graphql.commands.database import owner_connection
from lms_graphql.demo.service import DemoSummary, load_demo
from lms_graphql.storage import migrations, roles
from lms_graphql.storage.database import connect

PASSWORD = "lms_app for tests"
DEMO_KEYS = rotated(None)
"""What signs the certificates of the demo."""
DEMO_SIGNER = Signer(read_keyring(DEMO_KEYS), "https://learn.example.edu")


class Database:
    """A database of the test server: its URLs by role."""

    def __init__(self, superuser: URL, name: str) -> None:
        self.owner = superuser.set(database=name)
        self.app = self.owner.set(username="lms_app", password=PASSWORD)


_AT_REVISION: dict[tuple[URL, str], Database] = {}
"""By server, of which a run may have several, and revision."""
_WITH_DEMO: list[tuple[Database, DemoSummary]] = []


@contextlib.asynccontextmanager
async def temporary_database(superuser: URL, revision: str | None = "head") -> AsyncIterator[Database]:
    """A new database at a revision (None: empty), dropped at the end."""
    if revision is None:
        async with _dropped(superuser, await _empty(superuser)) as database:
            yield database
        return
    if (superuser, revision) not in _AT_REVISION:
        made = await _empty(superuser)
        await migrations.upgrade(made.owner, revision)
        _AT_REVISION[superuser, revision] = made
    async with copied(superuser, _AT_REVISION[superuser, revision]) as database:
        yield database


@contextlib.asynccontextmanager
async def demo_database(superuser: URL) -> AsyncIterator[tuple[Database, DemoSummary]]:
    """A new database at head with the demo, dropped at the end."""
    if not _WITH_DEMO:
        async with temporary_database(superuser) as head:
            made = await _copy(superuser, head)
        async with owner_connection(made.owner) as connection:
            _WITH_DEMO.append((made, await load_demo(connection, signer=DEMO_SIGNER)))
    source, summary = _WITH_DEMO[0]
    async with copied(superuser, source) as database:
        yield database, summary


@contextlib.asynccontextmanager
async def copied(superuser: URL, source: Database) -> AsyncIterator[Database]:
    """A copy of a database that nobody is connected to, dropped at the end."""
    async with _dropped(superuser, await _copy(superuser, source)) as database:
        yield database


async def drop_sources(superuser: URL) -> None:
    """Drop what was kept to be copied: a server that the run did not start must be left as it was."""
    for database in (
        *(database for (server, _), database in _AT_REVISION.items() if server == superuser),
        *(database for database, _ in _WITH_DEMO),
    ):
        await _drop(superuser, database)
    _AT_REVISION.clear()
    _WITH_DEMO.clear()


def _name() -> str:
    return f"lms_test_{uuid.uuid4().hex[:12]}"


async def _empty(superuser: URL) -> Database:
    name = _name()
    await roles.bootstrap(superuser, name, app_password=PASSWORD)
    return Database(superuser, name)


async def _copy(superuser: URL, source: Database) -> Database:
    name = _name()
    await _execute(
        superuser, f"CREATE DATABASE {name} TEMPLATE {source.owner.database} STRATEGY FILE_COPY OWNER lms_owner"
    )
    return Database(superuser, name)


@contextlib.asynccontextmanager
async def _dropped(superuser: URL, database: Database) -> AsyncIterator[Database]:
    try:
        yield database
    finally:
        await _drop(superuser, database)


async def _drop(superuser: URL, database: Database) -> None:
    await _execute(superuser, f"DROP DATABASE {database.owner.database} WITH (FORCE)")


async def _execute(superuser: URL, statement: str) -> None:
    driver = await connect(superuser)
    try:
        await driver.execute(statement)
    finally:
        await driver.close()
