"""An item is completed for a person by hand, or that is taken back: by who grades them, with a reason."""

from collections.abc import Mapping
from typing import Any

from lms_graphql.content.loaders import TYPENAMES
from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import parse_global_id
from lms_graphql.engine.rows import Row
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.enrollment import finding
from lms_graphql.progress import noting
from lms_graphql.progress.facts import NOTHING, Fact, Target, with_fact

_LONGEST_REASON = 255
_TAKES_PART = frozenset({"active", "completed"})
_WHAT = ("input", "contentItemId")


async def set_completion(work: Work, given: Given) -> dict[str, Any]:
    """Complete an item, or take its completion back; gives `enrollment_id`."""
    item = parse_global_id(given["contentItemId"])
    enrollment, _ = await finding.enrollment_of(work, given)
    _require_grader(work, enrollment)
    if item is None or item.university_id != work.viewer.university_id:
        raise _no_item()
    reason = line(given["reason"], ("input", "reason"), most=_LONGEST_REASON)
    place = noting.Place(enrollment["course_offering_id"], enrollment["course_id"])
    pair = (enrollment["user_id"], item.id)
    (locked,) = await noting.locked(work, place.offering_id, [pair[0]])
    if locked["status"] not in _TAKES_PART:
        message = f"the enrollment is {locked['status']}, neither active nor completed"
        raise Refused(UserErrorCode.NOT_ENROLLED, message, finding.ENROLLMENT)
    target = (await noting.targets(work, place, [pair])).get(pair)
    if target is None or TYPENAMES[target.kind] != item.typename:
        raise _no_item()
    if (target.known.completed_at is not None) == given["isCompleted"]:
        work.nothing_changed()
    elif given["isCompleted"]:
        await _complete(work, place, pair, target, locked, reason)
    else:
        await _take_back(work, place, pair, target, locked, reason)
    return {"enrollment_id": enrollment["id"]}


def _require_grader(work: Work, enrollment: Row) -> None:
    if enrollment["user_id"] == work.viewer.user_id:
        raise Refused(UserErrorCode.FORBIDDEN, "nobody does this for themself", finding.ENROLLMENT)
    if not finding.grades(work.viewer, enrollment):
        raise Refused(UserErrorCode.FORBIDDEN, "only who grades this person may do this", finding.ENROLLMENT)


def _no_item() -> Refused:
    return Refused(UserErrorCode.NOT_FOUND, "its course has no such item", _WHAT)


async def _complete(
    work: Work, place: noting.Place, pair: noting.Pair, target: Target, enrollment: Row, reason: str
) -> None:
    fact = Fact(enrollment["now"], completes=True, by_person=False)
    changes = {pair: noting.Change(target.known, with_fact(target.known, fact))}
    await noting.keep(work, place, changes)
    await _tell(work, "progress.complete", "progress.completed", changes, enrollment, reason)


async def _take_back(
    work: Work, place: noting.Place, pair: noting.Pair, target: Target, enrollment: Row, reason: str
) -> None:
    after = target.known._replace(percent=NOTHING, completed_at=None)
    await noting.reopen(work, place, pair)
    await _tell(
        work, "progress.reopen", "progress.reopened", {pair: noting.Change(target.known, after)}, enrollment, reason
    )


async def _tell(
    work: Work,
    act: str,
    topic: str,
    changes: Mapping[noting.Pair, noting.Change],
    enrollment: Row,
    reason: str,
) -> None:
    before, after = ({"items": noting.written_down(changes, side)} for side in (0, 1))
    await work.audit(act, "Enrollment", enrollment["id"], before=before, after=after, reason=reason)
    ((person, item),) = changes
    await work.tell(topic, "Enrollment", enrollment["id"], userId=person, contentItemId=item)
