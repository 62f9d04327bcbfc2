"""What administrators of the platform leave behind."""

from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lms_graphql.storage.metadata import BigInt, CreatedAt, Id, Model


class PlatformAuditEntry(Model):
    """One act of an administrator of the platform; only ever added to, and of no university."""

    __tablename__ = "platform_audit_log"
    __table_args__ = (Index("ix_platform_audit_log_entity", "entity", "entity_id", "at"),)

    id: Mapped[Id]
    at: Mapped[CreatedAt]
    user_id: Mapped[BigInt | None]
    """Null: whoever runs the server, by a command."""
    act: Mapped[str] = mapped_column(String(64))
    entity: Mapped[str] = mapped_column(String(64))
    entity_id: Mapped[BigInt]
    old_values: Mapped[Any | None] = mapped_column(JSONB)
    new_values: Mapped[Any | None] = mapped_column(JSONB)
    request_id: Mapped[str] = mapped_column(String(64))
