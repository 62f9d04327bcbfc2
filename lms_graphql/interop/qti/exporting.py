"""The questions of a pool as a package of QTI 2.1, for who may edit them: right answers are in it."""

import asyncio
from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Select, bindparam, select

from lms_graphql.assessment.models import Question, QuestionKey, QuestionPool
from lms_graphql.assessment.policy import visible_keys, visible_pools, visible_questions
from lms_graphql.assessment.pooling import QuestionSeed, failure, read_question
from lms_graphql.assessment.question_adding import seed_of
from lms_graphql.catalog.editing import EDITORS
from lms_graphql.catalog.policy import may_edit_course, may_edit_some_course
from lms_graphql.catalog.reach import department_of_course
from lms_graphql.engine.context import Context, Viewer
from lms_graphql.engine.errors import Code, RequestError
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import record
from lms_graphql.interop.exported import Exported
from lms_graphql.interop.qti.elements import UnmappedError
from lms_graphql.interop.qti.packages import write_package
from lms_graphql.interop.qti.writing import write_item
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.tenancy.policy import may_author

_Row = record("ExportedQuestion")
_POOL = bindparam("pool_id", type_=BigInteger, required=True)


def _pool(viewer: Viewer) -> Select[Any]:
    course_id: Any = QuestionPool.course_id
    shown: list[Any] = [course_id.label("id"), department_of_course(course_id).label("department_id")]
    return select(*shown).where(QuestionPool.id == _POOL, visible_pools(viewer))


def _questions(viewer: Viewer) -> Select[Any]:
    shown: list[Any] = [
        Question.number,
        Question.type,
        Question.stem,
        Question.points,
        Question.options.label("options_text"),
        Question.hints.label("hints_text"),
        QuestionKey.answer.label("answer_text"),
        QuestionKey.explanation,
    ]
    key = (QuestionKey.university_id == UNIVERSITY) & (QuestionKey.question_id == Question.id) & visible_keys(viewer)
    return (
        select(*shown)
        .outerjoin(QuestionKey, key)
        .where(Question.pool_id == _POOL, Question.is_active.is_(True), visible_questions(viewer))
        .order_by(Question.number)
    )


_POOLS = {standing: Statement(_pool(Viewer(standing=standing))) for standing in EDITORS}
_QUESTIONS = {standing: Statement(_questions(Viewer(standing=standing))) for standing in EDITORS}


async def export_questions(context: Context, pool: str) -> Exported:
    """A package with the questions of a pool that are drawn; it must be written down before it is shown.

    RequestError with UNIVERSITY_UNKNOWN (404) for a pool that is not there or not seen, FORBIDDEN for who may not edit
    it.
    """
    viewer = context.viewer
    pool_id = number_of(pool, "QuestionPool", context.university_id())
    found = []
    if pool_id is not None and may_edit_some_course(viewer):
        found = await context.fetch(_POOLS[viewer.standing], _Row, tenant=True, pool_id=pool_id)
    if not found:
        raise RequestError(Code.UNIVERSITY_UNKNOWN, "there is no such question pool, or not for you")
    if not (may_author(viewer) if found[0]["id"] is None else may_edit_course(viewer, found[0])):
        raise RequestError(Code.FORBIDDEN, "your roles here do not allow this")
    rows = await context.fetch(_QUESTIONS[viewer.standing], _Row, tenant=True, pool_id=pool_id)
    await context.renew()  # its connection is others' while the package is written
    data = await asyncio.to_thread(_package, [(row["number"], seed_of(row)) for row in rows])
    return Exported("question_pool.export", "QuestionPool", int(pool_id or 0), data)


def _package(questions: Sequence[tuple[int, QuestionSeed]]) -> bytes:
    """A package with these questions, as far as QTI can say them; which are left out, and why, is told in it."""
    items, left_out = [], []
    for number, given in questions:
        seed, problems = read_question(given)
        if problems:
            left_out.append(f"question {number}: {failure(problems[0], ()).message}")
            continue
        try:
            items.append((f"question{number}", write_item(seed, f"question{number}")))
        except UnmappedError as error:
            left_out.append(f"question {number}: {error}")
    return write_package(items, left_out)
