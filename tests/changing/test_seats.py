"""P21: many who want few seats at once, by way of three workers: never a seat too many, and the line is kept."""

import asyncio
import contextlib
import json
import random
from datetime import UTC, datetime

import pytest

from lms_graphql.privacy.erasing import erase_for_good
from lms_graphql.privacy.ledger import Ledger
from lms_graphql.privacy.service import Erasing
from lms_graphql.storage.database import connect
from tests.changing.enrolling import BULK, CAPACITY, ENROLL, ENROLL_USER, Campus, decision, errors, gid
from tests.conftest import running_api

WORKERS, AT_ONCE = 3, 10
MOVED_UP = ("waitlisted", "active")
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


# ---- seats that became free while nobody moved up


async def erase(campus, ledger, people):
    """What `lms-graphql person erase` does, to one after another."""
    driver = await connect(campus.database.app)
    try:
        for person in people:
            given = {"university_id": campus.tenant["university_id"], "user_id": person, "erased_by": None}
            asked = Erasing(**given, reason="requested", request_id="r-erase")
            assert (await erase_for_good(driver, ledger, "ALPHA", asked)).freed
    finally:
        await driver.close()


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "erasures.ndjson")


async def full(campus, capacity, waiting, **columns):
    """An offering whose seats are taken, who has them, and who waits, in their order."""
    offering = await campus.offering(capacity=capacity, **columns)
    seated, queue = await campus.students(capacity), await campus.students(waiting)
    for person in seated:
        await campus.enrollment(offering, person, "active")
    for person in queue:
        await campus.enrollment(offering, person, "waitlisted")
    return offering, seated, queue


async def test_who_waits_gets_the_seat_of_who_is_erased_by_command(campus, ledger):
    offering, seated, queue = await full(campus, 2, 3)
    last = await campus.owner.fetchval("SELECT max(id) FROM audit_log")
    told = await campus.owner.fetchval("SELECT max(id) FROM outbox")
    await erase(campus, ledger, seated[:1])
    roster = {seated[0]: "dropped", seated[1]: "active", queue[0]: "active"}
    assert await campus.roster(offering) == roster | dict.fromkeys(queue[1:], "waitlisted")
    assert await campus.seats(offering) == 2
    number = await campus.owner.fetchval("SELECT id FROM course_enrollments WHERE user_id = $1", queue[0])
    assert await campus.audited(last) == [
        ("enrollment.promote", number, {"status": "waitlisted"}, {"status": "active"}, "A seat became free.")
    ]
    entry = await campus.owner.fetchrow("SELECT user_id, roles, request_id FROM audit_log WHERE id > $1", last)
    assert tuple(entry) == (None, ["operator"], "r-erase")
    events = await campus.owner.fetch("SELECT topic, entity, entity_id, facts FROM outbox WHERE id > $1", told)
    facts = {"offeringId": offering, "userId": queue[0], "status": "active"}
    assert [(*row[:3], json.loads(row[3])) for row in map(tuple, events)] == [
        ("enrollment.changed", "Enrollment", number, facts)
    ]
    assert (await campus.events(offering))[-1] == (queue[0], "waitlisted", "active", None, "A seat became free.")


async def by_enroll(campus, offering, person):
    payload = await campus.enroll(offering, person)
    assert payload["errors"] == []
    return payload["enrollment"]["status"]


async def by_enroll_user(campus, offering, person):
    where = {"offeringId": gid("CourseOffering", offering, campus.world), "userId": gid("User", person, campus.world)}
    payload = await campus.send(ENROLL_USER, campus.admin, **where)
    assert payload["errors"] == []
    return payload["enrollment"]["status"]


async def by_bulk(campus, offering, person):
    given = {
        "offeringId": gid("CourseOffering", offering, campus.world),
        "users": [{"userId": gid("User", person, campus.world)}],
    }
    before = await campus.left_behind()
    trial = await campus.send(BULK, campus.admin, **given, dryRun=True)
    assert await campus.left_behind() == before
    payload = await campus.send(BULK, campus.admin, **given)
    assert [row["status"] for row in trial["results"]] == [row["status"] for row in payload["results"]]
    return payload["results"][0]["status"]


async def by_approval(campus, offering, person):
    number = await campus.enrollment(offering, person, "pending")
    payload = await campus.decide("approveEnrollment", number, campus.admin)
    assert payload["errors"] == []
    return payload["enrollment"]["status"]


WAYS_IN = [by_enroll, by_enroll_user, by_bulk, by_approval]


@pytest.mark.parametrize("comes", WAYS_IN)
@pytest.mark.parametrize(("free", "newcomer"), [(1, "WAITLISTED"), (2, "WAITLISTED"), (3, "ACTIVE")])
async def test_a_newcomer_comes_behind_who_could_not_move_up_while_it_was_closed(campus, ledger, comes, free, newcomer):
    """Two wait; `free` seats became free while the enrollment dates had ended, and then they were set anew."""
    offering, seated, queue = await full(campus, 3, 2, enrollment_end=datetime(2020, 1, 1, tzinfo=UTC))
    await erase(campus, ledger, seated[:free])
    assert await campus.queue(offering) == queue
    await campus.owner.execute("UPDATE course_offerings SET enrollment_end = NULL WHERE id = $1", offering)
    (person,) = await campus.students(1)
    assert await comes(campus, offering, person) == newcomer
    moved = queue[:free]
    roster = dict.fromkeys(seated[:free], "dropped") | dict.fromkeys(seated[free:], "active")
    roster |= dict.fromkeys(moved, "active") | dict.fromkeys(queue[free:], "waitlisted") | {person: newcomer.lower()}
    assert await campus.roster(offering) == roster
    assert await campus.seats(offering) == 3
    assert await campus.queue(offering) == [*queue[free:], *([person] if newcomer == "WAITLISTED" else [])]


@pytest.mark.parametrize("capacity", [1, None])
@pytest.mark.parametrize("comes", WAYS_IN)
async def test_a_newcomer_comes_behind_who_is_an_active_member_again(campus, comes, capacity):
    offering, seated, queue = await full(campus, 1, 2)
    status = "UPDATE university_members SET status = $2 WHERE user_id = ANY($1)"
    await campus.owner.execute(status, queue, "inactive")
    await campus.owner.execute("UPDATE course_offerings SET capacity = $2 WHERE id = $1", offering, capacity)
    number = await campus.owner.fetchval("SELECT id FROM course_enrollments WHERE user_id = $1", seated[0])
    await campus.decide("dropEnrollment", number, seated[0])
    assert (await campus.seats(offering), await campus.queue(offering)) == (0, queue)
    first, second = await campus.students(2)
    if capacity is None:  # while nobody who waits is an active member, the seat is the newcomer's
        assert await comes(campus, offering, first) == "ACTIVE"
    await campus.owner.execute(status, queue[1:], "active")
    assert await comes(campus, offering, second) == ("WAITLISTED" if capacity else "ACTIVE")
    assert (await campus.roster(offering))[queue[1]] == "active"
    assert await campus.queue(offering) == [queue[0], *([second] if capacity else [])]
    assert await campus.seats(offering) == (1 if capacity else 3)


async def test_who_waits_where_the_dates_have_ended_keeps_nobody_out(campus, ledger):
    """Staff may enrol whatever the dates; who waits there can have no seat any more."""
    offering, seated, queue = await full(campus, 1, 1, enrollment_end=datetime(2020, 1, 1, tzinfo=UTC))
    await erase(campus, ledger, seated)
    (person,) = await campus.students(1)
    assert await by_enroll_user(campus, offering, person) == "ACTIVE"
    assert await campus.queue(offering) == queue


@pytest.mark.parametrize("closed", [True, False], ids=["erased_before", "erased_meanwhile"])
async def test_a_hundred_newcomers_get_none_of_the_seats_for_which_twenty_wait(campus, ledger, closed):
    ends = datetime(2020, 1, 1, tzinfo=UTC) if closed else None
    offering, seated, queue = await full(campus, 10, 20, enrollment_end=ends)
    people = await campus.students(100)
    where = {"offeringId": gid("CourseOffering", offering, campus.world)}
    newcomers = [(ENROLL, person, where) for person in people]
    if closed:
        await erase(campus, ledger, seated)
        await campus.owner.execute("UPDATE course_offerings SET enrollment_end = NULL WHERE id = $1", offering)
        payloads = await at_once(campus, newcomers)
    else:
        payloads, _ = await asyncio.gather(at_once(campus, newcomers), erase(campus, ledger, seated))
    assert [payload["errors"] for payload in payloads] == [[]] * 100
    roster = dict.fromkeys(seated, "dropped") | dict.fromkeys(queue[:10], "active")
    assert await campus.roster(offering) == roster | dict.fromkeys([*queue[10:], *people], "waitlisted")
    assert await campus.seats(offering) == 10
    line_now = await campus.queue(offering)
    assert (line_now[:10], set(line_now[10:])) == (queue[10:], set(people))
    promoted = [person for person, old, new, _, _ in await campus.events(offering) if (old, new) == MOVED_UP]
    assert promoted == queue[:10]
