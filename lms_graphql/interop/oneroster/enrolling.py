"""Students of a roster: enrolled by the rules of seats, in a handful of statements for any number of people.

A roster is the university's word: it asks for no prerequisites and for no enrollment dates. But nobody gets a seat that
is not there: first seats, then places on the waitlist, then none, in the order of the rows. Who was put on the
waitlist, here or before, stays in their place in it; who has completed an offering has completed it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Integer,
    Text,
    and_,
    any_,
    bindparam,
    case,
    cast,
    column,
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
from lms_graphql.engine.work import Change, Work
from lms_graphql.enrollment import promoting, seats
from lms_graphql.enrollment.models import CourseEnrollment, EnrollmentEvent, enrollment_status_enum
from lms_graphql.interop.oneroster import keys
from lms_graphql.interop.oneroster.keys import Key
from lms_graphql.interop.oneroster.kinds import MEMBERS
from lms_graphql.interop.oneroster.mapping import places_of
from lms_graphql.interop.oneroster.records import Enrollment
from lms_graphql.interop.oneroster.state import State
from lms_graphql.interop.oneroster.tables import claimed
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.tenancy.models import UniversityMember

ENTITY, FILE = "enrollment", "enrollments"
REASON = "By the roster."
EnrollmentRow = record("RosterEnrollment")
_IDS = bindparam("ids", type_=ARRAY(BigInteger), required=True)
_COMES_BACK = ("dropped", "pending")
_STATUS = cast(CourseEnrollment.status, Text)
_SHOWN = (
    CourseEnrollment.id,
    CourseEnrollment.user_id,
    CourseEnrollment.course_offering_id,
    CourseEnrollment.section_id,
    _STATUS.label("status"),
)
_LOCK = Statement(
    select(CourseOffering.id)
    .where(CourseOffering.university_id == UNIVERSITY, CourseOffering.id == any_(_IDS))
    .order_by(CourseOffering.id)
    .with_for_update(key_share=True)
)
_AWAITED = Statement(
    select(CourseOffering.id)
    .where(
        CourseOffering.university_id == UNIVERSITY,
        CourseOffering.id == any_(_IDS),
        or_(CourseOffering.capacity.is_(None), CourseOffering.seats_taken < CourseOffering.capacity),
        seats.waiting_at(CourseOffering.id) > 0,
    )
    .order_by(CourseOffering.id)
)
_ROOM = Statement(
    select(
        CourseOffering.id,
        CourseOffering.capacity,
        CourseOffering.waitlist_capacity,
        CourseOffering.seats_taken,
        seats.waiting_at(CourseOffering.id).label("waiting"),
    ).where(CourseOffering.university_id == UNIVERSITY, CourseOffering.id == any_(_IDS))
)
_ACTIVE = Statement(
    select(UniversityMember.user_id).where(
        UniversityMember.university_id == UNIVERSITY,
        UniversityMember.user_id == any_(_IDS),
        UniversityMember.status.in_([literal_column("'active'"), literal_column("'invited'")]),
    )
)
_BY_ID = Statement(
    select(*_SHOWN).where(CourseEnrollment.university_id == UNIVERSITY, CourseEnrollment.id == any_(_IDS))
)


def _array(name: str, kind: Any) -> Any:
    return bindparam(name, type_=ARRAY(kind), required=True)


def _pairs() -> Any:
    names = (column("user_id", BigInteger), column("offering_id", BigInteger))
    pair = func.unnest(_array("people", BigInteger), _array("offerings", BigInteger)).table_valued(*names)
    pair = pair.render_derived(name="pair")
    return select(*_SHOWN).join_from(
        pair,
        CourseEnrollment,
        and_(
            CourseEnrollment.university_id == UNIVERSITY,
            CourseEnrollment.user_id == pair.c.user_id,
            CourseEnrollment.course_offering_id == pair.c.offering_id,
        ),
    )


_OF_PAIRS = Statement(_pairs())


def _enrolling() -> Statement:
    """As `enrollment.bulk` does it, for several offerings."""
    arrays = (
        _array("people", BigInteger),
        _array("offerings", BigInteger),
        _array("sections", BigInteger),
        _array("before", Text),
        _array("statuses", Text),
    )
    names = (
        *(column("user_id", BigInteger), column("offering_id", BigInteger), column("section_id", BigInteger)),
        *(column("old", Text), column("new", Text)),
    )
    coming = func.unnest(*arrays).table_valued(*names, with_ordinality="place").render_derived(name="coming")
    new = cast(coming.c.new, enrollment_status_enum)
    # Apart by a microsecond each, so that who stands first in the roster is first on the waitlist; none in the future.
    earlier = cast(func.cardinality(_array("people", BigInteger)) - coming.c.place, Integer)
    since = func.clock_timestamp() - earlier * literal_column("interval '1 microsecond'")
    made = seats.coming_back(
        upsert(CourseEnrollment).from_select(
            seats.ENROLLED_COLUMNS,
            select(
                UNIVERSITY,
                coming.c.user_id,
                coming.c.offering_id,
                new,
                coming.c.section_id,
                case((coming.c.new == "waitlisted", since), else_=null()),
            ).order_by(coming.c.place),
        ),
        _STATUS.in_([literal_column(f"'{status}'", Text) for status in _COMES_BACK]),
    )
    enrolled = made.returning(CourseEnrollment.id, CourseEnrollment.user_id, CourseEnrollment.course_offering_id).cte(
        "enrolled"
    )
    joined = coming.join(
        enrolled,
        and_(enrolled.c.user_id == coming.c.user_id, enrolled.c.course_offering_id == coming.c.offering_id),
    )
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
            .select_from(joined)
            .order_by(coming.c.place),
        )
        .cte("events")
    )
    taken = (
        select(coming.c.offering_id, func.count().label("number"))
        .where(coming.c.new == "active")
        .group_by(coming.c.offering_id)
        .cte("taken")
    )
    seats_taken = (
        update(CourseOffering)
        .where(CourseOffering.university_id == UNIVERSITY, CourseOffering.id == taken.c.offering_id)
        .values(seats_taken=CourseOffering.seats_taken + cast(taken.c.number, Integer))
        .returning(CourseOffering.id)
        .cte("seats")
    )
    return Statement(
        select(enrolled.c.id, enrolled.c.user_id, enrolled.c.course_offering_id).add_cte(events, seats_taken)
    )


_ENROLL = _enrolling()


def _seating() -> Any:
    names = (column("id", BigInteger), column("section_id", BigInteger))
    seat = func.unnest(_IDS, _array("sections", BigInteger)).table_valued(*names).render_derived(name="seat")
    return (
        update(CourseEnrollment)
        .where(CourseEnrollment.university_id == UNIVERSITY, CourseEnrollment.id == seat.c.id)
        .values(section_id=seat.c.section_id)
    )


_SET_SECTIONS = Statement(_seating())


class _Coming(NamedTuple):
    """A student who is to be in an offering, and in a section of it where the class is one."""

    record: Enrollment
    person: int
    offering: int
    section: int | None

    @property
    def pair(self) -> tuple[int, int]:
        """What no two enrollments have in common."""
        return self.person, self.offering


class _Room:
    """What is left in the offerings, which are locked; None: any number."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._seats = {row["id"]: _left(row["capacity"], row["seats_taken"]) for row in rows}
        self._queue = {row["id"]: _left(row["waitlist_capacity"], row["waiting"]) for row in rows}

    def take(self, offering: int) -> str | None:
        """What the next one gets; None: nothing is left."""
        for left, status in ((self._seats, "active"), (self._queue, "waitlisted")):
            number = left[offering]
            if number is None or number > 0:
                left[offering] = None if number is None else number - 1
                return status
        return None


def _left(most: int | None, taken: int) -> int | None:
    return None if most is None else max(0, most - taken)


async def enroll(state: State, records: Sequence[Enrollment]) -> None:
    """Enrol the students among these, where they are not enrolled already."""
    students = [one for one in records if one.role == "student"]
    known = await keys.known(state.work, ENTITY, [one.sourced_id for one in students])
    rows = await state.work.rows(_BY_ID, EnrollmentRow, ids=[key.entity_id for key in known.values()])
    here = {row["id"] for row in rows}
    hashes = {name: key.content_hash for name, key in known.items() if key.entity_id in here}
    changed = [one for one in students if hashes.get(one.sourced_id) != one.content_hash()]
    state.outcome.of(ENTITY).unchanged += len(students) - len(changed)
    coming = await _coming(state, changed)
    if coming:
        await _enroll(state, coming)


async def _coming(state: State, records: Sequence[Enrollment]) -> list[_Coming]:
    """With what they refer to found."""
    if not records:
        return []
    people = await MEMBERS.ids(state, (one.user for one in records))
    places = await places_of(state, (one.class_ for one in records))
    rows = await state.work.rows(_ACTIVE, EnrollmentRow, ids=list(people.values()))
    active = {row["user_id"] for row in rows}
    coming: dict[tuple[int, int], _Coming] = {}
    for one in records:
        if one.user not in people or one.class_ not in places:
            field = "classSourcedId" if one.user in people else "userSourcedId"
            state.refuse(ENTITY, FILE, one, field, "there is no such thing here, or its own row was left out")
            continue
        student = _Coming(one, people[one.user], *places[one.class_])
        if student.person not in active:
            state.refuse(ENTITY, FILE, one, "userSourcedId", "this person is not active here")
        elif coming.setdefault(student.pair, student) is not student:
            message = f"line {coming[student.pair].record.line} puts this person into the same offering"
            state.refuse(ENTITY, FILE, one, "classSourcedId", message)
    return list(coming.values())


async def promote_where_awaited(work: Work, offerings: Sequence[int]) -> None:
    """Give free seats to those who wait, in offerings that are locked."""
    for row in await work.rows(_AWAITED, EnrollmentRow, ids=list(offerings)):
        await promoting.promote(work, row["id"])


async def _room(work: Work, offerings: Sequence[int]) -> _Room:
    """What is left in these offerings once who waits has moved up; nobody else takes or gives a seat there."""
    await work.rows(_LOCK, EnrollmentRow, ids=offerings)
    await promote_where_awaited(work, offerings)
    return _Room(await work.rows(_ROOM, EnrollmentRow, ids=offerings))


async def _enroll(state: State, coming: Sequence[_Coming]) -> None:
    room = await _room(state.work, sorted({one.offering for one in coming}))
    pairs = {"people": [one.person for one in coming], "offerings": [one.offering for one in coming]}
    rows = await state.work.rows(_OF_PAIRS, EnrollmentRow, **pairs)
    there = {(row["user_id"], row["course_offering_id"]): row for row in rows}
    known = [one for one in coming if one.pair in there]
    ids = {one.record.sourced_id: there[one.pair]["id"] for one in known}
    free = await claimed(state, ENTITY, FILE, {one.record.sourced_id: one.record for one in known}, ids)
    entering: list[tuple[_Coming, str | None, str]] = []
    staying: list[tuple[_Coming, Row]] = []
    for one in coming:
        row = there.get(one.pair)
        was = None if row is None else row["status"]
        if row is not None and one.record.sourced_id not in free:
            continue
        if row is not None and was not in _COMES_BACK:
            staying.append((one, row))
        elif (status := room.take(one.offering)) is None:
            state.refuse(ENTITY, FILE, one.record, None, "all seats are taken, and so is the waitlist")
        else:
            entering.append((one, was, status))
    entered = await _entered(state, entering)
    await _settle(state, staying)
    names = {one.record: row["id"] for one, row in staying} | {one.record: entered[one.pair] for one, _, _ in entering}
    await keys.remember(
        state.work, ENTITY, {one.sourced_id: Key(number, one.content_hash()) for one, number in names.items()}
    )


async def _entered(state: State, entering: Sequence[tuple[_Coming, str | None, str]]) -> dict[tuple[int, int], int]:
    """Enrol them, write it down and tell it; gives the enrollments by person and offering."""
    state.outcome.of(ENTITY).created += sum(was is None for _, was, _ in entering)
    state.outcome.of(ENTITY).updated += sum(was is not None for _, was, _ in entering)
    if not entering:
        return {}
    rows = await state.work.rows(
        _ENROLL,
        EnrollmentRow,
        people=[one.person for one, _, _ in entering],
        offerings=[one.offering for one, _, _ in entering],
        sections=[one.section for one, _, _ in entering],
        before=[was for _, was, _ in entering],
        statuses=[status for _, _, status in entering],
        changed_by=state.work.viewer.user_id,
        reason=REASON,
    )
    ids = {(row["user_id"], row["course_offering_id"]): row["id"] for row in rows}
    changes = [
        Change(ids[one.pair], None if was is None else {"status": was}, _after(one, status))
        for one, was, status in entering
    ]
    await _write_down(state.work, changes, {ids[one.pair]: (one.offering, one.person, to) for one, _, to in entering})
    return ids


def _after(one: _Coming, status: str) -> dict[str, Any]:
    return {"userId": one.person, "offeringId": one.offering, "sectionId": one.section, "status": status}


async def _settle(state: State, staying: Sequence[tuple[_Coming, Row]]) -> None:
    """Put those who are enrolled already into their sections."""
    moved = [(one, row) for one, row in staying if one.section not in {None, row["section_id"]}]
    state.outcome.of(ENTITY).updated += len(moved)
    state.outcome.of(ENTITY).unchanged += len(staying) - len(moved)
    if moved:
        sections = [one.section for one, _ in moved]
        await state.work.rows(_SET_SECTIONS, EnrollmentRow, ids=[row["id"] for _, row in moved], sections=sections)
        changes = [
            Change(row["id"], {"sectionId": row["section_id"]}, {"sectionId": one.section}) for one, row in moved
        ]
        told = {row["id"]: (one.offering, one.person, row["status"]) for one, row in moved}
        await _write_down(state.work, changes, told)


async def _write_down(work: Work, changes: Sequence[Change], told: Mapping[int, tuple[int, int, str]]) -> None:
    await work.audit_each("enrollment.import", "Enrollment", changes, reason=REASON)
    facts = [
        (number, {"offeringId": offering, "userId": person, "status": status})
        for number, (offering, person, status) in told.items()
    ]
    await work.tell_each("enrollment.changed", "Enrollment", facts)
