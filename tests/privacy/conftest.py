"""Databases to erase people in: each test gets a copy of one in which the student has left traces everywhere."""

import contextlib
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from lms_graphql.storage.database import connect
from tests.conftest import Database, temporary_database
from tests.privacy.traces import leave_traces
from tests.world import Rows, World, build_world

Copy = tuple[Database, World]


@pytest.fixture(scope="session")
async def original(superuser) -> AsyncIterator[Copy]:
    """The world, and the traces; nobody stays connected, so that it can be copied."""
    async with temporary_database(superuser) as database:
        driver = await connect(database.owner)
        world = await build_world(driver)
        await leave_traces(Rows(driver), world)
        await driver.close()
        yield database, world


@contextlib.asynccontextmanager
async def copied(superuser: Any, original: Database) -> AsyncIterator[Database]:
    """A copy of a database to which nobody is connected; dropped at the end."""
    name = f"lms_test_{uuid.uuid4().hex[:12]}"
    driver = await connect(superuser)
    await driver.execute(f"CREATE DATABASE {name} TEMPLATE {original.owner.database} OWNER lms_owner")
    try:
        yield Database(superuser, name)
    finally:
        await driver.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await driver.close()


@pytest.fixture
async def campus(superuser, original) -> AsyncIterator[Copy]:
    """A copy of one's own, with the people and rows in it."""
    async with copied(superuser, original[0]) as database:
        yield database, original[1]
