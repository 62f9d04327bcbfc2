"""What mutations leave behind: the audit log, the outbox, the keys of what was done; and the version of a member.

The three tables are partitioned by time, so that old rows are dropped with their partition and not deleted one by one.
Each begins with its default partition, which takes what no other does; `lms-graphql maintain` makes the others ahead of
time and drops what is past. Row-level security and grants are on the parents: through a partition nobody gets in.

lms_app may add to audit_log and outbox and do nothing else there. No key leads to a person: an entry outlives them.

Revision: 0009, after 0008
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


class MigrationRefusedError(Exception):
    """The data stands against this step; nothing was changed."""


_TENANT = r"university_id = nullif(current_setting('lms.university_id', true), '')\:\:bigint"
_TABLES = {
    "audit_log": (
        "CREATE TABLE audit_log (university_id bigint NOT NULL, at timestamptz NOT NULL DEFAULT now(), id bigserial NOT NULL,"
        " user_id bigint, roles text[] NOT NULL DEFAULT '{}', act varchar(64) NOT NULL, entity varchar(64) NOT NULL,"
        " entity_id bigint, old_values jsonb, new_values jsonb, reason text, request_id varchar(64) NOT NULL,"
        " CONSTRAINT audit_log_pkey PRIMARY KEY (university_id, at, id),"
        " CONSTRAINT audit_log_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id))"
        " PARTITION BY RANGE (at)"
    ),
    "outbox": (
        "CREATE TABLE outbox (university_id bigint NOT NULL, at timestamptz NOT NULL DEFAULT now(), id bigserial NOT NULL,"
        " transaction bigint NOT NULL DEFAULT CAST(CAST(pg_current_xact_id() AS text) AS bigint), topic varchar(64) NOT NULL, entity varchar(64) NOT NULL,"
        " entity_id bigint, facts jsonb NOT NULL DEFAULT '{}',"
        " CONSTRAINT outbox_pkey PRIMARY KEY (university_id, at, id),"
        " CONSTRAINT outbox_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id))"
        " PARTITION BY RANGE (at)"
    ),
    "idempotency_keys": (
        "CREATE TABLE idempotency_keys (university_id bigint NOT NULL, user_id bigint NOT NULL, key varchar(255) NOT NULL,"
        " path varchar(255) NOT NULL, at timestamptz NOT NULL DEFAULT now(), mutation varchar(64) NOT NULL,"
        " argument_hash bytea NOT NULL, result jsonb NOT NULL,"
        " CONSTRAINT idempotency_keys_pkey PRIMARY KEY (university_id, user_id, key, path, at),"
        " CONSTRAINT idempotency_keys_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id))"
        " PARTITION BY RANGE (at)"
    ),
}
_RIGHTS = {"audit_log": "INSERT", "outbox": "INSERT", "idempotency_keys": "SELECT, INSERT"}
_INDEXES = [
    "CREATE INDEX ix_audit_log_entity ON audit_log (university_id, entity, entity_id, at)",
    "CREATE INDEX ix_audit_log_user_id ON audit_log (university_id, user_id, at)",
]


def upgrade() -> None:
    """The tables behind the wall, and a counter of what changes in a member's row."""
    for table, definition in _TABLES.items():
        op.execute(definition)
        op.execute(f"CREATE TABLE {table}_default PARTITION OF {table} DEFAULT")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON {table} USING ({_TENANT}) WITH CHECK ({_TENANT})")
        op.execute(f"GRANT {_RIGHTS[table]} ON {table} TO lms_app")
        op.execute(f"GRANT SELECT ON {table} TO lms_platform")
    for index in _INDEXES:
        op.execute(index)
    op.execute("GRANT USAGE ON SEQUENCE audit_log_id_seq, outbox_id_seq TO lms_app")
    op.execute("ALTER TABLE university_members ADD COLUMN version integer NOT NULL DEFAULT 1")
    op.execute(
        "CREATE FUNCTION count_version() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN NEW.version = OLD.version + 1; RETURN NEW; END$$"
    )
    op.execute(
        "CREATE TRIGGER count_version BEFORE UPDATE ON university_members FOR EACH ROW EXECUTE FUNCTION count_version()"
    )


def downgrade() -> None:
    """Drop it all; refused while the audit log or the outbox holds anything."""
    connection = op.get_bind()
    for table in ("audit_log", "outbox"):
        found = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
        if found:
            raise MigrationRefusedError(f"revision 0009 can't be taken back: {found} rows of {table} would be lost")
    op.execute("DROP TRIGGER count_version ON university_members")
    op.execute("DROP FUNCTION count_version()")
    op.execute("ALTER TABLE university_members DROP COLUMN version")
    for table in _TABLES:
        op.execute(f"DROP TABLE {table}")
