"""Assets and content items."""

from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Index,
    Integer,
    Numeric,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ENUM, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lms_graphql.storage.metadata import (
    BigInt,
    CreatedAt,
    Model,
    TenantOwned,
    TenantRow,
    Time,
    key_column,
    references,
    references_member,
)

content_type_enum = ENUM("video", "quiz", "engineering_lab", "text", "assignment", "resource", name="content_type_enum")

_POOL_KEY = (
    "CASE\n    WHEN ((jsonb_typeof((data_json -> 'question_pool_id'::text)) = 'number'::text) AND"
    " ((data_json ->> 'question_pool_id'::text) ~ '^[0-9]{1,18}$'::text)) THEN"
    " ((data_json ->> 'question_pool_id'::text))::bigint\n    ELSE NULL::bigint\nEND"
)
"""In the words in which PostgreSQL says it."""
_DATA_JSON_COMMENT = """\
Polymorphic JSONB payload depending on content_type:
 video:
   {
     "provider": "youtube" | "vimeo" | "internal",
     "video_id": "abc123",
     "url": "https://...",
     "duration_seconds": 2700,
     "transcript": {
       "language": "en",
       "segments": [ { "start": 0.0, "end": 8.5, "text": "..." }, ... ]
     },
     "thumbnail_url": "https://...",
     "asset_id": 42 -- optional link to assets table
   }
 quiz:
   {
     "question_pool_id": 12345,
     "quiz_mode": "practice" | "exam",
     "num_questions_per_attempt": 10,
     "randomize_order": true,
     "time_limit_seconds": null,
     "mastery": { "points": 50, "threshold_correct_in_row": 3, "max_attempts": 5 }
   }
 engineering_lab:
   {
     "lab_type": "code",
     "runtime": "python-datascience" | "matlab",
     "container_image": "registry/image:tag",
     "cpu_limit": "1",
     "memory_limit": "2Gi",
     "timeout_seconds": 3600,
     "entrypoint": "jupyter-lab",
     "env": { "VAR1": "value" },
     "files": [
       { "path": "notebooks/lab.ipynb", "role": "student_visible" },
       { "path": "tests/test_basic.py", "role": "hidden_test" }
     ],
     "grading": { "type": "unit_tests", "max_points": 100 }
   }
 text (article/section):
   {
     "layout": "rich_text_v1",
     "title": "What are linear equations and inequalities?",
     "blocks": [
       { "type": "paragraph", "text": "..." },
       { "type": "math", "latex": "2x + 1 = 5" },
       { "type": "image", "asset_id": 42, "caption": "..." },
       { "type": "link_list", "items": [ { "label": "...", "url": "..." } ] }
     ]
   }
 resource:
   {
     "resources": [
       { "label": "...", "url": "https://...", "kind": "pdf" | "article" | "video" }
     ]
   }"""


class Asset(TenantRow, Model):
    """A file of a university's library, or with a course of that one's: where it is and what it is.

    It is at an address of somebody's, or an upload that lies in our store (see `storage.files`).
    """

    __tablename__ = "assets"
    __table_args__ = (
        references("courses", "course_id"),
        references("uploads", "upload_id"),
        CheckConstraint("num_nonnulls(url, upload_id) = 1", name="place"),
        Index("ix_assets_course_id", "university_id", "course_id", "id"),
        Index("ux_assets_upload_id", "university_id", "upload_id", unique=True),
    )

    url: Mapped[str | None] = mapped_column(String(1024))
    asset_type: Mapped[str] = mapped_column(String(32))
    meta_json: Mapped[Any | None] = mapped_column(JSONB)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    course_id: Mapped[BigInt | None]
    upload_id: Mapped[BigInt | None]
    title: Mapped[str | None] = mapped_column(String(255))
    is_staff_only: Mapped[bool] = mapped_column(server_default=false())
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))


class ContentItemAsset(TenantOwned, Model):
    """That the payload of a content item names an asset. A trigger keeps it, whoever writes the payload."""

    __tablename__ = "content_item_assets"
    __table_args__ = (
        references("content_items", "content_item_id", ondelete="CASCADE"),
        references("assets", "asset_id"),
        Index("ix_content_item_assets_asset_id", "university_id", "asset_id", "content_item_id"),
    )

    content_item_id: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    asset_id: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)


class ContentItem(TenantRow, Model):
    """Something to learn from, in a module; `data_json` holds what its kind needs (see `payloads`)."""

    __tablename__ = "content_items"
    __table_args__ = (
        references("modules", "course_id", "module_id"),
        UniqueConstraint("university_id", "course_id", "id", name="uq_content_items_course"),
        UniqueConstraint(
            "university_id",
            "module_id",
            "sequence_index",
            name="uq_content_items_sequence",
            deferrable=True,
            initially="IMMEDIATE",
        ),
        CheckConstraint("sequence_index >= 0", name="sequence_index"),
        CheckConstraint("estimated_duration_seconds >= 0", name="estimated_duration_seconds"),
        CheckConstraint("jsonb_typeof(data_json) = 'object'", name="data_json"),
        CheckConstraint("revision >= 1", name="revision"),
        CheckConstraint("template_node ~ '^[A-Za-z0-9_-]{1,64}$'", name="template_node"),
        # What a record refers to that is only good for one kind of content.
        UniqueConstraint("university_id", "course_id", "id", "content_type", name="uq_content_items_kind"),
        Index("ix_content_items_content_type", "university_id", "content_type"),
        Index("ix_content_items_pool", "university_id", "pool_key", postgresql_where=text("pool_key IS NOT NULL")),
    )

    module_id: Mapped[BigInt]
    course_id: Mapped[BigInt]
    content_type: Mapped[str] = mapped_column(content_type_enum)
    title: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(Text)
    sequence_index: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    estimated_duration_seconds: Mapped[int | None] = mapped_column(Integer)
    data_json: Mapped[Any] = mapped_column(JSONB, comment=_DATA_JSON_COMMENT)
    is_active: Mapped[bool] = mapped_column(server_default=true())
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    revision: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    pool_key: Mapped[int | None] = key_column(BigInteger, _POOL_KEY)
    """The number of the pool that a quiz draws from."""
    template_node: Mapped[str | None] = mapped_column(String(64))
    """The key of the template's node that it was made from; see `syllabus.models.ModuleTemplateVersion`."""


class ContentItemRevision(TenantOwned, Model):
    """What a content item was before it was changed: all that one revision said. A trigger keeps it, whoever writes.

    `changed_by` has changed it into something else, at `changed_at`; null where that was nobody of the university.
    """

    __tablename__ = "content_item_revisions"
    __table_args__ = (
        references("content_items", "content_item_id"),
        references_member("changed_by"),
        CheckConstraint("revision >= 1", name="revision"),
        CheckConstraint("estimated_duration_seconds >= 0", name="estimated_duration_seconds"),
        Index("ix_content_item_revisions_changed_by", "university_id", "changed_by"),
    )

    content_item_id: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    title: Mapped[str] = mapped_column(String(255))
    data_json: Mapped[Any] = mapped_column(JSONB)
    changed_by: Mapped[BigInt | None]
    changed_at: Mapped[CreatedAt]
    description: Mapped[str | None] = mapped_column(Text)
    estimated_duration_seconds: Mapped[int | None] = mapped_column(Integer)


class ContentItemSetting(TenantRow, Model):
    """What an offering asks of an item: dates, points, when it counts as done.

    With a section or a person the row overrides the offering's own for them; the narrower one wins.
    """

    __tablename__ = "content_item_settings"
    __table_args__ = (
        references("course_offerings", "course_id", "course_offering_id"),
        references("content_items", "course_id", "content_item_id"),
        references("offering_sections", "course_offering_id", "section_id"),
        references_member("user_id"),
        references("grade_categories", "grade_category_id"),
        UniqueConstraint(
            "university_id",
            "course_offering_id",
            "content_item_id",
            "section_id",
            "user_id",
            name="uq_content_item_settings_scope",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("num_nonnulls(section_id, user_id) <= 1", name="scope"),
        CheckConstraint("unlock_at <= due_at AND due_at <= lock_at AND unlock_at <= lock_at", name="dates"),
        CheckConstraint("points BETWEEN 0 AND 9999.99", name="points"),
        CheckConstraint("completion_rule IN ('view', 'submit', 'min_score', 'manual')", name="completion_rule"),
        CheckConstraint("min_score BETWEEN 0 AND 9999.99", name="min_score"),
        CheckConstraint("completion_rule <> 'min_score' OR min_score IS NOT NULL", name="rule_needs_score"),
        CheckConstraint("extra_time_seconds BETWEEN 0 AND 604800", name="extra_time_seconds"),
        CheckConstraint("extra_attempts BETWEEN 0 AND 1000", name="extra_attempts"),
        CheckConstraint("max_submissions BETWEEN 1 AND 1000", name="max_submissions"),
        CheckConstraint("late_penalty_percent_per_day BETWEEN 0 AND 100", name="late_penalty"),
        Index("ix_content_item_settings_content_item_id", "university_id", "content_item_id"),
        Index("ix_content_item_settings_due_at", "university_id", "course_offering_id", "due_at"),
        Index("ix_content_item_settings_section_id", "university_id", "section_id"),
        Index("ix_content_item_settings_user_id", "university_id", "user_id"),
        Index("ix_content_item_settings_grade_category_id", "university_id", "grade_category_id"),
    )

    course_id: Mapped[BigInt]
    course_offering_id: Mapped[BigInt]
    content_item_id: Mapped[BigInt]
    section_id: Mapped[BigInt | None]
    user_id: Mapped[BigInt | None]
    unlock_at: Mapped[Time | None]
    due_at: Mapped[Time | None]
    lock_at: Mapped[Time | None]
    points: Mapped[Decimal | None] = mapped_column(Numeric(6, 2))
    completion_rule: Mapped[str | None] = mapped_column(String(16))
    min_score: Mapped[Decimal | None] = mapped_column(Numeric(6, 2))
    grade_category_id: Mapped[BigInt | None]
    extra_time_seconds: Mapped[int | None] = mapped_column(Integer)
    extra_attempts: Mapped[int | None] = mapped_column(Integer)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    max_submissions: Mapped[int | None] = mapped_column(Integer)
    """So many times a lab or an assignment may be handed in; null: without a limit."""
    late_penalty_percent_per_day: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    """What each day that begins after `due_at` takes from the score, in percent of it; null: nothing."""
