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


def fail(text: str) -> NoReturn:
    """End the process with one line that says what is wrong and what to do."""
    note(f"lms-graphql: {text}")
    raise SystemExit(FAILED)
