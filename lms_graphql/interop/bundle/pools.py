"""Writing the question pools of a course, in so many statements as for one of them."""

from collections.abc import Mapping
from typing import Any

from lms_graphql.assessment.models import Question, QuestionKey, QuestionPool
from lms_graphql.assessment.payloads import in_json
from lms_graphql.assessment.pooling import Placed, QuestionSeed, audited
from lms_graphql.engine.work import Work
from lms_graphql.interop.bundle import form
from lms_graphql.interop.bundle.checking import Checked
from lms_graphql.interop.bundle.rows import add, draw


async def write_pools(work: Work, course_id: int, checked: Checked, shared: Mapping[str, int]) -> dict[int, int]:
    """Add the pools that are not `shared` (which are there); the ids of all, by the numbers of their keys.

    As `assessment.pooling.add_pool` writes one of them, and with the same entries in the audit log.
    """
    pools = [pool for pool in checked.course.pools if pool.key not in shared]
    ids = dict(zip((pool.key for pool in pools), await draw(work, QuestionPool, len(pools)), strict=True))
    rows: list[dict[str, Any]] = [{"id": ids[pool.key], "course_id": course_id, "title": pool.title} for pool in pools]
    await add(work, QuestionPool, rows)
    if rows:
        told = [(row["id"], None, {"courseId": course_id, "title": row["title"]}) for row in rows]
        await work.audit_each("question_pool.create", "QuestionPool", told)
    await _write_questions(work, pools, ids, checked.questions)
    return {int(key[1:]): number for key, number in {**ids, **shared}.items()}


async def _write_questions(
    work: Work, pools: list[form.Pool], ids: Mapping[str, int], questions: Mapping[str, list[QuestionSeed]]
) -> None:
    placed = [
        (ids[pool.key], Placed(number, 1, seed)) for pool in pools for number, seed in enumerate(questions[pool.key], 1)
    ]
    numbers = await draw(work, Question, len(placed))
    await add(work, Question, [_row(number, *one) for number, one in zip(numbers, placed, strict=True)])
    keys = [
        {"question_id": number, "answer": in_json(one.seed.answer), "explanation": one.seed.explanation}
        for number, (_, one) in zip(numbers, placed, strict=True)
    ]
    await add(work, QuestionKey, keys)
    changes = [(number, None, audited(pool_id, one)) for number, (pool_id, one) in zip(numbers, placed, strict=True)]
    if changes:
        await work.audit_each("question.create", "Question", changes)


def _row(number: int, pool_id: int, one: Placed) -> dict[str, Any]:
    return {
        "id": number,
        "pool_id": pool_id,
        "number": one.number,
        "version": one.version,
        "type": one.seed.type,
        "points": one.seed.points,
        "stem": one.seed.stem,
        "options": in_json(one.seed.options),
        "hints": in_json(one.seed.hints),
    }
