"""The catalog. A course is the definition, a course offering one run of it."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    String,
    Text,
    UniqueConstraint,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ENUM, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from lms_graphql.storage.metadata import (
    BigInt,
    CreatedAt,
    Id,
    Model,
    TenantOwned,
    TenantRow,
    Time,
    key_column,
    labels,
    normal,
    references,
    references_member,
)

_LEVELS = ("undergraduate", "graduate", "postgraduate", "certificate", "other")
_LEVEL_KEY = labels("level", "course_level_enum", *_LEVELS)
_TIME, _TIME_NAME = DateTime(timezone=True), "timestamp with time zone"
course_level_enum = ENUM(*_LEVELS, name="course_level_enum")
prerequisite_type_enum = ENUM("strict", "recommended", "co_requisite", name="prerequisite_type_enum")


class Domain(Model):
    """A field of knowledge at the highest level, for example mathematics."""

    __tablename__ = "domains"

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))


class Subject(Model):
    """An academic subject; subjects form a tree."""

    __tablename__ = "subjects"
    __table_args__ = (
        CheckConstraint("depth BETWEEN 0 AND 32", name="depth"),
        CheckConstraint("parent_subject_id <> id", name="parent"),
        Index("ux_subjects_code", "code", unique=True),
        Index("ix_subjects_parent_subject_id", "parent_subject_id"),
        Index("ix_subjects_domain_id", "domain_id"),
    )

    id: Mapped[Id]
    parent_subject_id: Mapped[BigInt | None] = mapped_column(ForeignKey("subjects.id"))
    domain_id: Mapped[BigInt | None] = mapped_column(ForeignKey("domains.id"))
    name: Mapped[str] = mapped_column(String(255))
    code: Mapped[str] = mapped_column(String(128))
    description: Mapped[str | None] = mapped_column(Text)
    depth: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))


class Course(TenantRow, Model):
    """A course as the catalog defines it."""

    __tablename__ = "courses"
    __table_args__ = (
        references("departments", "department_id"),
        CheckConstraint("credit_hours BETWEEN 0 AND 99.99", name="credit_hours"),
        CheckConstraint("difficulty IN ('beginner', 'intermediate', 'advanced')", name="difficulty"),
        Index("ux_courses_university_code", "university_id", "code", unique=True),
        Index("ix_courses_department_id", "university_id", "department_id"),
        Index("ix_courses_primary_subject_id", "primary_subject_id"),
        Index("ix_courses_subject", "university_id", "primary_subject_id"),
        Index("ix_courses_department", "university_id", "department_id", "id"),
        Index("ix_courses_title", "university_id", "title_key", "id"),
        Index("ix_courses_level", "university_id", "level_key", "id"),
        Index("ix_courses_difficulty", "university_id", "difficulty", "id"),
        Index("ix_courses_language", "university_id", "language_code", "id"),
        Index("ix_courses_created_at", "university_id", "created_at", "id"),
        Index("ix_courses_updated_at", "university_id", "updated_at", "id"),
        Index("ix_courses_archived", "university_id", "id", postgresql_where=text("archived_at IS NOT NULL")),
    )

    department_id: Mapped[BigInt | None]
    primary_subject_id: Mapped[BigInt | None] = mapped_column(ForeignKey("subjects.id"))
    title: Mapped[str] = mapped_column(String(255))
    code: Mapped[str] = mapped_column(String(128))
    description: Mapped[str | None] = mapped_column(Text)
    level: Mapped[str] = mapped_column(course_level_enum, server_default="undergraduate")
    language_code: Mapped[str] = mapped_column(String(8), server_default="en")
    credit_hours: Mapped[Decimal | None] = mapped_column(Numeric(4, 2))
    is_published: Mapped[bool] = mapped_column(server_default=false())
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    difficulty: Mapped[str | None] = mapped_column(String(16))
    """How much it asks for, whatever its academic level; null where nobody has said."""
    content_version: Mapped[UUID] = mapped_column(server_default=func.gen_random_uuid())
    """Another one after every change of the course's modules and items: see `syllabus.service.renew_version`."""
    archived_at: Mapped[Time | None]
    """Since when no list of courses has it; null: it is in the catalog."""
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    """Counts the changes of the catalog's entry; those of modules and items it does not."""
    title_key: Mapped[str] = key_column(Text(collation="C"), normal("title"))
    level_key: Mapped[str] = key_column(Text, _LEVEL_KEY)


class CourseSubject(TenantRow, Model):
    """A subject that a course belongs to."""

    __tablename__ = "course_subjects"
    __table_args__ = (
        references("courses", "course_id"),
        Index("ux_course_subjects_unique", "university_id", "course_id", "subject_id", unique=True),
        Index("ix_course_subjects_subject_id", "subject_id"),
        Index("ix_course_subjects_subject", "university_id", "subject_id", "course_id"),
        Index(
            "ux_course_subjects_primary",
            "university_id",
            "course_id",
            unique=True,
            postgresql_where=text("is_primary"),
        ),
    )

    course_id: Mapped[BigInt]
    subject_id: Mapped[BigInt] = mapped_column(ForeignKey("subjects.id"))
    is_primary: Mapped[bool] = mapped_column(server_default=false())
    updated_at: Mapped[CreatedAt]


class CoursePrerequisite(TenantRow, Model):
    """That one course asks for another."""

    __tablename__ = "course_prerequisites"
    __table_args__ = (
        references("courses", "course_id"),
        references("courses", "prerequisite_course_id"),
        CheckConstraint("course_id <> prerequisite_course_id", name="self"),
        Index("ux_course_prerequisites_unique", "university_id", "course_id", "prerequisite_course_id", unique=True),
        Index("ix_course_prerequisites_prereq", "university_id", "prerequisite_course_id"),
    )

    course_id: Mapped[BigInt]
    prerequisite_course_id: Mapped[BigInt]
    prerequisite_type: Mapped[str] = mapped_column(prerequisite_type_enum, server_default="strict")
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))


class Term(TenantRow, Model):
    """A stretch of a university's year in which offerings run."""

    __tablename__ = "terms"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="dates"),
        Index("ux_terms_code", "university_id", "code", unique=True),
        Index("ix_terms_starts_at", "university_id", "starts_at"),
    )

    code: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(255))
    starts_at: Mapped[Time]
    ends_at: Mapped[Time]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))


class CourseOffering(TenantRow, Model):
    """One run of a course. `seats_taken` counts its active enrollments; `enrollment.seats` keeps it.

    It never rises above `capacity` (a trigger, under the name of the CHECK), which may be lowered below it.
    """

    __tablename__ = "course_offerings"
    __table_args__ = (
        references("courses", "course_id"),
        references("terms", "term_id"),
        UniqueConstraint("university_id", "course_id", "id", name="uq_course_offerings_course"),
        CheckConstraint("ends_at > starts_at", name="dates"),
        CheckConstraint("enrollment_end > enrollment_start", name="enrollment_dates"),
        Index("ix_course_offerings_starts_at", "university_id", "starts_at", "id"),
        Index("ix_course_offerings_created_at", "university_id", "created_at", "id"),
        Index("ix_course_offerings_term", "university_id", "term_id", "id"),
        Index("ix_course_offerings_open", "university_id", "closes_key", "opens_key", "course_id"),
        CheckConstraint("visibility IN ('private', 'members', 'public')", name="visibility"),
        CheckConstraint("capacity >= 0", name="capacity"),
        CheckConstraint("waitlist_capacity >= 0", name="waitlist_capacity"),
        CheckConstraint("seats_taken >= 0", name="seats_taken"),
        CheckConstraint("enrollment_mode IN ('open', 'approval', 'closed')", name="enrollment_mode"),
        Index("ix_course_offerings_term_id", "university_id", "term_id"),
        CheckConstraint("certificate_valid_days BETWEEN 1 AND 36500", name="certificate_valid_days"),
    )

    course_id: Mapped[BigInt]
    term_name: Mapped[str | None] = mapped_column(String(255))
    starts_at: Mapped[Time | None]
    ends_at: Mapped[Time | None]
    enrollment_start: Mapped[Time | None]
    enrollment_end: Mapped[Time | None]
    visibility: Mapped[str] = mapped_column(String(32), server_default="private")
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    opens_key: Mapped[Time] = key_column(_TIME, f"COALESCE(enrollment_start, '-infinity'::{_TIME_NAME})")
    closes_key: Mapped[Time] = key_column(_TIME, f"LEAST(enrollment_end, ends_at, 'infinity'::{_TIME_NAME})")
    term_id: Mapped[BigInt | None]
    capacity: Mapped[int | None] = mapped_column(Integer)
    waitlist_capacity: Mapped[int | None] = mapped_column(Integer)
    seats_taken: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    enrollment_mode: Mapped[str] = mapped_column(String(16), server_default="open")
    drop_until: Mapped[Time | None]
    certificate_valid_days: Mapped[int | None] = mapped_column(Integer)
    """For how long its certificates hold; null: for ever."""
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    """Counts what editors change; that somebody enrols or leaves it does not."""


class OfferingSection(TenantRow, Model):
    """A group of an offering's people who meet together, for example on Tuesdays."""

    __tablename__ = "offering_sections"
    __table_args__ = (
        references("course_offerings", "course_offering_id"),
        UniqueConstraint("university_id", "course_offering_id", "id", name="uq_offering_sections_offering"),
        Index("ux_offering_sections_code", "university_id", "course_offering_id", "code", unique=True),
    )

    course_offering_id: Mapped[BigInt]
    code: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))


class CourseOfferingInstructor(TenantRow, Model):
    """Somebody who teaches an offering, or with a section that section alone."""

    __tablename__ = "course_offering_instructors"
    __table_args__ = (
        references("course_offerings", "course_offering_id"),
        references_member("user_id"),
        references("offering_sections", "course_offering_id", "section_id"),
        CheckConstraint("role IN ('instructor', 'ta')", name="role"),
        Index("ix_course_offering_instructors_section_id", "university_id", "section_id"),
        Index("ux_course_offering_instructor_unique", "university_id", "course_offering_id", "user_id", unique=True),
        Index("ix_course_offering_instructors_user_id", "university_id", "user_id"),
    )

    course_offering_id: Mapped[BigInt]
    user_id: Mapped[BigInt]
    section_id: Mapped[BigInt | None]
    role: Mapped[str] = mapped_column(String(16), server_default="instructor")
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]


class SearchText(TenantOwned, Model):
    """What a course or a person is found by. Triggers keep it, nobody may read it: `search_ids` gives ids of it."""

    __tablename__ = "search_texts"
    __table_args__ = (
        CheckConstraint("entity IN ('course', 'member')", name="entity"),
        Index("ix_search_texts_document", "document", postgresql_using="gin"),
    )

    entity: Mapped[str] = mapped_column(String(16), primary_key=True)
    entity_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    configuration: Mapped[str] = mapped_column(String(32))
    document: Mapped[str] = mapped_column(TSVECTOR)
