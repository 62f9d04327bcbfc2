"""Relay's conventions: global ids, the Node interface, keyset cursors, connections."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Any, Generic, TypeVar

import msgspec
import strawberry

from lms_graphql.engine.errors import Code, RequestError, bad_input

T = TypeVar("T")
_LARGEST_ID = 2**63 - 1
_LONGEST_ID = 200
_MAC_BYTES = 12


class GlobalId(msgspec.Struct, frozen=True):
    """What a global id says: the type's name, the university of a tenant's row, and the number of the row."""

    typename: str
    id: int
    university_id: int | None = None

    def __str__(self) -> str:
        parts = [self.typename, str(self.id)]
        if self.university_id is not None:
            parts.insert(1, str(self.university_id))
        return spelled(":".join(parts))


def spelled(text: str) -> str:
    """The base64url of a text of letters, digits and colons, without padding; for no such text has it a + or a /."""
    return binascii.b2a_base64(text.encode(), newline=False).rstrip(b"=").decode()


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or (text.startswith("0")) or int(text) > _LARGEST_ID:
        raise ValueError(text)
    return int(text)


def parse_global_id(text: str) -> GlobalId | None:
    """The global id that a text spells, or None: only the spelling that we write ourselves is one."""
    try:
        if len(text) > _LONGEST_ID:
            return None
        typename, *numbers = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii").split(":")
        if len(numbers) not in {1, 2}:
            return None
        *university, row = (_number(number) for number in numbers)
    except (binascii.Error, ValueError):
        return None
    parsed = GlobalId(typename, row, university[0] if university else None)
    return parsed if str(parsed) == text else None


def number_of(text: str, typename: str, university_id: int | None) -> int | None:
    """The number of the row of this type and university that a global id names; None when it names something else."""
    wanted = parse_global_id(text)
    if wanted is None or wanted.typename != typename or wanted.university_id != university_id:
        return None
    return wanted.id


class Cursors:
    """Makes cursors that only we can make: opaque, and good only for the list that they were made for."""

    def __init__(self, secret: bytes) -> None:
        self._key = hashlib.sha256(b"cursor" + secret).digest()

    def encode(self, purpose: str, values: tuple[Any, ...]) -> str:
        """A cursor behind the row with these values of the order's columns; `purpose` names list, order and filter."""
        body = msgspec.msgpack.encode(values)
        return base64.urlsafe_b64encode(self._mac(purpose, body) + body).decode().rstrip("=")

    def decode(self, purpose: str, cursor: str, types: Any) -> tuple[Any, ...]:
        """The values in a cursor, as the tuple type `types`; BAD_CURSOR when it is not ours or of another list."""
        try:
            data = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            mac, body = data[:_MAC_BYTES], data[_MAC_BYTES:]
            spelled_so = base64.urlsafe_b64encode(data).decode().rstrip("=") == cursor  # decoding skips other signs
            if spelled_so and hmac.compare_digest(mac, self._mac(purpose, body)):
                return msgspec.msgpack.decode(body, type=types)  # type: ignore[no-any-return]
        except (binascii.Error, ValueError, msgspec.DecodeError):
            pass
        raise RequestError(Code.BAD_CURSOR, "this cursor is not one of this list: start again without it")

    def _mac(self, purpose: str, body: bytes) -> bytes:
        return hmac.digest(self._key, purpose.encode() + b"\0" + body, "sha256")[:_MAC_BYTES]


LARGEST_PAGE = 100


class PageArguments(msgspec.Struct, frozen=True):
    """Which page of a list is wanted: `size` rows after, or before, a cursor, of the rows that meet the filters.

    `order` is the name of one of the list's orders, None for its own; `filters` are those given, see `filters`.
    """

    size: int
    backward: bool = False
    cursor: str | None = None
    order: str | None = None
    descending: bool = False
    filters: tuple[tuple[str, Any], ...] = ()

    def purpose(self, list_name: str) -> str:
        """What a cursor of this list is good for: this order, direction and filter, whatever page."""
        if self.order is None and not self.filters:
            return list_name
        digest = hashlib.blake2b(msgspec.msgpack.encode(self.filters), digest_size=16).hexdigest()
        return f"{list_name}:{self.order or ''}:{'desc' if self.descending else 'asc'}:{digest}"


@strawberry.enum(description="Which way a list is ordered.")
class OrderDirection(Enum):
    """The values say whether the way is down."""

    ASC = strawberry.enum_value("asc", description="Upward: A before B, early before late. Rows without a value last.")
    DESC = strawberry.enum_value("desc", description="ASC turned round, so that rows without a value come first.")


def page_arguments(
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
    filter: Mapping[str, Any] | None = None,  # noqa: A002 - the argument's name
    orderBy: Mapping[str, OrderDirection] | None = None,  # noqa: N803 - the argument's name
    **filters: Any,
) -> PageArguments:
    """The page that a connection's arguments ask for; BAD_USER_INPUT unless exactly one of `first`, `last` is 1–100.

    `filters` are those that are arguments of their own.
    """
    if (first is None) == (last is None):
        raise bad_input(f"give exactly one of first and last, from 1 to {LARGEST_PAGE}")
    backward = first is None
    size = last if first is None else first
    if size is None or not 1 <= size <= LARGEST_PAGE:
        raise bad_input(f"{'last' if backward else 'first'} must be from 1 to {LARGEST_PAGE}")
    if (after if backward else before) is not None:
        raise bad_input("after goes with first, before goes with last")
    order, direction = next(iter(orderBy.items())) if orderBy else (None, OrderDirection.ASC)
    return PageArguments(
        size,
        backward,
        before if backward else after,
        order,
        direction is OrderDirection.DESC,
        canonical({**(filter or {}), **filters}),
    )


def canonical(given: Mapping[str, Any] | None) -> tuple[tuple[str, Any], ...]:
    """A filter as the client gave it, so that equal ones are equal: without nulls, enums as their values, lists sorted.

    A list becomes a tuple, without the nulls in it, which no row could meet. What is returned can be hashed, and
    BAD_USER_INPUT raised for what is no number.
    """
    return tuple(sorted((name, _canonical(value)) for name, value in (given or {}).items() if value is not None))


def _canonical(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(sorted({_canonical(item) for item in value if item is not None}, key=str))
    if isinstance(value, Decimal) and not value.is_finite():
        raise bad_input("filter: a number must be finite")
    return value.value if isinstance(value, Enum) else value


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    """Relay's PageInfo."""

    has_next_page: bool = strawberry.field(description="Whether rows follow this page; only known when paging forward.")
    has_previous_page: bool = strawberry.field(
        description="Whether rows precede this page; only known when paging backward."
    )
    start_cursor: str | None = strawberry.field(description="The cursor of the first edge; null on an empty page.")
    end_cursor: str | None = strawberry.field(description="The cursor of the last edge; null on an empty page.")


@strawberry.type(name="Edge", description="A row in a connection.")
class PageEdge(Generic[T]):
    """Relay's edge."""

    cursor: str = strawberry.field(description="Where this row stands in the list; opaque.")
    node: T = strawberry.field(description="The row.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    """Relay's connection: keyset pages, forward and backward."""

    edges: list[PageEdge[T]] = strawberry.field(description="The rows of this page, in the list's order.")
    page_info: PageInfo = strawberry.field(description="Where this page lies in its list.")
    counting: strawberry.Private[Any] = None
    """What counts the rows of the whole list, see `engine.counts`."""
