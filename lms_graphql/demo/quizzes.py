"""Question pools as rows, and attempts at quizzes: what was drawn, what was answered, and what it was worth."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from lms_graphql.assessment.models import (
    Question,
    QuestionKey,
    QuestionPool,
    QuizAttempt,
    QuizAttemptAnswer,
    QuizAttemptQuestion,
)
from lms_graphql.assessment.payloads import Response, Snapshot, stored
from lms_graphql.demo.asking import Asked, Pool
from lms_graphql.demo.rows import Rows

_PASS_SHARE = 0.6


class Quiz(NamedTuple):
    """What a quiz draws: from which pool, how many questions, and for how long (None: without a limit)."""

    pool_id: int
    questions: int
    time_limit_seconds: int | None


class Stored(NamedTuple):
    """A question with the id of its row."""

    id: int
    asked: Asked


class Tried(NamedTuple):
    """The rows of one attempt: itself, what was drawn, what was answered; the attempt's id is still missing."""

    attempt: dict[str, Any]
    drawn: list[dict[str, Any]]
    answers: list[dict[str, Any]]


async def add_pools(rows: Rows, pools: Mapping[str, Pool]) -> tuple[dict[str, int], dict[int, list[Stored]]]:
    """Insert pools with their questions and answers; gives their ids by name, and their questions by id."""
    ids = dict(
        zip(pools, await rows.add(QuestionPool, [{"title": pool.title} for pool in pools.values()]), strict=True)
    )
    asked = [(ids[name], number, one) for name, pool in pools.items() for number, one in enumerate(pool.questions, 1)]
    numbers = await rows.add(
        Question,
        [
            {
                "pool_id": pool_id,
                "number": number,
                "type": one.type,
                "points": one.points,
                "stem": one.stem,
                "options": stored(one.options),
                "hints": list(one.hints),
            }
            for pool_id, number, one in asked
        ],
    )
    await rows.put(
        QuestionKey,
        [
            {"question_id": question_id, "answer": stored(one.answer), "explanation": one.explanation}
            for question_id, (_, _, one) in zip(numbers, asked, strict=True)
        ],
    )
    questions: dict[int, list[Stored]] = {pool_id: [] for pool_id in ids.values()}
    for question_id, (pool_id, _, one) in zip(numbers, asked, strict=True):
        questions[pool_id].append(Stored(question_id, one))
    return ids, questions


async def add_attempts(rows: Rows, tried: Sequence[Tried]) -> None:
    """Insert attempts with what was drawn and answered."""
    ids = await rows.add(QuizAttempt, [one.attempt for one in tried])
    for model, parts in (
        (QuizAttemptQuestion, [t.drawn for t in tried]),
        (QuizAttemptAnswer, [t.answers for t in tried]),
    ):
        await rows.put(
            model, [{"attempt_id": id_, **row} for id_, part in zip(ids, parts, strict=True) for row in part]
        )


def attempts(
    item_id: int, quiz: Quiz, pool: list[Stored], number: int, times: tuple[datetime, datetime | None, datetime]
) -> list[Tried]:
    """The attempts of person `number` at a quiz: every other one needs a second; a quiz only begun has one still open.

    `times` are when the quiz was begun, when it was finished (None: not yet), and until when the person was seen.
    """
    started, completed, until = times
    first, second = (_drawn(quiz, pool, number + again) for again in (0, 1))
    if completed is None:
        if quiz.time_limit_seconds:  # the clock still runs
            started = max(started, until - timedelta(minutes=10))
        return [_attempt(item_id, quiz, 1, started, None, first, range(0, len(first), 2))]
    right = range(number % 2 == 0, len(first))
    if number % 2:
        return [_attempt(item_id, quiz, 1, started, completed, first, right)]
    between = started + (completed - started) / 2
    return [
        _attempt(item_id, quiz, 1, started, between, first, [0]),
        _attempt(item_id, quiz, 2, between, completed, second, right),
    ]


def _drawn(quiz: Quiz, pool: list[Stored], begin: int) -> list[Stored]:
    """So many questions of the pool, begun at another one for everybody."""
    return [pool[(begin + index) % len(pool)] for index in range(min(quiz.questions, len(pool)))]


def _attempt(
    item_id: int,
    quiz: Quiz,
    number: int,
    started: datetime,
    submitted: datetime | None,
    drawn: list[Stored],
    right: Sequence[int],
) -> Tried:
    """An attempt; `right` are the indexes of right answers, or of the only ones where nothing is handed in yet."""
    graded = submitted is not None
    most = sum(one.asked.points for one in drawn)
    score = sum(drawn[index].asked.points for index in right)
    end = submitted or started + timedelta(minutes=5)
    if quiz.time_limit_seconds:  # nobody hands in late
        end = min(end, started + timedelta(seconds=quiz.time_limit_seconds - 30))
    attempt = {
        "content_item_id": item_id,
        "attempt_number": number,
        "started_at": started,
        "submitted_at": end if graded else None,
        "deadline_at": started + timedelta(seconds=quiz.time_limit_seconds) if quiz.time_limit_seconds else None,
        "score_obtained": score if graded else None,
        "max_score": most,
        "passed": score >= _PASS_SHARE * most if graded else None,
        "status": "graded" if graded else "in_progress",
    }
    rows = [
        {"position": position, "question_id": one.id, "points": one.asked.points, "snapshot": _snapshot(one.asked)}
        for position, one in enumerate(drawn, 1)
    ]
    answers = [
        {
            "position": index + 1,
            "response": stored(_response(one.asked, right=index in right)),
            "points_awarded": one.asked.points * (index in right) if graded else None,
            "saved_at": end,
        }
        for index, one in enumerate(drawn)
        if graded or index in right
    ]
    return Tried(attempt, rows, answers)


def _snapshot(asked: Asked) -> Any:
    return stored(Snapshot(asked.type, asked.stem, asked.options, list(asked.hints)))


def _response(asked: Asked, *, right: bool) -> Response:
    """The right answer, or a likely wrong one."""
    answer = asked.answer
    if asked.type == "numerical":
        return Response(value=answer.value if right else f"{float(answer.value or 0) + 1:g}")
    if asked.type == "text":
        return Response(text=answer.accepted[0] if right else "I can't remember")
    if asked.type == "ordering":
        return Response(order=answer.order if right else answer.order[::-1])
    if asked.type == "matching":
        others = [pair[1] for pair in answer.pairs]
        swapped = [(left, other) for (left, _), other in zip(answer.pairs, others[1:] + others[:1], strict=True)]
        return Response(pairs=answer.pairs if right else swapped)
    wrong = [option.id for option in asked.options if option.id not in answer.correct]
    return Response(chosen=answer.correct if right else wrong[:1])
