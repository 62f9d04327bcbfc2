"""One PostgreSQL for the whole run, a migrated database in it, and the application over that database.

LMS_TEST_DATABASE_URL (a superuser's maintenance database) names a server to use; without it an embedded one is started.
"""

import contextlib
import gc
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import hypothesis
import pytest
from sqlalchemy import URL

from lms_graphql.app import create_app
from lms_graphql.server.authentication import Authenticator
from lms_graphql.settings import Settings
from lms_graphql.storage.database import connect, create_engine, database_url
from lms_graphql.storage.embedded import EmbeddedPostgres
from lms_graphql.storage.snapshot import Snapshot
from tests.databases import Database, drop_sources, temporary_database
from tests.world import World, build_world

# Nothing is remembered between runs: a folder of examples would belong to whoever ran first.
hypothesis.settings.register_profile("lms", database=None, deadline=None)
hypothesis.settings.load_profile("lms")

SECRET = b"a secret for tests, 32 bytes or more"
_FAST = {
    "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "256MB",
    "max_connections": "400",  # every file may have an application of its own, with its pools
}  # fmt: skip
_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder with a name of its own is made in it
_ROOM = 4 * 2**30  # bytes; the databases of `make plans` are the largest


def pytest_configure() -> None:
    """As the application does: fewer rounds of the garbage collector, which would look through the schema each time."""
    gc.set_threshold(50_000, 20, 50)


def pytest_collection_finish() -> None:
    """What the tests imported lives as long as they run."""
    gc.freeze()


def _folder() -> Path | None:
    """Where the server's data lies: in memory if there is room, since copying a database costs a disk 0.4 s of CPU."""
    return _MEMORY if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM else None


@pytest.fixture(scope="session")
async def superuser() -> AsyncIterator[URL]:
    """The superuser's maintenance database."""
    given = os.environ.get("LMS_TEST_DATABASE_URL")
    if given:
        url = database_url(given, variable="LMS_TEST_DATABASE_URL")
        yield url
        await drop_sources(url)
        return
    with (
        tempfile.TemporaryDirectory(prefix="lms-tests-", dir=_folder()) as folder,
        EmbeddedPostgres(Path(folder), options=_FAST) as server,
    ):
        yield database_url(server.url())


@pytest.fixture(scope="session")
async def database(superuser: URL) -> AsyncIterator[Database]:
    """The migrated database that the tests of the read path share; nobody writes to it but `world`."""
    async with temporary_database(superuser) as made:
        yield made


@pytest.fixture(scope="session")
async def world(database: Database) -> World:
    """Two universities with equal short data, and people in every role."""
    driver = await connect(database.owner)
    try:
        return await build_world(driver)
    finally:
        await driver.close()


class Recorder:
    """The SQL of every loader's statement of one request, in order; authentication is left out."""

    def __init__(self) -> None:
        self.statements: list[str] = []


class _RecordingSnapshot(Snapshot):
    recorder: Recorder

    async def fetch(self, statement: Any, parameters: Any, row: Any) -> Any:
        if row.__name__ != "IdentityRow":
            self.recorder.statements.append(statement.sql)
        return await super().fetch(statement, parameters, row)


class Api:
    """The API as a client has it: a document in, the whole answer out."""

    def __init__(self, client: httpx.AsyncClient, service: Any) -> None:
        self.client = client
        self.service = service
        self.authenticator = Authenticator(SECRET, development=True)
        self.recorder = Recorder()
        self.cost: dict[str, int] | None = None
        service.snapshot = self._snapshot

    def _snapshot(self) -> Snapshot:
        snapshot = _RecordingSnapshot(self.service.engine)
        snapshot.recorder = self.recorder
        return snapshot

    def headers(self, user_id: int | None) -> dict[str, str]:
        return {} if user_id is None else {"Authorization": f"Bearer {self.authenticator.issue(user_id)}"}

    async def post(
        self,
        query: str,
        variables: dict[str, Any] | None = None,
        *,
        user: int | None = None,
        university: str | None = "ALPHA",
    ) -> httpx.Response:
        path = f"/u/{university}/graphql" if university else "/graphql"
        body = {"query": query, "variables": variables or {}}
        headers = {**self.headers(user), "X-Request-Id": "test-request"}
        return await self.client.post(path, json=body, headers=headers)

    async def __call__(self, query: str, variables: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        """The answer, whole but for what it cost, which is in `cost`."""
        self.recorder.statements.clear()
        response = await self.post(query, variables, **options)
        answer: dict[str, Any] = response.json()
        self.cost = answer.pop("extensions", {}).get("cost")
        return answer

    async def data(self, query: str, variables: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        """The data of an answer that must have no errors."""
        answer = await self(query, variables, **options)
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    @property
    def statements(self) -> list[str]:
        """The loaders' statements of the last call."""
        return list(self.recorder.statements)


_COST = re.compile(rb',"extensions":\{"cost":\{[^}]*\}\}\}$')


def without_cost(response: httpx.Response) -> httpx.Response:
    """The response as if it did not tell what it cost, which is never the same twice."""
    response._content = _COST.sub(b"}", response.content)
    return response


@contextlib.asynccontextmanager
async def running_api(database: URL, **settings: Any) -> AsyncIterator[Api]:
    """The application over a database, with its lifespan."""
    given = {"environment": "development", "data_dir": Path("unused"), "secret_key": SECRET}
    # What a test counts must not depend on what the tests before it spent, or left in a cache.
    given |= {"cost": "measure", "syllabus_cache_mib": 0, "jobs_seconds": 0} | settings
    app = create_app(Settings(**given), database)
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
    ):
        yield Api(client, app.state.service)


@pytest.fixture(scope="session")
async def api(database: Database, world: World) -> AsyncIterator[Api]:
    """The application over the shared database."""
    async with running_api(database.app) as running:
        yield running


@pytest.fixture
async def app_engine(database: Database) -> AsyncIterator[Any]:
    """An engine as lms_app on the shared database."""
    engine = create_engine(database.app)
    yield engine
    await engine.dispose()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of seeds, benchmark data and a real course, beside the repository; tests skip without it."""
    folder = Path(os.environ.get("LMS_SHARED", Path(__file__).parent.parent.parent / "shared"))
    if not folder.is_dir():
        pytest.skip("the folder with seeds and data is not here (LMS_SHARED)")
    return folder
