"""One store and one university for each file."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.chaos.machines import Store, store
from tests.load.campuses import Campus, add_campus

PEOPLE = 200


@pytest.fixture(scope="module")
async def machine() -> AsyncIterator[Store]:
    """The store."""
    async with store() as made:
        yield made


@pytest.fixture(scope="module")
async def owner(machine: Store) -> AsyncIterator[asyncpg.Connection]:
    """A connection that sees and does everything, until PostgreSQL is killed."""
    driver = await machine.connect()
    yield driver
    await driver.close()


@pytest.fixture(scope="module")
async def campus(owner: asyncpg.Connection) -> Campus:
    """The university; the first of its people is its administrator."""
    return await add_campus(owner, "CHAOS", PEOPLE)
