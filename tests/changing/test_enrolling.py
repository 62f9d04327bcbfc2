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
    ids = dict(
        await campus.owner.fetch("SELECT user_id, id FROM course_enrollments WHERE course_offering_id = $1", offering)
    )
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
    ids = dict(
        await campus.owner.fetch("SELECT user_id, id FROM course_enrollments WHERE course_offering_id = $1", offering)
    )
    new = {"offeringId": offering, "sectionId": None}
    assert await campus.audited(last) == [
        ("enrollment.enroll", ids[first], None, {**new, "userId": first, "status": "active"}, None),
        ("enrollment.enroll", ids[second], None, {**new, "userId": second, "status": "waitlisted"}, None),
    ]


# ---- what is asked for first: the same as `eligibility` tells

ELIGIBILITY = """query ($id: ID!) { offering(id: $id) { eligibility { isEligible
  reasons { kind isBlocking standing course { code } } } } }"""
STATES = {
    "open": ({}, None, []),
    "early": ({"enrollment_start": FUTURE}, None, ["CLOSED"]),
    "late": ({"enrollment_end": PAST}, None, ["CLOSED"]),
    "ended": ({"ends_at": PAST}, None, ["CLOSED"]),
    "full": ({"capacity": 0, "waitlist_capacity": 0}, None, ["LIMIT_REACHED"]),
    "queue": ({"capacity": 0}, None, []),
    "private": ({"visibility": "private"}, "dropped", ["CLOSED"]),
    "by_staff": ({"enrollment_mode": "closed"}, None, ["CLOSED"]),
    "approval": ({"enrollment_mode": "approval"}, None, []),
    "approval_full": (
        {"enrollment_mode": "approval", "capacity": 0, "waitlist_capacity": 0},
        None,
        ["LIMIT_REACHED"],
    ),
    "active": ({}, "active", ["NOT_ELIGIBLE"]),
    "waitlisted": ({"capacity": 0}, "waitlisted", ["NOT_ELIGIBLE"]),
    "pending": ({}, "pending", ["NOT_ELIGIBLE"]),
    "completed": ({}, "completed", ["NOT_ELIGIBLE"]),
    "dropped": ({}, "dropped", []),
    "withdrawn": ({}, "withdrawn", ["NOT_ELIGIBLE"]),
    "all_at_once": (
        {"enrollment_start": FUTURE, "capacity": 0, "waitlist_capacity": 0, "enrollment_mode": "closed"},
        "completed",
        ["NOT_ELIGIBLE", "CLOSED", "CLOSED", "LIMIT_REACHED"],
    ),
}


async def eligibility(campus, offering, user):
    data = await campus.api.data(ELIGIBILITY, {"id": gid("CourseOffering", offering, campus.world)}, user=user)
    return data["offering"]["eligibility"]


@pytest.mark.parametrize("name", STATES)
async def test_enroll_refuses_for_the_reasons_that_eligibility_tells(campus, name):
    columns, status, codes = STATES[name]
    offering = await campus.offering(**columns)
    (person,) = await campus.students(1)
    if status == "withdrawn":
        await campus.enrollment(offering, person, "dropped", withdrawn_at=PAST)
    elif status is not None:
        await campus.enrollment(offering, person, status)
    told = await eligibility(campus, offering, person)
    before = await campus.left_behind()
    payload = await campus.enroll(offering, person)
    blocking = [reason["kind"].lower() for reason in told["reasons"] if reason["isBlocking"]]
    assert [message.partition(":")[0] for _, message in errors(payload)] == blocking
    assert [code for code, _ in errors(payload)] == codes
    assert all(error["path"] == ["input", "offeringId"] for error in payload["errors"])
    assert told["isEligible"] is (not codes)
    if codes:
        assert payload["enrollment"] is None
        assert await campus.left_behind() == before
    else:
        expected = {"queue": "WAITLISTED", "approval": "PENDING"}.get(name, "ACTIVE")
        assert payload["enrollment"]["status"] == expected
        assert await campus.seats(offering) == (expected == "ACTIVE")


async def asking(campus, code):
    """An offering of a course that asks for one course strictly, one beside it, and recommends one; and those three."""
    courses = [await campus.course(f"{code}{number}") for number in range(4)]
    for asked, how in zip(courses[1:], ("strict", "co_requisite", "recommended"), strict=True):
        await campus.rows.add(
            "course_prerequisites",
            **campus.tenant,
            course_id=courses[0],
            prerequisite_course_id=asked,
            prerequisite_type=how,
        )
    offering = await campus.offering(course_id=courses[0])
    return offering, [await campus.offering(course_id=number) for number in courses[1:]]


async def test_what_the_course_asks_for_is_asked_for(campus):
    offering, (strict, beside, recommended) = await asking(campus, "PRE")
    (person,) = await campus.students(1)
    missing_strict = ("NOT_ELIGIBLE", "strict_prerequisite: PRE1 must be passed before; it is {}")
    missing_beside = (
        "NOT_ELIGIBLE",
        "co_requisite: PRE2 must be passed before, or taken at the same time; it is {}",
    )
    refused = await campus.enroll(offering, person)
    assert errors(refused) == [
        (missing_strict[0], missing_strict[1].format("not taken")),
        (missing_beside[0], missing_beside[1].format("not taken")),
    ]
    assert refused["warnings"] == []
    await campus.enroll(strict, person)
    await campus.enroll(beside, person)
    assert errors(await campus.enroll(offering, person)) == [
        (missing_strict[0], missing_strict[1].format("in progress"))
    ]
    await campus.owner.execute(
        "UPDATE course_enrollments SET status = 'completed', completed_at = now()"
        " WHERE course_offering_id = $1 AND user_id = $2",
        strict,
        person,
    )
    await campus.owner.execute("UPDATE course_offerings SET seats_taken = 0 WHERE id = $1", strict)
    warning = {
        "kind": "RECOMMENDED_PREREQUISITE",
        "isBlocking": False,
        "standing": "NOT_TAKEN",
        "course": {"code": "PRE3"},
    }
    assert await eligibility(campus, offering, person) == {"isEligible": True, "reasons": [warning]}
    done = await campus.enroll(offering, person)
    assert (done["warnings"], done["enrollment"]["status"], done["errors"]) == ([warning], "ACTIVE", [])
    assert recommended not in (strict, beside)


async def test_staff_are_asked_for_the_same_and_may_override_it(campus):
    offering, _ = await asking(campus, "OVER")
    (person,) = await campus.students(1)
    given = {"offeringId": gid("CourseOffering", offering, campus.world), "userId": gid("User", person, campus.world)}
    before = await campus.left_behind()
    refused = await campus.send(ENROLL_USER, campus.admin, **given)
    assert [message.partition(":")[0] for _, message in errors(refused)] == ["strict_prerequisite", "co_requisite"]
    assert await campus.left_behind() == before
    done = await campus.send(
        ENROLL_USER, campus.admin, **given, overridePrerequisites=True, reason=" Knows it from work. "
    )
    assert [warning["kind"] for warning in done["warnings"]] == [
        "STRICT_PREREQUISITE",
        "RECOMMENDED_PREREQUISITE",
        "CO_REQUISITE",
    ]
    assert await campus.events(offering) == [(person, None, "active", campus.admin, "Knows it from work.")]


async def test_staff_enrol_whatever_the_dates_but_within_the_seats(campus):
    offering = await campus.offering(
        visibility="private", enrollment_mode="closed", ends_at=PAST, capacity=1, waitlist_capacity=1
    )
    people = await campus.students(4)
    alpha = gid("CourseOffering", offering, campus.world)
    found = []
    for person in people[:3]:
        payload = await campus.send(
            ENROLL_USER, campus.admin, offeringId=alpha, userId=gid("User", person, campus.world)
        )
        found.append((payload["enrollment"] or {}).get("status") or errors(payload))
    assert found == ["ACTIVE", "WAITLISTED", [("LIMIT_REACHED", "all seats are taken, and so is the waitlist")]]
    again = await campus.send(ENROLL_USER, campus.admin, offeringId=alpha, userId=gid("User", people[1], campus.world))
    assert errors(again) == [("NOT_ELIGIBLE", "this person's enrollment here is waitlisted already")]


async def test_whom_staff_may_enrol(campus):
    """Administrators anybody, an instructor by id whom they see, and anybody by the whole address."""
    offering = await campus.offering()
    instructor = campus.world.people["instructor"]
    teaches = {**campus.tenant, "course_offering_id": offering, "user_id": instructor}
    await campus.rows.add("course_offering_instructors", **teaches)
    unseen, inactive = await campus.students(2)
    await campus.owner.execute("UPDATE university_members SET status = 'inactive' WHERE user_id = $1", inactive)
    where = {"offeringId": gid("CourseOffering", offering, campus.world)}
    before = await campus.left_behind()
    for user, named in (
        (instructor, {"userId": gid("User", unseen, campus.world)}),
        (campus.admin, {"userId": gid("User", inactive, campus.world)}),
        (campus.admin, {"userId": gid("User", campus.world.people["outsider"], campus.world)}),
        (campus.admin, {"email": "nobody@test.example"}),
        (campus.admin, {"email": f"s{inactive}@test.example"}),
    ):
        refused = await campus.send(ENROLL_USER, user, **where, **named)
        (field,) = named
        assert refused["errors"] == [
            {"code": "NOT_FOUND", "message": "there is no such person for you", "path": ["input", field]}
        ]
    for named in ({}, {"userId": gid("User", unseen, campus.world), "email": "x@test.example"}):
        refused = await campus.send(ENROLL_USER, campus.admin, **where, **named)
        assert errors(refused) == [("INVALID", "give exactly one of userId and email")]
    assert await campus.left_behind() == before
    email = await campus.owner.fetchval("SELECT upper(email) FROM university_members WHERE user_id = $1", unseen)
    done = await campus.send(ENROLL_USER, instructor, **where, email=f" {email} ")
    assert done["enrollment"]["status"] == "ACTIVE"
    seen = await campus.send(ENROLL_USER, instructor, **where, userId=gid("User", unseen, campus.world))
    assert errors(seen) == [("NOT_ELIGIBLE", "this person's enrollment here is active already")]


async def test_who_comes_back_takes_the_same_row_and_the_end_of_the_line(campus):
    offering = await campus.offering(capacity=1)
    first, second = await campus.students(2)
    await campus.enroll(offering, first)
    await campus.enroll(offering, second)
    number = await campus.owner.fetchval("SELECT id FROM course_enrollments WHERE user_id = $1", first)
    await campus.decide("dropEnrollment", number, first)
    back = await campus.enroll(offering, first)
    assert (back["enrollment"]["id"], back["enrollment"]["status"], back["waitlistPosition"]) == (
        gid("Enrollment", number, campus.world),
        "WAITLISTED",
        1,
    )
    assert await campus.roster(offering) == {first: "waitlisted", second: "active"}
    assert await campus.events(offering) == [
        (first, None, "active", first, None),
        (second, None, "waitlisted", second, None),
        (first, "active", "dropped", first, None),
        (second, "waitlisted", "active", None, "A seat became free."),
        (first, "dropped", "waitlisted", first, None),
    ]


# ---- what it costs, what a key does, who may not


async def test_a_seat_costs_one_statement_and_what_is_left_behind_two(campus, monkeypatch):
    """A state, a seat with the enrollment and its event, the audit log and the outbox; one more where it is asked for
    something, and two for the waitlist (the offering's lock, the place)."""
    counts = campus.count_statements(monkeypatch)
    plain, full = await campus.offering(capacity=5), await campus.offering(capacity=0)
    asking_offering, _ = await asking(campus, "COUNT")
    await campus.owner.execute(
        "DELETE FROM course_prerequisites WHERE prerequisite_type <> 'recommended' AND course_id ="
        " (SELECT course_id FROM course_offerings WHERE id = $1)",
        asking_offering,
    )
    (person,) = await campus.students(1)
    for offering in (plain, asking_offering, full):
        payload = await campus.enroll(offering, person)
        assert payload["errors"] == []
    assert counts == [4, 5, 5]
    assert len(campus.api.statements) == 2 + 0  # of the payload: the enrollment, and its place


async def test_a_key_enrols_once_and_tells_the_same_again(campus):
    offering = await campus.offering(capacity=1)
    people = await campus.students(2)
    variables = {"input": {"offeringId": gid("CourseOffering", offering, campus.world)}}
    answers = []
    for person in (people[0], people[0], people[1], people[1]):
        headers = {**campus.api.headers(person), "Idempotency-Key": "enrol-me-once"}
        body = {"query": ENROLL, "variables": variables}
        response = await campus.api.client.post("/u/ALPHA/graphql", json=body, headers=headers)
        answers.append(response.json()["data"]["enroll"])
    assert answers[0] == answers[1]
    assert answers[2] == answers[3]
    assert [answer["enrollment"]["status"] for answer in answers[1:3]] == ["ACTIVE", "WAITLISTED"]
    assert len(await campus.events(offering)) == 2


async def test_who_may_not_enrol(campus):
    offering = await campus.offering()
    given = {"input": {"offeringId": gid("CourseOffering", offering, campus.world)}}
    before = await campus.left_behind()
    nobody = await campus.api(ENROLL, given, user=None)
    assert nobody["data"] == {"enroll": None}
    assert nobody["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    for name in ("outsider", "beta_student"):
        refused = await campus.enroll(offering, campus.world.people[name])
        assert errors(refused) == [("FORBIDDEN", "your roles here do not allow this")]
    hidden = await campus.offering(visibility="private")
    unseen = await campus.enroll(hidden, campus.world.people["student"])
    missing = await campus.enroll(999_999, campus.world.people["student"])
    assert unseen == missing
    assert errors(missing) == [("NOT_FOUND", "there is no such offering for you")]
    section = gid("OfferingSection", campus.world.alpha["section"]["id"], campus.world)
    elsewhere = await campus.enroll(offering, campus.world.people["student"], sectionId=section)
    assert elsewhere["errors"] == [
        {"code": "NOT_FOUND", "message": "there is no such section for you", "path": ["input", "sectionId"]}
    ]
    before["course_offerings"] = (await campus.left_behind())["course_offerings"]
    assert await campus.left_behind() == before
