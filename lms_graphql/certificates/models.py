"""Certificates issued for an offering."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Computed, DateTime, Index, Numeric, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lms_graphql.enrollment.models import enrollment_status_enum
from lms_graphql.storage.metadata import BigInt, CreatedAt, Model, TenantRow, Time, references, references_member


class Certificate(TenantRow, Model):
    """A certificate; its code is what a stranger verifies it by. What it says of person and course is of its day."""

    __tablename__ = "certificates"
    __table_args__ = (
        references("course_offerings", "course_offering_id"),
        references_member("user_id"),
        # A live certificate stands on a completed enrollment; of a revoked one the column is null, which asks nothing.
        references(
            "course_enrollments",
            "course_offering_id",
            "user_id",
            "enrollment_status",
            key=("course_offering_id", "user_id", "status"),
        ),
        CheckConstraint("expires_at > issued_at", name="expires_at"),
        CheckConstraint("revoked_at >= issued_at", name="revoked_at"),
        CheckConstraint("(revoked_at IS NULL) = (revocation_reason IS NULL)", name="revocation_reason"),
        CheckConstraint("final_score BETWEEN 0 AND 9999.99", name="final_score"),
        CheckConstraint("credential_jwt IS NULL OR key_id IS NOT NULL", name="key_id"),
        CheckConstraint(
            "key_id IS NULL OR certificate_code ~ '^[A-Z0-9]{2,24}-[0-9A-HJKMNP-TV-Z]{26}$'", name="certificate_code"
        ),
        Index(
            "ux_certificates_live",
            "university_id",
            "course_offering_id",
            "user_id",
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
        ),
        Index("ix_certificates_course_offering_id", "university_id", "course_offering_id"),
        UniqueConstraint("university_id", "certificate_code", name="certificates_certificate_code_key"),
        Index("ix_certificates_user", "university_id", "user_id"),
        Index(
            "ix_certificates_withdrawn",
            "university_id",
            "id",
            postgresql_where=text("key_id IS NOT NULL AND (revoked_at IS NOT NULL OR credential_jwt IS NULL)"),
        ),
    )

    user_id: Mapped[BigInt]
    course_offering_id: Mapped[BigInt]
    certificate_code: Mapped[str] = mapped_column(String(64))
    issued_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[Time | None]
    metadata_json: Mapped[Any | None] = mapped_column(JSONB)
    recipient_name: Mapped[str | None] = mapped_column(String(255))
    """Null when the person was erased."""
    course_code: Mapped[str] = mapped_column(String(128))
    course_title: Mapped[str] = mapped_column(String(255))
    final_score: Mapped[Decimal | None] = mapped_column(Numeric(6, 2))
    letter_grade: Mapped[str | None] = mapped_column(String(8))
    revoked_at: Mapped[Time | None]
    revocation_reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    enrollment_status: Mapped[str | None] = mapped_column(
        enrollment_status_enum,
        Computed("CASE WHEN revoked_at IS NULL THEN 'completed'::enrollment_status_enum END", persisted=True),
    )
    key_id: Mapped[str | None] = mapped_column(String(64))
    """The key that signed it; null: nobody did."""
    credential_jwt: Mapped[str | None] = mapped_column(Text)
    """What was signed, and names the person: null when they were erased, too."""
