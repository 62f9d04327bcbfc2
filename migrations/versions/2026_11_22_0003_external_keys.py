"""External keys: the names that other systems have for our rows, which make imports safe to repeat.

Revision: 0003, after 0002
"""

from alembic import op
from sqlalchemy import text

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TENANT = "university_id = nullif(current_setting('lms.university_id', true), '')::bigint"


class MigrationRefusedError(Exception):
    """The data stands against this step; nothing was changed."""


def upgrade() -> None:
    """Create the table behind the wall."""
    for statement in (
        "CREATE TABLE external_keys (university_id bigint NOT NULL, system varchar(32) NOT NULL, entity varchar(32) NOT NULL,"
        " external_id varchar(512) NOT NULL, entity_id bigint NOT NULL, content_hash bytea,"
        " created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),"
        " CONSTRAINT external_keys_pkey PRIMARY KEY (university_id, system, entity, external_id),"
        " CONSTRAINT external_keys_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id),"
        " CONSTRAINT external_keys_system_check CHECK (system ~ '^[a-z0-9_]+$'))",
        "CREATE UNIQUE INDEX ux_external_keys_entity ON external_keys (university_id, system, entity, entity_id)",
        "ALTER TABLE external_keys ENABLE ROW LEVEL SECURITY",
        f"CREATE POLICY tenant ON external_keys USING ({_TENANT}) WITH CHECK ({_TENANT})",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON external_keys TO lms_app",
        "GRANT SELECT ON external_keys TO lms_platform",
    ):
        op.execute(statement)


def downgrade() -> None:
    """Drop the table; refused while it holds keys, since the next import would make everything twice."""
    if op.get_bind().execute(text("SELECT EXISTS (SELECT 1 FROM external_keys)")).scalar_one():
        raise MigrationRefusedError("revision 0003 can't be taken back and changed nothing; first delete external_keys")
    op.execute("DROP TABLE external_keys")
