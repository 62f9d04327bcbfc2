"""Seats and the waitlist: the statements that change who takes part, each with its event and with `seats_taken`.

Whoever changes the status of an enrollment from or to `active` touches the offering's row first (`lock`, or the
conditional UPDATE in `take`), then enrollments: so all who enrol in and leave one offering do it one after another, in
the order in which they commit, and nobody waits for another in a circle. A service that needs several offerings locks
them in the order of their ids.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    Integer,
    Text,
    and_,
    any_,
    bindparam,
    case,
    cast,
    exists,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from lms_graphql.catalog.models import CourseOffering
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.enrollment.models import CourseEnrollment, EnrollmentEvent, enrollment_status_enum
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.tenancy.models import UniversityMember

PATH_OF_OFFERING = ("input", "offeringId")
_SeatsRow = record("Seats")
_OFFERING = bindparam("offering_id", type_=BigInteger, required=True)
_ENROLLMENT = bindparam("enrollment_id", type_=BigInteger, required=True)
_PERSON = bindparam("person", type_=BigInteger, required=True)
_WAS = bindparam("was", type_=Text, required=True)
_TO = bindparam("to", type_=Text, required=True)
_FROM = bindparam("among", type_=ARRAY(Text), required=True)
_SECTION = bindparam("section_id", type_=BigInteger, required=True)
_BY = bindparam("changed_by", type_=BigInteger, required=True)
_REASON = bindparam("reason", type_=Text, required=True)
_HERE = (CourseOffering.university_id == UNIVERSITY, CourseOffering.id == _OFFERING)
_HAS_ROOM = or_(CourseOffering.capacity.is_(None), CourseOffering.seats_taken < CourseOffering.capacity)


def _status(text: Any) -> ColumnElement[Any]:
    return cast(text, enrollment_status_enum)


# ---- the offering's row

_LOCK = Statement(
    select(
        CourseOffering.id,
        CourseOffering.capacity,
        CourseOffering.waitlist_capacity,
        CourseOffering.seats_taken,
        _HAS_ROOM.label("has_room"),
    )
    .where(*_HERE)
    .with_for_update(key_share=True)  # FOR NO KEY UPDATE: who only refers to the offering does not wait
)


async def lock(work: Work, offering_id: int) -> Row:
    """The offering's capacity, waitlist_capacity, seats_taken and has_room, which nobody else changes from now on."""
    row = await work.one(_LOCK, _SeatsRow, offering_id=offering_id)
    if row is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such offering", PATH_OF_OFFERING)
    return row


# ---- who comes, by a new enrollment or by one that was dropped


def waiting_at(offering_id: Any) -> Any:
    """How many wait for a seat in this offering."""
    return (
        select(func.count())
        .where(
            CourseEnrollment.university_id == UNIVERSITY,
            CourseEnrollment.course_offering_id == offering_id,
            CourseEnrollment.status_key == "waitlisted",
        )
        .scalar_subquery()
    )


def could_move_up(offering_id: Any) -> ColumnElement[bool]:
    """Whether an enrollment is of somebody who waits in this offering and is an active member."""
    is_active = exists().where(
        UniversityMember.university_id == UNIVERSITY,
        UniversityMember.user_id == CourseEnrollment.user_id,
        UniversityMember.status == "active",
    )
    return and_(
        CourseEnrollment.university_id == UNIVERSITY,
        CourseEnrollment.course_offering_id == offering_id,
        CourseEnrollment.status_key == "waitlisted",
        is_active,
    )


def coming_back(made: Any, condition: ColumnElement[bool]) -> Any:
    """An INSERT of enrollments that takes the row of who is back, where the condition is met."""
    kept = ("section_id", "status", "waitlisted_at")
    return made.on_conflict_do_update(
        index_elements=[CourseEnrollment.university_id, CourseEnrollment.user_id, CourseEnrollment.course_offering_id],
        set_={
            **{name: made.excluded[name] for name in kept},
            "enrolled_at": func.now(),
            "completed_at": null(),
            "withdrawn_at": null(),
        },
        where=condition,
    )


ENROLLED_COLUMNS = ["university_id", "user_id", "course_offering_id", "status", "section_id", "waitlisted_at"]
EVENT_COLUMNS = ["university_id", "enrollment_id", "old_status", "new_status", "changed_by", "reason"]


def _coming(status: str, place: Any, since: Any) -> Statement:
    """An enrollment of this status for who finds a place; the row tells whether one was there, and whose it is now."""
    to = _status(literal_column(f"'{status}'"))
    made = coming_back(
        upsert(CourseEnrollment).from_select(
            ENROLLED_COLUMNS,
            select(UNIVERSITY, _PERSON, place.c.id, to, _SECTION, since).select_from(place),
        ),
        cast(CourseEnrollment.status, Text) == _WAS,
    )
    enrolled = made.returning(CourseEnrollment.id).cte("enrolled")
    event = (
        insert(EnrollmentEvent)
        .from_select(
            EVENT_COLUMNS,
            select(UNIVERSITY, enrolled.c.id, _status(_WAS), to, _BY, _REASON).select_from(enrolled),
        )
        .cte("event")
    )
    return Statement(
        select(place.c.id.label("place"), enrolled.c.id).outerjoin(enrolled, literal_column("true")).add_cte(event)
    )


# A waitlist ends with the enrollment dates: nobody is put into what has been going on for weeks.
WAITLIST_IS_OPEN = CourseOffering.closes_key > func.clock_timestamp()
# Who comes to wait while this statement waits for the offering's row is not seen, and has not waited longer.
_SOMEBODY_WAITS = and_(WAITLIST_IS_OPEN, exists().where(could_move_up(CourseOffering.id)))
_SEAT = (
    update(CourseOffering)
    .where(*_HERE, _HAS_ROOM, ~_SOMEBODY_WAITS)
    .values(seats_taken=CourseOffering.seats_taken + 1)
    .returning(CourseOffering.id)
    .cte("place")
)
_OPEN_QUEUE = or_(
    CourseOffering.waitlist_capacity.is_(None), waiting_at(CourseOffering.id) < CourseOffering.waitlist_capacity
)
_QUEUE = select(CourseOffering.id).where(*_HERE, _OPEN_QUEUE).cte("place")
_ANYWHERE = select(CourseOffering.id).where(*_HERE).cte("place")
_NEVER = cast(null(), CourseEnrollment.waitlisted_at.type)
# While the offering is locked: nobody who came later has an earlier time.
_NOW = func.clock_timestamp()
_TAKE = {
    "active": _coming("active", _SEAT, _NEVER),
    "waitlisted": _coming("waitlisted", _QUEUE, _NOW),
    "pending": _coming("pending", _ANYWHERE, _NEVER),
}


class Coming(NamedTuple):
    """Who is to be enrolled where: a person who has no enrollment there (`was` None), or a dropped one."""

    offering_id: int
    person: int
    was: str | None
    section_id: int | None
    reason: str | None = None


class Joined(NamedTuple):
    """The enrollment that came of it, and how it stands."""

    enrollment_id: int
    status: str


async def ask(work: Work, coming: Coming) -> Joined:
    """Make the enrollment one that waits for approval, which takes no seat."""
    joined = await take(work, coming, "pending")
    if joined is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such offering", PATH_OF_OFFERING)
    return joined


def no_place(path: tuple[str, ...] = PATH_OF_OFFERING) -> Refused:
    """That neither a seat nor a place on the waitlist is left."""
    return Refused(UserErrorCode.LIMIT_REACHED, "all seats are taken, and so is the waitlist", path)


_WAITING = Statement(select(waiting_at(_OFFERING).label("waiting")))


async def places_in_queue(work: Work, offering: Row) -> int | None:
    """How many more may wait in an offering that `lock` gave; None: any number."""
    most: int | None = offering["waitlist_capacity"]
    if most is None:
        return None
    (row,) = await work.rows(_WAITING, _SeatsRow, offering_id=offering["id"])
    waiting: int = row["waiting"]
    return max(0, most - waiting)


async def take(work: Work, coming: Coming, status: str) -> Joined | None:
    """Make the enrollment one of this status, in one statement; None, and nothing is done, where there is no place.

    There is none as "active" where somebody waits who could have it; as "pending" only where there is no offering.
    """
    row = await work.one(_TAKE[status], _SeatsRow, changed_by=work.viewer.user_id, **coming._asdict())
    if row is None:
        return None
    if row["id"] is None:  # somebody else has enrolled them since they were looked at
        raise Refused(UserErrorCode.NOT_ELIGIBLE, "there is an enrollment in this offering already", PATH_OF_OFFERING)
    return Joined(row["id"], status)


# ---- who goes from one status to another


def _moving() -> Statement:
    old = (
        select(
            CourseEnrollment.id,
            CourseEnrollment.course_offering_id,
            CourseEnrollment.user_id,
            cast(CourseEnrollment.status, Text).label("status"),
        )
        .where(
            CourseEnrollment.university_id == UNIVERSITY,
            CourseEnrollment.id == _ENROLLMENT,
            cast(CourseEnrollment.status, Text) == any_(_FROM),
        )
        .with_for_update(key_share=True)
        .cte("old")
    )
    withdraws = bindparam("withdraws", type_=Boolean, required=True)
    moved = (
        update(CourseEnrollment)
        .where(CourseEnrollment.university_id == UNIVERSITY, CourseEnrollment.id == old.c.id)
        .values(
            status=_status(_TO),
            completed_at=case((_TO == "completed", func.now()), else_=null()),
            waitlisted_at=case((_TO == "waitlisted", _NOW), else_=CourseEnrollment.waitlisted_at),
            withdrawn_at=case((withdraws, func.now()), else_=null()),
        )
        .returning(CourseEnrollment.id)
        .cte("moved")
    )
    event = (
        insert(EnrollmentEvent)
        .from_select(
            EVENT_COLUMNS,
            select(UNIVERSITY, old.c.id, _status(old.c.status), _status(_TO), _BY, _REASON).select_from(old),
        )
        .cte("event")
    )
    freed = cast(_TO == "active", Integer) - cast(old.c.status == "active", Integer)
    seat = (
        update(CourseOffering)
        .where(CourseOffering.university_id == UNIVERSITY, CourseOffering.id == old.c.course_offering_id, freed != 0)
        .values(seats_taken=CourseOffering.seats_taken + freed)
        .returning(CourseOffering.id)
        .cte("seat")
    )
    return Statement(select(old.c.id, old.c.user_id, old.c.status).add_cte(moved, event, seat))


_MOVE = _moving()


async def move(
    work: Work,
    enrollment_id: int,
    among: Sequence[str],
    to: str,
    *,
    reason: str | None,
    withdraws: bool = False,
) -> str | None:
    """Take an enrollment whose status is among these to another, with its seat and its event; gives the old status.

    None, and nothing is done, if its status is none of these. The offering must be locked.
    """
    row = await work.one(
        _MOVE,
        _SeatsRow,
        enrollment_id=enrollment_id,
        among=list(among),
        to=to,
        withdraws=withdraws,
        changed_by=work.viewer.user_id,
        reason=reason,
    )
    return None if row is None else row["status"]
