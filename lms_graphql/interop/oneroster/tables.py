"""One kind of row and the statements that bring rows of it to what a roster says: a handful for any number of rows.

A row is found by its key, else by its number (see `keys.own_name`), else by what is unique in it; what nobody finds is
created. A row that is found is left as it is where the roster says nothing, and written only where that makes a
difference. Everything that is written is written down.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    column,
    func,
    insert,
    select,
    update,
)
from sqlalchemy import Sequence as Numbers
from sqlalchemy.dialects.postgresql import ENUM
from sqlalchemy.types import TypeEngine

from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.work import Change, Work
from lms_graphql.interop.oneroster import keys
from lms_graphql.interop.oneroster.keys import Key
from lms_graphql.interop.oneroster.records import Record
from lms_graphql.interop.oneroster.state import State
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

TableRow = record("RosterRow")
_IDS = bindparam("ids", type_=ARRAY(BigInteger), required=True)


class Wanted(NamedTuple):
    """What a record is to be here. Columns that are None stay as they are."""

    record: Record
    columns: Mapping[str, Any]


NewIds = Callable[[State, Sequence[Wanted]], Awaitable[Sequence[int]]]


class Kind(NamedTuple):
    """A kind of row, of a file; `typename` is how the audit log calls it.

    `names` are the columns that are written, as the audit log calls them; `unique` those that tell rows apart, and
    `apart` another one that does so where it is not null, each with the header that is told where two rows have the
    same. `folded` columns are compared in small letters, `optional` ones may be null. `fixed` columns of a row that is
    here, with their headers, are never changed; `defaults` are for new rows, `revived` for those that had left.
    """

    entity: str
    file: str
    typename: str
    model: Any
    names: Mapping[str, str]
    unique: Mapping[str, str] = {}
    apart: Mapping[str, str] = {}
    folded: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    fixed: Mapping[str, str] = {}
    defaults: Mapping[str, Any] = {}
    revived: Mapping[str, Any] = {}
    number: str = "id"


class Table:
    """A kind with its statements. `new_ids` gives numbers to what nobody finds; else the table's sequence does."""

    def __init__(self, kind: Kind, new_ids: NewIds | None = None) -> None:
        self.kind = kind
        self._new_ids = new_ids or self._drawn
        self._columns = {name: kind.model.__table__.c[name] for name in kind.names}
        self._number = kind.model.__table__.c[kind.number]
        self._here = kind.model.university_id == UNIVERSITY
        numbered = (self._here, self._number == any_(_IDS))
        self._existing = Statement(select(self._number.label("number")).where(*numbered))
        self._lock = Statement(
            select(self._number.label("number"), *(_shown(one) for one in self._columns.values()))
            .where(*numbered)
            .order_by(self._number)
            .with_for_update(key_share=True)
        )
        self._unique = Statement(self._owned(kind.unique)) if kind.unique else None
        self._apart = Statement(self._owned(kind.apart)) if kind.apart else None
        self._draw = Statement(_drawing(kind.model)) if new_ids is None else None
        self._insert = Statement(self._adding())
        self._update = Statement(self._changing())

    # ---- statements

    def _rows(self, names: Iterable[str]) -> Any:
        """Rows as arrays: numbers first, then the columns of these names."""
        types = {name: _on_wire(self._columns[name].type) for name in names}
        arrays = [_IDS, *(bindparam(name, type_=ARRAY(kind), required=True) for name, kind in types.items())]
        columns = [column("number", BigInteger), *(column(name, kind) for name, kind in types.items())]
        return func.unnest(*arrays).table_valued(*columns).render_derived(name="source")

    def _owned(self, names: Iterable[str]) -> Select[Any]:
        """Which row has the same in these columns, by the number of the row that is asked about."""
        rows = self._rows(names)
        return select(rows.c.number.label("place"), self._number.label("number")).join_from(
            rows, self.kind.model, and_(self._here, *(self._same(rows, name) for name in names))
        )

    def _same(self, rows: Any, name: str) -> Any:
        ours, theirs = self._columns[name], rows.c[name]
        if isinstance(ours.type, ENUM):
            return cast(ours, Text) == theirs
        if name in self.kind.folded:
            return func.lower(ours) == func.lower(theirs)
        return ours.is_not_distinct_from(theirs) if name in self.kind.optional else ours == theirs

    def _adding(self) -> Any:
        rows = self._rows(self._columns)
        values = [cast(rows.c[name], one.type) for name, one in self._columns.items()]
        return (
            insert(self.kind.model)
            .inline()
            .from_select(
                ["university_id", self.kind.number, *self._columns],
                select(UNIVERSITY, rows.c.number, *values),
                include_defaults=False,
            )
        )

    def _changing(self) -> Any:
        rows = self._rows(self._columns)
        values = {name: cast(rows.c[name], one.type) for name, one in self._columns.items()}
        return update(self.kind.model).where(self._here, self._number == rows.c.number).values(**values)

    # ---- what is here

    async def existing(self, work: Work, ids: Iterable[int]) -> set[int]:
        """Which of these numbers are of rows that are here."""
        rows = await work.rows(self._existing, TableRow, ids=list(ids))
        return {row["number"] for row in rows}

    async def ids(self, state: State, names: Iterable[str]) -> dict[str, int]:
        """The rows that sourced ids name, as far as they are here."""
        wanted = list(dict.fromkeys(names))
        known = await keys.known(state.work, self.kind.entity, wanted)
        found = {name: key.entity_id for name, key in known.items()}
        for name in wanted:
            own = keys.own_number(state.here.short_code, self.kind.entity, name)
            if own is not None:
                found.setdefault(name, own)
        here = await self.existing(state.work, found.values()) if found else set()
        return {name: number for name, number in found.items() if number in here}

    async def _owners(self, work: Work, statement: Statement | None, wanted: Sequence[Wanted]) -> dict[int, int]:
        """The row that has what is unique in each that is wanted, by its place in the list."""
        if statement is None:
            return {}
        names = [*self.kind.unique, *self.kind.apart]
        values = {name: [one.columns.get(name) for one in wanted] for name in names}
        rows = await work.rows(statement, TableRow, ids=list(range(len(wanted))), **values)
        return {row["place"]: row["number"] for row in rows}

    async def _drawn(self, state: State, wanted: Sequence[Wanted]) -> Sequence[int]:
        if self._draw is None:
            raise AssertionError
        rows = await state.work.rows(self._draw, TableRow, count=len(wanted))
        return [row["number"] for row in rows]

    # ---- storing

    async def write(self, state: State, wanted: Sequence[Wanted]) -> None:
        """Bring rows to what they are wanted to be; what can't be stored is told in the outcome."""
        names = [one.record.sourced_id for one in wanted]
        known = await keys.known(state.work, self.kind.entity, names)
        ids = await self.ids(state, names)
        changed = [_back(one, known, self.kind.revived) for one in wanted if not _is_same(one, known, ids)]
        state.outcome.of(self.kind.entity).unchanged += len(wanted) - len(changed)
        if changed:
            await self._store(state, changed, ids)

    async def _store(self, state: State, wanted: Sequence[Wanted], ids: dict[str, int]) -> None:
        owners = await self._owners(state.work, self._unique, wanted)
        for place, one in enumerate(wanted):
            if place in owners:
                ids.setdefault(one.record.sourced_id, owners[place])
        new = [one for one in wanted if one.record.sourced_id not in ids]
        if new:
            numbers = await self._new_ids(state, new)
            ids |= dict(zip((one.record.sourced_id for one in new), numbers, strict=True))
        others = await self._owners(state.work, self._apart, wanted)
        free = await self._claimed(state, wanted, ids)
        rows = await state.work.rows(self._lock, TableRow, ids=sorted({ids[name] for name in free}))
        here = {row["number"]: row for row in rows}
        kept = []
        for place, one in enumerate(wanted):
            number = ids[one.record.sourced_id]
            if one.record.sourced_id not in free:
                continue
            problem = self._taken(number, owners.get(place), others.get(place))
            if problem is None and number in here:
                problem = self.forbidden(state, one, here[number])
            if problem is None:
                kept.append((number, one))
            else:
                state.refuse(self.kind.entity, self.kind.file, one.record, *problem)
        await self._write(state, kept, here)

    def _taken(self, number: int, owner: int | None, other: int | None) -> tuple[str | None, str] | None:
        """The header of what another row has already, and that it has."""
        message = "something else here has the same already"
        if owner not in {None, number}:
            return next(iter(self.kind.unique.values())), message
        return (next(iter(self.kind.apart.values())), message) if other not in {None, number} else None

    def forbidden(self, _state: State, one: Wanted, row: Row) -> tuple[str | None, str] | None:
        """The header of what can't be done to a row that is here, and why."""
        changed = (name for name in self.kind.fixed if one.columns.get(name) not in {None, row[name]})
        message = "this is another one here, and can't be changed"
        return next(((self.kind.fixed[name], message) for name in changed), None)

    def merged(self, _name: str, value: Any, was: Any) -> Any:
        """What a column of a row that is here becomes."""
        return was if value is None else value

    async def _claimed(self, state: State, wanted: Sequence[Wanted], ids: Mapping[str, int]) -> set[str]:
        """The sourced ids that may name the rows they found: no row has two names.

        Where the roster has the whole of the file, a name that is not in it any more gives way.
        """
        return await claimed(
            state, self.kind.entity, self.kind.file, {one.record.sourced_id: one.record for one in wanted}, ids
        )

    async def _write(self, state: State, kept: Sequence[tuple[int, Wanted]], here: Mapping[int, Row]) -> None:
        created: dict[int, dict[str, Any]] = {}
        updated: dict[int, dict[str, Any]] = {}
        for number, one in kept:
            if number in here:
                was = here[number]
                to_be = {name: self.merged(name, one.columns.get(name), was[name]) for name in self._columns}
                if any(to_be[name] != was[name] for name in to_be):
                    updated[number] = to_be
            else:
                default = self.kind.defaults.get
                created[number] = {name: _kept(one.columns.get(name), default(name)) for name in self._columns}
        counts = state.outcome.of(self.kind.entity)
        counts.created += len(created)
        counts.updated += len(updated)
        counts.unchanged += len(kept) - len(created) - len(updated)
        await self._put(state.work, self._insert, created)
        await self._put(state.work, self._update, updated)
        await self._write_down(state.work, created, updated, here)
        names = {one.record.sourced_id: Key(number, one.record.content_hash()) for number, one in kept}
        await keys.remember(state.work, self.kind.entity, names)

    async def _put(self, work: Work, statement: Statement, rows: Mapping[int, Mapping[str, Any]]) -> None:
        if rows:
            values = {name: [row[name] for row in rows.values()] for name in self._columns}
            await work.rows(statement, TableRow, ids=list(rows), **values)

    async def _write_down(
        self,
        work: Work,
        created: Mapping[int, Mapping[str, Any]],
        updated: Mapping[int, Mapping[str, Any]],
        here: Mapping[int, Row],
    ) -> None:
        if not (created or updated):
            return
        names = self.kind.names
        changes = [Change(number, None, {names[name]: row[name] for name in row}) for number, row in created.items()]
        for number, row in updated.items():
            different = [name for name in row if row[name] != here[number][name]]
            before = {names[name]: here[number][name] for name in different}
            changes.append(Change(number, before, {names[name]: row[name] for name in different}))
        await work.audit_each(f"{self.kind.entity}.import", self.kind.typename, changes)
        events: list[tuple[int, dict[str, Any]]] = [(change.entity_id, {}) for change in changes]
        await work.tell_each(f"{self.kind.entity}.changed", self.kind.typename, events)


async def claimed(
    state: State, entity: str, file: str, records: Mapping[str, Record], ids: Mapping[str, int]
) -> set[str]:
    """Which of these sourced ids may name the rows they found; the others are refused. See Table."""
    taken = await keys.names_of(state.work, entity, [ids[name] for name in records])
    named = state.roster.named(file) if file in state.whole else None
    free: dict[int, str] = {}
    old = []
    for name, one in records.items():
        other = taken.get(ids[name], name)
        if other != name and named is not None and other not in named:
            old.append(other)
            other = name
        if other == name and free.setdefault(ids[name], name) == name:
            continue
        message = "this is the same here as what another sourcedId names"
        state.refuse(entity, file, one, "sourcedId", message)
    await keys.forget(state.work, entity, old)
    return set(free.values())


def _drawing(model: Any) -> Select[Any]:
    numbers = func.generate_series(1, bindparam("count", type_=BigInteger)).table_valued("place")
    return select(Numbers(f"{model.__tablename__}_id_seq").next_value().label("number")).select_from(numbers)


def _is_same(one: Wanted, known: Mapping[str, Key], ids: Mapping[str, int]) -> bool:
    key, number = known.get(one.record.sourced_id), ids.get(one.record.sourced_id)
    return key is not None and key.entity_id == number and key.content_hash == one.record.content_hash()


def _back(one: Wanted, known: Mapping[str, Key], revived: Mapping[str, Any]) -> Wanted:
    """What had left, and comes back, as it was before it left."""
    key = known.get(one.record.sourced_id)
    if key is None or key.content_hash is not None:
        return one
    again = {name: value for name, value in revived.items() if one.columns.get(name) is None}
    return Wanted(one.record, {**one.columns, **again})


def _kept(value: Any, otherwise: Any) -> Any:
    return otherwise if value is None else value


def _shown(one: Any) -> Any:
    return cast(one, Text).label(one.name) if isinstance(one.type, ENUM) else one


def _on_wire(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    return Text() if isinstance(kind, ENUM) else kind
