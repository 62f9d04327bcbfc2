"""Enrollments."""

from sqlalchemy import Index, Text
from sqlalchemy.dialects.postgresql import ENUM
from sqlalchemy.orm import Mapped, mapped_column

from lms_graphql.storage.metadata import (
    BigInt,
    CreatedAt,
    Model,
    TenantRow,
    Time,
    key_column,
    labels,
    references,
    references_member,
)

_STATUSES = ("active", "completed", "dropped", "pending", "waitlisted")
_STATUS_KEY = labels("status", "enrollment_status_enum", *_STATUSES)
enrollment_status_enum = ENUM(*_STATUSES, name="enrollment_status_enum")


class CourseEnrollment(TenantRow, Model):
    """That a person takes part in an offering; one row for each pair, whatever its status."""

    __tablename__ = "course_enrollments"
    __table_args__ = (
        references("course_offerings", "course_offering_id"),
        references_member("user_id"),
        Index("ux_course_enrollments_unique", "university_id", "user_id", "course_offering_id", unique=True),
        Index("ix_course_enrollments_status", "university_id", "status"),
        Index("ix_course_enrollments_course_offering_id", "university_id", "course_offering_id", "id"),
        Index("ix_course_enrollments_user_id", "user_id"),
        Index("ix_course_enrollments_offering_status", "university_id", "course_offering_id", "status_key", "id"),
        Index("ix_course_enrollments_enrolled_at", "university_id", "course_offering_id", "enrolled_at", "id"),
    )

    user_id: Mapped[BigInt]
    course_offering_id: Mapped[BigInt]
    status: Mapped[str] = mapped_column(enrollment_status_enum, server_default="active")
    enrolled_at: Mapped[CreatedAt]
    completed_at: Mapped[Time | None]
    status_key: Mapped[str] = key_column(Text, _STATUS_KEY)
