"""The LMS schema as the product owner wrote it: 26 tables, 6 enums.

Revision: 0001
"""

from pathlib import Path
from typing import Any

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_BASELINE = Path(__file__).parent.parent / "baseline.sql"

# Children before parents, so that no CASCADE is needed and nothing unexpected goes with them.
_TABLES = [
    "course_reviews",
    "discussion_posts",
    "discussion_threads",
    "certificates",
    "course_grades",
    "lab_submissions",
    "quiz_attempts",
    "user_content_progress",
    "user_module_progress",
    "content_items",
    "assets",
    "modules",
    "module_templates",
    "course_enrollments",
    "course_offering_instructors",
    "course_offerings",
    "course_prerequisites",
    "course_subjects",
    "courses",
    "subjects",
    "domains",
    "user_university_roles",
    "users",
    "departments",
    "universities",
    "countries",
]
_ENUMS = [
    "enrollment_status_enum",
    "prerequisite_type_enum",
    "content_type_enum",
    "module_type_enum",
    "university_role_enum",
    "course_level_enum",
]


def upgrade() -> None:
    """Create everything, from the SQL that defines it."""
    script = _BASELINE.read_text(encoding="utf-8")
    # The driver's own execute() takes a script of many statements; a prepared statement, which SQLAlchemy uses, does not.
    connection: Any = op.get_bind().connection.dbapi_connection
    connection.run_async(lambda driver: driver.execute(script))


def downgrade() -> None:
    """Drop everything, data included: below the first revision there is nothing to keep it in."""
    op.execute(f"DROP TABLE {', '.join(_TABLES)}")
    op.execute(f"DROP TYPE {', '.join(_ENUMS)}")
