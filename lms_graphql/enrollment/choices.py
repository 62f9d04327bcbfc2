"""What lists of enrollments can be filtered and ordered by, called as in the inputs of `types`.

Progress is the average over the modules that a person has begun in the offering; whoever has begun none has 0.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Numeric, Text, any_, exists, func, select

from lms_graphql.engine.context import Viewer
from lms_graphql.engine.filters import Filter, highest, lowest
from lms_graphql.engine.keyset import Order, Ranking
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

_AVERAGE = func.round(func.avg(UserModuleProgress.progress_percent), 2)


def _progress_in_offering(viewer: Viewer, offering_id: Any) -> Any:
    return (
        select(UserModuleProgress.user_id.label("key"), _AVERAGE.label("value"))
        .where(
            UserModuleProgress.university_id == UNIVERSITY,
            UserModuleProgress.course_offering_id == offering_id,
            visible_module_progress(viewer),
        )
        .group_by(UserModuleProgress.user_id)
    )


def _grades_in_offering(viewer: Viewer, offering_id: Any) -> Any:
    return select(CourseGrade.user_id.label("key"), CourseGrade.score_key.label("value")).where(
        CourseGrade.university_id == UNIVERSITY, CourseGrade.course_offering_id == offering_id, visible_grades(viewer)
    )


def _names(viewer: Viewer, _offering_id: Any) -> Any:
    return select(UniversityMember.user_id.label("key"), UniversityMember.name_key.label("value")).where(
        UniversityMember.university_id == UNIVERSITY, visible_members(viewer)
    )


def _of_person(grouped: Any, type_: Any, missing: Any = 0) -> Ranking:
    return Ranking(CourseEnrollment.user_id, CourseEnrollment.id, grouped, type_, per_parent=True, missing=missing)


OWN_ENROLLMENT_ORDERS: Mapping[str, Order] = {"enrolledAt": (CourseEnrollment.enrolled_at, CourseEnrollment.id)}
ENROLLMENT_ORDERS: Mapping[str, Order] = {
    **OWN_ENROLLMENT_ORDERS,
    "name": _of_person(_names, Text(collation="C"), ""),
    "progress": _of_person(_progress_in_offering, Numeric()),
    "grade": _of_person(_grades_in_offering, BigInteger(), -1),
}


def _progress(viewer: Viewer) -> ColumnElement[Any]:
    """The progress of an enrollment, in hundredths of a percent."""
    average = (
        select(_AVERAGE)
        .where(
            UserModuleProgress.university_id == UNIVERSITY,
            UserModuleProgress.course_offering_id == CourseEnrollment.course_offering_id,
            UserModuleProgress.user_id == CourseEnrollment.user_id,
            visible_module_progress(viewer),
        )
        .correlate(CourseEnrollment)
        .scalar_subquery()
    )
    return func.coalesce(average, 0) * 100


def _graded(viewer: Viewer, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether an enrollment has a grade that the viewer may see and that meets the condition."""
    return exists().where(
        CourseGrade.university_id == UNIVERSITY,
        CourseGrade.course_offering_id == CourseEnrollment.course_offering_id,
        CourseGrade.user_id == CourseEnrollment.user_id,
        visible_grades(viewer),
        condition,
    )


ENROLLMENT_FILTERS: Mapping[str, Filter] = {
    "status": Filter(lambda _, statuses: CourseEnrollment.status_key == any_(statuses), ARRAY(Text)),
    "progressFrom": Filter(lambda viewer, percent: _progress(viewer) >= percent, BigInteger(), lowest(MOST_PERCENT)),
    "progressTo": Filter(lambda viewer, percent: _progress(viewer) <= percent, BigInteger(), highest(MOST_PERCENT)),
    "scoreFrom": Filter(
        lambda viewer, score: _graded(viewer, CourseGrade.score_key >= score), BigInteger(), lowest(MOST_SCORE)
    ),
    "scoreTo": Filter(
        lambda viewer, score: _graded(viewer, CourseGrade.score_key <= score), BigInteger(), highest(MOST_SCORE)
    ),
}
