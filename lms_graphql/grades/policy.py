"""Who may see whose grade, and how grades are made."""

from sqlalchemy import ColumnElement, and_, exists, func, or_

from lms_graphql.catalog.models import CourseOffering
from lms_graphql.catalog.policy import published_course, visible_offerings
from lms_graphql.engine.context import Viewer
from lms_graphql.grades.models import CourseGrade, GradeCategory, GradeItem, GradeItemScore, GradingPolicy
from lms_graphql.storage.tenancy import NOBODY, UNIVERSITY, USER


def visible_grades(viewer: Viewer) -> ColumnElement[bool]:
    """Staff see all of their university, everybody else their own from the time on at which they are posted."""
    here = CourseGrade.university_id == UNIVERSITY
    return here if viewer.is_staff else and_(here, CourseGrade.user_id == USER, CourseGrade.posted_at <= func.now())


def visible_scores(viewer: Viewer) -> ColumnElement[bool]:
    """As grades."""
    here = GradeItemScore.university_id == UNIVERSITY
    if viewer.is_staff:
        return here
    return and_(here, GradeItemScore.user_id == USER, GradeItemScore.posted_at <= func.now())


def visible_policies(viewer: Viewer) -> ColumnElement[bool]:
    """Staff see all, everybody else those of the courses and the offerings that they see."""
    here = GradingPolicy.university_id == UNIVERSITY
    if viewer.is_staff:
        return here
    of_offering = exists().where(
        CourseOffering.university_id == UNIVERSITY,
        CourseOffering.id == GradingPolicy.course_offering_id,
        visible_offerings(viewer),
    )
    of_course = and_(GradingPolicy.course_offering_id.is_(None), published_course(GradingPolicy.course_id))
    return and_(here, or_(of_course, of_offering.correlate(GradingPolicy)))


def visible_categories(viewer: Viewer) -> ColumnElement[bool]:
    """Those of visible policies."""
    here = GradeCategory.university_id == UNIVERSITY
    if viewer.is_staff:
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
    if viewer.is_staff:
        return here
    of_offering = exists().where(
        CourseOffering.university_id == UNIVERSITY,
        CourseOffering.id == GradeItem.course_offering_id,
        visible_offerings(viewer),
    )
    return and_(here, of_offering.correlate(GradeItem))


def sees_gradebook(viewer: Viewer) -> bool:
    """Whether the viewer may see what everybody has got."""
    return viewer.is_staff


def visible_gradebooks(viewer: Viewer) -> ColumnElement[bool]:
    """`sees_gradebook` for a statement that names the offering."""
    here = CourseOffering.university_id == UNIVERSITY
    return here if sees_gradebook(viewer) else and_(here, NOBODY)
