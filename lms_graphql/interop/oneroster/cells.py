"""Cells that no spreadsheet takes for a formula, and that are read again as they were.

What could be the beginning of one is written with an apostrophe before it, and so is what already looks like that: then
reading can take one apostrophe away, and gives exactly what was written.
"""

import re

_GUARDED = re.compile(r"'*[=+\-@\t\r]")


def guarded(cell: str) -> str:
    """As it is written."""
    return f"'{cell}" if _GUARDED.match(cell) else cell


def unguarded(cell: str) -> str:
    """As it was before it was written so."""
    return cell[1:] if cell.startswith("'") and _GUARDED.match(cell) else cell
