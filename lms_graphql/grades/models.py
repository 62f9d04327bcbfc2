"""The grade of a person in an offering."""

from decimal import Decimal

from sqlalchemy import BigInteger, CheckConstraint, Index, Numeric, String
from sqlalchemy.orm import Mapped, mapped_column

from lms_graphql.storage.metadata import BigInt, Model, TenantRow, Time, key_column, references, references_member


class CourseGrade(TenantRow, Model):
    """One grade for each person and offering."""

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
