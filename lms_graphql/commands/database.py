"""The database that a command works on: the environment's, or the embedded one, started for as long as needed."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import msgspec
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from lms_graphql.settings import Settings, SettingsError
from lms_graphql.storage import tenancy
from lms_graphql.storage.database import connect, database_url
from lms_graphql.storage.embedded import EmbeddedPostgres

DATABASE = "lms"


class Databases(msgspec.Struct, frozen=True):
    """The URLs of one database for its roles. `superuser` only for the embedded server, which has no other users."""

    app: URL
    owner: URL | None
    superuser: URL | None = None

    @property
    def is_embedded(self) -> bool:
        """Whether the server is our own child."""
        return self.superuser is not None

    def owner_or_fail(self) -> URL:
        """The owner's URL; SettingsError when the environment gives none."""
        if self.owner is None:
            raise SettingsError("set LMS_OWNER_DATABASE_URL to a login that is a member of lms_owner")
        return self.owner


@contextmanager
def databases(settings: Settings) -> Iterator[Databases]:
    """The database of the environment; without one the embedded server, running while the block does."""
    if settings.database_url is not None:
        app = database_url(settings.database_url)
        owner = settings.owner_database_url
        yield Databases(app, database_url(owner, variable="LMS_OWNER_DATABASE_URL") if owner else None)
        return
    with EmbeddedPostgres(settings.data_dir) as server:
        yield Databases(
            app=database_url(server.url(user="lms_app", database=DATABASE)),
            owner=database_url(server.url(database=DATABASE)),
            superuser=database_url(server.url()),
        )


@asynccontextmanager
async def owner_connection(url: URL) -> AsyncIterator[AsyncConnection]:
    """A transaction as lms_owner, for what no tenant may do; committed when the block ends well."""
    await (await connect(url)).close()  # one line when it can't be reached
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SET LOCAL ROLE lms_owner"))
            yield connection
    finally:
        await engine.dispose()


@asynccontextmanager
async def tenant_connection(url: URL, university_id: int, *, keep: bool = True) -> AsyncIterator[AsyncConnection]:
    """A transaction as lms_app inside one university; committed when the block ends well and `keep` is true."""
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection, connection.begin() as transaction:
            for setting in tenancy.settings(university_id, None):
                await connection.execute(text(setting))
            yield connection
            if not keep:
                await transaction.rollback()
    finally:
        await engine.dispose()
