"""Questions come into a pool: written anew, or copied from another one."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ARRAY, BigInteger, Select, any_, bindparam, select

from lms_graphql.assessment.models import Question, QuestionKey
from lms_graphql.assessment.policy import visible_keys, visible_questions
from lms_graphql.assessment.pooling import (
    MOST_QUESTIONS,
    Placed,
    QuestionSeed,
    add_questions,
    failure,
    read_question,
)
from lms_graphql.assessment.question_editing import close, make_room, places_of, pool_to_edit
from lms_graphql.assessment.question_inputs import question_of
from lms_graphql.catalog.editing import EDITORS
from lms_graphql.engine.context import Viewer
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement, columns
from lms_graphql.storage.tenancy import UNIVERSITY

MOST_AT_ONCE = 200
_WHAT = ("input", "questionIds")
_WHERE = ("input", "toPoolId")

_Row = record("CopiedQuestion")


def _copied(viewer: Viewer) -> Select[Any]:
    """Questions with their keys, as far as the viewer sees both."""
    shown = (Question.options.label("options_text"), Question.hints.label("hints_text"))
    return (
        select(*columns(Question), *shown, QuestionKey.answer.label("answer_text"), QuestionKey.explanation)
        .outerjoin(
            QuestionKey,
            (QuestionKey.university_id == UNIVERSITY) & (QuestionKey.question_id == Question.id) & visible_keys(viewer),
        )
        .where(
            Question.id == any_(bindparam("question_ids", type_=ARRAY(BigInteger), required=True)),
            visible_questions(viewer),
        )
    )


_COPIED = {standing: Statement(_copied(Viewer(standing=standing))) for standing in EDITORS}


async def add_question(work: Work, given: Given) -> dict[str, Any]:
    """Write a question into a pool; gives `question_id` and `pool_id`."""
    pool = await pool_to_edit(work, given["poolId"])
    seed = question_of(given["question"])
    (question_id,) = await put_in(work, pool, given.get("position"), [seed])
    return {"question_id": question_id, "pool_id": pool["id"]}


async def copy_questions(work: Work, given: Given) -> dict[str, Any]:
    """Copy versions of questions into a pool, as its own, in the order given; gives `question_ids` and `pool_id`."""
    if not 1 <= len(given["questionIds"]) <= MOST_AT_ONCE:
        raise Refused(UserErrorCode.LIMIT_REACHED, f"1 to {MOST_AT_ONCE} questions can be copied at once", _WHAT)
    pool = await pool_to_edit(work, given["toPoolId"], _WHERE)
    seeds = await _seeds(work, given["questionIds"])
    ids = await put_in(work, pool, given.get("position"), seeds)
    return {"question_ids": ids, "pool_id": pool["id"]}


async def put_in(work: Work, pool: Row, position: int | None, seeds: Sequence[QuestionSeed]) -> list[int]:
    """Write questions that are checked into a locked pool from a position on, null: behind the last; their ids."""
    count = len((await places_of(work, pool["id"])).active) + len(seeds)
    if count > MOST_QUESTIONS:
        message = f"a pool has at most {MOST_QUESTIONS} questions, with these it would have {count}"
        raise Refused(UserErrorCode.LIMIT_REACHED, message, ("input",))
    first = await make_room(work, pool["id"], position, len(seeds))
    placed = [Placed(number, 1, seed) for number, seed in enumerate(seeds, first)]
    ids = await add_questions(work, pool["id"], placed)
    await close(work, pool)
    return ids


async def _seeds(work: Work, texts: Sequence[str]) -> list[QuestionSeed]:
    """The questions that these global ids name, as they would be written; NOT_FOUND if one is not there."""
    numbers = [number_of(text, "Question", work.viewer.university_id) for text in texts]
    wanted = [number for number in numbers if number is not None]
    found: dict[int, Row] = {}
    if wanted:
        rows = await work.rows(_COPIED[work.viewer.standing], _Row, question_ids=sorted(set(wanted)))
        found = {row["id"]: row for row in rows}
    if len(wanted) < len(texts) or any(number not in found for number in wanted):
        raise Refused(UserErrorCode.NOT_FOUND, "one of the questions is not there for you", _WHAT)
    read = [read_question(seed_of(found[number])) for number in wanted]
    failures: list[UserFailure] = [
        failure(problem, (*_WHAT, str(place))) for place, (_, problems) in enumerate(read) for problem in problems
    ]
    if failures:
        raise Refused.all(failures)
    return [seed for seed, _ in read]


def seed_of(row: Mapping[str, Any]) -> QuestionSeed:
    """A question as it is stored, from a row with `options_text`, `hints_text`, `answer_text` and `explanation`."""
    return QuestionSeed(
        row["type"],
        row["stem"],
        row["points"],
        msgspec.json.decode(row["options_text"]),
        msgspec.json.decode(row["hints_text"]),
        {} if row["answer_text"] is None else msgspec.json.decode(row["answer_text"]),
        row["explanation"],
    )
