"""That somebody leaves everything at once: what erasing a person does to their enrollments.

`LOCK_ALL` must be run first. Both bind `person`; `LEAVE_ALL` also `erased_at`, when it happens, and `erased_by`, and
tells how many enrollments have `changed`, each with an event, and the ids of the offerings in which a seat is `freed`,
which who waits gets by `promoting.promote`.
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    DateTime,
    Text,
    bindparam,
    cast,
    func,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased

from lms_graphql.catalog.models import CourseOffering
from lms_graphql.enrollment.models import CourseEnrollment, EnrollmentEvent, enrollment_status_enum
from lms_graphql.enrollment.seats import EVENT_COLUMNS
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

_AT = bindparam("erased_at", type_=DateTime(timezone=True), required=True)
_DROPPED = cast(literal_column("'dropped'"), enrollment_status_enum)
_MINE = (
    CourseEnrollment.university_id == UNIVERSITY,
    CourseEnrollment.user_id == bindparam("person", type_=BigInteger, required=True),
)
_STATUS = cast(CourseEnrollment.status, Text)
_STILL = _STATUS.in_([literal_column(f"'{status}'", Text) for status in ("pending", "waitlisted", "active")])

_offerings = (
    select(CourseOffering.id)
    .where(
        CourseOffering.university_id == UNIVERSITY,
        CourseOffering.id.in_(select(CourseEnrollment.course_offering_id).where(*_MINE, _STILL)),
    )
    .order_by(CourseOffering.id)
    .with_for_update(key_share=True)
    .cte("locked")
)
LOCK_ALL = Statement(select(func.count().label("locked")).select_from(_offerings))


def _leaving() -> Statement:
    old = (
        select(CourseEnrollment.id, CourseEnrollment.course_offering_id, _STATUS.label("status"))
        .where(*_MINE, _STILL)
        .with_for_update(key_share=True)
        .cte("old")
    )
    enrollment = aliased(CourseEnrollment)
    dropped = (
        update(enrollment)
        .where(enrollment.university_id == UNIVERSITY, enrollment.id == old.c.id)
        .values(status=_DROPPED, updated_at=_AT)
        .returning(enrollment.id)
        .cte("dropped")
    )
    event = [
        UNIVERSITY,
        old.c.id,
        cast(old.c.status, enrollment_status_enum),
        _DROPPED,
        bindparam("erased_by", type_=BigInteger, required=True),
        cast(literal_column("NULL"), Text),
        _AT,
    ]
    events = insert(EnrollmentEvent).from_select([*EVENT_COLUMNS, "occurred_at"], select(*event).select_from(old))
    seats = (
        update(CourseOffering)
        .where(
            CourseOffering.university_id == UNIVERSITY,
            CourseOffering.id == old.c.course_offering_id,
            old.c.status == "active",
        )
        .values(seats_taken=CourseOffering.seats_taken - 1, updated_at=_AT)
        .returning(CourseOffering.id)
        .cte("seats")
    )
    changed = select(func.count()).select_from(dropped).scalar_subquery()
    left = func.array_agg(aggregate_order_by(seats.c.id, seats.c.id))
    freed = select(func.coalesce(left, cast(literal_column("'{}'"), ARRAY(BigInteger)))).scalar_subquery()
    return Statement(select(changed.label("changed"), freed.label("freed")).add_cte(events.cte("events")))


LEAVE_ALL = _leaving()
