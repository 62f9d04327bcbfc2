"""A database for each file of tests, a university for each test."""

import pytest
from sqlalchemy import event

from lms_graphql.storage.database import create_engine
from tests.databases import temporary_database
from tests.interop.universities import new_university


@pytest.fixture(scope="module")
async def databases(superuser):
    async with temporary_database(superuser) as made:
        app, owner = create_engine(made.app), create_engine(made.owner)
        yield app, owner
        await app.dispose()
        await owner.dispose()


@pytest.fixture
async def university(databases):
    return await new_university(databases)


@pytest.fixture
def statements(databases):
    recorded = []

    def record(_connection, _cursor, statement, *_more):
        recorded.append(statement)

    engine = databases[0].sync_engine
    event.listen(engine, "before_cursor_execute", record)
    yield recorded
    event.remove(engine, "before_cursor_execute", record)
