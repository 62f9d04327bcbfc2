"""Progress that the server gives for what it has judged itself: quizzes, labs, assignments."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from lms_graphql.engine.work import Work
from lms_graphql.progress import noting
from lms_graphql.progress.facts import Fact, Target, with_fact


class Credit(NamedTuple):
    """What one person has done with one content item in one offering."""

    user_id: int
    content_item_id: int
    submitted: bool
    """Whether something was handed in; False for what was only begun."""
    score_percent: Decimal | None = None
    """The best score so far as a percentage, where there is one that counts; null before it is graded."""


async def credit(work: Work, course_offering_id: int, course_id: int, done: Sequence[Credit]) -> None:
    """Note what was done, complete what the item's rule (submit, min_score) says is complete, and roll it up.

    In the transaction of the work; never lowers anything. At most six statements for any number of people and items,
    an audit entry and a message of the outbox among them; two where it is all known. It locks the enrollments of the
    people in the order of their ids, so call it after what the service locks itself. Who is not enrolled, and an item
    of another course, are passed over; attempts and submissions that the transaction has written count as such.

    A score counts to hundredths: of an item that is worth 30 points, 33.33 percent are 10.00 points.
    """
    if not done:
        return
    place = noting.Place(course_offering_id, course_id)
    enrollments = await noting.locked(work, course_offering_id, {one.user_id for one in done})
    if not enrollments:
        return
    pairs = sorted({(one.user_id, one.content_item_id) for one in done})
    targets = await noting.targets(work, place, pairs, counting=True)
    changes = _changes(done, targets, enrollments[0]["now"], work.viewer.user_id)
    if changes:
        await noting.keep(work, place, changes)
        await _tell(work, place, changes)


def _changes(
    done: Sequence[Credit], targets: Mapping[noting.Pair, Target], now: datetime, actor: int | None
) -> dict[noting.Pair, noting.Change]:
    after = {
        pair: target.known._replace(attempts=max(target.known.attempts, target.tries))
        for pair, target in targets.items()
    }
    for one in done:
        pair = (one.user_id, one.content_item_id)
        if pair in targets:
            completes = after[pair].completed_at is None and _completes(one, targets[pair])
            after[pair] = with_fact(after[pair], Fact(now, completes=completes, by_person=one.user_id == actor))
    return {
        pair: noting.Change(target.known, after[pair])
        for pair, target in targets.items()
        if after[pair] != target.known
    }


def _completes(one: Credit, target: Target) -> bool:
    """Whether it is all that the rule asks for; what is completed by hand is never completed by this."""
    rule = target.completion_rule
    if rule == "min_score":
        return target.reaches(one.score_percent)
    return rule == "view" or (rule == "submit" and one.submitted)


async def _tell(work: Work, place: noting.Place, changes: Mapping[noting.Pair, noting.Change]) -> None:
    before, after = ({"items": noting.written_down(changes, side)} for side in (0, 1))
    await work.audit("progress.credit", "CourseOffering", place.offering_id, before=before, after=after)
    await work.tell(
        "progress.credited",
        "CourseOffering",
        place.offering_id,
        userIds=sorted({person for person, _ in changes}),
        contentItemIds=sorted({item for _, item in changes}),
        completedItemIds=noting.completed(changes),
    )
