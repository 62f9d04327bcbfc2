"""What taking quizzes needs: more time and more attempts for whom they are given, and runs of right answers.

`content_item_settings` says how much longer an attempt may take and how many attempts there are besides those of the
quiz; as its dates, for all, for a section or for a person. `quiz_attempts` keeps how many answers in a row were right
at the end of an attempt, and the longest run so far, both over all attempts of the person at the quiz, in their order.

Revision: 0014, after 0011
"""

from alembic import op
from sqlalchemy import text

revision = "0014"
down_revision = "0012"
branch_labels = None
depends_on = None

_SETTINGS = {
    "extra_time_seconds": "extra_time_seconds >= 0 AND extra_time_seconds <= 604800",
    "extra_attempts": "extra_attempts >= 0 AND extra_attempts <= 1000",
}
_DOWNGRADE_CONFLICTS = {
    "settings with more time or attempts": "SELECT FROM content_item_settings"
    " WHERE num_nonnulls(extra_time_seconds, extra_attempts) > 0",
    "attempts with runs of right answers": "SELECT FROM quiz_attempts WHERE longest_in_row IS NOT NULL",
}


class MigrationRefusedError(Exception):
    """The data can't go to this revision; the message says why, in one line."""


def upgrade() -> None:
    """Add the columns; none of them rewrites a table."""
    for name, check in _SETTINGS.items():
        op.execute(
            f"ALTER TABLE content_item_settings ADD {name} integer,"
            f" ADD CONSTRAINT content_item_settings_{name}_check CHECK ({check})"
        )
    op.execute(
        "ALTER TABLE quiz_attempts ADD correct_in_row integer, ADD longest_in_row integer,"
        " ADD CONSTRAINT quiz_attempts_correct_in_row_check CHECK (num_nonnulls(correct_in_row, longest_in_row) <> 1"
        " AND correct_in_row BETWEEN 0 AND longest_in_row)"
    )


def downgrade() -> None:
    """Drop them; refused while anything would be lost."""
    connection = op.get_bind()
    found = []
    for name, query in _DOWNGRADE_CONFLICTS.items():
        count = connection.execute(text(f"SELECT count(*) FROM ({query}) AS conflict")).scalar_one()
        if count:
            found.append(f"{count} {name}")
    if found:
        raise MigrationRefusedError(f"revision 0014 can't be taken back and changed nothing: {'; '.join(found)}")
    op.execute("ALTER TABLE content_item_settings DROP extra_time_seconds, DROP extra_attempts")
    op.execute("ALTER TABLE quiz_attempts DROP correct_in_row, DROP longest_in_row")
