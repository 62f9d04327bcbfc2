"""The names that other systems have for our rows: what makes an import safe to repeat."""

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from lms_graphql.storage.metadata import BigInt, CreatedAt, Model, TenantOwned


class ExternalKey(TenantOwned, Model):
    """(system, entity, external_id) of a university names our row `entity_id`; the hash tells whether it changed."""

    __tablename__ = "external_keys"
    __table_args__ = (
        CheckConstraint("system ~ '^[a-z0-9_]+$'", name="system"),
        Index("ux_external_keys_entity", "university_id", "system", "entity", "entity_id", unique=True),
    )

    system: Mapped[str] = mapped_column(String(32), primary_key=True)
    entity: Mapped[str] = mapped_column(String(32), primary_key=True)
    external_id: Mapped[str] = mapped_column(String(512), primary_key=True)
    entity_id: Mapped[BigInt] = mapped_column(BigInteger)
    content_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
