"""Who may see whose grade."""

from sqlalchemy import ColumnElement, and_

from lms_graphql.engine.context import Viewer
from lms_graphql.grades.models import CourseGrade
from lms_graphql.storage.tenancy import UNIVERSITY, USER


def visible_grades(viewer: Viewer) -> ColumnElement[bool]:
    """Staff see all of their university, everybody else their own."""
    here = CourseGrade.university_id == UNIVERSITY
    return here if viewer.is_staff else and_(here, CourseGrade.user_id == USER)
