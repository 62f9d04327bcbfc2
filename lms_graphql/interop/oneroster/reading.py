"""The files of a package as a roster, with what is wrong in which line.

A package that can't be understood is refused as a whole: no zip, no manifest, a column that is missing, another
encoding, quotes that do not end. What is wrong in one row is told, and the row is left out.
"""

import csv
import io
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from lms_graphql.interop.oneroster.binding import (
    ABSENT,
    ACTIVE,
    DELTA,
    FILES,
    LEAVING,
    MODES,
    VERSION,
    CellError,
    Column,
    File,
)
from lms_graphql.interop.oneroster.cells import unguarded
from lms_graphql.interop.oneroster.package import MANIFEST, RosterError, unpack
from lms_graphql.interop.oneroster.records import Record, Roster, RowError

MOST_ROWS = 100_000
MOST_CELL = 10_000
_LONGEST_ID = 255
_VERSIONS = {VERSION, "1.2.1"}


class Read(msgspec.Struct):
    """A roster, and the rows of its files that it does not have."""

    roster: Roster
    errors: list[RowError]


def read(data: bytes) -> Read:
    """What a zip says; raises RosterError where nothing of it can be taken."""
    texts = unpack(data)
    if MANIFEST not in texts:
        raise RosterError("there is no manifest.csv at the top of the zip; send a OneRoster 1.2 package")
    found = Read(Roster(_modes(texts)), [])
    rows = 0
    for name in found.roster.modes:
        rows += _read_file(found, FILES[name], texts[name])
        if rows > MOST_ROWS:
            raise RosterError(f"the roster has more than {MOST_ROWS:,} rows; send it in parts, with mode DIFF")
    return found


def _modes(texts: Mapping[str, str]) -> dict[str, str]:
    """How each file that is there is meant; in the order in which what they have is stored."""
    said = dict(_properties(texts[MANIFEST]))
    if said.get("oneroster.version") not in _VERSIONS:
        raise RosterError(f"manifest.csv: oneroster.version must be {VERSION}")
    modes = {}
    for name in FILES:
        mode = said.get(f"file.{name}", ABSENT)
        if mode not in MODES:
            raise RosterError(f"manifest.csv: file.{name} must be one of {', '.join(sorted(MODES))}")
        if mode == ABSENT:
            continue
        if name not in texts:
            raise RosterError(f"manifest.csv says that {name}.csv is there, and the zip does not have it")
        modes[name] = mode
    if not modes:
        raise RosterError("manifest.csv names no file that is read here")
    return modes


def _properties(text: str) -> Iterator[tuple[str, str]]:
    rows = [row for _, row in _rows(MANIFEST, text)]
    if not rows or rows[0][:2] != ["propertyName", "value"]:
        raise RosterError("manifest.csv: the first line must be propertyName,value")
    for row in rows[1:]:
        if len(row) < 2:
            raise RosterError("manifest.csv: each line has a name and a value")
        yield row[0].strip(), row[1].strip()


def _rows(name: str, text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of a file that are not empty, each with the line that it begins in."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise RosterError(f"{name}.csv, line {line}: this is no CSV ({error})") from None
        if any(row):
            yield line, row


def _read_file(found: Read, file: File, text: str) -> int:
    """Read a file into the roster; gives how many rows it has."""
    rows = _rows(file.name, text)
    _, headers = next(rows, (1, []))
    _check_headers(file, headers)
    reader = _FileReader(found, file, headers)
    number = 0
    for number, (line, cells) in enumerate(rows, 1):
        if number > MOST_ROWS:
            break
        reader.add(line, cells)
    return number


def _check_headers(file: File, headers: Sequence[str]) -> None:
    needed = ["sourcedId", *(column.header for column in file.columns if column.is_required)]
    missing = [header for header in needed if header not in headers]
    if missing:
        raise RosterError(f"{file.name}.csv: the first line lacks {', '.join(missing)}")
    twice = sorted({header for header in headers if header and headers.count(header) > 1})
    if twice:
        raise RosterError(f"{file.name}.csv: the first line has {', '.join(twice)} twice")


class _FileReader:
    """Reads the rows of one file into a roster."""

    def __init__(self, found: Read, file: File, headers: Sequence[str]) -> None:
        self._roster, self._errors = found.roster, found.errors
        self._file = file
        self._records: list[Record] = found.roster.records(file.name)
        self._width = len(headers)
        places = {header: place for place, header in enumerate(headers)}
        self._id = places["sourcedId"]
        self._status = places.get("status")
        self._columns = [(places[column.header], column) for column in file.columns if column.header in places]
        self._lines: dict[str, int] = {}

    def add(self, line: int, cells: Sequence[str]) -> None:
        """Read one row: a record more, or an error more."""
        sourced_id = unguarded(cells[self._id].strip()) if len(cells) > self._id else ""
        try:
            _check_id(sourced_id)
        except CellError as error:
            self._roster.unsure = list(dict.fromkeys([*self._roster.unsure, self._file.name]))
            self._errors.append(RowError(self._file.name, line, "sourcedId", str(error)))
            return
        problem = self._problem(sourced_id, line, cells)
        if problem is not None:
            self._errors.append(problem)
            self._roster.unread.setdefault(self._file.name, []).append(sourced_id)

    def _problem(self, sourced_id: str, line: int, cells: Sequence[str]) -> RowError | None:
        """Add the record; or why it can't be."""
        file = self._file.name
        if sourced_id in self._lines:
            return RowError(file, line, "sourcedId", f"line {self._lines[sourced_id]} has this sourcedId already")
        self._lines[sourced_id] = line
        if len(cells) != self._width:
            return RowError(file, line, None, f"this row has {len(cells)} cells, and the first line {self._width}")
        try:
            if self._is_leaving(cells):
                self._roster.leaving.setdefault(file, []).append(sourced_id)
                return None
        except CellError as error:
            return RowError(file, line, "status", str(error))
        values: dict[str, Any] = {"sourced_id": sourced_id, "line": line}
        for place, column in self._columns:
            try:
                values[column.attribute] = _value(column, cells[place])
            except CellError as error:
                return RowError(file, line, column.header, str(error))
        self._records.append(self._file.record(**values))
        return None

    def _is_leaving(self, cells: Sequence[str]) -> bool:
        said = "" if self._status is None else cells[self._status].strip()
        is_delta = self._roster.modes[self._file.name] == DELTA
        if said not in ({ACTIVE, LEAVING} if is_delta else {"", ACTIVE, LEAVING}):
            raise CellError(f"this must be {ACTIVE} or {LEAVING}")
        return said == LEAVING


def _check_id(text: str) -> None:
    if not text:
        raise CellError("this must not be empty")
    if len(text) > _LONGEST_ID:
        raise CellError(f"this has more than {_LONGEST_ID} characters")
    _check_signs(text)


def _check_signs(text: str) -> None:
    if any(unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"} for sign in text):
        raise CellError("this has signs that can't be shown, for example a line's end")


def _value(column: Column, cell: str) -> Any:
    """What a cell says, None for an empty one."""
    if len(cell) > MOST_CELL:
        raise CellError(f"this has more than {MOST_CELL:,} characters")
    text = unguarded(cell.strip(" "))
    if not text.strip():
        if column.is_required:
            raise CellError("this must not be empty")
        return None
    _check_signs(text)
    return column.read(text)
