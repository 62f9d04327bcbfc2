"""What the input of an update changes of a row: a field that is left out stays, null clears what can be cleared."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from lms_graphql.engine.mutations import Given
from lms_graphql.engine.usererrors import Refused, UserErrorCode

Path = tuple[str, ...]


class Field(NamedTuple):
    """A field of an input: its name there, the column that it changes, and what is kept of a value.

    `check` raises Refused with the path that it gets for what can't be taken.
    """

    name: str
    column: str
    check: Callable[[Any, Path], Any]
    may_clear: bool = False


class Changes(NamedTuple):
    """All columns of the fields as they will be, and for the audit log those that change, by the fields' names."""

    values: Mapping[str, Any]
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def changes_of(given: Given, row: Mapping[str, Any], fields: Sequence[Field]) -> Changes:
    """What an input makes of a row; `after` is empty where it is so already."""
    values = {field.column: row[field.column] for field in fields}
    before, after = {}, {}
    for field in fields:
        if field.name not in given:
            continue
        value = checked(field, given[field.name])
        if value != row[field.column]:
            before[field.name], after[field.name] = row[field.column], value
            values[field.column] = value
    return Changes(values, before, after)


def checked(field: Field, value: Any) -> Any:
    """What is kept of a value of a field."""
    path = ("input", field.name)
    if value is not None:
        return field.check(value, path)
    if not field.may_clear:
        raise Refused(UserErrorCode.INVALID, "this can't be cleared: leave it out, or give another", path)
    return None


def made_of(given: Given, fields: Sequence[Field]) -> dict[str, Any]:
    """The columns of a new row that an input describes; null for what is left out and may be."""
    return {
        field.column: checked(field, given[field.name])
        if field.name in given and not (field.may_clear and given[field.name] is None)
        else None
        for field in fields
    }
