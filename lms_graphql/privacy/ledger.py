"""The ledger of erasures outside the database: who is in it must be erased again after a backup is restored.

A file of lines, each a JSON object, that is only ever added to. It says who was erased by numbers alone. A line is on
the disk before the erasure is committed, so no commit is without its line; a line without its commit is an erasure
that was asked for, and a replay does it. Keep the file elsewhere than the backups of the database.
"""

import fcntl
import os
from datetime import datetime
from pathlib import Path

import msgspec

_VERSION = 1


class LedgerError(Exception):
    """The ledger can't be read or written; the message says why, in one line."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One erasure. `erased_by` is the number of a person of that university, None for who runs the platform."""

    version: int = _VERSION
    university: str
    university_id: int
    user_id: int
    erased_at: datetime
    erased_by: int | None
    reason: str
    request_id: str


class Entries(msgspec.Struct, frozen=True):
    """What a ledger holds: the last entry of each person, and the numbers of the lines that can't be read.

    There are several of a person when an erasure could not be committed and was tried again: the last one was kept.
    """

    entries: list[Entry]
    unreadable: list[int]


class Ledger:
    """The ledger in a file, which is made at its first entry."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Entries:
        """All entries; none where there is no file yet."""
        try:
            lines = self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return Entries([], [])
        except OSError as error:
            raise self._failure("read", error) from error
        found: dict[tuple[int, int], Entry] = {}
        unreadable = []
        for number, line in enumerate(lines, start=1):
            entry = _decoded(line)
            if entry is None:
                unreadable.append(number)
            else:
                found[entry.university_id, entry.user_id] = entry
        return Entries(list(found.values()), unreadable)

    def knows(self, university_id: int, user_id: int) -> bool:
        """Whether there is an entry of this person."""
        return any((entry.university_id, entry.user_id) == (university_id, user_id) for entry in self.read().entries)

    def add(self, entry: Entry) -> None:
        """Put an entry on the disk; LedgerError if that fails. A line that a crash cut off is left as it is."""
        line = msgspec.json.encode(entry) + b"\n"
        try:
            is_new = not self.path.exists()
            descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "rb+", buffering=0) as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                _append(file.fileno(), line)
            if is_new:
                _sync_folder(self.path.parent)
        except OSError as error:
            raise self._failure("write", error) from error

    def _failure(self, verb: str, error: OSError) -> LedgerError:
        return LedgerError(f"can't {verb} the ledger of erasures {self.path}: {error.strerror or error}")


def _decoded(line: bytes) -> Entry | None:
    try:
        entry = msgspec.json.decode(line, type=Entry)
    except msgspec.MsgspecError:
        return None
    return entry if entry.version == _VERSION else None


def _append(descriptor: int, line: bytes) -> None:
    """On a line of its own, all of it, down to the disk."""
    size = os.lseek(descriptor, 0, os.SEEK_END)
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        line = b"\n" + line
    if os.write(descriptor, line) != len(line):
        raise OSError(None, "the disk took only a part of the line")
    os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    """Make the name of a new file outlive a crash."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
