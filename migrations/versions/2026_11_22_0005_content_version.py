"""Versions of syllabi: a course gets another random one whenever its tree or its content changes.

Revision: 0005, after 0004
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; every course that is there gets a version of its own."""
    op.execute("ALTER TABLE courses ADD COLUMN content_version uuid NOT NULL DEFAULT gen_random_uuid()")


def downgrade() -> None:
    """Drop the column; the next upgrade gives other versions, which is as good."""
    op.execute("ALTER TABLE courses DROP COLUMN content_version")
