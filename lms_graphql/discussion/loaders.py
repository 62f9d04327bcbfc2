"""Threads and posts. What a deleted post said, and who wrote it, never leaves the database.

What a hidden one says leaves it only for who wrote it and who keeps order.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, any_, case, exists, func, select, true
from sqlalchemy.orm import aliased
from typing_extensions import override

from lms_graphql.discussion import policy
from lms_graphql.discussion.choices import THREAD_FILTERS, THREAD_ORDERS
from lms_graphql.discussion.models import DiscussionPost, DiscussionThread, PostReport, PostRevision, ThreadReadMark
from lms_graphql.discussion.trees import depths_of, in_pre_order
from lms_graphql.engine.dataloaders import KEYS, Loader, One, Page
from lms_graphql.engine.rows import Row, record
from lms_graphql.storage.statements import columns
from lms_graphql.storage.tenancy import UNIVERSITY, USER
from lms_graphql.tenancy.policy import shown_name

ThreadRow = record("DiscussionThread", seldom=("created_by_name", "viewer_can"))
PostRow = record("DiscussionPost", seldom=("author_name",))
ActivityRow = record("ThreadActivity")
AncestorRow = record("PostAncestor")
RevisionRow = record("PostRevision", seldom=("replaced_by_name",))
ReportRow = record("PostReport")

POSTS_OF_A_TREE = 500
"""The most posts that a thread's tree holds."""

_IN_THREAD = (DiscussionThread.university_id == UNIVERSITY) & (DiscussionThread.id == DiscussionPost.thread_id)


# threads


class _Threads(Loader[Any, Any]):
    """What all loaders of threads have in common: the name is looked up when it is selected."""

    row = ThreadRow

    def _columns(self) -> list[ColumnElement[Any]]:
        name = shown_name(self.viewer, DiscussionThread.created_by_user_id).label("created_by_name")
        wide: list[ColumnElement[Any]] = [name, *policy.columns_of_acts(self.viewer)] if self.wide else []
        return [*columns(DiscussionThread), *wide]


class ThreadById(_Threads, One[int]):
    """A thread that the viewer may see."""

    @override
    def query(self) -> Select[Any]:
        return select(DiscussionThread.id, *self._columns()).where(
            DiscussionThread.id == any_(KEYS), policy.visible_threads(self.viewer)
        )


class ThreadsByOffering(_Threads, Page[int]):
    """The threads of each offering that the viewer may see, by id."""

    order = (DiscussionThread.id,)
    orders = THREAD_ORDERS
    filters = THREAD_FILTERS

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*self._columns()).where(
            DiscussionThread.course_offering_id == parent, policy.visible_threads(self.viewer)
        )


class ThreadsByModule(_Threads, Page[int]):
    """The threads on each module that the viewer may see, in whatever offering, by id."""

    order = (DiscussionThread.id,)
    orders = THREAD_ORDERS
    filters = THREAD_FILTERS

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*self._columns()).where(DiscussionThread.module_id == parent, policy.visible_threads(self.viewer))


class ThreadsByItem(_Threads, Page[int]):
    """The threads on each content item that the viewer may see, in whatever offering, by id."""

    order = (DiscussionThread.id,)
    orders = THREAD_ORDERS
    filters = THREAD_FILTERS

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*self._columns()).where(
            DiscussionThread.content_item_id == parent, policy.visible_threads(self.viewer)
        )


class Activity(msgspec.Struct, frozen=True):
    """What goes on in a thread; deleted and hidden posts don't count. `unread` is None for nobody."""

    posts: int = 0
    last_post_at: datetime | None = None
    unread: int | None = 0


class ActivityByThread(Loader[int, Activity]):
    """How many posts each thread has, how many of them are news to the viewer, and when the last one was written."""

    row = ActivityRow

    @override
    def query(self) -> Select[Any]:
        read_up_to = func.coalesce(ThreadReadMark.last_read_post_id, 0)
        is_news = policy.STANDS & (DiscussionPost.user_id != USER) & (DiscussionPost.id > read_up_to)
        counted: list[ColumnElement[Any]] = [
            func.count().filter(policy.STANDS).label("posts"),
            func.max(DiscussionPost.created_at).filter(policy.STANDS).label("last_post_at"),
            func.count().filter(is_news).label("unread"),
        ]
        return (
            select(DiscussionThread.id, DiscussionThread.university_id, *counted)
            .join(
                DiscussionPost,
                (DiscussionPost.university_id == UNIVERSITY) & (DiscussionPost.thread_id == DiscussionThread.id),
            )
            .outerjoin(
                ThreadReadMark,
                (ThreadReadMark.university_id == UNIVERSITY)
                & (ThreadReadMark.thread_id == DiscussionThread.id)
                & (ThreadReadMark.user_id == USER),
            )
            .where(DiscussionThread.id == any_(KEYS), policy.visible_threads(self.viewer))
            .group_by(DiscussionThread.id, DiscussionThread.university_id)
        )

    @override
    async def load_batch(self, keys: list[int]) -> list[Activity]:
        signed_in = self.viewer.user_id is not None
        found = {
            row[0]: Activity(row["posts"], row["last_post_at"], row["unread"] if signed_in else None)
            for row in await self.rows(keys)
        }
        none = Activity(unread=0 if signed_in else None)
        return [found.get(key, none) for key in keys]


# posts


class _Posts(Loader[Any, Any]):
    """What all loaders of posts have in common: a deleted one is a stub without words and without a name.

    So is a hidden one for all but those who keep order, and who wrote it.
    """

    row = PostRow

    def _columns(self) -> list[ColumnElement[Any]]:
        shown: dict[str, ColumnElement[Any]] = {
            "body": DiscussionPost.__table__.c.body,
            "user_id": DiscussionPost.__table__.c.user_id,
            "hidden_reason": DiscussionPost.__table__.c.hidden_reason,
        }
        kept = [*columns(DiscussionPost, frozenset(shown))]
        if self.wide:
            shown["author_name"] = shown_name(self.viewer, DiscussionPost.user_id)
        told = policy.told_hidden_words(self.viewer)  # looked up for posts that don't stand, and for no others
        return [*kept, *(case((policy.STANDS, v), (told, v)).label(name) for name, v in shown.items())]


class PostById(_Posts, One[int]):
    """A post that the viewer may see."""

    @override
    def query(self) -> Select[Any]:
        return select(DiscussionPost.id, *self._columns()).where(
            DiscussionPost.id == any_(KEYS), policy.visible_posts(self.viewer)
        )


class PostsByThread(_Posts, Page[int]):
    """The posts of each thread that answer no other, by id."""

    order = (DiscussionPost.id,)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return (
            select(*self._columns())
            .join(DiscussionThread, _IN_THREAD)
            .where(
                DiscussionThread.id == parent,
                DiscussionPost.parent_post_id.is_(None),
                policy.visible_threads(self.viewer),
                policy.visible_posts_of_thread(self.viewer),
            )
        )


class RepliesByPost(_Posts, Page[int]):
    """The posts that answer each post, by id."""

    order = (DiscussionPost.id,)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        answered = aliased(DiscussionPost, name="answered")
        return (
            select(*self._columns())
            .join(  # for the thread, which leads the index
                answered,
                (answered.university_id == UNIVERSITY)
                & (answered.thread_id == DiscussionPost.thread_id)
                & (answered.id == DiscussionPost.parent_post_id),
            )
            .where(answered.id == parent, policy.visible_posts(self.viewer))
        )


class ReportedPostsByOffering(_Posts, Page[int]):
    """The posts of each offering with a report that nobody has settled, by id; for those who keep order."""

    order = (DiscussionPost.id,)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        is_open = exists().where(
            PostReport.university_id == UNIVERSITY,
            PostReport.post_id == DiscussionPost.id,
            PostReport.settled_at.is_(None),
        )
        return (
            select(*self._columns())
            .join(DiscussionThread, _IN_THREAD)
            .where(
                DiscussionThread.course_offering_id == parent,
                is_open.correlate(DiscussionPost),
                policy.visible_reported_posts(self.viewer),
            )
        )


# what posts said, and were reported for


class _Revisions(Loader[Any, Any]):
    """What all loaders of revisions have in common: the name is looked up when it is selected."""

    row = RevisionRow

    def _columns(self) -> list[ColumnElement[Any]]:
        name = shown_name(self.viewer, PostRevision.replaced_by).label("replaced_by_name")
        return [*columns(PostRevision), *([name] if self.wide else [])]


class RevisionById(_Revisions, One[int]):
    """What a post said before, where the viewer may see it."""

    @override
    def query(self) -> Select[Any]:
        return select(PostRevision.id, *self._columns()).where(
            PostRevision.id == any_(KEYS), policy.visible_revisions(self.viewer)
        )


class RevisionsByPost(_Revisions, Page[int]):
    """What each post said before, oldest first."""

    order = (PostRevision.id,)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*self._columns()).where(PostRevision.post_id == parent, policy.visible_revisions(self.viewer))


class ReportById(One[int]):
    """A report that the viewer may see."""

    row = ReportRow

    @override
    def query(self) -> Select[Any]:
        return select(PostReport.id, *columns(PostReport)).where(
            PostReport.id == any_(KEYS), policy.visible_reports(self.viewer)
        )


class ReportsByPost(Page[int]):
    """The reports of each post, settled ones too, by id."""

    row = ReportRow
    order = (PostReport.id,)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*columns(PostReport)).where(PostReport.post_id == parent, policy.visible_reports(self.viewer))


# trees


class DepthByPost(Loader[int, int]):
    """How many posts stand above each post: one statement climbs from all of them, meeting no post twice."""

    row = AncestorRow

    def learn(self, depths: Mapping[int, int]) -> None:
        """Take depths that are known already, so that they cost no statement."""
        self._known.update(depths)

    @override
    def query(self) -> Select[Any]:
        needed = (DiscussionPost.id, DiscussionPost.university_id, DiscussionPost.parent_post_id)
        climbed = (
            select(*needed)
            .where(DiscussionPost.id == any_(KEYS), policy.visible_posts(self.viewer))
            .cte("climbed", recursive=True)
        )
        above = select(*needed).where(
            DiscussionPost.university_id == UNIVERSITY, DiscussionPost.id == climbed.c.parent_post_id
        )
        return select(*climbed.union(above).c)

    @override
    async def load_batch(self, keys: list[int]) -> list[int]:
        depths = depths_of({row["id"]: row["parent_post_id"] for row in await self.rows(keys)})
        return [depths.get(key, 0) for key in keys]


class PostTree(msgspec.Struct, frozen=True):
    """A thread's posts, each behind the one that it answers; `is_truncated` where the thread has more."""

    posts: list[Row]
    is_truncated: bool


class PostTreeByThread(_Posts, Loader[int, PostTree]):
    """The first posts of each thread, at most `POSTS_OF_A_TREE`, as a tree of any depth."""

    @override
    def query(self) -> Select[Any]:
        posts = (
            select(*self._columns())
            .where(DiscussionPost.thread_id == DiscussionThread.id, policy.visible_posts_of_thread(self.viewer))
            .correlate(DiscussionThread)
            .order_by(DiscussionPost.id)
            .limit(POSTS_OF_A_TREE + 1)
            .lateral("posts")
        )
        return (
            select(DiscussionThread.id.label("key"), *posts.c)
            .join(posts, true())
            .where(DiscussionThread.id == any_(KEYS), policy.visible_threads(self.viewer))
            .order_by(posts.c.id)
        )

    @override
    async def load_batch(self, keys: list[int]) -> list[PostTree]:
        found: dict[int, list[Row]] = defaultdict(list)
        for row in await self.rows(keys):
            found[row[0]].append(row)
        depths = self.context.loader(DepthByPost)
        trees = []
        for key in keys:
            rows = found[key]
            posts = in_pre_order(rows[:POSTS_OF_A_TREE])
            parents = {row["id"]: row["parent_post_id"] for row in posts}
            if parents.keys() | {None} >= set(parents.values()):  # else some depths can't be told from these
                depths.learn(depths_of(parents))
            trees.append(PostTree(posts, len(rows) > POSTS_OF_A_TREE))
        return trees
