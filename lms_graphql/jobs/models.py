"""Jobs: what is done behind an answer."""

from typing import Any

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Index, Integer, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lms_graphql.storage.metadata import BigInt, CreatedAt, Model, TenantRow, Time, references_member


class Job(TenantRow, Model):
    """Something to be done in steps, each in a transaction with the row's `place` and `done`.

    `given` is what its kind needs, `place` where the next step begins. Whoever runs it has it until `leased_until`;
    `attempts` counts who began or took it over. `roles` are those in which `created_by` asked for it.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        references_member("created_by"),
        CheckConstraint("state IN ('queued', 'running', 'done', 'failed')", name="state"),
        CheckConstraint("jsonb_typeof(given) = 'object'", name="given"),
        CheckConstraint("done >= 0 AND total >= 0 AND attempts >= 0", name="progress"),
        CheckConstraint("(state = 'running') = (leased_until IS NOT NULL)", name="leased_until"),
        CheckConstraint("(state IN ('done', 'failed')) = (finished_at IS NOT NULL)", name="finished_at"),
        CheckConstraint("(state = 'failed') = (error IS NOT NULL)", name="error"),
        Index(
            "ix_jobs_waiting",
            "university_id",
            "id",
            postgresql_where=text("state IN ('queued', 'running')"),
        ),
        Index("ix_jobs_created_by", "university_id", "created_by"),
    )

    kind: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16), server_default="queued")
    given: Mapped[Any] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    total: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    done: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    place: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    error: Mapped[str | None] = mapped_column(Text)
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    created_by: Mapped[BigInt]
    created_at: Mapped[CreatedAt]
    started_at: Mapped[Time | None]
    leased_until: Mapped[Time | None]
    finished_at: Mapped[Time | None]
    updated_at: Mapped[CreatedAt]
