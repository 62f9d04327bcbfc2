"""Who may see whose progress."""

from sqlalchemy import ColumnElement, and_

from lms_graphql.engine.context import Viewer
from lms_graphql.progress.models import UserContentProgress, UserModuleProgress
from lms_graphql.storage.tenancy import UNIVERSITY, USER


def visible_module_progress(viewer: Viewer) -> ColumnElement[bool]:
    """Staff see all of their university, everybody else their own."""
    here = UserModuleProgress.university_id == UNIVERSITY
    return here if viewer.is_staff else and_(here, UserModuleProgress.user_id == USER)


def visible_content_progress(viewer: Viewer) -> ColumnElement[bool]:
    """Staff see all of their university, everybody else their own."""
    here = UserContentProgress.university_id == UNIVERSITY
    return here if viewer.is_staff else and_(here, UserContentProgress.user_id == USER)
