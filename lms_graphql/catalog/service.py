"""Rules of the catalog that its writers share."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Text, func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lms_graphql.catalog.models import CoursePrerequisite


class PrerequisiteCycleError(Exception):
    """A course would ask for itself by way of others; nothing was written."""


class Prerequisite(msgspec.Struct, frozen=True):
    """That a course asks for another; `how` is a label of prerequisite_type_enum."""

    course_id: int
    prerequisite_course_id: int
    how: str = "strict"


async def add_prerequisites(
    connection: AsyncConnection, university_id: int, prerequisites: Sequence[Prerequisite]
) -> None:
    """Add prerequisites, all or none; the caller commits. Raises PrerequisiteCycleError.

    A cycle is no property of one row, so no constraint can refuse it: writers of one university take turns, and each
    looks at what the one before has committed.
    """
    name = func.hashtextextended(literal(f"prerequisites {university_id}", Text), 0)
    await connection.execute(select(func.pg_advisory_xact_lock(name)))
    rows = [
        {
            "university_id": university_id,
            "course_id": one.course_id,
            "prerequisite_course_id": one.prerequisite_course_id,
            "prerequisite_type": one.how,
        }
        for one in prerequisites
    ]
    async with connection.begin_nested():
        if rows:
            await connection.execute(insert(CoursePrerequisite), rows)
        if await _reaches_itself(connection, university_id, [one.course_id for one in prerequisites]):
            raise PrerequisiteCycleError("a course can't be its own prerequisite, nor by way of others")


async def _reaches_itself(connection: AsyncConnection, university_id: int, courses: Sequence[int]) -> bool:
    here = CoursePrerequisite.university_id == university_id
    first = (
        select(CoursePrerequisite.course_id.label("first"), CoursePrerequisite.prerequisite_course_id.label("last"))
        .where(here, CoursePrerequisite.course_id.in_(courses))
        .cte("way", recursive=True)
    )
    further = select(first.c.first, CoursePrerequisite.prerequisite_course_id).where(
        here, CoursePrerequisite.course_id == first.c.last
    )
    way = first.union(further)
    found = await connection.scalar(select(func.count()).select_from(way).where(way.c.first == way.c.last))
    return bool(found)
