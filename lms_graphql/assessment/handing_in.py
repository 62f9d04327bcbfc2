"""Answers of an open attempt are saved, and the attempt is handed in, by the person whose it is."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, bindparam, select

from lms_graphql.assessment.answering import responses
from lms_graphql.assessment.finishing import Questions, finish, locked_attempt, questions_of, write_answers
from lms_graphql.assessment.models import QuizAttempt
from lms_graphql.assessment.payloads import Response
from lms_graphql.assessment.policy import visible_attempts
from lms_graphql.engine.dataloaders import prepared
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work

_WHICH = ("input", "attemptId")

_AttemptRow = record("QuizAttempt")


async def save_quiz_answers(work: Work, given: Given) -> dict[str, Any]:
    """Store some answers of an open attempt, the last one of each question; gives `attempt_id`."""
    attempt = await _own_attempt(work, given)
    questions = await questions_of(work, attempt["id"])
    if attempt["status"] != "in_progress":
        raise Refused(UserErrorCode.CLOSED, "this attempt is handed in", _WHICH)
    _require_time(attempt, questions)
    answers = responses(questions.snapshots, given["answers"])
    changed = await write_answers(work, attempt["id"], answers, {})
    if changed:
        # Which were answered, not how: an audit log outlives what people may have erased.
        await work.audit("quiz.save", "QuizAttempt", attempt["id"], after={"positions": changed})
    else:
        work.nothing_changed()
    return {"attempt_id": attempt["id"]}


async def submit_quiz_attempt(work: Work, given: Given) -> dict[str, Any]:
    """Hand an attempt in, with these last answers; gives `attempt_id`.

    One that is handed in already stays as it is: to send the same again is no mistake, to send other answers is. Once
    the time is over only what was saved can be handed in, as of the deadline.
    """
    attempt = await _own_attempt(work, given)
    questions = await questions_of(work, attempt["id"])
    sent = given.get("answers") or []
    if attempt["status"] != "in_progress":
        if _differ(questions, responses(questions.snapshots, sent)):
            raise Refused(UserErrorCode.CLOSED, "this attempt is handed in, with other answers", _WHICH)
        work.nothing_changed()
        return {"attempt_id": attempt["id"]}
    if sent:
        _require_time(attempt, questions)
    answers = responses(questions.snapshots, sent)
    if questions.now is None:
        raise Refused(UserErrorCode.CLOSED, "this attempt has no questions", _WHICH)
    at = attempt["deadline_at"] if questions.is_over(attempt) else questions.now
    await finish(work, attempt, questions, answers, at)
    return {"attempt_id": attempt["id"]}


async def _own_attempt(work: Work, given: Given) -> Row:
    """The viewer's attempt, locked. What others may see of it they may still not change."""
    number = number_of(given["attemptId"], "QuizAttempt", work.viewer.university_id)
    attempt = None if number is None else await locked_attempt(work, number, work.viewer.user_id or 0)
    if attempt is None:
        seen = number is not None and await work.one(_seen(work), _AttemptRow, attempt_id=number) is not None
        if seen:
            raise Refused(UserErrorCode.FORBIDDEN, "this attempt is somebody else's", _WHICH)
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such attempt", _WHICH)
    if attempt["enrollment_status"] != "active":
        message = f"the enrollment is {attempt['enrollment_status']}, not active"
        raise Refused(UserErrorCode.NOT_ENROLLED, message, _WHICH)
    return attempt


def _seen(work: Work) -> Any:
    viewer = work.viewer
    return prepared(
        ("seen attempt", viewer.standing),
        lambda: select(QuizAttempt.id).where(
            QuizAttempt.id == bindparam("attempt_id", type_=BigInteger), visible_attempts(viewer)
        ),
    )


def _require_time(attempt: Row, questions: Questions) -> None:
    if questions.is_over(attempt):
        message = (
            f"the time was over at {attempt['deadline_at'].isoformat()}: hand it in without answers, with what was"
            " saved until then"
        )
        raise Refused(UserErrorCode.CLOSED, message, ("input", "answers"))


def _differ(questions: Questions, answers: Mapping[int, Response]) -> bool:
    return any(questions.responses.get(position) != response for position, response in answers.items())
