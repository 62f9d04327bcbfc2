"""Progress rows: written often, found by offering and person, never by a column that changes (so updates stay HOT)."""

from decimal import Decimal

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, Numeric, Sequence, text
from sqlalchemy.orm import Mapped, mapped_column

from lms_graphql.storage.metadata import BigInt, CreatedAt, Model, TenantOwned, Time, references, references_member

_module_progress_id = Sequence("user_module_progress_id_seq", metadata=Model.metadata)
_content_progress_id = Sequence("user_content_progress_id_seq", metadata=Model.metadata)


class UserModuleProgress(TenantOwned, Model):
    """One person's progress on one module in one offering."""

    __tablename__ = "user_module_progress"
    __table_args__ = (
        references("course_offerings", "course_id", "course_offering_id"),
        references("modules", "course_id", "module_id"),
        references_member("user_id"),
        CheckConstraint("progress_percent BETWEEN 0 AND 100", name="progress_percent"),
        Index("ix_user_module_progress_module_id", "university_id", "module_id"),
        Index("ix_user_module_progress_user_id", "university_id", "user_id"),
        {"postgresql_with": {"fillfactor": 80}},
    )

    id: Mapped[int] = mapped_column(
        BigInteger,
        _module_progress_id,
        server_default=text("nextval('user_module_progress_id_seq'::regclass)"),
        nullable=False,
    )
    user_id: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False, sort_order=-8)
    course_offering_id: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False, sort_order=-9)
    module_id: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False, sort_order=-7)
    started_at: Mapped[Time | None]
    completed_at: Mapped[Time | None]
    progress_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2), server_default=text("0.0"))
    course_id: Mapped[BigInt]
    updated_at: Mapped[CreatedAt]


class UserContentProgress(TenantOwned, Model):
    """One person's progress on one content item in one offering."""

    __tablename__ = "user_content_progress"
    __table_args__ = (
        references("course_offerings", "course_id", "course_offering_id"),
        references("content_items", "course_id", "content_item_id"),
        references_member("user_id"),
        CheckConstraint("progress_percent BETWEEN 0 AND 100", name="progress_percent"),
        CheckConstraint("attempts_count >= 0", name="attempts_count"),
        Index("ix_user_content_progress_content_item_id", "university_id", "content_item_id"),
        Index("ix_user_content_progress_user_id", "university_id", "user_id"),
        {"postgresql_with": {"fillfactor": 80}},
    )

    id: Mapped[int] = mapped_column(
        BigInteger,
        _content_progress_id,
        server_default=text("nextval('user_content_progress_id_seq'::regclass)"),
        nullable=False,
    )
    user_id: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False, sort_order=-8)
    course_offering_id: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False, sort_order=-9)
    content_item_id: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False, sort_order=-7)
    first_started_at: Mapped[Time | None]
    last_interacted_at: Mapped[Time | None]
    completed_at: Mapped[Time | None]
    progress_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2), server_default=text("0.0"))
    attempts_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    course_id: Mapped[BigInt]
    updated_at: Mapped[CreatedAt]
