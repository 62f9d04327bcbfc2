"""Threads and posts for services: found as the viewer sees them, then locked, a thread before its posts."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, Select, bindparam, select

from lms_graphql.discussion import policy
from lms_graphql.discussion.models import DiscussionPost, DiscussionThread
from lms_graphql.engine.context import Viewer
from lms_graphql.engine.dataloaders import prepared
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement, columns
from lms_graphql.storage.tenancy import UNIVERSITY

Found = record("DiscussionThread")
THREAD = bindparam("thread_id", type_=BigInteger, required=True)
POST = bindparam("post_id", type_=BigInteger, required=True)


def _thread(viewer: Viewer) -> Select[Any]:
    return select(*columns(DiscussionThread), *policy.columns_of_acts(viewer)).where(
        DiscussionThread.id == THREAD, policy.visible_threads(viewer)
    )


def _thread_of_post(viewer: Viewer) -> Select[Any]:
    post = (DiscussionPost.university_id == UNIVERSITY) & (DiscussionPost.thread_id == DiscussionThread.id)
    return (
        select(
            *columns(DiscussionThread),
            DiscussionPost.id.label("post_id"),
            DiscussionPost.user_id.label("author_id"),
            *policy.columns_of_acts(viewer),
        )
        .join(DiscussionPost, post)
        .where(DiscussionPost.id == POST, policy.visible_threads(viewer))
    )


_LOCK_THREAD = Statement(
    select(
        DiscussionThread.title,
        DiscussionThread.is_locked,
        DiscussionThread.is_pinned,
        DiscussionThread.accepted_post_id,
        DiscussionThread.version,
    )
    .where(DiscussionThread.university_id == UNIVERSITY, DiscussionThread.id == THREAD)
    .with_for_update(key_share=True)
)
_LOCK_POST = Statement(
    select(
        DiscussionPost.body,
        DiscussionPost.version,
        DiscussionPost.is_deleted,
        DiscussionPost.hidden_at,
        DiscussionPost.hidden_reason,
        DiscussionPost.updated_at,
    )
    .where(DiscussionPost.university_id == UNIVERSITY, DiscussionPost.id == POST)
    .with_for_update(key_share=True)
)


async def find_thread(work: Work, text: str, path: tuple[str, ...]) -> Row:
    """A thread that the viewer sees, with what `policy.may_…` need of it; refused as NOT_FOUND with the path."""
    number = number_of(text, "DiscussionThread", work.viewer.university_id)
    statement = prepared(("thread of a service", work.viewer.standing), lambda: _thread(work.viewer))
    thread = None if number is None else await work.one(statement, Found, thread_id=number)
    if thread is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such thread", path)
    return thread


async def find_thread_of_post(work: Work, text: str, path: tuple[str, ...]) -> Row:
    """The thread of a post, as `find_thread` gives it, with `post_id` and `author_id` of the post."""
    number = number_of(text, "DiscussionPost", work.viewer.university_id)
    statement = prepared(("thread of a post", work.viewer.standing), lambda: _thread_of_post(work.viewer))
    thread = None if number is None else await work.one(statement, Found, post_id=number)
    if thread is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such post", path)
    return thread


async def locked_thread(work: Work, thread: Mapping[str, Any]) -> dict[str, Any]:
    """The thread as it is now, and stays until the end; whoever posts in it waits for that."""
    now = await work.one(_LOCK_THREAD, Found, thread_id=thread["id"])
    if now is None:
        raise RuntimeError("a thread is gone, and none is ever deleted")
    return {**thread, **now}


async def locked_post(work: Work, post_id: int) -> Row:
    """A post as it is now, and stays until the end."""
    post = await work.one(_LOCK_POST, Found, post_id=post_id)
    if post is None:
        raise RuntimeError("a post is gone, and none is ever taken out of its table")
    return post


def require_moderator(work: Work, thread: Mapping[str, Any]) -> None:
    """Refuse whoever does not keep order in a thread that they see."""
    if not policy.may_moderate(work.viewer, thread):
        raise Refused(UserErrorCode.FORBIDDEN, "only who keeps order in this discussion may do that")


def require_writer(work: Work, thread: Mapping[str, Any]) -> None:
    """Refuse whoever may not write in a thread that they see: NOT_ENROLLED, or CLOSED where it is locked."""
    if policy.may_reply(work.viewer, thread):
        return
    if not thread["is_active"]:
        message = "only who takes part in the offering now may write; who has completed it may read"
        raise Refused(UserErrorCode.NOT_ENROLLED, message)
    raise Refused(UserErrorCode.CLOSED, "the thread is locked: only who keeps order may write in it")
