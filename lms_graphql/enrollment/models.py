"""Enrollments."""

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint
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
        references("offering_sections", "course_offering_id", "section_id"),
        # What a live certificate refers to: that this person has completed this offering.
        UniqueConstraint(
            "university_id", "course_offering_id", "user_id", "status", name="uq_course_enrollments_status"
        ),
        CheckConstraint("status <> 'completed' OR completed_at IS NOT NULL", name="completed_at"),
        CheckConstraint("withdrawn_at IS NULL OR status = 'dropped'", name="withdrawn_at"),
        Index("ix_course_enrollments_section_id", "university_id", "section_id"),
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
    section_id: Mapped[BigInt | None]
    waitlisted_at: Mapped[Time | None]
    updated_at: Mapped[CreatedAt]
    withdrawn_at: Mapped[Time | None]


class EnrollmentEvent(TenantRow, Model):
    """That an enrollment went from one status to another: when, by whom, why. Never changed."""

    __tablename__ = "enrollment_events"
    __table_args__ = (
        references("course_enrollments", "enrollment_id"),
        references_member("changed_by"),
        Index("ix_enrollment_events_enrollment_id", "university_id", "enrollment_id", "id"),
        Index("ix_enrollment_events_changed_by", "university_id", "changed_by"),
    )

    enrollment_id: Mapped[BigInt]
    old_status: Mapped[str | None] = mapped_column(enrollment_status_enum)
    new_status: Mapped[str] = mapped_column(enrollment_status_enum)
    changed_by: Mapped[BigInt | None]
    reason: Mapped[str | None] = mapped_column(Text)
    occurred_at: Mapped[CreatedAt]
