"""The console script: run as a process, as its user meets it, or called in this one, which spares it the imports.

A test file runs each of its commands as a process once, and tries the other ways that it can end by calling it.
"""

import asyncio
import contextlib
import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from lms_graphql.cli import app

PROGRAM = str(Path(sys.executable).with_name("lms-graphql"))
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("LMS_")}


class Finished(NamedTuple):
    """What a command leaves: its exit code, and what it said."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments: str, seconds: int = 60, **environment: str) -> Finished:
    """The command as a process of its own."""
    process = subprocess.run(
        [PROGRAM, *arguments],
        env={**CLEAN, **environment},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    return Finished(process.returncode, process.stdout, process.stderr)


def call(*arguments: str, seconds: int = 60, **environment: str) -> Finished:
    """The command in this process, with the same environment."""
    output, errors = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, {**CLEAN, **environment}, clear=True),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(errors),
        _at_most(seconds),
    ):
        try:
            app(list(arguments), prog_name="lms-graphql")
        except SystemExit as end:
            return Finished(end.code if isinstance(end.code, int) else 0, output.getvalue(), errors.getvalue())
    raise AssertionError("a command ends with an exit code")


async def called(*arguments: str, **environment: str) -> Finished:
    """As `call`, for tests that have a loop: a command begins its own, so it goes into a thread."""
    return await asyncio.to_thread(call, *arguments, **environment)


@contextlib.contextmanager
def _at_most(seconds: int) -> Iterator[None]:
    """End what serves where it should have been refused; only the main thread can be interrupted."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def late(*_: object) -> None:
        raise TimeoutError(f"the command has not ended within {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def refused(finished: Finished, *words: str) -> None:
    """That a command failed with exactly one line, which holds these words, and said nothing else."""
    assert finished.returncode == 1, finished
    assert finished.stdout == ""
    (line,) = finished.stderr.splitlines()
    assert line.startswith("lms-graphql: ")
    for word in words:
        assert word in line
    assert "Traceback" not in finished.stderr
