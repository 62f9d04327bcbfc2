"""Discussion threads of an offering, the posts in them, what these said before, and what was reported."""

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from lms_graphql.storage.metadata import (
    BigInt,
    CreatedAt,
    Model,
    TenantOwned,
    TenantRow,
    Time,
    references,
    references_member,
)


class DiscussionThread(TenantRow, Model):
    """A thread on an offering, or on one of its course's modules or items."""

    __tablename__ = "discussion_threads"
    __table_args__ = (
        references("course_offerings", "course_id", "course_offering_id"),
        references("modules", "course_id", "module_id"),
        references("content_items", "course_id", "content_item_id"),
        references_member("created_by_user_id"),
        ForeignKeyConstraint(
            ["university_id", "id", "accepted_post_id"],
            ["discussion_posts.university_id", "discussion_posts.thread_id", "discussion_posts.id"],
            name="discussion_threads_accepted_post_id_fkey",
            use_alter=True,
        ),
        Index("ix_discussion_threads_course_offering", "university_id", "course_offering_id", "id"),
        Index("ix_discussion_threads_created_at", "university_id", "course_offering_id", "created_at", "id"),
        Index("ix_discussion_threads_pinned", "university_id", "course_offering_id", "is_pinned", "created_at", "id"),
        Index("ix_discussion_threads_module_id", "university_id", "module_id", "id"),
        Index("ix_discussion_threads_content_item_id", "university_id", "content_item_id", "id"),
        Index("ix_discussion_threads_created_by_user_id", "university_id", "created_by_user_id"),
        Index("ix_discussion_threads_accepted_post_id", "university_id", "accepted_post_id"),
    )

    course_offering_id: Mapped[BigInt]
    module_id: Mapped[BigInt | None]
    content_item_id: Mapped[BigInt | None]
    created_by_user_id: Mapped[BigInt]
    title: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[CreatedAt]
    is_locked: Mapped[bool] = mapped_column(server_default=false())
    course_id: Mapped[BigInt]
    is_pinned: Mapped[bool] = mapped_column(server_default=false())
    accepted_post_id: Mapped[BigInt | None]
    updated_at: Mapped[CreatedAt]
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))


class DiscussionPost(TenantRow, Model):
    """A post; a reply names its parent in the same thread. Ids of a thread's posts grow in the order of commits."""

    __tablename__ = "discussion_posts"
    __table_args__ = (
        references("discussion_threads", "thread_id", ondelete="CASCADE"),
        UniqueConstraint("university_id", "thread_id", "id", name="uq_discussion_posts_thread"),
        ForeignKeyConstraint(
            ["university_id", "thread_id", "parent_post_id"],
            ["discussion_posts.university_id", "discussion_posts.thread_id", "discussion_posts.id"],
            name="discussion_posts_parent_post_id_fkey",
            ondelete="CASCADE",
        ),
        references_member("user_id"),
        Index("ix_discussion_posts_parent_post_id", "university_id", "thread_id", "parent_post_id", "id"),
        CheckConstraint("(hidden_at IS NULL) = (hidden_reason IS NULL)", name="hidden"),
        Index("ix_discussion_posts_user_id", "university_id", "user_id", "created_at"),
    )

    thread_id: Mapped[BigInt]
    parent_post_id: Mapped[BigInt | None]
    user_id: Mapped[BigInt]
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    is_deleted: Mapped[bool] = mapped_column(server_default=false())
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    hidden_at: Mapped[Time | None]
    hidden_reason: Mapped[str | None] = mapped_column(Text)


class PostRevision(TenantRow, Model):
    """What a post said before it was changed, as its version `version`."""

    __tablename__ = "post_revisions"
    __table_args__ = (
        references("discussion_posts", "post_id", ondelete="CASCADE"),
        references_member("replaced_by"),
        CheckConstraint("version >= 1", name="version"),
        UniqueConstraint("university_id", "post_id", "version", name="uq_post_revisions_version"),
        Index("ix_post_revisions_post_id", "university_id", "post_id", "id"),
        Index("ix_post_revisions_replaced_by", "university_id", "replaced_by"),
    )

    post_id: Mapped[BigInt]
    version: Mapped[int] = mapped_column(Integer)
    body: Mapped[str] = mapped_column(Text)
    written_at: Mapped[Time]
    replaced_at: Mapped[CreatedAt]
    replaced_by: Mapped[BigInt]


class PostReport(TenantRow, Model):
    """That somebody told those who keep order of a post: once for each person and post; open until it is settled."""

    __tablename__ = "post_reports"
    __table_args__ = (
        references("discussion_posts", "post_id", ondelete="CASCADE"),
        references_member("user_id"),
        CheckConstraint("kind IN ('spam', 'abuse', 'cheating', 'off_topic', 'other')", name="kind"),
        CheckConstraint("outcome IN ('dismissed', 'hidden', 'deleted')", name="outcome"),
        CheckConstraint("(settled_at IS NULL) = (outcome IS NULL)", name="settled_at"),
        UniqueConstraint("university_id", "post_id", "user_id", name="uq_post_reports_person"),
        Index("ix_post_reports_user_id", "university_id", "user_id"),
        Index("ix_post_reports_post_id", "university_id", "post_id", "id"),
        Index("ix_post_reports_open", "university_id", "post_id", postgresql_where=text("settled_at IS NULL")),
    )

    post_id: Mapped[BigInt]
    user_id: Mapped[BigInt]
    kind: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text)
    created_at: Mapped[CreatedAt]
    settled_at: Mapped[Time | None]
    outcome: Mapped[str | None] = mapped_column(String(16))
    updated_at: Mapped[CreatedAt]


class ThreadReadMark(TenantOwned, Model):
    """How far a person has read in a thread: everything up to that post's id."""

    __tablename__ = "thread_read_marks"
    __table_args__ = (
        references("discussion_threads", "thread_id", ondelete="CASCADE"),
        references_member("user_id"),
        Index("ix_thread_read_marks_user_id", "university_id", "user_id"),
    )

    thread_id: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    user_id: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    last_read_post_id: Mapped[BigInt]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
