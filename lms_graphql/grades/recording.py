"""What follows when a score that counts towards a grade has changed."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Integer,
    Numeric,
    Text,
    and_,
    any_,
    bindparam,
    case,
    column,
    exists,
    func,
    insert,
    null,
    select,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.work import Work
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.grades.basis import Basis, basis_of
from lms_graphql.grades.calculation import has_passed, letter_of
from lms_graphql.grades.journaling import Change, write_down
from lms_graphql.grades.models import CourseGrade, GradeFreeze, GradeHistory, GradeOverride
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY, USER

_GradeRow = record("CourseGrade")
_OFFERING = bindparam("grading_offering", type_=BigInteger)
_PEOPLE: Any = bindparam("grading_people", type_=ARRAY(BigInteger))


class Value(NamedTuple):
    """What is stored of a grade."""

    final_score: Decimal | None
    letter_grade: str | None
    passed: bool | None
    policy_version: int | None


def _locked_query() -> Any:
    return (
        select(CourseEnrollment.id)
        .where(
            CourseEnrollment.university_id == UNIVERSITY,
            CourseEnrollment.course_offering_id == _OFFERING,
            CourseEnrollment.user_id == any_(_PEOPLE),
        )
        .order_by(CourseEnrollment.id)
        .with_for_update(key_share=True)
    )


def _of_person(model: Any) -> Any:
    return and_(
        model.university_id == UNIVERSITY,
        model.course_offering_id == CourseEnrollment.course_offering_id,
        model.user_id == CourseEnrollment.user_id,
    )


def _standing_query() -> Any:
    frozen = exists().where(
        GradeFreeze.university_id == UNIVERSITY,
        GradeFreeze.course_offering_id == _OFFERING,
        GradeFreeze.frozen_at <= func.clock_timestamp(),
    )
    return (
        select(
            CourseEnrollment.user_id,
            *(getattr(CourseGrade, name) for name in Value._fields),
            CourseGrade.id.label("grade_id"),
            CourseGrade.posted_at.is_not(None).label("is_posted"),
            GradeOverride.final_score.label("own_score"),
            GradeOverride.letter_grade.label("own_letter"),
        )
        .select_from(CourseEnrollment)
        .outerjoin(CourseGrade, _of_person(CourseGrade))
        .outerjoin(GradeOverride, _of_person(GradeOverride))
        .where(
            CourseEnrollment.university_id == UNIVERSITY,
            CourseEnrollment.course_offering_id == _OFFERING,
            CourseEnrollment.user_id == any_(_PEOPLE),
            ~frozen,
        )
        .order_by(CourseEnrollment.id)
    )


_NEW = (
    func.unnest(
        bindparam("users", type_=ARRAY(BigInteger)),
        bindparam("scores", type_=ARRAY(Numeric)),
        bindparam("letters", type_=ARRAY(Text)),
        bindparam("passes", type_=ARRAY(Boolean)),
        bindparam("versions", type_=ARRAY(Integer)),
        bindparam("old_scores", type_=ARRAY(Numeric)),
    )
    .table_valued(
        column("user_id", BigInteger),
        column("final_score", Numeric),
        column("letter_grade", Text),
        column("passed", Boolean),
        column("policy_version", Integer),
        column("old_score", Numeric),
    )
    .render_derived(name="new")
)


def _stored() -> Any:
    rows = upsert(CourseGrade).from_select(
        ["university_id", "course_offering_id", "user_id", *Value._fields, "graded_at"],
        select(UNIVERSITY, _OFFERING, _NEW.c.user_id, *(_NEW.c[name] for name in Value._fields), func.now()),
    )
    given = {name: rows.excluded[name] for name in (*Value._fields, "graded_at")}
    return rows.on_conflict_do_update(
        index_elements=["university_id", "user_id", "course_offering_id"], set_=given
    ).returning(CourseGrade.id, CourseGrade.user_id)


_BY_HAND = bindparam("by_hand", type_=Boolean)
_LOCK = Statement(_locked_query())
_STANDING = Statement(_standing_query())
_STORE = Statement(_stored())
_REMEMBER = Statement(
    insert(GradeHistory)
    .inline()
    .from_select(
        ["university_id", "course_offering_id", "user_id", "old_score", "new_score", "policy_version", "changed_by",
         "reason"],
        select(
            UNIVERSITY,
            _OFFERING,
            _NEW.c.user_id,
            _NEW.c.old_score,
            _NEW.c.final_score,
            _NEW.c.policy_version,
            case((_BY_HAND, USER), else_=null()),
            bindparam("reason", type_=Text),
        ).where(_NEW.c.old_score.is_distinct_from(_NEW.c.final_score)),
    )
)  # fmt: skip


async def scores_changed(work: Work, course_offering_id: int, user_ids: Sequence[int]) -> None:
    """Work the grades of these people in this offering out anew, in the transaction of the work.

    To be called by whatever writes, posts or takes back a score: quizzes, submissions, grade items, overrides. Nine
    statements at most. Grades that are frozen stay, and so does what is there where no policy says how to work one out.
    Of who sees the grade already only posted scores count: what is hidden would show by the difference.
    """
    await grades_changed(work, course_offering_id, user_ids)


async def grades_changed(
    work: Work,
    course_offering_id: int,
    user_ids: Sequence[int],
    *,
    by_hand: bool = False,
    reason: str | None = None,
    emptied: bool = False,
) -> list[int]:
    """As `scores_changed`, for who says why; gives the ids of the grades that have changed.

    `by_hand`: that the viewer, and not what the scores come to, is whom the history names. `emptied`: that what is
    there does not hold any more, also where nothing can be worked out instead.
    """
    if not user_ids:
        return []
    people = {"grading_offering": course_offering_id, "grading_people": list(user_ids)}
    await work.rows(_LOCK, _GradeRow, **people)  # whoever changes another score of theirs waits here, and sees this one
    standing = await work.rows(_STANDING, _GradeRow, **people)
    if not standing:
        return []
    basis = await basis_of(
        work.rows, {(course_offering_id, row["user_id"]): bool(row["is_posted"]) for row in standing}
    )
    valued = [(row, _value(basis, course_offering_id, row, emptied=emptied)) for row in standing]
    new = [(row, value) for row, value in valued if value is not None]
    return await _store(work, course_offering_id, new, by_hand=by_hand, reason=reason)


def _value(basis: Basis, offering_id: int, row: Row, *, emptied: bool) -> Value | None:
    """The new grade of a person; None where it stays as it is."""
    policy = basis.courses[offering_id].policy
    made = basis.breakdown((offering_id, row["user_id"]))
    score = row["own_score"] if row["own_score"] is not None else None if made is None else made.final
    if score is None and not emptied:
        return None
    if policy is None or score is None:
        value = Value(score, row["own_letter"], None if score is None else row["passed"], None)
    else:
        letter = row["own_letter"] if row["own_letter"] is not None else letter_of(policy, score)
        value = Value(score, letter, has_passed(policy, score), policy.version)
    return None if row["grade_id"] is not None and value == _old(row) else value


def _old(row: Row) -> Value:
    return Value(*(row[name] for name in Value._fields))


async def _store(
    work: Work, offering_id: int, new: Sequence[tuple[Row, Value]], *, by_hand: bool, reason: str | None
) -> list[int]:
    if not new:
        return []
    given: dict[str, Any] = {
        "grading_offering": offering_id,
        "users": [row["user_id"] for row, _ in new],
        "scores": [value.final_score for _, value in new],
        "letters": [value.letter_grade for _, value in new],
        "passes": [value.passed for _, value in new],
        "versions": [value.policy_version for _, value in new],
        "old_scores": [row["final_score"] for row, _ in new],
    }
    ids = {row["user_id"]: row["id"] for row in await work.rows(_STORE, _GradeRow, **given)}
    await work.rows(_REMEMBER, _GradeRow, by_hand=by_hand, reason=reason, **given)
    changes = [
        Change(
            ids[row["user_id"]],
            None if row["grade_id"] is None else told_of(_old(row), offering_id, row["user_id"]),
            told_of(value, offering_id, row["user_id"]),
            {"offeringId": offering_id, "userId": row["user_id"]},
        )
        for row, value in new
    ]
    await write_down(work, "grade.change", "grade.changed", "CourseGrade", changes, reason=reason)
    return list(ids.values())


def told_of(value: Value, offering_id: int, user_id: int) -> dict[str, Any]:
    """A grade as the audit log has it."""
    return {
        "offeringId": offering_id,
        "userId": user_id,
        "finalScore": value.final_score,
        "letterGrade": value.letter_grade,
        "passed": value.passed,
        "policyVersion": value.policy_version,
    }
