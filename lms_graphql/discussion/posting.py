"""Beginning threads and writing in them.

A reply locks its thread before it takes its number, until it is kept: so the numbers of a thread's posts grow in the
order in which others come to see them, and a mark of reading skips none. Nothing is counted here: how many posts there
are, and when the last was written, is read from the posts themselves.
"""

from typing import Any

from sqlalchemy import BigInteger, String, Text, bindparam, func, insert, literal, select, text

from lms_graphql.catalog.models import CourseOffering
from lms_graphql.catalog.policy import visible_offerings
from lms_graphql.content.loaders import TYPENAMES
from lms_graphql.content.models import ContentItem
from lms_graphql.content.policy import visible_items
from lms_graphql.discussion import policy
from lms_graphql.discussion.found import THREAD, Found, find_thread, locked_thread, require_writer
from lms_graphql.discussion.models import DiscussionPost, DiscussionThread
from lms_graphql.engine.dataloaders import prepared
from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.prose import prose
from lms_graphql.engine.relay import number_of, parse_global_id
from lms_graphql.engine.rows import Row
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY, USER
from lms_graphql.syllabus.models import Module
from lms_graphql.syllabus.policy import visible_modules

LONGEST_TITLE = 255
LONGEST_BODY = 20_000
DEEPEST_REPLY = 32
"""The most posts that a new post stands below."""
MOST_POSTS = 30
POSTS_PER_MINUTES = 10
_TITLE, _BODY, _PARENT = ("input", "title"), ("input", "body"), ("input", "parentPostId")

_OFFERING, _PLACE = bindparam("offering_id", type_=BigInteger), bindparam("place_id", type_=BigInteger)
_COURSE = bindparam("course_id", type_=BigInteger)
_ADD_THREAD = Statement(
    insert(DiscussionThread)
    .values(
        university_id=UNIVERSITY,
        course_id=_COURSE,
        course_offering_id=_OFFERING,
        module_id=bindparam("module_id", type_=BigInteger),
        content_item_id=bindparam("content_item_id", type_=BigInteger),
        created_by_user_id=USER,
        title=bindparam("title", type_=String),
    )
    .returning(DiscussionThread.id)
)
_ADD_POST = Statement(
    insert(DiscussionPost)
    .values(
        university_id=UNIVERSITY,
        thread_id=THREAD,
        parent_post_id=bindparam("parent_post_id", type_=BigInteger),
        user_id=USER,
        body=bindparam("body", type_=Text),
    )
    .returning(DiscussionPost.id)
)
_IN_TURN = Statement(text("SELECT pg_advisory_xact_lock(hashtextextended(:queue, 2)) IS NULL AS in_turn"))
_RECENT = (
    select(DiscussionPost.id)
    .where(
        DiscussionPost.university_id == UNIVERSITY,
        DiscussionPost.user_id == USER,
        DiscussionPost.created_at > func.now() - func.make_interval(0, 0, 0, 0, 0, POSTS_PER_MINUTES),
    )
    .limit(MOST_POSTS)
    .subquery()
)
_COUNT_RECENT = Statement(select(func.count().label("posts")).select_from(_RECENT))


def _above() -> Statement:
    """A post of a thread and those above it, the post first; at most as many as a reply may stand below, and one."""
    needed = (DiscussionPost.id, DiscussionPost.parent_post_id, DiscussionPost.is_deleted, DiscussionPost.hidden_at)
    here = (DiscussionPost.university_id == UNIVERSITY, DiscussionPost.thread_id == THREAD)
    climbed = (
        select(*needed, literal(0).label("step"))
        .where(*here, DiscussionPost.id == bindparam("parent_id", type_=BigInteger))
        .cte("climbed", recursive=True)
    )
    above = select(*needed, climbed.c.step + 1).where(
        *here, DiscussionPost.id == climbed.c.parent_post_id, climbed.c.step < DEEPEST_REPLY
    )
    both = climbed.union_all(above)
    return Statement(select(both.c.id, both.c.is_deleted, both.c.hidden_at).order_by(both.c.step))


_ABOVE = _above()


async def create_thread(work: Work, given: Given) -> dict[str, Any]:
    """Begin a thread with its first post; gives `thread_id` and `post_id`."""
    offering = await _offering(work, given["offeringId"])
    module_id = await _module(work, given.get("moduleId"), offering["course_id"])
    item_id = await _item(work, given.get("contentItemId"), offering["course_id"])
    if module_id is not None and item_id is not None:
        message = "a thread is about a module or about an item; name one of them"
        raise Refused(UserErrorCode.INVALID, message, ("input", "contentItemId"))
    require_writer(work, offering)
    title, body = line(given["title"], _TITLE, most=LONGEST_TITLE), prose(given["body"], _BODY, most=LONGEST_BODY)
    await _require_calm(work, offering)
    place = {"module_id": module_id, "content_item_id": item_id}
    made = await work.rows(
        _ADD_THREAD, Found, offering_id=offering["id"], course_id=offering["course_id"], title=title, **place
    )
    thread_id: int = made[0]["id"]
    about = {"offeringId": offering["id"], "moduleId": module_id, "contentItemId": item_id}
    await work.audit("thread.create", "DiscussionThread", thread_id, after=about)
    await work.tell("thread.added", "DiscussionThread", thread_id, **about)
    post_id = await _add_post(work, thread_id, None, body, offering["id"])
    return {"thread_id": thread_id, "post_id": post_id}


async def reply_to_thread(work: Work, given: Given) -> dict[str, Any]:
    """Write a post in a thread; gives `thread_id` and `post_id`."""
    thread = await find_thread(work, given["threadId"], ("input", "threadId"))
    parent_id = await _parent(work, thread, given.get("parentPostId"))
    require_writer(work, thread)
    body = prose(given["body"], _BODY, most=LONGEST_BODY)
    await _require_calm(work, thread)
    require_writer(work, await locked_thread(work, thread))  # it may have been locked meanwhile
    post_id = await _add_post(work, thread["id"], parent_id, body, thread["course_offering_id"])
    return {"thread_id": thread["id"], "post_id": post_id}


async def _add_post(work: Work, thread_id: int, parent_id: int | None, body: str, offering_id: int) -> int:
    """The number of the new post. The audit log never forgets: it is not told a person's words, only their length."""
    made = await work.rows(_ADD_POST, Found, thread_id=thread_id, parent_post_id=parent_id, body=body)
    post_id: int = made[0]["id"]
    told = {"threadId": thread_id, "parentPostId": parent_id}
    await work.audit("post.add", "DiscussionPost", post_id, after={**told, "characters": len(body)})
    await work.tell("post.added", "DiscussionPost", post_id, **told, offeringId=offering_id)
    return post_id


async def _offering(work: Work, text: str) -> Row:
    """An offering that the viewer sees, with what `policy.may_…` need of it: a new thread is locked for nobody."""
    viewer = work.viewer
    number = number_of(text, "CourseOffering", viewer.university_id)
    statement = prepared(
        ("offering of a new thread", viewer.standing),
        lambda: select(
            CourseOffering.id,
            CourseOffering.id.label("course_offering_id"),
            CourseOffering.course_id,
            literal(value=False).label("is_locked"),
            *policy.columns_of_acts(viewer, CourseOffering.id),
        ).where(CourseOffering.id == _OFFERING, visible_offerings(viewer)),
    )
    offering = None if number is None else await work.one(statement, Found, offering_id=number)
    if offering is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such offering", ("input", "offeringId"))
    return offering


async def _module(work: Work, text: str | None, course_id: int) -> int | None:
    """The number of a module of the course that the viewer sees; None where none is given."""
    if text is None:
        return None
    number = number_of(text, "Module", work.viewer.university_id)
    statement = prepared(
        ("module of a new thread", work.viewer.standing),
        lambda: select(Module.id).where(Module.id == _PLACE, Module.course_id == _COURSE, visible_modules(work.viewer)),
    )
    if number is None or await work.one(statement, Found, place_id=number, course_id=course_id) is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such module in the course", ("input", "moduleId"))
    return number


async def _item(work: Work, text: str | None, course_id: int) -> int | None:
    """The number of a content item of the course that the viewer sees; None where none is given."""
    if text is None:
        return None
    given = parse_global_id(text)
    statement = prepared(
        ("item of a new thread", work.viewer.standing),
        lambda: select(ContentItem.id, ContentItem.content_type.cast(Text).label("kind")).where(
            ContentItem.id == _PLACE, ContentItem.course_id == _COURSE, visible_items(work.viewer)
        ),
    )
    item = None
    if given is not None and given.university_id == work.viewer.university_id:
        item = await work.one(statement, Found, place_id=given.id, course_id=course_id)
    if given is None or item is None or TYPENAMES[item["kind"]] != given.typename:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such item in the course", ("input", "contentItemId"))
    return given.id


async def _parent(work: Work, thread: Row, text: str | None) -> int | None:
    """The number of the post that is answered, one of the thread that stands and is not too deep; None: of none."""
    if text is None:
        return None
    number = number_of(text, "DiscussionPost", work.viewer.university_id)
    climbed = [] if number is None else await work.rows(_ABOVE, Found, thread_id=thread["id"], parent_id=number)
    if not climbed:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such post in the thread", _PARENT)
    if climbed[0]["is_deleted"] or climbed[0]["hidden_at"] is not None:
        raise Refused(UserErrorCode.CLOSED, "this post was deleted or hidden, and can't be answered", _PARENT)
    if len(climbed) > DEEPEST_REPLY:
        message = f"answers go {DEEPEST_REPLY} posts deep: answer the post above it instead"
        raise Refused(UserErrorCode.LIMIT_REACHED, message, _PARENT)
    return number


async def _require_calm(work: Work, thread: Any) -> None:
    """Refuse the 31st post of a person in ten minutes, unless they keep order; their requests take turns meanwhile."""
    if policy.may_moderate(work.viewer, thread):
        return
    await work.rows(_IN_TURN, Found, queue=f"posts {work.context.university_id()} {work.viewer.user_id}")
    recent = await work.rows(_COUNT_RECENT, Found)
    if recent[0]["posts"] >= MOST_POSTS:
        message = f"you have written {MOST_POSTS} posts in the last {POSTS_PER_MINUTES} minutes: take a break"
        raise Refused(UserErrorCode.LIMIT_REACHED, message)
