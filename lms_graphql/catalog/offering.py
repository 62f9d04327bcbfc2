"""Runs of a course: added, and their dates and who may find them changed."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import BigInteger, DateTime, Integer, Text, bindparam, insert, select, update

from lms_graphql.catalog.editing import COURSE, EDITORS, allowed, course_to_edit
from lms_graphql.catalog.entries import OFFERING_FIELDS, SEAT_FIELDS, not_there, told_as, values_of
from lms_graphql.catalog.models import CourseOffering, Term
from lms_graphql.catalog.policy import (
    may_administer_course,
    may_administer_offering,
    offering_department,
    visible_offerings,
)
from lms_graphql.engine.context import Viewer
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work, require_version
from lms_graphql.enrollment import promoting
from lms_graphql.storage.statements import Statement, columns
from lms_graphql.storage.tenancy import UNIVERSITY

OFFERING = ("input", "offeringId")
TERM = ("input", "termId")
OfferingRow = record("EditedOffering")
_OFFERING = bindparam("offering_id", type_=BigInteger, required=True)
_TIME = DateTime(timezone=True)
_TYPES: Mapping[str, Any] = {
    **dict.fromkeys(("starts_at", "ends_at", "enrollment_start", "enrollment_end", "drop_until"), _TIME),
    **dict.fromkeys(("term_id",), BigInteger()),
    **dict.fromkeys(("certificate_valid_days", "capacity", "waitlist_capacity"), Integer()),
}
_DEFAULTS: Mapping[str, Any] = {
    **{field.column: None for field in (*OFFERING_FIELDS.values(), *SEAT_FIELDS.values())},
    "visibility": "private",
    "enrollment_mode": "open",
}


def _bound(name: str) -> Any:
    return bindparam(f"new_{name}", type_=_TYPES.get(name, Text()), required=True)


def _offering(viewer: Viewer) -> Any:
    return (
        select(*columns(CourseOffering), *offering_department(viewer))
        .where(CourseOffering.id == _OFFERING, visible_offerings(viewer))
        .with_for_update(of=CourseOffering, key_share=True)
    )


_OFFERINGS = {standing: Statement(_offering(Viewer(standing=standing))) for standing in EDITORS}
_TERM = Statement(
    select(Term.id, Term.name).where(
        Term.university_id == UNIVERSITY, Term.id == bindparam("term_id", type_=BigInteger, required=True)
    )
)
ADD = Statement(
    insert(CourseOffering)
    .values(
        university_id=UNIVERSITY,
        course_id=bindparam("new_course_id", type_=BigInteger, required=True),
        **{name: _bound(name) for name in _DEFAULTS},
    )
    .returning(*columns(CourseOffering))
)
"""Binds `new_course_id`, and `new_` with the column of each of OFFERING_FIELDS and SEAT_FIELDS; gives the row."""
_CHANGED = [field.column for field in OFFERING_FIELDS.values()]
_CHANGE = Statement(
    update(CourseOffering)
    .where(CourseOffering.university_id == UNIVERSITY, CourseOffering.id == _OFFERING)
    .values({name: _bound(name) for name in _CHANGED})
)


async def offering_to_edit(
    work: Work,
    text: str,
    path: tuple[str, ...] = OFFERING,
    *,
    may: Callable[[Viewer, Mapping[str, Any]], bool] = may_administer_offering,
) -> Row:
    """The offering that a global id names, locked; NOT_FOUND if the viewer does not see it, FORBIDDEN unless `may`."""
    number = number_of(text, "CourseOffering", work.viewer.university_id)
    return await lock_offering(work, number, path, "offering", may)


async def lock_offering(
    work: Work, number: int | None, path: tuple[str, ...], word: str, may: Callable[[Viewer, Mapping[str, Any]], bool]
) -> Row:
    """As `offering_to_edit`, by its number, for what hangs on it and is called `word` to the viewer."""
    row = None if number is None else await work.one(_OFFERINGS[work.viewer.standing], OfferingRow, offering_id=number)
    return allowed(work, row, path, word, may)


async def create_offering(work: Work, given: Given) -> dict[str, Any]:
    """Have a course run once more, for nobody to find unless the input says otherwise; gives `offering_id`.

    For who administers the course. CLOSED where it is archived.
    """
    course = await course_to_edit(work, given["courseId"], may=may_administer_course)
    if course["archived_at"] is not None:
        raise Refused(UserErrorCode.CLOSED, "the course is archived: restore it first", COURSE)
    values = {**_DEFAULTS, **values_of(work, given, {**OFFERING_FIELDS, **SEAT_FIELDS})}
    await settle_term(work, values)
    require_order(values)
    bound = {f"new_{name}": value for name, value in values.items()}
    (row,) = await work.rows(ADD, OfferingRow, new_course_id=course["id"], **bound)
    await work.audit("offering.create", "CourseOffering", row["id"], after=told_as(dict(row.items())))
    await work.tell("offering.changed", "CourseOffering", row["id"])
    return {"offering_id": row["id"]}


async def update_offering(work: Work, given: Given) -> dict[str, Any]:
    """Change what is given of when an offering runs, for whom, and for how long its certificates hold.

    Gives `offering_id` and `promoted`: where people may enrol again, who waits gets what seats there are.
    """
    offering = await offering_to_edit(work, given["offeringId"])
    require_version(offering["version"], given.get("expectedVersion"))
    values = values_of(work, given, OFFERING_FIELDS)
    await settle_term(work, values)
    new = {name: value for name, value in values.items() if value != offering[name]}
    if not new:
        work.nothing_changed()
        return {"offering_id": offering["id"], "promoted": 0}
    whole = {name: new.get(name, offering[name]) for name in _CHANGED}
    require_order(whole)
    bound = {f"new_{name}": value for name, value in whole.items()}
    await work.rows(_CHANGE, OfferingRow, offering_id=offering["id"], **bound)
    before, after = told_as(offering, new), told_as(new)
    await work.audit("offering.update", "CourseOffering", offering["id"], before=before, after=after)
    await work.tell("offering.changed", "CourseOffering", offering["id"])
    may_be_open = {"ends_at", "enrollment_end"} & set(new)
    promoted = await promoting.promote(work, offering["id"]) if may_be_open else []
    return {"offering_id": offering["id"], "promoted": len(promoted)}


async def settle_term(work: Work, values: dict[str, Any]) -> None:
    """That the term is there; an offering that is given one, and no name for it, gets the term's."""
    if values.get("term_id") is None:
        return
    term = await work.one(_TERM, OfferingRow, term_id=values["term_id"])
    if term is None:
        raise not_there("term", TERM)
    if values.get("term_name") is None:
        values["term_name"] = term["name"]


def require_order(values: Mapping[str, Any]) -> None:
    """That what begins begins before it ends."""
    for first, last, path in (
        ("starts_at", "ends_at", ("input", "endsAt")),
        ("enrollment_start", "enrollment_end", ("input", "enrollmentEndsAt")),
    ):
        if values[first] is not None and values[last] is not None and values[last] <= values[first]:
            raise Refused(UserErrorCode.INVALID, "this must be later than the beginning", path)
