"""What the commands say: results on standard output, everything else on standard error; one line for an error."""

import sys
from typing import NoReturn

FAILED = 1


def say(text: str) -> None:
    """A result."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def note(text: str) -> None:
    """Something to know by the way."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def confirm(question: str) -> None:
    """Ask on standard error for a yes; anything else, also that nobody is there to answer, ends the process."""
    if not sys.stdin.isatty():
        fail("nobody is here to confirm it; say --yes")
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        fail("nothing was changed")


def fail(text: str) -> NoReturn:
    """End the process with one line that says what is wrong and what to do."""
    note(f"lms-graphql: {text}")
    raise SystemExit(FAILED)
