"""Marks of how far somebody has read: they only go on. What somebody reads is nobody's business: nothing tells of it.

A mark is one number for each thread and person: everything up to it was read. No post comes to be seen below a number
that others were seen at (see `posting`).
"""

from typing import Any

from sqlalchemy import BigInteger, Select, bindparam, cast, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from lms_graphql.catalog.models import CourseOffering
from lms_graphql.catalog.policy import visible_offerings
from lms_graphql.discussion import policy
from lms_graphql.discussion.found import THREAD, Found, find_thread
from lms_graphql.discussion.models import DiscussionPost, DiscussionThread, ThreadReadMark
from lms_graphql.engine.context import Viewer
from lms_graphql.engine.dataloaders import prepared
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY, USER

_OFFERING = bindparam("offering_id", type_=BigInteger)
_UP_TO = bindparam("up_to", type_=BigInteger)
_COLUMNS = ("university_id", "thread_id", "user_id", "last_read_post_id")
_LAST = Statement(
    select(func.max(DiscussionPost.id).label("id")).where(
        DiscussionPost.university_id == UNIVERSITY,
        DiscussionPost.thread_id == THREAD,
        or_(cast(_UP_TO, BigInteger).is_(None), DiscussionPost.id == cast(_UP_TO, BigInteger)),
    )
)


def _marks(read: Select[int, int, int, int]) -> Any:
    """The statement that sets marks to the rows of a SELECT, where they are further than what is there."""
    made = insert(ThreadReadMark).from_select(_COLUMNS, read)
    last = made.excluded.last_read_post_id
    return made.on_conflict_do_update(
        constraint="thread_read_marks_pkey",
        set_={"last_read_post_id": last},
        where=ThreadReadMark.last_read_post_id < last,
    )


_MARK = Statement(_marks(select(UNIVERSITY, THREAD, USER, cast(_UP_TO, BigInteger))))


def _mark_all(viewer: Viewer) -> Any:
    of_thread = (DiscussionPost.university_id == UNIVERSITY) & (DiscussionPost.thread_id == DiscussionThread.id)
    read = (
        select(DiscussionThread.university_id, DiscussionThread.id, USER, func.max(DiscussionPost.id))
        .join(DiscussionPost, of_thread)
        .where(DiscussionThread.course_offering_id == _OFFERING, policy.visible_threads(viewer))
        .group_by(DiscussionThread.university_id, DiscussionThread.id)
        .order_by(DiscussionThread.id)
    )
    return _marks(read)


async def mark_thread_read(work: Work, given: Given) -> dict[str, Any]:
    """Note that the viewer has read a thread, up to a post or all of it; gives `thread_id`."""
    thread = await find_thread(work, given["threadId"], ("input", "threadId"))
    text, up_to = given.get("upToPostId"), None
    if text is not None:
        up_to = number_of(text, "DiscussionPost", work.viewer.university_id) or 0
    (last,) = await work.rows(_LAST, Found, thread_id=thread["id"], up_to=up_to)
    if last["id"] is not None:
        await work.rows(_MARK, Found, thread_id=thread["id"], up_to=last["id"])
    elif text is not None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such post in the thread", ("input", "upToPostId"))
    work.nothing_changed()
    return {"thread_id": thread["id"]}


async def mark_offering_read(work: Work, given: Given) -> dict[str, Any]:
    """Note that the viewer has read all threads of an offering; gives `offering_id`."""
    viewer = work.viewer
    number = number_of(given["offeringId"], "CourseOffering", viewer.university_id)
    seen = prepared(
        ("offering that was read", viewer.standing),
        lambda: select(CourseOffering.id).where(CourseOffering.id == _OFFERING, visible_offerings(viewer)),
    )
    if number is None or await work.one(seen, Found, offering_id=number) is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such offering", ("input", "offeringId"))
    statement = prepared(("marks of an offering", viewer.standing), lambda: _mark_all(viewer))
    await work.rows(statement, Found, offering_id=number)
    work.nothing_changed()
    return {"offering_id": number}
