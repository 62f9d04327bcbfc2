"""What lists of enrollments can be filtered and ordered by, called as in the inputs of `types`.

Progress is the average over the modules that a person has begun in the offering; whoever has begun none has 0.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Text, cast, exists, func, select

from lms_graphql.engine.context import Viewer
from lms_graphql.engine.filters import AnyOf, Choice, Filter, highest, lowest
from lms_graphql.engine.keyset import Derived, Order
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.grades.choices import MOST_SCORE
from lms_graphql.grades.models import CourseGrade
from lms_graphql.grades.policy import visible_grades
from lms_graphql.progress.choices import MOST_PERCENT
from lms_graphql.progress.models import UserModuleProgress
from lms_graphql.progress.policy import visible_module_progress
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.tenancy.models import UniversityMember
from lms_graphql.tenancy.policy import visible_members


def _progress(viewer: Viewer) -> ColumnElement[Any]:
    """The progress of an enrollment, in hundredths of a percent."""
    average = (
        select(cast(func.round(func.avg(UserModuleProgress.progress_percent) * 100), BigInteger))
        .where(
            UserModuleProgress.university_id == UNIVERSITY,
            UserModuleProgress.course_offering_id == CourseEnrollment.course_offering_id,
            UserModuleProgress.user_id == CourseEnrollment.user_id,
            visible_module_progress(viewer),
        )
        .correlate(CourseEnrollment)
        .scalar_subquery()
    )
    return func.coalesce(average, 0)


def _score(viewer: Viewer) -> ColumnElement[Any]:
    """The score that belongs to an enrollment, in hundredths; -1 without one that the viewer may see."""
    score = (
        select(CourseGrade.score_key)
        .where(
            CourseGrade.university_id == UNIVERSITY,
            CourseGrade.course_offering_id == CourseEnrollment.course_offering_id,
            CourseGrade.user_id == CourseEnrollment.user_id,
            visible_grades(viewer),
        )
        .correlate(CourseEnrollment)
        .scalar_subquery()
    )
    return func.coalesce(score, -1)


def _name(viewer: Viewer) -> ColumnElement[Any]:
    """The name of the person, as it is ordered by; empty where the viewer may not see the person."""
    name = (
        select(UniversityMember.name_key)
        .where(
            UniversityMember.university_id == UNIVERSITY,
            UniversityMember.user_id == CourseEnrollment.user_id,
            visible_members(viewer),
        )
        .correlate(CourseEnrollment)
        .scalar_subquery()
    )
    return func.coalesce(name, "")


OWN_ENROLLMENT_ORDERS: Mapping[str, Order] = {"enrolledAt": (CourseEnrollment.enrolled_at, CourseEnrollment.id)}
ENROLLMENT_ORDERS: Mapping[str, Order] = {
    **OWN_ENROLLMENT_ORDERS,
    "name": Derived(_name, CourseEnrollment.id, Text()),
    "progress": Derived(_progress, CourseEnrollment.id, BigInteger()),
    "grade": Derived(_score, CourseEnrollment.id, BigInteger()),
}


def _graded(viewer: Viewer, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether an enrollment has a grade that the viewer may see and that meets the condition."""
    return exists().where(
        CourseGrade.university_id == UNIVERSITY,
        CourseGrade.course_offering_id == CourseEnrollment.course_offering_id,
        CourseGrade.user_id == CourseEnrollment.user_id,
        visible_grades(viewer),
        condition,
    )


ENROLLMENT_FILTERS: Mapping[str, Choice] = {
    "status": AnyOf(CourseEnrollment.status_key),
    "progressFrom": Filter(lambda viewer, percent: _progress(viewer) >= percent, BigInteger(), lowest(MOST_PERCENT)),
    "progressTo": Filter(lambda viewer, percent: _progress(viewer) <= percent, BigInteger(), highest(MOST_PERCENT)),
    "scoreFrom": Filter(
        lambda viewer, score: _graded(viewer, CourseGrade.score_key >= score), BigInteger(), lowest(MOST_SCORE)
    ),
    "scoreTo": Filter(
        lambda viewer, score: _graded(viewer, CourseGrade.score_key <= score), BigInteger(), highest(MOST_SCORE)
    ),
}
