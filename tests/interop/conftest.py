"""A database for each file of tests, a university for each test."""

import pytest
from sqlalchemy import event

from lms_graphql.storage.database import connect, create_engine
from tests.conftest import running_api
from tests.databases import demo_database, temporary_database
from tests.interop.bundles import a_campus, another_campus
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


@pytest.fixture(scope="module")
async def loaded(superuser):
    """A database with the demo."""
    async with demo_database(superuser) as (database, _):
        yield database


@pytest.fixture(scope="module")
async def demo(loaded, tmp_path_factory):
    """The demo's first university, over HTTP."""
    driver = await connect(loaded.owner)
    async with running_api(loaded.app, files=tmp_path_factory.mktemp("files"), upload_mib=100) as running:
        yield await a_campus(running, driver, "DEMO")
    await driver.close()


@pytest.fixture(scope="module")
async def elsewhere(demo):
    """Another university of the same administrator, without courses."""
    return await another_campus(demo)
