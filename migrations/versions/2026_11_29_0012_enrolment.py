"""Enrolment: how an offering takes people, until when they may drop it, who has withdrawn, and seats that can't oversell.

`seats_taken` may stand above a capacity that was lowered below it: nobody is put out. What a CHECK can't say, that it
never rises above the capacity, a trigger does, under the name of the CHECK that it takes the place of.

Revision: 0012, after 0011
"""

from alembic import op
from sqlalchemy import text

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_SEATS = "ALTER TABLE course_offerings DROP CONSTRAINT course_offerings_seats_taken_check,"
_UPGRADE = (
    "ALTER TABLE course_offerings ADD enrollment_mode varchar(16) NOT NULL DEFAULT 'open', ADD drop_until timestamptz,"
    " ADD CONSTRAINT course_offerings_enrollment_mode_check"
    " CHECK (enrollment_mode IN ('open', 'approval', 'closed'))",
    "ALTER TABLE course_enrollments ADD withdrawn_at timestamptz,"
    " ADD CONSTRAINT course_enrollments_withdrawn_at_check CHECK (withdrawn_at IS NULL OR status = 'dropped')",
    f"{_SEATS} ADD CONSTRAINT course_offerings_seats_taken_check CHECK (seats_taken >= 0)",
    """CREATE FUNCTION refuse_oversold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'offering % has % seats, and % would be taken', NEW.id, NEW.capacity, NEW.seats_taken
    USING ERRCODE = 'check_violation', CONSTRAINT = 'course_offerings_seats_taken_check', TABLE = TG_TABLE_NAME;
END
$$""",
    "CREATE TRIGGER refuse_oversold_new BEFORE INSERT ON course_offerings FOR EACH ROW"
    " WHEN (NEW.seats_taken > NEW.capacity) EXECUTE FUNCTION refuse_oversold()",
    "CREATE TRIGGER refuse_oversold BEFORE UPDATE OF seats_taken ON course_offerings FOR EACH ROW"
    " WHEN (NEW.seats_taken > NEW.capacity AND NEW.seats_taken > OLD.seats_taken) EXECUTE FUNCTION refuse_oversold()",
)
_DOWNGRADE = (
    "DROP TRIGGER refuse_oversold ON course_offerings",
    "DROP TRIGGER refuse_oversold_new ON course_offerings",
    "DROP FUNCTION refuse_oversold()",
    f"{_SEATS} ADD CONSTRAINT course_offerings_seats_taken_check"
    " CHECK (seats_taken >= 0 AND (capacity IS NULL OR seats_taken <= capacity))",
    "ALTER TABLE course_enrollments DROP withdrawn_at",
    "ALTER TABLE course_offerings DROP enrollment_mode, DROP drop_until",
)
_DOWNGRADE_CONFLICTS = {
    "offerings with more taken seats than there are": "SELECT FROM course_offerings WHERE seats_taken > capacity",
    "offerings that do not take everybody": "SELECT FROM course_offerings WHERE enrollment_mode <> 'open'",
    "offerings with an end of dropping": "SELECT FROM course_offerings WHERE drop_until IS NOT NULL",
    "withdrawn enrollments": "SELECT FROM course_enrollments WHERE withdrawn_at IS NOT NULL",
}


class MigrationRefusedError(Exception):
    """The data can't go to this revision; the message says why, in one line."""


def upgrade() -> None:
    """Add the columns, and put the trigger in the place of half of the CHECK."""
    for statement in _UPGRADE:
        op.execute(text(statement.replace(":", r"\:")))


def downgrade() -> None:
    """Take it all back; refused while anything would be lost."""
    _refuse_if(_DOWNGRADE_CONFLICTS)
    for statement in _DOWNGRADE:
        op.execute(statement)


def _refuse_if(conflicts: dict[str, str]) -> None:
    connection = op.get_bind()
    found = []
    for name, query in conflicts.items():
        count = connection.execute(text(f"SELECT count(*) FROM ({query}) AS conflict")).scalar_one()
        if count:
            found.append(f"{count} {name}")
    if found:
        raise MigrationRefusedError(f"revision 0012 can't be taken back and changed nothing: {'; '.join(found)}")
