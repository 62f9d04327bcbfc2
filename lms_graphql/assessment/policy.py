"""Who may see which attempts, submissions and questions, and from when on."""

from sqlalchemy import ColumnElement, and_, func

from lms_graphql.assessment.models import LabSubmission, Question, QuestionKey, QuestionPool, QuizAttempt
from lms_graphql.engine.context import Viewer
from lms_graphql.storage.tenancy import NOBODY, UNIVERSITY, USER

STAFF_ONLY = frozenset({"graded_by"})
"""Columns of submissions that never leave the database for anybody but staff, besides `STAFF_ONLY_JSON`."""

STAFF_ONLY_JSON = ("hidden_results", "auto_grade_json")

WHEN_POSTED = ("score_obtained", "max_score", "instructor_feedback")
"""Columns of submissions that are null for anybody but staff until the grade is posted."""


def visible_attempts(viewer: Viewer) -> ColumnElement[bool]:
    """Staff see all of their university, everybody else their own."""
    here = QuizAttempt.university_id == UNIVERSITY
    return here if viewer.is_staff else and_(here, QuizAttempt.user_id == USER)


def visible_submissions(viewer: Viewer) -> ColumnElement[bool]:
    """Staff see all of their university, everybody else their own."""
    here = LabSubmission.university_id == UNIVERSITY
    return here if viewer.is_staff else and_(here, LabSubmission.user_id == USER)


def visible_waiting(viewer: Viewer) -> ColumnElement[bool]:
    """What waits to be graded is shown to staff only."""
    return _for_staff(viewer, LabSubmission.university_id == UNIVERSITY)


def is_posted() -> ColumnElement[bool]:
    """That the grade of a submission has been made known to the person."""
    return LabSubmission.posted_at <= func.now()


def visible_pools(viewer: Viewer) -> ColumnElement[bool]:
    """Pools are shown to staff only: who knows all questions has no need to learn."""
    return _for_staff(viewer, QuestionPool.university_id == UNIVERSITY)


def visible_questions(viewer: Viewer) -> ColumnElement[bool]:
    """Questions are shown to staff only; a student meets those that were drawn for an attempt, as they were drawn."""
    return _for_staff(viewer, Question.university_id == UNIVERSITY)


def visible_keys(viewer: Viewer) -> ColumnElement[bool]:
    """Right answers and explanations are shown to staff only."""
    return _for_staff(viewer, QuestionKey.university_id == UNIVERSITY)


def _for_staff(viewer: Viewer, here: ColumnElement[bool]) -> ColumnElement[bool]:
    return here if viewer.is_staff else and_(here, NOBODY)
