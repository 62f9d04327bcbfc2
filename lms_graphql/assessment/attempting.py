"""An attempt at a quiz is begun: under the lock of the person's enrollment, so that there is never more than one."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    DateTime,
    Integer,
    Numeric,
    Select,
    Text,
    any_,
    bindparam,
    cast,
    column,
    func,
    insert,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB

from lms_graphql.assessment import drawing
from lms_graphql.assessment.answering import MOST_ANSWERS
from lms_graphql.assessment.conditions import Conditions, conditions_of, find_quiz
from lms_graphql.assessment.finishing import finish, locked_attempt, questions_of
from lms_graphql.assessment.models import Question, QuestionPool, QuizAttempt, QuizAttemptQuestion
from lms_graphql.assessment.payloads import Snapshot, in_json, read_hints, read_options
from lms_graphql.assessment.policy import GRACE
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure
from lms_graphql.engine.work import Work
from lms_graphql.enrollment import enrolled
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.progress import crediting
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY, USER

CHANGED = {
    "quiz_attempt_questions_question_id_fkey": UserFailure(
        UserErrorCode.CLOSED, "the questions of this quiz have just been changed: begin it again"
    )
}
"""What the database refuses, where a question is deleted while it is drawn."""

_WHAT = ("input", "contentItemId")
_WHERE = ("input", "offeringId")
_MOST_POINTS = Decimal("9999.99")

_AttemptRow = record("QuizAttempt")
_QuestionRow = record("Question")
_OFFERING = bindparam("offering_id", type_=BigInteger, required=True)
_QUIZ = bindparam("quiz_id", type_=BigInteger, required=True)

_LOCK = Statement(
    select(CourseEnrollment.id)
    .where(
        CourseEnrollment.university_id == UNIVERSITY,
        CourseEnrollment.course_offering_id == _OFFERING,
        CourseEnrollment.user_id == USER,
    )
    .with_for_update(key_share=True)
)
_is_open = QuizAttempt.submitted_at.is_(None)
# Apart from the lock: what another transaction did while it was waited for shows to the next statement only.
_SO_FAR = Statement(
    select(
        func.count().label("taken"),
        func.coalesce(func.max(QuizAttempt.attempt_number), 0).label("last"),
        func.max(QuizAttempt.id).filter(_is_open).label("open_id"),
        func.max(QuizAttempt.deadline_at).filter(_is_open).label("deadline_at"),
        func.clock_timestamp().label("now"),
    ).where(
        QuizAttempt.university_id == UNIVERSITY,
        QuizAttempt.course_offering_id == _OFFERING,
        QuizAttempt.content_item_id == _QUIZ,
        QuizAttempt.user_id == USER,
    )
)
_POOL = Statement(
    select(Question.id)
    .join(QuestionPool, (QuestionPool.university_id == UNIVERSITY) & (QuestionPool.id == Question.pool_id))
    .where(
        Question.university_id == UNIVERSITY,
        Question.pool_id == bindparam("pool_id", type_=BigInteger, required=True),
        Question.is_active.is_(True),
        or_(
            QuestionPool.course_id.is_(None),
            QuestionPool.course_id == bindparam("course_id", type_=BigInteger, required=True),
        ),
    )
    .order_by(Question.number)
)
_DRAWN = Statement(
    select(
        Question.id,
        Question.type,
        Question.points,
        Question.stem,
        Question.options.label("options_text"),
        Question.hints.label("hints_text"),
    ).where(
        Question.university_id == UNIVERSITY,
        Question.id == any_(bindparam("questions", type_=ARRAY(BigInteger), required=True)),
    )
)
_BEGIN = Statement(
    insert(QuizAttempt)
    .values(
        university_id=UNIVERSITY,
        user_id=USER,
        course_offering_id=_OFFERING,
        course_id=bindparam("course_id", type_=BigInteger, required=True),
        content_item_id=_QUIZ,
        attempt_number=bindparam("number", type_=Integer, required=True),
        revision=bindparam("of_revision", type_=Integer, required=True),
        seed=bindparam("drawn_by", type_=BigInteger, required=True),
        started_at=bindparam("begun_at", type_=DateTime(timezone=True), required=True),
        deadline_at=bindparam("ends_at", type_=DateTime(timezone=True), required=True),
        max_score=bindparam("most", type_=Numeric(6, 2), required=True),
    )
    .returning(QuizAttempt.id)
)


def _keep_drawn() -> Select[Any]:
    drawn: Any = func.unnest(
        bindparam("questions", type_=ARRAY(BigInteger), required=True),
        bindparam("snapshots", type_=ARRAY(Text), required=True),
        bindparam("points", type_=ARRAY(Numeric(6, 2)), required=True),
    ).table_valued(
        column("question_id", BigInteger), column("snapshot", Text), column("points", Numeric), with_ordinality="place"
    )
    drawn = drawn.render_derived(name="drawn")
    attempt = bindparam("attempt_id", type_=BigInteger, required=True)
    return select(
        UNIVERSITY, attempt, drawn.c.place, drawn.c.question_id, cast(drawn.c.snapshot, JSONB), drawn.c.points
    )


_KEEP_DRAWN = Statement(
    insert(QuizAttemptQuestion).from_select(
        ["university_id", "attempt_id", "position", "question_id", "snapshot", "points"], _keep_drawn()
    )
)


async def start_quiz_attempt(work: Work, given: Given) -> dict[str, Any]:
    """Begin an attempt, or give back the one that is open; gives `attempt_id`.

    An open one whose time is over is handed in first, with what was saved in time. That is kept also where no other
    can be begun: then it is the one that is given.
    """
    offering_id = number_of(given["offeringId"], "CourseOffering", work.viewer.university_id)
    quiz = await find_quiz(work, number_of(given["contentItemId"], "QuizContent", work.viewer.university_id))
    if quiz is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such quiz", _WHAT)
    if offering_id is not None:
        await work.rows(_LOCK, Row, offering_id=offering_id)
    enrollment = await enrolled.require_enrolled(work, offering_id, work.viewer.user_id, _WHERE)
    if enrollment["course_id"] != quiz["course_id"]:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such quiz", _WHAT)
    so_far = await work.rows(
        _SO_FAR, _AttemptRow, offering_id=enrollment["course_offering_id"], quiz_id=quiz["id"]
    )  # always one row
    open_id = so_far[0]["open_id"]
    if open_id is not None and not _is_over(so_far[0]):
        work.nothing_changed()
        return {"attempt_id": open_id}
    if open_id is not None:
        await _close(work, open_id, enrollment["user_id"])
    try:
        return {"attempt_id": await _begin(work, quiz, enrollment, so_far[0])}
    except Refused:
        if open_id is None:
            raise
        return {"attempt_id": open_id}


def _is_over(so_far: Row) -> bool:
    deadline: datetime | None = so_far["deadline_at"]
    return deadline is not None and so_far["now"] > deadline + GRACE


async def _close(work: Work, attempt_id: int, person_id: int) -> None:
    """Hand in an attempt whose time is over, unless somebody just did."""
    attempt = await locked_attempt(work, attempt_id, person_id)
    if attempt is not None and attempt["status"] == "in_progress":
        questions = await questions_of(work, attempt_id)
        await finish(work, attempt, questions, {}, attempt["deadline_at"])


async def _begin(work: Work, quiz: Row, enrollment: Row, so_far: Row) -> int:
    """Everything is looked at before anything is written: who catches the refusal goes on in the same transaction."""
    conditions = await conditions_of(
        work, quiz, enrollment["course_offering_id"], enrollment["user_id"], enrollment["section_id"]
    )
    if conditions is None:
        raise _closed("this quiz can't be read; tell whoever teaches the course")
    _require_open(enrollment, conditions, so_far["now"])
    _require_attempt_left(conditions, so_far["taken"])
    seed = secrets.randbits(drawing.SEED_BITS)
    drawn = await _draw(work, quiz, conditions, seed)
    most = sum((row["points"] for row in drawn), Decimal(0))
    if most > _MOST_POINTS:
        raise _closed(f"its questions are worth {most} points together, more than {_MOST_POINTS} can't be given")
    deadline = conditions.deadline(so_far["now"])
    attempt = await work.one(
        _BEGIN,
        _AttemptRow,
        offering_id=enrollment["course_offering_id"],
        course_id=quiz["course_id"],
        quiz_id=quiz["id"],
        number=so_far["last"] + 1,
        of_revision=quiz["revision"],
        drawn_by=seed,
        begun_at=so_far["now"],
        ends_at=deadline,
        most=most,
    )
    if attempt is None:
        raise RuntimeError("an INSERT gave no row")
    await work.rows(
        _KEEP_DRAWN,
        Row,
        attempt_id=attempt["id"],
        questions=[row["id"] for row in drawn],
        snapshots=[_snapshot(row, seed, conditions) for row in drawn],
        points=[row["points"] for row in drawn],
    )
    await _tell(work, attempt["id"], quiz, enrollment, {"number": so_far["last"] + 1, "deadline": deadline})
    return int(attempt["id"])


async def _tell(work: Work, attempt_id: int, quiz: Row, enrollment: Row, begun: dict[str, Any]) -> None:
    offering, person = enrollment["course_offering_id"], enrollment["user_id"]
    facts = {"userId": person, "offeringId": offering, "contentItemId": quiz["id"]}
    after = {
        **facts,
        "attemptNumber": begun["number"],
        "status": "in_progress",
        "revision": quiz["revision"],
        "deadlineAt": begun["deadline"],
    }
    await work.audit("quiz.start", "QuizAttempt", attempt_id, after=after)
    await work.tell("quiz.started", "QuizAttempt", attempt_id, **facts)
    credit = crediting.Credit(person, quiz["id"], submitted=False)
    await crediting.credit(work, offering, quiz["course_id"], [credit])


def _closed(message: str) -> Refused:
    return Refused(UserErrorCode.CLOSED, message, _WHAT)


def _require_open(enrollment: Row, conditions: Conditions, now: datetime) -> None:
    """Refuse what can't be begun now."""
    setting = conditions.setting
    if not enrollment["has_started"]:
        raise _closed(f"the offering begins at {enrollment['starts_at'].isoformat()}")
    if enrollment["has_ended"]:
        raise _closed(f"the offering ended at {enrollment['ends_at'].isoformat()}")
    if setting.unlock_at is not None and now < setting.unlock_at:
        raise _closed(f"this quiz opens at {setting.unlock_at.isoformat()}")
    if setting.lock_at is not None and now >= setting.lock_at:
        raise _closed(f"this quiz was locked at {setting.lock_at.isoformat()}")


def _require_attempt_left(conditions: Conditions, taken: int) -> None:
    most = conditions.most_attempts
    if most is not None and taken >= most:
        raise Refused(UserErrorCode.LIMIT_REACHED, f"all {most} attempts at this quiz are used up", _WHAT)


async def _draw(work: Work, quiz: Row, conditions: Conditions, seed: int) -> Sequence[Row]:
    """The questions of an attempt, in the order in which they are asked."""
    count, pool_id = conditions.quiz.num_questions_per_attempt, conditions.quiz.question_pool_id
    pool = await work.rows(_POOL, _QuestionRow, pool_id=pool_id, course_id=quiz["course_id"])
    most = MOST_ANSWERS if count is None else min(count, MOST_ANSWERS)
    drawn = drawing.draw(seed, [row["id"] for row in pool], most, random_order=conditions.random_order)
    if not drawn:
        raise _closed("this quiz has no questions yet")
    found = {row["id"]: row for row in await work.rows(_DRAWN, _QuestionRow, questions=drawn)}
    return [found[number] for number in drawn]


def _snapshot(row: Row, seed: int, conditions: Conditions) -> str:
    """What the person sees of a question; its key was not even read."""
    options = read_options(row["options_text"], row["id"])
    shown = drawing.shown(seed, row["id"], row["type"], options, random_order=conditions.random_order)
    return in_json(Snapshot(row["type"], row["stem"], shown, read_hints(row["hints_text"], row["id"])))
