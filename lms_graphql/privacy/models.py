"""Erasures, and disclosures of people's records. Both are only ever added to."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index, String, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from lms_graphql.storage.metadata import BigInt, Id, Model, TenantOwned, Time, references_member


class Erasure(TenantOwned, Model):
    """That a person of a university was erased; null in `erased_by`: by who runs the platform.

    The ledger outside the database (see `ledger`) has the same, so that a restored backup can't lose it.
    """

    __tablename__ = "erasures"
    __table_args__ = (
        references_member("user_id"),
        references_member("erased_by"),
        CheckConstraint("length(reason) > 0", name="reason"),
        Index("ix_erasures_erased_by", "university_id", "erased_by"),
    )

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    erased_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    erased_by: Mapped[BigInt | None]
    reason: Mapped[str] = mapped_column(Text)
    request_id: Mapped[str] = mapped_column(String(64))


class Disclosure(TenantOwned, Model):
    """That somebody saw something of another person's record: who, of whom, of which kind, when, in which request.

    Partitioned by month (see `storage.partitions`); as from the audit log, no key leads to a person.
    """

    __tablename__ = "disclosures"
    __table_args__ = (
        CheckConstraint("user_id <> viewer_id", name="viewer"),
        CheckConstraint("kind ~ '^[a-z_]+$'", name="kind"),
        Index("ix_disclosures_user_id", "university_id", "user_id", "at", "id"),
        Index("ix_disclosures_viewer_id", "university_id", "viewer_id"),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    at: Mapped[Time] = mapped_column(primary_key=True, server_default=func.now())
    id: Mapped[Id]
    user_id: Mapped[BigInt]
    viewer_id: Mapped[BigInt]
    kind: Mapped[str] = mapped_column(String(32))
    request_id: Mapped[str] = mapped_column(String(64))
