"""What signs people and services in. Of secrets only hashes are stored; `lms_auth` alone reads them."""

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from lms_graphql.storage.metadata import BigInt, CreatedAt, Id, Model, TenantRow, Time, references_member


class ExternalIdentity(Model):
    """A person as an issuer of tokens knows them; without such a row nobody of that issuer gets in."""

    __tablename__ = "external_identities"
    __table_args__ = (Index("ix_external_identities_user_id", "user_id"),)

    issuer: Mapped[str] = mapped_column(String(255), primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    user_id: Mapped[BigInt] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[CreatedAt]


class Session(Model):
    """What a sign-in began: a family of tokens, of which each pair replaces the one before; it ends as a whole."""

    __tablename__ = "sessions"
    __table_args__ = (Index("ix_sessions_user_id", "user_id"), Index("ix_sessions_expires_at", "expires_at"))

    id: Mapped[Id]
    user_id: Mapped[BigInt] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[Time]
    revoked_at: Mapped[Time | None]


class SessionToken(Model):
    """A pair of tokens; `used_at` is when its refresh token was, and a pair that was issued again is void."""

    __tablename__ = "session_tokens"
    __table_args__ = (
        CheckConstraint("octet_length(access_digest) = 32 AND octet_length(refresh_digest) = 32", name="digest"),
        Index("ux_session_tokens_access_digest", "access_digest", unique=True),
        Index("ux_session_tokens_refresh_digest", "refresh_digest", unique=True),
        Index("ix_session_tokens_session_id", "session_id", "generation"),
    )

    id: Mapped[Id]
    session_id: Mapped[BigInt] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"))
    generation: Mapped[int] = mapped_column(Integer)
    access_digest: Mapped[bytes] = mapped_column(LargeBinary)
    access_expires_at: Mapped[Time]
    refresh_digest: Mapped[bytes] = mapped_column(LargeBinary)
    refresh_expires_at: Mapped[Time]
    used_at: Mapped[Time | None]
    replaced_at: Mapped[Time | None]


class ServiceToken(TenantRow, Model):
    """What a grader or an importer of one university shows; `lms_app` writes it and never reads its digest."""

    __tablename__ = "service_tokens"
    __table_args__ = (
        references_member("issued_by"),
        CheckConstraint("octet_length(digest) = 32", name="digest"),
        CheckConstraint(
            "cardinality(scopes) > 0 AND scopes <@ ARRAY['lab:grade'::text, 'import:course'::text]", name="scopes"
        ),
        CheckConstraint(
            "expires_at > created_at AND expires_at <= created_at + interval '24 hours'", name="expires_at"
        ),
        Index("ix_service_tokens_digest", "digest"),
        Index("ix_service_tokens_issued_by", "university_id", "issued_by"),
    )

    digest: Mapped[bytes] = mapped_column(LargeBinary)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    submission_ids: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    issued_by: Mapped[BigInt | None]
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[Time]
    revoked_at: Mapped[Time | None]


class Invitation(TenantRow, Model):
    """What somebody whom a university has invited shows to become a member; `lms_auth` alone reads its digest."""

    __tablename__ = "invitations"
    __table_args__ = (
        references_member("user_id"),
        references_member("invited_by"),
        CheckConstraint("octet_length(digest) = 32", name="digest"),
        CheckConstraint("expires_at > created_at AND expires_at <= created_at + interval '30 days'", name="expires_at"),
        CheckConstraint("accepted_at IS NULL OR revoked_at IS NULL", name="ended"),
        Index("ix_invitations_digest", "digest"),
        Index(
            "ux_invitations_open",
            "university_id",
            "user_id",
            unique=True,
            postgresql_where=text("accepted_at IS NULL AND revoked_at IS NULL"),
        ),
        Index("ix_invitations_user_id", "university_id", "user_id"),
        Index("ix_invitations_invited_by", "university_id", "invited_by"),
    )

    user_id: Mapped[BigInt]
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    invited_by: Mapped[BigInt | None]
    """Null: whoever administers the platform, for a new university."""
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[Time]
    accepted_at: Mapped[Time | None]
    revoked_at: Mapped[Time | None]


class LoginAttempts(Model):
    """Failures to sign in that one bucket has counted until its window ends; a crash may forget them."""

    __tablename__ = "login_attempts"
    __table_args__ = (
        CheckConstraint("failures >= 0", name="failures"),
        Index("ix_login_attempts_ends_at", "ends_at"),
        {"prefixes": ["UNLOGGED"]},
    )

    bucket: Mapped[str] = mapped_column(String(96), primary_key=True)
    failures: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    ends_at: Mapped[Time]
