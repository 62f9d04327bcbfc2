"""What of a university staff reach; every `policy.py` builds on it.

Somebody of standing STAFF sees what a member sees, and what lies in the own reach: all of the departments that they
administer, the offerings that they teach with their courses, and of the people there only those of a section where it
is a section that they teach. The predicates `reaches_…` say so in SQL; they bind arrays that only statements of that
standing have (`engine.context.Reach.parameters`). `administers` and `teaching` say it of rows that were loaded.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    SQLColumnExpression,
    and_,
    any_,
    bindparam,
    case,
    exists,
    func,
    null,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from lms_graphql.catalog.models import Course, CourseOffering
from lms_graphql.engine.context import Standing, Teaching, Viewer
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.storage.tenancy import NOBODY, UNIVERSITY


def _array(name: str) -> Any:
    return bindparam(name, type_=ARRAY(BigInteger), required=True)


_DEPARTMENTS, _COURSES, _OFFERINGS = _array("departments"), _array("courses"), _array("offerings")
_WHOLE_OFFERINGS, _SECTIONS = _array("whole_offerings"), _array("sections")

# ---- how a policy is put together


def seen_or_reached(
    viewer: Viewer, here: ColumnElement[bool], seen: ColumnElement[bool], reached: ColumnElement[bool]
) -> ColumnElement[bool]:
    """Of the university's rows all for its administrators; for others what they see, for staff also what they reach."""
    if viewer.is_admin:
        return here
    return and_(here, or_(seen, reached) if viewer.standing is Standing.STAFF else seen)


def only_reached(viewer: Viewer, here: ColumnElement[bool], reached: ColumnElement[bool]) -> ColumnElement[bool]:
    """Of rows that are for staff alone all for administrators, and for other staff what they reach."""
    return seen_or_reached(viewer, here, NOBODY, reached)


def if_reached(
    viewer: Viewer,
    value: Any,
    reached: ColumnElement[bool],
    otherwise: ColumnElement[Any] | None = None,
) -> ColumnElement[Any]:
    """A value that staff alone may have, decided row by row; for others what stands `otherwise`, or null."""
    other = null() if otherwise is None else otherwise
    if viewer.standing is Standing.STAFF:
        return case((reached, value), else_=other)
    return value if viewer.is_admin else other


def is_reached(viewer: Viewer, reached: ColumnElement[bool]) -> tuple[ColumnElement[bool], ...]:
    """The column `is_reached`, for statements of the only standing that differs from row to row; see `row_is_reached`.

    The other standings have no such column: their statements stay as they are.
    """
    return (reached.label("is_reached"),) if viewer.standing is Standing.STAFF else ()


def row_is_reached(viewer: Viewer, row: Mapping[str, Any]) -> bool:
    """Whether staff's part of a row that was selected with `is_reached` is for this viewer."""
    return viewer.is_admin or (viewer.standing is Standing.STAFF and bool(row["is_reached"]))


# ---- what is reached, in SQL; each of these looks up row by row, as `policy.published_course` does


def department_of_course(course_id: SQLColumnExpression[int]) -> ColumnElement[int | None]:
    """The department of the course with this id."""
    course = aliased(Course)
    found = select(course.department_id).where(course.university_id == UNIVERSITY, course.id == course_id)
    return found.correlate_except(course).scalar_subquery()


def department_of_offering(offering_id: SQLColumnExpression[int | None]) -> ColumnElement[int | None]:
    """The department of the course of the offering with this id."""
    course, offering = aliased(Course), aliased(CourseOffering)
    found = (
        select(course.department_id)
        .join(offering, and_(offering.university_id == UNIVERSITY, offering.course_id == course.id))
        .where(course.university_id == UNIVERSITY, offering.id == offering_id)
    )
    return found.correlate_except(course, offering).scalar_subquery()


def reaches_course_here(course: Any = Course) -> ColumnElement[bool]:
    """That the course is reached, in a statement that has it."""
    return or_(course.id == any_(_COURSES), course.department_id == any_(_DEPARTMENTS))


def reaches_course(course_id: SQLColumnExpression[int]) -> ColumnElement[bool]:
    """That the course with this id is: an offering of it is taught, or its department is administered."""
    return or_(course_id == any_(_COURSES), department_of_course(course_id) == any_(_DEPARTMENTS))


def reaches_offering(offering_id: SQLColumnExpression[int]) -> ColumnElement[bool]:
    """That the offering with this id is: it, or a section of it, is taught, or its department is administered."""
    return or_(offering_id == any_(_OFFERINGS), department_of_offering(offering_id) == any_(_DEPARTMENTS))


def reaches_offering_here() -> ColumnElement[bool]:
    """That the offering is, in a statement that has it."""
    in_department = department_of_course(CourseOffering.course_id) == any_(_DEPARTMENTS)
    return or_(CourseOffering.id == any_(_OFFERINGS), in_department)


def reaches_enrollment(enrollment: Any = CourseEnrollment) -> ColumnElement[bool]:
    """That an enrollment is: it is in an offering that is reached whole, or in a section that is."""
    return reaches_section(enrollment.course_offering_id, enrollment.section_id)


def reaches_person(
    offering_id: SQLColumnExpression[int | None], user_id: SQLColumnExpression[int | None]
) -> ColumnElement[bool]:
    """That what this person does in this offering is: who teaches one section reaches those who are in it."""
    enrollment = aliased(CourseEnrollment)
    in_section = exists().where(
        enrollment.university_id == UNIVERSITY,
        enrollment.course_offering_id == offering_id,
        enrollment.user_id == user_id,
        enrollment.section_id == any_(_SECTIONS),
    )
    return or_(
        offering_id == any_(_WHOLE_OFFERINGS),
        and_(offering_id == any_(_OFFERINGS), in_section.correlate_except(enrollment)),
        department_of_offering(offering_id) == any_(_DEPARTMENTS),
    )


def reaches_section(
    offering_id: SQLColumnExpression[int], section_id: SQLColumnExpression[int | None]
) -> ColumnElement[bool]:
    """That what is meant for this section of this offering is."""
    return or_(
        offering_id == any_(_WHOLE_OFFERINGS),
        section_id == any_(_SECTIONS),
        department_of_offering(offering_id) == any_(_DEPARTMENTS),
    )


def reaches_member(user_id: SQLColumnExpression[int]) -> ColumnElement[bool]:
    """That the person is enrolled somewhere in the reach, whatever came of it."""
    enrollment = aliased(CourseEnrollment)
    enrolled = exists().where(
        enrollment.university_id == UNIVERSITY, enrollment.user_id == user_id, reaches_enrollment(enrollment)
    )
    return enrolled.correlate_except(enrollment)


def reaches_department(department_id: SQLColumnExpression[int | None]) -> ColumnElement[bool]:
    """That the viewer administers this department."""
    return department_id == any_(_DEPARTMENTS)


def administers_a_department() -> ColumnElement[bool]:
    """That the viewer administers any department at all."""
    return func.cardinality(_DEPARTMENTS) > 0


# ---- the same for lists of a whole university, where a look-up for each row would be a look-up for all rows


def _offerings_of_departments() -> Select[Any]:
    """The ids of the offerings of the departments that are administered; the arrays are taken for short: an index."""
    course, offering = aliased(Course), aliased(CourseOffering)
    courses = select(course.id).where(course.university_id == UNIVERSITY, course.department_id == any_(_DEPARTMENTS))
    return select(offering.id).where(offering.university_id == UNIVERSITY, offering.course_id == any_(_listed(courses)))


def _listed(ids: Select[Any]) -> Any:
    return func.array(ids.scalar_subquery(), type_=ARRAY(BigInteger))


def reaches_enrollment_of_many() -> ColumnElement[bool]:
    """`reaches_enrollment`, by what is worked out once."""
    return or_(
        CourseEnrollment.course_offering_id == any_(_WHOLE_OFFERINGS),
        CourseEnrollment.section_id == any_(_SECTIONS),
        CourseEnrollment.course_offering_id.in_(_offerings_of_departments()),
    )


def reached_people() -> list[Select[Any]]:
    """The ids of all people whom `reaches_member` finds, in parts, each of which an index leads to."""
    enrollment = aliased(CourseEnrollment)
    people = select(enrollment.user_id).where(enrollment.university_id == UNIVERSITY)
    return [
        people.where(enrollment.course_offering_id == any_(_WHOLE_OFFERINGS)),
        people.where(enrollment.section_id == any_(_SECTIONS)),
        people.where(enrollment.course_offering_id == any_(_listed(_offerings_of_departments()))),
    ]


# ---- what is reached, of rows that were loaded


def administers(viewer: Viewer, department_id: int | None) -> bool:
    """Whether the viewer administers this department, or the whole university."""
    return viewer.is_admin or (viewer.standing is Standing.STAFF and department_id in viewer.reach.departments)


def teaching(viewer: Viewer, offering_id: int) -> Teaching | None:
    """How the viewer teaches an offering; None if they do not."""
    if viewer.standing is not Standing.STAFF:
        return None
    return next((taught for taught in viewer.reach.teaching if taught.offering_id == offering_id), None)
