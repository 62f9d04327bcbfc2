"""Question pools are added, named and deleted."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, String, bindparam, delete, func, select, update

from lms_graphql.assessment.models import Question, QuestionPool, QuizAttemptQuestion
from lms_graphql.assessment.pooling import LONGEST_TITLE, add_pool
from lms_graphql.assessment.question_editing import close, pool_to_edit
from lms_graphql.catalog.editing import course_to_edit
from lms_graphql.content.models import ContentItem
from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work, require_version
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.syllabus.editing import renew_version
from lms_graphql.tenancy.policy import may_author

_TITLE = ("input", "title")
_TOLD = 3
"""So many of the quizzes that are in the way are told by their titles."""

_Row = record("KeptPool")
_POOL = bindparam("pool_id", type_=BigInteger, required=True)
_IN_POOL = (Question.university_id == UNIVERSITY, Question.pool_id == _POOL)

_RENAME = Statement(
    update(QuestionPool)
    .values(title=bindparam("new_title", type_=String))
    .where(QuestionPool.university_id == UNIVERSITY, QuestionPool.id == _POOL)
)
_QUIZZES = Statement(
    select(ContentItem.title, func.count().over().label("quizzes"))
    .where(ContentItem.university_id == UNIVERSITY, ContentItem.pool_key == _POOL)
    .order_by(ContentItem.id)
    .limit(_TOLD)
)
_MET = Statement(
    select(QuizAttemptQuestion.question_id)
    .join(Question, Question.id == QuizAttemptQuestion.question_id)
    .where(QuizAttemptQuestion.university_id == UNIVERSITY, *_IN_POOL)
    .limit(1)
)
_DELETE_QUESTIONS = Statement(
    delete(Question)
    .where(*_IN_POOL)
    .returning(
        Question.id,
        Question.number,
        Question.version,
        Question.is_active,
        Question.type,
        Question.points,
        Question.stem,
    )
)
_DELETE = Statement(delete(QuestionPool).where(QuestionPool.university_id == UNIVERSITY, QuestionPool.id == _POOL))


async def create_question_pool(work: Work, given: Given) -> dict[str, Any]:
    """Add a pool without questions; gives `pool_id`. Without a course it is the university's, for who may share."""
    course_id = None
    if given.get("courseId") is not None:
        course_id = (await course_to_edit(work, given["courseId"]))["id"]
    elif not may_author(work.viewer):
        message = "your roles here do not allow a pool that is of no course: name one in courseId"
        raise Refused(UserErrorCode.FORBIDDEN, message, ("input", "courseId"))
    pool_id = await add_pool(work, course_id, given["title"], ())
    if course_id is not None:
        await renew_version(work, course_id)
    return {"pool_id": pool_id}


async def update_question_pool(work: Work, given: Given) -> dict[str, Any]:
    """Give a pool another title; gives `pool_id`."""
    pool = await pool_to_edit(work, given["poolId"])
    require_version(pool["version"], given.get("expectedVersion"))
    title = line(given["title"], _TITLE, most=LONGEST_TITLE) if given.get("title") is not None else pool["title"]
    if title == pool["title"]:
        work.nothing_changed()
        return {"pool_id": pool["id"]}
    await work.rows(_RENAME, Row, pool_id=pool["id"], new_title=title)
    await close(work, pool)
    before, after = {"title": pool["title"]}, {"title": title}
    await work.audit("question_pool.update", "QuestionPool", pool["id"], before=before, after=after)
    return {"pool_id": pool["id"]}


async def delete_question_pool(work: Work, given: Given) -> dict[str, Any]:
    """Delete a pool with its questions, while no quiz draws from it and no attempt met them; gives `deleted_id`."""
    pool = await pool_to_edit(work, given["poolId"])
    require_version(pool["version"], given.get("expectedVersion"))
    _refuse_if_drawn(await work.rows(_QUIZZES, _Row, pool_id=pool["id"]))
    if await work.one(_MET, _Row, pool_id=pool["id"]) is not None:
        message = "attempts have met its questions: the pool stays, so that what was graded can be understood"
        raise Refused(UserErrorCode.CLOSED, message, ("input", "poolId"))
    questions = await work.rows(_DELETE_QUESTIONS, _Row, pool_id=pool["id"])
    await work.rows(_DELETE, Row, pool_id=pool["id"])
    await close(work, pool)
    removed = sorted(questions, key=lambda row: (row["number"], row["version"]))
    before = {"courseId": pool["course_id"], "title": pool["title"], "questions": [dict(row) for row in removed]}
    await work.audit("question_pool.delete", "QuestionPool", pool["id"], before=before)
    return {"deleted_id": given["poolId"]}


def _refuse_if_drawn(quizzes: Sequence[Row]) -> None:
    if quizzes:
        count, names = quizzes[0]["quizzes"], ", ".join(f"«{row['title']}»" for row in quizzes)
        more = "" if count <= _TOLD else f" and {count - _TOLD} more"
        message = f"{count} quiz{'zes draw' if count > 1 else ' draws'} from it: give {names}{more} another pool first"
        raise Refused(UserErrorCode.CLOSED, message, ("input", "poolId"))
