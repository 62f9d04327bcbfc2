"""What those who change question pools begin with: the pool, as they see it, locked; and how its questions are placed.

A course's pools are changed under the course's lock, as its tree is; one that is of no course under a lock of its own
row. The places of the questions that are drawn are 1 to n; those that are no longer drawn stand behind them.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, BigInteger, Integer, Select, bindparam, column, func, select, update

from lms_graphql.assessment.models import Question, QuestionPool, QuizAttempt, QuizAttemptQuestion
from lms_graphql.assessment.policy import visible_pools, visible_questions
from lms_graphql.catalog.editing import EDITORS, lock_course
from lms_graphql.catalog.policy import may_edit_course
from lms_graphql.catalog.reach import department_of_course
from lms_graphql.engine.context import Viewer
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement, columns
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.syllabus.editing import renew_version
from lms_graphql.tenancy.policy import may_author

POOL = ("input", "poolId")
QUESTION = ("input", "questionId")
MET = {
    "quiz_attempt_questions_question_id_fkey": UserFailure(
        UserErrorCode.CLOSED, "somebody has just begun an attempt with one of the questions: nothing can be deleted"
    )
}
"""What the database refuses, where an attempt is begun while something is deleted."""

_ASIDE = 1_000_000_000
"""Added to numbers while they are exchanged: more than any pool has, and within an integer twice."""

PoolRow = record("EditedPool")
QuestionRow = record("EditedQuestion")
_POOL = bindparam("pool_id", type_=BigInteger, required=True)
_QUESTION = bindparam("question_id", type_=BigInteger, required=True)


def _pool(viewer: Viewer) -> Select[Any]:
    """The pool with what decides who may change it: its course, as `may_edit_course` asks for it."""
    course_id: Any = QuestionPool.course_id
    shown: list[Any] = [QuestionPool.id.label("pool_id"), course_id.label("id")]
    shown.append(department_of_course(course_id).label("department_id"))
    return select(*shown).where(QuestionPool.id == _POOL, visible_pools(viewer))


def _pool_of(viewer: Viewer) -> Select[Any]:
    return select(Question.pool_id).where(Question.id == _QUESTION, visible_questions(viewer))


_POOLS = {standing: Statement(_pool(Viewer(standing=standing))) for standing in EDITORS}
_POOLS_OF = {standing: Statement(_pool_of(Viewer(standing=standing))) for standing in EDITORS}
_LOCK = Statement(
    select(*columns(QuestionPool))
    .where(QuestionPool.university_id == UNIVERSITY, QuestionPool.id == _POOL)
    .with_for_update(key_share=True)
)
_READ = Statement(
    select(*columns(Question), Question.options.label("options_text"), Question.hints.label("hints_text")).where(
        Question.university_id == UNIVERSITY, Question.id == _QUESTION
    )
)
_PLACES = Statement(
    select(Question.id, Question.number, Question.version, Question.is_active)
    .where(Question.university_id == UNIVERSITY, Question.pool_id == _POOL)
    .order_by(Question.number, Question.version)
)
_moved: Any = func.unnest(
    bindparam("old", type_=ARRAY(Integer), required=True), bindparam("new", type_=ARRAY(Integer), required=True)
).table_valued(column("old", Integer), column("new", Integer))
_moved = _moved.render_derived(name="moved")
_IN_POOL = (Question.university_id == UNIVERSITY, Question.pool_id == _POOL)
_SET_ASIDE = Statement(
    update(Question).values(number=_moved.c.new + _ASIDE).where(*_IN_POOL, Question.number == _moved.c.old)
)
_PUT_BACK = Statement(
    update(Question).values(number=Question.number - _ASIDE).where(*_IN_POOL, Question.number > _ASIDE)
)
_MET = Statement(
    select(
        func.count(QuizAttempt.id).label("met"),
        func.count(QuizAttempt.id).filter(QuizAttempt.submitted_at.is_(None)).label("live"),
    )
    .select_from(Question)
    .join(
        QuizAttemptQuestion,
        (QuizAttemptQuestion.university_id == UNIVERSITY) & (QuizAttemptQuestion.question_id == Question.id),
    )
    .join(QuizAttempt, (QuizAttempt.university_id == UNIVERSITY) & (QuizAttempt.id == QuizAttemptQuestion.attempt_id))
    .where(*_IN_POOL, Question.number == bindparam("number", type_=Integer, required=True))
)


class Places(NamedTuple):
    """The questions of a pool: those that are drawn by their numbers, and the numbers that no longer have one."""

    active: list[Row]
    retired: list[int]

    @property
    def ids(self) -> list[int]:
        """The active ones, in their order."""
        return [row["id"] for row in self.active]


async def pool_to_edit(work: Work, text: str, path: tuple[str, ...] = POOL) -> Row:
    """The pool that a global id names, with its columns, once its course is locked, or it where it is of none.

    NOT_FOUND if the viewer does not see it, or if it is gone when the lock is there; FORBIDDEN if they may not edit its
    course, or where it is of none what the university shares.
    """
    return await _pool_to_edit(work, number_of(text, "QuestionPool", work.viewer.university_id), path, "question pool")


async def question_to_edit(work: Work, text: str, path: tuple[str, ...] = QUESTION) -> tuple[Row, Row]:
    """The question that a global id names, and its pool, which is locked as `pool_to_edit` does.

    CONFLICT for a version that another one has replaced, CLOSED for a question that was removed.
    """
    question_id = number_of(text, "Question", work.viewer.university_id)
    pool_id = None
    if question_id is not None:
        found = await work.one(_POOLS_OF[work.viewer.standing], QuestionRow, question_id=question_id)
        pool_id = None if found is None else found["pool_id"]
    pool = await _pool_to_edit(work, pool_id, path, "question")
    question = await work.one(_READ, QuestionRow, question_id=question_id)
    if question is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such question for you", path)
    if not question["is_active"]:
        await _refuse_former(work, question, path)
    return question, pool


async def _pool_to_edit(work: Work, pool_id: int | None, path: tuple[str, ...], word: str) -> Row:
    viewer = work.viewer
    found = None if pool_id is None else await work.one(_POOLS[viewer.standing], PoolRow, pool_id=pool_id)
    if found is not None:
        if not (may_author(viewer) if found["id"] is None else may_edit_course(viewer, found)):
            raise Refused(UserErrorCode.FORBIDDEN, f"your roles here do not allow this for the {word}", path)
        if found["id"] is not None:
            await lock_course(work, found["id"])
        found = await work.one(_LOCK, PoolRow, pool_id=pool_id)
    if found is None:
        raise Refused(UserErrorCode.NOT_FOUND, f"there is no such {word} for you", path)
    return found


async def _refuse_former(work: Work, question: Row, path: tuple[str, ...]) -> None:
    places = await places_of(work, question["pool_id"])
    now = next((row["version"] for row in places.active if row["number"] == question["number"]), None)
    if now is None:
        raise Refused(UserErrorCode.CLOSED, "this question was removed: copy it into a pool to have it again", path)
    message = f"this is version {question['version']}, which was replaced: version {now} is there"
    raise Refused(UserErrorCode.CONFLICT, message, path, current_version=now)


async def places_of(work: Work, pool_id: int) -> Places:
    """Where the questions of a locked pool stand."""
    rows = await work.rows(_PLACES, QuestionRow, pool_id=pool_id)
    active = [row for row in rows if row["is_active"]]
    drawn = {row["number"] for row in active}
    return Places(active, list(dict.fromkeys(row["number"] for row in rows if row["number"] not in drawn)))


async def make_room(work: Work, pool_id: int, position: int | None, count: int) -> int:
    """Move questions so that so many come from `position` on (1 is first, null: behind the last); the first number."""
    places = await places_of(work, pool_id)
    last = len(places.active) + 1
    if position is not None and not 1 <= position <= last:
        message = f"a position here is from 1 to {last}"
        raise Refused(UserErrorCode.INVALID, message, ("input", "position"))
    first = last if position is None else position
    numbers = [row["number"] for row in places.active]
    room: list[int | None] = [*numbers[: first - 1], *[None] * count, *numbers[first - 1 :], *places.retired]
    await arrange(work, pool_id, room)
    return first


async def arrange(work: Work, pool_id: int, numbers: Sequence[int | None]) -> None:
    """Give the questions that have these numbers the numbers from 1 on, in this order; None keeps a number free."""
    moved = {old: new for new, old in enumerate(numbers, 1) if old is not None and old != new}
    if moved:
        await work.rows(_SET_ASIDE, Row, pool_id=pool_id, old=list(moved), new=list(moved.values()))
        await work.rows(_PUT_BACK, Row, pool_id=pool_id)


async def close(work: Work, pool: Row) -> None:
    """Give the pool's course another content version: whoever changes what quizzes draw ends with it."""
    if pool["course_id"] is not None:
        await renew_version(work, pool["course_id"])


async def attempts_with(work: Work, question: Row) -> Row:
    """How many attempts have `met` the question in any version, and how many of them are `live`: not handed in."""
    (found,) = await work.rows(_MET, QuestionRow, pool_id=question["pool_id"], number=question["number"])
    return found


def require_confirmed(given: Mapping[str, Any], live: int) -> None:
    """Refuse what touches a question of attempts under way, unless it was said that it is meant."""
    if live and not given.get("confirmLive"):
        message = (
            f"{live} attempt{'s are' if live > 1 else ' is'} under way with this question: send confirmLive: true to"
            " change it for those that begin from now on; these keep what they drew"
        )
        raise Refused(UserErrorCode.CLOSED, message, ("input", "confirmLive"))
