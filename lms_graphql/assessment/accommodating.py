"""What an offering asks of an item of one person alone: other dates, more time, more attempts."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, DateTime, Integer, Select, Text, and_, bindparam, cast, select, update
from sqlalchemy.dialects.postgresql import insert

from lms_graphql.assessment.conditions import Conditions, conditions_of
from lms_graphql.assessment.models import QuizAttempt
from lms_graphql.catalog.models import CourseOffering
from lms_graphql.catalog.policy import may_run_offering, visible_offerings
from lms_graphql.catalog.reach import department_of_course
from lms_graphql.content.loaders import TYPENAMES
from lms_graphql.content.models import ContentItem, ContentItemSetting
from lms_graphql.engine.context import Viewer
from lms_graphql.engine.dataloaders import prepared
from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

_LONGEST_REASON = 255
_DATES = {"unlockAt": "unlock_at", "dueAt": "due_at", "lockAt": "lock_at"}
_NUMBERS = {"extraTimeSeconds": ("extra_time_seconds", 604_800), "extraAttempts": ("extra_attempts", 1000)}
_COLUMNS = {**_DATES, **{name: column for name, (column, _) in _NUMBERS.items()}}

_OfferingRow = record("CourseOffering")
_ItemRow = record("ContentItem")
_EnrollmentRow = record("Enrollment")
_SettingRow = record("SettingOverride")
_AttemptRow = record("QuizAttempt")


def _id(name: str) -> Any:
    return bindparam(name, type_=BigInteger, required=True)


_ITEM = Statement(
    select(
        ContentItem.id,
        cast(ContentItem.content_type, Text).label("content_type"),
        ContentItem.data_json.label("payload_json"),
    ).where(
        ContentItem.university_id == UNIVERSITY,
        ContentItem.id == _id("item_id"),
        ContentItem.course_id == _id("course_id"),
    )
)
# The lock makes those who set something for the same person take turns, and who begins an attempt wait.
_ENROLLMENT = Statement(
    select(CourseEnrollment.user_id, CourseEnrollment.section_id)
    .where(
        CourseEnrollment.university_id == UNIVERSITY,
        CourseEnrollment.course_offering_id == _id("offering_id"),
        CourseEnrollment.user_id == _id("person_id"),
    )
    .with_for_update(key_share=True)
)
_HERE = and_(
    ContentItemSetting.university_id == UNIVERSITY,
    ContentItemSetting.course_offering_id == _id("offering_id"),
    ContentItemSetting.content_item_id == _id("item_id"),
    ContentItemSetting.user_id == _id("person_id"),
)
_SET = Statement(
    select(ContentItemSetting.id, *(ContentItemSetting.__table__.c[name] for name in _COLUMNS.values())).where(_HERE)
)
_values = {
    name: bindparam(f"new_{name}", type_=DateTime(timezone=True) if name.endswith("_at") else Integer, required=True)
    for name in _COLUMNS.values()
}
_WRITE = Statement(
    insert(ContentItemSetting)
    .values(
        university_id=UNIVERSITY,
        course_id=_id("course_id"),
        course_offering_id=_id("offering_id"),
        content_item_id=_id("item_id"),
        user_id=_id("person_id"),
        **_values,
    )
    .on_conflict_do_update(constraint="uq_content_item_settings_scope", set_=_values)
    .returning(ContentItemSetting.id)
)
_OPEN = Statement(
    select(QuizAttempt.id, QuizAttempt.started_at, QuizAttempt.deadline_at)
    .where(
        QuizAttempt.university_id == UNIVERSITY,
        QuizAttempt.course_offering_id == _id("offering_id"),
        QuizAttempt.content_item_id == _id("item_id"),
        QuizAttempt.user_id == _id("person_id"),
        QuizAttempt.submitted_at.is_(None),
    )
    .with_for_update(key_share=True)
)
_MOVE = Statement(
    update(QuizAttempt)
    .where(QuizAttempt.university_id == UNIVERSITY, QuizAttempt.id == _id("attempt_id"))
    .values(deadline_at=bindparam("ends_at", type_=DateTime(timezone=True), required=True))
)


async def set_item_override(work: Work, given: Given) -> dict[str, Any]:
    """Write what is set for one person; gives `override_id`. An open attempt gets the deadline that follows."""
    university = work.viewer.university_id
    offering = await _offering(work, number_of(given["offeringId"], "CourseOffering", university))
    names = (number_of(given["contentItemId"], kind, university) for kind in TYPENAMES.values())
    item_id = next((number for number in names if number is not None), None)
    person_id = number_of(given["userId"], "User", university)
    item = await _item(work, item_id, offering)
    section = await _section(work, person_id, offering)
    if not may_run_offering(work.viewer, offering):
        raise Refused(UserErrorCode.FORBIDDEN, "only who runs the offering sets dates", ("input", "offeringId"))
    reason = line(given["reason"], ("input", "reason"), most=_LONGEST_REASON)
    wanted = _wanted(given)
    who = {"offering_id": offering["id"], "item_id": item["id"], "person_id": person_id}
    before = await work.one(_SET, _SettingRow, **who)
    now_set = {name: None if before is None else before[name] for name in _COLUMNS.values()}
    if before is not None and now_set | wanted == now_set:
        work.nothing_changed()
        return {"override_id": before["id"]}
    values = {f"new_{name}": value for name, value in (now_set | wanted).items()}
    written = await work.one(_WRITE, _SettingRow, course_id=offering["course_id"], **who, **values)
    if written is None:
        raise RuntimeError("an INSERT gave no row")
    moved = await _move(work, item, offering, who, section)
    audited = {"userId": person_id, "offeringId": offering["id"], "contentItemId": item["id"]}
    await work.audit(
        "override.set",
        "SettingOverride",
        written["id"],
        before=None if before is None else {**audited, **now_set},
        after={**audited, **now_set, **wanted, **moved},
        reason=reason,
    )
    await work.tell("override.set", "SettingOverride", written["id"], **audited)
    return {"override_id": written["id"]}


def _visible_offering(viewer: Viewer) -> Select[Any]:
    department = department_of_course(CourseOffering.course_id).label("department_id")
    shown: tuple[Any, ...] = (CourseOffering.id, CourseOffering.course_id, department)
    return select(*shown).where(CourseOffering.id == _id("offering_id"), visible_offerings(viewer))


async def _offering(work: Work, number: int | None) -> Row:
    viewer = work.viewer
    statement = prepared(("offering of override", viewer.standing), lambda: _visible_offering(viewer))
    row = None if number is None else await work.one(statement, _OfferingRow, offering_id=number)
    if row is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such offering", ("input", "offeringId"))
    return row


async def _item(work: Work, number: int | None, offering: Row) -> Row:
    given = {"item_id": number, "course_id": offering["course_id"]}
    row = None if number is None else await work.one(_ITEM, _ItemRow, **given)
    if row is None:
        raise Refused(UserErrorCode.NOT_FOUND, "its course has no such item", ("input", "contentItemId"))
    return row


async def _section(work: Work, person_id: int | None, offering: Row) -> int | None:
    """The section of a person of the offering, whose enrollment is locked from now on."""
    given = {"offering_id": offering["id"], "person_id": person_id}
    row = None if person_id is None else await work.one(_ENROLLMENT, _EnrollmentRow, **given)
    if row is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such person in the offering", ("input", "userId"))
    section: int | None = row["section_id"]
    return section


def _wanted(given: Given) -> dict[str, Any]:
    """The columns that are to be changed, with their new values."""
    for name, (_, most) in _NUMBERS.items():
        value = given.get(name)
        if value is not None and not 0 <= value <= most:
            raise Refused(UserErrorCode.INVALID, f"this must be from 0 to {most}", ("input", name))
    wanted = {column: given[name] for name, column in _COLUMNS.items() if name in given}
    if not wanted:
        raise Refused(UserErrorCode.INVALID, "give at least one thing that is to be set", ("input",))
    return wanted


async def _move(work: Work, item: Row, offering: Row, who: Mapping[str, Any], section: int | None) -> dict[str, Any]:
    """Give an open attempt of the person the deadline that it would have now; what of it is to be audited."""
    if item["content_type"] != "quiz":
        return {}
    attempt = await work.one(_OPEN, _AttemptRow, **who)
    if attempt is None:
        return {}
    conditions: Conditions | None = await conditions_of(work, item, offering["id"], who["person_id"], section)
    deadline = None if conditions is None else conditions.deadline(attempt["started_at"])
    if conditions is None or deadline == attempt["deadline_at"]:
        return {}
    await work.rows(_MOVE, _AttemptRow, attempt_id=attempt["id"], ends_at=deadline)
    return {"attemptId": attempt["id"], "deadlineAt": deadline}
