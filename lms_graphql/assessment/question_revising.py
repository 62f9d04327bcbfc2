"""Questions of a pool are changed, removed and put in order: what an attempt drew stays as it was drawn."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, Integer, bindparam, delete, func, select, update

from lms_graphql.assessment.models import Question, QuestionKey
from lms_graphql.assessment.pooling import Placed, QuestionSeed, add_questions, audited
from lms_graphql.assessment.question_adding import seed_of
from lms_graphql.assessment.question_editing import (
    QuestionRow,
    arrange,
    attempts_with,
    close,
    places_of,
    pool_to_edit,
    question_to_edit,
    require_confirmed,
)
from lms_graphql.assessment.question_inputs import question_of
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work, require_version
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

_WHAT = ("input", "questionIds")
_POOL = bindparam("pool_id", type_=BigInteger, required=True)
_OF_NUMBER = (
    Question.university_id == UNIVERSITY,
    Question.pool_id == _POOL,
    Question.number == bindparam("of_number", type_=Integer, required=True),
)
_KEY = Statement(
    select(QuestionKey.answer.label("answer_text"), QuestionKey.explanation).where(
        QuestionKey.university_id == UNIVERSITY,
        QuestionKey.question_id == bindparam("question_id", type_=BigInteger, required=True),
    )
)
_LAST = Statement(select(func.max(Question.version).label("version")).where(*_OF_NUMBER))
_RETIRE = Statement(update(Question).values(is_active=False).where(*_OF_NUMBER, Question.is_active.is_(True)))
_DELETE = Statement(delete(Question).where(*_OF_NUMBER))


async def update_question(work: Work, given: Given) -> dict[str, Any]:
    """Put another version in the place of a question; gives `question_id`, of the new one, and `pool_id`."""
    question, pool = await question_to_edit(work, given["questionId"])
    require_version(question["version"], given.get("expectedVersion"))
    seed = question_of(given["question"])
    before = await _stored(work, question)
    if seed == before:
        work.nothing_changed()
        return {"question_id": question["id"], "pool_id": pool["id"]}
    require_confirmed(given, (await attempts_with(work, question))["live"])
    number = question["number"]
    (last,) = await work.rows(_LAST, QuestionRow, pool_id=pool["id"], of_number=number)
    await work.rows(_RETIRE, Row, pool_id=pool["id"], of_number=number)
    placed = Placed(number, last["version"] + 1, seed)
    was = audited(pool["id"], Placed(number, question["version"], before))
    told = {"id": question["id"], **was}, {"isKeyChanged": _key(seed) != _key(before)}
    (question_id,) = await add_questions(work, pool["id"], [placed], act="question.update", replaced=told)
    await close(work, pool)
    return {"question_id": question_id, "pool_id": pool["id"]}


def _key(seed: QuestionSeed) -> tuple[Any, str | None]:
    return seed.answer, seed.explanation


async def _stored(work: Work, question: Row) -> QuestionSeed:
    """The question as it is, with its key."""
    key = await work.one(_KEY, QuestionRow, question_id=question["id"])
    seed = _without_key(question) if key is None else seed_of({**dict(question), **dict(key)})
    pairs = seed.answer.get("pairs") if isinstance(seed.answer, Mapping) else None
    if isinstance(pairs, list):  # JSON has no tuples
        seed = seed._replace(answer={**seed.answer, "pairs": [tuple(pair) for pair in pairs]})
    return seed


def _without_key(question: Row) -> QuestionSeed:
    return seed_of({**dict(question), "answer_text": None, "explanation": None})


async def remove_question(work: Work, given: Given) -> dict[str, Any]:
    """Draw a question no longer; it is deleted if no attempt ever drew it. Gives `pool_id` and `is_deleted`."""
    question, pool = await question_to_edit(work, given["questionId"])
    require_version(question["version"], given.get("expectedVersion"))
    found = await attempts_with(work, question)
    require_confirmed(given, found["live"])
    places = await places_of(work, pool["id"])
    here = {"pool_id": pool["id"], "of_number": question["number"]}
    await work.rows(_RETIRE if found["met"] else _DELETE, Row, **here)
    others = [row["number"] for row in places.active if row["id"] != question["id"]]
    gone = [question["number"]] if found["met"] else []
    await arrange(work, pool["id"], [*others, *places.retired, *gone])
    await close(work, pool)
    was = audited(pool["id"], Placed(question["number"], question["version"], _without_key(question)))
    after = {"isActive": False} if found["met"] else None
    await work.audit("question.remove", "Question", question["id"], before=was, after=after)
    deleted = not found["met"]
    return {"pool_id": pool["id"], "question_id": None if deleted else question["id"], "is_deleted": deleted}


async def reorder_questions(work: Work, given: Given) -> dict[str, Any]:
    """Put the questions of a pool that are drawn in this order; gives `pool_id`."""
    pool = await pool_to_edit(work, given["poolId"])
    places = await places_of(work, pool["id"])
    ids = [number_of(text, "Question", work.viewer.university_id) for text in given["questionIds"]]
    numbers = {row["id"]: row["number"] for row in places.active}
    known = [number for number in ids if number is not None and number in numbers]
    if not known and numbers:
        raise Refused(UserErrorCode.NOT_FOUND, "none of these is a question of the pool that is drawn", _WHAT)
    if sorted(known) != sorted(numbers) or len(known) < len(ids):
        message = f"name each of the {len(numbers)} questions of the pool that are drawn once, and no others"
        raise Refused(UserErrorCode.INVALID, message, _WHAT)
    if known == places.ids:
        work.nothing_changed()
        return {"pool_id": pool["id"]}
    await arrange(work, pool["id"], [*(numbers[number] for number in known), *places.retired])
    await close(work, pool)
    before, after = {"questionIds": places.ids}, {"questionIds": known}
    await work.audit("question.reorder", "QuestionPool", pool["id"], before=before, after=after)
    return {"pool_id": pool["id"]}
