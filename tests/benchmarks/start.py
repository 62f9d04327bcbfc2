"""Goal 9: how long it takes to get going."""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.benchmarks.contestants import SECRET, free_port
from tests.benchmarks.database import Database
from tests.benchmarks.rounds import QUICK
from tests.benchmarks.table import Goal, at_most

_COMMAND = str(Path(sys.executable).parent / "lms-graphql")
_TIMES = 1 if QUICK else 3
_QUERY = b'{"query": "{ courses(first: 1) { edges { node { code } } } }"}'
_PATIENCE_SECONDS = 60


def measure(_database: Database) -> tuple[list[Goal], Any]:
    """Medians of a few starts each; the first help is left out, since it may compile bytecode."""
    help_seconds = [_help() for _ in range(2 * _TIMES + 1)][1:]
    first, warm = [], []
    for _ in range(_TIMES):
        with tempfile.TemporaryDirectory() as folder:
            first.append(_seconds_to_answer(Path(folder)))
            warm.append(_seconds_to_answer(Path(folder)))
    goals = [
        at_most(9, "lms-graphql --help", statistics.median(help_seconds), 0.3, "s"),
        at_most(9, "warm serve to its first answer", statistics.median(warm), 2, "s"),
        at_most(9, "first serve ever (initdb, migrate, demo) to its first answer", statistics.median(first), 10, "s"),
    ]
    return goals, {"help": help_seconds, "warm": warm, "first": first}


def _help() -> float:
    begun = time.perf_counter()
    subprocess.run([_COMMAND, "--help"], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begun


def _seconds_to_answer(folder: Path) -> float:
    """From starting the process to the whole of its first answer from the database, which is embedded here."""
    port = free_port()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("LMS_", "PG"))}
    environment = {**inherited, "LMS_DATA_DIR": str(folder), "LMS_SECRET_KEY": SECRET, "LMS_PORT": str(port)}
    begun = time.perf_counter()
    process = subprocess.Popen([_COMMAND, "serve"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)
    try:
        while time.perf_counter() - begun < _PATIENCE_SECONDS and process.poll() is None:
            if _answers(port):
                return time.perf_counter() - begun
            time.sleep(0.01)
        raise SystemExit("serve does not answer")
    finally:
        process.terminate()
        process.communicate()


def _answers(port: int) -> bool:
    """Whether the demo university gives a course; the port is taken before the server is ready, so this may wait."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.1):
            pass
        sent = urllib.request.Request(
            f"http://127.0.0.1:{port}/u/DEMO/graphql", _QUERY, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(sent, timeout=_PATIENCE_SECONDS) as response:
            return b'"code"' in response.read()
    except (OSError, urllib.error.URLError):
        return False
