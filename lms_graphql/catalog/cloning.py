"""Another run of the same course, set up as an earlier one was: every statement copies all rows of one table.

What people left (enrollments, progress, grades, discussion), and what was settled for single people, is not copied.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy import BigInteger, Integer, Text, and_, bindparam, cast, func, insert, literal, null, select
from sqlalchemy.orm import aliased

from lms_graphql.catalog.entries import OFFERING_FIELDS, SEAT_FIELDS, Field, between, told_as, values_of
from lms_graphql.catalog.models import Course, CourseOfferingInstructor, OfferingSection
from lms_graphql.catalog.offering import ADD, OFFERING, OfferingRow, offering_to_edit, settle_term
from lms_graphql.content.models import ContentItemSetting
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.grades.models import GradeCategory, GradeItem, GradingPolicy
from lms_graphql.storage.statements import Statement, columns
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.tenancy.models import UniversityMember

MOST_DAYS = 3660
SHIFT = ("input", "shiftDays")
_DATES = ("starts_at", "ends_at", "enrollment_start", "enrollment_end", "drop_until")
_FIELDS: Mapping[str, Field] = {
    "shiftDays": Field("days", between(-MOST_DAYS, MOST_DAYS)),
    **{name: OFFERING_FIELDS[name] for name in ("termId", "termName", "visibility")},
}
_Row = record("ClonedRow")
_SOURCE = bindparam("source_id", type_=BigInteger, required=True)
_TARGET = bindparam("target_id", type_=BigInteger, required=True)
# In hours: a day more would be another hour where the clocks of the server's zone change.
_SHIFT = func.make_interval(0, 0, 0, 0, bindparam("hours", type_=Integer, required=True))

_ARCHIVED = Statement(
    select(Course.archived_at).where(
        Course.university_id == UNIVERSITY, Course.id == bindparam("course_id", type_=BigInteger, required=True)
    )
)


def _copying(model: Any, changed: Mapping[str, Any], *conditions: Any, shifted: tuple[str, ...] = ()) -> Statement:
    """The rows of a table that meet the conditions once more, each with what `changed` says; times `shifted` later."""
    own = {"id", "created_at", "updated_at", "version"}
    kept = [column.name for column in model.__table__.columns if column.name not in {*own, *changed}]
    values = {name: getattr(model, name) + _SHIFT if name in shifted else getattr(model, name) for name in kept}
    values |= changed
    rows = select(*values.values()).where(model.university_id == UNIVERSITY, *conditions).order_by(model.id)
    made = insert(model).from_select(list(values), rows, include_defaults=False)
    told = [cast(model.letter_scheme, Text).label("letter_scheme")] if model is GradingPolicy else []
    return Statement(made.returning(*columns(model), *told))


def _section(section_id: Any) -> Any:
    """The copy of a section: the one with the same code."""
    old, new = aliased(OfferingSection), aliased(OfferingSection)
    return (
        select(new.id)
        .join(old, and_(old.university_id == UNIVERSITY, old.code == new.code))
        .where(
            new.university_id == UNIVERSITY,
            new.course_offering_id == _TARGET,
            old.course_offering_id == _SOURCE,
            old.id == section_id,
        )
        .correlate_except(old, new)
        .scalar_subquery()
    )


def _policy(offering_id: Any) -> Any:
    policy = aliased(GradingPolicy)
    found = select(policy.id).where(policy.university_id == UNIVERSITY, policy.course_offering_id == offering_id)
    return found.correlate_except(policy).scalar_subquery()


def _category(category_id: Any) -> Any:
    """The copy of a category of the offering's own policy, by its place; one of the course's policy stays."""
    old, new = aliased(GradeCategory), aliased(GradeCategory)
    copy = (
        select(new.id)
        .join(old, and_(old.university_id == UNIVERSITY, old.position == new.position))
        .where(
            new.university_id == UNIVERSITY,
            new.policy_id == _policy(_TARGET),
            old.policy_id == _policy(_SOURCE),
            old.id == category_id,
        )
        .correlate_except(old, new)
        .scalar_subquery()
    )
    return func.coalesce(copy, category_id)


def _teaches_still() -> Any:
    return (
        select(UniversityMember.user_id)
        .where(
            UniversityMember.university_id == UNIVERSITY,
            UniversityMember.user_id == CourseOfferingInstructor.user_id,
            UniversityMember.status == "active",
        )
        .exists()
    )


def _of_source(model: Any) -> Any:
    return model.course_offering_id == _SOURCE


_AS_TARGET: dict[str, Any] = {"course_offering_id": _TARGET}
_PARTS: Mapping[str, tuple[str, Statement]] = {
    "section": ("OfferingSection", _copying(OfferingSection, _AS_TARGET, _of_source(OfferingSection))),
    "grading_policy": (
        "GradingPolicy",
        _copying(GradingPolicy, {**_AS_TARGET, "version": literal(1, Integer)}, _of_source(GradingPolicy)),
    ),
    "grade_category": (
        "GradeCategory",
        _copying(GradeCategory, {"policy_id": _policy(_TARGET)}, GradeCategory.policy_id == _policy(_SOURCE)),
    ),
    "grade_item": (
        "GradeItem",
        _copying(
            GradeItem,
            {**_AS_TARGET, "grade_category_id": _category(GradeItem.grade_category_id)},
            _of_source(GradeItem),
            shifted=("held_at",),
        ),
    ),
    "item_settings": (
        "ContentItemSetting",
        _copying(
            ContentItemSetting,
            {
                **_AS_TARGET,
                "section_id": _section(ContentItemSetting.section_id),
                "user_id": cast(null(), BigInteger),
                "grade_category_id": _category(ContentItemSetting.grade_category_id),
            },
            _of_source(ContentItemSetting),
            ContentItemSetting.user_id.is_(None),
            shifted=("unlock_at", "due_at", "lock_at"),
        ),
    ),
}
_INSTRUCTORS: Mapping[str, tuple[str, Statement]] = {
    "instructor": (
        "OfferingInstructor",
        _copying(
            CourseOfferingInstructor,
            {**_AS_TARGET, "section_id": _section(CourseOfferingInstructor.section_id)},
            _of_source(CourseOfferingInstructor),
            _teaches_still(),
        ),
    )
}
"""By what the audit log calls it: its entity, and the statement that copies it. Sections and policies come first."""


async def clone_offering(work: Work, given: Given) -> dict[str, Any]:
    """Have a course run once more as it did, all dates later by `shiftDays`; gives `offering_id`.

    With its seats, sections, settings of items, its own grading policy and grade items; with `includeInstructors` also
    who teaches it and is still an active member. In the term that is given, or none, and for nobody to find unless the
    input says otherwise. For who administers the offering; CLOSED where its course is archived.
    """
    source = await offering_to_edit(work, given["offeringId"])
    (course,) = await work.rows(_ARCHIVED, _Row, course_id=source["course_id"])
    if course["archived_at"] is not None:
        raise Refused(UserErrorCode.CLOSED, "its course is archived: restore that first", OFFERING)
    values = values_of(work, given, _FIELDS)
    days = values.pop("days")
    target = await _added(work, source, values, days)
    facts = {**told_as(dict(target.items())), "clonedFrom": source["id"], "shiftDays": days}
    await work.audit("offering.clone", "CourseOffering", target["id"], after=facts)
    parts = {**_PARTS, **(_INSTRUCTORS if given.get("includeInstructors") else {})}
    for name, (entity, statement) in parts.items():
        rows = await work.rows(statement, _Row, source_id=source["id"], target_id=target["id"], hours=24 * days)
        await work.audit_each(f"{name}.clone", entity, [(row["id"], None, _told(row)) for row in rows])
    await work.tell("offering.changed", "CourseOffering", target["id"])
    return {"offering_id": target["id"]}


async def _added(work: Work, source: Row, values: dict[str, Any], days: int) -> Row:
    """The new offering by itself."""
    kept = ("certificate_valid_days", *(field.column for field in SEAT_FIELDS.values()))
    whole = {"term_id": None, "term_name": None, "visibility": "private", **{name: source[name] for name in kept}}
    try:
        whole |= {name: source[name] and source[name] + timedelta(days=days) for name in _DATES}
    except OverflowError:
        raise Refused(UserErrorCode.INVALID, "a date would be too early or too late", SHIFT) from None
    whole |= values
    await settle_term(work, whole)
    bound = {f"new_{name}": value for name, value in whole.items()}
    (row,) = await work.rows(ADD, OfferingRow, new_course_id=source["course_id"], **bound)
    return row


def _told(row: Row) -> dict[str, Any]:
    facts = told_as(dict(row.items()))
    if "letterScheme" in facts:
        facts["letterScheme"] = orjson.loads(facts["letterScheme"])
    return facts
