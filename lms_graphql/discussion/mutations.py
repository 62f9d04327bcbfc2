"""The fields of Mutation about threads and posts."""

import strawberry

from lms_graphql.catalog.loaders import OfferingById
from lms_graphql.catalog.types import CourseOffering
from lms_graphql.discussion import editing, moderating, policy, posting, reading, settling
from lms_graphql.discussion.loaders import PostById, ThreadById
from lms_graphql.discussion.types import DiscussionPost, DiscussionThread, ReportKind
from lms_graphql.engine.edges import optional
from lms_graphql.engine.mutations import changed, mutation, told, user_errors
from lms_graphql.engine.usererrors import UserError

_OF_THREAD = "The global id of a thread."
_OF_POST = "The global id of a post."
_TITLE = "What it is about, one line of at most 255 characters."
_BODY = "What it says, in Markdown: 1 to 20,000 characters, kept in Unicode's form NFC with LF at the ends of lines."
_EXPECTED = "`version` as it was read; then a change meanwhile is refused."


# ---- inputs


@strawberry.input(description="A new thread and its first post.")
class CreateThreadInput:
    """The input of `createThread`."""

    offering_id: strawberry.ID = strawberry.field(description="The global id of the offering.")
    module_id: strawberry.ID | None = optional("The module of its course that it is about, not with `contentItemId`.")
    content_item_id: strawberry.ID | None = optional("The content item, of whatever kind, that it is about.")
    title: str = strawberry.field(description=_TITLE)
    body: str = strawberry.field(description=_BODY)


@strawberry.input(description="A new post in a thread.")
class ReplyToThreadInput:
    """The input of `replyToThread`."""

    thread_id: strawberry.ID = strawberry.field(description=_OF_THREAD)
    parent_post_id: strawberry.ID | None = optional(
        f"The post of the thread that it answers, if any: one with fewer than {posting.DEEPEST_REPLY} posts above it."
    )
    body: str = strawberry.field(description=_BODY)


@strawberry.input(description="What a post is to say instead.")
class EditPostInput:
    """The input of `editPost`."""

    post_id: strawberry.ID = strawberry.field(description=_OF_POST)
    body: str = strawberry.field(description=_BODY)
    expected_version: int | None = optional(_EXPECTED)


@strawberry.input(description="What a thread is to be called.")
class UpdateThreadInput:
    """The input of `updateThread`."""

    thread_id: strawberry.ID = strawberry.field(description=_OF_THREAD)
    title: str = strawberry.field(description=_TITLE)
    expected_version: int | None = optional(_EXPECTED)


@strawberry.input(description="Which thread it is about.")
class ThreadInput:
    """The input of what is done with a thread as a whole."""

    thread_id: strawberry.ID = strawberry.field(description=_OF_THREAD)
    expected_version: int | None = optional(_EXPECTED)


@strawberry.input(description="Which post it is about.")
class PostInput:
    """The input of what is done with a post as a whole."""

    post_id: strawberry.ID = strawberry.field(description=_OF_POST)


@strawberry.input(description="How far the viewer has read.")
class MarkThreadReadInput:
    """The input of `markThreadRead`."""

    thread_id: strawberry.ID = strawberry.field(description=_OF_THREAD)
    up_to_post_id: strawberry.ID | None = optional("The last post of the thread that was read; not given: all were.")


@strawberry.input(description="All of whose threads the viewer has read.")
class MarkOfferingReadInput:
    """The input of `markOfferingRead`."""

    offering_id: strawberry.ID = strawberry.field(description="The global id of the offering.")


@strawberry.input(description="What is wrong with a post.")
class ReportPostInput:
    """The input of `reportPost`."""

    post_id: strawberry.ID = strawberry.field(description=_OF_POST)
    kind: ReportKind = strawberry.field(description="What is wrong.")
    reason: str = strawberry.field(
        description="The same in words, at most 1,000 characters; only who keeps order reads it."
    )


@strawberry.input(description="Which post is to be hidden, and why.")
class HidePostInput:
    """The input of `hidePost`."""

    post_id: strawberry.ID = strawberry.field(description=_OF_POST)
    reason: str = strawberry.field(
        description="Why, in one line of at most 255 characters: who wrote the post reads it, and it is kept."
    )


# ---- payloads


@strawberry.type(description="What a mutation of a thread gives.")
class ThreadPayload:
    """The payload of what is done with a thread."""

    thread: DiscussionThread | None = changed(ThreadById, "thread_id", "The thread as it is now; null: refused.")
    errors: list[UserError] = user_errors()


@strawberry.type(description="What a mutation of a post gives.")
class PostPayload:
    """The payload of what is done with a post."""

    post: DiscussionPost | None = changed(PostById, "post_id", "The post as it is now; null: refused.")
    errors: list[UserError] = user_errors()


@strawberry.type(description="What a mutation of a post gives that its thread may look different after.")
class PostInThreadPayload:
    """The payload of what is done with a post and its thread."""

    post: DiscussionPost | None = changed(PostById, "post_id", "The post as it is now; null: refused.")
    thread: DiscussionThread | None = changed(ThreadById, "thread_id", "Its thread as it is now; null: refused.")
    errors: list[UserError] = user_errors()


@strawberry.type(description="What `dismissReports` gives.")
class DismissReportsPayload:
    """The payload of `dismissReports`."""

    post: DiscussionPost | None = changed(PostById, "post_id", "The post; null: refused.")
    dismissed: int | None = told("dismissed", "How many reports were open; null: refused.")
    errors: list[UserError] = user_errors()


@strawberry.type(description="What `markOfferingRead` gives.")
class MarkOfferingReadPayload:
    """The payload of `markOfferingRead`."""

    offering: CourseOffering | None = changed(OfferingById, "offering_id", "The offering; null: refused.")
    errors: list[UserError] = user_errors()


@strawberry.type
class DiscussionMutation:
    """Joined into Mutation."""

    create_thread: PostInThreadPayload | None = mutation(
        posting.create_thread,
        CreateThreadInput,
        "Begin a thread in an offering's discussion: for who takes part in it now, and who keeps order.",
        may=policy.may_take_part,
    )
    reply_to_thread: PostInThreadPayload | None = mutation(
        posting.reply_to_thread,
        ReplyToThreadInput,
        f"Write in a thread: for who takes part now, and in a locked one for who keeps order. At most"
        f" {posting.MOST_POSTS} posts in {posting.POSTS_PER_MINUTES} minutes, unless one keeps order.",
        may=policy.may_take_part,
    )
    edit_post: PostPayload | None = mutation(
        editing.edit_post,
        EditPostInput,
        "Change what a post says: for who wrote it, as long as they may write in its thread, and who keeps order."
        " `history` of the post has what it said before.",
        may=policy.may_take_part,
    )
    delete_post: PostInThreadPayload | None = mutation(
        editing.delete_post,
        PostInput,
        "Delete a post: for who wrote it, unless its thread is locked, and who keeps order. Its place stays, for the"
        " answers to it; what it said nobody is told any more.",
        may=policy.may_take_part,
    )
    update_thread: ThreadPayload | None = mutation(
        settling.update_thread,
        UpdateThreadInput,
        "Change a thread's title: for who began it, as long as they may write in it, and who keeps order.",
        may=policy.may_take_part,
    )
    lock_thread: ThreadPayload | None = mutation(
        settling.lock_thread,
        ThreadInput,
        "Let only who keeps order write in a thread; for who keeps order.",
        may=policy.may_keep_order,
    )
    unlock_thread: ThreadPayload | None = mutation(
        settling.unlock_thread,
        ThreadInput,
        "Let everybody who takes part write in a thread again; for who keeps order.",
        may=policy.may_keep_order,
    )
    pin_thread: ThreadPayload | None = mutation(
        settling.pin_thread, ThreadInput, "Have a thread stand above others; for who keeps order.",
        may=policy.may_keep_order,
    )  # fmt: skip
    unpin_thread: ThreadPayload | None = mutation(
        settling.unpin_thread, ThreadInput, "Have a thread stand among others again; for who keeps order.",
        may=policy.may_keep_order,
    )  # fmt: skip
    accept_post: PostInThreadPayload | None = mutation(
        settling.accept_post,
        PostInput,
        "Accept a post as its thread's answer, instead of another that was: for who began the thread, as long as they"
        " may write in it, and who keeps order.",
        may=policy.may_take_part,
    )
    unaccept_post: PostInThreadPayload | None = mutation(
        settling.unaccept_post,
        PostInput,
        "No longer accept a post as its thread's answer: for who may accept one.",
        may=policy.may_take_part,
    )
    mark_thread_read: ThreadPayload | None = mutation(
        reading.mark_thread_read,
        MarkThreadReadInput,
        "Note that the viewer has read a thread, up to a post or all of it. It never goes back, and nobody is told.",
        may=policy.may_take_part,
    )
    mark_offering_read: MarkOfferingReadPayload | None = mutation(
        reading.mark_offering_read,
        MarkOfferingReadInput,
        "Note that the viewer has read all threads of an offering that they see.",
        may=policy.may_take_part,
    )
    report_post: PostPayload | None = mutation(
        moderating.report_post,
        ReportPostInput,
        "Tell those who keep order of somebody else's post, once: for who sees it and does not keep order there.",
        may=policy.may_take_part,
    )
    hide_post: PostInThreadPayload | None = mutation(
        moderating.hide_post,
        HidePostInput,
        "Hide what a post says from all but who wrote it and who keeps order, and settle its reports; for who keeps"
        " order. It is no accepted answer any more.",
        may=policy.may_keep_order,
    )
    unhide_post: PostInThreadPayload | None = mutation(
        moderating.unhide_post,
        PostInput,
        "Let everybody read a hidden post again; for who keeps order.",
        may=policy.may_keep_order,
    )
    dismiss_reports: DismissReportsPayload | None = mutation(
        moderating.dismiss_reports,
        PostInput,
        "Settle the open reports of a post that is in order; for who keeps order.",
        may=policy.may_keep_order,
    )
