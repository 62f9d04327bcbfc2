"""Files that are no submission's: to be assets of courses, or to be imported.

Such an upload is of no offering, and so of no enrollment; its owner is a member. One that is an asset's is `attached`, and
then never swept; one that was imported goes with its time.

Revision: 0019, after 0018
"""

from alembic import op
from sqlalchemy import text

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_DOWNGRADE_CONFLICTS = {"files that are no submission's": "SELECT FROM uploads WHERE purpose <> 'submission'"}
_OF_SUBMISSIONS = ("course_id", "course_offering_id", "content_item_id")


class MigrationRefusedError(Exception):
    """The data can't go to this revision; the message says why, in one line."""


def upgrade() -> None:
    """The purpose, and what each asks for."""
    op.execute("ALTER TABLE uploads ADD COLUMN purpose varchar(16) NOT NULL DEFAULT 'submission'")
    for column in _OF_SUBMISSIONS:
        op.execute(f"ALTER TABLE uploads ALTER COLUMN {column} DROP NOT NULL")
    op.execute("ALTER TABLE uploads DROP CONSTRAINT uploads_attached_check, DROP CONSTRAINT uploads_user_id_fkey")
    op.execute(
        "ALTER TABLE uploads"
        " ADD CONSTRAINT uploads_purpose_check CHECK (purpose IN ('submission', 'asset', 'import')),"
        " ADD CONSTRAINT uploads_about_check CHECK (num_nonnulls(course_id, course_offering_id, content_item_id) ="
        " CASE purpose WHEN 'submission' THEN 3 ELSE 0 END),"
        " ADD CONSTRAINT uploads_attached_check CHECK ((submission_id IS NOT NULL) ="
        " (state = 'attached' AND purpose = 'submission') AND (state <> 'attached' OR purpose <> 'import')),"
        " ADD CONSTRAINT uploads_enrollment_fkey FOREIGN KEY (university_id, course_offering_id, user_id)"
        " REFERENCES course_enrollments (university_id, course_offering_id, user_id),"
        " ADD CONSTRAINT uploads_user_id_fkey FOREIGN KEY (university_id, user_id)"
        " REFERENCES university_members (university_id, user_id)"
    )


def downgrade() -> None:
    """Back to submissions alone; refused while there are others."""
    _refuse_if(_DOWNGRADE_CONFLICTS)
    op.execute(
        "ALTER TABLE uploads DROP CONSTRAINT uploads_attached_check, DROP CONSTRAINT uploads_user_id_fkey,"
        " DROP CONSTRAINT uploads_enrollment_fkey, DROP CONSTRAINT uploads_about_check,"
        " DROP CONSTRAINT uploads_purpose_check, DROP COLUMN purpose"
    )
    for column in _OF_SUBMISSIONS:
        op.execute(f"ALTER TABLE uploads ALTER COLUMN {column} SET NOT NULL")
    op.execute(
        "ALTER TABLE uploads"
        " ADD CONSTRAINT uploads_attached_check CHECK ((state = 'attached') = (submission_id IS NOT NULL)),"
        " ADD CONSTRAINT uploads_user_id_fkey FOREIGN KEY (university_id, course_offering_id, user_id)"
        " REFERENCES course_enrollments (university_id, course_offering_id, user_id)"
    )


def _refuse_if(conflicts: dict[str, str]) -> None:
    connection = op.get_bind()
    found = []
    for name, query in conflicts.items():
        count = connection.execute(text(f"SELECT count(*) FROM ({query}) AS conflict")).scalar_one()
        if count:
            found.append(f"{count} {name}")
    if found:
        raise MigrationRefusedError(f"revision 0019 can't be taken back and changed nothing: {'; '.join(found)}")
