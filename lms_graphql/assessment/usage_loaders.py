"""What uses questions: the quizzes that draw from a pool, and the attempts that met what is in it. For staff."""

from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, any_, case, exists, func, select, true
from sqlalchemy.orm import aliased
from typing_extensions import override

from lms_graphql.assessment import policy
from lms_graphql.assessment.models import Question, QuestionPool, QuizAttempt, QuizAttemptQuestion
from lms_graphql.catalog.models import Course
from lms_graphql.content.models import ContentItem
from lms_graphql.content.policy import visible_items
from lms_graphql.engine.dataloaders import KEYS, One, Page
from lms_graphql.engine.rows import record
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.syllabus.models import Module

UsageRow = record("QuestionUsage")
UseRow = record("QuizUse")

_met = aliased(Question)
"""The questions, of any version, whose attempts are counted."""
_module, _course = aliased(Module), aliased(Course)
"""Aliases, since the policy of items names both."""


def _shown() -> ColumnElement[bool]:
    """That students see the quiz, in a statement that has its module and its course."""
    return and_(ContentItem.is_active, _module.effective_published, _course.is_published)


def _drawing(pool_id: ColumnElement[Any], *shown: Any) -> Select[Any]:
    """The quizzes that draw from a pool, with their modules and courses."""
    return (
        select(*shown)
        .select_from(ContentItem)
        .join(_module, and_(_module.university_id == UNIVERSITY, _module.id == ContentItem.module_id))
        .join(_course, and_(_course.university_id == UNIVERSITY, _course.id == ContentItem.course_id))
        .where(ContentItem.university_id == UNIVERSITY, ContentItem.pool_key == pool_id)
    )


def _quizzes(pool_id: ColumnElement[Any]) -> Any:
    counts = (
        func.count().label("quiz_count"),
        func.count().filter(_shown()).label("published_quiz_count"),
    )
    return _drawing(pool_id, *counts).lateral("quizzes")


def _attempts(*of_questions: ColumnElement[bool]) -> Any:
    """The attempts that met some questions, each counted once."""
    is_open, drawn = QuizAttempt.submitted_at.is_(None), QuizAttemptQuestion
    attempts = func.count(QuizAttempt.id.distinct())
    return (
        select(
            attempts.filter(is_open).label("open_attempt_count"),
            attempts.filter(~is_open).label("finished_attempt_count"),
        )
        .select_from(_met)
        .join(drawn, and_(drawn.university_id == UNIVERSITY, drawn.question_id == _met.id))
        .join(QuizAttempt, and_(QuizAttempt.university_id == UNIVERSITY, QuizAttempt.id == drawn.attempt_id))
        .where(_met.university_id == UNIVERSITY, *of_questions)
        .lateral("attempts")
    )


def _usage(key: Any, table: Any, pool_id: Any, attempts: FromClause) -> Select[Any]:
    quizzes = _quizzes(pool_id)
    return (
        select(key, table.university_id, pool_id.label("pool_id"), *quizzes.c, *attempts.c)
        .select_from(table)
        .join(quizzes, true())
        .join(attempts, true())
        .where(key == any_(KEYS))
    )


class UsageByPool(One[int]):
    """What uses each pool."""

    row = UsageRow

    @override
    def query(self) -> Select[Any]:
        attempts = _attempts(_met.pool_id == QuestionPool.id)
        usage = _usage(QuestionPool.id, QuestionPool, QuestionPool.id, attempts)
        return usage.where(policy.visible_pools(self.viewer))


class UsageByQuestion(One[int]):
    """What uses each question: the quizzes of its pool, and the attempts that met it in any version."""

    row = UsageRow

    @override
    def query(self) -> Select[Any]:
        attempts = _attempts(_met.pool_id == Question.pool_id, _met.number == Question.number)
        usage = _usage(Question.id, Question, Question.pool_id, attempts)
        return usage.where(policy.visible_questions(self.viewer))


class UsesByPool(Page[int]):
    """The quizzes that draw from each pool and that the viewer may see, by id."""

    row = UseRow
    order = (ContentItem.id,)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        is_published = case((_shown(), True), else_=False).label("is_published")
        shown = (ContentItem.id, ContentItem.university_id, is_published)
        seen = (
            exists().where(QuestionPool.id == parent, policy.visible_pools(self.viewer)).correlate_except(QuestionPool)
        )
        return _drawing(parent, *shown).where(visible_items(self.viewer), seen)
