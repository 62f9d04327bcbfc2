"""A PostgreSQL on the disk with real commits, and `lms-graphql serve` beside it: each can be killed by itself."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Self

import asyncpg
from sqlalchemy import URL

from lms_graphql.server.authentication import Authenticator
from lms_graphql.storage import embedded
from lms_graphql.storage.database import connect, database_url
from lms_graphql.storage.embedded_process import is_running, read_postmaster
from tests.databases import Database, temporary_database
from tests.load.asking import Client
from tests.load.campuses import Campus
from tests.serving import free_port, wait_until_ready

SECRET = "a secret of the tests that kill, long enough"
_OFTEN = 1000
"""Failures that the supervisor puts up with here; otherwise it gives up after a few, as it should."""


class Store:
    """The server of PostgreSQL, whose supervisor starts it again whenever it is killed, and a database in it."""

    def __init__(self, folder: Path, superuser: URL, database: Database) -> None:
        self.log = folder / "serve.log"
        self._pgdata = folder / "postgres"
        self._superuser = superuser
        self.database = database

    async def connect(self) -> asyncpg.Connection:
        """A connection that sees and does everything."""
        return await connect(self.database.owner)

    async def kill(self) -> None:
        """Stop it as `pg_ctl stop -m immediate` does, and wait until it is gone: no checkpoint, recovery follows."""
        server = read_postmaster(self._pgdata)
        assert server is not None
        os.kill(server.pid, signal.SIGQUIT)
        while is_running(server, self._pgdata):  # noqa: ASYNC110 - another process' end can only be looked for
            await asyncio.sleep(0.005)

    async def wait_until_open(self) -> None:
        """Return as soon as it takes connections."""
        while True:
            with contextlib.suppress(OSError, asyncpg.PostgresError):
                await (await asyncpg.connect(_dsn(self._superuser))).close()
                return
            await asyncio.sleep(0.01)

    async def wait_until_alone(self, owner: asyncpg.Connection) -> None:
        """Return when no backend serves the application any more."""
        while await owner.fetchval("SELECT count(*) FROM pg_stat_activity WHERE usename LIKE 'lms%'"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def _dsn(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


@contextlib.asynccontextmanager
async def store() -> AsyncIterator[Store]:
    """A new one, with a migrated database; fsync is on, and its data lies in the folder for temporary files."""
    usual, embedded.MAX_FAILURES = embedded.MAX_FAILURES, _OFTEN
    try:
        with (
            tempfile.TemporaryDirectory(prefix="lms-chaos-") as folder,
            embedded.EmbeddedPostgres(Path(folder)) as server,
        ):
            superuser = database_url(server.url())
            async with temporary_database(superuser) as database:
                yield Store(Path(folder), superuser, database)
                await Store(Path(folder), superuser, database).wait_until_open()
    finally:
        embedded.MAX_FAILURES = usual


class Serving:
    """`lms-graphql serve` over a store; `with` starts it and ends it."""

    def __init__(self, store: Store, *, workers: int = 1, **settings: str) -> None:
        self.port = free_port()
        clean = {name: value for name, value in os.environ.items() if not name.startswith("LMS_")}
        self._environment = {
            **clean,
            "LMS_DATABASE_URL": store.database.app.render_as_string(hide_password=False),
            "LMS_SECRET_KEY": SECRET,
            "LMS_PORT": str(self.port),
            "LMS_WORKERS": str(workers),
            "LMS_WORKBENCH": "0",
            "LMS_ERASURE_LEDGER": os.devnull,
            "LMS_POINTS_PER_SECOND": "1000000000",
            **settings,
        }
        self._log = store.log
        self._process: subprocess.Popen[bytes] | None = None
        self._authenticator = Authenticator(SECRET.encode(), development=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(timeout=30)

    def start(self) -> None:
        """Start it, and return when it is ready."""
        command = [sys.executable, "-c", "from lms_graphql.cli import main; main()", "serve"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, env=self._environment, stdout=subprocess.DEVNULL, stderr=log, start_new_session=True
            )
        wait_until_ready(f"http://127.0.0.1:{self.port}", self._process)

    def kill(self) -> None:
        """End it with SIGKILL, and all that it started."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def tracebacks(self) -> Counter[str]:
        """What the server was surprised by so far: the ends of the log's tracebacks, counted."""
        blocks = self._log.read_text(errors="replace").split("Traceback (most recent call last):\n")[1:]
        ends = [[line for line in block.splitlines() if line and not line.startswith(" ")][:1] for block in blocks]
        return Counter(end[0] for end in ends if end)

    @property
    def processes(self) -> set[int]:
        """The ids of the process and of its children."""
        assert self._process is not None
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return {pid, *map(int, children)}

    def token(self, person: int) -> str:
        """A token of somebody's."""
        return self._authenticator.issue(person)

    def client(self, campus: Campus, person: int) -> Client:
        """Somebody's connection."""
        return Client(self.port, campus.code, self.token(person))
