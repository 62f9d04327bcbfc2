"""The fields of Mutation about what people have done with content."""

from datetime import datetime
from decimal import Decimal

import strawberry

from lms_graphql.engine.context import Context
from lms_graphql.engine.edges import computed, optional, with_arguments
from lms_graphql.engine.mutations import Payload, changed, mutation, user_errors
from lms_graphql.engine.rows import Row
from lms_graphql.engine.usererrors import UserError
from lms_graphql.enrollment.loaders import EnrollmentById
from lms_graphql.enrollment.types import Enrollment
from lms_graphql.progress import completing, policy, recording
from lms_graphql.progress.choices import ProgressEventKind, ProgressEventStatus
from lms_graphql.progress.loaders import ViewerContentProgress
from lms_graphql.progress.types import ContentProgress


@strawberry.input(
    description="Something that has happened with a content item. It may be sent at any time later, in any order and"
    " more than once: what is kept follows from all events together."
)
class ProgressEventInput:
    """An element of `events` of `recordProgress`."""

    client_id: str = strawberry.field(
        description="The client's own name for the event, one line of at most 64 characters, by which `results` answers"
        " it. Nothing else is made of it: an event is known again by what it says."
    )
    content_item_id: strawberry.ID = strawberry.field(description="The item, of the offering's course.")
    occurred_at: datetime = strawberry.field(
        description="When it happened, by the client's clock, which may be five minutes wrong: not in the future, and"
        " not before the enrollment. Without an offset it is UTC."
    )
    kind: ProgressEventKind = strawberry.field(description="What has happened.")
    percent: Decimal | None = optional(
        "With PROGRESS, and only then: how far, from 0 to 100; to hundredths, half a hundredth up."
    )


@strawberry.input(description="What the viewer has done in an offering.")
class RecordProgressInput:
    """The input of `recordProgress`."""

    offering_id: strawberry.ID = strawberry.field(description="The offering, in which the viewer is active.")
    events: list[ProgressEventInput] = strawberry.field(description="What has happened, at most 100 events.")


@strawberry.type(description="What became of one event.")
class ProgressEventResult:
    """See recording.EventResult."""

    client_id: str = strawberry.field(description="The `clientId` of the event.")
    status: ProgressEventStatus = strawberry.field(
        description="What became of it, judged by what was known before the request."
    )
    message: str | None = strawberry.field(
        description="Why it was IGNORED or REFUSED, for people, in English; null otherwise."
    )
    content_item_id: strawberry.ID | None = strawberry.field(
        description="The `contentItemId` of the event; null where that is no id at all."
    )


def _results(payload: Payload, _context: Context) -> list[recording.EventResult] | None:
    found = payload.keys.get("results")
    return None if found is None else [recording.EventResult(**result) for result in found]


async def _touched(payload: Payload, context: Context) -> list[Row] | None:
    """The progress on the items that were changed, read anew."""
    items = payload.keys.get("content_item_ids")
    if items is None:
        return None
    found = await context.loader(ViewerContentProgress, payload.keys["offering_id"]).values(items)
    return [row for item in items if (row := found[item]) is not None]


@strawberry.type(description="What `recordProgress` gives.")
class RecordProgressPayload:
    """The payload of `recordProgress`."""

    results: list[ProgressEventResult] | None = computed(
        _results,
        "What became of each event, in the order of the events; null where all was refused.",
        size=100,
    )
    content_progress: list[ContentProgress] | None = with_arguments(
        _touched,
        "The progress on the items for which something new was told, by item; null where all was refused.",
        size=100,
    )
    enrollment: Enrollment | None = changed(
        EnrollmentById, "enrollment_id", "The viewer's enrollment, with all progress in it; null where it was refused."
    )
    errors: list[UserError] = user_errors()


@strawberry.input(description="Whether somebody has completed an item, by the word of who grades them.")
class SetCompletionInput:
    """The input of `setCompletion`."""

    enrollment_id: strawberry.ID = strawberry.field(
        description="The global id of an active or completed enrollment of somebody whom the viewer grades; not the"
        " viewer's own."
    )
    content_item_id: strawberry.ID = strawberry.field(description="The global id of an item of its course.")
    is_completed: bool = strawberry.field(
        description="Whether it is completed: true completes it now, whatever its rule asks for. False takes that back,"
        " and the percentage is 0 again; what the person does from then on, or sends again, counts as ever."
    )
    reason: str = strawberry.field(
        description="Why, in one line of at most 255 characters. It is kept in the audit log."
    )


@strawberry.type(description="What `setCompletion` gives.")
class SetCompletionPayload:
    """The payload of `setCompletion`."""

    enrollment: Enrollment | None = changed(
        EnrollmentById, "enrollment_id", "The enrollment, with all progress in it; null where it was refused."
    )
    errors: list[UserError] = user_errors()


@strawberry.type
class ProgressMutation:
    """Joined into Mutation."""

    record_progress: RecordProgressPayload | None = mutation(
        recording.record_progress,
        RecordProgressInput,
        "Tell what the viewer has done with content items: at once, or later from a device that was offline."
        " Percentages and times of completion only ever become better known, so events may come in any order and"
        " again. An event that can't be taken is told in `results` and keeps no other from being taken. Modules and"
        " the course follow.",
        may=policy.may_record_progress,
    )
    set_completion: SetCompletionPayload | None = mutation(
        completing.set_completion,
        SetCompletionInput,
        "Complete an item for a person by hand, or take that back, for who grades them: where the rule is MANUAL, and"
        " as an exception from any other. Modules and the course follow.",
        may=policy.may_set_completion,
    )
