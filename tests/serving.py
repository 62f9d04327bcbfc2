"""`lms-graphql serve` as a process of its own, on a new embedded database with the demo."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_START_SECONDS = 120  # a machine that runs the tests of several people


class Served(NamedTuple):
    """Where the server listens, and its process id."""

    url: str
    pid: int


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serving(*before: str, **settings: str) -> Iterator[Served]:
    """A server that is ready, with these settings and no others; `before` goes before its command."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("LMS_")}
        environment = {**clean, "LMS_DATA_DIR": folder, "LMS_PORT": str(port), "PYTHONUNBUFFERED": "1", **settings}
        command: Sequence[str] = [*before, sys.executable, "-c", "from lms_graphql.cli import main; main()", "serve"]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        try:
            wait_until_ready(f"http://127.0.0.1:{port}", process)
            yield Served(f"http://127.0.0.1:{port}", process.pid)
        finally:
            process.terminate()
            process.wait(timeout=30)


def production(**settings: str) -> dict[str, str]:
    """The settings of a production server, but on the embedded PostgreSQL."""
    secret = "a secret of the tests, long enough for production"
    return {"LMS_ENV": "production", "LMS_SECRET_KEY": secret, "LMS_ALLOW_EMBEDDED": "1", **settings}


def wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    """Return when the server answers that it is ready; SystemExit when it ends, or takes too long."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"the server ended with {process.returncode}")
        try:
            urllib.request.urlopen(f"{url}/readyz", timeout=2).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"the server was not ready within {_START_SECONDS} s")
