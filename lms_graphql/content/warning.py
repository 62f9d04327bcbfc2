"""What an author should know of an item that was changed: it is in use, or it can't be used yet."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Text, bindparam, cast, func, select

from lms_graphql.assessment.models import LabSubmission, Question, QuizAttempt
from lms_graphql.content.references import pool_id_of
from lms_graphql.engine.rows import record
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

_Row = record("UseOfItem")
_ITEM = bindparam("item_id", type_=BigInteger, required=True)
_POOL = bindparam("pool_id", type_=BigInteger, required=True)


class Warning(NamedTuple):  # noqa: A001 - what it is
    """A label of `types.ContentWarningCode`, and what is said to people."""

    code: str
    message: str


def _count(model: Any, *conditions: Any) -> Any:
    return (
        select(func.count()).select_from(model).where(model.university_id == UNIVERSITY, *conditions).scalar_subquery()
    )


_USE = Statement(
    select(
        _count(QuizAttempt, QuizAttempt.content_item_id == _ITEM).label("attempts"),
        _count(
            QuizAttempt, QuizAttempt.content_item_id == _ITEM, cast(QuizAttempt.status, Text) == "in_progress"
        ).label("open_attempts"),
        _count(LabSubmission, LabSubmission.content_item_id == _ITEM).label("submissions"),
        _count(Question, Question.pool_id == _POOL, Question.is_active.is_(True)).label("questions"),
    )
)


async def warnings_of(
    work: Work, item_id: int, content_type: str, data: Mapping[str, Any], *, is_new: bool = False
) -> list[Warning]:
    """What is to be told of an item whose payload was just written; in one statement, none for most kinds."""
    if content_type not in {"quiz", "engineering_lab", "assignment"} or (is_new and content_type != "quiz"):
        return []
    pool_id = pool_id_of(content_type, data)
    use = await work.one(_USE, _Row, item_id=item_id, pool_id=pool_id or 0)
    found = []
    if use is not None and use["attempts"]:
        found.append(
            Warning(
                "attempts_exist",
                f"{use['attempts']} attempts have begun, {use['open_attempts']} of them are open: they keep the"
                " questions and the revision that they met",
            )
        )
    if use is not None and use["submissions"]:
        said = f"{use['submissions']} submissions were handed in: they keep the revision that they met"
        found.append(Warning("submissions_exist", said))
    if content_type == "quiz":
        found += _of_pool(pool_id, 0 if use is None else use["questions"], data.get("num_questions_per_attempt"))
    return found


def _of_pool(pool_id: int | None, questions: int, wanted: int | None) -> list[Warning]:
    if pool_id is None:
        return [Warning("no_pool", "the quiz has no question pool: nobody can take it")]
    if questions < (wanted or 1):
        said = f"its pool has {questions} questions, fewer than the {wanted or 1} that an attempt asks for"
        return [Warning("too_few_questions", said)]
    return []
