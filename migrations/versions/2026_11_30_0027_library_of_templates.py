"""The platform's library of templates is written by administrators of the platform alone.

Everybody reads templates and versions of no university. Until now nothing but the right to add kept a university's
transaction from changing those, or from taking them for its own: the policy that let it read them let it delete them
too. Now it reads them by a policy of its own, and they are written where `lms.platform` is on.

The platform's log also has what whoever runs the server does by a command: then nobody is named.

Revision: 0027, after 0026
"""

from alembic import op
from sqlalchemy import text

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_TENANT = "university_id = nullif(current_setting('lms.university_id', true), '')::bigint"
_LIBRARY = "university_id IS NULL"
_PLATFORM = f"{_LIBRARY} AND current_setting('lms.platform', true) = 'on'"
_TABLES = ("module_templates", "module_template_versions")
_DOWNGRADE_CONFLICTS = {
    "entries of the platform's audit log about commands": "SELECT FROM platform_audit_log WHERE user_id IS NULL",
}


class MigrationRefusedError(Exception):
    """The data can't go to this revision; the message says why, in one line."""


def upgrade() -> None:
    """Three policies for one: a university's own, the library to read, the library to write."""
    for table in _TABLES:
        _policy(table, "tenant", f"USING ({_TENANT}) WITH CHECK ({_TENANT})")
        _policy(table, "everybody", f"FOR SELECT USING ({_LIBRARY})", replaces=False)
        _policy(table, "platform", f"USING ({_PLATFORM}) WITH CHECK ({_PLATFORM})", replaces=False)
    op.execute("ALTER TABLE platform_audit_log ALTER COLUMN user_id DROP NOT NULL")


def downgrade() -> None:
    """One policy again; refused while the platform's log has entries of nobody."""
    _refuse_if(_DOWNGRADE_CONFLICTS)
    op.execute("ALTER TABLE platform_audit_log ALTER COLUMN user_id SET NOT NULL")
    for table in _TABLES:
        op.execute(f"DROP POLICY platform ON {table}")
        op.execute(f"DROP POLICY everybody ON {table}")
        _policy(table, "tenant", f"USING ({_LIBRARY} OR {_TENANT}) WITH CHECK ({_TENANT})")


def _policy(table: str, name: str, rule: str, *, replaces: bool = True) -> None:
    if replaces:
        op.execute(f"DROP POLICY {name} ON {table}")
    op.execute(text(f"CREATE POLICY {name} ON {table} {rule}".replace(":", r"\:")))


def _refuse_if(conflicts: dict[str, str]) -> None:
    connection = op.get_bind()
    found = []
    for name, query in conflicts.items():
        count = connection.execute(text(f"SELECT count(*) FROM ({query}) AS conflict")).scalar_one()
        if count:
            found.append(f"{count} {name}")
    if found:
        raise MigrationRefusedError(f"revision 0027 can't be taken back and changed nothing: {'; '.join(found)}")
