"""Who takes part in an offering: what every service of a learner's asks first."""

from typing import Any

from sqlalchemy import BigInteger, Text, and_, bindparam, cast, func, select

from lms_graphql.catalog.models import CourseOffering
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

EnrolledRow = record("Enrolled")

_ENROLLED = Statement(
    select(
        CourseEnrollment.id,
        CourseEnrollment.university_id,
        CourseEnrollment.user_id,
        CourseEnrollment.course_offering_id,
        CourseEnrollment.section_id,
        cast(CourseEnrollment.status, Text).label("status"),
        CourseOffering.course_id,
        CourseOffering.starts_at,
        CourseOffering.ends_at,
        func.coalesce(CourseOffering.starts_at <= func.now(), True).label("has_started"),
        func.coalesce(CourseOffering.ends_at <= func.now(), False).label("has_ended"),
    )
    .join(
        CourseOffering,
        and_(CourseOffering.university_id == UNIVERSITY, CourseOffering.id == CourseEnrollment.course_offering_id),
    )
    .where(
        CourseEnrollment.university_id == UNIVERSITY,
        CourseEnrollment.course_offering_id == bindparam("offering_id", type_=BigInteger),
        CourseEnrollment.user_id == bindparam("person_id", type_=BigInteger),
    )
)


async def require_enrolled(
    work: Work, offering_id: int | None, person_id: int | None, path: tuple[str, ...], *statuses: str
) -> Row:
    """The enrollment of a person in an offering, with the offering's course and whether it has started and ended.

    The row has id, user_id, course_offering_id, section_id, status, course_id, starts_at, ends_at, has_started,
    has_ended. NOT_FOUND with the path when there is none (an offering that one is not in is as one that is not there),
    NOT_ENROLLED unless its status is one of `statuses` ("active" where none is given). Nothing is locked.
    """
    given: dict[str, Any] = {"offering_id": offering_id, "person_id": person_id}
    row = None if offering_id is None else await work.one(_ENROLLED, EnrolledRow, **given)
    if row is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such offering among those that are taken part in", path)
    if row["status"] not in (statuses or ("active",)):
        raise Refused(UserErrorCode.NOT_ENROLLED, f"the enrollment is {row['status']}, not active", path)
    return row
