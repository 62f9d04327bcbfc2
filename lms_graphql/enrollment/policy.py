"""Who may see which enrollments."""

from sqlalchemy import ColumnElement, and_, exists

from lms_graphql.engine.context import Viewer
from lms_graphql.enrollment.models import CourseEnrollment, EnrollmentEvent
from lms_graphql.storage.tenancy import UNIVERSITY, USER


def visible_enrollments(viewer: Viewer) -> ColumnElement[bool]:
    """Staff see all of their university, everybody else their own."""
    here = CourseEnrollment.university_id == UNIVERSITY
    return here if viewer.is_staff else and_(here, CourseEnrollment.user_id == USER)


def visible_events(viewer: Viewer) -> ColumnElement[bool]:
    """Those of the enrollments that the viewer sees."""
    here = EnrollmentEvent.university_id == UNIVERSITY
    if viewer.is_staff:
        return here
    own = exists().where(CourseEnrollment.id == EnrollmentEvent.enrollment_id, visible_enrollments(viewer))
    return and_(here, own)
