"""Imports of rosters, as far as they are remembered."""

from typing import Any

from sqlalchemy import CheckConstraint, Index, Integer, LargeBinary, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lms_graphql.storage.metadata import BigInt, CreatedAt, Model, TenantRow, references


class RosterImport(TenantRow, Model):
    """An import: done by a job, from `document`, which goes when the job has come to its end.

    `counts` says by kind of row what was done with how many; `mode` how files are meant (see `service.Mode`).
    """

    __tablename__ = "roster_imports"
    __table_args__ = (
        references("jobs", "job_id"),
        CheckConstraint("mode IN ('full', 'diff', 'as_said')", name="mode"),
        CheckConstraint("jsonb_typeof(counts) = 'object'", name="counts"),
        Index("ux_roster_imports_job_id", "university_id", "job_id", unique=True),
    )

    job_id: Mapped[BigInt | None]
    file_name: Mapped[str] = mapped_column(String(255))
    mode: Mapped[str] = mapped_column(String(8))
    is_dry_run: Mapped[bool]
    document: Mapped[bytes | None] = mapped_column(LargeBinary)
    counts: Mapped[Any] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]


class RosterImportError(TenantRow, Model):
    """A row of a roster that could not be taken, by its file and line; never what stands in it."""

    __tablename__ = "roster_import_errors"
    __table_args__ = (
        references("roster_imports", "import_id", ondelete="CASCADE"),
        CheckConstraint("line >= 1", name="line"),
        Index("ix_roster_import_errors_import_id", "university_id", "import_id", "id"),
    )

    import_id: Mapped[BigInt]
    file: Mapped[str] = mapped_column(String(32))
    line: Mapped[int] = mapped_column(Integer)
    field: Mapped[str | None] = mapped_column(String(64))
    message: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[CreatedAt]
