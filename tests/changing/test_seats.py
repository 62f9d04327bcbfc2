"""P21: many who want few seats at once, by way of three workers: never a seat too many, and the line is kept."""

import asyncio
import contextlib
import random

import pytest

from lms_graphql.storage.database import connect
from tests.changing.enrolling import CAPACITY, ENROLL, Campus, decision, errors, gid
from tests.conftest import running_api

WORKERS, AT_ONCE = 3, 10
SIZES = [pytest.param(60, 10, 20, id="some"), pytest.param(500, 30, 100, id="many", marks=pytest.mark.proof)]


@pytest.fixture(scope="module")
async def campus(written, owner, world):
    """Three applications over one database; requests go to them by turns, as many at once as each has connections."""
    async with contextlib.AsyncExitStack() as stack:
        workers = [await stack.enter_async_context(running_api(written.app)) for _ in range(WORKERS)]
        made = Campus(workers[0], owner, world)
        made.workers, made.places, made.database = workers, asyncio.Semaphore(WORKERS * AT_ONCE), written
        yield made


async def at_once(campus, requests):
    """The payload of each (document, user, input), all of them sent at once."""

    async def one(number, document, user, given):
        async with campus.places:
            response = await campus.workers[number % WORKERS].post(document, {"input": given}, user=user)
        answer = response.json()
        assert "errors" not in answer, answer
        return next(iter(answer["data"].values()))

    return await asyncio.gather(*(one(number, *request) for number, request in enumerate(requests)))


@contextlib.asynccontextmanager
async def watched(campus, offering):
    """What committed snapshots say meanwhile: capacity, seats taken, active enrollments, those who wait."""
    driver, seen = await connect(campus.database.owner), []

    async def look():
        while True:
            row = await driver.fetchrow(
                "SELECT o.capacity, o.seats_taken, count(*) FILTER (WHERE e.status = 'active'),"
                " count(*) FILTER (WHERE e.status = 'waitlisted') FROM course_offerings o"
                " LEFT JOIN course_enrollments e ON e.course_offering_id = o.id WHERE o.id = $1"
                " GROUP BY o.university_id, o.id",
                offering,
            )
            seen.append(tuple(row))
            await asyncio.sleep(0.002)

    task = asyncio.create_task(look())
    try:
        yield seen
    finally:
        assert not task.done(), task.exception()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await driver.close()


async def line(campus, offering):
    """Those on the waitlist in the order in which they came to stand there, as the database's transactions say."""
    rows = await campus.owner.fetch(
        "SELECT e.user_id, e.waitlisted_at, v.id FROM course_enrollments e JOIN enrollment_events v"
        " ON v.enrollment_id = e.id AND v.new_status = 'waitlisted'"
        " WHERE e.course_offering_id = $1 AND e.status = 'waitlisted' ORDER BY v.id",
        offering,
    )
    return [row["user_id"] for row in rows]


@pytest.mark.parametrize(("count", "capacity", "moves"), SIZES)
async def test_many_want_few_seats(campus, count, capacity, moves):
    offering = await campus.offering(capacity=capacity)
    people = await campus.students(count)
    where = {"offeringId": gid("CourseOffering", offering, campus.world)}
    async with watched(campus, offering) as seen:
        payloads = await at_once(campus, [(ENROLL, person, where) for person in people])
    assert all(payload["errors"] == [] for payload in payloads)
    assert await campus.seats(offering) == capacity
    statuses = [payload["enrollment"]["status"] for payload in payloads]
    assert (statuses.count("ACTIVE"), statuses.count("WAITLISTED")) == (capacity, count - capacity)
    assert all(taken == active <= limit and (not waits or active == limit) for limit, taken, active, waits in seen)
    assert len(seen) > 5
    # Events have their numbers while the offering is locked: in that order people have come.
    queue = await campus.queue(offering)
    assert queue == await line(campus, offering)
    asked = "query ($id: ID!) { offering(id: $id) { viewerWaitlistPosition } }"
    positions = [
        (await campus.api.data(asked, {"id": where["offeringId"]}, user=person))["offering"]["viewerWaitlistPosition"]
        for person in queue
    ]
    assert positions == list(range(1, count - capacity + 1))
    await some_leave_while_others_come(campus, offering, where, moves)


async def some_leave_while_others_come(campus, offering, where, moves):
    """Random drops at the same time as enrols."""
    capacity = await campus.owner.fetchval("SELECT capacity FROM course_offerings WHERE id = $1", offering)
    rows = await campus.owner.fetch(
        "SELECT user_id, id FROM course_enrollments WHERE course_offering_id = $1 ORDER BY id", offering
    )
    chance = random.Random(21)  # noqa: S311 - the same people each time
    leaving = chance.sample([tuple(row) for row in rows], moves)
    coming = await campus.students(moves)
    queue, last = await campus.queue(offering), await campus.owner.fetchval("SELECT max(id) FROM enrollment_events")
    requests = [
        (decision("dropEnrollment"), person, {"enrollmentId": gid("Enrollment", number, campus.world)})
        for person, number in leaving
    ] + [(ENROLL, person, where) for person in coming]
    chance.shuffle(requests)
    async with watched(campus, offering) as seen:
        payloads = await at_once(campus, requests)
    assert all(payload["errors"] == [] for payload in payloads)
    assert all(taken == active <= limit and (not waits or active == limit) for limit, taken, active, waits in seen)
    events = await campus.owner.fetch(
        "SELECT e.user_id, v.old_status::text AS old, v.new_status::text AS new FROM enrollment_events v"
        " JOIN course_enrollments e ON e.id = v.enrollment_id WHERE e.course_offering_id = $1 AND v.id > $2"
        " ORDER BY v.id",
        offering,
        last,
    )
    # Replayed: each promotion takes the first of the line as it was then, and only when somebody has left a seat.
    free = 0
    for person, old, new in map(tuple, events):
        if new == "waitlisted":
            queue.append(person)
        elif old == "waitlisted" and new == "active":
            assert free == 1
            assert queue.pop(0) == person
            free = 0
        elif old == "waitlisted":
            queue.remove(person)
        else:
            assert (old, new, free) == ("active", "dropped", 0)
            free = 1
    assert await campus.queue(offering) == queue
    assert await campus.seats(offering) == capacity


async def test_a_capacity_that_is_lowered_gives_no_seat_and_takes_none(campus):
    """While people come and go: whoever has a seat keeps it, and nobody gets one until there is room again."""
    offering = await campus.offering(capacity=20)
    people = await campus.students(40)
    where = {"offeringId": gid("CourseOffering", offering, campus.world)}
    await at_once(campus, [(ENROLL, person, where) for person in people])
    active = {person for person, status in (await campus.roster(offering)).items() if status == "active"}
    rows = await campus.owner.fetch(
        "SELECT user_id, id FROM course_enrollments WHERE course_offering_id = $1 AND status = 'active' ORDER BY id",
        offering,
    )
    leaving = [tuple(row) for row in rows][:8]
    drops = [
        (decision("dropEnrollment"), person, {"enrollmentId": gid("Enrollment", number, campus.world)})
        for person, number in leaving
    ]
    lowered = (CAPACITY, campus.admin, {**where, "capacity": 10})
    await at_once(campus, [lowered])
    async with watched(campus, offering) as seen:
        await at_once(campus, [*drops, *((ENROLL, person, where) for person in await campus.students(8))])
    still = {person for person, status in (await campus.roster(offering)).items() if status == "active"}
    assert still == active - {person for person, _ in leaving}
    taken = [seats for _, seats, _, _ in seen]
    assert taken == sorted(taken, reverse=True)
    assert await campus.seats(offering) == 12


async def test_one_person_who_asks_many_times_at_once_is_enrolled_once(campus):
    offering = await campus.offering(capacity=5)
    (person,) = await campus.students(1)
    where = {"offeringId": gid("CourseOffering", offering, campus.world)}
    payloads = await at_once(campus, [(ENROLL, person, where)] * 20)
    done = [payload for payload in payloads if payload["errors"] == []]
    refused = {code for payload in payloads for code, _ in errors(payload)}
    assert (len(done), refused) == (1, {"NOT_ELIGIBLE"})
    assert (await campus.roster(offering), await campus.seats(offering)) == ({person: "active"}, 1)
    number = await campus.owner.fetchval("SELECT id FROM course_enrollments WHERE user_id = $1", person)
    drop = (decision("dropEnrollment"), person, {"enrollmentId": gid("Enrollment", number, campus.world)})
    payloads = await at_once(campus, [drop] * 20)
    assert sorted(code for payload in payloads for code, _ in errors(payload)) == ["CLOSED"] * 19
    assert await campus.seats(offering) == 0
