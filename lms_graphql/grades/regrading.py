"""Working out the grades of a whole course anew, behind the answer: in parts of 200 people."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import aliased

from lms_graphql.catalog.models import CourseOffering
from lms_graphql.engine.rows import record
from lms_graphql.engine.work import Work
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.enrollment.policy import TAKES_PART
from lms_graphql.grades.models import GradingPolicy
from lms_graphql.grades.recording import grades_changed
from lms_graphql.jobs.queueing import enqueue
from lms_graphql.jobs.running import Step
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

REGRADE = "grades.regrade"
"""The kind of the job."""
_PEOPLE_AT_ONCE = 200

_EnrollmentRow = record("CourseEnrollment")
_COURSE = bindparam("course_id", type_=BigInteger)
_OFFERING: Any = bindparam("offering_id", type_=BigInteger)


def _graded_by_it() -> Any:
    """The offering that is named, or those of the course that have no policy of their own."""
    own = aliased(GradingPolicy)
    has_own = exists().where(own.university_id == UNIVERSITY, own.course_offering_id == CourseOffering.id)
    return and_(
        CourseOffering.university_id == UNIVERSITY,
        CourseOffering.id == CourseEnrollment.course_offering_id,
        CourseOffering.course_id == _COURSE,
        or_(CourseOffering.id == _OFFERING, and_(_OFFERING.is_(None), ~has_own)),
    )


_COUNT = Statement(
    select(func.count().label("count"))
    .select_from(CourseEnrollment)
    .join(CourseOffering, _graded_by_it())
    .where(CourseEnrollment.university_id == UNIVERSITY, TAKES_PART)
)
_PART = Statement(
    select(CourseEnrollment.id, CourseEnrollment.course_offering_id, CourseEnrollment.user_id)
    .join(CourseOffering, _graded_by_it())
    .where(
        CourseEnrollment.university_id == UNIVERSITY,
        TAKES_PART,
        CourseEnrollment.id > bindparam("place", type_=BigInteger),
    )
    .order_by(CourseEnrollment.id)
    .limit(_PEOPLE_AT_ONCE)
)


async def regrade(work: Work, course_id: int, offering_id: int | None, reason: str | None = None) -> int:
    """Have the grades of an offering, or of all that the course's policy is for, worked out anew; gives the job."""
    (row,) = await work.rows(_COUNT, _EnrollmentRow, course_id=course_id, offering_id=offering_id)
    given = {"course_id": course_id, "offering_id": offering_id, "reason": reason}
    return await enqueue(work, REGRADE, given, row["count"])


async def regrade_part(work: Work, given: Mapping[str, Any], place: int) -> Step:
    """The step of the job: the next 200 people by enrollment."""
    rows = await work.rows(
        _PART, _EnrollmentRow, course_id=given["course_id"], offering_id=given["offering_id"], place=place
    )
    people: dict[int, list[int]] = defaultdict(list)
    for row in rows:
        people[row["course_offering_id"]].append(row["user_id"])
    for offering_id in sorted(people):
        await grades_changed(work, offering_id, people[offering_id], reason=given["reason"])
    return Step(len(rows), rows[-1]["id"] if len(rows) == _PEOPLE_AT_ONCE else None)
