"""Who moves up from the waitlist when there are seats."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar

from sqlalchemy import (
    BigInteger,
    Select,
    Text,
    bindparam,
    case,
    cast,
    func,
    insert,
    literal_column,
    null,
    select,
    update,
)

from lms_graphql.catalog.models import CourseOffering
from lms_graphql.engine.rows import Row, record
from lms_graphql.enrollment.models import CourseEnrollment, EnrollmentEvent, enrollment_status_enum
from lms_graphql.enrollment.seats import EVENT_COLUMNS, WAITLIST_IS_OPEN, could_move_up
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

R = TypeVar("R", bound=Row)
_PromotedRow = record("Promoted")
_OFFERING = bindparam("offering_id", type_=BigInteger, required=True)
_REASON = bindparam("reason", type_=Text, required=True)
_HERE = (CourseOffering.university_id == UNIVERSITY, CourseOffering.id == _OFFERING)
_ACTIVE = cast(literal_column("'active'"), enrollment_status_enum)
_WAITLISTED = cast(literal_column("'waitlisted'"), enrollment_status_enum)
SEAT_BECAME_FREE = "A seat became free."


def _promoting() -> Statement:
    waits_since = func.coalesce(CourseEnrollment.waitlisted_at, CourseEnrollment.enrolled_at)
    # GREATEST would take a null for the smallest.
    free = case(
        (CourseOffering.capacity.is_(None), null()),
        else_=func.greatest(CourseOffering.capacity - CourseOffering.seats_taken, 0),
    )
    room = select(cast(free, BigInteger)).where(*_HERE).scalar_subquery()
    first = (
        select(CourseEnrollment.id, CourseEnrollment.waitlisted_at)
        .where(could_move_up(_OFFERING), select(WAITLIST_IS_OPEN).where(*_HERE).scalar_subquery())
        .order_by(waits_since, CourseEnrollment.id)
        .limit(room)  # null, for all of them, where there is no capacity
        .cte("first")
    )
    promoted = (
        update(CourseEnrollment)
        .where(CourseEnrollment.university_id == UNIVERSITY, CourseEnrollment.id == first.c.id)
        .values(status=_ACTIVE)
        .returning(CourseEnrollment.id, CourseEnrollment.user_id, waits_since.label("since"))
        .cte("promoted")
    )
    count = select(func.count()).select_from(promoted).scalar_subquery()
    seats = (
        update(CourseOffering)
        .where(*_HERE, count > 0)
        .values(seats_taken=CourseOffering.seats_taken + count)
        .returning(CourseOffering.id)
        .cte("seats")
    )
    events = (
        insert(EnrollmentEvent)
        .from_select(
            EVENT_COLUMNS,
            select(
                UNIVERSITY,
                promoted.c.id,
                _WAITLISTED,
                _ACTIVE,
                cast(null(), BigInteger),
                _REASON,
            ).select_from(promoted),
        )
        .cte("events")
    )
    shown: Select[Any] = select(promoted.c.id, promoted.c.user_id).order_by(promoted.c.since, promoted.c.id)
    return Statement(shown.add_cte(seats, events))


_PROMOTE = _promoting()


class Writer(Protocol):
    """What runs statements in a transaction, and writes down in it what they did: a Work, or a command's own."""

    async def rows(self, statement: Statement, row: type[R], **parameters: Any) -> list[R]:
        """The rows that a statement gives; the university is bound."""

    async def audit_each(
        self,
        act: str,
        entity: str,
        changes: Sequence[tuple[int, Mapping[str, Any] | None, Mapping[str, Any] | None]],
        *,
        reason: str | None = None,
    ) -> None:
        """Write down what became of each row: its id, what it was, what it is."""

    async def tell_each(self, topic: str, entity: str, events: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
        """Tell others of each row: its id and facts."""


async def promote(work: Writer, offering_id: int) -> list[int]:
    """Give free seats to those who have waited longest and are still members; gives the ids of their enrollments.

    The offering must be locked. Each is written down, and told to others. Nobody moves up once the enrollment dates,
    or the offering, have ended.
    """
    rows = await work.rows(_PROMOTE, _PromotedRow, offering_id=offering_id, reason=SEAT_BECAME_FREE)
    if rows:
        ids = [row["id"] for row in rows]
        await work.audit_each(
            "enrollment.promote",
            "Enrollment",
            [(number, {"status": "waitlisted"}, {"status": "active"}) for number in ids],
            reason=SEAT_BECAME_FREE,
        )
        await work.tell_each(
            "enrollment.changed",
            "Enrollment",
            [(row["id"], {"offeringId": offering_id, "userId": row["user_id"], "status": "active"}) for row in rows],
        )
    return [row["id"] for row in rows]
