"""An attempt is handed in: marked once, under its lock, with what follows for progress and grades."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    DateTime,
    Integer,
    Numeric,
    String,
    Text,
    and_,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import aliased

from lms_graphql.assessment.conditions import pass_share, read_quiz
from lms_graphql.assessment.marking import awarded, longest_run, share
from lms_graphql.assessment.models import QuestionKey, QuizAttempt, QuizAttemptAnswer, QuizAttemptQuestion
from lms_graphql.assessment.payloads import (
    Response,
    Snapshot,
    in_json,
    read_answer,
    read_response,
    read_snapshot,
)
from lms_graphql.assessment.policy import GRACE
from lms_graphql.content.models import ContentItem, ContentItemSetting
from lms_graphql.content.policy import setting_applies
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.work import Work
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.grades import recording
from lms_graphql.grades.models import GradingPolicy
from lms_graphql.progress import crediting
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

_AttemptRow = record("QuizAttempt")
_ATTEMPT_ID = bindparam("attempt_id", type_=BigInteger, required=True)

# ---- the attempt, under its lock


def _enrolled(name: Any) -> ColumnElement[Any]:
    return (
        select(name)
        .where(
            CourseEnrollment.university_id == UNIVERSITY,
            CourseEnrollment.course_offering_id == QuizAttempt.course_offering_id,
            CourseEnrollment.user_id == QuizAttempt.user_id,
        )
        .scalar_subquery()
    )


def _setting(name: Any, *only: ColumnElement[bool]) -> ColumnElement[Any]:
    """A value of the narrowest setting for the attempt's person that has one; see `content.settings.applying`."""
    section = _enrolled(CourseEnrollment.section_id)
    return (
        select(name)
        .where(
            ContentItemSetting.university_id == UNIVERSITY,
            ContentItemSetting.course_offering_id == QuizAttempt.course_offering_id,
            ContentItemSetting.content_item_id == QuizAttempt.content_item_id,
            setting_applies(ContentItemSetting, QuizAttempt.user_id, section),
            *only,
        )
        .order_by(ContentItemSetting.user_id.is_(None), ContentItemSetting.section_id.is_(None))
        .limit(1)
        .correlate(QuizAttempt)
        .scalar_subquery()
    )


_payload = (
    select(ContentItem.data_json)
    .where(ContentItem.university_id == UNIVERSITY, ContentItem.id == QuizAttempt.content_item_id)
    .scalar_subquery()
)
_pass_mark = (
    select(GradingPolicy.pass_mark)
    .where(
        GradingPolicy.university_id == UNIVERSITY,
        GradingPolicy.course_id == QuizAttempt.course_id,
        func.coalesce(GradingPolicy.course_offering_id, QuizAttempt.course_offering_id)
        == QuizAttempt.course_offering_id,
    )
    .order_by(GradingPolicy.course_offering_id.is_(None))
    .limit(1)
    .scalar_subquery()
)


def _before(name: str) -> ColumnElement[Any]:
    """A run of right answers at the end of the attempt before."""
    earlier = aliased(QuizAttempt)
    return (
        select(getattr(earlier, name))
        .where(
            earlier.university_id == UNIVERSITY,
            earlier.course_offering_id == QuizAttempt.course_offering_id,
            earlier.user_id == QuizAttempt.user_id,
            earlier.content_item_id == QuizAttempt.content_item_id,
            earlier.attempt_number == QuizAttempt.attempt_number - 1,
        )
        .scalar_subquery()
    )


_LOCK = Statement(
    select(
        QuizAttempt.id,
        QuizAttempt.university_id,
        QuizAttempt.user_id,
        QuizAttempt.course_offering_id,
        QuizAttempt.course_id,
        QuizAttempt.content_item_id,
        QuizAttempt.attempt_number,
        QuizAttempt.status,
        QuizAttempt.deadline_at,
        cast(_enrolled(CourseEnrollment.status), Text).label("enrollment_status"),
        _payload.label("payload_json"),
        _pass_mark.label("pass_mark"),
        _setting(ContentItemSetting.min_score, ContentItemSetting.completion_rule.is_not(None)).label("min_score"),
        _setting(ContentItemSetting.points, ContentItemSetting.points.is_not(None)).label("points"),
        _before("correct_in_row").label("correct_before"),
        _before("longest_in_row").label("longest_before"),
    )
    .where(
        QuizAttempt.university_id == UNIVERSITY,
        QuizAttempt.id == _ATTEMPT_ID,
        QuizAttempt.user_id == bindparam("person_id", type_=BigInteger, required=True),
    )
    .with_for_update(key_share=True, of=QuizAttempt)
)


async def locked_attempt(work: Work, attempt_id: int, person_id: int) -> Row | None:
    """An attempt of a person, with what it is held against; nobody else changes it until the transaction ends."""
    return await work.one(_LOCK, _AttemptRow, attempt_id=attempt_id, person_id=person_id)


# ---- its questions, read after the lock was had


class _Drawn(Row):
    """A question of the attempt with its key and what is answered so far."""

    typename = "AttemptQuestion"
    tenant = True


_DRAWN = Statement(
    select(
        QuizAttemptQuestion.position,
        QuizAttemptQuestion.question_id,
        QuizAttemptQuestion.points,
        QuizAttemptQuestion.snapshot.label("snapshot_json"),
        QuestionKey.answer.label("answer_json"),
        QuizAttemptAnswer.response.label("response_json"),
        func.clock_timestamp().label("now"),
    )
    .outerjoin(
        QuestionKey,
        and_(QuestionKey.university_id == UNIVERSITY, QuestionKey.question_id == QuizAttemptQuestion.question_id),
    )
    .outerjoin(
        QuizAttemptAnswer,
        and_(
            QuizAttemptAnswer.university_id == UNIVERSITY,
            QuizAttemptAnswer.attempt_id == QuizAttemptQuestion.attempt_id,
            QuizAttemptAnswer.position == QuizAttemptQuestion.position,
        ),
    )
    .where(QuizAttemptQuestion.university_id == UNIVERSITY, QuizAttemptQuestion.attempt_id == _ATTEMPT_ID)
    .order_by(QuizAttemptQuestion.position)
)


class Questions(NamedTuple):
    """What an attempt asks, by position, what is answered so far, and the database's clock as it was read."""

    rows: Sequence[Row]
    snapshots: Mapping[int, Snapshot | None]
    responses: Mapping[int, Response | None]
    now: datetime | None
    """None where nothing was drawn."""

    def is_over(self, attempt: Row) -> bool:
        """Whether the attempt's deadline has passed, and the time of grace behind it."""
        deadline = attempt["deadline_at"]
        return deadline is not None and self.now is not None and self.now > deadline + GRACE


async def questions_of(work: Work, attempt_id: int) -> Questions:
    """The questions of a locked attempt."""
    rows = await work.rows(_DRAWN, _Drawn, attempt_id=attempt_id)
    return Questions(
        rows,
        {row["position"]: read_snapshot(row["snapshot_json"], attempt_id) for row in rows},
        {row["position"]: read_response(row["response_json"], attempt_id) for row in rows if row["response_json"]},
        rows[0]["now"] if rows else None,
    )


# ---- answers and marks


def _array(name: str, type_: Any) -> Any:
    return bindparam(name, type_=ARRAY(type_), required=True)


_given: Any = func.unnest(
    _array("positions", Integer), _array("given", Text), _array("marks", Numeric(6, 2))
).table_valued(column("position", Integer), column("response", Text), column("mark", Numeric(6, 2)))
_given = _given.render_derived(name="given")
_insert = insert(QuizAttemptAnswer).from_select(
    ["university_id", "attempt_id", "position", "response", "points_awarded", "saved_at"],
    select(
        UNIVERSITY,
        _ATTEMPT_ID,
        _given.c.position,
        cast(_given.c.response, JSONB),
        _given.c.mark,
        func.clock_timestamp(),
    ),
)
_changes = (
    QuizAttemptAnswer.response.is_distinct_from(_insert.excluded.response),
    QuizAttemptAnswer.points_awarded.is_distinct_from(_insert.excluded.points_awarded),
)
_WRITE = Statement(
    _insert.on_conflict_do_update(
        index_elements=["university_id", "attempt_id", "position"],
        set_={
            "response": _insert.excluded.response,
            "points_awarded": _insert.excluded.points_awarded,
            "saved_at": func.coalesce(
                literal_column("CASE WHEN quiz_attempt_answers.response = excluded.response"
                               " THEN quiz_attempt_answers.saved_at END"),
                _insert.excluded.saved_at,
            ),
        },
        where=_changes[0] | _changes[1],
    ).returning(QuizAttemptAnswer.position)
)  # fmt: skip


async def write_answers(
    work: Work, attempt_id: int, responses: Mapping[int, Response], marks: Mapping[int, Decimal | None]
) -> list[int]:
    """Store answers with their marks, all at once; gives the positions where anything changed."""
    if not responses:
        return []
    rows = await work.rows(
        _WRITE,
        _Drawn,
        attempt_id=attempt_id,
        positions=list(responses),
        given=[in_json(response) for response in responses.values()],
        marks=[marks.get(position) for position in responses],
    )
    return sorted(row["position"] for row in rows)


# ---- the end


_earlier = aliased(QuizAttempt)
_best = (
    select(func.max(_earlier.score_obtained * 100 / func.nullif(_earlier.max_score, 0)))
    .where(
        _earlier.university_id == UNIVERSITY,
        _earlier.course_offering_id == QuizAttempt.course_offering_id,
        _earlier.user_id == QuizAttempt.user_id,
        _earlier.content_item_id == QuizAttempt.content_item_id,
        _earlier.id != QuizAttempt.id,
    )
    .correlate(QuizAttempt)
    .scalar_subquery()
)
_this = QuizAttempt.score_obtained * 100 / func.nullif(QuizAttempt.max_score, 0)
_END = Statement(
    update(QuizAttempt)
    .where(QuizAttempt.university_id == UNIVERSITY, QuizAttempt.id == _ATTEMPT_ID)
    .values(
        submitted_at=bindparam("ended_at", type_=DateTime(timezone=True), required=True),
        status=bindparam("new_status", type_=String, required=True),
        score_obtained=bindparam("score", type_=Numeric(6, 2), required=True),
        max_score=bindparam("most", type_=Numeric(6, 2), required=True),
        passed=bindparam("has_passed", type_=Boolean, required=True),
        correct_in_row=bindparam("run", type_=Integer, required=True),
        longest_in_row=bindparam("longest", type_=Integer, required=True),
    )
    .returning(func.greatest(_best, _this).label("best_percent"))
)


class Outcome(NamedTuple):
    """What an attempt comes to; `score` and `passed` are None where a question can't be marked without a person."""

    status: str
    score: Decimal | None
    most: Decimal
    passed: bool | None
    run: int
    longest: int


def outcome(attempt: Row, shares: Sequence[Fraction | None], points: Sequence[Decimal]) -> Outcome:
    """What shares of so many points come to. A quiz with a rule of mastery is passed by mastering it."""
    longest, run = longest_run(attempt["correct_before"] or 0, [earned == 1 for earned in shares])
    longest = max(longest, attempt["longest_before"] or 0)
    most = sum(points, Decimal(0))
    known = [awarded(whole, earned) for whole, earned in zip(points, shares, strict=True) if earned is not None]
    if len(known) < len(shares):
        return Outcome("submitted", None, most, None, run, longest)
    score = sum(known, Decimal(0))
    threshold = _threshold(attempt)
    if threshold is not None:
        return Outcome("graded", score, most, longest >= threshold, run, longest)
    needed, of = pass_share(attempt["min_score"], attempt["points"], attempt["pass_mark"])
    return Outcome("graded", score, most, score * of >= needed * most, run, longest)


def _threshold(attempt: Row) -> int | None:
    quiz = read_quiz(attempt["payload_json"], attempt["content_item_id"])
    if quiz is None or quiz.quiz_mode != "practice" or quiz.mastery is None:
        return None
    return quiz.mastery.threshold_correct_in_row


async def finish(work: Work, attempt: Row, questions: Questions, given: Mapping[int, Response], at: datetime) -> None:
    """Mark an open attempt that is locked, hand it in as of a moment, and have progress and grades follow."""
    responses = {position: response for position, response in {**questions.responses, **given}.items() if response}
    shares = {row["position"]: _share(row, questions, responses) for row in questions.rows}
    points = {row["position"]: row["points"] for row in questions.rows}
    marks = {place: None if earned is None else awarded(points[place], earned) for place, earned in shares.items()}
    await write_answers(work, attempt["id"], responses, marks)
    came_to = outcome(attempt, list(shares.values()), list(points.values()))
    ended = await work.one(
        _END,
        _AttemptRow,
        attempt_id=attempt["id"],
        ended_at=at,
        new_status=came_to.status,
        score=came_to.score,
        most=came_to.most,
        has_passed=came_to.passed,
        run=came_to.run,
        longest=came_to.longest,
    )
    best = None if ended is None else ended["best_percent"]
    await _follow(work, attempt, came_to, at, best)


def _share(row: Row, questions: Questions, responses: Mapping[int, Response]) -> Fraction | None:
    """What share of its points one question earns; None where its snapshot or its key can't be read."""
    snapshot = questions.snapshots[row["position"]]
    if snapshot is None:
        return None
    answer = read_answer(row["answer_json"], row["question_id"])
    return share(snapshot.type, answer, responses.get(row["position"]))


async def _follow(work: Work, attempt: Row, came_to: Outcome, at: datetime, best: Decimal | None) -> None:
    offering, person, item = attempt["course_offering_id"], attempt["user_id"], attempt["content_item_id"]
    after = {
        "status": came_to.status,
        "submittedAt": at,
        "scoreObtained": came_to.score,
        "maxScore": came_to.most,
        "passed": came_to.passed,
        "correctInRow": came_to.run,
        "longestInRow": came_to.longest,
    }
    before = {"status": attempt["status"]}
    await work.audit("quiz.submit", "QuizAttempt", attempt["id"], before=before, after=after)
    facts = {"userId": person, "offeringId": offering, "contentItemId": item, "status": came_to.status}
    await work.tell("quiz.submitted", "QuizAttempt", attempt["id"], **facts)
    credit = crediting.Credit(person, item, submitted=True, score_percent=best)
    await crediting.credit(work, offering, attempt["course_id"], [credit])
    await recording.scores_changed(work, offering, [person])
