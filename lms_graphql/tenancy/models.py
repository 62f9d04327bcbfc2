"""Universities and their people: `users` is the login identity, `university_members` the person inside a university."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ENUM
from sqlalchemy.orm import Mapped, mapped_column

from lms_graphql.storage.metadata import (
    BigInt,
    CreatedAt,
    Id,
    Model,
    TenantOwned,
    TenantRow,
    key_column,
    normal,
    references,
    references_member,
)

university_role_enum = ENUM(
    "student", "instructor", "ta", "department_admin", "university_admin", "platform_admin", name="university_role_enum"
)


class Country(Model):
    """A country or region."""

    __tablename__ = "countries"
    __table_args__ = (CheckConstraint("iso_code ~ '^[A-Z]{2}$'", name="iso_code"),)

    id: Mapped[Id]
    iso_code: Mapped[str] = mapped_column(String(2), unique=True, comment="ISO 3166-1 alpha-2 country code.")
    name: Mapped[str] = mapped_column(String(255))
    region_name: Mapped[str | None] = mapped_column(String(255))
    updated_at: Mapped[CreatedAt]


class University(Model):
    """A tenant. Its short code stands in URLs."""

    __tablename__ = "universities"
    __table_args__ = (
        CheckConstraint("short_code ~ '^[A-Z0-9]{2,24}$'", name="short_code"),
        Index("ux_universities_short_code", "short_code", unique=True),
        Index("ix_universities_country_id", "country_id"),
    )

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(255))
    short_code: Mapped[str] = mapped_column(String(64))
    country_id: Mapped[BigInt] = mapped_column(ForeignKey("countries.id"))
    time_zone: Mapped[str] = mapped_column(String(64), server_default="UTC")
    website_url: Mapped[str | None] = mapped_column(String(512))
    is_active: Mapped[bool] = mapped_column(server_default=true())
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    version: Mapped[int] = mapped_column(server_default=text("1"))


class Department(TenantRow, Model):
    """A department of a university."""

    __tablename__ = "departments"
    __table_args__ = (Index("ux_departments_university_code", "university_id", "code", unique=True),)

    name: Mapped[str] = mapped_column(String(255))
    code: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    version: Mapped[int] = mapped_column(server_default=text("1"))


class User(Model):
    """A login identity. The application may read of it only what `storage.roles` grants."""

    __tablename__ = "users"
    __table_args__ = (Index("ux_users_email_lower", func.lower(text("email")), unique=True),)

    id: Mapped[Id]
    email: Mapped[str] = mapped_column(String(255), unique=True)
    full_name: Mapped[str] = mapped_column(String(255))
    password_hash: Mapped[str] = mapped_column(String(255))
    locale: Mapped[str] = mapped_column(String(16), server_default="en")
    time_zone: Mapped[str] = mapped_column(String(64), server_default="UTC")
    is_active: Mapped[bool] = mapped_column(server_default=true())
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]


class PlatformAdministrator(Model):
    """Somebody who looks after the platform, apart from any university's roles."""

    __tablename__ = "platform_administrators"

    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"), primary_key=True, autoincrement=False)


class UniversityMember(TenantOwned, Model):
    """A person of a university, under the name and address that this university knows."""

    __tablename__ = "university_members"
    __table_args__ = (
        CheckConstraint("status IN ('invited', 'active', 'inactive', 'erased')", name="status"),
        Index("ux_university_members_email", "university_id", func.lower(text("email")), unique=True),
        Index(
            "ux_university_members_student_number",
            "university_id",
            "student_number",
            unique=True,
            postgresql_where=text("student_number IS NOT NULL"),
        ),
        Index("ix_university_members_user_id", "user_id"),
        Index("ix_university_members_name", "university_id", "name_key", "user_id"),
        Index("ix_university_members_joined_at", "university_id", "joined_at", "user_id"),
    )

    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"), primary_key=True, autoincrement=False)
    display_name: Mapped[str] = mapped_column(String(255))
    email: Mapped[str] = mapped_column(String(255))
    student_number: Mapped[str | None] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(16), server_default="active")
    joined_at: Mapped[CreatedAt]
    name_key: Mapped[str] = key_column(Text(collation="C"), normal("display_name"))
    updated_at: Mapped[CreatedAt]
    version: Mapped[int] = mapped_column(server_default=text("1"))


class UserUniversityRole(TenantRow, Model):
    """A role of a member; a department_admin has one row for each department."""

    __tablename__ = "user_university_roles"
    __table_args__ = (
        references_member("user_id"),
        references("departments", "department_id"),
        UniqueConstraint(
            "university_id",
            "user_id",
            "role",
            "department_id",
            name="uq_user_university_roles",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("role <> 'platform_admin'", name="role"),
        # Without a department the role would reach over the whole university.
        CheckConstraint("role <> 'department_admin' OR department_id IS NOT NULL", name="scope"),
        Index("ix_user_university_roles_department_id", "university_id", "department_id"),
        Index("ix_user_university_roles_user_id", "user_id"),
    )

    user_id: Mapped[BigInt]
    role: Mapped[str] = mapped_column(university_role_enum)
    department_id: Mapped[BigInt | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
