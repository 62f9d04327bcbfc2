"""Rows as the driver gives them: the source of every object of the API.

A row is an `asyncpg.Record` whose class names the GraphQL type that it is shown as. By index a value costs 18 ns, by
name 31, as an attribute 460 (measured): code that runs for each row uses the first two.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import asyncpg

from lms_graphql.engine.relay import spelled


class once:  # noqa: N801 - used as a decorator
    """A property of a row that is worked out at its first use and then lies in the row's own dict.

    As functools.cached_property, without the lock that Python 3.11 still takes there (0.3 µs for each).
    """

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self._function = function
        self.__doc__ = function.__doc__

    def __get__(self, row: Any, _owner: type) -> Any:
        if row is None:
            return self
        value = row.__dict__[self._function.__name__] = self._function(row)
        return value


class Row(asyncpg.Record):  # type: ignore[misc]  # asyncpg is not typed
    """A driver's row of a table with a column `id` and, if `tenant`, a column `university_id`."""

    __slots__ = ()
    typename: ClassVar[str]
    tenant: ClassVar[bool]
    seldom: ClassVar[frozenset[str]] = frozenset()
    """Columns that are fetched only for documents that select one of them; nothing but plain fields reads them."""
    discloses: ClassVar[str] = ""
    """Of rows of a person's record, whom the column `user_id` names: its kind. Others' reading of it is written down.

    With `discloses_seldom` only if the document selects one of the columns that are seldom fetched.
    """
    discloses_seldom: ClassVar[bool] = False
    label: ClassVar[str] = ""
    """Of rows that may be of several types: the column that tells, and the type for each of its values."""
    typenames: ClassVar[Mapping[str, str]] = {}

    def __getattr__(self, name: str) -> Any:
        """A column as an attribute."""
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def global_id(self) -> str:
        """The row's id for clients: what `relay.GlobalId` spells, by a shorter way (see `relay.spelled`)."""
        if self.tenant:
            return spelled(f"{self.typename}:{self['university_id']}:{self['id']}")
        return spelled(f"{self.typename}:{self['id']}")


def record(
    typename: str,
    *,
    tenant: bool = True,
    seldom: Iterable[str] = (),
    discloses: str = "",
    discloses_seldom: bool = False,
) -> type[Row]:
    """The row class for a GraphQL type; abstract types are resolved by it. A reference type is not `tenant`."""
    members = {
        "__slots__": (),
        "typename": typename,
        "tenant": tenant,
        "seldom": frozenset(seldom),
        "discloses": discloses,
        "discloses_seldom": discloses_seldom,
    }
    return type(f"{typename}Row", (Row,), members)
