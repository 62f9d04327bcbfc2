"""Who may see which attempts, submissions and questions, and from when on."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    SQLColumnExpression,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    null,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from lms_graphql.assessment.models import (
    LabSubmission,
    Question,
    QuestionKey,
    QuestionPool,
    QuizAttempt,
    RubricCriterion,
    RubricRating,
    Upload,
)
from lms_graphql.catalog.reach import (
    administers_a_department,
    if_reached,
    is_reached,
    only_reached,
    reaches_course,
    reaches_person,
    row_is_reached,
    seen_or_reached,
)
from lms_graphql.content.models import ContentItem, ContentItemSetting
from lms_graphql.content.policy import visible_items
from lms_graphql.engine.context import Viewer
from lms_graphql.storage.tenancy import UNIVERSITY, USER

GRACE = timedelta(seconds=10)
"""How long after its deadline an attempt still takes what was on its way."""

STAFF_ONLY = ("graded_by",)
"""Columns of submissions that never leave the database for anybody but staff, besides `STAFF_ONLY_JSON`."""

STAFF_ONLY_JSON = ("hidden_results", "auto_grade_json")

WHEN_POSTED_JSON = ("rubric_result",)
"""Likewise of the columns that hold JSON."""

WHEN_POSTED = ("score_obtained", "max_score", "instructor_feedback", "raw_score")
"""Columns of submissions that are null for anybody but staff until the grade is posted."""


def visible_attempts(viewer: Viewer) -> ColumnElement[bool]:
    """One's own; for staff also those of the people in their reach."""
    here = QuizAttempt.university_id == UNIVERSITY
    reached = reaches_person(QuizAttempt.course_offering_id, QuizAttempt.user_id)
    return seen_or_reached(viewer, here, QuizAttempt.user_id == USER, reached)


def visible_submissions(viewer: Viewer) -> ColumnElement[bool]:
    """One's own; for staff also those of the people in their reach."""
    here = LabSubmission.university_id == UNIVERSITY
    return seen_or_reached(viewer, here, LabSubmission.user_id == USER, _of_reached_person())


def visible_waiting(viewer: Viewer) -> ColumnElement[bool]:
    """What waits to be graded is for staff: of the people in their reach."""
    return only_reached(viewer, LabSubmission.university_id == UNIVERSITY, _of_reached_person())


def _of_reached_person() -> ColumnElement[bool]:
    return reaches_person(LabSubmission.course_offering_id, LabSubmission.user_id)


def for_graders(viewer: Viewer, value: ColumnElement[Any]) -> ColumnElement[Any]:
    """A value of a submission that staff alone may have, where the person is in their reach; else null."""
    return if_reached(viewer, value, _of_reached_person())


def when_posted(viewer: Viewer, value: ColumnElement[Any]) -> ColumnElement[Any]:
    """A value of a submission that its person has from when the grade is posted, and staff as `for_graders`."""
    return if_reached(viewer, value, _of_reached_person(), case((LabSubmission.posted_at <= func.now(), value)))


def is_for_graders(viewer: Viewer) -> tuple[ColumnElement[bool], ...]:
    """The column `is_reached` of a submission, where it is needed."""
    return is_reached(viewer, _of_reached_person())


def visible_pools(viewer: Viewer) -> ColumnElement[bool]:
    """Pools are for staff, those of courses in their reach: who knows all questions has no need to learn."""
    return only_reached(viewer, QuestionPool.university_id == UNIVERSITY, _reaches_pool(QuestionPool))


def _reaches_pool(pool: Any) -> ColumnElement[bool]:
    """Pools that are of no course belong to who administers, if only a department."""
    shared = and_(pool.course_id.is_(None), administers_a_department())
    return or_(shared, reaches_course(pool.course_id))


def visible_questions(viewer: Viewer) -> ColumnElement[bool]:
    """As pools; a student meets those that were drawn for an attempt, as they were drawn."""
    return only_reached(viewer, Question.university_id == UNIVERSITY, _in_reached_pool(Question.pool_id))


def _in_reached_pool(pool_id: SQLColumnExpression[int]) -> ColumnElement[bool]:
    pool = aliased(QuestionPool)
    found = exists().where(pool.university_id == UNIVERSITY, pool.id == pool_id, _reaches_pool(pool))
    return found.correlate_except(pool)


def visible_keys(viewer: Viewer) -> ColumnElement[bool]:
    """Right answers and explanations are for staff, as the questions."""
    return only_reached(viewer, QuestionKey.university_id == UNIVERSITY, _of_reached_pool())


def _of_reached_pool() -> ColumnElement[bool]:
    question = aliased(Question)
    of_question = exists().where(
        question.university_id == UNIVERSITY,
        question.id == QuestionKey.question_id,
        _in_reached_pool(question.pool_id),
    )
    return of_question.correlate_except(question)


# ---- what a person sees of the right answers, and what may be done with quizzes


def may_attempt_quizzes(viewer: Viewer) -> bool:
    """Members may; in which offerings, the service decides."""
    return viewer.is_member


def may_set_overrides(viewer: Viewer) -> bool:
    """Staff may; in which offerings, the service decides."""
    return viewer.is_staff


def visible_drawn_keys(viewer: Viewer) -> ColumnElement[bool]:
    """The key of a question that was drawn for an attempt: its person's once it is told, and staff's as `visible_keys`.

    For a statement that has the attempt, its question and the key.
    """
    here = and_(QuestionKey.university_id == UNIVERSITY, visible_attempts(viewer))
    told = and_(QuizAttempt.user_id == USER, answers_held_back().is_(None))
    return seen_or_reached(viewer, here, told, _of_reached_pool())


def answers_held_back() -> ColumnElement[str | None]:
    """Why the right answers of an attempt are not told its person; null once they are.

    Never while the person has an attempt at the quiz open: it may ask the same. In practice then from when it is handed
    in. In an exam once the quiz is locked for everybody in the offering, since who is later could be told; where it is
    never locked, once the person has used up all attempts.
    """
    other = aliased(QuizAttempt)
    open_one = exists().where(
        other.university_id == UNIVERSITY,
        other.user_id == QuizAttempt.user_id,
        other.content_item_id == QuizAttempt.content_item_id,
        other.submitted_at.is_(None),
    )
    closes_at = answers_told_at()
    return case(
        (QuizAttempt.submitted_at.is_(None), "not_submitted"),
        (open_one.correlate(QuizAttempt), "attempt_open"),
        (_of_quiz("quiz_mode") == "practice", null()),
        (closes_at.is_(None) & _attempts_used_up(), null()),
        (closes_at.is_(None), "attempts_left"),
        (closes_at > func.now(), "not_closed"),
        else_=null(),
    )


def answers_told_at() -> ColumnElement[Any]:
    """When an exam is over for everybody in the attempt's offering, the time of grace included; null: never."""
    setting = aliased(ContentItemSetting)
    for_all = and_(setting.section_id.is_(None), setting.user_id.is_(None))
    over = case(
        (and_(func.bool_or(for_all), func.bool_and(setting.lock_at.is_not(None))), func.max(setting.lock_at) + GRACE)
    )
    return (
        select(over)
        .where(
            setting.university_id == UNIVERSITY,
            setting.course_offering_id == QuizAttempt.course_offering_id,
            setting.content_item_id == QuizAttempt.content_item_id,
            func.num_nonnulls(setting.unlock_at, setting.due_at, setting.lock_at) > 0,
        )
        .correlate(QuizAttempt)
        .scalar_subquery()
    )


def is_exam() -> ColumnElement[bool]:
    """That the attempt's quiz is no practice."""
    return _of_quiz("quiz_mode").is_distinct_from("practice")


def _of_quiz(*path: str) -> ColumnElement[str]:
    """A text in the payload of the attempt's quiz; numbers come as text, too."""
    item = aliased(ContentItem)
    value = item.data_json[path].astext
    found = select(value).where(item.university_id == UNIVERSITY, item.id == QuizAttempt.content_item_id)
    return found.correlate(QuizAttempt).scalar_subquery()


def _attempts_used_up() -> ColumnElement[bool]:
    """That there are no more attempts for the attempt's person: not so where the quiz does not count them."""
    other, setting, limit = aliased(QuizAttempt), aliased(ContentItemSetting), _of_quiz("mastery", "max_attempts")
    taken = (
        select(func.count())
        .where(
            other.university_id == UNIVERSITY,
            other.course_offering_id == QuizAttempt.course_offering_id,
            other.user_id == QuizAttempt.user_id,
            other.content_item_id == QuizAttempt.content_item_id,
        )
        .correlate(QuizAttempt)
        .scalar_subquery()
    )
    # Of any setting in the offering: at most too many, and so never too early.
    extra = (
        select(func.coalesce(func.max(setting.extra_attempts), 0))
        .where(
            setting.university_id == UNIVERSITY,
            setting.course_offering_id == QuizAttempt.course_offering_id,
            setting.content_item_id == QuizAttempt.content_item_id,
        )
        .correlate(QuizAttempt)
        .scalar_subquery()
    )
    return case((limit.regexp_match("^[0-9]{1,9}$"), taken >= cast(limit, BigInteger) + extra), else_=false())


def visible_uploads(viewer: Viewer) -> ColumnElement[bool]:
    """One's own; for staff also those of the people in their reach that are part of a submission."""
    here = Upload.university_id == UNIVERSITY
    handed_in = and_(Upload.state == "attached", reaches_person(Upload.course_offering_id, Upload.user_id))
    return seen_or_reached(viewer, here, Upload.user_id == USER, handed_in)


def visible_criteria(viewer: Viewer) -> ColumnElement[bool]:
    """Of the items that the viewer sees: who hands in shall know by what it is graded."""
    here = RubricCriterion.university_id == UNIVERSITY
    if viewer.is_admin:
        return here
    of_item = exists().where(ContentItem.id == RubricCriterion.content_item_id, visible_items(viewer))
    return and_(here, of_item.correlate(RubricCriterion))


def visible_ratings(viewer: Viewer) -> ColumnElement[bool]:
    """Those of visible criteria."""
    here = RubricRating.university_id == UNIVERSITY
    if viewer.is_admin:
        return here
    of_criterion = exists().where(RubricCriterion.id == RubricRating.criterion_id, visible_criteria(viewer))
    return and_(here, of_criterion.correlate(RubricRating))


# ---- who may use which mutation: what depends on rows is decided of them


def may_hand_in(viewer: Viewer) -> bool:
    """Members; in what they are enrolled, the service asks."""
    return viewer.is_member


def may_grade_people(viewer: Viewer) -> bool:
    """Staff; whom, the service asks."""
    return viewer.is_staff


def may_set_rubrics(viewer: Viewer) -> bool:
    """Staff; of which course, the service asks."""
    return viewer.is_staff


def may_post_grades(viewer: Viewer) -> bool:
    """Staff; of which offering, the service asks."""
    return viewer.is_staff


def may_grade_by_machine(viewer: Viewer) -> bool:
    """Services with the scope lab:grade, and no people."""
    return viewer.user_id is None and "lab:grade" in viewer.service_scopes


def may_grade_submission(viewer: Viewer, submission: Mapping[str, Any]) -> bool:
    """Who reaches its person; nobody their own."""
    return row_is_reached(viewer, submission) and submission["user_id"] != viewer.user_id
