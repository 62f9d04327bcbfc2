"""Filters of connections: each field of a filter's input is one condition, its value always a bind parameter.

A field that is not given and one that is null filter nothing. An empty list is met by no row. All fields that are given
must be met. A statement is compiled for each set of fields that are given, so that each is served by its own index.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Select, Text, any_, bindparam, func, select
from sqlalchemy.types import TypeEngine

from lms_graphql.engine.context import Context, Viewer
from lms_graphql.engine.errors import bad_input
from lms_graphql.engine.relay import number_of

Condition = Callable[[Viewer, ColumnElement[Any]], ColumnElement[bool]]
FILTER_RULE = "A field that is null, or not given, asks for nothing; an empty list is met by none."
"""What every filter's description says; `relay.canonical` and SQL's ANY make it true."""

NO_ROW = 0
"""An id that no row has: what a global id of something else is bound as."""


class Filter(NamedTuple):
    """A condition on a value of `type_`, which `read` makes from what the client gave."""

    condition: Condition
    type_: TypeEngine[Any]
    read: Callable[[Any, Context], Any] = lambda given, _context: given

    def variants(self) -> Sequence[Hashable]:
        """What the condition depends on besides the viewer: nothing."""
        return [None]

    def variant(self, _given: Any) -> Hashable:
        """The variant for a value."""
        return None

    def where(self, viewer: Viewer, name: str, _variant: Hashable) -> ColumnElement[bool]:
        """The condition, its value bound as `filter_<name>`."""
        return self.condition(viewer, bindparam(f"filter_{name}", type_=self.type_))

    def parameters(self, name: str, given: Any, context: Context) -> Mapping[str, Any]:
        """The bound value."""
        return {f"filter_{name}": self.read(_sendable(given), context)}


class AnyOf(NamedTuple):
    """That a column of text has one of the values of a list. One alone has a statement of its own.

    An index on (university, column, id) then gives the rows by id, and nobody has to read on for rare ones.
    """

    column: Any

    def variants(self) -> Sequence[Hashable]:
        """Several values, and one."""
        return ["many", "one"]

    def variant(self, given: Any) -> Hashable:
        """By the length of the tuple."""
        return "one" if len(given) == 1 else "many"

    def where(self, _viewer: Viewer, name: str, variant: Hashable) -> ColumnElement[bool]:
        """The condition, its value bound as `filter_<name>`."""
        if variant == "one":
            return self.column == bindparam(f"filter_{name}", type_=Text())  # type: ignore[no-any-return]
        return self.column == any_(bindparam(f"filter_{name}", type_=ARRAY(Text)))  # type: ignore[no-any-return]

    def parameters(self, name: str, given: Any, _context: Context) -> Mapping[str, Any]:
        """The bound value."""
        values = [_sendable(value) for value in given]
        return {f"filter_{name}": values[0] if len(values) == 1 else values}


class Flag(NamedTuple):
    """A condition for true and one for false, which bind nothing."""

    met: Callable[[Viewer], ColumnElement[bool]]
    unmet: Callable[[Viewer], ColumnElement[bool]]

    def variants(self) -> Sequence[Hashable]:
        """Both."""
        return [True, False]

    def variant(self, given: Any) -> Hashable:
        """The value itself."""
        return bool(given)

    def where(self, viewer: Viewer, _name: str, variant: Hashable) -> ColumnElement[bool]:
        """The condition for the variant."""
        return self.met(viewer) if variant is True else self.unmet(viewer)

    def parameters(self, _name: str, _given: Any, _context: Context) -> Mapping[str, Any]:
        """None."""
        return {}


Choice = Filter | AnyOf | Flag


def moment(given: datetime, _context: Context) -> datetime:
    """A time as a client gave it, in UTC, which is also what one without a zone is in; BAD_USER_INPUT near the ends."""
    try:
        return given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)
    except OverflowError:
        raise bad_input("this time is too early or too late") from None


def of(typename: str, condition: Condition, *, tenant: bool = True) -> Filter:
    """A filter by a global id; one of another type or university is met by no row. A reference type is not `tenant`."""

    def read(given: str, context: Context) -> int:
        return number_of(given, typename, context.viewer.university_id if tenant else None) or NO_ROW

    return Filter(condition, BigInteger(), read)


def _sendable(given: Any) -> Any:
    """The value, if PostgreSQL can take it: BAD_USER_INPUT for a text with what no text in it can have."""
    if isinstance(given, str) and "\0" in given:
        raise bad_input("filter: a text has a character that no text can have")
    return given


def lowest(most: int) -> Callable[[Decimal, Context], int]:
    """Reads a number as the least hundredths that are not below it; beyond `most`, whatever its size, as `most`."""
    return lambda given, _context: _hundredths(given, most, ROUND_CEILING)


def highest(most: int) -> Callable[[Decimal, Context], int]:
    """Reads a number as the most hundredths that are not above it; beyond `most`, whatever its size, as `most`."""
    return lambda given, _context: _hundredths(given, most, ROUND_FLOOR)


def _hundredths(given: Decimal, most: int, rounding: str) -> int:
    return int((max(Decimal(-most), min(given, Decimal(most))) * 100).to_integral_value(rounding))


def searched(entity: ColumnElement[Any], words: ColumnElement[Any]) -> Select[Any]:
    """The ids of what the search finds; worked out once for all parents, to be read again under policy."""
    ids = func.search_ids(entity, words, type_=BigInteger()).label("id")
    found = select(ids).cte("found").prefix_with("MATERIALIZED")
    return select(found.c.id)
