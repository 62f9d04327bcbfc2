"""Who may see which enrollments."""

from sqlalchemy import ColumnElement, and_

from lms_graphql.engine.context import Viewer
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.storage.tenancy import UNIVERSITY, USER


def visible_enrollments(viewer: Viewer) -> ColumnElement[bool]:
    """Staff see all of their university, everybody else their own."""
    here = CourseEnrollment.university_id == UNIVERSITY
    return here if viewer.is_staff else and_(here, CourseEnrollment.user_id == USER)
