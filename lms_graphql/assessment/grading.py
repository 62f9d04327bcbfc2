"""Grading by people: many submissions at once, each with its own result; what is graded stays hidden until posted."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Numeric,
    Text,
    and_,
    any_,
    bindparam,
    case,
    cast,
    column,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from lms_graphql.assessment import payloads, policy, rubrics, scoring
from lms_graphql.assessment.asked import points_asked
from lms_graphql.assessment.models import LabSubmission
from lms_graphql.content.models import ContentItem
from lms_graphql.engine.context import Standing, Viewer
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure
from lms_graphql.engine.work import Change, Work
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY, USER

MOST_GRADES = 500
_LONGEST_FEEDBACK = 20_000

_Row = record("Grading")
_IDS = bindparam("submission_ids", type_=ARRAY(BigInteger))


def _locked(standing: Standing) -> Statement:
    """The submissions that staff of a standing see, locked in order, with what can be reached for each."""
    viewer = Viewer(standing=standing)
    item = and_(ContentItem.university_id == UNIVERSITY, ContentItem.id == LabSubmission.content_item_id)
    enrollment = and_(
        CourseEnrollment.university_id == UNIVERSITY,
        CourseEnrollment.course_offering_id == LabSubmission.course_offering_id,
        CourseEnrollment.user_id == LabSubmission.user_id,
    )
    offering_id, person = LabSubmission.course_offering_id, LabSubmission.user_id
    return Statement(
        select(
            LabSubmission.id,
            LabSubmission.user_id,
            offering_id,
            LabSubmission.course_id,
            LabSubmission.content_item_id,
            LabSubmission.status,
            LabSubmission.raw_score,
            LabSubmission.score_obtained,
            LabSubmission.max_score,
            LabSubmission.instructor_feedback,
            LabSubmission.late_penalty_percent,
            LabSubmission.graded_by,
            LabSubmission.graded_at,
            LabSubmission.posted_at,
            points_asked(offering_id, ContentItem, person, CourseEnrollment.section_id).label("points"),
            *policy.is_for_graders(viewer),
        )
        .join(ContentItem, item)
        .join(CourseEnrollment, enrollment)
        .where(LabSubmission.id == any_(_IDS), policy.visible_submissions(viewer))
        .order_by(LabSubmission.id)
        .with_for_update(of=LabSubmission, key_share=True)
    )


_LOCKED = {standing: _locked(standing) for standing in (Standing.STAFF, Standing.ADMIN)}

_GIVEN = (
    func.unnest(
        _IDS,
        bindparam("scores", type_=ARRAY(Numeric)),
        bindparam("maxima", type_=ARRAY(Numeric)),
        bindparam("penalties", type_=ARRAY(Numeric)),
        bindparam("feedbacks", type_=ARRAY(Text)),
        bindparam("has_feedback", type_=ARRAY(Boolean)),
        bindparam("rubrics", type_=ARRAY(Text)),
    )
    .table_valued(
        column("id", BigInteger),
        column("raw", Numeric),
        column("maximum", Numeric),
        column("penalty", Numeric),
        column("feedback", Text),
        column("has_feedback", Boolean),
        column("rubric", Text),
    )
    .render_derived(name="given")
)
_GRADE = Statement(
    update(LabSubmission)
    .where(LabSubmission.university_id == UNIVERSITY, LabSubmission.id == _GIVEN.c.id)
    .values(
        raw_score=_GIVEN.c.raw,
        score_obtained=scoring.penalised(_GIVEN.c.raw, _GIVEN.c.penalty),
        max_score=_GIVEN.c.maximum,
        late_penalty_percent=_GIVEN.c.penalty,
        instructor_feedback=case((_GIVEN.c.has_feedback, _GIVEN.c.feedback), else_=LabSubmission.instructor_feedback),
        rubric_result=cast(_GIVEN.c.rubric, JSONB),
        status="graded",
        graded_by=USER,
        graded_at=func.now(),
    )
    .returning(
        LabSubmission.id,
        LabSubmission.raw_score,
        LabSubmission.score_obtained,
        LabSubmission.max_score,
        LabSubmission.late_penalty_percent,
        LabSubmission.status,
        LabSubmission.graded_by,
        LabSubmission.graded_at,
        LabSubmission.posted_at,
    )
)


class Result(NamedTuple):
    """What became of one grade: `failure` is why it was refused, as code, message and path; JSON can hold it."""

    place: int
    submission_id: int | None
    failure: Sequence[Any] | None


class _Grade(NamedTuple):
    """A grade that can be given."""

    row: Row
    score: Decimal
    penalty: Decimal
    feedback: str | None
    has_feedback: bool
    rubric: str | None


async def grade_submissions(work: Work, given: Given) -> dict[str, Any]:
    """Grade up to MOST_GRADES submissions, those that can be; gives `results`, one for each, in their order."""
    entries: Sequence[Mapping[str, Any]] = given["grades"]
    if not 0 < len(entries) <= MOST_GRADES:
        message = f"give 1 to {MOST_GRADES} grades at once, not {len(entries)}"
        raise Refused(UserErrorCode.LIMIT_REACHED, message, ("input", "grades"))
    ids = [number_of(entry["submissionId"], "Submission", work.viewer.university_id) for entry in entries]
    wanted = sorted({id_ for id_ in ids if id_ is not None})
    found = {row["id"]: row for row in await work.rows(_LOCKED[work.viewer.standing], _Row, submission_ids=wanted)}
    criteria = await rubrics.criteria_of(work, [row["content_item_id"] for row in found.values()])
    grades: dict[int, _Grade] = {}
    results = []
    for index, (entry, id_) in enumerate(zip(entries, ids, strict=True)):
        outcome = _judged(work, index, entry, None if id_ is None else found.get(id_), grades, criteria)
        if isinstance(outcome, UserFailure):
            results.append(Result(index, None, (outcome.code.name, outcome.message, outcome.path)))
        else:
            grades[outcome.row["id"]] = outcome
            results.append(Result(index, outcome.row["id"], None))
    if given.get("dryRun") or not grades:
        work.nothing_changed()
    else:
        await _keep(work, list(grades.values()))
    return {"results": results}


def _judged(
    work: Work,
    index: int,
    entry: Mapping[str, Any],
    row: Row | None,
    before: Mapping[int, _Grade],
    criteria: Mapping[int, Sequence[Row]],
) -> _Grade | UserFailure:
    """The grade that an entry gives, or why it gives none."""
    path = ("input", "grades", str(index))
    if row is None:
        message = "there is no such submission, or not for the viewer"
        return UserFailure(UserErrorCode.NOT_FOUND, message, (*path, "submissionId"))
    if not policy.may_grade_submission(work.viewer, row):
        message = "this submission is for others to grade: it is the viewer's own, or not of their section"
        return UserFailure(UserErrorCode.FORBIDDEN, message, (*path, "submissionId"))
    if row["id"] in before:
        return UserFailure(UserErrorCode.INVALID, "this submission is graded twice here", (*path, "submissionId"))
    try:
        score = scoring.checked_score(entry["score"], row["points"], (*path, "score"))
        feedback = _feedback(entry.get("feedback"), (*path, "feedback"))
        rubric = _rubric(work, entry.get("rubric"), criteria.get(row["content_item_id"], ()), score, (*path, "rubric"))
    except Refused as refused:
        return refused.failures[0]
    penalty = Decimal(0) if entry.get("waivePenalty") else row["late_penalty_percent"]
    return _Grade(row, score, penalty, feedback, "feedback" in entry, rubric)


def _rubric(
    work: Work,
    given: Sequence[Mapping[str, Any]] | None,
    criteria: Sequence[Row],
    score: Decimal,
    path: tuple[str, ...],
) -> str | None:
    """What the criteria get, as JSON; None where a grade was given without them."""
    if given is None:
        return None
    judged = rubrics.judged(work.viewer.university_id, given, criteria, score, path)
    return orjson.dumps(payloads.stored(judged)).decode()


def _feedback(given: str | None, path: tuple[str, ...]) -> str | None:
    text = (given or "").strip()
    if len(text) > _LONGEST_FEEDBACK:
        message = f"this has {len(text)} characters, at most {_LONGEST_FEEDBACK} can be taken"
        raise Refused(UserErrorCode.INVALID, message, path)
    if "\0" in text:
        raise Refused(UserErrorCode.INVALID, "this has signs that can't be stored", path)
    return text or None


async def _keep(work: Work, grades: Sequence[_Grade]) -> None:
    """Write the grades in one statement, with an audit entry for each, and what follows from them."""
    written = await work.rows(
        _GRADE,
        _Row,
        submission_ids=[grade.row["id"] for grade in grades],
        scores=[grade.score for grade in grades],
        maxima=[grade.row["points"] for grade in grades],
        penalties=[grade.penalty for grade in grades],
        feedbacks=[grade.feedback for grade in grades],
        has_feedback=[grade.has_feedback for grade in grades],
        rubrics=[grade.rubric for grade in grades],
    )
    after = {row["id"]: row for row in written}
    changes = [
        Change(
            grade.row["id"],
            scoring.as_audited(grade.row),
            {
                **scoring.as_audited(after[grade.row["id"]]),
                "feedbackChanged": grade.has_feedback and grade.feedback != grade.row["instructor_feedback"],
            },
        )
        for grade in grades
    ]
    await work.audit_each("submission.grade", "Submission", changes)
    by_offering: dict[tuple[int, int], list[Row]] = defaultdict(list)
    for grade in grades:
        by_offering[grade.row["course_offering_id"], grade.row["course_id"]].append(grade.row)
    for (offering_id, course_id), rows in sorted(by_offering.items()):
        await work.tell("submissions.graded", "CourseOffering", offering_id, submissionIds=[row["id"] for row in rows])
        await scoring.follow(work, offering_id, course_id, rows)
