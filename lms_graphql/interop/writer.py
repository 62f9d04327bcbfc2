"""The statements that write an import: as many for a large course as for a small one."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ARRAY, BigInteger, Boolean, Integer, and_, any_, bindparam, func, not_, select, update
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from lms_graphql.assessment.models import Question, QuestionKey, QuestionPool
from lms_graphql.interop.arrays import unnest, upsert
from lms_graphql.interop.checked import COURSE, ITEM, MODULE, OFFERING, POOL, QUESTION, Thing
from lms_graphql.interop.models import ExternalKey
from lms_graphql.interop.plan import MODULES, Plan, Shift, Table
from lms_graphql.interop.pools import NewVersion, PoolPlan
from lms_graphql.syllabus.models import Module


class Counts(msgspec.Struct):
    """What an import did with the things of one entity; `retired` are those that left the source since the last one."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    retired: int = 0

    @property
    def changed(self) -> int:
        """How many things are not what they were before."""
        return self.created + self.updated + self.retired

    def add(self, other: "Counts") -> None:
        """Count the things of another one too."""
        self.created += other.created
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.retired += other.retired

    def __str__(self) -> str:
        return f"{self.created} created, {self.updated} updated, {self.unchanged} unchanged, {self.retired} retired"


class _Key(NamedTuple):
    """A row of `external_keys`; without a hash for something retired."""

    entity: str
    external_id: str
    entity_id: int
    content_hash: bytes | None


class Writer:
    """One import into one university: its counts, and the keys that it has to remember.

    `singles` are the rows of the course and of the offering, by entity, as far as an earlier import stored them.
    """

    def __init__(
        self, connection: AsyncConnection, university_id: int, system: str, singles: Mapping[str, Any]
    ) -> None:
        self.counts = {entity: Counts() for entity in (COURSE, OFFERING, MODULE, ITEM, POOL, QUESTION)}
        self.written_singles: list[tuple[str, int, dict[str, Any], dict[str, Any] | None]] = []
        """The course and the offering, as far as they were written: entity, id, columns, and what those were before."""
        self.tells = False
        """Whether somebody wants to know what the course and the offering were before."""
        self._connection = connection
        self._university_id = university_id
        self._system = system
        self._singles = singles
        self._keys: list[_Key] = []

    async def write_single(self, model: Any, entity: str, thing: Thing, at_first: dict[str, Any]) -> int:
        """Insert or update the course or the offering; `at_first` is for an insert only. Gives its id."""
        row, counts = self._singles.get(entity), self.counts[entity]
        if row is not None and row.content_hash == thing.content_hash:
            counts.unchanged += 1
            return int(row.id)
        if row is None:
            values = {"university_id": self._university_id, **thing.columns, **at_first}
            entity_id = await self._connection.scalar(insert(model).values(values).returning(model.id))
            counts.created += 1
            self.written_singles.append((entity, int(entity_id), {**thing.columns, **at_first}, None))
        else:
            entity_id = row.id
            former = await self._former(model, entity_id, thing.columns)
            self.written_singles.append((entity, int(entity_id), thing.columns, former))
            await self._connection.execute(
                update(model)
                .where(model.university_id == self._university_id, model.id == entity_id)
                .values(updated_at=func.now(), **thing.columns)
            )
            counts.updated += 1
        self._keys.append(_Key(entity, thing.external_id, int(entity_id), thing.content_hash))
        return int(entity_id)

    async def _former(self, model: Any, entity_id: int, columns: Mapping[str, Any]) -> dict[str, Any]:
        """These columns of a row, as they are before it is written; none where nobody is told."""
        if not self.tells:
            return {}
        wanted = [model.__table__.c[name] for name in columns]
        found = await self._connection.execute(
            select(*wanted).where(model.university_id == self._university_id, model.id == entity_id)
        )
        return dict(found.mappings().one())

    async def write_tree(self, table: Table, course_id: int, plan: Plan) -> None:
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

    def _upserted(self, table: Table, course_id: int, plan: Plan) -> Insert:
        things = plan.written
        columns: dict[str, list[Any]] = {
            "id": [plan.ids[thing.external_id] for thing in things],
            table.parent: [plan.parent_id(thing) for thing in things],
            "sequence_index": [thing.position for thing in things],
            **{name: [thing.columns[name] for thing in things] for name in things[0].columns},
        }
        if table is MODULES:
            columns["depth"] = [thing.depth for thing in things]
            # Right from the start: when a transaction writes a row of its own again, all its keys are checked again.
            columns["effective_published"] = [thing.is_visible for thing in things]
        return self._rows(table.model, columns, "id", course_id=course_id)

    def _shifted(self, table: Table, shifts: list[Shift]) -> Any:
        rows = unnest(
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
        if table is MODULES:
            values["depth"] = rows.c.depth
            values["effective_published"] = and_(Module.effective_published, not_(rows.c.retire))
        return update(model).values(values).where(model.university_id == self._university_id, model.id == rows.c.id)

    async def write_pools(self, course_id: int, plan: PoolPlan) -> None:
        """Write the pools and the new versions of their questions, and end the versions that these replace."""
        self.counts[POOL] = Counts(len(plan.created), len(plan.changed), plan.unchanged, plan.retired_of(POOL))
        created, changed = plan.new_questions, plan.changed_questions
        self.counts[QUESTION] = Counts(len(created), len(changed), plan.unchanged_questions, plan.retired_of(QUESTION))
        pools, questions = [*plan.created, *plan.changed], [*created, *changed]
        self._keys += [
            _Key(POOL, pool.external_id, plan.pool_ids[pool.external_id], pool.content_hash) for pool in pools
        ]
        self._keys += [_Key(QUESTION, row.thing.external_id, row.id, row.thing.content_hash) for row in questions]
        self._keys += [_Key(entity, name, entity_id, None) for entity, name, entity_id in plan.retired]
        if pools:
            columns = {
                "id": [plan.pool_ids[pool.external_id] for pool in pools],
                "title": [pool.columns["title"] for pool in pools],
            }
            await self._connection.execute(self._rows(QuestionPool, columns, "id", course_id=course_id))
        if plan.inactive:
            ended = Question.id == any_(bindparam("ids", plan.inactive, type_=ARRAY(BigInteger)))
            await self._connection.execute(
                update(Question).where(Question.university_id == self._university_id, ended).values(is_active=False)
            )
        if questions:
            await self._write_questions(questions)

    async def _write_questions(self, rows: list[NewVersion]) -> None:
        columns: dict[str, list[Any]] = {
            name: [getattr(row, name) for row in rows] for name in ("id", "pool_id", "number", "version")
        }
        for name in ("type", "points", "stem", "options", "hints"):
            columns[name] = [row.thing.columns[name] for row in rows]
        await self._connection.execute(self._rows(Question, columns, "id"))
        keys = {"question_id": columns["id"]}
        for name in ("answer", "explanation"):
            keys[name] = [row.thing.columns[name] for row in rows]
        await self._connection.execute(self._rows(QuestionKey, keys, "question_id"))

    def _rows(self, model: Any, columns: Mapping[str, list[Any]], key: str, **fixed: Any) -> Insert:
        return upsert(model, {"university_id": self._university_id, **fixed}, columns, ("university_id", key))

    async def write_keys(self) -> None:
        """Remember the keys of everything that was written or retired."""
        if not self._keys:
            return
        columns = {name: [key[index] for key in self._keys] for index, name in enumerate(_Key._fields)}
        fixed = {"university_id": self._university_id, "system": self._system}
        key = ("university_id", "system", "entity", "external_id")
        await self._connection.execute(upsert(ExternalKey, fixed, columns, key))
