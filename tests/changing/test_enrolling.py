"""Enrolling: seats, the waitlist, who may, and what is asked for first."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.changing.enrolling import ENROLL, ENROLL_USER, Campus, errors, gid

NOW = datetime.now(UTC)
PAST, FUTURE = NOW - timedelta(days=1), NOW + timedelta(days=1)


@pytest.fixture(scope="module")
async def campus(api, owner, world):
    return Campus(api, owner, world)


async def test_a_seat_then_the_waitlist_then_nothing(campus):
    offering = await campus.offering(capacity=1, waitlist_capacity=1)
    first, second, third = await campus.students(3)
    last = await campus.owner.fetchval("SELECT coalesce(max(id), 0) FROM audit_log")
    got = await campus.enroll(offering, first)
    ids = dict(await campus.owner.fetch("SELECT user_id, id FROM course_enrollments WHERE course_offering_id = $1", offering))
    assert got == {
        "waitlistPosition": None,
        "warnings": [],
        "enrollment": {
            "id": gid("Enrollment", ids[first], campus.world),
            "status": "ACTIVE",
            "waitlistPosition": None,
            "withdrawnAt": None,
        },
        "errors": [],
    }
    waits = await campus.enroll(offering, second)
    assert (waits["enrollment"]["status"], waits["waitlistPosition"], waits["errors"]) == ("WAITLISTED", 1, [])
    before = await campus.left_behind()
    refused = await campus.enroll(offering, third)
    assert (refused["enrollment"], errors(refused)) == (
        None,
        [("LIMIT_REACHED", "full: all seats are taken, and so is the waitlist")],
    )
    assert await campus.left_behind() == before
    assert await campus.roster(offering) == {first: "active", second: "waitlisted"}
    assert await campus.seats(offering) == 1
    assert await campus.events(offering) == [
        (first, None, "active", first, None),
        (second, None, "waitlisted", second, None),
    ]
    ids = dict(await campus.owner.fetch("SELECT user_id, id FROM course_enrollments WHERE course_offering_id = $1", offering))
    new = {"offeringId": offering, "sectionId": None}
    assert await campus.audited(last) == [
        ("enrollment.enroll", ids[first], None, {**new, "userId": first, "status": "active"}, None),
        ("enrollment.enroll", ids[second], None, {**new, "userId": second, "status": "waitlisted"}, None),
    ]
