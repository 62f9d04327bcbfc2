"""Grades: what an offering's grade is made of, and what came out. Exact numbers, never floats."""

from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, Numeric, String, Text, UniqueConstraint, false, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lms_graphql.storage.metadata import (
    BigInt,
    CreatedAt,
    Model,
    TenantOwned,
    TenantRow,
    Time,
    key_column,
    references,
    references_member,
)

_ENROLLED = ("course_offering_id", "user_id")


class CourseGrade(TenantRow, Model):
    """One grade for each person and offering; students see it from `posted_at` on."""

    __tablename__ = "course_grades"
    __table_args__ = (
        references("course_offerings", "course_offering_id"),
        references_member("user_id"),
        CheckConstraint("final_score BETWEEN 0 AND 9999.99", name="final_score"),
        Index("ux_course_grades_unique", "university_id", "user_id", "course_offering_id", unique=True),
        Index("ix_course_grades_course_offering_id", "university_id", "course_offering_id", "id"),
        Index("ix_course_grades_score", "university_id", "course_offering_id", "score_key", "id"),
    )

    user_id: Mapped[BigInt]
    course_offering_id: Mapped[BigInt]
    final_score: Mapped[Decimal | None] = mapped_column(Numeric(6, 2))
    letter_grade: Mapped[str | None] = mapped_column(String(8))
    passed: Mapped[bool | None]
    graded_at: Mapped[Time | None]
    score_key: Mapped[BigInt | None] = key_column(
        BigInteger, "((NULLIF(final_score, 'NaN'::numeric) * (100)::numeric))::bigint"
    )
    """The score in hundredths."""
    posted_at: Mapped[Time | None]
    policy_version: Mapped[int | None] = mapped_column(Integer)
    updated_at: Mapped[CreatedAt]


class GradingPolicy(TenantRow, Model):
    """How the grade of a course is worked out; with an offering, of that offering alone.

    `letter_scheme` is a list of `[lowest score, letter]`, the best first.
    """

    __tablename__ = "grading_policies"
    __table_args__ = (
        references("courses", "course_id"),
        references("course_offerings", "course_id", "course_offering_id"),
        UniqueConstraint(
            "university_id",
            "course_id",
            "course_offering_id",
            name="uq_grading_policies_scope",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("pass_mark BETWEEN 0 AND 100", name="pass_mark"),
        CheckConstraint("jsonb_typeof(letter_scheme) = 'array'", name="letter_scheme"),
        CheckConstraint("version >= 1", name="version"),
        Index("ix_grading_policies_course_offering_id", "university_id", "course_offering_id"),
    )

    course_id: Mapped[BigInt]
    course_offering_id: Mapped[BigInt | None]
    pass_mark: Mapped[Decimal] = mapped_column(Numeric(5, 2), server_default=text("60"))
    letter_scheme: Mapped[Any] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]


class GradeCategory(TenantRow, Model):
    """A part of a policy, for example homework: its weight in percent, and which scores are left out."""

    __tablename__ = "grade_categories"
    __table_args__ = (
        references("grading_policies", "policy_id", ondelete="CASCADE"),
        UniqueConstraint("university_id", "policy_id", "position", name="uq_grade_categories_position"),
        UniqueConstraint("university_id", "policy_id", "name", name="uq_grade_categories_name"),
        CheckConstraint("weight BETWEEN 0 AND 100", name="weight"),
        CheckConstraint("drop_lowest >= 0", name="drop_lowest"),
        CheckConstraint("drop_highest >= 0", name="drop_highest"),
        CheckConstraint("min_count >= 0", name="min_count"),
        CheckConstraint("position >= 1", name="position"),
    )

    policy_id: Mapped[BigInt]
    name: Mapped[str] = mapped_column(String(255))
    position: Mapped[int] = mapped_column(Integer)
    weight: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    drop_lowest: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    drop_highest: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    min_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    extra_credit: Mapped[bool] = mapped_column(server_default=false())
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]


class GradeItem(TenantRow, Model):
    """Something graded that is no content item, for example an exam on paper."""

    __tablename__ = "grade_items"
    __table_args__ = (
        references("course_offerings", "course_offering_id"),
        references("grade_categories", "grade_category_id"),
        UniqueConstraint("university_id", "course_offering_id", "id", name="uq_grade_items_offering"),
        UniqueConstraint("university_id", "course_offering_id", "title", name="uq_grade_items_title"),
        CheckConstraint("points > 0 AND points <= 9999.99", name="points"),
        Index("ix_grade_items_grade_category_id", "university_id", "grade_category_id"),
    )

    course_offering_id: Mapped[BigInt]
    grade_category_id: Mapped[BigInt | None]
    title: Mapped[str] = mapped_column(String(255))
    points: Mapped[Decimal] = mapped_column(Numeric(6, 2))
    held_at: Mapped[Time | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]


class GradeItemScore(TenantOwned, Model):
    """What an enrolled person got for such an item."""

    __tablename__ = "grade_item_scores"
    __table_args__ = (
        references("grade_items", "course_offering_id", "grade_item_id"),
        references("course_enrollments", *_ENROLLED, key=_ENROLLED),
        references_member("graded_by"),
        CheckConstraint("score BETWEEN 0 AND 9999.99", name="score"),
        Index("ix_grade_item_scores_user_id", "university_id", "course_offering_id", "user_id"),
        Index("ix_grade_item_scores_graded_by", "university_id", "graded_by"),
    )

    grade_item_id: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    user_id: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    course_offering_id: Mapped[BigInt]
    score: Mapped[Decimal] = mapped_column(Numeric(6, 2))
    graded_by: Mapped[BigInt | None]
    graded_at: Mapped[CreatedAt]
    posted_at: Mapped[Time | None]
    updated_at: Mapped[CreatedAt]


class GradeOverride(TenantOwned, Model):
    """A final grade that a person set by hand, with the reason; it wins over the one that was worked out."""

    __tablename__ = "grade_overrides"
    __table_args__ = (
        references("course_enrollments", *_ENROLLED, key=_ENROLLED),
        references_member("overridden_by"),
        CheckConstraint("final_score BETWEEN 0 AND 9999.99", name="final_score"),
        CheckConstraint("length(reason) > 0", name="reason"),
        Index("ix_grade_overrides_overridden_by", "university_id", "overridden_by"),
    )

    course_offering_id: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    user_id: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    final_score: Mapped[Decimal] = mapped_column(Numeric(6, 2))
    letter_grade: Mapped[str | None] = mapped_column(String(8))
    reason: Mapped[str] = mapped_column(Text)
    overridden_by: Mapped[BigInt]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]


class GradeHistory(TenantRow, Model):
    """That a final grade went from one score to another: when, by whom (null: worked out), why. Never changed."""

    __tablename__ = "grade_history"
    __table_args__ = (
        references("course_offerings", "course_offering_id"),
        references_member("user_id"),
        references_member("changed_by"),
        CheckConstraint("old_score BETWEEN 0 AND 9999.99", name="old_score"),
        CheckConstraint("new_score BETWEEN 0 AND 9999.99", name="new_score"),
        Index("ix_grade_history_person", "university_id", "course_offering_id", "user_id", "id"),
        Index("ix_grade_history_user_id", "university_id", "user_id"),
        Index("ix_grade_history_changed_by", "university_id", "changed_by"),
    )

    course_offering_id: Mapped[BigInt]
    user_id: Mapped[BigInt]
    old_score: Mapped[Decimal | None] = mapped_column(Numeric(6, 2))
    new_score: Mapped[Decimal | None] = mapped_column(Numeric(6, 2))
    policy_version: Mapped[int | None] = mapped_column(Integer)
    changed_by: Mapped[BigInt | None]
    reason: Mapped[str | None] = mapped_column(Text)
    changed_at: Mapped[CreatedAt]


class GradeExemption(TenantRow, Model):
    """That a person is excused from a content item or a grade item of an offering: it leaves their grade."""

    __tablename__ = "grade_exemptions"
    __table_args__ = (
        references("course_offerings", "course_id", "course_offering_id"),
        references("course_enrollments", *_ENROLLED, key=_ENROLLED),
        references("content_items", "course_id", "content_item_id"),
        references("grade_items", "course_offering_id", "grade_item_id"),
        references_member("excused_by"),
        UniqueConstraint(
            "university_id",
            "course_offering_id",
            "user_id",
            "content_item_id",
            "grade_item_id",
            name="uq_grade_exemptions_item",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("num_nonnulls(content_item_id, grade_item_id) = 1", name="item"),
        CheckConstraint("length(reason) > 0", name="reason"),
        Index("ix_grade_exemptions_course_id", "university_id", "course_id", "course_offering_id"),
        Index("ix_grade_exemptions_content_item_id", "university_id", "content_item_id"),
        Index("ix_grade_exemptions_grade_item_id", "university_id", "grade_item_id"),
        Index("ix_grade_exemptions_excused_by", "university_id", "excused_by"),
    )

    course_id: Mapped[BigInt]
    course_offering_id: Mapped[BigInt]
    user_id: Mapped[BigInt]
    content_item_id: Mapped[BigInt | None]
    grade_item_id: Mapped[BigInt | None]
    reason: Mapped[str] = mapped_column(Text)
    excused_by: Mapped[BigInt]
    created_at: Mapped[CreatedAt]


class GradeFreeze(TenantOwned, Model):
    """From when on no final grade of an offering may change, by whom and why."""

    __tablename__ = "grade_freezes"
    __table_args__ = (
        references("course_offerings", "course_offering_id"),
        references_member("frozen_by"),
        CheckConstraint("length(reason) > 0", name="reason"),
        Index("ix_grade_freezes_frozen_by", "university_id", "frozen_by"),
    )

    course_offering_id: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    frozen_at: Mapped[Time]
    frozen_by: Mapped[BigInt]
    reason: Mapped[str] = mapped_column(Text)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
