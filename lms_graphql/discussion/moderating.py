"""Reporting posts, hiding them and showing them again, and putting reports aside."""

from typing import Any

from sqlalchemy import String, Text, bindparam, func, null, update
from sqlalchemy.dialects.postgresql import insert

from lms_graphql.discussion import policy
from lms_graphql.discussion.found import (
    POST,
    Found,
    find_thread_of_post,
    locked_post,
    locked_thread,
    require_moderator,
)
from lms_graphql.discussion.models import DiscussionPost, PostReport
from lms_graphql.discussion.settling import settle_reports, take_acceptance_back
from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.prose import prose
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY, USER

LONGEST_REASON = 1_000
LONGEST_NOTE = 255
_POST_ID = ("input", "postId")
_HERE = (DiscussionPost.university_id == UNIVERSITY, DiscussionPost.id == POST)
_REPORT = Statement(
    insert(PostReport)
    .values(
        university_id=UNIVERSITY,
        post_id=POST,
        user_id=USER,
        kind=bindparam("kind", type_=String),
        reason=bindparam("reason", type_=Text),
    )
    .on_conflict_do_nothing(constraint="uq_post_reports_person")
    .returning(PostReport.id)
)
_HIDE = Statement(
    update(DiscussionPost)
    .where(*_HERE)
    .values(hidden_at=func.now(), hidden_reason=bindparam("reason", type_=Text))
    .returning(DiscussionPost.version)
)
_SHOW = Statement(
    update(DiscussionPost)
    .where(*_HERE)
    .values(hidden_at=null(), hidden_reason=null())
    .returning(DiscussionPost.version)
)


async def report_post(work: Work, given: Given) -> dict[str, Any]:
    """Tell those who keep order of a post, once; gives `post_id`."""
    thread = await find_thread_of_post(work, given["postId"], _POST_ID)
    if not policy.may_report(work.viewer, thread) or thread["author_id"] == work.viewer.user_id:
        message = "nobody reports their own posts, nor who keeps order here: delete it, or hide it"
        raise Refused(UserErrorCode.FORBIDDEN, message, _POST_ID)
    reason, kind = prose(given["reason"], ("input", "reason"), most=LONGEST_REASON), given["kind"].value
    post = await locked_post(work, thread["post_id"])
    if post["is_deleted"] or post["hidden_at"] is not None:
        raise Refused(UserErrorCode.CLOSED, "this post was deleted or hidden already", _POST_ID)
    made = await work.rows(_REPORT, Found, post_id=thread["post_id"], kind=kind, reason=reason)
    if not made:
        raise Refused(UserErrorCode.TAKEN, "you have reported this post before", _POST_ID)
    after = {"postId": thread["post_id"], "kind": kind}
    await work.audit("post.report", "PostReport", made[0]["id"], after=after)
    facts = {"threadId": thread["id"], "offeringId": thread["course_offering_id"]}
    await work.tell("post.reported", "DiscussionPost", thread["post_id"], **facts)
    return {"post_id": thread["post_id"]}


async def hide_post(work: Work, given: Given) -> dict[str, Any]:
    """Keep a post's words from all but who wrote it and who keeps order; its reports are settled. Gives `post_id`."""
    thread = await find_thread_of_post(work, given["postId"], _POST_ID)
    require_moderator(work, thread)
    reason, post_id = line(given["reason"], ("input", "reason"), most=LONGEST_NOTE), thread["post_id"]
    locked, post = await locked_thread(work, thread), await locked_post(work, post_id)
    if post["is_deleted"]:
        raise Refused(UserErrorCode.CLOSED, "this post was deleted", _POST_ID)
    if post["hidden_at"] is not None:
        work.nothing_changed()
        return {"post_id": post_id, "thread_id": thread["id"]}
    await take_acceptance_back(work, locked, post_id)
    (now,) = await work.rows(_HIDE, Found, post_id=post_id, reason=reason)
    await settle_reports(work, post_id, "hidden")
    before = {"version": post["version"], "isHidden": False}
    after = {"version": now["version"], "isHidden": True}
    await work.audit("post.hide", "DiscussionPost", post_id, before=before, after=after, reason=reason)
    await work.tell("post.hidden", "DiscussionPost", post_id, threadId=thread["id"])
    return {"post_id": post_id, "thread_id": thread["id"]}


async def unhide_post(work: Work, given: Given) -> dict[str, Any]:
    """Let everybody read a hidden post again; gives `post_id`."""
    thread = await find_thread_of_post(work, given["postId"], _POST_ID)
    require_moderator(work, thread)
    post = await locked_post(work, thread["post_id"])
    if post["hidden_at"] is None:
        work.nothing_changed()
    else:
        (now,) = await work.rows(_SHOW, Found, post_id=thread["post_id"])
        before = {"version": post["version"], "isHidden": True}
        after = {"version": now["version"], "isHidden": False}
        await work.audit("post.unhide", "DiscussionPost", thread["post_id"], before=before, after=after)
        await work.tell("post.unhidden", "DiscussionPost", thread["post_id"], threadId=thread["id"])
    return {"post_id": thread["post_id"], "thread_id": thread["id"]}


async def dismiss_reports(work: Work, given: Given) -> dict[str, Any]:
    """Settle the open reports of a post that is in order; gives `post_id` and how many there were: `dismissed`."""
    thread = await find_thread_of_post(work, given["postId"], _POST_ID)
    require_moderator(work, thread)
    await locked_post(work, thread["post_id"])
    settled = await settle_reports(work, thread["post_id"], "dismissed")
    if settled:
        await work.tell("reports.dismissed", "DiscussionPost", thread["post_id"], threadId=thread["id"])
    else:
        work.nothing_changed()
    return {"post_id": thread["post_id"], "dismissed": len(settled)}
