"""Changing threads themselves: title, lock, pin, accepted answer; and what becomes of reports."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import BigInteger, Boolean, String, bindparam, func, update

from lms_graphql.discussion import policy
from lms_graphql.discussion.found import (
    POST,
    THREAD,
    Found,
    find_thread,
    find_thread_of_post,
    locked_post,
    locked_thread,
)
from lms_graphql.discussion.models import DiscussionThread, PostReport
from lms_graphql.discussion.posting import LONGEST_TITLE
from lms_graphql.engine.context import Viewer
from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.rows import Row
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work, require_version
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

_May = Callable[[Viewer, Mapping[str, Any]], bool]
_THREAD_ID, _POST_ID = ("input", "threadId"), ("input", "postId")
_TOLD = {"is_locked": "isLocked", "is_pinned": "isPinned", "accepted_post_id": "acceptedPostId"}
"""Columns that the audit log tells, by the names in it. A title is somebody's words, which it is not told."""
_CHANGE = Statement(
    update(DiscussionThread)
    .where(DiscussionThread.university_id == UNIVERSITY, DiscussionThread.id == THREAD)
    .values(
        title=bindparam("title", type_=String),
        is_locked=bindparam("is_locked", type_=Boolean),
        is_pinned=bindparam("is_pinned", type_=Boolean),
        accepted_post_id=bindparam("accepted_post_id", type_=BigInteger),
    )
    .returning(DiscussionThread.version)
)
_SETTLE = Statement(
    update(PostReport)
    .where(PostReport.university_id == UNIVERSITY, PostReport.post_id == POST, PostReport.settled_at.is_(None))
    .values(settled_at=func.now(), outcome=bindparam("outcome", type_=String))
    .returning(PostReport.id)
)


async def update_thread(work: Work, given: Given) -> dict[str, Any]:
    """Give a thread another title; gives `thread_id`."""
    thread = await find_thread(work, given["threadId"], _THREAD_ID)
    title = line(given["title"], ("input", "title"), most=LONGEST_TITLE)
    return await _change(work, given, thread, "thread.update", policy.may_settle, title=title)


async def lock_thread(work: Work, given: Given) -> dict[str, Any]:
    """Let only who keeps order write in a thread; gives `thread_id`."""
    thread = await find_thread(work, given["threadId"], _THREAD_ID)
    return await _change(work, given, thread, "thread.lock", policy.may_moderate, is_locked=True)


async def unlock_thread(work: Work, given: Given) -> dict[str, Any]:
    """Let everybody who takes part write in a thread again; gives `thread_id`."""
    thread = await find_thread(work, given["threadId"], _THREAD_ID)
    return await _change(work, given, thread, "thread.unlock", policy.may_moderate, is_locked=False)


async def pin_thread(work: Work, given: Given) -> dict[str, Any]:
    """Have a thread stand above others; gives `thread_id`."""
    thread = await find_thread(work, given["threadId"], _THREAD_ID)
    return await _change(work, given, thread, "thread.pin", policy.may_moderate, is_pinned=True)


async def unpin_thread(work: Work, given: Given) -> dict[str, Any]:
    """Have a thread stand among others again; gives `thread_id`."""
    thread = await find_thread(work, given["threadId"], _THREAD_ID)
    return await _change(work, given, thread, "thread.unpin", policy.may_moderate, is_pinned=False)


async def accept_post(work: Work, given: Given) -> dict[str, Any]:
    """Accept a post as the answer, instead of another that was; gives `thread_id` and `post_id`."""
    thread = await find_thread_of_post(work, given["postId"], _POST_ID)
    post_id: int = thread["post_id"]
    locked = await locked_thread(work, thread)
    _require(work, locked, policy.may_settle)
    post = await locked_post(work, post_id)
    if post["is_deleted"] or post["hidden_at"] is not None:
        raise Refused(UserErrorCode.CLOSED, "this post was deleted or hidden, and is no answer", _POST_ID)
    await _put(work, locked, "thread.accept_post", {"accepted_post_id": post_id})
    return {"thread_id": thread["id"], "post_id": post_id}


async def unaccept_post(work: Work, given: Given) -> dict[str, Any]:
    """No longer accept a post as the answer; gives `thread_id` and `post_id`."""
    thread = await find_thread_of_post(work, given["postId"], _POST_ID)
    locked = await locked_thread(work, thread)
    _require(work, locked, policy.may_settle)
    if not await take_acceptance_back(work, locked, thread["post_id"]):
        work.nothing_changed()
    return {"thread_id": thread["id"], "post_id": thread["post_id"]}


async def take_acceptance_back(work: Work, locked: Mapping[str, Any], post_id: int) -> bool:
    """Where this post is the accepted answer of a thread that is locked for us: no longer. Tells whether it was."""
    if locked["accepted_post_id"] != post_id:
        return False
    await _put(work, locked, "thread.unaccept_post", {"accepted_post_id": None})
    return True


async def settle_reports(work: Work, post_id: int, outcome: str) -> list[int]:
    """Settle all open reports of a post; gives their numbers, which have been audited."""
    settled = sorted(row["id"] for row in await work.rows(_SETTLE, Found, post_id=post_id, outcome=outcome))
    for number in settled:
        await work.audit("report.settle", "PostReport", number, before={"outcome": None}, after={"outcome": outcome})
    return settled


def _require(work: Work, thread: Mapping[str, Any], may: _May) -> None:
    if not may(work.viewer, thread):
        message = "only who keeps order may do that, and, for its title and its answer, who began an open thread"
        raise Refused(UserErrorCode.FORBIDDEN, message)


async def _change(work: Work, given: Given, thread: Row, act: str, may: _May, **values: Any) -> dict[str, Any]:
    locked = await locked_thread(work, thread)
    _require(work, locked, may)
    require_version(locked["version"], given.get("expectedVersion"))
    await _put(work, locked, act, values)
    return {"thread_id": thread["id"]}


async def _put(work: Work, locked: Mapping[str, Any], act: str, values: Mapping[str, Any]) -> None:
    """Change these columns of a thread that is locked for us, unless they are so already."""
    if all(locked[name] == value for name, value in values.items()):
        work.nothing_changed()
        return
    kept = {name: locked[name] for name in ("title", *_TOLD)}
    (now,) = await work.rows(_CHANGE, Found, thread_id=locked["id"], **{**kept, **values})
    told = {_TOLD[name]: (locked[name], value) for name, value in values.items() if name in _TOLD}
    await work.audit(
        act,
        "DiscussionThread",
        locked["id"],
        before={"version": locked["version"], **{name: before for name, (before, _) in told.items()}},
        after={"version": now["version"], **{name: after for name, (_, after) in told.items()}},
    )
    await work.tell("thread.changed", "DiscussionThread", locked["id"], version=now["version"])
