"""Errors, written as the specification says: each at its path, and nulls where what must not be null is missing.

Only runs when something failed, and looks only where that may be: at the fields with a failure and those above them.

Of several failures below one object that becomes null, the specification lets an executor report any. Ours are
graphql-core's: it completes a value's fields in order and stops at the first that makes it null; what it has to wait
for (an edge, a call that gave an awaitable) it completes afterwards, in the order in which the waiting began, unless
something above has become null by then. So completion goes by rounds: what needed no waiting, what was waited for
there, and so on. (Where several are waited for at once, graphql-core itself depends on which comes first.)
"""

from collections.abc import Iterable
from enum import IntEnum
from typing import Any

from graphql import ExecutionResult, GraphQLError, GraphQLList, GraphQLNonNull, GraphQLOutputType, located_error

from lms_graphql.engine.builders import NullError
from lms_graphql.engine.context import Context
from lms_graphql.engine.plan import Field, Selection


class When(IntEnum):
    """When graphql-core would find a failure."""

    AT_ONCE = 0
    FIRST = 1
    """In the first step of something that it awaits: no row was waited for."""
    LATER = 2


class Failure:
    """An error in the place of the value that it prevented."""

    __slots__ = ("error", "when")

    def __init__(self, error: Exception, when: When) -> None:
        self.error = error
        self.when = when


class Introspected:
    """What graphql-core made of a meta field, in the field's place, with the errors in it."""

    __slots__ = ("errors", "failed", "value")

    def __init__(self, result: ExecutionResult, key: str) -> None:
        self.errors = result.errors or []
        self.failed = result.data is None
        self.value = None if result.data is None else result.data[key]


class _Position:
    """A position of the answer: a key of an object or a number in a list."""

    __slots__ = ("above", "container", "field", "is_null", "key", "type")

    def __init__(
        self, above: "_Position | None", container: Any, key: str | int, field: Field, type_: GraphQLOutputType
    ) -> None:
        self.above = above
        self.container = container
        self.key = key
        self.field = field
        self.type = type_
        self.is_null = False

    def path(self) -> list[str | int]:
        path, position = [], self
        while position is not None:
            path.append(position.key)
            position = position.above  # type: ignore[assignment]  # ends with None
        return path[::-1]


def _is_first(position: _Position) -> bool:
    value = position.container[position.key]
    return type(value) is Failure and value.when is When.FIRST


class Completion:
    """Completes one answer; `failed` are the fields with a failure at any of their positions."""

    def __init__(self, failed: Iterable[Field], context: Context) -> None:
        self._context = context
        self._errors: list[GraphQLError] = []
        self._known: dict[int, tuple[Selection, Any]] = {}
        self._awaited: set[tuple[int, str, int | None]] = set()
        self._waiting: list[_Position] = []
        self._is_null = False
        self._fields: set[Field] = set()
        for failing in failed:
            field: Field | None = failing
            while field is not None and field not in self._fields:
                self._fields.add(field)
                field = field.owner.below

    def know(self, selection: Selection, objects: Iterable[dict[str, Any]], sources: Iterable[Any]) -> None:
        """Tell what objects were built for, and from what; only those told of are looked into."""
        if not self._fields.isdisjoint(selection.fields):
            for made, source in zip(objects, sources, strict=True):
                self._known[id(made)] = selection, source

    def wait_for(self, made: dict[str, Any], field: Field, item: int | None) -> None:
        """Tell that a call's value, or that item of it, had to be awaited; of edges that is known."""
        self._awaited.add((id(made), field.key, item))

    def complete(self, data: dict[str, Any]) -> tuple[dict[str, Any] | None, list[GraphQLError]]:
        """The data with nulls for failures, and the errors."""
        self._object(data, None)
        while self._waiting:
            waiting, self._waiting = self._in_turn(self._waiting), []
            for position in waiting:
                if not self._is_gone(position):
                    self._value(position)
        return None if self._is_null else data, self._errors

    def _in_turn(self, waiting: list[_Position]) -> list[_Position]:
        """In the order in which graphql-core goes on with them.

        What waits for no row comes first, then what waits for each batch and, there, for each key.
        """
        turns: dict[Any, int] = {}
        keys = [self._batch(position) for position in waiting]
        for batch, key in keys:
            turns.setdefault(batch, len(turns))
            turns.setdefault((batch, key), len(turns))
        order = sorted(
            range(len(waiting)),
            key=lambda number: (not _is_first(waiting[number]), turns[keys[number][0]], turns[keys[number]]),
        )
        return [waiting[number] for number in order]

    def _batch(self, position: _Position) -> tuple[Any, Any]:
        """What a position waits for: a batch, and a key in it."""
        field = position.field
        if field.loader is None:
            return field.merge_key, None
        batch = field.merge_key if field.declared.pages else field.loader
        return batch, field.declared.read(self._known[id(position.container)][1], self._context)

    def _object(self, made: dict[str, Any], above: _Position | None) -> None:
        for field in self._known[id(made)][0].fields:
            if field in self._fields:
                position = _Position(above, made, field.key, field, field.type)
                if self._child(position) and self._is_gone(above):
                    return

    def _child(self, position: _Position) -> bool:
        """Complete a position now or later; whether there is an error more."""
        number = len(self._errors)
        if self._is_awaited(position):
            self._waiting.append(position)
        else:
            self._value(position)
        return len(self._errors) > number

    def _is_awaited(self, position: _Position) -> bool:
        field, key, container = position.field, position.key, position.container
        value = container[key]
        if type(key) is int:
            above = position.above
            return bool(self._awaited) and above is not None and (id(above.container), above.key, key) in self._awaited
        if field.loader is not None:
            return not (type(value) is Failure and value.when is When.AT_ONCE)
        return (id(container), key, None) in self._awaited

    def _value(self, position: _Position) -> None:
        value = position.container[position.key]
        if type(value) is Failure:
            self._fail(
                position, located_error(_as_graphql_core_says(value.error), position.field.nodes, position.path())
            )
        elif type(value) is dict:
            if id(value) in self._known:
                self._object(value, position)
        elif type(value) is list:
            self._items(value, position)
        elif type(value) is Introspected:
            self._introspected(value, position)

    def _items(self, value: list[Any], position: _Position) -> None:
        type_: Any = position.type.of_type if isinstance(position.type, GraphQLNonNull) else position.type
        if not isinstance(type_, GraphQLList):
            return  # a scalar's own list
        for number, item in enumerate(value):
            if type(item) is Failure or type(item) is list or id(item) in self._known:
                child = _Position(position, value, number, position.field, type_.of_type)
                if self._child(child) and self._is_gone(position):
                    return

    def _introspected(self, value: Introspected, position: _Position) -> None:
        if value.failed:
            *others, last = value.errors
            self._errors += others
            self._fail(position, last)
        else:
            self._errors += value.errors
            position.container[position.key] = value.value

    def _fail(self, position: _Position, error: GraphQLError) -> None:
        """Put null at the position or, where none may be, above it."""
        self._errors.append(error)
        nulled: _Position | None = position
        while nulled is not None and isinstance(nulled.type, GraphQLNonNull):
            nulled = nulled.above
        if nulled is None:
            self._is_null = True
        else:
            nulled.container[nulled.key] = None
            nulled.is_null = True

    def _is_gone(self, position: _Position | None) -> bool:
        """Whether a position, or one above it, has become null."""
        while position is not None and not position.is_null:
            position = position.above
        return position is not None or self._is_null


def _as_graphql_core_says(error: Exception) -> Exception:
    return TypeError(str(error)) if isinstance(error, NullError) else error
