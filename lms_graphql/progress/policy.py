"""Who may see whose progress."""

from sqlalchemy import ColumnElement

from lms_graphql.catalog.reach import reaches_person, seen_or_reached
from lms_graphql.engine.context import Viewer
from lms_graphql.progress.models import UserContentProgress, UserModuleProgress
from lms_graphql.storage.tenancy import UNIVERSITY, USER


def visible_module_progress(viewer: Viewer) -> ColumnElement[bool]:
    """One's own; for staff also that of the people in their reach."""
    here = UserModuleProgress.university_id == UNIVERSITY
    reached = reaches_person(UserModuleProgress.course_offering_id, UserModuleProgress.user_id)
    return seen_or_reached(viewer, here, UserModuleProgress.user_id == USER, reached)


def visible_content_progress(viewer: Viewer) -> ColumnElement[bool]:
    """One's own; for staff also that of the people in their reach."""
    here = UserContentProgress.university_id == UNIVERSITY
    reached = reaches_person(UserContentProgress.course_offering_id, UserContentProgress.user_id)
    return seen_or_reached(viewer, here, UserContentProgress.user_id == USER, reached)
