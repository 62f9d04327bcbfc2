"""What people think of an offering."""

from sqlalchemy import CheckConstraint, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from lms_graphql.storage.metadata import BigInt, CreatedAt, Model, TenantRow, Time, references


class CourseReview(TenantRow, Model):
    """One review for each person and offering; rating from 1 to 5."""

    __tablename__ = "course_reviews"
    __table_args__ = (
        references("course_offerings", "course_offering_id"),
        references("course_enrollments", "course_offering_id", "user_id", key=("course_offering_id", "user_id")),
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
        CheckConstraint("(hidden_at IS NULL) = (hidden_reason IS NULL)", name="hidden"),
        Index("ux_course_reviews_unique", "university_id", "user_id", "course_offering_id", unique=True),
        Index("ix_course_reviews_course_offering", "university_id", "course_offering_id", "id"),
        Index("ix_course_reviews_created_at", "university_id", "course_offering_id", "created_at", "id"),
        Index("ix_course_reviews_rating", "university_id", "course_offering_id", "rating", "id"),
        # Summaries are worked out from this alone.
        Index(
            "ix_course_reviews_shown",
            "university_id",
            "course_offering_id",
            "rating",
            postgresql_where=text("hidden_at IS NULL"),
        ),
    )

    user_id: Mapped[BigInt]
    course_offering_id: Mapped[BigInt]
    rating: Mapped[int] = mapped_column(Integer)
    review_text: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    hidden_at: Mapped[Time | None]
    hidden_reason: Mapped[str | None] = mapped_column(Text)
