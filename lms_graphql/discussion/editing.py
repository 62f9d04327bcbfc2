"""Changing and deleting what was written: what it said before is kept for who wrote it and who keeps order."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import DateTime, Integer, Text, bindparam, insert, update

from lms_graphql.discussion import policy
from lms_graphql.discussion.found import (
    POST,
    Found,
    find_thread_of_post,
    locked_post,
    locked_thread,
    require_writer,
)
from lms_graphql.discussion.models import DiscussionPost, PostRevision
from lms_graphql.discussion.posting import LONGEST_BODY
from lms_graphql.discussion.settling import settle_reports, take_acceptance_back
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.prose import prose
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work, require_version
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY, USER

_POST_ID = ("input", "postId")
_HERE = (DiscussionPost.university_id == UNIVERSITY, DiscussionPost.id == POST)
_KEEP_FORMER = Statement(
    insert(PostRevision)
    .inline()
    .values(
        university_id=UNIVERSITY,
        post_id=POST,
        version=bindparam("version", type_=Integer),
        body=bindparam("body", type_=Text),
        written_at=bindparam("written_at", type_=DateTime(timezone=True)),
        replaced_by=USER,
    )
)
_CHANGE = Statement(
    update(DiscussionPost).where(*_HERE).values(body=bindparam("body", type_=Text)).returning(DiscussionPost.version)
)
_DELETE = Statement(update(DiscussionPost).where(*_HERE).values(is_deleted=True).returning(DiscussionPost.version))


async def edit_post(work: Work, given: Given) -> dict[str, Any]:
    """Let a post say something else; gives `post_id`."""
    thread = await find_thread_of_post(work, given["postId"], _POST_ID)
    _require_own(work, thread)
    require_writer(work, thread)
    body = prose(given["body"], ("input", "body"), most=LONGEST_BODY)
    post = await locked_post(work, thread["post_id"])
    _require_there(work, thread, post)
    require_version(post["version"], given.get("expectedVersion"))
    if post["body"] == body:
        work.nothing_changed()
        return {"post_id": thread["post_id"]}
    former = {"version": post["version"], "body": post["body"], "written_at": post["updated_at"]}
    await work.rows(_KEEP_FORMER, Found, post_id=thread["post_id"], **former)
    (now,) = await work.rows(_CHANGE, Found, post_id=thread["post_id"], body=body)
    await work.audit(
        "post.edit",
        "DiscussionPost",
        thread["post_id"],
        before={"version": post["version"], "characters": len(post["body"])},
        after={"version": now["version"], "characters": len(body)},
    )
    await work.tell("post.edited", "DiscussionPost", thread["post_id"], threadId=thread["id"], version=now["version"])
    return {"post_id": thread["post_id"]}


async def delete_post(work: Work, given: Given) -> dict[str, Any]:
    """Leave of a post its place only; gives `post_id` and `thread_id`."""
    thread = await find_thread_of_post(work, given["postId"], _POST_ID)
    _require_own(work, thread)
    locked = await locked_thread(work, thread)
    if locked["is_locked"] and not policy.may_moderate(work.viewer, thread):
        raise Refused(UserErrorCode.CLOSED, "the thread is locked: only who keeps order may delete in it")
    post = await locked_post(work, thread["post_id"])
    keys = {"post_id": thread["post_id"], "thread_id": thread["id"]}
    if post["is_deleted"]:
        work.nothing_changed()
        return keys
    await take_acceptance_back(work, locked, thread["post_id"])
    await work.rows(_DELETE, Found, post_id=thread["post_id"])
    await settle_reports(work, thread["post_id"], "deleted")
    before, after = {"isDeleted": False}, {"isDeleted": True}
    await work.audit("post.delete", "DiscussionPost", thread["post_id"], before=before, after=after)
    await work.tell("post.deleted", "DiscussionPost", thread["post_id"], threadId=thread["id"])
    return keys


def _require_own(work: Work, thread: Mapping[str, Any]) -> None:
    if thread["author_id"] != work.viewer.user_id and not policy.may_moderate(work.viewer, thread):
        raise Refused(UserErrorCode.FORBIDDEN, "only who wrote it and who keeps order may do that", _POST_ID)


def _require_there(work: Work, thread: Mapping[str, Any], post: Mapping[str, Any]) -> None:
    if post["is_deleted"]:
        raise Refused(UserErrorCode.CLOSED, "this post was deleted", _POST_ID)
    if post["hidden_at"] is not None and not policy.may_moderate(work.viewer, thread):
        raise Refused(UserErrorCode.CLOSED, "this post was hidden: only who keeps order may change it", _POST_ID)
