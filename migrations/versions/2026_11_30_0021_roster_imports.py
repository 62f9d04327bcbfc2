"""What an import of a roster leaves behind: what it did, and which rows it could not take.

The roster itself lies in `document` as long as its job runs, and is taken away when that has come to its end: it is full
of people. Errors name files and lines, never what stands there.

Revision: 0021, after 0020
"""

from alembic import op
from sqlalchemy import text

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_TENANT = "university_id = nullif(current_setting('lms.university_id', true), '')::bigint"
_TABLES = """
CREATE TABLE roster_imports (
    university_id bigint NOT NULL, id bigserial NOT NULL, job_id bigint, file_name varchar(255) NOT NULL,
    mode varchar(8) NOT NULL, is_dry_run boolean NOT NULL, document bytea, counts jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT roster_imports_pkey PRIMARY KEY (university_id, id),
    CONSTRAINT roster_imports_job_id_fkey FOREIGN KEY (university_id, job_id) REFERENCES jobs (university_id, id),
    CONSTRAINT roster_imports_mode_check CHECK (mode IN ('full', 'diff', 'as_said')),
    CONSTRAINT roster_imports_counts_check CHECK (jsonb_typeof(counts) = 'object'),
    CONSTRAINT roster_imports_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id)
);
CREATE UNIQUE INDEX ux_roster_imports_job_id ON roster_imports (university_id, job_id);
CREATE TABLE roster_import_errors (
    university_id bigint NOT NULL, id bigserial NOT NULL, import_id bigint NOT NULL, file varchar(32) NOT NULL,
    line integer NOT NULL, field varchar(64), message text NOT NULL, updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT roster_import_errors_pkey PRIMARY KEY (university_id, id),
    CONSTRAINT roster_import_errors_import_id_fkey FOREIGN KEY (university_id, import_id)
        REFERENCES roster_imports (university_id, id) ON DELETE CASCADE,
    CONSTRAINT roster_import_errors_line_check CHECK (line >= 1),
    CONSTRAINT roster_import_errors_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id)
);
CREATE INDEX ix_roster_import_errors_import_id ON roster_import_errors (university_id, import_id, id)
"""
_RIGHTS = {"roster_imports": "SELECT, INSERT, UPDATE", "roster_import_errors": "SELECT, INSERT"}
_CLOCK = (
    "CREATE TRIGGER set_updated_at BEFORE UPDATE ON {0} FOR EACH ROW WHEN (NEW.updated_at = OLD.updated_at)"
    " EXECUTE FUNCTION set_updated_at()"
)


class MigrationRefusedError(Exception):
    """The data can't go to this revision; the message says why, in one line."""


def upgrade() -> None:
    """The tables behind the wall."""
    for statement in _TABLES.strip().split(";\n"):
        op.execute(text(statement.replace(":", r"\:")))
    for table, rights in _RIGHTS.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            text(f"CREATE POLICY tenant ON {table} USING ({_TENANT}) WITH CHECK ({_TENANT})".replace(":", r"\:"))
        )
        op.execute(f"GRANT {rights} ON {table} TO lms_app")
        op.execute(f"GRANT SELECT ON {table} TO lms_platform")
        op.execute(f"GRANT USAGE ON SEQUENCE {table}_id_seq TO lms_app")
        op.execute(_CLOCK.format(table))


def downgrade() -> None:
    """Drop them; refused while there are any."""
    count = op.get_bind().execute(text("SELECT count(*) FROM roster_imports")).scalar_one()
    if count:
        raise MigrationRefusedError(
            f"revision 0021 can't be taken back and changed nothing: {count} imports of rosters"
        )
    op.execute("DROP TABLE roster_import_errors, roster_imports")
