"""What becomes of what has left a roster: nothing is deleted that anybody has learnt in.

People are deactivated, enrollments dropped (a completed one stays), teaching and roles taken away; courses are no
longer published, offerings private and closed. Departments, terms and sections stay.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Integer,
    Text,
    any_,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from lms_graphql.catalog.models import CourseOffering
from lms_graphql.engine.rows import Row
from lms_graphql.engine.work import Change
from lms_graphql.enrollment import seats
from lms_graphql.enrollment.models import CourseEnrollment, EnrollmentEvent, enrollment_status_enum
from lms_graphql.interop.oneroster import keys, kinds
from lms_graphql.interop.oneroster.enrolling import EnrollmentRow, promote_where_awaited
from lms_graphql.interop.oneroster.state import State, gone_of
from lms_graphql.interop.oneroster.tables import Table, TableRow
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY, USER
from lms_graphql.tenancy.models import UserUniversityRole

REASON = "Not in the roster any more."
_IDS = bindparam("ids", type_=ARRAY(BigInteger), required=True)
_STATUS = cast(CourseEnrollment.status, Text)
_STILL = _STATUS.in_([literal_column(f"'{status}'", Text) for status in ("pending", "waitlisted", "active")])
_DROPPED = cast(literal_column("'dropped'"), enrollment_status_enum)
_MINE = (CourseEnrollment.university_id == UNIVERSITY, CourseEnrollment.id == any_(_IDS))

# ---- enrollments

_LOCK_OFFERINGS = Statement(
    select(CourseOffering.id)
    .where(
        CourseOffering.university_id == UNIVERSITY,
        CourseOffering.id.in_(select(CourseEnrollment.course_offering_id).where(*_MINE, _STILL)),
    )
    .order_by(CourseOffering.id)
    .with_for_update(key_share=True)
)


def _dropping() -> Statement:
    old = (
        select(
            CourseEnrollment.id,
            CourseEnrollment.user_id,
            CourseEnrollment.course_offering_id,
            _STATUS.label("status"),
        )
        .where(*_MINE, _STILL)
        .with_for_update(key_share=True)
        .cte("old")
    )
    dropped = (
        update(CourseEnrollment)
        .where(CourseEnrollment.university_id == UNIVERSITY, CourseEnrollment.id == old.c.id)
        .values(status=_DROPPED)
        .returning(CourseEnrollment.id)
        .cte("dropped")
    )
    by, why = bindparam("changed_by", type_=BigInteger, required=True), bindparam("reason", type_=Text, required=True)
    event = [UNIVERSITY, old.c.id, cast(old.c.status, enrollment_status_enum), _DROPPED, by, why]
    events = insert(EnrollmentEvent).from_select(seats.EVENT_COLUMNS, select(*event).select_from(old)).cte("events")
    freed = (
        select(old.c.course_offering_id, func.count().label("number"))
        .where(old.c.status == "active")
        .group_by(old.c.course_offering_id)
        .cte("freed")
    )
    given_back = (
        update(CourseOffering)
        .where(CourseOffering.university_id == UNIVERSITY, CourseOffering.id == freed.c.course_offering_id)
        .values(seats_taken=CourseOffering.seats_taken - cast(freed.c.number, Integer))
        .returning(CourseOffering.id)
        .cte("given_back")
    )
    return Statement(
        select(old.c.id, old.c.user_id, old.c.course_offering_id, old.c.status).add_cte(dropped, events, given_back)
    )


_DROP = _dropping()


async def drop(state: State, ids: Sequence[int]) -> None:
    """Drop enrollments; their seats go to those who have waited longest."""
    work = state.work
    await work.rows(_LOCK_OFFERINGS, EnrollmentRow, ids=list(ids))
    rows = await work.rows(_DROP, EnrollmentRow, ids=list(ids), changed_by=work.viewer.user_id, reason=REASON)
    if not rows:
        return
    state.outcome.of("enrollment").deactivated += len(rows)
    changes = [Change(row["id"], {"status": row["status"]}, {"status": "dropped"}) for row in rows]
    await work.audit_each("enrollment.import", "Enrollment", changes, reason=REASON)
    facts = [
        (row["id"], {"offeringId": row["course_offering_id"], "userId": row["user_id"], "status": "dropped"})
        for row in rows
    ]
    await work.tell_each("enrollment.changed", "Enrollment", facts)
    freed = sorted({row["course_offering_id"] for row in rows if row["status"] == "active"})
    await promote_where_awaited(work, freed)


# ---- rights, which are taken away


def _taking_away(table: Table, *conditions: Any) -> Statement:
    model = table.kind.model
    shown = [cast(getattr(model, name), Text) if name == "role" else getattr(model, name) for name in table.kind.names]
    return Statement(
        delete(model)
        .where(model.university_id == UNIVERSITY, model.id == any_(_IDS), *conditions)
        .returning(model.id, *(column.label(name) for name, column in zip(table.kind.names, shown, strict=True)))
    )


_TAKE_ROLES = _taking_away(
    kinds.ROLES,
    # Nobody shuts themselves out.
    or_(UserUniversityRole.user_id != USER, cast(UserUniversityRole.role, Text) != "university_admin"),
)
_TAKE_TEACHING = _taking_away(kinds.INSTRUCTORS)


async def take_away(state: State, table: Table, statement: Statement, ids: Sequence[int]) -> None:
    """Take roles, or teaching, away."""
    rows = await state.work.rows(statement, TableRow, ids=list(ids))
    names = table.kind.names
    await _write_down(
        state, table, [Change(row["id"], {names[name]: row[name] for name in names}, None) for row in rows]
    )


# ---- what stays, changed


def _closing(table: Table, values: Mapping[str, Any], *conditions: Any) -> Statement:
    """Give these columns these values; the rows tell those that there were."""
    model, number = table.kind.model, table.kind.number
    column = getattr(model, number)
    old = (
        select(column.label("number"), *(getattr(model, name).label(name) for name in values))
        .where(
            model.university_id == UNIVERSITY,
            column == any_(_IDS),
            or_(*(getattr(model, name) != value for name, value in values.items())),
            *conditions,
        )
        .with_for_update(key_share=True)
        .cte("old")
    )
    changed = (
        update(model)
        .where(model.university_id == UNIVERSITY, column == old.c.number)
        .values(**values)
        .returning(column)
        .cte("changed")
    )
    return Statement(select(old).add_cte(changed))


_CLOSED: dict[str, dict[str, Any]] = {
    "member": {"status": "inactive"},
    "course": {"is_published": False},
    "offering": {"visibility": "private", "enrollment_mode": "closed"},
}
_CLOSE = {
    "member": _closing(
        kinds.MEMBERS,
        _CLOSED["member"],
        kinds.MEMBERS.kind.model.status != "erased",
        kinds.MEMBERS.kind.model.user_id != USER,
    ),
    "course": _closing(kinds.COURSES, _CLOSED["course"]),
    "offering": _closing(kinds.OFFERINGS, _CLOSED["offering"]),
}


async def close(state: State, table: Table, ids: Sequence[int]) -> None:
    """Deactivate people, or take courses and offerings out of sight; others stay as they are."""
    statement = _CLOSE.get(table.kind.entity)
    if statement is None:
        return
    rows = await state.work.rows(statement, TableRow, ids=list(ids))
    to_be = _CLOSED[table.kind.entity]
    names = table.kind.names
    await _write_down(state, table, [_closed(row, to_be, names) for row in rows])


def _closed(row: Row, to_be: Mapping[str, Any], names: Mapping[str, str]) -> Change:
    different = [name for name in to_be if row[name] != to_be[name]]
    return Change(
        row["number"],
        {names[name]: row[name] for name in different},
        {names[name]: to_be[name] for name in different},
    )


async def _write_down(state: State, table: Table, changes: Sequence[Change]) -> None:
    if changes:
        kind = table.kind
        state.outcome.of(kind.entity).deactivated += len(changes)
        await state.work.audit_each(f"{kind.entity}.import", kind.typename, changes, reason=REASON)
        events: list[tuple[int, dict[str, Any]]] = [(change.entity_id, {}) for change in changes]
        await state.work.tell_each(f"{kind.entity}.changed", kind.typename, events)


# ---- all of it

MOST = 1000
"""How many rows leave in one step."""


async def count(state: State, entity: str) -> tuple[int, int]:
    """How many of a kind would leave, and of how many that came by earlier rosters."""
    live = await keys.live(state.work, entity)
    return len(_gone(state, entity, live)), len(live)


def _gone(state: State, entity: str, live: Mapping[str, int]) -> list[str]:
    table = _TABLES.get(entity)
    file = "enrollments" if table is None else table.kind.file
    return gone_of(state.roster, file, list(live), is_whole=file in state.whole)


async def retire(state: State, entity: str) -> int:
    """Let the next ones of a kind leave; gives how many, fewer than MOST when there are no more."""
    table = _TABLES.get(entity)
    live = await keys.live(state.work, entity)
    names = _gone(state, entity, live)[:MOST]
    ids = [live[name] for name in names]
    if not ids:
        return 0
    if table is None:
        await drop(state, ids)
    elif entity in _TAKEN:
        await take_away(state, table, _TAKEN[entity], ids)
        await keys.forget(state.work, entity, names)
        return len(names)
    else:
        await close(state, table, ids)
    await keys.retire(state.work, entity, names)
    return len(names)


_TAKEN = {"role": _TAKE_ROLES, "instructor": _TAKE_TEACHING}
_TABLES = {
    table.kind.entity: table
    for table in (
        *(kinds.DEPARTMENTS, kinds.TERMS, kinds.COURSES, kinds.OFFERINGS, kinds.SECTIONS, kinds.MEMBERS),
        *(kinds.ROLES, kinds.INSTRUCTORS),
    )
}
