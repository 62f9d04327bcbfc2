"""Whose grades are changed: what every service of grades asks first, of the offering and of its people."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, BigInteger, and_, any_, bindparam, exists, func, or_, select

from lms_graphql.catalog.models import CourseOffering
from lms_graphql.catalog.policy import may_grade_in_section, visible_offerings
from lms_graphql.catalog.reach import department_of_course
from lms_graphql.engine.context import Standing, Viewer
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.enrollment.policy import TAKES_PART
from lms_graphql.grades.models import GradeFreeze
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

May = Callable[[Viewer, Mapping[str, Any]], bool]

MOST_PEOPLE = 500
"""How many people one request may name."""

_OfferingRow = record("CourseOffering")
_PersonRow = record("CourseEnrollment")
_OFFERING = bindparam("offering_id", type_=BigInteger)


def _offering_query(standing: Standing) -> Any:
    department = department_of_course(CourseOffering.course_id).label("department_id")
    return select(CourseOffering.id, CourseOffering.university_id, CourseOffering.course_id, department).where(
        CourseOffering.id == _OFFERING, visible_offerings(Viewer(standing=standing))
    )


OFFERINGS = {standing: Statement(_offering_query(standing)) for standing in Standing}
"""The offering of an id, as a viewer of each standing sees it, with course_id and department_id."""
_PEOPLE = Statement(
    select(CourseEnrollment.id, CourseEnrollment.user_id, CourseEnrollment.section_id)
    .where(
        CourseEnrollment.university_id == UNIVERSITY,
        CourseEnrollment.course_offering_id == _OFFERING,
        or_(bindparam("everybody"), CourseEnrollment.user_id == any_(bindparam("people", type_=ARRAY(BigInteger)))),
        TAKES_PART,
    )
    .order_by(CourseEnrollment.id)
    .with_for_update(key_share=True)
)
_FROZEN = Statement(
    select(
        exists()
        .where(
            and_(
                GradeFreeze.university_id == UNIVERSITY,
                GradeFreeze.course_offering_id == _OFFERING,
                GradeFreeze.frozen_at <= func.clock_timestamp(),
            )
        )
        .label("is_frozen")
    )
)


def number(work: Work, text: str, typename: str, *path: str) -> int:
    """The number of a row of the university; NOT_FOUND with the path for what names no such row."""
    found = number_of(text, typename, work.context.university_id())
    if found is None:
        raise not_found(*path)
    return found


def not_found(*path: str) -> Refused:
    """That there is no such thing, or not for the viewer: in the same words."""
    return Refused(UserErrorCode.NOT_FOUND, "there is no such thing, or not for you", ("input", *path))


async def require_offering(work: Work, offering_id: int, may: May, *path: str) -> Row:
    """An offering with id, course_id and department_id, of which the viewer may do this.

    NOT_FOUND for one that the viewer does not see, FORBIDDEN for one of which they may not.
    """
    row = await work.one(OFFERINGS[work.viewer.standing], _OfferingRow, offering_id=offering_id)
    if row is None:
        raise not_found(*path)
    if not may(work.viewer, row):
        raise Refused(UserErrorCode.FORBIDDEN, "your roles in this offering do not allow this", ("input", *path))
    return row


async def lock_people(work: Work, offering: Row, user_ids: Sequence[int] | None) -> dict[int, Row]:
    """The enrollments by person of those who take part or have completed it and are in the viewer's reach, locked.

    None: of everybody. Whoever changes a grade of theirs waits from here on, and so does who freezes them all.
    """
    rows = await work.rows(
        _PEOPLE, _PersonRow, offering_id=offering["id"], everybody=user_ids is None, people=list(user_ids or ())
    )
    return {row["user_id"]: row for row in rows if may_grade_in_section(work.viewer, offering, row["section_id"])}


async def require_person(work: Work, offering: Row, user_id: int, *path: str) -> None:
    """Lock a person of the offering; NOT_FOUND with the path for who does not take part, or is out of reach."""
    if user_id not in await lock_people(work, offering, [user_id]):
        raise not_found(*path)


async def require_open(work: Work, offering_id: int) -> None:
    """Refuse what would change a final grade once the offering's grades are frozen; to be asked behind the locks."""
    row = await work.one(_FROZEN, _OfferingRow, offering_id=offering_id)
    if row is not None and row["is_frozen"]:
        raise Refused(
            UserErrorCode.CLOSED, "the grades of this offering are frozen; who may release them can unfreeze them first"
        )
