"""Enrolling many at once: the same rules as for one, in a handful of statements for any number of people.

A row that can't be done is told and left out; the others are done. What one person asks for can't fail another's.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Integer,
    Text,
    bindparam,
    case,
    cast,
    column,
    func,
    insert,
    literal_column,
    null,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from lms_graphql.catalog.models import CourseOffering
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure
from lms_graphql.engine.work import Work
from lms_graphql.enrollment import seats
from lms_graphql.enrollment.enrolling import after
from lms_graphql.enrollment.finding import (
    FoundRow,
    asked_of,
    blocking,
    offering_to_run,
    people,
    reason_of,
    statuses_in,
)
from lms_graphql.enrollment.joining import room_for_newcomers
from lms_graphql.enrollment.models import CourseEnrollment, EnrollmentEvent, enrollment_status_enum
from lms_graphql.enrollment.seats import Coming, Joined
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

MOST_ROWS = 500
_NOT_THERE = UserFailure(UserErrorCode.NOT_FOUND, "there is no such person for you")


class Place(NamedTuple):
    """A row that can be done: its number in the input, who, how their enrollment stood, and will stand."""

    row: int
    coming: Coming
    status: str


def _rows() -> Any:
    """Those who come, from arrays: person, the status before (null: none), the status to be, in the input's order."""
    arrays = (
        bindparam("people", type_=ARRAY(BigInteger), required=True),
        bindparam("before", type_=ARRAY(Text), required=True),
        bindparam("statuses", type_=ARRAY(Text), required=True),
    )
    names = (column("user_id", BigInteger), column("old", Text), column("new", Text))
    return func.unnest(*arrays).table_valued(*names, with_ordinality="place").render_derived(name="coming")


def _enrolling() -> Statement:
    coming = _rows()
    new = cast(coming.c.new, enrollment_status_enum)
    # Apart by a microsecond each, so that who stands first in the input is first on the waitlist; none in the future.
    earlier = cast(func.cardinality(bindparam("people", type_=ARRAY(BigInteger))) - coming.c.place, Integer)
    since = func.clock_timestamp() - earlier * literal_column("interval '1 microsecond'")
    offering_id = bindparam("offering_id", type_=BigInteger, required=True)
    made = seats.coming_back(
        upsert(CourseEnrollment).from_select(
            seats.ENROLLED_COLUMNS,
            select(
                UNIVERSITY,
                coming.c.user_id,
                offering_id,
                new,
                cast(null(), BigInteger),
                case((coming.c.new == "waitlisted", since), else_=null()),
            ).order_by(coming.c.place),
        ),
        cast(CourseEnrollment.status, Text) == "dropped",
    )
    enrolled = made.returning(CourseEnrollment.id, CourseEnrollment.user_id).cte("enrolled")
    events = (
        insert(EnrollmentEvent)
        .from_select(
            seats.EVENT_COLUMNS,
            select(
                UNIVERSITY,
                enrolled.c.id,
                cast(coming.c.old, enrollment_status_enum),
                new,
                bindparam("changed_by", type_=BigInteger, required=True),
                bindparam("reason", type_=Text, required=True),
            )
            .select_from(coming.join(enrolled, enrolled.c.user_id == coming.c.user_id))
            .order_by(coming.c.place),
        )
        .cte("events")
    )
    taken = bindparam("taken", type_=Integer, required=True)
    seats_taken = (
        update(CourseOffering)
        .where(CourseOffering.university_id == UNIVERSITY, CourseOffering.id == offering_id, taken > 0)
        .values(seats_taken=CourseOffering.seats_taken + taken)
        .returning(CourseOffering.id)
        .cte("seats")
    )
    return Statement(select(enrolled.c.id, enrolled.c.user_id).add_cte(events, seats_taken))


_ENROLL = _enrolling()


async def bulk_enroll(work: Work, given: Given) -> dict[str, Any]:
    """Enrol many people in an offering that the viewer runs; gives `offering_id` and `results`, one for each row.

    In the order of the rows: seats first, then places on the waitlist, then LIMIT_REACHED. With `dryRun` all of it is
    done, told and taken back.
    """
    offering, _ = await offering_to_run(work, given)
    asked: Sequence[Mapping[str, Any]] = given["users"]
    if len(asked) > MOST_ROWS:
        message = f"these are {len(asked)} people, at most {MOST_ROWS} can be enrolled at once"
        raise Refused(UserErrorCode.LIMIT_REACHED, message, ("input", "users"))
    reason = reason_of(given)
    is_trial = bool(given.get("dryRun"))
    found, failures = await _recognized(work, asked)
    unmet = await asked_of(work, offering, list(found), as_members=True)
    if not given.get("overridePrerequisites"):
        for person, index in list(found.items()):
            if blocked := blocking(unmet[person]):
                failures[index] = blocked[0]
                del found[person]
    async with work.part(keep=not is_trial):
        placed, taken = await _placed(work, offering["id"], found, reason)
        joined = await _enrolled(work, placed)
    if is_trial or not placed:
        work.nothing_changed()
    results = [_failed(index, failure) for index, failure in {**failures, **taken}.items()]
    results += [_done(place, None if is_trial else joined[place.coming.person]) for place in placed]
    return {"offering_id": offering["id"], "results": sorted(results, key=lambda result: result["index"])}


async def _placed(
    work: Work, offering_id: int, found: Mapping[int, int], reason: str | None
) -> tuple[list[Place], dict[int, UserFailure]]:
    """What each person (with the index of their row) gets once who waits has moved up, and why some get nothing."""
    offering, left = await room_for_newcomers(work, offering_id)
    statuses = await statuses_in(work, offering_id, list(found))
    room = _Room(left, await seats.places_in_queue(work, offering))
    placed: list[Place] = []
    failures: dict[int, UserFailure] = {}
    for person, index in found.items():
        was = statuses.get(person)
        if was not in {None, "dropped"}:
            failures[index] = UserFailure(UserErrorCode.NOT_ELIGIBLE, f"their enrollment here is {was} already")
        elif (status := room.take()) is None:
            failures[index] = seats.no_place().failures[0]
        else:
            placed.append(Place(index, Coming(offering_id, person, was, None, reason), status))
    return placed, failures


class _Room:
    """The seats and the places on the waitlist that are left; None: any number."""

    def __init__(self, left: int | None, queue: int | None) -> None:
        self._seats = left
        self._queue = queue

    def take(self) -> str | None:
        """What the next one gets; None: nothing is left."""
        if self._seats is None or self._seats > 0:
            self._seats = None if self._seats is None else self._seats - 1
            return "active"
        if self._queue is None or self._queue > 0:
            self._queue = None if self._queue is None else self._queue - 1
            return "waitlisted"
        return None


async def _recognized(work: Work, asked: Sequence[Mapping[str, Any]]) -> tuple[dict[int, int], dict[int, UserFailure]]:
    """Each person with the index of their first row, and what is wrong with the other rows, by index."""
    numbers = [
        number_of(row["userId"], "User", work.viewer.university_id) if "userId" in row else None for row in asked
    ]
    emails = [row["email"].strip().lower() if "email" in row else None for row in asked]
    known = await people(
        work,
        [number for number in numbers if number is not None],
        [email for email in emails if email is not None],
    )
    found: dict[int, int] = {}
    failures: dict[int, UserFailure] = {}
    for index, (number, email) in enumerate(zip(numbers, emails, strict=True)):
        person = known.named(number, email)
        if person is None:
            failures[index] = _NOT_THERE
        elif person in found:
            failures[index] = UserFailure(UserErrorCode.TAKEN, f"this is the person of row {found[person]}")
        else:
            found[person] = index
    return found, failures


async def _enrolled(work: Work, placed: Sequence[Place]) -> dict[int, Joined]:
    """Enrol them, write it down and tell it; gives the enrollments by person."""
    if not placed:
        return {}
    comings = [place.coming for place in placed]
    rows = await work.rows(
        _ENROLL,
        FoundRow,
        offering_id=comings[0].offering_id,
        people=[coming.person for coming in comings],
        before=[coming.was for coming in comings],
        statuses=[place.status for place in placed],
        taken=sum(place.status == "active" for place in placed),
        changed_by=work.viewer.user_id,
        reason=comings[0].reason,
    )
    ids = {row["user_id"]: row["id"] for row in rows}
    if len(ids) != len(placed):  # somebody has asked for approval at the same moment: no lock is in their way
        message = "somebody's enrollment has changed while this was done: send it again"
        raise Refused(UserErrorCode.CONFLICT, message, ("input", "users"))
    joined = {place.coming.person: Joined(ids[place.coming.person], place.status) for place in placed}
    await work.audit_each(
        "enrollment.bulk_enroll",
        "Enrollment",
        [
            (
                ids[place.coming.person],
                None if place.coming.was is None else {"status": place.coming.was},
                after(place.coming, place.status),
            )
            for place in placed
        ],
        reason=comings[0].reason,
    )
    facts = [
        (
            ids[place.coming.person],
            {"offeringId": place.coming.offering_id, "userId": place.coming.person, "status": place.status},
        )
        for place in placed
    ]
    await work.tell_each("enrollment.changed", "Enrollment", facts)
    return joined


def _failed(index: int, failure: UserFailure) -> dict[str, Any]:
    error = {"code": failure.code.value, "message": failure.message}
    return {"index": index, "status": None, "enrollment_id": None, "error": error}


def _done(place: Place, joined: Joined | None) -> dict[str, Any]:
    number = None if joined is None else joined.enrollment_id
    return {"index": place.row, "status": place.status, "enrollment_id": number, "error": None}
