"""Who may see which threads and posts."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, Text, and_, cast, exists, or_
from sqlalchemy.orm import aliased

from lms_graphql.catalog.reach import (
    administers,
    department_of_offering,
    only_reached,
    reaches_offering,
    seen_or_reached,
    teaching,
)
from lms_graphql.content.models import ContentItem
from lms_graphql.content.policy import visible_items
from lms_graphql.discussion.models import DiscussionPost, DiscussionThread, PostReport, PostRevision
from lms_graphql.engine.context import Standing, Viewer
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.enrollment.policy import takes_part
from lms_graphql.storage.tenancy import NOBODY, UNIVERSITY, USER
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


# ---- what a post says, said before, and was reported for


STANDS = and_(DiscussionPost.is_deleted.is_(False), DiscussionPost.hidden_at.is_(None))
"""That a post is there for all who see its thread: neither deleted nor hidden."""


def _moderated_posts(viewer: Viewer) -> ColumnElement[bool]:
    """Those in whose thread the viewer keeps order."""
    thread = aliased(DiscussionThread, name="moderated")
    in_reach = exists().where(
        thread.university_id == UNIVERSITY,
        thread.id == DiscussionPost.thread_id,
        reaches_offering(thread.course_offering_id),
    )
    return only_reached(viewer, DiscussionPost.university_id == UNIVERSITY, in_reach.correlate(DiscussionPost))


def visible_reported_posts(viewer: Viewer) -> ColumnElement[bool]:
    """Which posts were reported is for those who keep order."""
    return _moderated_posts(viewer)


def told_hidden_words(viewer: Viewer) -> ColumnElement[bool]:
    """That the viewer is told what a post says that does not stand: a hidden one, who wrote it and who keeps order."""
    own = DiscussionPost.user_id == USER
    told = or_(own, _moderated_posts(viewer)) if viewer.is_staff else own
    return and_(DiscussionPost.is_deleted.is_(False), told)


def visible_revisions(viewer: Viewer) -> ColumnElement[bool]:
    """What a post said before is for who wrote it and who keeps order; of a deleted one for nobody."""
    post = and_(
        DiscussionPost.id == PostRevision.post_id,
        DiscussionPost.is_deleted.is_(False),
        or_(DiscussionPost.user_id == USER, _moderated_posts(viewer)),
        visible_posts(viewer),
    )
    return and_(PostRevision.university_id == UNIVERSITY, exists().where(post).correlate(PostRevision))


def visible_reports(viewer: Viewer) -> ColumnElement[bool]:
    """For those who keep order."""
    of_post = exists().where(DiscussionPost.id == PostReport.post_id, _moderated_posts(viewer)).correlate(PostReport)
    return only_reached(viewer, PostReport.university_id == UNIVERSITY, of_post)


# ---- what may be done with a thread that one sees: decided of its row


def columns_of_acts(
    viewer: Viewer, offering_id: SQLColumnExpression[int] = DiscussionThread.course_offering_id
) -> tuple[ColumnElement[Any], ...]:
    """What a row with a `course_offering_id` needs for these acts: `is_active`, for staff also its `department_id`."""
    if not viewer.is_member or viewer.is_admin:
        return ()
    is_active = takes_part(offering_id, cast(CourseEnrollment.status, Text) == "active").label("is_active")
    if viewer.standing is not Standing.STAFF:
        return (is_active,)
    return (is_active, department_of_offering(offering_id).label("department_id"))


def may_moderate(viewer: Viewer, thread: Mapping[str, Any]) -> bool:
    """Keep order in it: all who teach the offering, or a section of it, and who administers its course."""
    if viewer.is_admin or teaching(viewer, thread["course_offering_id"]) is not None:
        return True
    return viewer.standing is Standing.STAFF and administers(viewer, thread["department_id"])


def may_reply(viewer: Viewer, thread: Mapping[str, Any]) -> bool:
    """Write in it: who takes part now, but in a locked one only who moderates. Who has completed only reads."""
    return may_moderate(viewer, thread) or (viewer.is_member and thread["is_active"] and not thread["is_locked"])


def may_settle(viewer: Viewer, thread: Mapping[str, Any]) -> bool:
    """Change its title, accept an answer: who began it, as long as they may write in it, and who moderates."""
    began = viewer.is_member and thread["created_by_user_id"] == viewer.user_id
    return (began and may_reply(viewer, thread)) or may_moderate(viewer, thread)


def may_report(viewer: Viewer, thread: Mapping[str, Any]) -> bool:
    """Tell who moderates of it: whoever sees it and does not moderate it."""
    return viewer.is_member and not may_moderate(viewer, thread)


def may_take_part(viewer: Viewer) -> bool:
    """Talk at all: members. Where, the threads and offerings say."""
    return viewer.is_member


def may_keep_order(viewer: Viewer) -> bool:
    """Moderate anything at all: staff. What, the threads say."""
    return viewer.is_staff


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
