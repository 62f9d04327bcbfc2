"""A roster as the files of a package."""

import csv
import io
from typing import Any

from lms_graphql.interop.oneroster.binding import ABSENT, ACTIVE, DELTA, FILES, LEAVING, OTHER_FILES, VERSION, File
from lms_graphql.interop.oneroster.cells import guarded
from lms_graphql.interop.oneroster.package import MANIFEST, pack
from lms_graphql.interop.oneroster.records import Record, Roster

_SYSTEM = "lms-graphql"


def write(roster: Roster) -> bytes:
    """The zip; files that the roster does not have are said to be absent."""
    files = {MANIFEST: _manifest(roster)}
    files |= {f"{name}": _file(FILES[name], roster) for name in FILES if name in roster.modes}
    return pack(files)


def _manifest(roster: Roster) -> str:
    modes = {**dict.fromkeys(OTHER_FILES, ABSENT), **dict.fromkeys(FILES, ABSENT), **roster.modes}
    rows = [("propertyName", "value"), ("manifest.version", "1.0"), ("oneroster.version", VERSION)]
    rows += [(f"file.{name}", modes[name]) for name in sorted(modes, key=str.lower)]
    rows += [("source.systemName", _SYSTEM), ("source.systemCode", _SYSTEM)]
    return _lines(rows)


def _file(file: File, roster: Roster) -> str:
    headers = file.all_headers
    says_status = roster.modes[file.name] == DELTA
    rows = [headers]
    rows += [_cells(file, headers, record, says_status=says_status) for record in roster.records(file.name)]
    rows += [_leaving(headers, sourced_id) for sourced_id in roster.leaving.get(file.name, ())]
    return _lines(rows)


def _leaving(headers: tuple[str, ...], sourced_id: str) -> tuple[str, ...]:
    written = {"sourcedId": sourced_id, "status": LEAVING}
    return tuple(guarded(written.get(header, "")) for header in headers)


def _cells(file: File, headers: tuple[str, ...], record: Record, *, says_status: bool) -> tuple[str, ...]:
    written = {"sourcedId": record.sourced_id}
    if says_status:
        written["status"] = ACTIVE
    for column in file.columns:
        value: Any = getattr(record, column.attribute)
        if value is not None:
            written[column.header] = column.spell(value)
    return tuple(guarded(written.get(header, "")) for header in headers)


def _lines(rows: list[Any]) -> str:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue()
