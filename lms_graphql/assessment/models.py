"""Attempts and submissions; `course_id` ties the item and the offering of a record to one course."""

from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Index, Integer, Numeric, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lms_graphql.storage.metadata import BigInt, CreatedAt, Model, TenantRow, Time, references, references_member


class QuizAttempt(TenantRow, Model):
    """One attempt of a person at a quiz."""

    __tablename__ = "quiz_attempts"
    __table_args__ = (
        references("course_offerings", "course_id", "course_offering_id"),
        references("content_items", "course_id", "content_item_id"),
        references_member("user_id"),
        CheckConstraint("score_obtained BETWEEN 0 AND 9999.99", name="score_obtained"),
        CheckConstraint("max_score BETWEEN 0 AND 9999.99", name="max_score"),
        CheckConstraint("attempt_number >= 1", name="attempt_number"),
        Index("ix_quiz_attempts_user_item", "university_id", "user_id", "content_item_id"),
        Index("ix_quiz_attempts_course_offering", "university_id", "course_offering_id"),
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


class LabSubmission(TenantRow, Model):
    """Work handed in for a lab."""

    __tablename__ = "lab_submissions"
    __table_args__ = (
        references("course_offerings", "course_id", "course_offering_id"),
        references("content_items", "course_id", "content_item_id"),
        references_member("user_id"),
        CheckConstraint("score_obtained BETWEEN 0 AND 9999.99", name="score_obtained"),
        CheckConstraint("max_score BETWEEN 0 AND 9999.99", name="max_score"),
        Index("ix_lab_submissions_user_item", "university_id", "user_id", "content_item_id"),
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
