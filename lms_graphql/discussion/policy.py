"""Who may see which threads and posts."""

from sqlalchemy import ColumnElement, and_, exists, or_

from lms_graphql.content.models import ContentItem
from lms_graphql.content.policy import visible_items
from lms_graphql.discussion.models import DiscussionPost, DiscussionThread
from lms_graphql.engine.context import Viewer
from lms_graphql.enrollment.policy import takes_part
from lms_graphql.storage.tenancy import NOBODY, UNIVERSITY
from lms_graphql.syllabus.models import Module
from lms_graphql.syllabus.policy import visible_modules


def visible_threads(viewer: Viewer) -> ColumnElement[bool]:
    """Staff see all; who takes or took part in the offering, its threads, but for those on what is hidden from them."""
    here = DiscussionThread.university_id == UNIVERSITY
    if viewer.is_staff:
        return here
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
    return and_(
        here,
        takes_part(DiscussionThread.course_offering_id).correlate(DiscussionThread),
        or_(DiscussionThread.module_id.is_(None), on_visible_module),
        or_(DiscussionThread.content_item_id.is_(None), on_visible_item),
    )


def visible_posts(viewer: Viewer) -> ColumnElement[bool]:
    """The posts of the threads that the viewer may see."""
    here = DiscussionPost.university_id == UNIVERSITY
    if viewer.is_staff:
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
