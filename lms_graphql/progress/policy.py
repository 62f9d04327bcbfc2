"""Who may see whose progress, who may note it, and what counts."""

from sqlalchemy import ColumnElement, and_

from lms_graphql.catalog.reach import reaches_person, seen_or_reached
from lms_graphql.content.models import ContentItem
from lms_graphql.engine.context import Viewer
from lms_graphql.progress.models import UserContentProgress, UserModuleProgress
from lms_graphql.storage.tenancy import UNIVERSITY, USER
from lms_graphql.syllabus.models import Module

COUNTED = and_(ContentItem.is_active.is_(True), Module.effective_published.is_(True))
"""That an item, in a statement that has it and its module, counts in percentages: that students see it.

Whoever asks, so that everybody is told the same: a course, and each of its modules, is as far as the share of these
items in and below it that are completed.
"""


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


def may_record_progress(viewer: Viewer) -> bool:
    """Members may note what they do themselves; in which offering, their enrollment decides."""
    return viewer.is_member


def may_set_completion(viewer: Viewer) -> bool:
    """Staff may, of people whom they grade, and never of themselves; the service asks of its row."""
    return viewer.is_staff
