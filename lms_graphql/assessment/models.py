"""Questions, attempts and submissions; `course_id` ties the item and the offering of a record to one course.

The answers of questions lie in a table of their own (`question_keys`): every viewer reads through the same role, so a
statement that is not about answers cannot bring one along.
"""

from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    String,
    Text,
    UniqueConstraint,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lms_graphql.content.models import content_type_enum
from lms_graphql.storage.metadata import (
    BigInt,
    CreatedAt,
    Model,
    TenantOwned,
    TenantRow,
    Time,
    references,
    references_member,
)

_ENROLLED = ("course_offering_id", "user_id")
_QUESTION_TYPES = "'single_choice', 'multiple_choice', 'numerical', 'text', 'dropdown', 'ordering', 'matching'"


def _content_of_kind(table: str) -> ForeignKeyConstraint:
    """The foreign key to an item of the kind that the record is for."""
    return ForeignKeyConstraint(
        ["university_id", "course_id", "content_item_id", "content_type"],
        [f"content_items.{name}" for name in ("university_id", "course_id", "id", "content_type")],
        name=f"{table}_content_item_id_fkey",
    )


class QuestionPool(TenantRow, Model):
    """A set of questions that quizzes draw from; with a course, of that course alone."""

    __tablename__ = "question_pools"
    __table_args__ = (
        references("courses", "course_id"),
        Index("ix_question_pools_course_id", "university_id", "course_id"),
    )

    course_id: Mapped[BigInt | None]
    title: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))


class Question(TenantRow, Model):
    """One version of a question: `number` is its place in the pool, the active version is the one that is drawn.

    `stem` is Markdown, `options` a list of `{"id", "text"}` (of matching also `{"id", "text", "side"}`), `hints` a list
    of texts.
    """

    __tablename__ = "questions"
    __table_args__ = (
        references("question_pools", "pool_id"),
        UniqueConstraint("university_id", "pool_id", "number", "version", name="uq_questions_version"),
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint(f"type IN ({_QUESTION_TYPES})", name="type"),
        CheckConstraint("points BETWEEN 0 AND 9999.99", name="points"),
        CheckConstraint("jsonb_typeof(options) = 'array'", name="options"),
        CheckConstraint("jsonb_typeof(hints) = 'array'", name="hints"),
        Index(
            "ux_questions_active",
            "university_id",
            "pool_id",
            "number",
            unique=True,
            postgresql_where=text("is_active"),
        ),
    )

    pool_id: Mapped[BigInt]
    number: Mapped[int] = mapped_column(Integer)
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    type: Mapped[str] = mapped_column(String(32))
    points: Mapped[Decimal] = mapped_column(Numeric(6, 2), server_default=text("1"))
    stem: Mapped[str] = mapped_column(Text)
    options: Mapped[Any] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    hints: Mapped[Any] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    is_active: Mapped[bool] = mapped_column(server_default=true())
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]


class QuestionKey(TenantOwned, Model):
    """The right answer of a question, and why it is right: for staff, and for students when the quiz says so."""

    __tablename__ = "question_keys"
    __table_args__ = (references("questions", "question_id", ondelete="CASCADE"),)

    question_id: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    answer: Mapped[Any] = mapped_column(JSONB)
    explanation: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]


class QuizAttempt(TenantRow, Model):
    """One attempt of an enrolled person at a quiz; at most one is open."""

    __tablename__ = "quiz_attempts"
    __table_args__ = (
        references("course_offerings", "course_id", "course_offering_id"),
        _content_of_kind("quiz_attempts"),
        references("course_enrollments", *_ENROLLED, key=_ENROLLED),
        UniqueConstraint(
            "university_id",
            "course_offering_id",
            "user_id",
            "content_item_id",
            "attempt_number",
            name="uq_quiz_attempts_number",
        ),
        CheckConstraint("score_obtained BETWEEN 0 AND 9999.99", name="score_obtained"),
        CheckConstraint("max_score BETWEEN 0 AND 9999.99", name="max_score"),
        CheckConstraint("score_obtained <= max_score", name="score_within"),
        CheckConstraint("attempt_number >= 1", name="attempt_number"),
        CheckConstraint("revision >= 1", name="revision"),
        CheckConstraint("status IN ('in_progress', 'submitted', 'graded')", name="status"),
        CheckConstraint("(status = 'in_progress') = (submitted_at IS NULL)", name="submitted_at"),
        CheckConstraint(
            "num_nonnulls(correct_in_row, longest_in_row) <> 1 AND correct_in_row BETWEEN 0 AND longest_in_row",
            name="correct_in_row",
        ),
        Index("ix_quiz_attempts_user_item", "university_id", "user_id", "content_item_id"),
        Index("ix_quiz_attempts_course_offering", "university_id", "course_offering_id"),
        Index("ix_quiz_attempts_content_item_id", "university_id", "content_item_id"),
        Index(
            "ux_quiz_attempts_open",
            "university_id",
            "course_offering_id",
            "user_id",
            "content_item_id",
            unique=True,
            postgresql_where=text("submitted_at IS NULL"),
        ),
    )

    user_id: Mapped[BigInt]
    course_offering_id: Mapped[BigInt]
    content_item_id: Mapped[BigInt]
    started_at: Mapped[CreatedAt]
    submitted_at: Mapped[Time | None]
    score_obtained: Mapped[Decimal | None] = mapped_column(Numeric(6, 2))
    max_score: Mapped[Decimal | None] = mapped_column(Numeric(6, 2))
    passed: Mapped[bool | None]
    raw_response_json: Mapped[Any | None] = mapped_column(JSONB)
    attempt_number: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    course_id: Mapped[BigInt]
    revision: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    seed: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    deadline_at: Mapped[Time | None]
    status: Mapped[str] = mapped_column(String(16), server_default="in_progress")
    correct_in_row: Mapped[int | None] = mapped_column(Integer)
    longest_in_row: Mapped[int | None] = mapped_column(Integer)
    updated_at: Mapped[CreatedAt]
    content_type: Mapped[str] = mapped_column(
        content_type_enum, Computed("'quiz'::content_type_enum", persisted=True), nullable=True
    )


class QuizAttemptQuestion(TenantOwned, Model):
    """A question as it was drawn for an attempt: what the person saw, whatever becomes of the question."""

    __tablename__ = "quiz_attempt_questions"
    __table_args__ = (
        references("quiz_attempts", "attempt_id", ondelete="CASCADE"),
        references("questions", "question_id"),
        CheckConstraint("position >= 1", name="position"),
        CheckConstraint("points BETWEEN 0 AND 9999.99", name="points"),
        CheckConstraint("jsonb_typeof(snapshot) = 'object'", name="snapshot"),
        Index("ix_quiz_attempt_questions_question_id", "university_id", "question_id"),
    )

    attempt_id: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    question_id: Mapped[BigInt]
    snapshot: Mapped[Any] = mapped_column(JSONB)
    points: Mapped[Decimal] = mapped_column(Numeric(6, 2))


class QuizAttemptAnswer(TenantOwned, Model):
    """What the person answered to a drawn question, and what it was worth; null until it is graded."""

    __tablename__ = "quiz_attempt_answers"
    __table_args__ = (
        ForeignKeyConstraint(
            ["university_id", "attempt_id", "position"],
            [f"quiz_attempt_questions.{name}" for name in ("university_id", "attempt_id", "position")],
            name="quiz_attempt_answers_attempt_id_fkey",
            ondelete="CASCADE",
        ),
        CheckConstraint("points_awarded BETWEEN 0 AND 9999.99", name="points_awarded"),
    )

    attempt_id: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    response: Mapped[Any] = mapped_column(JSONB)
    points_awarded: Mapped[Decimal | None] = mapped_column(Numeric(6, 2))
    saved_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]


class LabSubmission(TenantRow, Model):
    """Work that an enrolled person handed in for a lab or an assignment; students see its grade from `posted_at` on.

    `public_results` are of the tests that students may see, `hidden_results` of the others.
    """

    __tablename__ = "lab_submissions"
    __table_args__ = (
        references("course_offerings", "course_id", "course_offering_id"),
        _content_of_kind("lab_submissions"),
        references("course_enrollments", *_ENROLLED, key=_ENROLLED),
        references_member("graded_by"),
        UniqueConstraint(
            "university_id",
            "course_offering_id",
            "user_id",
            "content_item_id",
            "attempt_number",
            name="uq_lab_submissions_number",
        ),
        CheckConstraint("content_type IN ('engineering_lab', 'assignment')", name="content_type"),
        CheckConstraint("score_obtained BETWEEN 0 AND 9999.99", name="score_obtained"),
        CheckConstraint("max_score BETWEEN 0 AND 9999.99", name="max_score"),
        CheckConstraint("score_obtained <= max_score", name="score_within"),
        CheckConstraint("attempt_number >= 1", name="attempt_number"),
        CheckConstraint("revision >= 1", name="revision"),
        CheckConstraint("status IN ('submitted', 'grading', 'graded', 'returned')", name="status"),
        CheckConstraint("late_seconds >= 0", name="late_seconds"),
        CheckConstraint("late_penalty_percent BETWEEN 0 AND 100", name="late_penalty_percent"),
        CheckConstraint("raw_score BETWEEN 0 AND 9999.99", name="raw_score"),
        CheckConstraint(
            "raw_score IS NULL OR score_obtained = round(raw_score * (100 - late_penalty_percent) / 100, 2)",
            name="penalised",
        ),
        CheckConstraint("jsonb_typeof(rubric_result) = 'array'", name="rubric_result"),
        Index("ix_lab_submissions_user_item", "university_id", "user_id", "content_item_id"),
        Index("ix_lab_submissions_course_offering_id", "university_id", "course_offering_id", "id"),
        Index("ix_lab_submissions_content_item_id", "university_id", "content_item_id"),
        Index("ix_lab_submissions_graded_by", "university_id", "graded_by"),
        Index(
            "ix_lab_submissions_waiting",
            "university_id",
            "course_offering_id",
            "submitted_at",
            "id",
            postgresql_where=text("graded_at IS NULL"),
        ),
    )

    user_id: Mapped[BigInt]
    course_offering_id: Mapped[BigInt]
    content_item_id: Mapped[BigInt]
    submitted_at: Mapped[CreatedAt]
    status: Mapped[str] = mapped_column(String(32), server_default="submitted")
    auto_grade_json: Mapped[Any | None] = mapped_column(JSONB)
    score_obtained: Mapped[Decimal | None] = mapped_column(Numeric(6, 2))
    max_score: Mapped[Decimal | None] = mapped_column(Numeric(6, 2))
    instructor_feedback: Mapped[str | None] = mapped_column(Text)
    artifacts_url: Mapped[str | None] = mapped_column(String(1024))
    course_id: Mapped[BigInt]
    content_type: Mapped[str] = mapped_column(content_type_enum)
    attempt_number: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    revision: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    graded_by: Mapped[BigInt | None]
    graded_at: Mapped[Time | None]
    posted_at: Mapped[Time | None]
    public_results: Mapped[Any | None] = mapped_column(JSONB)
    hidden_results: Mapped[Any | None] = mapped_column(JSONB)
    updated_at: Mapped[CreatedAt]
    body: Mapped[str | None] = mapped_column(Text)
    """What was handed in as text."""
    late_seconds: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    late_penalty_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2), server_default=text("0"))
    raw_score: Mapped[Decimal | None] = mapped_column(Numeric(6, 2))
    """The score before the penalty; null where nothing was taken from it because nobody looked."""
    rubric_result: Mapped[Any | None] = mapped_column(JSONB)
    """What each criterion of the item's rubric got (see payloads.Judgement); as it was when it was graded."""


class RubricCriterion(TenantRow, Model):
    """One thing that a lab or an assignment is graded by, and what it is worth."""

    __tablename__ = "rubric_criteria"
    __table_args__ = (
        references("content_items", "course_id", "content_item_id"),
        UniqueConstraint("university_id", "content_item_id", "position", name="uq_rubric_criteria_position"),
        CheckConstraint("position >= 1", name="position"),
        CheckConstraint("points BETWEEN 0 AND 9999.99", name="points"),
    )

    course_id: Mapped[BigInt]
    content_item_id: Mapped[BigInt]
    position: Mapped[int] = mapped_column(Integer)
    title: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(Text)
    points: Mapped[Decimal] = mapped_column(Numeric(6, 2))
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]


class RubricRating(TenantOwned, Model):
    """One degree to which a criterion can be met, and what that is worth."""

    __tablename__ = "rubric_ratings"
    __table_args__ = (
        references("rubric_criteria", "criterion_id", ondelete="CASCADE"),
        CheckConstraint("position >= 1", name="position"),
        CheckConstraint("points BETWEEN 0 AND 9999.99", name="points"),
    )

    criterion_id: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    title: Mapped[str] = mapped_column(String(255))
    points: Mapped[Decimal] = mapped_column(Numeric(6, 2))


class Upload(TenantRow, Model):
    """A file of one person: promised, then stored, then part of what it was sent for.

    It is for one lab or assignment, to be handed in, or with the purpose `asset` or `import` for no offering. What is
    in it lies in a store of files, under the numbers of university and upload (see `storage.files`).
    """

    __tablename__ = "uploads"
    __table_args__ = (
        references("course_offerings", "course_id", "course_offering_id"),
        references("content_items", "course_id", "content_item_id"),
        ForeignKeyConstraint(
            ["university_id", *_ENROLLED],
            [f"course_enrollments.{name}" for name in ("university_id", *_ENROLLED)],
            name="uploads_enrollment_fkey",
        ),
        references_member("user_id"),
        references("lab_submissions", "submission_id"),
        CheckConstraint("purpose IN ('submission', 'asset', 'import')", name="purpose"),
        CheckConstraint(
            "num_nonnulls(course_id, course_offering_id, content_item_id) ="
            " CASE purpose WHEN 'submission' THEN 3 ELSE 0 END",
            name="about",
        ),
        CheckConstraint("size_bytes > 0", name="size_bytes"),
        CheckConstraint("octet_length(sha256) = 32", name="sha256"),
        CheckConstraint("state IN ('pending', 'stored', 'attached')", name="state"),
        CheckConstraint("(state = 'pending') = (sha256 IS NULL)", name="stored"),
        CheckConstraint(
            "(submission_id IS NOT NULL) = (state = 'attached' AND purpose = 'submission')"
            " AND (state <> 'attached' OR purpose <> 'import')",
            name="attached",
        ),
        Index("ix_uploads_course_offering_id", "university_id", "course_offering_id", "user_id"),
        Index("ix_uploads_content_item_id", "university_id", "content_item_id"),
        Index("ix_uploads_submission_id", "university_id", "submission_id"),
        Index("ix_uploads_user_id", "university_id", "user_id"),
    )

    user_id: Mapped[BigInt]
    course_id: Mapped[BigInt | None]
    course_offering_id: Mapped[BigInt | None]
    content_item_id: Mapped[BigInt | None]
    submission_id: Mapped[BigInt | None]
    file_name: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(127))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(String(16), server_default="pending")
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[Time]
    updated_at: Mapped[CreatedAt]
    purpose: Mapped[str] = mapped_column(String(16), server_default="submission")


class GradingRun(TenantRow, Model):
    """That a grader has taken a submission: until when it alone may report, and what it reported, as a digest."""

    __tablename__ = "grading_runs"
    __table_args__ = (
        references("lab_submissions", "submission_id"),
        references("service_tokens", "service_token_id"),
        CheckConstraint("state IN ('claimed', 'reported', 'expired')", name="state"),
        CheckConstraint("lease_until > claimed_at", name="lease_until"),
        CheckConstraint(
            "(state = 'reported') = (reported_at IS NOT NULL) AND (state = 'reported') = (report_digest IS NOT NULL)",
            name="report",
        ),
        CheckConstraint("octet_length(report_digest) = 32", name="report_digest"),
        Index(
            "ux_grading_runs_live",
            "university_id",
            "submission_id",
            unique=True,
            postgresql_where=text("state = 'claimed'"),
        ),
        Index("ix_grading_runs_submission_id", "university_id", "submission_id"),
        Index("ix_grading_runs_service_token_id", "university_id", "service_token_id"),
    )

    submission_id: Mapped[BigInt]
    service_token_id: Mapped[BigInt]
    state: Mapped[str] = mapped_column(String(16), server_default="claimed")
    claimed_at: Mapped[CreatedAt]
    lease_until: Mapped[Time]
    reported_at: Mapped[Time | None]
    report_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    updated_at: Mapped[CreatedAt]
