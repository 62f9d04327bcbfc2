"""Writes imported rows that stand in no tree: people, enrollments, progress; each with its external key and its hash.

As for courses, a row whose hash is the same is not written, and what has left the source is retired. A row that is here
already without a key is found by a unique key of its table and taken over. A kind costs a few statements, however many
rows it has.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, BigInteger, and_, any_, bindparam, delete, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from lms_graphql.interop.arrays import upsert
from lms_graphql.interop.checked import Name, Thing
from lms_graphql.interop.models import ExternalKey
from lms_graphql.interop.writer import Counts


class Retire(Enum):
    """What becomes of a row that has left its source."""

    KEEP = "keep"
    DELETE = "delete"
    CHANGE = "change"


class Kind(NamedTuple):
    """One kind of row: its table, the unique key (all its columns) that finds a row, and its fate when it is retired.

    `id` names the column of its number; `changes` are what a retired row gets where it is changed.
    """

    entity: str
    model: Any
    key: tuple[str, ...]
    retire: Retire = Retire.KEEP
    changes: Mapping[str, Any] = {}
    id: str = "id"

    @property
    def number(self) -> ColumnElement[int]:
        """The column of its number."""
        column: ColumnElement[int] = self.model.__table__.c[self.id]
        return column


class _Known(NamedTuple):
    """What an earlier import stored: its number, None for a row that is gone, and the hash, None for a retired one."""

    entity_id: int
    content_hash: bytes | None
    is_here: bool


class FlatWriter:
    """One import into one university; by entity `counts`, and in `gone` the external ids of what was retired."""

    def __init__(self, connection: AsyncConnection, university_id: int, system: str) -> None:
        self.counts: dict[str, Counts] = {}
        self.gone: dict[str, list[str]] = {}
        self._connection = connection
        self._university_id = university_id
        self._system = system

    async def ids(self, entity: str) -> dict[str, int]:
        """The numbers of an entity's rows by their external ids, as far as there are keys."""
        rows = await self._connection.execute(
            select(ExternalKey.external_id, ExternalKey.entity_id).where(*self._keys_of(entity))
        )
        return {external_id: entity_id for external_id, entity_id in rows}  # noqa: C416 - no dict to mypy

    async def write(self, kind: Kind, things: list[Thing]) -> dict[str, int]:
        """Bring the rows of a kind to what the source says, all of it at once; gives their numbers by external id.

        Raises ImportRefusedError, before anything is written, when two of them are the same row.
        """
        known = await self._known(kind)
        _refuse_one_row_twice(kind, things)
        wanted = {thing.external_id for thing in things}
        written = [thing for thing in things if _differs(known.get(thing.external_id), thing)]
        gone = self.gone[kind.entity] = await self._retire_others(kind, wanted, known)
        counts = self.counts[kind.entity] = Counts(unchanged=len(things) - len(written), retired=len(gone))
        ids = {name: row.entity_id for name, row in known.items() if name in wanted}
        if written:
            ids |= await self._upsert(kind, written, counts)
            await self._remember(kind, written, ids)
        return ids

    async def retire_others(self, kind: Kind, wanted: set[str]) -> list[str]:
        """Retire what the source no longer has of a kind that somebody else writes; gives the external ids."""
        return await self._retire_others(kind, wanted, await self._known(kind))

    def _keys_of(self, entity: str) -> tuple[ColumnElement[bool], ...]:
        return (
            ExternalKey.university_id == self._university_id,
            ExternalKey.system == self._system,
            ExternalKey.entity == entity,
        )

    async def _known(self, kind: Kind) -> dict[str, _Known]:
        here = and_(kind.model.university_id == self._university_id, kind.number == ExternalKey.entity_id)
        rows = await self._connection.execute(
            select(ExternalKey.external_id, ExternalKey.entity_id, ExternalKey.content_hash, kind.number.is_not(None))
            .outerjoin(kind.model, here)
            .where(*self._keys_of(kind.entity))
        )
        return {name: _Known(entity_id, content_hash, is_here) for name, entity_id, content_hash, is_here in rows}

    async def _upsert(self, kind: Kind, things: list[Thing], counts: Counts) -> dict[str, int]:
        fixed = {"university_id": self._university_id}
        columns = {name: [thing.columns[name] for thing in things] for name in things[0].columns}
        table, own_key = kind.model.__table__, _own_key(kind)
        inserted: ColumnElement[bool] = literal_column("xmax = 0")  # a row that was there has been locked, and says so
        statement = upsert(kind.model, fixed, columns, kind.key).returning(
            kind.number, inserted, *(table.c[name] for name in own_key)
        )
        found = {}
        for number, is_new, *values in await self._connection.execute(statement):
            found[tuple(values)] = number
            counts.created += is_new
            counts.updated += not is_new
        return {thing.external_id: found[tuple(thing.columns[name] for name in own_key)] for thing in things}

    async def _remember(self, kind: Kind, things: list[Thing], ids: Mapping[str, int]) -> None:
        fixed = {"university_id": self._university_id, "system": self._system, "entity": kind.entity}
        columns: dict[str, list[Any]] = {
            "external_id": [thing.external_id for thing in things],
            "entity_id": [ids[thing.external_id] for thing in things],
            "content_hash": [thing.content_hash for thing in things],
        }
        key = ("university_id", "system", "entity", "external_id")
        await self._connection.execute(upsert(ExternalKey, fixed, columns, key))

    async def _retire_others(self, kind: Kind, wanted: set[str], known: Mapping[str, _Known]) -> list[str]:
        gone = [name for name, row in known.items() if row.content_hash is not None and name not in wanted]
        if gone:
            await self._retire(kind, [known[name].entity_id for name in gone])
        return gone

    async def _retire(self, kind: Kind, ids: list[int]) -> None:
        numbers = bindparam("ids", ids, type_=ARRAY(BigInteger))
        rows = and_(kind.model.university_id == self._university_id, kind.number == any_(numbers))
        keys = and_(*self._keys_of(kind.entity), ExternalKey.entity_id == any_(numbers))
        if kind.retire is Retire.DELETE:
            await self._connection.execute(delete(kind.model).where(rows))
            await self._connection.execute(delete(ExternalKey).where(keys))
            return
        if kind.retire is Retire.CHANGE:
            await self._connection.execute(update(kind.model).where(rows).values(**kind.changes))
        await self._connection.execute(update(ExternalKey).where(keys).values(content_hash=None))


def _differs(known: _Known | None, thing: Thing) -> bool:
    return known is None or not known.is_here or known.content_hash != thing.content_hash


def _own_key(kind: Kind) -> tuple[str, ...]:
    """The columns of the key besides the university."""
    return tuple(name for name in kind.key if name != "university_id")


def _refuse_one_row_twice(kind: Kind, things: Iterable[Thing]) -> None:
    seen: dict[tuple[Any, ...], str] = {}
    for thing in things:
        row, name = tuple(thing.columns[name] for name in _own_key(kind)), Name(kind.entity, thing.external_id)
        if seen.get(row) == thing.external_id:
            raise name.refused("the source has it twice")
        if row in seen:
            raise name.refused(f"it would be the same row here as {seen[row][:200]!r}")
        seen[row] = thing.external_id
