"""Final grades that are set by hand, and what people are excused from."""

from typing import Any

from sqlalchemy import BigInteger, Numeric, String, Text, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from lms_graphql.catalog.policy import may_run_offering
from lms_graphql.content.models import ContentItem
from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.grades.calculation import MOST_SCORE
from lms_graphql.grades.gradebook import GRADED_KINDS
from lms_graphql.grades.models import CourseGrade, GradeExemption, GradeItem, GradeOverride
from lms_graphql.grades.numbers import exact
from lms_graphql.grades.offerings import not_found, number, require_offering, require_open, require_person
from lms_graphql.grades.recording import grades_changed
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY, USER

_OverrideRow = record("GradeOverride")
_LONGEST_REASON, _LONGEST_LETTER = 1000, 8
_OFFERING = bindparam("offering_id", type_=BigInteger)
_PERSON = bindparam("person_id", type_=BigInteger)
_HERE = (
    GradeOverride.university_id == UNIVERSITY,
    GradeOverride.course_offering_id == _OFFERING,
    GradeOverride.user_id == _PERSON,
)
_GRADE = Statement(
    select(CourseGrade.id).where(
        CourseGrade.university_id == UNIVERSITY,
        CourseGrade.course_offering_id == _OFFERING,
        CourseGrade.user_id == _PERSON,
    )
)
_FOUND = Statement(select(GradeOverride.final_score, GradeOverride.letter_grade, GradeOverride.reason).where(*_HERE))
_REMOVE = Statement(delete(GradeOverride).where(*_HERE))


def _set() -> Any:
    given = {
        "final_score": bindparam("final_score", type_=Numeric),
        "letter_grade": bindparam("letter_grade", type_=String),
        "reason": bindparam("reason", type_=Text),
        "overridden_by": USER,
    }
    rows = upsert(GradeOverride).values(
        university_id=UNIVERSITY, course_offering_id=_OFFERING, user_id=_PERSON, **given
    )
    return rows.on_conflict_do_update(
        index_elements=["university_id", "course_offering_id", "user_id"],
        set_={name: rows.excluded[name] for name in given},
    )


_SET = Statement(_set())


def reason_of(given: Given) -> str:
    """Why: one line."""
    return line(given["reason"], ("input", "reason"), most=_LONGEST_REASON)


async def _person(work: Work, given: Given) -> tuple[Row, int]:
    """The offering and the person of an input, whose grade the viewer may settle by hand; locked."""
    offering_id = number(work, given["offeringId"], "CourseOffering", "offeringId")
    user_id = number(work, given["userId"], "User", "userId")
    offering = await require_offering(work, offering_id, may_run_offering, "offeringId")
    await require_person(work, offering, user_id, "userId")
    return offering, user_id


async def override_grade(work: Work, given: Given) -> dict[str, Any]:
    """Set a final grade by hand, which then wins over the one that is worked out; gives `grade_id`."""
    offering, user_id = await _person(work, given)
    score = exact(given["finalScore"], ("input", "finalScore"), least=_NOTHING, most=MOST_SCORE)
    letter = given.get("letterGrade")
    if letter is not None:
        letter = line(letter, ("input", "letterGrade"), most=_LONGEST_LETTER)
    reason = reason_of(given)
    await require_open(work, offering["id"])
    place = {"offering_id": offering["id"], "person_id": user_id}
    before = await work.one(_FOUND, _OverrideRow, **place)
    after = {"finalScore": score, "letterGrade": letter, "reason": reason}
    await work.rows(_SET, _OverrideRow, final_score=score, letter_grade=letter, reason=reason, **place)
    await _audit(work, "grade.override", place, _told(before), after, reason)
    await grades_changed(work, offering["id"], [user_id], by_hand=True, reason=reason)
    return await _grade(work, place)


_NOTHING = MOST_SCORE - MOST_SCORE


async def remove_override(work: Work, given: Given) -> dict[str, Any]:
    """Let a final grade be worked out again; gives `grade_id`."""
    offering, user_id = await _person(work, given)
    reason = reason_of(given)
    await require_open(work, offering["id"])
    place = {"offering_id": offering["id"], "person_id": user_id}
    before = await work.one(_FOUND, _OverrideRow, **place)
    if before is None:
        work.nothing_changed()
        return await _grade(work, place)
    await work.rows(_REMOVE, _OverrideRow, **place)
    await _audit(work, "grade.remove_override", place, _told(before), None, reason)
    await grades_changed(work, offering["id"], [user_id], by_hand=True, reason=reason, emptied=True)
    return await _grade(work, place)


async def _audit(
    work: Work, act: str, place: dict[str, int], before: Any, after: dict[str, Any] | None, reason: str
) -> None:
    whose = {"offeringId": place["offering_id"], "userId": place["person_id"]}
    await work.audit(
        act,
        "GradeOverride",
        place["person_id"],
        before=None if before is None else {**whose, **before},
        after={**whose, **(after or {})} if after is not None else whose,
        reason=reason,
    )


def _told(row: Row | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {"finalScore": row["final_score"], "letterGrade": row["letter_grade"], "reason": row["reason"]}


async def _grade(work: Work, place: dict[str, int]) -> dict[str, Any]:
    row = await work.one(_GRADE, _OverrideRow, **place)
    return {"grade_id": None if row is None else row["id"]}


# ---- exemptions

_ExemptionRow = record("GradeExemption")
_CONTENT = Statement(
    select(ContentItem.id).where(
        ContentItem.university_id == UNIVERSITY,
        ContentItem.id == bindparam("item_id", type_=BigInteger),
        ContentItem.course_id == bindparam("course_id", type_=BigInteger),
        ContentItem.is_active.is_(True),
    )
)
_GRADE_ITEM = Statement(
    select(GradeItem.id).where(
        GradeItem.university_id == UNIVERSITY,
        GradeItem.id == bindparam("item_id", type_=BigInteger),
        GradeItem.course_offering_id == _OFFERING,
    )
)
_CONTENT_ID = bindparam("content_item_id", type_=BigInteger)
_GRADE_ITEM_ID = bindparam("grade_item_id", type_=BigInteger)
_EXCUSE = Statement(
    upsert(GradeExemption)
    .values(
        university_id=UNIVERSITY,
        course_id=bindparam("course_id", type_=BigInteger),
        course_offering_id=_OFFERING,
        user_id=_PERSON,
        content_item_id=_CONTENT_ID,
        grade_item_id=_GRADE_ITEM_ID,
        reason=bindparam("reason", type_=Text),
        excused_by=USER,
    )
    .on_conflict_do_nothing(constraint="uq_grade_exemptions_item")
    .returning(GradeExemption.id)
)
_INCLUDE = Statement(
    delete(GradeExemption)
    .where(
        GradeExemption.university_id == UNIVERSITY,
        GradeExemption.course_offering_id == _OFFERING,
        GradeExemption.user_id == _PERSON,
        func.coalesce(GradeExemption.content_item_id, 0) == func.coalesce(_CONTENT_ID, 0),
        func.coalesce(GradeExemption.grade_item_id, 0) == func.coalesce(_GRADE_ITEM_ID, 0),
    )
    .returning(GradeExemption.id)
)


async def excuse_item(work: Work, given: Given) -> dict[str, Any]:
    """Excuse a person from an item, or take that back; gives `grade_id`."""
    content_id, grade_item_id = _item_ids(work, given)
    offering, user_id = await _person(work, given)
    await _require_item(work, offering, content_id, grade_item_id)
    reason = reason_of(given)
    await require_open(work, offering["id"])
    place = {"offering_id": offering["id"], "person_id": user_id}
    item = {"content_item_id": content_id, "grade_item_id": grade_item_id}
    excused = given.get("isExcused", True)
    if excused:
        changed = await work.one(
            _EXCUSE, _ExemptionRow, course_id=offering["course_id"], reason=reason, **place, **item
        )
    else:
        changed = await work.one(_INCLUDE, _ExemptionRow, **place, **item)
    if changed is None:
        work.nothing_changed()
        return await _grade(work, place)
    what = {"offeringId": offering["id"], "userId": user_id, "contentItemId": content_id, "gradeItemId": grade_item_id}
    await work.audit(
        "grade.excuse" if excused else "grade.include",
        "GradeExemption",
        changed["id"],
        before=None if excused else what,
        after={**what, "reason": reason} if excused else None,
        reason=reason,
    )
    await grades_changed(work, offering["id"], [user_id], by_hand=True, reason=reason)
    return await _grade(work, place)


def _item_ids(work: Work, given: Given) -> tuple[int | None, int | None]:
    content, grade_item = given.get("contentItemId"), given.get("gradeItemId")
    content_id = None if content is None else content_number(work, content, "contentItemId")
    grade_item_id = None if grade_item is None else number(work, grade_item, "GradeItem", "gradeItemId")
    return content_id, grade_item_id


def content_number(work: Work, text: str, *path: str) -> int:
    """The number of a content item of a graded kind; NOT_FOUND with the path for anything else."""
    university = work.context.university_id()
    found = next((n for name in GRADED_KINDS.values() if (n := number_of(text, name, university)) is not None), None)
    if found is None:
        raise not_found(*path)
    return found


async def _require_item(work: Work, offering: Row, content_id: int | None, grade_item_id: int | None) -> None:
    if (content_id is None) == (grade_item_id is None):
        raise Refused(UserErrorCode.INVALID, "name exactly one of contentItemId and gradeItemId", ("input",))
    if content_id is not None:
        row = await work.one(_CONTENT, _ExemptionRow, item_id=content_id, course_id=offering["course_id"])
    else:
        row = await work.one(_GRADE_ITEM, _ExemptionRow, item_id=grade_item_id, offering_id=offering["id"])
    if row is None:
        raise not_found("gradeItemId" if content_id is None else "contentItemId")
