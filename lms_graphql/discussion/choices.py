"""What lists of threads can be filtered and ordered by, called as in the inputs of `types`."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, func, select

from lms_graphql.content.loaders import TYPENAMES
from lms_graphql.discussion.models import DiscussionPost, DiscussionThread
from lms_graphql.discussion.policy import STANDS
from lms_graphql.engine.context import Context, Viewer
from lms_graphql.engine.filters import NO_ROW, Choice, Filter, Flag, of
from lms_graphql.engine.keyset import Derived, Order
from lms_graphql.engine.relay import number_of
from lms_graphql.storage.tenancy import UNIVERSITY


def _item(given: str, context: Context) -> int:
    """The number of an item of whatever kind."""
    university_id = context.viewer.university_id
    numbers = (number_of(given, typename, university_id) for typename in TYPENAMES.values())
    return next((number for number in numbers if number is not None), NO_ROW)


THREAD_FILTERS: Mapping[str, Choice] = {
    "offering": of("CourseOffering", lambda _viewer, wanted: DiscussionThread.course_offering_id == wanted),
    "module": of("Module", lambda _viewer, wanted: DiscussionThread.module_id == wanted),
    "contentItem": Filter(lambda _viewer, wanted: DiscussionThread.content_item_id == wanted, BigInteger(), _item),
    "isPinned": Flag(
        lambda _viewer: DiscussionThread.is_pinned.is_(True), lambda _viewer: DiscussionThread.is_pinned.is_(False)
    ),
    "isAnswered": Flag(
        lambda _viewer: DiscussionThread.accepted_post_id.is_not(None),
        lambda _viewer: DiscussionThread.accepted_post_id.is_(None),
    ),
}


def _last_post(_viewer: Viewer) -> ColumnElement[Any]:
    """The id of a thread's last post that stands, 0 without any. Ids of posts grow as they are written."""
    last = (
        select(func.max(DiscussionPost.id))
        .where(
            DiscussionPost.university_id == UNIVERSITY,
            DiscussionPost.thread_id == DiscussionThread.id,
            STANDS,
        )
        .correlate(DiscussionThread)
        .scalar_subquery()
    )
    return func.coalesce(last, 0)


THREAD_ORDERS: Mapping[str, Order] = {
    "createdAt": (DiscussionThread.created_at, DiscussionThread.id),
    "lastPost": Derived(_last_post, DiscussionThread.id, BigInteger()),
    "pinned": (DiscussionThread.is_pinned, DiscussionThread.created_at, DiscussionThread.id),
}
