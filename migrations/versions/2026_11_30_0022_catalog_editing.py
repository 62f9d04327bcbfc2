"""What the catalog needs to be edited: versions that count what editors change, and courses that are archived.

A course's version does not count that its modules or items have changed (`content_version` tells of that), nor an
offering's that somebody has enrolled: or each edit of a busy one would be a conflict.

Revision: 0022, after 0021
"""

from alembic import op
from sqlalchemy import text

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_EDITED = {
    "courses": (
        "department_id", "primary_subject_id", "title", "code", "description", "level", "language_code",
        "credit_hours", "is_published", "difficulty", "archived_at",
    ),
    "course_prerequisites": ("prerequisite_type",),
    "course_offerings": (
        "term_name", "term_id", "starts_at", "ends_at", "enrollment_start", "enrollment_end", "visibility", "capacity",
        "waitlist_capacity", "enrollment_mode", "drop_until", "certificate_valid_days",
    ),
    "offering_sections": ("code", "name"),
}  # fmt: skip
"""By table the columns whose change makes another version."""
_DOWNGRADE_CONFLICTS = {"archived courses": "SELECT FROM courses WHERE archived_at IS NOT NULL"}


class MigrationRefusedError(Exception):
    """The data can't go to this revision; the message says why, in one line."""


def upgrade() -> None:
    """The columns, the index of what is archived, and what counts."""
    op.execute("ALTER TABLE courses ADD COLUMN archived_at timestamptz")
    op.execute("CREATE INDEX ix_courses_archived ON courses (university_id, id) WHERE archived_at IS NOT NULL")
    for table, columns in _EDITED.items():
        op.execute(f"ALTER TABLE {table} ADD COLUMN version integer NOT NULL DEFAULT 1")
        changed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in columns)
        op.execute(
            f"CREATE TRIGGER count_version BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({changed})"
            " EXECUTE FUNCTION count_version()"
        )


def downgrade() -> None:
    """Drop it all; refused while a course is archived, which lists would show again."""
    _refuse_if(_DOWNGRADE_CONFLICTS)
    for table in _EDITED:
        op.execute(f"DROP TRIGGER count_version ON {table}")
        op.execute(f"ALTER TABLE {table} DROP COLUMN version")
    op.execute("DROP INDEX ix_courses_archived")
    op.execute("ALTER TABLE courses DROP COLUMN archived_at")


def _refuse_if(conflicts: dict[str, str]) -> None:
    connection = op.get_bind()
    found = []
    for name, query in conflicts.items():
        count = connection.execute(text(f"SELECT count(*) FROM ({query}) AS conflict")).scalar_one()
        if count:
            found.append(f"{count} {name}")
    if found:
        raise MigrationRefusedError(f"revision 0022 can't be taken back and changed nothing: {'; '.join(found)}")
