"""Who may see which threads and posts."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_

from lms_graphql.catalog.reach import administers, department_of_offering, reaches_offering, seen_or_reached, teaching
from lms_graphql.content.models import ContentItem
from lms_graphql.content.policy import visible_items
from lms_graphql.discussion.models import DiscussionPost, DiscussionThread
from lms_graphql.engine.context import Standing, Viewer
from lms_graphql.enrollment.policy import takes_part
from lms_graphql.storage.tenancy import NOBODY, UNIVERSITY
from lms_graphql.syllabus.models import Module
from lms_graphql.syllabus.policy import visible_modules


def visible_threads(viewer: Viewer) -> ColumnElement[bool]:
    """Who takes or took part in the offering, its threads, but for those on what is hidden; for staff their reach."""
    here = DiscussionThread.university_id == UNIVERSITY
    if not viewer.is_member:
        return and_(here, NOBODY)
    on_visible_module = (
        exists().where(Module.id == DiscussionThread.module_id, visible_modules(viewer)).correlate(DiscussionThread)
    )
    on_visible_item = (
        exists()
        .where(ContentItem.id == DiscussionThread.content_item_id, visible_items(viewer))
        .correlate(DiscussionThread)
    )
    seen = and_(
        takes_part(DiscussionThread.course_offering_id).correlate(DiscussionThread),
        or_(DiscussionThread.module_id.is_(None), on_visible_module),
        or_(DiscussionThread.content_item_id.is_(None), on_visible_item),
    )
    return seen_or_reached(viewer, here, seen, reaches_offering(DiscussionThread.course_offering_id))


def visible_posts(viewer: Viewer) -> ColumnElement[bool]:
    """The posts of the threads that the viewer may see."""
    here = DiscussionPost.university_id == UNIVERSITY
    if viewer.is_admin:
        return here
    in_visible_thread = (
        exists()
        .where(DiscussionThread.id == DiscussionPost.thread_id, visible_threads(viewer))
        .correlate(DiscussionPost)
    )
    return and_(here, in_visible_thread)


def visible_posts_of_thread(_viewer: Viewer) -> ColumnElement[bool]:
    """`visible_posts` for a statement that has found the thread, and judged it, already."""
    return DiscussionPost.university_id == UNIVERSITY


# ---- what may be done with a thread that one sees: decided of its row


def thread_department(viewer: Viewer) -> tuple[ColumnElement[int | None], ...]:
    """The column `department_id` of a thread, its course's: what its row needs for these acts, for staff."""
    if viewer.standing is not Standing.STAFF:
        return ()
    return (department_of_offering(DiscussionThread.course_offering_id).label("department_id"),)


def may_moderate(viewer: Viewer, thread: Mapping[str, Any]) -> bool:
    """Keep order in it: all who teach the offering, or a section of it, and who administers its course."""
    if viewer.is_admin or teaching(viewer, thread["course_offering_id"]) is not None:
        return True
    return viewer.standing is Standing.STAFF and administers(viewer, thread["department_id"])


def may_reply(viewer: Viewer, thread: Mapping[str, Any]) -> bool:
    """Write in it: whoever sees it, but in a locked one only who moderates."""
    return viewer.is_member and (not thread["is_locked"] or may_moderate(viewer, thread))


def may_settle(viewer: Viewer, thread: Mapping[str, Any]) -> bool:
    """Change its title, accept an answer: who began it, as long as it is not locked, and who moderates."""
    began = viewer.is_member and thread["created_by_user_id"] == viewer.user_id
    return (began and not thread["is_locked"]) or may_moderate(viewer, thread)


def may_report(viewer: Viewer, thread: Mapping[str, Any]) -> bool:
    """Tell who moderates of it: whoever sees it and does not moderate it."""
    return viewer.is_member and not may_moderate(viewer, thread)


THREAD_ACTS: Mapping[str, Callable[[Viewer, Mapping[str, Any]], bool]] = {
    "reply": may_reply,
    "report": may_report,
    "edit": may_settle,
    "accept_post": may_settle,
    "lock": may_moderate,
    "pin": may_moderate,
    "hide": may_moderate,
    "delete": may_moderate,
}
"""What each label of `types.ThreadAct` asks for."""
