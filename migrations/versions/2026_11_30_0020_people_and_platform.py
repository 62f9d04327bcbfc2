"""What those who look after people and the platform need: accounts, invitations, versions, rights on what is no tenant's.

`accounts_of` is how a university gets the login identity of somebody whom it invites or imports: lms_app may read no
address of `users`, and this tells it none. It waits for nobody who makes other accounts, and of those who make one
account at the same moment all get the same one.

An invitation is written by lms_app, in the transaction that audits it, and accepted by lms_auth, which alone reads its
digest: it finds the invitation before it knows the university, sets the password where there is none, and makes the
member active.

Countries, universities, domains and subjects belong to no university. Everybody reads them; lms_app writes them where
the transaction is an administrator of the platform's (`lms.platform`), and a university its own row. No policy looks
anything up. What uses a subject, a domain or a department keeps it from being deleted, whoever may see what uses it:
foreign keys ask no policy.

Revision: 0020, after 0019
"""

from alembic import op
from sqlalchemy import text

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# plpgsql, since each of its statements sees what others have kept until then; a function in SQL has one moment.
# The accounts stay locked as a reference would lock them: nobody may erase one before it has its membership.
_ACCOUNTS = """
CREATE FUNCTION accounts_of(addresses text[], names text[]) RETURNS TABLE (place bigint, user_id bigint)
LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO users (email, full_name, password_hash)
    SELECT DISTINCT ON (lower(given.address)) given.address, given.name, '!'
    FROM unnest(addresses, names) WITH ORDINALITY AS given (address, name, place)
    WHERE NOT EXISTS (SELECT FROM users AS u WHERE lower(u.email) = lower(given.address))
    ORDER BY lower(given.address), given.place
    ON CONFLICT DO NOTHING;
    RETURN QUERY
    SELECT given.place, u.id
    FROM unnest(addresses) WITH ORDINALITY AS given (address, place)
    JOIN users AS u ON lower(u.email) = lower(given.address)
    FOR KEY SHARE OF u;
END
$$
"""
_FUNCTIONS = {"accounts_of(text[], text[])": (_ACCOUNTS, "lms_app")}
_TENANT = "university_id = nullif(current_setting('lms.university_id', true), '')::bigint"
_OWN = "id = nullif(current_setting('lms.university_id', true), '')::bigint"
_PLATFORM = "current_setting('lms.platform', true) = 'on'"
_TABLES = """
CREATE TABLE invitations (
    university_id bigint NOT NULL, id bigserial NOT NULL, user_id bigint NOT NULL, digest bytea NOT NULL,
    invited_by bigint, created_at timestamptz NOT NULL DEFAULT now(), expires_at timestamptz NOT NULL,
    accepted_at timestamptz, revoked_at timestamptz,
    CONSTRAINT invitations_pkey PRIMARY KEY (university_id, id),
    CONSTRAINT invitations_user_id_fkey FOREIGN KEY (university_id, user_id)
        REFERENCES university_members (university_id, user_id),
    CONSTRAINT invitations_invited_by_fkey FOREIGN KEY (university_id, invited_by)
        REFERENCES university_members (university_id, user_id),
    CONSTRAINT invitations_digest_check CHECK (octet_length(digest) = 32),
    CONSTRAINT invitations_expires_at_check
        CHECK (expires_at > created_at AND expires_at <= created_at + interval '30 days'),
    CONSTRAINT invitations_ended_check CHECK (accepted_at IS NULL OR revoked_at IS NULL),
    CONSTRAINT invitations_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id)
);
CREATE INDEX ix_invitations_digest ON invitations (digest);
CREATE UNIQUE INDEX ux_invitations_open ON invitations (university_id, user_id)
    WHERE accepted_at IS NULL AND revoked_at IS NULL;
CREATE INDEX ix_invitations_user_id ON invitations (university_id, user_id);
CREATE INDEX ix_invitations_invited_by ON invitations (university_id, invited_by);
CREATE TABLE platform_audit_log (
    id bigserial NOT NULL, at timestamptz NOT NULL DEFAULT now(), user_id bigint NOT NULL, act varchar(64) NOT NULL,
    entity varchar(64) NOT NULL, entity_id bigint NOT NULL, old_values jsonb, new_values jsonb,
    request_id varchar(64) NOT NULL,
    CONSTRAINT platform_audit_log_pkey PRIMARY KEY (id)
);
CREATE INDEX ix_platform_audit_log_entity ON platform_audit_log (entity, entity_id, at)
"""
_RIGHTS = (
    "ALTER TABLE invitations ENABLE ROW LEVEL SECURITY",
    f"CREATE POLICY tenant ON invitations USING ({_TENANT}) WITH CHECK ({_TENANT})",
    "CREATE POLICY recognition ON invitations FOR SELECT TO lms_auth USING (true)",
    "GRANT SELECT (university_id, id, user_id, invited_by, created_at, expires_at, accepted_at, revoked_at), INSERT,"
    " UPDATE (revoked_at), DELETE ON invitations TO lms_app",
    "GRANT USAGE ON SEQUENCE invitations_id_seq TO lms_app",
    "GRANT SELECT, UPDATE (accepted_at) ON invitations TO lms_auth",
    "GRANT UPDATE (status, joined_at) ON university_members TO lms_auth",
    "GRANT SELECT ON platform_administrators TO lms_auth",
    "GRANT INSERT ON audit_log, outbox TO lms_auth",
    "GRANT USAGE ON SEQUENCE audit_log_id_seq, outbox_id_seq TO lms_auth",
    "ALTER TABLE platform_audit_log ENABLE ROW LEVEL SECURITY",
    f"CREATE POLICY platform ON platform_audit_log FOR INSERT WITH CHECK ({_PLATFORM})",
    "GRANT INSERT ON platform_audit_log TO lms_app",
    "GRANT USAGE ON SEQUENCE platform_audit_log_id_seq TO lms_app",
    "GRANT SELECT ON platform_audit_log TO lms_platform",
    "GRANT INSERT ON countries TO lms_app",
    "GRANT INSERT, UPDATE (name, country_id, time_zone, website_url, is_active) ON universities TO lms_app",
    "GRANT INSERT, UPDATE (code, name, description), DELETE ON domains TO lms_app",
    "GRANT INSERT, UPDATE (parent_subject_id, domain_id, name, code, description, depth), DELETE ON subjects TO lms_app",
    f"CREATE POLICY own ON universities FOR UPDATE USING ({_OWN}) WITH CHECK ({_OWN})",
)
_REFERENCE = ("countries", "universities", "domains", "subjects")
_VERSIONED = ("universities", "departments", "terms", "domains", "subjects")
_KEPT = {
    ("courses", "primary_subject_id"): "subjects",
    ("subjects", "parent_subject_id"): "subjects",
    ("subjects", "domain_id"): "domains",
}
"""References that were emptied when what they name was deleted, and now keep it."""
_DOWNGRADE_CONFLICTS = {
    "invitations": "SELECT FROM invitations",
    "entries of the platform's audit log": "SELECT FROM platform_audit_log",
}


class MigrationRefusedError(Exception):
    """The data can't go to this revision; the message says why, in one line."""


def upgrade() -> None:
    """The tables behind the wall, the wall before what everybody reads, then what counts, keeps and finds."""
    for statement in _TABLES.strip().split(";\n"):
        op.execute(statement)
    for table in _REFERENCE:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY everybody ON {table} FOR SELECT USING (true)")
        op.execute(f"CREATE POLICY platform ON {table} USING ({_PLATFORM}) WITH CHECK ({_PLATFORM})")
    for statement in _RIGHTS:
        op.execute(text(statement.replace(":", r"\:")))
    for table in _VERSIONED:
        op.execute(f"ALTER TABLE {table} ADD COLUMN version integer NOT NULL DEFAULT 1")
        op.execute(
            f"CREATE TRIGGER count_version BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION count_version()"
        )
    _replace_references("")
    for function, (definition, caller) in _FUNCTIONS.items():
        op.execute(text(definition.replace(":", r"\:")))
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {caller}")


def downgrade() -> None:
    """Drop it all; refused while anything would be lost."""
    _refuse_if(_DOWNGRADE_CONFLICTS)
    for function in _FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    _replace_references(" ON DELETE SET NULL")
    for table in _VERSIONED:
        op.execute(f"DROP TRIGGER count_version ON {table}")
        op.execute(f"ALTER TABLE {table} DROP COLUMN version")
    op.execute("DROP POLICY own ON universities")
    for table in _REFERENCE:
        op.execute(f"DROP POLICY platform ON {table}")
        op.execute(f"DROP POLICY everybody ON {table}")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        op.execute(f"REVOKE INSERT, UPDATE, DELETE ON {table} FROM lms_app")
    op.execute("REVOKE UPDATE (name, country_id, time_zone, website_url, is_active) ON universities FROM lms_app")
    op.execute("REVOKE UPDATE (code, name, description) ON domains FROM lms_app")
    op.execute("REVOKE UPDATE (parent_subject_id, domain_id, name, code, description, depth) ON subjects FROM lms_app")
    op.execute("REVOKE UPDATE (status, joined_at) ON university_members FROM lms_auth")
    op.execute("REVOKE SELECT ON platform_administrators FROM lms_auth")
    op.execute("REVOKE INSERT ON audit_log, outbox FROM lms_auth")
    op.execute("REVOKE USAGE ON SEQUENCE audit_log_id_seq, outbox_id_seq FROM lms_auth")
    op.execute("DROP TABLE invitations, platform_audit_log")


def _replace_references(on_delete: str) -> None:
    """The references of `_KEPT` again, with another end."""
    for (table, column), target in _KEPT.items():
        name = f"{table}_{column}_fkey"
        op.execute(
            f"ALTER TABLE {table} DROP CONSTRAINT {name}, ADD CONSTRAINT {name}"
            f" FOREIGN KEY ({column}) REFERENCES {target} (id){on_delete}"
        )


def _refuse_if(conflicts: dict[str, str]) -> None:
    connection = op.get_bind()
    found = []
    for name, query in conflicts.items():
        count = connection.execute(text(f"SELECT count(*) FROM ({query}) AS conflict")).scalar_one()
        if count:
            found.append(f"{count} {name}")
    if found:
        raise MigrationRefusedError(f"revision 0020 can't be taken back and changed nothing: {'; '.join(found)}")
