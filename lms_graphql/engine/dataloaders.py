"""Dataloaders whose batch is one SELECT.

A loader lives as long as its operation. Its statement is written once, in `query`, with the viewer's policy in its
WHERE; it is compiled once per process for each standing of a viewer and each shape (what `shape` returns).
"""

import asyncio
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, ClassVar, Generic, TypeVar

import msgspec
from aiodataloader import DataLoader
from sqlalchemy import BigInteger, ColumnElement, Integer, Select, Text, bindparam, column, func, select, true, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from typing_extensions import override

from lms_graphql.engine.context import Context
from lms_graphql.engine.relay import Connection, PageArguments, PageEdge, PageInfo
from lms_graphql.engine.rows import Row
from lms_graphql.storage.statements import Statement, columns

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

KEYS = bindparam("keys", type_=ARRAY(BigInteger), required=True)
"""The keys of a batch, as a bigint array."""

TEXT_KEYS = bindparam("keys", type_=ARRAY(Text), required=True)
"""The keys of a batch, as a text array."""

_statements: dict[Hashable, Statement] = {}


class Loader(DataLoader[K, V], Generic[K, V]):
    """The base of `One`, `Many`, `Page` and of loaders that arrange their rows themselves."""

    row: ClassVar[type[Row]]
    """The class of its rows, which names their GraphQL type."""
    reads_tenant: ClassVar[bool | None] = None
    """Whether the statement reads a tenant's table; None: as the row says."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self.viewer = context.viewer
        self.wide = self.row.__name__ in context.selects
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
        key = (type(self), self.viewer.standing, self.wide, self.shape())
        found = _statements.get(key)
        if found is None:
            found = _statements[key] = Statement(self.query())
        return found

    def columns(self, model: Any) -> tuple[ColumnElement[Any], ...]:
        """The columns of a model that the document needs."""
        return columns(model) if self.wide else columns(model, self.row.seldom)

    def keyed(self, key: Any, model: Any) -> list[ColumnElement[Any]]:
        """A key and the columns of a model that the document needs, none twice."""
        return [key, *(column for column in self.columns(model) if column is not key.expression)]

    async def rows(self, keys: Sequence[K], **parameters: Any) -> list[Row]:
        """The rows for these keys."""
        return await self.context.fetch(
            self.statement(), self.row, tenant=self._in_tenant(), keys=list(keys), **parameters
        )

    def _in_tenant(self) -> bool:
        return self.row.tenant if self.reads_tenant is None else self.reads_tenant

    async def load_batch(self, keys: list[K]) -> list[V]:
        """One value for each key, in the order of the keys; what a subclass is for."""
        raise NotImplementedError

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


class Page(Loader[K, Connection[Row]]):
    """One page of the rows of each key, for all keys in one statement; keyset order, never OFFSET."""

    order: ClassVar[tuple[Any, ...]]
    """The columns of the order, unique together; their names are those of the rows' columns."""
    cursor: ClassVar[Any]
    """The tuple type of the order's values."""

    def __init__(self, context: Context, page: PageArguments) -> None:
        super().__init__(context)
        self.page = page

    @classmethod
    @override
    def shapes(cls) -> list[Hashable]:
        return [(backward, cursor) for backward in (False, True) for cursor in (False, True)]

    @override
    def shape(self) -> Hashable:
        return (self.page.backward, self.page.cursor is not None)

    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        """The rows of one parent that the viewer may see, in no order."""
        raise NotImplementedError

    @override
    def query(self) -> Select[Any]:
        parents = func.unnest(KEYS).table_valued(column("key", BigInteger)).render_derived(name="parents")
        children = self.children(parents.c.key)
        if self.page.cursor is not None:
            behind = tuple_(*(bindparam(f"cursor_{i}", type_=c.type) for i, c in enumerate(self.order)))
            here = tuple_(*self.order)
            children = children.where(here < behind if self.page.backward else here > behind)
        directions = [c.desc() if self.page.backward else c.asc() for c in self.order]
        rows = children.order_by(*directions).limit(bindparam("size", type_=Integer)).lateral("page")
        return select(parents.c.key, *rows.c).select_from(parents.join(rows, true()))

    @override
    async def load_batch(self, keys: list[K]) -> list[Connection[Row]]:
        parameters: dict[str, Any] = {"size": self.page.size + 1}  # one more tells whether there is a next page
        if self.page.cursor is not None:
            values = self.context.cursors.decode(self._purpose(), self.page.cursor, self.cursor)
            parameters |= {f"cursor_{i}": value for i, value in enumerate(values)}
        found: dict[Any, list[Row]] = defaultdict(list)
        for row in await self.rows(keys, **parameters):
            found[row[0]].append(row)
        return [self._connection(found.get(key, [])) for key in keys]

    def _purpose(self) -> str:
        return type(self).__name__

    def _connection(self, rows: list[Row]) -> Connection[Row]:
        size, backward = self.page.size, self.page.backward
        more, given = len(rows) > size, self.page.cursor is not None
        shown = rows[:size][::-1] if backward else rows[:size]
        names = [c.key for c in self.order]
        encode, purpose = self.context.cursors.encode, self._purpose()
        edges = [PageEdge(cursor=encode(purpose, tuple(row[name] for name in names)), node=row) for row in shown]
        return Connection(
            edges=edges,
            page_info=PageInfo(
                has_next_page=given if backward else more,
                has_previous_page=more if backward else given,
                start_cursor=edges[0].cursor if edges else None,
                end_cursor=edges[-1].cursor if edges else None,
            ),
        )


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
