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
    __table_args__ = (
        Index("ix_module_templates_university_id", "university_id", "id", unique=True),
        CheckConstraint("jsonb_typeof(draft) = 'array'", name="draft"),
    )

    id: Mapped[Id]
    template_type: Mapped[str] = mapped_column(module_type_enum)
    title: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(Text)
    default_data: Mapped[Any | None] = mapped_column(JSONB)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    university_id: Mapped[BigInt | None] = mapped_column(ForeignKey("universities.id"))
    draft: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    """The nodes of the next version; null where nothing is to be published."""
    archived_at: Mapped[Time | None]
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    """Counts the changes of this row: it is no number of a version of the template."""


class ModuleTemplateVersion(Model):
    """One version of a template, which never changes: `tree` has its nodes as `templates.trees` reads them.

    It is of the university that the template is of. `title` is the topmost node's.
    """

    __tablename__ = "module_template_versions"
    __table_args__ = (
        UniqueConstraint("template_id", "version", name="uq_module_template_versions_version"),
        ForeignKeyConstraint(
            ["university_id", "template_id"],
            ["module_templates.university_id", "module_templates.id"],
            name="module_template_versions_owner_fkey",
        ),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("node_count >= 1", name="node_count"),
        CheckConstraint("jsonb_typeof(tree) = 'array' AND jsonb_array_length(tree) = node_count", name="tree"),
        Index("ix_module_template_versions_owner", "university_id", "template_id", "version"),
    )

    id: Mapped[Id]
    template_id: Mapped[BigInt] = mapped_column(ForeignKey("module_templates.id"))
    university_id: Mapped[BigInt | None] = mapped_column(ForeignKey("universities.id"))
    version: Mapped[int] = mapped_column(Integer)
    title: Mapped[str] = mapped_column(String(255))
    notes: Mapped[str | None] = mapped_column(Text)
    tree: Mapped[Any] = mapped_column(JSONB)
    node_count: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[CreatedAt]


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
        ForeignKeyConstraint(
            ["module_template_id", "template_version"],
            ["module_template_versions.template_id", "module_template_versions.version"],
            name="modules_template_version_fkey",
        ),
        CheckConstraint(
            "template_version IS NULL OR (module_template_id IS NOT NULL AND template_node IS NOT NULL)",
            name="template_version",
        ),
        CheckConstraint("template_node ~ '^[A-Za-z0-9_-]{1,64}$'", name="template_node"),
        Index("ix_modules_template_version", "module_template_id", "template_version"),
        Index(
            "ix_modules_template_instances",
            "university_id",
            "module_template_id",
            "id",
            postgresql_where=text("template_version IS NOT NULL"),
        ),
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
    template_version: Mapped[int | None] = mapped_column(Integer)
    """Of the topmost module of an instance: the version of its template that it has met; null: it follows none."""
    template_node: Mapped[str | None] = mapped_column(String(64))
    """The key of the template's node that it was made from."""
