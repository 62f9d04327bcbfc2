"""What lists of threads can be filtered and ordered by, called as in the inputs of `types`."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, func, select

from lms_graphql.content.loaders import TYPENAMES
from lms_graphql.discussion.models import DiscussionPost, DiscussionThread
from lms_graphql.engine.context import Context, Viewer
from lms_graphql.engine.filters import NO_ROW, Filter, Flag, of
from lms_graphql.engine.keyset import Order, Ranking
from lms_graphql.engine.relay import number_of
from lms_graphql.storage.tenancy import UNIVERSITY


def _item(given: str, context: Context) -> int:
    """The number of an item of whatever kind."""
    university_id = context.viewer.university_id
    numbers = (number_of(given, typename, university_id) for typename in TYPENAMES.values())
    return next((number for number in numbers if number is not None), NO_ROW)


THREAD_FILTERS: Mapping[str, Filter | Flag] = {
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


def thread_orders(parent_column: Any) -> Mapping[str, Order]:
    """The orders of a list of threads whose parent stands in this column. Ids of posts grow as they are written."""

    def last_posts(_viewer: Viewer, parent: ColumnElement[Any]) -> Select[Any]:
        ranked: list[ColumnElement[Any]] = [
            DiscussionPost.thread_id.label("key"),
            func.max(DiscussionPost.id).label("value"),
        ]
        return (
            select(*ranked)
            .join(
                DiscussionThread,
                (DiscussionThread.university_id == UNIVERSITY) & (DiscussionThread.id == DiscussionPost.thread_id),
            )
            .where(
                DiscussionPost.university_id == UNIVERSITY,
                DiscussionPost.is_deleted.is_(False),
                parent_column == parent,
            )
            .group_by(DiscussionPost.thread_id)
        )

    thread = DiscussionThread.id.expression
    return {
        "createdAt": (DiscussionThread.created_at, DiscussionThread.id),
        "lastPost": Ranking(thread, thread, last_posts, BigInteger(), per_parent=True),
        "pinned": (DiscussionThread.is_pinned, DiscussionThread.created_at, DiscussionThread.id),
    }
