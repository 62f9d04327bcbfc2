"""Enrolling: people themselves where an offering takes them, and its staff anybody whom they may."""

from collections.abc import Sequence
from typing import Any

import msgspec

from lms_graphql.engine.mutations import Given
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.enrollment.eligibility import Reason, obstacles
from lms_graphql.enrollment.finding import (
    OFFERING,
    asked_of,
    blocking,
    failure,
    id_of,
    missing,
    offering_to_run,
    people,
    reason_of,
    state_of,
    statuses_in,
)
from lms_graphql.enrollment.joining import join
from lms_graphql.enrollment.seats import Coming, Joined, ask


async def enroll(work: Work, given: Given) -> dict[str, Any]:
    """Enrol the viewer: with a seat, on the waitlist, or, where staff decide, waiting for approval.

    Gives `enrollment_id` and `warnings`. Each blocking reason of `eligibility` is an error. Statements: the offering
    with its state, what its course asks for (if anything), the seat with the enrollment and its event, and what is
    left behind.
    """
    state, section_id = await state_of(work, given)
    me = work.viewer.user_id or 0
    asked = (await asked_of(work, state, [me]))[me]
    failures = [failure(reason) for reason in obstacles(state) if reason.is_blocking] + blocking(asked)
    if failures:
        raise Refused.all(failures)
    coming = Coming(state["id"], me, state["viewer_status"], section_id)
    if state["mode"] == "approval":
        joined = await ask(work, coming)
    else:
        joined = await join(work, coming, is_full=state["is_full"])
    await note(work, coming, joined, "enrollment.enroll")
    return {"enrollment_id": joined.enrollment_id, "warnings": _warnings(asked)}


async def enroll_user(work: Work, given: Given) -> dict[str, Any]:
    """Enrol a person in an offering that the viewer runs, whatever its dates and its mode: with a seat, or waiting.

    Gives `enrollment_id` and `warnings`, with all that was overridden among them.
    """
    number = id_of(work, given, "userId", "User")
    offering, section_id = await offering_to_run(work, given)
    email = given.get("email")
    if (number is None) == (email is None):
        raise Refused(UserErrorCode.INVALID, "give exactly one of userId and email", ("input", "userId"))
    reason = reason_of(given)
    address = None if email is None else email.strip().lower()
    found = await people(work, [] if number is None else [number], [] if address is None else [address])
    person = found.named(number, address)
    if person is None:
        raise missing("userId" if email is None else "email", "User")
    asked = (await asked_of(work, offering, [person], as_members=True))[person]
    failures = [] if given.get("overridePrerequisites") else blocking(asked)
    if failures:
        raise Refused.all(failures)
    was = (await statuses_in(work, offering["id"], [person])).get(person)
    if was not in {None, "dropped"}:
        raise Refused(UserErrorCode.NOT_ELIGIBLE, f"this person's enrollment here is {was} already", OFFERING)
    coming = Coming(offering["id"], person, was, section_id, reason)
    joined = await join(work, coming)
    await note(work, coming, joined, "enrollment.enroll_user")
    return {"enrollment_id": joined.enrollment_id, "warnings": _warnings(asked)}


async def note(work: Work, coming: Coming, joined: Joined, act: str) -> None:
    """Write down and tell that somebody was enrolled."""
    await work.audit(
        act,
        "Enrollment",
        joined.enrollment_id,
        before=None if coming.was is None else {"status": coming.was},
        after=after(coming, joined.status),
        reason=coming.reason,
    )
    facts = {"offeringId": coming.offering_id, "userId": coming.person, "status": joined.status}
    await work.tell("enrollment.changed", "Enrollment", joined.enrollment_id, **facts)


def after(coming: Coming, status: str) -> dict[str, Any]:
    """What the audit log says of an enrollment that was made, or made anew."""
    return {
        "offeringId": coming.offering_id,
        "userId": coming.person,
        "status": status,
        "sectionId": coming.section_id,
    }


def _warnings(asked: Sequence[tuple[Reason, str]]) -> list[dict[str, Any]]:
    """What was not in the way, as keys of a payload."""
    return [msgspec.to_builtins(reason) for reason, _ in asked]
