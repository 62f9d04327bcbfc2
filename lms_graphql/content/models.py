"""Assets and content items."""

from typing import Any

from sqlalchemy import CheckConstraint, Index, Integer, String, Text, UniqueConstraint, text, true
from sqlalchemy.dialects.postgresql import ENUM, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lms_graphql.storage.metadata import BigInt, CreatedAt, Model, TenantRow, references

content_type_enum = ENUM("video", "quiz", "engineering_lab", "text", "assignment", "resource", name="content_type_enum")

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
    """A file of a university's library: where it is and what it is."""

    __tablename__ = "assets"

    url: Mapped[str] = mapped_column(String(1024))
    asset_type: Mapped[str] = mapped_column(String(32))
    meta_json: Mapped[Any | None] = mapped_column(JSONB)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]


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
        Index("ix_content_items_content_type", "university_id", "content_type"),
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
