"""What is here already, for an import to compare with: nothing is written here, and conflicts are found."""

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Select,
    Sequence,
    String,
    Text,
    and_,
    any_,
    bindparam,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from lms_graphql.assessment.models import Question, QuestionPool
from lms_graphql.catalog.models import Course, CourseOffering
from lms_graphql.content.models import ContentItem
from lms_graphql.interop.arrays import unnest
from lms_graphql.interop.checked import COURSE, ITEM, MODULE, OFFERING, POOL, QUESTION, ImportConflictError, Name, Thing
from lms_graphql.interop.imported import ImportedCourse, ImportedRun
from lms_graphql.interop.models import ExternalKey
from lms_graphql.interop.plan import ITEMS, MODULES, Plan, Stored, Table, make_plan
from lms_graphql.interop.pools import (
    PoolPlan,
    StoredKey,
    StoredPools,
    StoredQuestion,
    make_pool_plan,
    missing,
    rewritten,
)
from lms_graphql.syllabus.models import Module
from lms_graphql.tenancy.models import Department

_POOL_IDS, _QUESTION_IDS = Sequence("question_pools_id_seq"), Sequence("questions_id_seq")
_OWNED: tuple[tuple[Any, str], ...] = (
    (Module, MODULE),
    (ContentItem, ITEM),
    (CourseOffering, OFFERING),
    (QuestionPool, POOL),
)
"""What belongs to a course, with its entity."""


class Reader:
    """What an import into one university finds; `singles` has the course and the offering, with their keys."""

    def __init__(self, connection: AsyncConnection, university_id: int, system: str) -> None:
        self.singles: dict[str, Any] = {}
        self._connection = connection
        self._university_id = university_id
        self._system = system

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
            self.singles[COURSE] = row
        return self.singles[COURSE].id if COURSE in self.singles else None

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
            raise Name(COURSE, external_id).refused(f"the university has no department with the id {department_id}")

    async def plan(self, course_id: int | None, modules: list[Thing], items: list[Thing]) -> tuple[Plan, Plan]:
        """What has to be done to the modules and to the items."""
        stored = await self._stored(MODULES, course_id)
        module_plan = make_plan(modules, stored, await self._new_ids(MODULES, modules, stored))
        stored = await self._stored(ITEMS, course_id)
        new_ids = await self._new_ids(ITEMS, items, stored)
        return module_plan, make_plan(items, stored, new_ids, module_plan.ids)

    async def _stored(self, table: Table, course_id: int | None) -> list[Stored]:
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
        named = await self._named(table.entity, list(found))
        return [
            Stored(row[0], row[1], row[2], row[3], *named.get(entity_id, (None, None)))
            for entity_id, row in found.items()
        ]

    async def _named(self, entity: str, ids: list[int]) -> dict[int, StoredKey]:
        """What rows are called in this system, by their ids."""
        if not ids:
            return {}
        keys = await self._connection.execute(
            select(ExternalKey.entity_id, ExternalKey.external_id, ExternalKey.content_hash).where(
                *self._keys_of(entity),
                ExternalKey.entity_id == any_(bindparam("ids", ids, type_=ARRAY(BigInteger))),
            )
        )
        return {entity_id: StoredKey(name, content_hash) for entity_id, name, content_hash in keys}

    async def _new_ids(self, table: Table, things: list[Thing], stored: list[Stored]) -> dict[str, int]:
        """Ids for the things that have none, drawn before their rows are written: so parents need not come first."""
        known = {row.external_id for row in stored}
        return await self._draw(table.ids, [thing.external_id for thing in things if thing.external_id not in known])

    async def _draw(self, ids: Sequence, names: list[str]) -> dict[str, int]:
        """An id of the sequence for each name."""
        if not names:
            return {}
        numbers = func.generate_series(1, len(names)).table_valued("number")
        drawn = await self._connection.scalars(select(ids.next_value()).select_from(numbers))
        return dict(zip(names, drawn, strict=True))

    async def plan_pools(self, course_id: int | None, pools: list[Thing], questions: list[Thing]) -> PoolPlan:
        """What has to be done to the question pools."""
        here = await self._stored_pools(course_id)
        pool_ids = await self._draw(_POOL_IDS, missing(pools, here.pools.values()))
        question_ids = await self._draw(_QUESTION_IDS, rewritten(questions, here))
        return make_pool_plan(pools, questions, here, pool_ids, question_ids)

    async def _stored_pools(self, course_id: int | None) -> StoredPools:
        """The pools of the course with all their questions, and the keys of this system."""
        if course_id is None:
            return StoredPools({}, [])
        rows = (
            await self._connection.execute(
                select(
                    QuestionPool.id.label("pool_id"),
                    Question.id,
                    Question.number,
                    Question.version,
                    Question.is_active,
                )
                .outerjoin(
                    Question,
                    and_(Question.university_id == QuestionPool.university_id, Question.pool_id == QuestionPool.id),
                )
                .where(QuestionPool.university_id == self._university_id, QuestionPool.course_id == course_id)
            )
        ).all()
        pool_ids = list(dict.fromkeys(row.pool_id for row in rows))
        versions = [row for row in rows if row.version is not None]
        pools = await self._named(POOL, pool_ids)
        keys = await self._named(QUESTION, [row.id for row in versions])
        return StoredPools(
            {pool_id: pools.get(pool_id) for pool_id in pool_ids},
            [
                StoredQuestion(row.id, row.pool_id, row.number, row.version, row.is_active, keys.get(row.id))
                for row in versions
            ],
        )

    async def refuse_taken(
        self, course_id: int | None, run: ImportedRun | None, plans: tuple[Plan, Plan], pool_plan: PoolPlan
    ) -> None:
        """Find the run's offering, and raise ImportConflictError when another course has something of this source.

        A key whose row is gone stands in nobody's way: it will name the new row.
        """
        wanted = [(MODULE, thing.external_id) for thing in plans[0].created]
        wanted += [(ITEM, thing.external_id) for thing in plans[1].created]
        wanted += [(POOL, thing.external_id) for thing in pool_plan.created]
        wanted += [(OFFERING, run.external_id)] if run else []
        if not wanted:
            return
        for row in await self._connection.execute(self._owners(wanted)):
            if row[-1] is None:
                continue
            if row[-1] != course_id:
                raise ImportConflictError(
                    f"{Name(row.entity, row.external_id)} belongs to another course (id {row[-1]}):"
                    " a thing of a source can be in one course only"
                )
            self.singles[row.entity] = row

    def _owners(self, wanted: list[tuple[str, str]]) -> Select[*tuple[Any, ...]]:
        """The keys that there are for entities and external ids; the last column is the course of what they name."""
        rows = unnest(
            "wanted",
            entity=(String(), [entity for entity, _ in wanted]),
            external_id=(String(), [external_id for _, external_id in wanted]),
        )
        statement = select(ExternalKey.entity, ExternalKey.external_id, ExternalKey.entity_id.label("id"))
        statement = statement.add_columns(
            ExternalKey.content_hash, func.coalesce(*(model.course_id for model, _ in _OWNED))
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
        for model, entity in _OWNED:
            statement = statement.outerjoin(
                model,
                and_(
                    model.university_id == self._university_id,
                    model.id == ExternalKey.entity_id,
                    ExternalKey.entity == entity,
                ),
            )
        return statement
