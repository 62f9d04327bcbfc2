"""Rules of the catalog that its writers share.

No course may ask for itself, directly or by way of others, whatever the types on the way. So co-requisites count like
the others: of two courses that are to be taken together one says so, and the other says nothing. A cycle of them would
be one in which nobody can tell which course to begin with, and `allPrerequisites` would tell it of each course.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ARRAY, BigInteger, Select, Text, any_, bindparam, cast, column, func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lms_graphql.catalog.models import CoursePrerequisite, prerequisite_type_enum
from lms_graphql.storage.tenancy import UNIVERSITY


class PrerequisiteCycleError(Exception):
    """A course would ask for itself by way of others; nothing was written."""


class Prerequisite(msgspec.Struct, frozen=True):
    """That a course asks for another; `how` is a label of prerequisite_type_enum."""

    course_id: int
    prerequisite_course_id: int
    how: str = "strict"


# A cycle is no property of one row, so no constraint can refuse it: writers of one university take turns, and each
# looks at what the one before has committed.
TAKE_TURNS = select(
    func.pg_advisory_xact_lock(
        func.hashtextextended(literal("prerequisites ", Text).concat(cast(UNIVERSITY, Text)), 0)
    ).is_(None)
)
"""The first of three statements: waits for whoever else changes prerequisites of the university."""


def parameters(prerequisites: Sequence[Prerequisite]) -> dict[str, Any]:
    """What the statements bind besides the university."""
    return {
        "course_ids": [one.course_id for one in prerequisites],
        "asked_ids": [one.prerequisite_course_id for one in prerequisites],
        "types": [one.how for one in prerequisites],
    }


_COURSES = bindparam("course_ids", type_=ARRAY(BigInteger), required=True)


def _adding() -> Any:
    arrays = (
        _COURSES,
        bindparam("asked_ids", type_=ARRAY(BigInteger), required=True),
        bindparam("types", type_=ARRAY(Text), required=True),
    )
    names: list[Any] = [column("course_id", BigInteger), column("asked_id", BigInteger), column("how", Text)]
    given = func.unnest(*arrays).table_valued(*names, with_ordinality="place").render_derived(name="given")
    rows = select(UNIVERSITY, given.c.course_id, given.c.asked_id, cast(given.c.how, prerequisite_type_enum))
    return (
        insert(CoursePrerequisite)
        .from_select(
            ["university_id", "course_id", "prerequisite_course_id", "prerequisite_type"],
            rows.order_by(given.c.place),
            include_defaults=False,
        )
        .returning(CoursePrerequisite.id)
    )


ADD = _adding()
"""The second: adds them; gives their ids."""


def _cycles() -> Select[Any]:
    here = CoursePrerequisite.university_id == UNIVERSITY
    first = (
        select(CoursePrerequisite.course_id.label("first"), CoursePrerequisite.prerequisite_course_id.label("last"))
        .where(here, CoursePrerequisite.course_id == any_(_COURSES))
        .cte("way", recursive=True)
    )
    further = select(first.c.first, CoursePrerequisite.prerequisite_course_id).where(
        here, CoursePrerequisite.course_id == first.c.last
    )
    way = first.union(further)
    return select(func.count().label("cycles")).select_from(way).where(way.c.first == way.c.last)


CYCLES = _cycles()
"""The third: how many of the courses ask for themselves now; then what was added must be taken back."""


async def add_prerequisites(
    connection: AsyncConnection, university_id: int, prerequisites: Sequence[Prerequisite]
) -> None:
    """Add prerequisites, all or none; the caller commits. Raises PrerequisiteCycleError.

    Mutations do the same with the three statements: see `requiring`.
    """
    bound = {"university_id": university_id, **parameters(prerequisites)}
    await connection.execute(TAKE_TURNS, bound)
    async with connection.begin_nested():
        await connection.execute(ADD, bound)
        if await connection.scalar(CYCLES, bound):
            raise PrerequisiteCycleError("a course can't be its own prerequisite, nor by way of others")
