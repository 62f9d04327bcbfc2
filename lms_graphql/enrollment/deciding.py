"""What becomes of an enrollment: each act with the statuses that it begins from, who may do it, and when.

    pending    → active or waitlisted (approved), dropped (declined, dropped)
    waitlisted → active (moves up), dropped
    active     → completed, dropped (dropped, or withdrawn: that stays on the record)

Whoever leaves a seat gives it, in the same transaction, to who has waited longest.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Text, bindparam, cast, literal_column, update

from lms_graphql.certificates import issuing
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.rows import Row
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.enrollment import promoting, seats
from lms_graphql.enrollment.finding import (
    ENROLLMENT,
    FoundRow,
    enrollment_of,
    enrollment_to_manage,
    reason_of,
    runs,
)
from lms_graphql.enrollment.joining import room_for_newcomers
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY


class Step(NamedTuple):
    """A step of the state machine: what the audit log calls it, where it may begin, where it ends."""

    act: str
    among: tuple[str, ...]
    to: str
    withdraws: bool = False


DROP = Step("enrollment.drop", ("pending", "waitlisted", "active"), "dropped")
WITHDRAW = Step("enrollment.withdraw", ("active",), "dropped", withdraws=True)
DECLINE = Step("enrollment.decline", ("pending",), "dropped")
COMPLETE = Step("enrollment.complete", ("active",), "completed")
APPROVE = Step("enrollment.approve", ("pending",), "active")
WAIT = Step("enrollment.approve", ("pending",), "waitlisted")


async def drop_enrollment(work: Work, given: Given) -> dict[str, Any]:
    """Leave an offering, its waitlist, or the line for approval, without a record; gives `enrollment_id`.

    People themselves until `drop_until` of the offering, and until it ends, where they take part; who runs it, always.
    """
    enrollment, _ = await enrollment_of(work, given)
    _require_own_or_run(work, enrollment)
    if enrollment["status"] == "active" and not runs(work.viewer, enrollment):
        if enrollment["has_ended"]:
            raise _closed("the offering has ended")
        if enrollment["is_past_dropping"]:
            raise _closed("the time for dropping is over: withdraw, which stays on the record")
    return await _left(work, enrollment, DROP, reason_of(given))


async def withdraw_enrollment(work: Work, given: Given) -> dict[str, Any]:
    """Leave an offering that has begun, which stays on the record; gives `enrollment_id`.

    People themselves until the offering ends, who runs it, always.
    """
    enrollment, _ = await enrollment_of(work, given)
    _require_own_or_run(work, enrollment)
    if not enrollment["has_begun"]:
        raise _closed("the offering has not begun: drop it instead")
    if enrollment["has_ended"] and not runs(work.viewer, enrollment):
        raise _closed("the offering has ended")
    return await _left(work, enrollment, WITHDRAW, reason_of(given))


async def decline_enrollment(work: Work, given: Given) -> dict[str, Any]:
    """Refuse who waits for approval; gives `enrollment_id`."""
    enrollment, _ = await enrollment_to_manage(work, given)
    return await _left(work, enrollment, DECLINE, reason_of(given))


async def complete_enrollment(work: Work, given: Given) -> dict[str, Any]:
    """Say that a person has finished; gives `enrollment_id`. Who has passed gets the certificate with it."""
    enrollment, _ = await enrollment_to_manage(work, given)
    keys = await _left(work, enrollment, COMPLETE, reason_of(given))
    await issuing.issue_to_passed(work, enrollment["course_offering_id"], [enrollment["user_id"]])
    return keys


async def approve_enrollment(work: Work, given: Given) -> dict[str, Any]:
    """Let in who waits for approval: with a seat, or onto the waitlist; gives `enrollment_id`."""
    enrollment, _ = await enrollment_to_manage(work, given)
    reason = reason_of(given)
    offering, left = await room_for_newcomers(work, enrollment["course_offering_id"])
    if left == 0 and await seats.places_in_queue(work, offering) == 0:
        raise seats.no_place(ENROLLMENT)
    await step(work, enrollment, WAIT if left == 0 else APPROVE, reason)
    return {"enrollment_id": enrollment["id"]}


async def step(work: Work, enrollment: Row, taken: Step, reason: str | None) -> str:
    """Take one step with an enrollment whose offering is locked, and write it down; gives the status before.

    The row has id, user_id, course_offering_id and status, which tells only what the refusal says.
    """
    old = await seats.move(work, enrollment["id"], taken.among, taken.to, reason=reason, withdraws=taken.withdraws)
    if old is None:
        raise _closed(f"the enrollment is {enrollment['status']}, not {' or '.join(taken.among)}")
    after: Mapping[str, Any] = {"status": taken.to, **({"withdrawn": True} if taken.withdraws else {})}
    await work.audit(taken.act, "Enrollment", enrollment["id"], before={"status": old}, after=after, reason=reason)
    facts = {"offeringId": enrollment["course_offering_id"], "userId": enrollment["user_id"], "status": taken.to}
    await work.tell("enrollment.changed", "Enrollment", enrollment["id"], **facts)
    return old


async def _left(work: Work, enrollment: Row, taken: Step, reason: str | None) -> dict[str, Any]:
    """A step that may leave a seat, for those who wait."""
    await seats.lock(work, enrollment["course_offering_id"])
    if await step(work, enrollment, taken, reason) == "active":
        await promoting.promote(work, enrollment["course_offering_id"])
    return {"enrollment_id": enrollment["id"]}


def _require_own_or_run(work: Work, enrollment: Row) -> None:
    if enrollment["user_id"] != work.viewer.user_id and not runs(work.viewer, enrollment):
        raise Refused(UserErrorCode.FORBIDDEN, "this is another person's enrollment", ENROLLMENT)


def _closed(message: str) -> Refused:
    return Refused(UserErrorCode.CLOSED, message, ENROLLMENT)


# ---- the section

_HERE_STILL = ("pending", "waitlisted", "active")
_SET_SECTION = Statement(
    update(CourseEnrollment)
    .where(
        CourseEnrollment.university_id == UNIVERSITY,
        CourseEnrollment.id == bindparam("enrollment_id", type_=BigInteger, required=True),
        cast(CourseEnrollment.status, Text).in_([literal_column(f"'{status}'", Text) for status in _HERE_STILL]),
    )
    .values(section_id=bindparam("new_section", type_=BigInteger, required=True))
    .returning(CourseEnrollment.id)
)


async def change_section(work: Work, given: Given) -> dict[str, Any]:
    """Put a person into another section of the offering, or into none; gives `enrollment_id`. No change of status."""
    enrollment, section_id = await enrollment_to_manage(work, given)
    number, old = enrollment["id"], enrollment["section_id"]
    if enrollment["status"] not in _HERE_STILL:
        raise _closed(f"the enrollment is {enrollment['status']}")
    if old == section_id:
        work.nothing_changed()
        return {"enrollment_id": number}
    if not await work.rows(_SET_SECTION, FoundRow, enrollment_id=number, new_section=section_id):
        raise _closed("the enrollment has just ended")
    before, after = {"sectionId": old}, {"sectionId": section_id}
    await work.audit("enrollment.section", "Enrollment", number, before=before, after=after)
    facts = {"offeringId": enrollment["course_offering_id"], "userId": enrollment["user_id"]}
    await work.tell("enrollment.changed", "Enrollment", number, **facts, status=enrollment["status"])
    return {"enrollment_id": number}
