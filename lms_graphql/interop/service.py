"""Writes an imported course, and remembers what each thing is called where it comes from: so an import is repeatable.

The course, its offering, its modules and its items each have an external key with the hash of what was stored. A thing
whose hash is the same is not written. A key without a hash belongs to something retired: it has left the source, is
hidden, and comes back to life when the source has it again. What people have added to the course here stays, behind
what is imported.

The number of statements does not depend on the size of the course: rows travel as arrays, ids are drawn beforehand, and
the keys of the tree are checked when a statement ends.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Integer,
    Sequence,
    String,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    column,
    func,
    literal,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ENUM, JSONB, Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import TypeEngine

from lms_graphql.catalog.models import Course, CourseOffering
from lms_graphql.content.models import ContentItem, content_type_enum
from lms_graphql.interop.imported import ImportedCourse, ImportedItem, ImportedModule, ImportedRun
from lms_graphql.interop.models import ExternalKey
from lms_graphql.syllabus.models import Module, module_type_enum
from lms_graphql.syllabus.service import refresh_published
from lms_graphql.tenancy.models import Department

COURSE, OFFERING, MODULE, ITEM = "course", "offering", "module", "content_item"
"""What `external_keys.entity` may say."""
MAX_DEPTH = 32
_MAX_EXTERNAL_ID = 512
_MAX_INTEGER = 2**31 - 1
_SYSTEM = re.compile(r"[a-z0-9_]{1,32}")
_NUL_IN_JSON = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class CourseImportError(Exception):
    """The base of the errors below: one line fit to be shown to whoever imports; nothing has been written."""


class ImportConflictError(CourseImportError):
    """Something that is already here stands in the way."""


class ImportRefusedError(CourseImportError):
    """The source has something that can't be stored; the line names it by its external id."""


class Counts(msgspec.Struct):
    """What an import did with the things of one entity; `retired` are those that left the source since the last one."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    retired: int = 0

    def __str__(self) -> str:
        return f"{self.created} created, {self.updated} updated, {self.unchanged} unchanged, {self.retired} retired"


class ImportOutcome(msgspec.Struct):
    """The ids of the course and of its run's offering (None without a run), and counts for each entity."""

    course_id: int
    offering_id: int | None
    counts: dict[str, Counts]


def ignore(_done: int, _total: int) -> None:
    """A progress callback for those who don't want one."""


async def import_course(
    connection: AsyncConnection,
    university_id: int,
    course: ImportedCourse,
    *,
    department_id: int | None = None,
    publish: bool = True,
    on_progress: Callable[[int, int], None] = ignore,
) -> ImportOutcome:
    """Store a course with its syllabus and its run, or bring what an earlier import stored up to date.

    Expects an open transaction with the tenant set; the caller commits. Without `department_id` the course keeps the
    department that it has; an offering's visibility is `private` at first and then left to people. `on_progress` gets
    how many things are done, and of how many.

    Raises ImportRefusedError and ImportConflictError, both before anything is written.
    """
    modules, items = _modules(course), _items(course)
    singles = [_course(course, department_id, publish), *([_offering(course.run)] if course.run else [])]
    _refuse_duplicates(modules, items)
    total = len(singles) + len(modules) + len(items)
    on_progress(0, total)

    writer = _Writer(connection, university_id, course.system)
    await writer.lock(course.external_id)
    course_id = await writer.find_course(course)
    if department_id is not None:
        await writer.require_department(department_id, course.external_id)
    plans = await writer.plan(course_id, modules, items)
    await writer.refuse_taken(course_id, course.run, plans)

    course_id = await writer.write_single(Course, COURSE, singles[0], {})
    offering_id = None
    if course.run:
        offering = {"course_id": course_id, "visibility": "private"}
        offering_id = await writer.write_single(CourseOffering, OFFERING, singles[1], offering)
    on_progress(len(singles), total)
    await writer.write_tree(_MODULES, course_id, plans[0])
    on_progress(len(singles) + len(modules), total)
    await writer.write_tree(_ITEMS, course_id, plans[1])
    await writer.write_keys()
    await refresh_published(connection, university_id, course_id)
    on_progress(total, total)
    return ImportOutcome(course_id, offering_id, writer.counts)


# ---- what the source has, checked ----------------------------------------------------------------------------------


class _Thing(msgspec.Struct):
    """One thing of the source: its columns as they will be stored, and where in the tree it stands.

    `is_visible` is what a module's `effective_published` will be.
    """

    external_id: str
    columns: dict[str, Any]
    content_hash: bytes
    parent: str | None = None
    position: int = 0
    depth: int = 0
    is_visible: bool = False


def _course(course: ImportedCourse, department_id: int | None, publish: bool) -> _Thing:
    name = _Name(COURSE, course.external_id)
    if not _SYSTEM.fullmatch(course.system):
        raise name.refused("its system must be 1–32 of a–z, 0–9 and _")
    columns: dict[str, Any] = {
        "title": name.text("title", course.title, 255),
        "code": name.text("code", course.code, 128),
        "description": name.text("description", course.description),
        "language_code": name.text("language code", course.language_code, 8),
        "is_published": publish,
    }
    if department_id is not None:
        columns["department_id"] = department_id
    return name.thing(columns)


def _offering(run: ImportedRun) -> _Thing:
    name = _Name(OFFERING, run.external_id)
    columns: dict[str, Any] = {
        "term_name": name.text("term name", run.term_name, 255),
        "starts_at": name.time("start", run.starts_at),
        "ends_at": name.time("end", run.ends_at),
        "enrollment_start": name.time("start of enrollment", run.enrollment_start),
        "enrollment_end": name.time("end of enrollment", run.enrollment_end),
    }
    for start, end in (("starts_at", "ends_at"), ("enrollment_start", "enrollment_end")):
        if columns[start] and columns[end] and columns[end] <= columns[start]:
            raise name.refused(f"its {end} is not after its {start}")
    return name.thing(columns)


def _modules(course: ImportedCourse) -> list[_Thing]:
    things = []
    visible: dict[str | None, bool] = {None: True}
    for module, parent, position, depth in _walk(course.modules, None, 0):
        thing = _module(module, parent, position, depth)
        thing.is_visible = visible[module.external_id] = visible[parent] and module.is_published
        things.append(thing)
    return things


def _walk(
    siblings: Iterable[ImportedModule], parent: str | None, depth: int
) -> Iterator[tuple[ImportedModule, str | None, int, int]]:
    """Every module after its parent, with the parent's external id, the place among its siblings and the depth."""
    for position, module in enumerate(siblings, 1):
        if depth > MAX_DEPTH:
            raise _too_deep(_Name(MODULE, module.external_id))
        yield module, parent, position, depth
        yield from _walk(module.children, module.external_id, depth + 1)


def _too_deep(name: "_Name") -> ImportRefusedError:
    return name.refused(f"it lies deeper than {MAX_DEPTH} levels below the first")


def _module(module: ImportedModule, parent: str | None, position: int, depth: int) -> _Thing:
    name = _Name(MODULE, module.external_id)
    columns = {
        "module_type": name.label("module type", module.module_type, module_type_enum),
        "title": name.text("title", module.title, 255),
        "description": name.text("description", module.description),
        "is_published": module.is_published,
    }
    return name.thing(columns, parent, position, depth)


def _items(course: ImportedCourse) -> list[_Thing]:
    return [
        _item(item, module.external_id, position)
        for module, *_ in _walk(course.modules, None, 0)
        for position, item in enumerate(module.items, 1)
    ]


def _item(item: ImportedItem, module: str, position: int) -> _Thing:
    name = _Name(ITEM, item.external_id)
    seconds = item.estimated_duration_seconds
    if seconds is not None and not 0 <= seconds <= _MAX_INTEGER:
        raise name.refused("its duration is negative or too long")
    columns = {
        "content_type": name.label("content type", item.content_type, content_type_enum),
        "title": name.text("title", item.title, 255),
        "description": name.text("description", item.description),
        "estimated_duration_seconds": seconds,
        "data_json": name.json(item.payload),
        "is_active": item.is_active,
    }
    return name.thing(columns, module, position)


def _refuse_duplicates(*levels: list[_Thing]) -> None:
    for entity, things in zip((MODULE, ITEM), levels, strict=True):
        for external_id, count in Counter(thing.external_id for thing in things).items():
            if count > 1:
                raise _Name(entity, external_id).refused(f"the source has it {count} times")


class _Name:
    """A thing by its entity and external id: checks its values, and says of which thing a refusal speaks."""

    def __init__(self, entity: str, external_id: str) -> None:
        self.entity = entity
        self.external_id = external_id
        self.text("external id", external_id, _MAX_EXTERNAL_ID)

    def __str__(self) -> str:
        return f"{self.entity.replace('_', ' ')} {self.external_id[:200]!r}"

    def refused(self, reason: str) -> ImportRefusedError:
        return ImportRefusedError(f"{self}: {reason}")

    def text(self, what: str, value: str | None, limit: int | None = None) -> str | None:
        """The value, which PostgreSQL will take: no longer than its column, no NUL, no half of a surrogate pair."""
        if value is None:
            return None
        if limit is not None and len(value) > limit:
            raise self.refused(f"its {what} has {len(value)} characters, {limit} are the most")
        if "\0" in value or not _is_utf8(value):
            raise self.refused(f"its {what} has a character that can't be stored")
        return value

    def label(self, what: str, value: str, enum: ENUM) -> str:
        if value not in enum.enums:
            raise self.refused(f"its {what} {value!r} is none of {', '.join(enum.enums)}")
        return value

    def time(self, what: str, value: datetime | None) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise self.refused(f"its {what} has no time zone")
        try:
            return value.astimezone(UTC)
        except OverflowError:
            raise self.refused(f"its {what} is out of range") from None

    def json(self, value: Mapping[str, Any]) -> str:
        """The canonical text of a payload."""
        try:
            data = msgspec.json.encode(value, order="sorted")
        except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise self.refused(f"its payload can't be stored as JSON: {reason}") from None
        if _NUL_IN_JSON.search(data):
            raise self.refused("its payload has a character that can't be stored")
        return data.decode()

    def thing(self, columns: dict[str, Any], parent: str | None = None, position: int = 0, depth: int = 0) -> _Thing:
        stored = {**columns, "parent": parent, "position": position, "depth": depth}
        content_hash = hashlib.sha256(msgspec.json.encode(stored, order="sorted")).digest()
        return _Thing(self.external_id, columns, content_hash, parent, position, depth)


def _is_utf8(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


# ---- what is to be done --------------------------------------------------------------------------------------------


class _Table(NamedTuple):
    """How things of a kind are stored: the column of the parent, and the flag that a retired thing loses."""

    model: Any
    entity: str
    ids: Sequence
    parent: str
    flag: str
    depth: ColumnElement[int]


_MODULES = _Table(
    Module, MODULE, Sequence("modules_id_seq"), "parent_module_id", "is_published", Module.__table__.c.depth
)
_ITEMS = _Table(ContentItem, ITEM, Sequence("content_items_id_seq"), "module_id", "is_active", literal(0))


class _Stored(NamedTuple):
    """A row of the course as it is: `external_id` is None when we did not import it, the hash when it is retired."""

    id: int
    parent_id: int | None
    position: int
    depth: int
    external_id: str | None
    content_hash: bytes | None

    @property
    def place(self) -> tuple[int | None, int, int]:
        """The parent, the place among its children, the depth."""
        return self.parent_id, self.position, self.depth


class _Shift(NamedTuple):
    """The new place of a row that the source does not have."""

    id: int
    sequence_index: int
    depth: int
    retire: bool


class _Plan(msgspec.Struct):
    """The writes for one table: things by their ids, with the ids of their parents, and rows that make room."""

    ids: dict[str, int]
    created: list[_Thing] = []
    changed: list[_Thing] = []
    unchanged: int = 0
    shifts: list[_Shift] = []
    retired: list[_Stored] = []
    parent_ids: dict[str, int] = {}

    @property
    def written(self) -> list[_Thing]:
        """What is inserted or updated, parents before children."""
        return [*self.created, *self.changed]

    def parent_id(self, thing: _Thing) -> int | None:
        """The id of the thing's parent."""
        return None if thing.parent is None else self.parent_ids[thing.parent]


def _plan(
    things: list[_Thing],
    stored: list[_Stored],
    new_ids: Mapping[str, int],
    parent_ids: Mapping[str, int] | None = None,
) -> _Plan:
    """Compare the source with what is there. Items get their modules' ids as `parent_ids`; modules have their own.

    A thing is written when its hash or its place is another than the source's, whoever moved it.
    """
    known = {row.external_id: row for row in stored if row.external_id is not None}
    plan = _Plan({thing.external_id: new_ids.get(thing.external_id, 0) for thing in things})
    plan.ids |= {name: row.id for name, row in known.items() if name in plan.ids}
    plan.parent_ids = dict(plan.ids if parent_ids is None else parent_ids)
    for thing in things:
        row = known.get(thing.external_id)
        if row is None:
            plan.created.append(thing)
        elif row.content_hash == thing.content_hash and row.place == (
            plan.parent_id(thing),
            thing.position,
            thing.depth,
        ):
            plan.unchanged += 1
        else:
            plan.changed.append(thing)
    left = [row for row in stored if row.external_id not in plan.ids]
    plan.retired = [row for row in left if row.content_hash is not None]
    plan.shifts = list(_shifts(left, things, plan, in_tree=parent_ids is None))
    return plan


def _shifts(left: list[_Stored], things: list[_Thing], plan: _Plan, *, in_tree: bool) -> Iterator[_Shift]:
    """Where rows that the source does not have must go: behind the things that it has, one level below their parent."""
    taken = Counter(plan.parent_id(thing) for thing in things)
    last = dict(taken)
    for row in left:
        last[row.parent_id] = max(last.get(row.parent_id, 0), row.position)
    depths = {plan.ids[thing.external_id]: thing.depth for thing in things} if in_tree else {}
    for row in sorted(left, key=lambda row: (row.depth, row.external_id is not None, row.position)):
        position, depth = row.position, row.depth
        if position <= taken[row.parent_id]:
            position = last[row.parent_id] = last[row.parent_id] + 1
        if in_tree:
            depth = depths[row.id] = 0 if row.parent_id is None else depths[row.parent_id] + 1
        if depth > MAX_DEPTH:
            raise _too_deep(_Name(MODULE, row.external_id or f"with id {row.id}"))
        if (position, depth) != (row.position, row.depth) or row.content_hash is not None:
            yield _Shift(row.id, position, depth, row.content_hash is not None)


# ---- statements ----------------------------------------------------------------------------------------------------


class _Key(NamedTuple):
    """A row of `external_keys`; without a hash for something retired."""

    entity: str
    external_id: str
    entity_id: int
    content_hash: bytes | None


class _Writer:
    """One import into one university: its statements, its counts, and the keys that it has to remember."""

    def __init__(self, connection: AsyncConnection, university_id: int, system: str) -> None:
        self.counts = {entity: Counts() for entity in (COURSE, OFFERING, MODULE, ITEM)}
        self._connection = connection
        self._university_id = university_id
        self._system = system
        self._keys: list[_Key] = []
        self._singles: dict[str, Any] = {}

    async def lock(self, external_id: str) -> None:
        """Let imports of the same course take turns, also the first two."""
        name = f"import {self._university_id} {self._system} {external_id}"
        await self._connection.execute(
            select(func.pg_advisory_xact_lock(func.hashtextextended(literal(name, Text), 0)))
        )

    async def find_course(self, course: ImportedCourse) -> int | None:
        """The id of the course when it was imported before; locks its row. Raises ImportConflictError on its code."""
        ours = and_(
            *self._keys_of(COURSE), ExternalKey.entity_id == Course.id, ExternalKey.external_id == course.external_id
        )
        rows = await self._connection.execute(
            select(Course.id, ExternalKey.external_id, ExternalKey.content_hash)
            .outerjoin(ExternalKey, ours)
            .where(
                Course.university_id == self._university_id,
                or_(Course.code == course.code, ExternalKey.external_id.is_not(None)),
            )
            .with_for_update(of=Course, key_share=True)
        )
        for row in rows:
            if row.external_id is None:
                raise ImportConflictError(
                    f"course {course.external_id[:200]!r}: the university has another course with the code"
                    f" {course.code!r} (id {row.id}); give one of the two another code, then import again"
                )
            self._singles[COURSE] = row
        return self._singles[COURSE].id if COURSE in self._singles else None

    def _keys_of(self, entity: str) -> tuple[ColumnElement[bool], ...]:
        """That an external key is of this import's system and names something of the entity."""
        return (
            ExternalKey.university_id == self._university_id,
            ExternalKey.system == self._system,
            ExternalKey.entity == entity,
        )

    async def require_department(self, department_id: int, external_id: str) -> None:
        """Raise ImportRefusedError for a department that the university does not have."""
        found = await self._connection.scalar(
            select(Department.id).where(Department.university_id == self._university_id, Department.id == department_id)
        )
        if found is None:
            raise _Name(COURSE, external_id).refused(f"the university has no department with the id {department_id}")

    async def plan(self, course_id: int | None, modules: list[_Thing], items: list[_Thing]) -> tuple[_Plan, _Plan]:
        """What has to be done to the modules and to the items."""
        stored = await self._stored(_MODULES, course_id)
        module_plan = _plan(modules, stored, await self._new_ids(_MODULES, modules, stored))
        stored = await self._stored(_ITEMS, course_id)
        new_ids = await self._new_ids(_ITEMS, items, stored)
        return module_plan, _plan(items, stored, new_ids, module_plan.ids)

    async def _stored(self, table: _Table, course_id: int | None) -> list[_Stored]:
        """The rows of the course, each with its key of this system if it has one.

        The keys are asked for by a list of ids: joined, new tables without statistics make PostgreSQL compare each
        row with every key.
        """
        if course_id is None:
            return []
        model = table.model
        rows = await self._connection.execute(
            select(model.id, model.__table__.c[table.parent], model.sequence_index, table.depth).where(
                model.university_id == self._university_id, model.course_id == course_id
            )
        )
        found = {row[0]: row for row in rows}
        keys = await self._connection.execute(
            select(ExternalKey.entity_id, ExternalKey.external_id, ExternalKey.content_hash).where(
                *self._keys_of(table.entity),
                ExternalKey.entity_id == any_(bindparam("ids", list(found), type_=ARRAY(BigInteger))),
            )
        )
        named = {entity_id: (name, content_hash) for entity_id, name, content_hash in keys}
        return [
            _Stored(row[0], row[1], row[2], row[3], *named.get(entity_id, (None, None)))
            for entity_id, row in found.items()
        ]

    async def _new_ids(self, table: _Table, things: list[_Thing], stored: list[_Stored]) -> dict[str, int]:
        """Ids for the things that have none, drawn before their rows are written: so parents need not come first."""
        known = {row.external_id for row in stored}
        new = [thing.external_id for thing in things if thing.external_id not in known]
        if not new:
            return {}
        numbers = func.generate_series(1, len(new)).table_valued("number")
        ids = await self._connection.scalars(select(table.ids.next_value()).select_from(numbers))
        return dict(zip(new, ids, strict=True))

    async def refuse_taken(self, course_id: int | None, run: ImportedRun | None, plans: tuple[_Plan, _Plan]) -> None:
        """Find the run's offering, and raise ImportConflictError when another course has something of this source.

        A key whose row is gone stands in nobody's way: it will name the new row.
        """
        wanted = [(MODULE, thing.external_id) for thing in plans[0].created]
        wanted += [(ITEM, thing.external_id) for thing in plans[1].created]
        wanted += [(OFFERING, run.external_id)] if run else []
        if not wanted:
            return
        rows = _unnest(
            "wanted",
            entity=(String(), [entity for entity, _ in wanted]),
            external_id=(String(), [external_id for _, external_id in wanted]),
        )
        statement = select(ExternalKey.entity, ExternalKey.external_id, ExternalKey.entity_id.label("id"))
        statement = statement.add_columns(
            ExternalKey.content_hash, func.coalesce(Module.course_id, ContentItem.course_id, CourseOffering.course_id)
        ).join_from(
            rows,
            ExternalKey,
            and_(
                ExternalKey.university_id == self._university_id,
                ExternalKey.system == self._system,
                ExternalKey.entity == rows.c.entity,
                ExternalKey.external_id == rows.c.external_id,
            ),
        )
        for model, entity in ((Module, MODULE), (ContentItem, ITEM), (CourseOffering, OFFERING)):
            statement = statement.outerjoin(
                model,
                and_(
                    model.university_id == self._university_id,
                    model.id == ExternalKey.entity_id,
                    ExternalKey.entity == entity,
                ),
            )
        for row in await self._connection.execute(statement):
            if row[-1] is None:
                continue
            if row[-1] != course_id:
                raise ImportConflictError(
                    f"{_Name(row.entity, row.external_id)} belongs to another course (id {row[-1]}):"
                    " a thing of a source can be in one course only"
                )
            self._singles[row.entity] = row

    async def write_single(self, model: Any, entity: str, thing: _Thing, at_first: dict[str, Any]) -> int:
        """Insert or update the course or the offering; `at_first` is for an insert only. Gives its id."""
        row, counts = self._singles.get(entity), self.counts[entity]
        if row is not None and row.content_hash == thing.content_hash:
            counts.unchanged += 1
            return int(row.id)
        if row is None:
            values = {"university_id": self._university_id, **thing.columns, **at_first}
            entity_id = await self._connection.scalar(insert(model).values(values).returning(model.id))
            counts.created += 1
        else:
            entity_id = row.id
            await self._connection.execute(
                update(model)
                .where(model.university_id == self._university_id, model.id == entity_id)
                .values(updated_at=func.now(), **thing.columns)
            )
            counts.updated += 1
        self._keys.append(_Key(entity, thing.external_id, int(entity_id), thing.content_hash))
        return int(entity_id)

    async def write_tree(self, table: _Table, course_id: int, plan: _Plan) -> None:
        """Write a plan in one statement: within it rows trade places and parents, the keys are checked at its end."""
        self.counts[table.entity] = Counts(len(plan.created), len(plan.changed), plan.unchanged, len(plan.retired))
        self._keys += [
            _Key(table.entity, thing.external_id, plan.ids[thing.external_id], thing.content_hash)
            for thing in plan.written
        ]
        self._keys += [_Key(table.entity, row.external_id or "", row.id, None) for row in plan.retired]
        shifted = self._shifted(table, plan.shifts) if plan.shifts else None
        if plan.written:
            statement = self._upserted(table, course_id, plan)
            await self._connection.execute(statement if shifted is None else statement.add_cte(shifted.cte("shifted")))
        elif shifted is not None:
            await self._connection.execute(shifted)

    def _upserted(self, table: _Table, course_id: int, plan: _Plan) -> Insert:
        things = plan.written
        columns: dict[str, list[Any]] = {
            "id": [plan.ids[thing.external_id] for thing in things],
            table.parent: [plan.parent_id(thing) for thing in things],
            "sequence_index": [thing.position for thing in things],
            **{name: [thing.columns[name] for thing in things] for name in things[0].columns},
        }
        if table is _MODULES:
            columns["depth"] = [thing.depth for thing in things]
            # Right from the start: when a transaction writes a row of its own again, all its keys are checked again.
            columns["effective_published"] = [thing.is_visible for thing in things]
        return _upsert(
            table.model,
            {"university_id": self._university_id, "course_id": course_id},
            columns,
            ("university_id", "id"),
        )

    def _shifted(self, table: _Table, shifts: list[_Shift]) -> Any:
        rows = _unnest(
            "shift",
            id=(BigInteger(), [shift.id for shift in shifts]),
            sequence_index=(Integer(), [shift.sequence_index for shift in shifts]),
            depth=(Integer(), [shift.depth for shift in shifts]),
            retire=(Boolean(), [shift.retire for shift in shifts]),
        )
        model = table.model
        values: dict[str, Any] = {
            "sequence_index": rows.c.sequence_index,
            table.flag: and_(model.__table__.c[table.flag], not_(rows.c.retire)),
            "updated_at": func.now(),
        }
        if table is _MODULES:
            values["depth"] = rows.c.depth
            values["effective_published"] = and_(Module.effective_published, not_(rows.c.retire))
        return update(model).values(values).where(model.university_id == self._university_id, model.id == rows.c.id)

    async def write_keys(self) -> None:
        """Remember the keys of everything that was written or retired."""
        if not self._keys:
            return
        columns = {name: [key[index] for key in self._keys] for index, name in enumerate(_Key._fields)}
        fixed = {"university_id": self._university_id, "system": self._system}
        key = ("university_id", "system", "entity", "external_id")
        await self._connection.execute(_upsert(ExternalKey, fixed, columns, key))


def _unnest(name: str, **columns: tuple[TypeEngine[Any], list[Any]]) -> TableValuedAlias:
    """Rows as arrays, one parameter for each column: the statement is the same for any number of them."""
    arrays = [bindparam(None, values, type_=ARRAY(kind), unique=True) for kind, values in columns.values()]
    names = [column(key, kind) for key, (kind, _) in columns.items()]
    return func.unnest(*arrays).table_valued(*names).render_derived(name=name)


def _upsert(model: Any, fixed: Mapping[str, Any], columns: Mapping[str, list[Any]], key: tuple[str, ...]) -> Insert:
    """Insert the rows, or update those whose key is there; `fixed` are the same in all of them."""
    table = model.__table__
    types = {name: table.c[name].type for name in columns}
    rows = _unnest("source", **{name: (_on_wire(types[name]), values) for name, values in columns.items()})
    values: list[ColumnElement[Any]] = [literal(value, table.c[name].type) for name, value in fixed.items()]
    values += [cast(rows.c[name], kind) if _on_wire(kind) is not kind else rows.c[name] for name, kind in types.items()]
    statement = insert(model).from_select([*fixed, *columns], select(*values))
    changes = {name: statement.excluded[name] for name in columns if name not in key}
    return statement.on_conflict_do_update(index_elements=list(key), set_={**changes, "updated_at": func.now()})


def _on_wire(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """As what a column travels: enums and JSON as text."""
    return Text() if isinstance(kind, (ENUM, JSONB)) else kind
