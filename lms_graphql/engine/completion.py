"""Errors, written as the specification says: each at its path, and nulls where what must not be null is missing.

Only runs when something failed.
"""

from typing import Any

from graphql import GraphQLError, GraphQLList, GraphQLNonNull, GraphQLOutputType, located_error

from lms_graphql.engine.plan import Field, NullError, Selection


class Failure:
    """An error in the place of the value that it prevented."""

    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        self.error = error


class _NulledError(Exception):
    """A position that must not be null is: its parent must become null."""


def complete_errors(
    data: dict[str, Any], root: Selection, selections: dict[int, Selection]
) -> tuple[dict[str, Any] | None, list[GraphQLError]]:
    """The data with nulls for failures, and the errors; `selections` tells what an object was built for, by its id."""
    walk = _Walk({**selections, id(data): root})
    try:
        walk.object(data, [])
    except _NulledError:
        return None, walk.errors
    return data, walk.errors


class _Walk:
    def __init__(self, selections: dict[int, Selection]) -> None:
        self._selections = selections
        self.errors: list[GraphQLError] = []

    def object(self, made: dict[str, Any], path: list[str | int]) -> None:
        """Complete the fields of an object; one that nothing below which failed is not known and left as it is."""
        selection = self._selections.get(id(made))
        for field in selection.fields if selection is not None else ():
            if not isinstance(field, tuple):
                made[field.key] = self.value(field, field.type, made[field.key], [*path, field.key])

    def value(self, field: Field, type_: GraphQLOutputType, value: Any, path: list[str | int]) -> Any:
        """The value to show; raises where its parent must become null."""
        if isinstance(type_, GraphQLNonNull):
            shown = self.value(field, type_.of_type, value, path)
            if shown is None:
                raise _NulledError
            return shown
        if type(value) is Failure:
            self.errors.append(located_error(_as_graphql_core_says(value.error), field.nodes, path))
            return None
        try:
            if isinstance(value, list) and isinstance(type_, GraphQLList):
                return [self.value(field, type_.of_type, item, [*path, i]) for i, item in enumerate(value)]
            if isinstance(value, dict):
                self.object(value, path)
        except _NulledError:
            return None
        return value


def _as_graphql_core_says(error: Exception) -> Exception:
    return TypeError(str(error)) if isinstance(error, NullError) else error
