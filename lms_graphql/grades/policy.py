"""Who may see whose grade, and how grades are made."""

from sqlalchemy import BigInteger, ColumnElement, and_, exists, func, null, or_

from lms_graphql.catalog.models import CourseOffering
from lms_graphql.catalog.policy import published_course, visible_offerings
from lms_graphql.catalog.reach import (
    if_reached,
    only_reached,
    reaches_course,
    reaches_enrollment,
    reaches_offering_here,
    reaches_person,
    seen_or_reached,
)
from lms_graphql.engine.context import Viewer
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.grades.models import (
    CourseGrade,
    GradeCategory,
    GradeHistory,
    GradeItem,
    GradeItemScore,
    GradingPolicy,
)
from lms_graphql.storage.tenancy import UNIVERSITY, USER


def visible_grades(viewer: Viewer) -> ColumnElement[bool]:
    """One's own from the time on at which they are posted; for staff also those of the people in their reach."""
    here = CourseGrade.university_id == UNIVERSITY
    own = and_(CourseGrade.user_id == USER, CourseGrade.posted_at <= func.now())
    return seen_or_reached(viewer, here, own, reaches_person(CourseGrade.course_offering_id, CourseGrade.user_id))


def visible_scores(viewer: Viewer) -> ColumnElement[bool]:
    """As grades."""
    here = GradeItemScore.university_id == UNIVERSITY
    own = and_(GradeItemScore.user_id == USER, GradeItemScore.posted_at <= func.now())
    return seen_or_reached(viewer, here, own, _of_reached_person())


def _of_reached_person() -> ColumnElement[bool]:
    return reaches_person(GradeItemScore.course_offering_id, GradeItemScore.user_id)


def score_grader(viewer: Viewer) -> ColumnElement[int | None]:
    """Who graded an item is for staff, of the people in their reach; null for others."""
    return if_reached(viewer, GradeItemScore.graded_by, _of_reached_person(), null().cast(BigInteger))


def visible_changes(viewer: Viewer) -> ColumnElement[bool]:
    """One's own once the grade is posted; for staff also those of the people in their reach."""
    here = GradeHistory.university_id == UNIVERSITY
    posted = exists().where(
        CourseGrade.university_id == UNIVERSITY,
        CourseGrade.course_offering_id == GradeHistory.course_offering_id,
        CourseGrade.user_id == GradeHistory.user_id,
        CourseGrade.posted_at <= func.now(),
    )
    own = and_(GradeHistory.user_id == USER, posted.correlate(GradeHistory))
    return seen_or_reached(viewer, here, own, reaches_person(GradeHistory.course_offering_id, GradeHistory.user_id))


def may_make_grades(viewer: Viewer) -> bool:
    """Staff may; in which offerings and courses what, their services decide (see `catalog.policy`)."""
    return viewer.is_staff


def visible_policies(viewer: Viewer) -> ColumnElement[bool]:
    """Those of the courses and the offerings that the viewer sees."""
    here = GradingPolicy.university_id == UNIVERSITY
    if viewer.is_admin:
        return here
    of_offering = exists().where(
        CourseOffering.university_id == UNIVERSITY,
        CourseOffering.id == GradingPolicy.course_offering_id,
        visible_offerings(viewer),
    )
    of_course = and_(GradingPolicy.course_offering_id.is_(None), published_course(GradingPolicy.course_id))
    seen = or_(of_course, of_offering.correlate(GradingPolicy))
    reached = and_(GradingPolicy.course_offering_id.is_(None), reaches_course(GradingPolicy.course_id))
    return seen_or_reached(viewer, here, seen, reached)


def visible_categories(viewer: Viewer) -> ColumnElement[bool]:
    """Those of visible policies."""
    here = GradeCategory.university_id == UNIVERSITY
    if viewer.is_admin:
        return here
    of_policy = exists().where(
        GradingPolicy.university_id == UNIVERSITY,
        GradingPolicy.id == GradeCategory.policy_id,
        visible_policies(viewer),
    )
    return and_(here, of_policy.correlate(GradeCategory))


def visible_grade_items(viewer: Viewer) -> ColumnElement[bool]:
    """Those of visible offerings."""
    here = GradeItem.university_id == UNIVERSITY
    if viewer.is_admin:
        return here
    of_offering = exists().where(
        CourseOffering.university_id == UNIVERSITY,
        CourseOffering.id == GradeItem.course_offering_id,
        visible_offerings(viewer),
    )
    return and_(here, of_offering.correlate(GradeItem))


def visible_gradebooks(viewer: Viewer) -> ColumnElement[bool]:
    """What everybody has got is for staff; for a statement that has the offering."""
    here = CourseOffering.university_id == UNIVERSITY
    return only_reached(viewer, here, reaches_offering_here())


def visible_gradebook_rows(viewer: Viewer) -> ColumnElement[bool]:
    """Of a gradebook who teaches one section sees the rows of that; nobody the own row for being in it."""
    return only_reached(viewer, CourseEnrollment.university_id == UNIVERSITY, reaches_enrollment())
