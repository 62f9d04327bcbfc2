"""The PostgreSQL of a run: embedded, at head, filled, and kept between runs in a folder that git ignores."""

import asyncio
import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from lms_graphql.storage import migrations, roles
from lms_graphql.storage.database import connect, database_url
from lms_graphql.storage.embedded import EmbeddedPostgres
from lms_graphql.storage.embedded_cluster import try_lock
from lms_graphql.storage.embedded_process import open_private, read_postmaster
from tests.benchmarks import data

HERE = Path(__file__).parent
NAME = "lms"
# Nothing is written while measuring. No autovacuum: it would be charged to whoever is measured at that moment.
_OPTIONS = {"fsync": "off", "autovacuum": "off", "shared_buffers": "512MB", "max_connections": "200"}


class Database:
    """The running server: its URLs by role, and its main process."""

    def __init__(self, server: EmbeddedPostgres, folder: Path) -> None:
        self._server = server
        postmaster = read_postmaster(folder / "postgres")
        if postmaster is None or not server.owns_server:
            raise SystemExit(f"another process uses {folder}: one benchmark at a time")
        self.pid = postmaster.pid
        self.socket_dir = postmaster.socket_dir
        self.app = server.url(user="lms_app", database=NAME)
        self.everything = server.url(database=NAME)
        """As the superuser: peers read without row-level security and without checks of privileges."""

    @property
    def for_node(self) -> str:
        """`everything` as node-postgres spells it."""
        return f"postgresql://postgres@localhost/{NAME}?host={self.socket_dir}&port=5432"


def key() -> str:
    """What the data depends on: the revisions and the generator."""
    digest = hashlib.sha256()
    revisions = sorted(
        path for path in (HERE.parent.parent / "migrations").rglob("*") if path.suffix in {".py", ".sql"}
    )
    for path in [*revisions, HERE / "data.py"]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def _cache() -> Path:
    return Path(os.environ.get("BENCH_CACHE") or HERE / ".cache").absolute()


@contextlib.contextmanager
def running() -> Iterator[Database]:
    """The server with the data; the first run with a new generator or revision makes it, which takes a minute."""
    folder = _cache() / key()
    folder.mkdir(parents=True, exist_ok=True)
    _prune(folder)
    with EmbeddedPostgres(folder, options=_OPTIONS) as server:
        found = Database(server, folder)
        if not (folder / "filled").exists():
            print(f"making the data in {folder}", flush=True)  # noqa: T201
            asyncio.run(_make(server))
            (folder / "filled").touch()
        yield found


def _prune(folder: Path) -> None:
    """Remove the data of other revisions and generators but the last used; each takes 500 MB."""
    os.utime(folder)
    others = [path for path in folder.parent.iterdir() if path.is_dir() and path != folder]
    for path in sorted(others, key=lambda path: path.stat().st_mtime)[:-1]:
        with open_private(path / "lms.lock") as lock:
            if try_lock(lock):  # nobody works with it
                shutil.rmtree(path)


async def _make(server: EmbeddedPostgres) -> None:
    superuser = database_url(server.url())
    driver = await connect(superuser)
    await driver.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")  # what an interrupted run left
    await driver.close()
    await roles.bootstrap(superuser, NAME)
    await migrations.upgrade(superuser.set(database=NAME))
    driver = await connect(superuser.set(database=NAME))
    try:
        await data.fill(driver)
    finally:
        await driver.close()
