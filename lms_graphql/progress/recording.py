"""What people say that they have done: events of their clients, one or a batch, in any order and again."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from lms_graphql.content.loaders import TYPENAMES
from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of, parse_global_id
from lms_graphql.engine.rows import Row
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.enrollment.enrolled import require_enrolled
from lms_graphql.progress import noting
from lms_graphql.progress.choices import ProgressEventKind, ProgressEventStatus
from lms_graphql.progress.facts import Event, Judged, judged, with_fact

MOST_EVENTS = 100
_LONGEST_CLIENT_ID = 64
_WHERE = ("input", "offeringId")
_EVENTS = ("input", "events")
_NO_SUCH_ITEM = Judged(ProgressEventStatus.REFUSED, "there is no such item in this offering")
_BEYOND_TIME = Judged(ProgressEventStatus.REFUSED, "occurredAt is too early or too late for any calendar")


class _Item(NamedTuple):
    """An item as a client named it."""

    number: int
    typename: str


class _Sent(NamedTuple):
    """An event as it was sent; `item` and `event` are None where the id or the time is none."""

    client_id: str
    content_item_id: str | None
    item: _Item | None
    event: Event | None


class EventResult(msgspec.Struct):
    """What became of an event, as clients are told it."""

    client_id: str
    content_item_id: str | None
    """As it was sent; None where it is no id."""
    status: str
    """A value of ProgressEventStatus."""
    message: str | None


async def record_progress(work: Work, given: Given) -> dict[str, Any]:
    """Note what the viewer has done; gives `results`, and what was touched by number.

    Everything of an event is judged by what was known before the request, and what is kept follows from the set of all
    events ever sent (see `facts`): an answer that was lost is got again by sending the same events again.
    """
    offering_id = number_of(given["offeringId"], "CourseOffering", work.viewer.university_id)
    enrolled = await require_enrolled(work, offering_id, work.viewer.user_id, _WHERE)
    sent = [_read(event, number, work.viewer.university_id) for number, event in enumerate(_few(given["events"]))]
    place = noting.Place(enrolled["course_offering_id"], enrolled["course_id"])
    person = enrolled["user_id"]
    enrollment = await _still_active(work, place, person)
    items = sorted({one.item.number for one in sent if one.item is not None})
    targets = await noting.targets(work, place, [(person, item) for item in items])
    answers = [_judged(one, person, targets, enrollment) for one in sent]
    changes = _changes(person, sent, answers, targets)
    if changes:
        await noting.keep(work, place, changes)
        await _tell(work, enrollment["id"], place, changes)
    else:
        work.nothing_changed()
    return {
        "enrollment_id": enrollment["id"],
        "offering_id": place.offering_id,
        "content_item_ids": [item for _, item in sorted(changes)],
        "results": [_result(one, answer) for one, answer in zip(sent, answers, strict=True)],
    }


def _few(events: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    if len(events) > MOST_EVENTS:
        message = f"these are {len(events)} events, at most {MOST_EVENTS} can be taken at once: send them in parts"
        raise Refused(UserErrorCode.LIMIT_REACHED, message, _EVENTS)
    return events


def _read(event: Mapping[str, Any], number: int, university_id: int | None) -> _Sent:
    """An event in the terms of the rules. INVALID for a `clientId` that can't be told back: then nothing is done."""
    client_id = line(event["clientId"], (*_EVENTS, str(number), "clientId"), most=_LONGEST_CLIENT_ID)
    text = event["contentItemId"]
    named = parse_global_id(text)
    item = None
    if named is not None and named.typename in TYPENAMES.values() and named.university_id == university_id:
        item = _Item(named.id, named.typename)
    at, percent = _moment(event["occurredAt"]), event.get("percent")
    kind = ProgressEventKind(event["kind"])
    return _Sent(client_id, None if named is None else text, item, None if at is None else Event(at, kind, percent))


def _moment(given: datetime) -> datetime | None:
    """A time in UTC, which is also what one without an offset is in; None near the ends of the calendar."""
    try:
        return given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)
    except OverflowError:
        return None


async def _still_active(work: Work, place: noting.Place, person: int) -> Row:
    """The enrollment, locked: somebody may have dropped it while the lock was waited for."""
    (enrollment,) = await noting.locked(work, place.offering_id, [person])
    if enrollment["status"] != "active":
        message = f"the enrollment is {enrollment['status']}, not active"
        raise Refused(UserErrorCode.NOT_ENROLLED, message, _WHERE)
    return enrollment


def _judged(sent: _Sent, person: int, targets: Mapping[noting.Pair, Any], enrollment: Row) -> Judged:
    """What becomes of an event. What is hidden is answered as what is not there."""
    target = None if sent.item is None else targets.get((person, sent.item.number))
    if sent.item is None or target is None or not target.is_shown or TYPENAMES[target.kind] != sent.item.typename:
        return _NO_SUCH_ITEM
    if sent.event is None:
        return _BEYOND_TIME
    return judged(sent.event, target, since=enrollment["enrolled_at"], now=enrollment["now"])


def _changes(
    person: int, sent: Sequence[_Sent], answers: Sequence[Judged], targets: Mapping[noting.Pair, Any]
) -> dict[noting.Pair, noting.Change]:
    """What is known of each item before and after all events that tell something new."""
    changes: dict[noting.Pair, noting.Change] = {}
    for one, answer in zip(sent, answers, strict=True):
        if one.item is not None and answer.fact is not None:
            pair = (person, one.item.number)
            before = targets[pair].known
            known = changes[pair].after if pair in changes else before
            changes[pair] = noting.Change(before, with_fact(known, answer.fact))
    return changes


async def _tell(
    work: Work, enrollment_id: int, place: noting.Place, changes: Mapping[noting.Pair, noting.Change]
) -> None:
    before, after = ({"items": noting.written_down(changes, side)} for side in (0, 1))
    await work.audit("progress.record", "Enrollment", enrollment_id, before=before, after=after)
    await work.tell(
        "progress.recorded",
        "Enrollment",
        enrollment_id,
        courseOfferingId=place.offering_id,
        contentItemIds=[item for _, item in sorted(changes)],
        completedItemIds=noting.completed(changes),
    )


def _result(sent: _Sent, answer: Judged) -> dict[str, Any]:
    """The fields of an EventResult, as JSON: they may be kept under an Idempotency-Key."""
    result = EventResult(sent.client_id, sent.content_item_id, str(answer.status.value), answer.message)
    return msgspec.structs.asdict(result)
