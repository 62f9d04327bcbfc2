"""The state machine of enrollments: every act from every status by everybody, the dates, and who moves up."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from tests.changing.enrolling import BULK, CAPACITY, ENROLL_USER, RULES, SECTION, Campus, decision, errors, gid

NOW = datetime.now(UTC)
PAST, FUTURE = NOW - timedelta(days=1), NOW + timedelta(days=1)
LONG_AGO = NOW - timedelta(days=9)


@pytest.fixture(scope="module")
async def campus(api, owner, world):
    return Campus(api, owner, world)


# ---- every act from every status by everybody

STATUSES = ("pending", "waitlisted", "active", "completed", "dropped")
# What becomes of it, by the status before, in the order of STATUSES; a dash is CLOSED, and nothing changes.
STEPS = {
    "approveEnrollment": "active - - - -",
    "declineEnrollment": "dropped - - - -",
    "dropEnrollment": "dropped dropped dropped - -",
    "withdrawEnrollment": "- - dropped - -",
    "completeEnrollment": "- - completed - -",
    "changeSection": "pending waitlisted active - -",
}
OWN = {"dropEnrollment", "withdrawEnrollment"}
RUN_IT = ("admin", "instructor", "department_admin")
# What others are told, by act: of one's own acts, and of staff's.
OTHERS = {
    "student": ("", "FORBIDDEN"),  # the person
    "other": ("NOT_FOUND", "FORBIDDEN"),
    "ta": ("FORBIDDEN", "FORBIDDEN"),
    "section_ta": ("NOT_FOUND", "FORBIDDEN"),
    "far_instructor": ("NOT_FOUND", "NOT_FOUND"),
    "far_admin": ("NOT_FOUND", "NOT_FOUND"),
    "bystander": ("NOT_FOUND", "FORBIDDEN"),
    "outsider": ("FORBIDDEN", "FORBIDDEN"),
}


@pytest.fixture(scope="module")
async def staffed(campus):
    """An offering of ALPHA's first department with an instructor, an assistant, one of a section, and the student."""
    people, alpha = campus.world.people, campus.world.alpha
    course = await campus.course("STEPS", department_id=alpha["department"]["id"])
    offering = await campus.offering(course_id=course)
    place = {**campus.tenant, "course_offering_id": offering}
    sections = [await campus.rows.add("offering_sections", **place, code=code, name=code) for code in "AB"]
    for name, role, section in (("instructor", "instructor", None), ("ta", "ta", None), ("section_ta", "ta", 1)):
        taught = {} if section is None else {"section_id": sections[section]["id"]}
        await campus.rows.add("course_offering_instructors", **place, user_id=people[name], role=role, **taught)
    number = await campus.enrollment(offering, people["student"], "active", section_id=sections[0]["id"])
    return offering, number, [section["id"] for section in sections]


async def reset(campus, offering, number, status, section):
    await campus.owner.execute(
        "UPDATE course_enrollments SET status = $2::text::enrollment_status_enum, withdrawn_at = NULL,"
        " completed_at = CASE $2 WHEN 'completed' THEN now() END, section_id = $3 WHERE id = $1",
        number,
        status,
        section,
    )
    taken = int(status == "active")
    await campus.owner.execute("UPDATE course_offerings SET seats_taken = $2 WHERE id = $1", offering, taken)


async def act(campus, name, number, user, sections):
    if name == "changeSection":
        given = {"enrollmentId": gid("Enrollment", number, campus.world)}
        return await campus.send(SECTION, user, **given, sectionId=gid("OfferingSection", sections[1], campus.world))
    return await campus.decide(name, number, user, reason="Because.")


@pytest.mark.parametrize(("name", "status"), list(itertools.product(STEPS, STATUSES)))
async def test_every_step_from_every_status_by_everybody(campus, staffed, name, status):
    offering, number, sections = staffed
    people = campus.world.people
    student = people["student"]
    after = dict(zip(STATUSES, STEPS[name].split(), strict=True))[status]
    await reset(campus, offering, number, status, sections[0])
    before = await campus.left_behind()
    for who, codes in OTHERS.items():
        code = codes[name not in OWN]
        if code:
            refused = await act(campus, name, number, people[who], sections)
            assert ([error for error, _ in errors(refused)], refused["enrollment"]) == ([code], None), who
    nobody = await campus.api(decision(name), {"input": {"enrollmentId": "x"}}, user=None)
    assert name == "changeSection" or nobody["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert await campus.left_behind() == before
    for who in (*RUN_IT, *(["student"] if name in OWN else [])):
        await reset(campus, offering, number, status, sections[0])
        before = await campus.left_behind()
        events = await campus.events(offering)
        payload = await act(campus, name, number, people[who], sections)
        if after == "-":
            assert [code for code, _ in errors(payload)] == ["CLOSED"], who
            assert await campus.left_behind() == before
            continue
        assert payload["errors"] == [], who
        assert payload["enrollment"]["status"] == after.upper()
        assert await campus.roster(offering) == {student: after}
        assert await campus.seats(offering) == (after == "active")
        if name == "changeSection":
            assert payload["enrollment"]["section"] == {"code": "B"}
            assert await campus.events(offering) == events
        else:
            assert (payload["enrollment"]["withdrawnAt"] is not None) is (name == "withdrawEnrollment")
            assert await campus.events(offering) == [*events, (student, status, after, people[who], "Because.")]


@pytest.mark.parametrize("status", [None, *STATUSES])
async def test_staff_enrol_who_is_not_there_or_was_dropped(campus, staffed, status):
    offering, number, sections = staffed
    await reset(campus, offering, number, status or "active", sections[0])
    student = campus.world.people["student"]
    if status is None:
        (student,) = await campus.students(1)
        offering = await campus.offering(visibility="private", department_id=campus.world.alpha["department"]["id"])
        taught = {**campus.tenant, "course_offering_id": offering, "user_id": campus.world.people["ta"], "role": "ta"}
        await campus.rows.add("course_offering_instructors", **taught)
    given = {
        "offeringId": gid("CourseOffering", offering, campus.world),
        "userId": gid("User", student, campus.world),
    }
    unseen = "NOT_FOUND" if status is None else "FORBIDDEN"
    for who, code in (("ta", "FORBIDDEN"), ("far_instructor", unseen), ("student", "FORBIDDEN")):
        refused = await campus.send(ENROLL_USER, campus.world.people[who], **given)
        assert [error for error, _ in errors(refused)] == [code]
    payload = await campus.send(ENROLL_USER, campus.admin, **given)
    if status in (None, "dropped"):
        assert payload["enrollment"]["status"] == "ACTIVE"
    else:
        message = f"this person's enrollment here is {status} already"
        assert errors(payload) == [("NOT_ELIGIBLE", message)]


# ---- approval


async def test_who_asks_waits_for_approval_and_takes_no_seat(campus):
    offering = await campus.offering(enrollment_mode="approval", capacity=1, waitlist_capacity=1)
    people = await campus.students(4)
    asked = [await campus.enroll(offering, person) for person in people]
    assert [payload["enrollment"]["status"] for payload in asked] == ["PENDING"] * 4
    assert await campus.seats(offering) == 0
    ids = dict(
        await campus.owner.fetch("SELECT user_id, id FROM course_enrollments WHERE course_offering_id = $1", offering)
    )
    declined = await campus.decide("declineEnrollment", ids[people[0]], campus.admin, reason="Not this year.")
    found = [await campus.decide("approveEnrollment", ids[person], campus.admin) for person in people[1:]]
    assert declined["enrollment"]["status"] == "DROPPED"
    assert [(payload["enrollment"] or {}).get("status") for payload in found] == ["ACTIVE", "WAITLISTED", None]
    assert found[1]["waitlistPosition"] == 1
    assert found[2]["errors"] == [
        {
            "code": "LIMIT_REACHED",
            "message": "all seats are taken, and so is the waitlist",
            "path": ["input", "enrollmentId"],
        }
    ]
    assert await campus.roster(offering) == dict(
        zip(people, ["dropped", "active", "waitlisted", "pending"], strict=True)
    )


# ---- dates


@pytest.mark.parametrize(
    ("columns", "drop", "withdraw"),
    [
        ({}, "DROPPED", "DROPPED"),
        ({"starts_at": FUTURE}, "DROPPED", "CLOSED"),
        ({"starts_at": PAST, "drop_until": FUTURE}, "DROPPED", "DROPPED"),
        ({"starts_at": LONG_AGO, "drop_until": PAST}, "CLOSED", "DROPPED"),
        ({"starts_at": LONG_AGO, "ends_at": PAST}, "CLOSED", "CLOSED"),
    ],
)
async def test_until_when_people_drop_and_withdraw(campus, columns, drop, withdraw):
    for name, expected in (("dropEnrollment", drop), ("withdrawEnrollment", withdraw)):
        offering = await campus.offering(**columns)
        (person,) = await campus.students(1)
        number = await campus.enrollment(offering, person, "active")
        payload = await campus.decide(name, number, person)
        assert (payload["enrollment"] or {"status": errors(payload)[0][0]})["status"] == expected
        if expected == "CLOSED" and "starts_at" in columns and columns["starts_at"] == LONG_AGO:
            assert (await campus.decide(name, number, campus.admin))["enrollment"]["status"] == "DROPPED"


async def test_the_line_can_be_left_at_any_time(campus):
    offering = await campus.offering(starts_at=LONG_AGO, ends_at=PAST, drop_until=PAST)
    for status in ("pending", "waitlisted"):
        (person,) = await campus.students(1)
        number = await campus.enrollment(offering, person, status)
        assert (await campus.decide("dropEnrollment", number, person))["enrollment"]["status"] == "DROPPED"


async def test_what_was_withdrawn_from_only_staff_give_back(campus):
    offering = await campus.offering()
    (person,) = await campus.students(1)
    number = await campus.enrollment(offering, person, "active")
    await campus.decide("withdrawEnrollment", number, person, reason="Ill.")
    refused = await campus.enroll(offering, person)
    message = "withdrawn: you have withdrawn from this offering: only its staff can enrol you again"
    assert errors(refused) == [("NOT_ELIGIBLE", message)]
    given = {"offeringId": gid("CourseOffering", offering, campus.world), "userId": gid("User", person, campus.world)}
    back = await campus.send(ENROLL_USER, campus.admin, **given)
    assert (back["enrollment"]["status"], back["enrollment"]["withdrawnAt"]) == ("ACTIVE", None)


async def test_the_rules_are_set_by_who_runs_it(campus):
    offering = await campus.offering()
    where = {"offeringId": gid("CourseOffering", offering, campus.world)}
    last = await campus.owner.fetchval("SELECT max(id) FROM audit_log")
    refused = await campus.send(RULES, campus.world.people["far_instructor"], **where, enrollmentMode="CLOSED")
    assert errors(refused) == [("FORBIDDEN", "only who runs this offering may do this")]
    done = await campus.send(
        RULES, campus.admin, **where, enrollmentMode="APPROVAL", dropUntil="2026-10-01T00:00:00+00:00"
    )
    rules = {"enrollmentMode": "APPROVAL", "dropUntil": "2026-10-01T00:00:00+00:00"}
    assert done == {"offering": rules, "errors": []}
    assert (await campus.send(RULES, campus.admin, **where))["offering"] == rules
    cleared = await campus.send(RULES, campus.admin, **where, dropUntil=None)
    assert cleared["offering"] == {**rules, "dropUntil": None}
    until = "2026-10-01T00:00:00+00:00"
    assert [entry[2:4] for entry in await campus.audited(last)] == [
        ({"enrollmentMode": "open", "dropUntil": None}, {"enrollmentMode": "approval", "dropUntil": until}),
        ({"enrollmentMode": "approval", "dropUntil": until}, {"enrollmentMode": "approval", "dropUntil": None}),
    ]


# ---- who moves up


async def waiting(campus, count, **columns):
    """A full offering with this many on its waitlist: its id, the enrollment that has the seat, who waits."""
    offering = await campus.offering(capacity=1, **columns)
    people = await campus.students(count + 1)
    numbers = [
        await campus.enrollment(offering, person, "waitlisted" if place else "active")
        for place, person in enumerate(people)
    ]
    return offering, numbers, people


@pytest.mark.parametrize("name", ["dropEnrollment", "withdrawEnrollment", "completeEnrollment"])
async def test_the_seat_goes_to_who_has_waited_longest_and_is_a_member(campus, name):
    offering, numbers, people = await waiting(campus, 3)
    await campus.owner.execute("UPDATE university_members SET status = 'inactive' WHERE user_id = $1", people[1])
    last = await campus.owner.fetchval("SELECT max(id) FROM audit_log")
    await campus.decide(name, numbers[0], campus.admin)
    left = "completed" if name == "completeEnrollment" else "dropped"
    statuses = [left, "waitlisted", "active", "waitlisted"]
    assert await campus.roster(offering) == dict(zip(people, statuses, strict=True))
    assert await campus.seats(offering) == 1
    promoted = (people[2], "waitlisted", "active", None, "A seat became free.")
    assert (await campus.events(offering))[-1] == promoted
    assert [entry[:2] for entry in await campus.audited(last)] == [
        (f"enrollment.{name.removesuffix('Enrollment')}", numbers[0]),
        ("enrollment.promote", numbers[2]),
    ]
    told = await campus.owner.fetch(
        "SELECT entity_id, facts->>'status' FROM outbox WHERE topic = 'enrollment.changed' ORDER BY id DESC LIMIT 2"
    )
    assert [tuple(row) for row in told] == [(numbers[2], "active"), (numbers[0], left)]


@pytest.mark.parametrize("columns", [{"enrollment_end": PAST}, {"ends_at": PAST}])
async def test_nobody_moves_up_once_the_dates_have_ended(campus, columns):
    offering, numbers, people = await waiting(campus, 1, **columns)
    await campus.decide("dropEnrollment", numbers[0], campus.admin)
    assert await campus.roster(offering) == {people[0]: "dropped", people[1]: "waitlisted"}
    assert await campus.seats(offering) == 0


async def test_who_leaves_the_waitlist_frees_no_seat(campus):
    offering, numbers, people = await waiting(campus, 3)
    await campus.decide("dropEnrollment", numbers[1], people[1])
    assert await campus.queue(offering) == people[2:]
    assert await campus.seats(offering) == 1


async def capacity(campus, offering, user=None, **given):
    return await campus.send(
        CAPACITY, user or campus.admin, offeringId=gid("CourseOffering", offering, campus.world), **given
    )


async def test_more_seats_go_to_who_waits_and_fewer_put_nobody_out(campus):
    offering, _, people = await waiting(campus, 4)
    raised = await capacity(campus, offering, capacity=3)
    assert raised == {
        "offering": {"capacity": 3, "waitlistCapacity": None, "seatsTaken": 3, "seatsLeft": 0},
        "promoted": 2,
        "errors": [],
    }
    assert await campus.queue(offering) == people[3:]
    lowered = await capacity(campus, offering, capacity=1, waitlistCapacity=2)
    assert lowered["offering"] == {"capacity": 1, "waitlistCapacity": 2, "seatsTaken": 3, "seatsLeft": 0}
    assert lowered["promoted"] == 0
    number = await campus.owner.fetchval("SELECT id FROM course_enrollments WHERE user_id = $1", people[0])
    await campus.decide("dropEnrollment", number, people[0])
    assert await campus.queue(offering) == people[3:], "there is no seat: two are taken where there is one"
    refused = await campus.enroll(offering, campus.world.people["student"])
    assert [code for code, _ in errors(refused)] == ["LIMIT_REACHED"]
    unlimited = await capacity(campus, offering, capacity=None)
    assert (unlimited["promoted"], unlimited["offering"]["seatsTaken"]) == (2, 4)
    assert unlimited["offering"]["waitlistCapacity"] == 2


async def test_who_may_not_change_the_capacity(campus):
    offering, _, _ = await waiting(campus, 1)
    before = await campus.left_behind()
    for name in ("student", "ta", "section_ta"):
        refused = await capacity(campus, offering, campus.world.people[name], capacity=9)
        assert [code for code, _ in errors(refused)] == ["FORBIDDEN"]
    for name in ("capacity", "waitlistCapacity"):
        refused = await capacity(campus, offering, **{name: -1})
        assert refused["errors"] == [
            {"code": "INVALID", "message": "this must not be below 0; null: any number", "path": ["input", name]}
        ]
    assert (await capacity(campus, offering, capacity=1))["errors"] == []
    assert await campus.left_behind() == before


# ---- many at once


async def test_many_at_once_each_row_by_itself(campus):
    offering = await campus.offering(capacity=2, waitlist_capacity=1)
    people = await campus.students(7)
    emails = dict(await campus.owner.fetch("SELECT user_id, email FROM university_members WHERE email IS NOT NULL"))
    await campus.enrollment(offering, people[0], "completed")
    back = await campus.enrollment(offering, people[1], "dropped")
    await campus.owner.execute("UPDATE university_members SET status = 'inactive' WHERE user_id = $1", people[6])
    users = [
        {"userId": gid("User", people[0], campus.world)},
        {"email": emails[people[2]].upper()},
        {"userId": gid("User", people[2], campus.world)},
        {"email": "nobody@test.example"},
        {"userId": gid("User", people[1], campus.world)},
        {"userId": "no id"},
        {"userId": gid("User", people[3], campus.world)},
        {"userId": gid("User", people[4], campus.world)},
        {"userId": gid("User", people[6], campus.world)},
    ]
    given = {"offeringId": gid("CourseOffering", offering, campus.world), "users": users, "reason": "By list."}
    before = await campus.left_behind()
    tried = await campus.send(BULK, campus.admin, **given, dryRun=True)
    assert await campus.left_behind() == before
    last = await campus.owner.fetchval("SELECT max(id) FROM audit_log")
    done = await campus.send(BULK, campus.admin, **given)
    told = [(row["index"], row["status"], (row["error"] or {}).get("code")) for row in done["results"]]
    assert told == [
        (0, None, "NOT_ELIGIBLE"),
        (1, "ACTIVE", None),
        (2, None, "TAKEN"),
        (3, None, "NOT_FOUND"),
        (4, "ACTIVE", None),
        (5, None, "NOT_FOUND"),
        (6, "WAITLISTED", None),
        (7, None, "LIMIT_REACHED"),
        (8, None, "NOT_FOUND"),
    ]
    assert [(row["index"], row["status"], (row["error"] or {}).get("code")) for row in tried["results"]] == told
    assert all(row["enrollment"] is None for row in tried["results"])
    assert (tried["offering"], done["offering"]) == ({"seatsTaken": 0}, {"seatsTaken": 2})
    assert done["results"][4]["enrollment"]["id"] == gid("Enrollment", back, campus.world)
    assert done["results"][6]["enrollment"]["waitlistPosition"] == 1
    assert done["results"][7]["error"]["path"] == ["input", "users", "7"]
    assert await campus.events(offering) == [
        (people[2], None, "active", campus.admin, "By list."),
        (people[1], "dropped", "active", campus.admin, "By list."),
        (people[3], None, "waitlisted", campus.admin, "By list."),
    ]
    assert [(entry[0], entry[3]["userId"]) for entry in await campus.audited(last)] == [
        ("enrollment.bulk_enroll", person) for person in (people[2], people[1], people[3])
    ]


async def test_five_hundred_cost_what_one_does_and_more_are_refused(campus, monkeypatch):
    counts = campus.count_statements(monkeypatch)
    people = await campus.students(500)
    for count in (1, 500):
        offering = await campus.offering(capacity=count // 2)
        users = [{"userId": gid("User", person, campus.world)} for person in people[:count]]
        given = {"offeringId": gid("CourseOffering", offering, campus.world), "users": users}
        done = await campus.send(BULK, campus.admin, **given)
        assert [row["status"] for row in done["results"]] == ["ACTIVE"] * (count // 2) + ["WAITLISTED"] * (
            count - count // 2
        )
        assert await campus.queue(offering) == people[count // 2 : count]
        assert await campus.seats(offering) == count // 2
    # With seats who waits is asked for once; the second is the note that the administrator was shown enrollments.
    assert counts == [9, 1, 10, 1]
    before = await campus.left_behind()
    refused = await campus.send(BULK, campus.admin, **{**given, "users": [*users, users[0]]})
    assert errors(refused) == [("LIMIT_REACHED", "these are 501 people, at most 500 can be enrolled at once")]
    forbidden = await campus.send(BULK, campus.world.people["student"], **given)
    assert errors(forbidden) == [("FORBIDDEN", "your roles here do not allow this")]
    assert await campus.left_behind() == before
