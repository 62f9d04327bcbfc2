"""The servers that are compared: how each is started, and how a request is spelled for it."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from lms_graphql.engine.relay import GlobalId
from lms_graphql.server.authentication import Authenticator
from lms_graphql.settings import VARIABLES
from tests.benchmarks.data import UNIVERSITIES
from tests.benchmarks.database import HERE, Database
from tests.benchmarks.load import Request

PEERS = HERE / "peers"
NODE = PEERS / "node_modules" / "node" / "bin" / "node"
SECRET = "a secret of the benchmarks, 32 bytes or more"
CACHE_SETTING = "LMS_SYLLABUS_CACHE"
_START_SECONDS = 60


class Contestant(msgspec.Struct, frozen=True):
    """A server by its command; `dialect` says how its documents are spelled, `title` what it is in a table."""

    name: str
    title: str
    dialect: str
    command: tuple[str, ...]
    environment: dict[str, str] = {}
    database_variable: str = "DATABASE_URL"

    @property
    def is_ours(self) -> bool:
        """Whether this is the product, with all its duties."""
        return self.dialect == "ours"


def _ours(name: str, title: str, *command: str, **environment: str) -> Contestant:
    # Development, since tokens are accepted there only; all else is as in production.
    given = {"LMS_SECRET_KEY": SECRET, "LMS_WORKBENCH": "0", "LMS_ENV": "development", **environment}
    given["LMS_POINTS_PER_SECOND"] = "1000000000"  # points are counted, but a load of a few people is not refused
    return Contestant(name, title, "ours", command, given, "LMS_DATABASE_URL")


def _uvicorn(module: str) -> tuple[str, ...]:
    options = ("--http", "httptools", "--ws", "none", "--no-access-log", "--log-level", "warning")
    return (sys.executable, "-m", "uvicorn", module, "--app-dir", str(PEERS), "--port", "{port}", *options)


_SERVE = (str(Path(sys.executable).parent / "lms-graphql"), "serve", "--port", "{port}")
NO_CACHE = {CACHE_SETTING: "0"} if CACHE_SETTING in VARIABLES else {}
_MERCURIUS = (str(NODE), str(PEERS / "mercurius.mjs"))

OURS = _ours("ours", "lms-graphql, nothing kept between requests", *_SERVE, **NO_CACHE)
CACHED = _ours("ours-cached", "lms-graphql, versioned syllabus cache", *_SERVE)
PLAIN_CORE = _ours(
    "plain-core",
    "the same schema and loaders on graphql-core",
    sys.executable,
    "-m",
    "tests.benchmarks.peers.plain_core",
    LMS_PORT="{port}",
    **NO_CACHE,
)
CEILING = Contestant(
    "ceiling",
    "hand-written Python with our duties: the ceiling",
    "plain",
    (*_uvicorn("ceiling:app"), "--lifespan", "off"),
    {"DUTIES": "1"},
)
TREE = Contestant(
    "mercurius-tree", "mercurius + graphql-jit, tree in two statements", "plain", _MERCURIUS, {"SHAPE": "tree"}
)
LEVELS = Contestant(
    "mercurius-levels", "mercurius + graphql-jit, a loader per level", "plain", _MERCURIUS, {"SHAPE": "levels"}
)
POSTGRAPHILE = Contestant(
    "postgraphile",
    "PostGraphile 5, amber preset",
    "postgraphile",
    (
        str(NODE),
        str(PEERS / "node_modules/postgraphile/dist/cli-run.js"),
        "--config",
        str(PEERS / "graphile.config.mjs"),
    ),
    {"NODE_ENV": "production", "GRAPHILE_ENV": "production"},
)
ORM = Contestant("strawberry-orm", "Strawberry + ORM entities + data loaders", "plain", _uvicorn("strawberry_orm:app"))
STATIC = Contestant("static", "static Starlette response", "static", _uvicorn("static_response:app"))

ALL = {c.name: c for c in (OURS, CACHED, PLAIN_CORE, CEILING, TREE, LEVELS, POSTGRAPHILE, ORM, STATIC)}
HAS_CACHE = CACHE_SETTING in VARIABLES
AS_SHIPPED = CACHED if HAS_CACHE else OURS


class Running(msgspec.Struct):
    """A contestant that answers."""

    contestant: Contestant
    process: Any
    port: int

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def send(self, request: Request) -> Any:
        """The answer to one request, decoded; errors in it or a status that is not 200 raise."""
        body = request.body.encode() or None
        sent = urllib.request.Request(self.url + request.path, body, dict(request.headers), method=request.method)
        with urllib.request.urlopen(sent, timeout=30) as response:
            answer = json.loads(response.read())
        if answer.get("errors"):
            raise RuntimeError(f"{self.contestant.name}: {answer['errors']}")
        return answer


def free_port() -> int:
    """A port of loopback that nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _environment(contestant: Contestant, database: Database, port: int) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("LMS_", "PG"))}
    url = {
        "ours": database.app,
        "plain": database.everything,
        "static": "",
        "postgraphile": database.for_node,
    }[contestant.dialect]
    if contestant.command[0] == str(NODE):
        url = database.for_node
    given = {"NODE_ENV": "production", contestant.database_variable: url, **contestant.environment}
    return {**inherited, "PORT": str(port), **{name: value.format(port=port) for name, value in given.items()}}


@contextlib.contextmanager
def started(contestant: Contestant, database: Database, **environment: str) -> Iterator[Running]:
    """A contestant, listening; ended with the block."""
    if contestant.command[0] == str(NODE) and not NODE.exists():
        raise SystemExit("the peers are not installed: make bench installs them")
    port = free_port()
    command = [part.format(port=port) for part in contestant.command]
    with tempfile.NamedTemporaryFile("r", suffix=f".{contestant.name}.log") as log:
        with open(log.name, "w") as output:  # noqa: PTH123
            process = subprocess.Popen(
                command,
                stdout=output,
                stderr=output,
                cwd=HERE.parent.parent,
                env={**_environment(contestant, database, port), **environment},
            )
        try:
            running = Running(contestant, process, port)
            _wait(running, Path(log.name))
            yield running
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(running: Running, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and running.process.poll() is None:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", running.port), timeout=1).close()
            # Who listens before the database is ready answers as soon as it is.
            with contextlib.suppress(urllib.error.HTTPError):
                urllib.request.urlopen(f"{running.url}/graphql", timeout=_START_SECONDS).close()
            return
        time.sleep(0.05)
    running.process.kill()
    raise SystemExit(f"{running.contestant.name} does not start: {log.read_text()[-2000:]}")


# ---- how requests are spelled ----

_AUTHENTICATOR = Authenticator(SECRET.encode(), development=True)
_JSON = ("Content-Type", "application/json")


class Case(msgspec.Struct, frozen=True):
    """What one request is about: a person of a university asks for a row; 0 where a document needs no row."""

    university: int
    short_code: str
    person: int
    row: int = 0


def student(university: int, number: int) -> int:
    """The number-th student of one of the first five universities: see data.py."""
    return number * UNIVERSITIES + (university - 1) % UNIVERSITIES


def document(name: str, dialect: str = "ours") -> str:
    """A document of `documents/`, in one line, in the dialect's own form where it has one."""
    folder = HERE / "documents"
    own = folder / f"{name}.{dialect}.graphql"
    path = own if own.exists() else folder / f"{name}.graphql"
    return " ".join(path.read_text().split())


def spelled(dialect: str, query: str, case: Case, typename: str = "Course") -> Request:
    """The request for a dialect; the variable `id` is the row's id as this server spells it."""
    if dialect == "ours":
        row = str(GlobalId(typename, case.row, case.university)) if case.row else None
        variables = {"id": row} if row else {}
        headers = (_JSON, ("Authorization", f"Bearer {_AUTHENTICATOR.issue(case.person, step=86400)}"))
        return Request(f"/u/{case.short_code}/graphql", _body(query, variables), headers)
    variables = {"id": str(case.row), "university": str(case.university), "user": str(case.person)}
    headers = (_JSON, ("X-University-Id", str(case.university)), ("X-User-Id", str(case.person)))
    return Request("/graphql", _body(query, variables), headers)


def _body(query: str, variables: dict[str, Any]) -> str:
    return json.dumps({"query": query, "variables": variables}, separators=(",", ":"))


def requests_for(name: str, cases: list[Case], typename: str = "Course") -> Callable[[Contestant], list[Request]]:
    """The requests of a document for whichever contestant."""

    def of(contestant: Contestant) -> list[Request]:
        query = document(name, contestant.dialect)
        return [spelled(contestant.dialect, query, case, typename) for case in cases]

    return of
