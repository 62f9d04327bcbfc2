"""The fields of Mutation about content items."""

from enum import Enum
from typing import Any

import strawberry

from lms_graphql.catalog.policy import may_edit_some_course
from lms_graphql.content import creating, deleting, moving, restoring, transcribing, updating
from lms_graphql.content.loaders import ItemById
from lms_graphql.content.payload_inputs import ContentPayloadInput
from lms_graphql.content.types import Content
from lms_graphql.content.warning import Warning as Said
from lms_graphql.engine.edges import computed, optional
from lms_graphql.engine.mutations import changed, mutation, told, user_errors
from lms_graphql.engine.usererrors import UserError
from lms_graphql.syllabus.loaders import ModuleById
from lms_graphql.syllabus.types import Module

_REVISION = "The `revision` of the item that is to be changed; CONFLICT if it has another. Left out: whichever it has."
_REFUSED = "The item; null where it was refused."


@strawberry.enum(description="What an author should know of an item.")
class ContentWarningCode(Enum):
    """See warning.Warning."""

    ATTEMPTS_EXIST = strawberry.enum_value(
        "attempts_exist", description="People have begun attempts at the quiz; these keep the revision that they met."
    )
    SUBMISSIONS_EXIST = strawberry.enum_value(
        "submissions_exist", description="People have handed in for it; that keeps the revision that it met."
    )
    NO_POOL = strawberry.enum_value("no_pool", description="The quiz has no question pool yet.")
    TOO_FEW_QUESTIONS = strawberry.enum_value(
        "too_few_questions", description="The pool has fewer questions than an attempt asks for."
    )


@strawberry.type(description="Something that an author should know of an item. It was changed all the same.")
class ContentWarning:
    """The source is a warning.Warning."""

    code: ContentWarningCode = computed(lambda said, _: ContentWarningCode(said.code), "What it is, for programs.")
    message: str = strawberry.field(description="What it is, for people, in English.")


def _warnings() -> Any:
    return computed(
        lambda payload, _context: [Said(*one) for one in payload.keys.get("warnings", ())],
        "What the author should know of it, for example that a quiz is live; it was changed all the same.",
        size=2,
    )


@strawberry.input(description="A content item that is to be added to a module.")
class CreateContentItemInput:
    """The input of `createContentItem`."""

    module_id: strawberry.ID = strawberry.field(description="The module.")
    position: int | None = optional("Its place in the module, 1 for the first; left out or null: behind the last.")
    title: str = strawberry.field(description="Its title: one line of at most 255 characters.")
    description: str | None = optional("What it is about, at most 20,000 characters.")
    estimated_duration_seconds: int | None = optional("About how long it takes, from 0 to 1,000,000 seconds.")
    active: bool | None = optional("Whether students see it, once its module is published; left out or null: they do.")
    payload: ContentPayloadInput = strawberry.field(description="What it holds; that settles of which kind it is.")


@strawberry.type(description="What `createContentItem` gives.")
class CreateContentItemPayload:
    """The payload of `createContentItem`."""

    content_item: Content | None = changed(ItemById, "item_id", "The new item; null where it was refused.")
    warnings: list[ContentWarning] = _warnings()
    errors: list[UserError] = user_errors()


@strawberry.input(description="What is to be changed of a content item; what is left out stays as it is.")
class UpdateContentItemInput:
    """The input of `updateContentItem`."""

    content_item_id: strawberry.ID = strawberry.field(description="The item, of any kind.")
    expected_revision: int | None = optional(_REVISION)
    title: str | None = optional("Its title: one line of at most 255 characters; it can't be null.")
    description: str | None = optional("What it is about, at most 20,000 characters; null: nothing.")
    estimated_duration_seconds: int | None = optional(
        "About how long it takes, from 0 to 1,000,000 seconds; null: unknown."
    )
    payload: ContentPayloadInput | None = optional(
        "What it holds, in place of all that it held before, but for a transcript that is left out. It must be of the"
        " item's kind. Left out or null, it stays."
    )


@strawberry.type(description="What `updateContentItem` gives.")
class UpdateContentItemPayload:
    """The payload of `updateContentItem`."""

    content_item: Content | None = changed(ItemById, "item_id", _REFUSED)
    warnings: list[ContentWarning] = _warnings()
    errors: list[UserError] = user_errors()


@strawberry.input(description="Where a content item is to stand.")
class MoveContentItemInput:
    """The input of `moveContentItem`."""

    content_item_id: strawberry.ID = strawberry.field(description="The item, of any kind.")
    module_id: strawberry.ID | None = optional("A module of the same course; left out or null: the one that it is in.")
    position: int | None = optional("Its place there, 1 for the first; left out or null: behind the last.")


@strawberry.type(description="What `moveContentItem` gives.")
class MoveContentItemPayload:
    """The payload of `moveContentItem`."""

    content_item: Content | None = changed(ItemById, "item_id", _REFUSED)
    errors: list[UserError] = user_errors()


@strawberry.input(description="The order of a module's content items.")
class ReorderContentItemsInput:
    """The input of `reorderContentItems`."""

    module_id: strawberry.ID = strawberry.field(description="The module.")
    content_item_ids: list[strawberry.ID] = strawberry.field(description="All its items, each once, in their order.")


@strawberry.type(description="What `reorderContentItems` gives.")
class ReorderContentItemsPayload:
    """The payload of `reorderContentItems`."""

    module: Module | None = changed(ModuleById, "module_id", "The module; null where it was refused.")
    errors: list[UserError] = user_errors()


@strawberry.input(description="Whether students see a content item.")
class SetContentItemActiveInput:
    """The input of `setContentItemActive`."""

    content_item_id: strawberry.ID = strawberry.field(description="The item, of any kind.")
    active: bool = strawberry.field(description="Whether others than staff see it, once its module is published.")


@strawberry.type(description="What `setContentItemActive` gives.")
class SetContentItemActivePayload:
    """The payload of `setContentItemActive`."""

    content_item: Content | None = changed(ItemById, "item_id", _REFUSED)
    errors: list[UserError] = user_errors()


@strawberry.input(description="A content item that is to be deleted.")
class DeleteContentItemInput:
    """The input of `deleteContentItem`."""

    content_item_id: strawberry.ID = strawberry.field(description="The item, of any kind.")


@strawberry.type(description="What `deleteContentItem` gives.")
class DeleteContentItemPayload:
    """The payload of `deleteContentItem`."""

    deleted_content_item_id: strawberry.ID | None = told(
        "deleted_id", "The global id that it had; null where it was refused."
    )
    errors: list[UserError] = user_errors()


@strawberry.input(description="A former revision that a content item is to be like again.")
class RestoreContentItemRevisionInput:
    """The input of `restoreContentItemRevision`."""

    content_item_id: strawberry.ID = strawberry.field(description="The item, of any kind.")
    revision: int = strawberry.field(description="The number of the revision, one of `ContentItem.revisions`.")
    expected_revision: int | None = optional(_REVISION)


@strawberry.type(description="What `restoreContentItemRevision` gives.")
class RestoreContentItemRevisionPayload:
    """The payload of `restoreContentItemRevision`."""

    content_item: Content | None = changed(
        ItemById, "item_id", "The item, with another revision; null where it was refused."
    )
    warnings: list[ContentWarning] = _warnings()
    errors: list[UserError] = user_errors()


@strawberry.input(one_of=True, description="Subtitles as one text of at most 200 KiB, in one of two forms.")
class SubtitlesInput:
    """Subtitles, told by their form."""

    srt: str | None = optional("SubRip: the content of a .srt file.")
    vtt: str | None = optional("WebVTT: the content of a .vtt file; its notes, styles and regions are left out.")


@strawberry.input(description="The transcript of a video. Cues must not overlap; their markup is left out.")
class SetTranscriptInput:
    """The input of `setTranscript`."""

    content_item_id: strawberry.ID = strawberry.field(description="The video.")
    expected_revision: int | None = optional(_REVISION)
    language: str | None = optional("Their language as an ISO 639 code, for example en; needed with subtitles.")
    subtitles: SubtitlesInput | None = optional(
        "The subtitles, in place of the transcript that there is; left out or null, it is taken away."
    )


@strawberry.type(description="What `setTranscript` gives.")
class SetTranscriptPayload:
    """The payload of `setTranscript`."""

    content_item: Content | None = changed(ItemById, "item_id", "The video; null where it was refused.")
    errors: list[UserError] = user_errors()


@strawberry.type
class ContentMutation:
    """Joined into Mutation."""

    create_content_item: CreateContentItemPayload | None = mutation(
        creating.create_content_item,
        CreateContentItemInput,
        "Add a content item to a module of a course that the viewer may edit. Its payload is checked whole: `errors`"
        " tells all that is wrong with it.",
        may=may_edit_some_course,
        weight=20,
    )
    update_content_item: UpdateContentItemPayload | None = mutation(
        updating.update_content_item,
        UpdateContentItemInput,
        "Change what a content item says; what it said before stays among its `revisions`. Attempts and submissions"
        " keep the revision that they met.",
        may=may_edit_some_course,
        weight=20,
    )
    move_content_item: MoveContentItemPayload | None = mutation(
        moving.move_content_item,
        MoveContentItemInput,
        "Put a content item at another place, or into another module of its course.",
        may=may_edit_some_course,
    )
    reorder_content_items: ReorderContentItemsPayload | None = mutation(
        moving.reorder_content_items,
        ReorderContentItemsInput,
        "Put the content items of a module into an order.",
        may=may_edit_some_course,
    )
    set_content_item_active: SetContentItemActivePayload | None = mutation(
        updating.set_content_item_active,
        SetContentItemActiveInput,
        "Show a content item to students, or hide it from them; what they did with it stays.",
        may=may_edit_some_course,
    )
    delete_content_item: DeleteContentItemPayload | None = mutation(
        deleting.delete_content_item,
        DeleteContentItemInput,
        "Delete a content item with its revisions and its rubric. CLOSED while anything else hangs on it: attempts,"
        " submissions, progress, settings, threads.",
        may=may_edit_some_course,
    )
    restore_content_item_revision: RestoreContentItemRevisionPayload | None = mutation(
        restoring.restore_content_item_revision,
        RestoreContentItemRevisionInput,
        "Make a content item say again what one of its revisions said: as a new revision.",
        may=may_edit_some_course,
    )
    set_transcript: SetTranscriptPayload | None = mutation(
        transcribing.set_transcript,
        SetTranscriptInput,
        "Set the transcript of a video from its subtitles. What can't be read of them is told with its line.",
        may=may_edit_some_course,
        weight=20,
    )
