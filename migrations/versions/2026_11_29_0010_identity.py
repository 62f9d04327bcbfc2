"""Who signs in: external identities, sessions and their tokens, service tokens, failed attempts.

lms_auth alone reads what is in them. lms_app writes service tokens, in the transaction that audits them, and reads all
of them but the digest; of the others it knows nothing. Sessions, identities and attempts belong to persons and not to a
university, so they have no row-level security: no role of the API's statements has any right to them. lms_auth finds a
service token by its digest before it knows the university, which is what its own policy is for.

Revision: 0010, after 0009
"""

from alembic import op
from sqlalchemy import text

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_TENANT = "university_id = nullif(current_setting('lms.university_id', true), '')::bigint"
_TABLES = (
    "CREATE TABLE external_identities (issuer varchar(255) NOT NULL, subject varchar(255) NOT NULL,"
    " user_id bigint NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),"
    " CONSTRAINT external_identities_pkey PRIMARY KEY (issuer, subject),"
    " CONSTRAINT external_identities_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id))",
    "CREATE TABLE sessions (id bigserial NOT NULL, user_id bigint NOT NULL,"
    " created_at timestamptz NOT NULL DEFAULT now(), expires_at timestamptz NOT NULL, revoked_at timestamptz,"
    " CONSTRAINT sessions_pkey PRIMARY KEY (id),"
    " CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id))",
    "CREATE TABLE session_tokens (id bigserial NOT NULL, session_id bigint NOT NULL, generation integer NOT NULL,"
    " access_digest bytea NOT NULL, access_expires_at timestamptz NOT NULL,"
    " refresh_digest bytea NOT NULL, refresh_expires_at timestamptz NOT NULL,"
    " used_at timestamptz, replaced_at timestamptz, CONSTRAINT session_tokens_pkey PRIMARY KEY (id),"
    " CONSTRAINT session_tokens_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE,"
    " CONSTRAINT session_tokens_digest_check"
    " CHECK (octet_length(access_digest) = 32 AND octet_length(refresh_digest) = 32))",
    "CREATE TABLE service_tokens (university_id bigint NOT NULL, id bigserial NOT NULL, digest bytea NOT NULL,"
    " scopes text[] NOT NULL, submission_ids bigint[], issued_by bigint,"
    " created_at timestamptz NOT NULL DEFAULT now(), expires_at timestamptz NOT NULL, revoked_at timestamptz,"
    " CONSTRAINT service_tokens_pkey PRIMARY KEY (university_id, id),"
    " CONSTRAINT service_tokens_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id),"
    " CONSTRAINT service_tokens_issued_by_fkey FOREIGN KEY (university_id, issued_by)"
    " REFERENCES university_members (university_id, user_id),"
    " CONSTRAINT service_tokens_digest_check CHECK (octet_length(digest) = 32),"
    " CONSTRAINT service_tokens_scopes_check"
    " CHECK (cardinality(scopes) > 0 AND scopes <@ ARRAY['lab:grade'::text, 'import:course'::text]),"
    " CONSTRAINT service_tokens_expires_at_check"
    " CHECK (expires_at > created_at AND expires_at <= created_at + interval '24 hours'))",
    "CREATE UNLOGGED TABLE login_attempts (bucket varchar(96) NOT NULL, failures integer NOT NULL DEFAULT 0,"
    " ends_at timestamptz NOT NULL, CONSTRAINT login_attempts_pkey PRIMARY KEY (bucket),"
    " CONSTRAINT login_attempts_failures_check CHECK (failures >= 0))",
)
_INDEXES = (
    "CREATE INDEX ix_external_identities_user_id ON external_identities (user_id)",
    "CREATE INDEX ix_sessions_user_id ON sessions (user_id)",
    "CREATE INDEX ix_sessions_expires_at ON sessions (expires_at)",
    "CREATE UNIQUE INDEX ux_session_tokens_access_digest ON session_tokens (access_digest)",
    "CREATE UNIQUE INDEX ux_session_tokens_refresh_digest ON session_tokens (refresh_digest)",
    "CREATE INDEX ix_session_tokens_session_id ON session_tokens (session_id, generation)",
    "CREATE INDEX ix_service_tokens_digest ON service_tokens (digest)",
    "CREATE INDEX ix_service_tokens_issued_by ON service_tokens (university_id, issued_by)",
    "CREATE INDEX ix_login_attempts_ends_at ON login_attempts (ends_at)",
)
_RIGHTS = (
    "ALTER TABLE service_tokens ENABLE ROW LEVEL SECURITY",
    f"CREATE POLICY tenant ON service_tokens USING ({_TENANT}) WITH CHECK ({_TENANT})",
    "CREATE POLICY recognition ON service_tokens FOR SELECT TO lms_auth USING (true)",
    "GRANT SELECT (university_id, id, scopes, submission_ids, issued_by, created_at, expires_at, revoked_at),"
    " INSERT, UPDATE (revoked_at) ON service_tokens TO lms_app",
    "GRANT USAGE ON SEQUENCE service_tokens_id_seq TO lms_app",
    "GRANT SELECT ON service_tokens TO lms_auth",
    "GRANT SELECT, INSERT, DELETE ON external_identities TO lms_auth",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON sessions, session_tokens, login_attempts TO lms_auth",
    "GRANT USAGE ON SEQUENCE sessions_id_seq, session_tokens_id_seq TO lms_auth",
)


class MigrationRefusedError(Exception):
    """The data stands against this step; nothing was changed."""


def upgrade() -> None:
    """Create the tables, and let lms_auth at them."""
    for statement in (*_TABLES, *_INDEXES, *_RIGHTS):
        op.execute(statement)


def downgrade() -> None:
    """Drop the tables: everybody is signed out. Refused while external identities would be lost."""
    if op.get_bind().execute(text("SELECT EXISTS (SELECT FROM external_identities)")).scalar():
        raise MigrationRefusedError(
            "revision 0010 can't be taken back and changed nothing; first delete external_identities"
        )
    op.execute("DROP TABLE login_attempts, service_tokens, session_tokens, sessions, external_identities")
