"""The files of an embedded PostgreSQL: data directory, a new cluster in it, its version, a directory for the socket."""

import fcntl
import hashlib
import os
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO

from lms_graphql.storage.embedded_process import (
    EmbeddedPostgresError,
    check_namespace,
    last_words,
    log_size,
    open_private,
    shut_down,
    spawn,
)

POLL_STARTING = 0.004  # seconds
MAX_SOCKET_PATH = 103  # bytes; macOS allows least, Linux 107
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


def default_data_dir() -> Path:
    """Gives `lms_graphql` in the user's folder for data: $XDG_DATA_HOME or ~/.local/share, or what macOS has for it."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "lms_graphql"
    configured = Path(os.environ.get("XDG_DATA_HOME", ""))
    # The XDG specification says to ignore a relative path.
    return (configured if configured.is_absolute() else Path.home() / ".local" / "share") / "lms_graphql"


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


def try_lock(file: IO[bytes]) -> bool:
    """Takes the lock that the kernel frees however its holder ends; False if another holds it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def initialise(
    pgdata: Path,
    programs: Path,
    log: Path,
    *,
    sync: bool,
    stopping: threading.Event,
    check_deadline: Callable[[str], None],
) -> None:
    """Makes the cluster under another name first: an interrupted initdb then leaves nothing that looks like one.

    Ends without a cluster when `stopping` is set; `check_deadline` is called all the while and may raise.
    """
    if pgdata.exists() and any(pgdata.iterdir()):
        raise EmbeddedPostgresError(f"{pgdata} is not empty and no PostgreSQL cluster: move it away and start again")
    for leftover in pgdata.parent.glob(".initdb-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh = Path(tempfile.mkdtemp(prefix=".initdb-", dir=pgdata.parent))
    log_start = log_size(log)
    try:
        initdb = spawn(log, programs / "initdb", "-D", str(fresh), *INITDB_OPTIONS, *([] if sync else ["--no-sync"]))
        try:
            while initdb.poll() is None and not stopping.wait(POLL_STARTING):
                check_deadline("initdb")
        finally:
            shut_down(initdb)
        if stopping.is_set():
            return
        check_namespace(initdb.returncode)
        if initdb.returncode != 0:
            raise EmbeddedPostgresError(f"initdb failed: {last_words(log, log_start)}")
        fresh.rename(pgdata)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


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
