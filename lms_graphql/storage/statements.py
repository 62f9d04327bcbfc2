"""Statements as the driver takes them: SQLAlchemy's SELECTs, compiled once."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import ClauseElement, Column, Text, cast
from sqlalchemy.dialects.postgresql import ENUM, JSONB
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.sql.elements import ColumnElement


@cache
def columns(model: Any, without: frozenset[str] = frozenset()) -> tuple[ColumnElement[Any], ...]:
    """The columns of a model that are light enough to be selected always: all but JSON, and those named in `without`.

    Enums come as text: as themselves they would make the driver ask for their type once on every connection. What is
    only there to be filtered and ordered by (`metadata.key_column`) is left out.

    """
    wanted = [column for column in model.__table__.columns if column.name not in without]
    return tuple(_column(c) for c in wanted if not isinstance(c.type, JSONB) and "is_key" not in c.info)


def _column(column: Column[Any]) -> ColumnElement[Any]:
    return cast(column, Text).label(column.name) if isinstance(column.type, ENUM) else column


_DIALECT = dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's dialects are not typed


class Statement:
    """A compiled SELECT: its SQL for the driver, and its parameters in the driver's order."""

    __slots__ = ("_defaults", "_names", "sql")

    def __init__(self, select: ClauseElement) -> None:
        compiled: Any = select.compile(dialect=_DIALECT)
        self.sql = str(compiled)
        self._names: list[str] = list(compiled.positiontup or [])
        self._defaults: Mapping[str, Any] = {
            name: value for name, value in compiled.params.items() if name in self._names
        }

    def arguments(self, parameters: Mapping[str, Any]) -> list[Any]:
        """The values for $1, $2, …; a KeyError names one that was neither given nor a literal of the SELECT."""
        return [parameters[name] if name in parameters else self._defaults[name] for name in self._names]
