"""Modules and module templates."""

from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import ENUM, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lms_graphql.storage.metadata import BigInt, CreatedAt, Id, Model, TenantRow, Time, references

module_type_enum = ENUM(
    "course_root", "unit", "chapter", "lesson", "topic", "section", "lab", "quiz", "other", name="module_type_enum"
)


class ModuleTemplate(Model):
    """A module to copy from: a university's own, or with no university the platform's library."""

    __tablename__ = "module_templates"
    __table_args__ = (Index("ix_module_templates_university_id", "university_id", "id"),)

    id: Mapped[Id]
    template_type: Mapped[str] = mapped_column(module_type_enum)
    title: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(Text)
    default_data: Mapped[Any | None] = mapped_column(JSONB)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    university_id: Mapped[BigInt | None] = mapped_column(ForeignKey("universities.id"))


class Module(TenantRow, Model):
    """A node of a course's syllabus tree.

    The foreign key to the parent carries depth − 1, so a row can only hang below a row one level up: a cycle cannot be
    stored, and a subtree moves in one UPDATE. `effective_published` is the row's own flag and all its ancestors', none
    of them archived; `syllabus.service` keeps it. `version` counts what is said of it, and where it hangs.
    """

    __tablename__ = "modules"
    __table_args__ = (
        references("courses", "course_id"),
        UniqueConstraint("university_id", "course_id", "id", name="uq_modules_course"),
        UniqueConstraint("university_id", "course_id", "id", "depth", name="uq_modules_course_depth"),
        ForeignKeyConstraint(
            ["university_id", "course_id", "parent_module_id", "parent_depth"],
            ["modules.university_id", "modules.course_id", "modules.id", "modules.depth"],
            name="modules_parent_module_id_fkey",
        ),
        UniqueConstraint(
            "university_id",
            "course_id",
            "parent_module_id",
            "sequence_index",
            name="uq_modules_sibling_sequence",
            deferrable=True,
            initially="IMMEDIATE",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("depth BETWEEN 0 AND 32", name="depth"),
        CheckConstraint("(parent_module_id IS NULL) = (depth = 0)", name="root_depth"),
        CheckConstraint("sequence_index >= 0", name="sequence_index"),
        Index("ix_modules_parent_module_id", "university_id", "parent_module_id"),
        Index("ix_modules_template_id", "module_template_id"),
    )

    course_id: Mapped[BigInt]
    parent_module_id: Mapped[BigInt | None]
    module_type: Mapped[str] = mapped_column(module_type_enum)
    module_template_id: Mapped[BigInt | None] = mapped_column(ForeignKey("module_templates.id"))
    title: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(Text)
    sequence_index: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    depth: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    is_published: Mapped[bool] = mapped_column(server_default=false())
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    parent_depth: Mapped[int | None] = mapped_column(Integer, Computed("depth - 1", persisted=True))
    effective_published: Mapped[bool] = mapped_column(server_default=false())
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    archived_at: Mapped[Time | None]
    """Since when it is put away, with all below it: not published, and not to be."""
