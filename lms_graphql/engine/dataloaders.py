"""Dataloaders whose batch is one SELECT.

A loader lives as long as its operation. Its statement is written once, in `query`, with the viewer's policy in its
WHERE; it is compiled once per process for each standing of a viewer and each shape (what `shape` returns).
"""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

import msgspec
from aiodataloader import DataLoader
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Text,
    bindparam,
    column,
    func,
    literal_column,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from typing_extensions import override

from lms_graphql.engine.context import Context
from lms_graphql.engine.filters import Choice
from lms_graphql.engine.keyset import (
    Behind,
    Columns,
    Order,
    beginnings,
    checked,
    cursor_types,
    is_nullable,
    may_begin_with_null,
    ordered,
    width,
)
from lms_graphql.engine.relay import Connection, PageArguments
from lms_graphql.engine.rows import Row
from lms_graphql.storage.statements import Statement, columns

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

KEYS = bindparam("keys", type_=ARRAY(BigInteger), required=True)
"""The keys of a batch, as a bigint array."""

TEXT_KEYS = bindparam("keys", type_=ARRAY(Text), required=True)
"""The keys of a batch, as a text array."""

_LABELS = tuple(f"order_{number}" for number in range(8))
"""What the values of an order are called in rows, where they are not columns of the row."""

_MOST_STATEMENTS = 4000
"""Clients choose which filters go together: more than are ever in use at once, at about 10 kB for each."""

_statements: OrderedDict[Hashable, Statement] = OrderedDict()


def prepared(key: Hashable, query: Callable[[], Select[Any]]) -> Statement:
    """The statement of this key, compiled at its first use; of those not used for longest, some are forgotten."""
    found = _statements.get(key)
    if found is None:
        found = _statements[key] = Statement(query())
        if len(_statements) > _MOST_STATEMENTS:
            _statements.popitem(last=False)
    else:
        _statements.move_to_end(key)
    return found


class Loader(DataLoader[K, V], Generic[K, V]):
    """The base of `One`, `Many`, `Page` and of loaders that arrange their rows themselves."""

    row: ClassVar[type[Row]]
    """The class of its rows, which names their GraphQL type."""
    reads_tenant: ClassVar[bool | None] = None
    """Whether the statement reads a tenant's table; None: as the row says."""
    of_platform: ClassVar[bool] = False
    """Whether some of its rows are the platform's, whose administrators may ask for them in no university."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self.viewer = context.viewer
        self.wide = bool(self.row.seldom) and self.row.__name__ in context.selects
        """Whether the document selects one of the columns that its rows seldom have."""
        self._known: dict[K, V] = {}
        self._turn = asyncio.Lock()

    @classmethod
    def shapes(cls) -> list[Hashable]:
        """Every shape that the statement can take; a test compiles them all."""
        return [()]

    def shape(self) -> Hashable:
        """What `query` depends on besides the viewer's standing."""
        return ()

    def query(self) -> Select[Any]:
        """The statement; its first column is the key, its WHERE binds the university and holds the policy."""
        raise NotImplementedError

    def statement(self) -> Statement:
        """The compiled statement for this viewer and shape."""
        return prepared((type(self), self.viewer.standing, self.wide, self.shape()), self.query)

    def columns(self, model: Any) -> tuple[ColumnElement[Any], ...]:
        """The columns of a model that the document needs."""
        return columns(model) if self.wide else columns(model, self.row.seldom)

    def keyed(self, key: Any, model: Any) -> list[ColumnElement[Any]]:
        """A key and the columns of a model that the document needs, none twice."""
        return [key, *(column for column in self.columns(model) if column is not key.expression)]

    async def rows(self, keys: Sequence[K], **parameters: Any) -> list[Row]:
        """The rows for these keys; whose record they are of is noted (see `Row.discloses`)."""
        rows = await self.context.fetch(
            self.statement(), self.row, tenant=self._in_tenant(), keys=list(keys), **parameters
        )
        if self.row.discloses and (self.wide or not self.row.discloses_seldom):
            self.context.disclose(self.row.discloses, (row["user_id"] for row in rows))
        return rows

    def _in_tenant(self) -> bool:
        if self.of_platform and self.viewer.looks_after_platform:
            return False
        return self.row.tenant if self.reads_tenant is None else self.reads_tenant

    async def load_batch(self, keys: list[K]) -> list[V]:
        """One value for each key, in the order of the keys; what a subclass is for."""
        raise NotImplementedError

    def forget(self) -> None:
        """Let go of the values: a connection knows its loader, and would be kept by it."""
        self._known.clear()

    async def batch_load_fn(self, keys: list[K]) -> list[V]:
        """One value for each key, for `load`, which resolvers call with one key at a time."""
        known = await self.values(keys)
        return [known[key] for key in keys]

    async def values(self, keys: Iterable[K]) -> dict[K, V]:
        """The values known so far, with those for these keys among them: one batch, and no future for each key."""
        async with self._turn:  # two who ask for the same key at once cost one statement
            missing = [key for key in dict.fromkeys(keys) if key not in self._known]
            if missing:
                self._known.update(zip(missing, await self.load_batch(missing), strict=True))
        return self._known


class One(Loader[K, Row | None]):
    """At most one row for each key; None where there is none or the viewer may not see it."""

    @override
    async def load_batch(self, keys: list[K]) -> list[Row | None]:
        found = {row[0]: row for row in await self.rows(keys)}
        return [found.get(key) for key in keys]


class Many(Loader[K, list[Row]]):
    """The rows for each key, in the statement's order; an empty list where there are none."""

    @override
    async def load_batch(self, keys: list[K]) -> list[list[Row]]:
        found: dict[Any, list[Row]] = defaultdict(list)
        for row in await self.rows(keys):
            found[row[0]].append(row)
        return [found.get(key, []) for key in keys]


class Shape(NamedTuple):
    """What the statement of a page depends on, besides the viewer's standing: never a value."""

    order: str | None = None
    descending: bool = False
    """Which way the rows are walked."""
    behind: Behind = Behind.NOTHING
    filters: tuple[tuple[str, Hashable], ...] = ()
    """The filters that are given, each with its variant."""


class Counting(NamedTuple):
    """What counts the rows of a connection's list: a page's loader, whatever its page, and the parent's key."""

    page: "Page[Any]"
    key: Any


class CountRow(Row):
    """The key of a parent, and its number of rows."""

    __slots__ = ()
    typename = "Count"
    tenant = True


class Page(Loader[K, Connection[Row]]):
    """One page of the rows of each key, for all keys in one statement; keyset order, never OFFSET.

    A field may let its clients choose from `orders` and `filters`, which are called as in its inputs.
    """

    order: ClassVar[Columns]
    """The columns of the list's own order, the last of them unique; their names are those of the rows' columns."""
    orders: ClassVar[Mapping[str, Order]] = {}
    filters: ClassVar[Mapping[str, Choice]] = {}

    def __init_subclass__(cls) -> None:
        for order in cls.orders.values():
            checked(order)

    def __init__(self, context: Context, page: PageArguments) -> None:
        super().__init__(context)
        self.page = page
        self._cursor: tuple[Any, ...] | None = None
        if page.cursor is not None:
            self._cursor = context.cursors.decode(self._purpose(), page.cursor, cursor_types(self._order(page.order)))

    @classmethod
    @override
    def shapes(cls) -> list[Hashable]:
        """Every order from every beginning both ways; every filter alone, and all of them together."""
        filters = [((name, variant),) for name, made in cls.filters.items() for variant in made.variants()]
        together = tuple(sorted((name, made.variants()[0]) for name, made in cls.filters.items()))
        return [
            *(
                Shape(order, descending, behind)
                for order in (None, *cls.orders)
                for descending in (False, True)
                for behind in Behind
                if behind is not Behind.NULL or may_begin_with_null(cls._order(order))
            ),
            *(Shape(filters=given) for given in filters),
            *(Shape(order, filters=together) for order in (None, *cls.orders)),
        ]

    @classmethod
    def _order(cls, name: str | None) -> Order:
        return cls.order if name is None else cls.orders[name]

    @classmethod
    def _is_labelled(cls, name: str | None) -> bool:
        """Whether the rows have the order's values under names of their own; else the columns of the row are used."""
        return name is not None or is_nullable(cls.order[0])

    def _names(self) -> Sequence[str]:
        """The names of the order's values in the rows."""
        order = self._order(self.page.order)
        return _LABELS[: width(order)] if self._is_labelled(self.page.order) else [key.key or "" for key in self.order]

    @override
    def shape(self) -> Shape:
        cursor = self._cursor
        behind = Behind.NOTHING if cursor is None else Behind.NULL if cursor[0] is None else Behind.VALUE
        filters = tuple((name, self.filters[name].variant(given)) for name, given in self.page.filters)
        return Shape(self.page.order, self.page.descending != self.page.backward, behind, filters)

    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        """The rows of one parent that the viewer may see, in no order."""
        raise NotImplementedError

    def _filtered(self, parent: ColumnElement[Any], shape: Shape) -> Select[Any]:
        conditions = [self.filters[name].where(self.viewer, name, variant) for name, variant in shape.filters]
        return self.children(parent).where(*conditions)

    @override
    def query(self) -> Select[Any]:
        shape, parents = self.shape(), _parents()
        children, keys = ordered(self._filtered(parents.c.key, shape), self._order(shape.order), self.viewer)
        if self._is_labelled(shape.order):
            children = children.add_columns(*(key.label(label) for key, label in zip(keys, _LABELS, strict=False)))
        walk = [key.desc() if shape.descending else key.asc() for key in keys]
        size = bindparam("size", type_=Integer)
        begun = [
            (children if condition is None else children.where(condition)).order_by(*walk).limit(size)
            for condition in beginnings(keys, shape.behind, descending=shape.descending)
        ]
        rows = begun[0] if len(begun) == 1 else _one_after_another(begun, shape, len(keys), parents).limit(size)
        page = rows.lateral("page")
        return select(parents.c.key, *page.c).select_from(parents.join(page, true()))

    def counting_query(self) -> Select[Any]:
        """How many rows each parent's list has, without what none has."""
        parents = _parents()
        rows = self._filtered(parents.c.key, Shape(filters=self.shape().filters))
        counted = rows.lateral("counted")  # PostgreSQL leaves out what nobody reads
        return select(parents.c.key, func.count()).select_from(parents.join(counted, true())).group_by(parents.c.key)

    def counting(self) -> Statement:
        """The compiled statement that counts, for this viewer and these filters."""
        return prepared((type(self), self.viewer.standing, ("count", self.shape().filters)), self.counting_query)

    async def counts(self, keys: Sequence[K]) -> dict[K, int]:
        """How many rows of each key meet the filters and may be seen: one grouped statement."""
        rows = await self.context.fetch(
            self.counting(), CountRow, tenant=self._in_tenant(), keys=list(keys), **self._filter_parameters()
        )
        return dict.fromkeys(keys, 0) | {row[0]: row[1] for row in rows}

    @override
    async def load_batch(self, keys: list[K]) -> list[Connection[Row]]:
        parameters: dict[str, Any] = {"size": self.page.size + 1}  # one more tells whether there is a next page
        parameters |= {f"cursor_{i}": value for i, value in enumerate(self._cursor or ())}
        found: dict[Any, list[Row]] = defaultdict(list)
        for row in await self.rows(keys, **parameters, **self._filter_parameters()):
            found[row[0]].append(row)
        spell = self._speller()
        return [self._connection(key, found.get(key, []), spell) for key in keys]

    def _filter_parameters(self) -> dict[str, Any]:
        bound: dict[str, Any] = {}
        for name, given in self.page.filters:
            bound |= self.filters[name].parameters(name, given, self.context)
        return bound

    def _purpose(self) -> str:
        return self.page.purpose(type(self).__name__)

    def _speller(self) -> Callable[[Row], str]:
        """What gives the cursor of a row of this page."""
        names, purpose, encode = self._names(), self._purpose(), self.context.cursors.encode
        return lambda row: encode(purpose, tuple(row[name] for name in names))

    def _connection(self, key: K, rows: list[Row], spell: Callable[[Row], str]) -> Connection[Row]:
        size, backward = self.page.size, self.page.backward
        more, given = len(rows) > size, self.page.cursor is not None
        shown = rows[:size][::-1] if backward else rows[:size]
        edges: list[Any] = [_Edge(row, spell) for row in shown]
        place: Any = _Place(edges, given if backward else more, more if backward else given)
        return Connection(edges=edges, page_info=place, counting=Counting(self, key))


class _Edge:
    """A relay.PageEdge that spells its cursor out when it is asked for it: a cursor costs as much as its row."""

    __slots__ = ("_spell", "node")

    def __init__(self, node: Row, spell: Callable[[Row], str]) -> None:
        self.node, self._spell = node, spell

    @property
    def cursor(self) -> str:
        return self._spell(self.node)


class _Place:
    """A relay.PageInfo, as sparing."""

    __slots__ = ("_edges", "has_next_page", "has_previous_page")

    def __init__(self, edges: list[_Edge], has_next_page: bool, has_previous_page: bool) -> None:
        self._edges, self.has_next_page, self.has_previous_page = edges, has_next_page, has_previous_page

    @property
    def start_cursor(self) -> str | None:
        return self._edges[0].cursor if self._edges else None

    @property
    def end_cursor(self) -> str | None:
        return self._edges[-1].cursor if self._edges else None


def _parents() -> Any:
    return func.unnest(KEYS).table_valued(column("key", BigInteger)).render_derived(name="parents")


def _one_after_another(parts: Sequence[Select[Any]], shape: Shape, keys: int, parents: Any) -> Select[Any]:
    """The rows of the first part, then those of the second, as far as the page goes."""
    numbered = [
        part.add_columns(literal_column(str(number), Integer).label("part")).correlate(parents)
        for number, part in enumerate(parts)
    ]
    both = union_all(*numbered).subquery("both")
    walk = [both.c[label].desc() if shape.descending else both.c[label].asc() for label in _LABELS[:keys]]
    return select(*(c for c in both.c if c.key != "part")).order_by(both.c.part, *walk)


class Tree(msgspec.Struct):
    """Rows that name their parents, arranged: `children[None]` are the roots. Siblings stand in the rows' order."""

    rows: dict[int, Row]
    children: dict[int | None, list[Row]]


class Trees(Loader[K, Tree]):
    """The whole tree of each key in one statement, whatever its depth; `parent` names the column of the parent's id."""

    parent: ClassVar[str]

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.keys_of_rows: dict[int, K] = {}
        """For each row loaded so far, the key whose tree it stands in."""

    @override
    async def load_batch(self, keys: list[K]) -> list[Tree]:
        trees: dict[Any, Tree] = {key: Tree({}, defaultdict(list)) for key in keys}
        for row in await self.rows(keys):
            tree = trees[row[0]]
            self.keys_of_rows[row["id"]] = row[0]
            tree.rows[row["id"]] = row
            tree.children[row[self.parent]].append(row)
        return [trees[key] for key in keys]
