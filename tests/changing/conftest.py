"""A database of their own, with the world in it, for tests that write: the shared one is as `world` made it."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import URL

from lms_graphql.storage.database import connect
from tests.conftest import Api, Database, running_api, temporary_database
from tests.world import World, build_world


@pytest.fixture(scope="module")
async def written(superuser: URL) -> AsyncIterator[Database]:
    """The database; one for each file."""
    async with temporary_database(superuser) as made:
        yield made


@pytest.fixture(scope="module")
async def owner(written: Database) -> AsyncIterator[asyncpg.Connection]:
    """A connection that sees and does everything."""
    driver = await connect(written.owner)
    yield driver
    await driver.close()


@pytest.fixture(scope="module")
async def world(owner: asyncpg.Connection) -> World:
    """The two universities."""
    return await build_world(owner)


@pytest.fixture(scope="module")
async def api(written: Database, world: World) -> AsyncIterator[Api]:
    """The application over it."""
    async with running_api(written.app, max_in_flight=200) as running:
        yield running
