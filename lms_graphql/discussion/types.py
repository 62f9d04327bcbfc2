"""Discussions, as clients see them."""

from datetime import datetime
from enum import Enum
from typing import Any

import strawberry

from lms_graphql.catalog.loaders import OfferingById
from lms_graphql.catalog.types import CourseOffering
from lms_graphql.content.loaders import ItemById
from lms_graphql.content.types import Content
from lms_graphql.discussion.loaders import (
    POSTS_OF_A_TREE,
    ActivityByThread,
    DepthByPost,
    PostById,
    PostsByThread,
    PostTreeByThread,
    RepliesByPost,
    ReportById,
    ReportsByPost,
    RevisionById,
    RevisionsByPost,
    ThreadById,
)
from lms_graphql.discussion.policy import THREAD_ACTS
from lms_graphql.engine.context import Context
from lms_graphql.engine.counts import CountedConnection
from lms_graphql.engine.edges import Node, argument, computed, database_id, edge, entity, optional, page, with_arguments
from lms_graphql.engine.filters import FILTER_RULE
from lms_graphql.engine.relay import GlobalId, OrderDirection
from lms_graphql.syllabus.loaders import ModuleById
from lms_graphql.syllabus.types import Module
from lms_graphql.tenancy.loaders import UserById
from lms_graphql.tenancy.types import User

_ASSUMED_POSTS = 100
"""The posts that a thread is assumed to have, for the price."""


@strawberry.enum(description="Something that may be done with a thread.")
class ThreadAct(Enum):
    """The labels of policy.THREAD_ACTS."""

    REPLY = strawberry.enum_value("reply", description="Write in it.")
    REPORT = strawberry.enum_value("report", description="Tell those who keep order of it.")
    EDIT = strawberry.enum_value("edit", description="Change its title.")
    ACCEPT_POST = strawberry.enum_value("accept_post", description="Accept one of its posts as the answer.")
    LOCK = strawberry.enum_value("lock", description="Let nobody write in it any more, or let them again.")
    PIN = strawberry.enum_value("pin", description="Have it stand above others.")
    HIDE = strawberry.enum_value("hide", description="Hide one of its posts.")
    DELETE = strawberry.enum_value("delete", description="Delete it.")


@strawberry.input(one_of=True, description="An order of threads: exactly one. Those that are equal in it stand by id.")
class ThreadOrder:
    """See choices.THREAD_ORDERS."""

    created_at: OrderDirection | None = optional("By the time they were begun.")
    last_post: OrderDirection | None = optional(
        "By their last post: DESC gives first where something was just written, and threads without posts last."
    )
    pinned: OrderDirection | None = optional("By whether they are pinned: DESC gives the pinned first, newest first.")


@strawberry.input(description=f"Which threads are wanted: those that meet every field given. {FILTER_RULE}")
class ThreadFilter:
    """See choices.THREAD_FILTERS."""

    offering: strawberry.ID | None = optional("In this offering.")
    module: strawberry.ID | None = optional("On this module itself.")
    content_item: strawberry.ID | None = optional("On this content item, of whatever kind.")
    is_pinned: bool | None = optional("Whether they are pinned.")
    is_answered: bool | None = optional("Whether one of their posts was accepted as the answer.")


def _parent_id(post: Any, _context: Context) -> str | None:
    parent = post["parent_post_id"]
    return None if parent is None else str(GlobalId("DiscussionPost", parent, post["university_id"]))


def _is_edited(post: Any, _context: Context) -> bool:
    return bool(post["updated_at"] > post["created_at"]) and not post["is_deleted"]


def _is_hidden(post: Any, _context: Context) -> bool:
    return post["hidden_at"] is not None


@strawberry.enum(description="What is wrong with a post, for who reports it.")
class ReportKind(Enum):
    """What post_reports.kind holds."""

    SPAM = strawberry.enum_value("spam", description="It advertises.")
    ABUSE = strawberry.enum_value("abuse", description="It insults, threatens or exposes somebody.")
    CHEATING = strawberry.enum_value("cheating", description="It gives away what others shall find themselves.")
    OFF_TOPIC = strawberry.enum_value("off_topic", description="It has nothing to do with the thread.")
    OTHER = strawberry.enum_value("other", description="Something else, which the reason tells.")


@strawberry.enum(description="What became of a report.")
class ReportOutcome(Enum):
    """What post_reports.outcome holds."""

    DISMISSED = strawberry.enum_value("dismissed", description="The post was found to be in order.")
    HIDDEN = strawberry.enum_value("hidden", description="The post was hidden.")
    DELETED = strawberry.enum_value("deleted", description="The post was deleted.")


@entity(ReportById, "That somebody told those who keep order of a post; only they see it.")
class PostReport(Node):
    """See models.PostReport."""

    database_id: strawberry.ID = database_id()
    kind: ReportKind = strawberry.field(description="What is wrong with the post.")
    reason: str = strawberry.field(description="The same in words.")
    created_at: datetime = strawberry.field(description="When it was reported.")
    settled_at: datetime | None = strawberry.field(description="When somebody settled it; null: nobody has.")
    outcome: ReportOutcome | None = strawberry.field(description="What became of it; null as long as it is open.")
    reporter: User | None = edge(
        UserById, "Who reported it; null where the viewer may not see the person.", key="user_id"
    )
    post: "DiscussionPost | None" = edge(PostById, "The post.", key="post_id")


@entity(RevisionById, "What a post said before it was changed; for who wrote it and who keeps order.")
class PostRevision(Node):
    """See models.PostRevision."""

    database_id: strawberry.ID = database_id()
    version: int = strawberry.field(description="Which of the post's versions said so.")
    body: str = strawberry.field(description="What it said, in Markdown.")
    written_at: datetime = strawberry.field(description="When that was written.")
    replaced_at: datetime = strawberry.field(description="When it was changed into something else.")
    replaced_by_name: str | None = strawberry.field(
        description="The name of who changed it: its author, or who keeps order."
    )
    post: "DiscussionPost | None" = edge(PostById, "The post.", key="post_id")


@entity(PostById, "A post in a thread. A deleted one stays as a stub, so that the answers to it keep their place.")
class DiscussionPost(Node):
    """See models.DiscussionPost."""

    database_id: strawberry.ID = database_id()
    version: int = strawberry.field(description="How often it was changed, from 1: what `expectedVersion` compares.")
    body: str | None = strawberry.field(
        description="What it says, in Markdown; null for a deleted one, and for a hidden one unless the viewer wrote it"
        " or keeps order."
    )
    is_deleted: bool = strawberry.field(description="Whether it was deleted: then only its place is left.")
    is_hidden: bool = computed(
        _is_hidden, "Whether those who keep order have hidden it: then for all others only its place is left."
    )
    hidden_reason: str | None = strawberry.field(
        description="Why it was hidden; null where it was not, and for whom it is hidden."
    )
    created_at: datetime = strawberry.field(description="When it was written.")
    updated_at: datetime = strawberry.field(description="When it was last changed, or deleted.")
    is_edited: bool = computed(_is_edited, "Whether it was changed after it was written; false for a deleted one.")
    author_name: str | None = strawberry.field(description="The name of who wrote it; null where `body` is.")
    author: User | None = edge(
        UserById,
        "Who wrote it; null where `body` is, and where the viewer may not see the person: a student sees who"
        " teaches, and herself.",
        key="user_id",
    )
    thread: "DiscussionThread | None" = edge(ThreadById, "The thread it stands in.", key="thread_id")
    parent: "DiscussionPost | None" = edge(
        PostById, "The post that it answers; null for one that answers none.", key="parent_post_id"
    )
    parent_id: strawberry.ID | None = computed(_parent_id, "The global id of the post that it answers.")
    depth: int = edge(DepthByPost, "How many posts stand above it.", pick=lambda depth, _post: depth, weight=1)
    replies: CountedConnection["DiscussionPost"] = page(RepliesByPost, "The posts that answer it directly, by id.")
    history: CountedConnection[PostRevision] = page(
        RevisionsByPost,
        "What it said before, oldest first; empty for all but who wrote it and who keeps order, and for a deleted one.",
    )
    reports: CountedConnection[PostReport] = page(
        ReportsByPost, "What was reported of it, settled reports too, by id; empty for all but who keeps order."
    )


@strawberry.type(
    description=f"The posts of a thread in one list, at most {POSTS_OF_A_TREE}: its first ones, to any depth."
)
class PostTree:
    """The source is the thread's row."""

    posts: list[DiscussionPost] = edge(
        PostTreeByThread,
        "The posts, each followed by the answers to it, by id. `depth` and `parentId` draw the tree.",
        pick=lambda tree, _thread: tree.posts,
        size=_ASSUMED_POSTS,
    )
    is_truncated: bool = edge(
        PostTreeByThread,
        f"Whether the thread has more than {POSTS_OF_A_TREE} posts, so that the newest are missing here; `posts` of the"
        " thread and `replies` of its posts have them all.",
        pick=lambda tree, _thread: tree.is_truncated,
    )


@entity(
    ThreadById,
    "A thread in an offering's discussion. Staff see it, and those whose enrollment is active or completed; one on a"
    " module or an item only who sees that.",
)
class DiscussionThread(Node):
    """See models.DiscussionThread."""

    database_id: strawberry.ID = database_id()
    version: int = strawberry.field(
        description="How often it was itself changed, from 1; a post is no change: what `expectedVersion` compares."
    )
    title: str | None = strawberry.field(description="What it is about.")
    is_locked: bool = strawberry.field(description="Whether nobody may post in it any more.")
    is_pinned: bool = strawberry.field(description="Whether it is meant to stand above others.")
    created_at: datetime = strawberry.field(description="When it was begun.")
    updated_at: datetime = strawberry.field(description="When the thread itself was last changed: no post changes it.")
    created_by_name: str | None = strawberry.field(description="The name of who began it.")
    created_by: User | None = edge(
        UserById,
        "Who began it; null where the viewer may not see the person: a student sees who teaches, and herself.",
        key="created_by_user_id",
    )
    offering: CourseOffering | None = edge(OfferingById, "The offering.", key="course_offering_id")
    module: Module | None = edge(ModuleById, "The module it is about; null: none.", key="module_id")
    content_item: Content | None = edge(ItemById, "The content item it is about; null: none.", key="content_item_id")
    accepted_post: DiscussionPost | None = edge(
        PostById, "The post that was accepted as the answer; null as long as none was.", key="accepted_post_id"
    )
    post_count: int = edge(
        ActivityByThread,
        "How many posts it has, on all levels; deleted and hidden ones don't count.",
        pick=lambda activity, _thread: activity.posts,
        weight=1,
    )
    last_post_at: datetime | None = edge(
        ActivityByThread,
        "When the last of these was written; null as long as there is none.",
        pick=lambda activity, _thread: activity.last_post_at,
        weight=1,
    )
    unread_count: int | None = edge(
        ActivityByThread,
        "How many of these, by others, came after what the viewer has read; null for who is not signed in.",
        pick=lambda activity, _thread: activity.unread,
        weight=1,
    )
    is_unread: bool | None = edge(
        ActivityByThread,
        "Whether there is any such post; null for who is not signed in.",
        pick=lambda activity, _thread: None if activity.unread is None else activity.unread > 0,
        weight=1,
    )
    posts: CountedConnection[DiscussionPost] = page(PostsByThread, "The posts that answer no other, by id.")
    post_tree: PostTree = computed(lambda thread, _context: thread, "All posts of all levels in one list.")
    viewer_can: bool = with_arguments(
        lambda thread, context, act: THREAD_ACTS[act.value](context.viewer, thread),
        "Whether the viewer may do this with it.",
        argument("act", ThreadAct, "What is to be done."),
    )
