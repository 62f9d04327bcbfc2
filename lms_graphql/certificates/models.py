"""Certificates issued for an offering."""

from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, Index, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lms_graphql.storage.metadata import BigInt, Model, TenantRow, Time, references, references_member


class Certificate(TenantRow, Model):
    """A certificate; its code is what a stranger verifies it by."""

    __tablename__ = "certificates"
    __table_args__ = (
        references("course_offerings", "course_offering_id"),
        references_member("user_id"),
        UniqueConstraint("university_id", "certificate_code", name="certificates_certificate_code_key"),
        Index("ix_certificates_user", "university_id", "user_id"),
    )

    user_id: Mapped[BigInt]
    course_offering_id: Mapped[BigInt]
    certificate_code: Mapped[str] = mapped_column(String(64))
    issued_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[Time | None]
    metadata_json: Mapped[Any | None] = mapped_column(JSONB)
