"""What is here already, for an import to compare with: nothing is written here, and conflicts are found."""

from typing import Any

from sqlalchemy import ARRAY, BigInteger, Select, String, Text, and_, any_, bindparam, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from lms_graphql.catalog.models import Course, CourseOffering
from lms_graphql.content.models import ContentItem
from lms_graphql.interop.arrays import unnest
from lms_graphql.interop.checked import COURSE, ITEM, MODULE, OFFERING, ImportConflictError, Name, Thing
from lms_graphql.interop.imported import ImportedCourse, ImportedRun
from lms_graphql.interop.models import ExternalKey
from lms_graphql.interop.plan import ITEMS, MODULES, Plan, Stored, Table, make_plan
from lms_graphql.syllabus.models import Module
from lms_graphql.tenancy.models import Department


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
        keys = await self._connection.execute(
            select(ExternalKey.entity_id, ExternalKey.external_id, ExternalKey.content_hash).where(
                *self._keys_of(table.entity),
                ExternalKey.entity_id == any_(bindparam("ids", list(found), type_=ARRAY(BigInteger))),
            )
        )
        named = {entity_id: (name, content_hash) for entity_id, name, content_hash in keys}
        return [
            Stored(row[0], row[1], row[2], row[3], *named.get(entity_id, (None, None)))
            for entity_id, row in found.items()
        ]

    async def _new_ids(self, table: Table, things: list[Thing], stored: list[Stored]) -> dict[str, int]:
        """Ids for the things that have none, drawn before their rows are written: so parents need not come first."""
        known = {row.external_id for row in stored}
        new = [thing.external_id for thing in things if thing.external_id not in known]
        if not new:
            return {}
        numbers = func.generate_series(1, len(new)).table_valued("number")
        ids = await self._connection.scalars(select(table.ids.next_value()).select_from(numbers))
        return dict(zip(new, ids, strict=True))

    async def refuse_taken(self, course_id: int | None, run: ImportedRun | None, plans: tuple[Plan, Plan]) -> None:
        """Find the run's offering, and raise ImportConflictError when another course has something of this source.

        A key whose row is gone stands in nobody's way: it will name the new row.
        """
        wanted = [(MODULE, thing.external_id) for thing in plans[0].created]
        wanted += [(ITEM, thing.external_id) for thing in plans[1].created]
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
        return statement
