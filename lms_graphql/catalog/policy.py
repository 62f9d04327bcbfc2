"""Who may see which courses and offerings."""

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, exists, or_, select
from sqlalchemy.orm import aliased

from lms_graphql.catalog.models import (
    Course,
    CourseOffering,
    CourseOfferingInstructor,
    CoursePrerequisite,
    OfferingSection,
    Term,
)
from lms_graphql.engine.context import Viewer
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.storage.tenancy import UNIVERSITY, USER


def visible_courses(viewer: Viewer) -> ColumnElement[bool]:
    """Staff see all courses of their university, everybody else the published ones."""
    here = Course.university_id == UNIVERSITY
    return here if viewer.is_staff else and_(here, Course.is_published.is_(True))


def published_course(course_id: SQLColumnExpression[int]) -> ColumnElement[bool]:
    """That the course with this id is published: what hangs on it is as hidden as it is.

    Looked up row by row: of an EXISTS PostgreSQL would make a table of all published courses first, for one page
    (measured with 200,000 courses: 240 ms, and 1 ms so).
    """
    published = select(Course.is_published).where(Course.university_id == UNIVERSITY, Course.id == course_id)
    return published.scalar_subquery().is_(True)


def visible_offerings(viewer: Viewer) -> ColumnElement[bool]:
    """Staff: all. Others: public offerings of published courses; members also those for members; and one's own."""
    here = CourseOffering.university_id == UNIVERSITY
    if viewer.is_staff:
        return here
    open_to_all = CourseOffering.visibility == "public"
    if not viewer.is_member:
        return and_(here, open_to_all, published_course(CourseOffering.course_id))
    open_to_members = or_(open_to_all, CourseOffering.visibility == "members")
    own = exists().where(
        CourseEnrollment.university_id == UNIVERSITY,
        CourseEnrollment.course_offering_id == CourseOffering.id,
        CourseEnrollment.user_id == USER,
    )
    return and_(here, or_(and_(open_to_members, published_course(CourseOffering.course_id)), own))


def visible_terms(_viewer: Viewer) -> ColumnElement[bool]:
    """All of the request's university: a calendar is no secret."""
    return Term.university_id == UNIVERSITY


def _of_visible_offering(viewer: Viewer, offering_id: SQLColumnExpression[int]) -> ColumnElement[bool]:
    return exists().where(CourseOffering.id == offering_id, visible_offerings(viewer))


def visible_sections(viewer: Viewer) -> ColumnElement[bool]:
    """Those of the offerings that the viewer sees."""
    here = OfferingSection.university_id == UNIVERSITY
    return here if viewer.is_staff else and_(here, _of_visible_offering(viewer, OfferingSection.course_offering_id))


def visible_instructors(viewer: Viewer) -> ColumnElement[bool]:
    """Who teaches is told, by name, to whoever sees the offering; the person behind it is `visible_members`' matter."""
    here = CourseOfferingInstructor.university_id == UNIVERSITY
    if viewer.is_staff:
        return here
    return and_(here, _of_visible_offering(viewer, CourseOfferingInstructor.course_offering_id))


def visible_prerequisites(viewer: Viewer) -> ColumnElement[bool]:
    """Staff: all. Others: where both courses are published: of an unpublished one not even that it is asked for."""
    here = CoursePrerequisite.university_id == UNIVERSITY
    if viewer.is_staff:
        return here
    # Aliases, since the statement may name the courses too.
    both = (aliased(Course), CoursePrerequisite.course_id), (aliased(Course), CoursePrerequisite.prerequisite_course_id)
    return and_(
        here,
        *(
            exists().where(course.university_id == UNIVERSITY, course.id == course_id, course.is_published.is_(True))
            for course, course_id in both
        ),
    )
