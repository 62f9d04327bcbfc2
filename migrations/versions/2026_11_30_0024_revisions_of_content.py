"""What a content item was before: kept by the database, whoever changes it, with all that a revision has.

A content item's `revision` counts changes of what it says: its title, its description, how long it takes, its payload.
Its place, its module and whether it is shown are not among them, and its place among its siblings does not change
`updated_at` either. Who changed it is whom the transaction acts for, where that is a member of the university: an
importer is none.

Revision: 0024, after 0023
"""

from alembic import op
from sqlalchemy import text

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def _differs(*columns: str) -> str:
    return f"({', '.join(f'NEW.{c}' for c in columns)}) IS DISTINCT FROM ({', '.join(f'OLD.{c}' for c in columns)})"


_SAID = ("title", "description", "estimated_duration_seconds", "data_json")
_KEEP = """
CREATE FUNCTION keep_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.content_item_revisions (university_id, content_item_id, revision, title, description,
        estimated_duration_seconds, data_json, changed_by)
    VALUES (OLD.university_id, OLD.id, OLD.revision, OLD.title, OLD.description, OLD.estimated_duration_seconds,
        OLD.data_json, (SELECT member.user_id FROM public.university_members AS member
            WHERE member.university_id = OLD.university_id
                AND member.user_id = nullif(current_setting('lms.user_id', true), '')::bigint));
    NEW.revision = OLD.revision + 1;
    RETURN NEW;
END
$$
"""
_CLOCK = (
    "CREATE TRIGGER set_updated_at BEFORE UPDATE ON content_items FOR EACH ROW WHEN (NEW.updated_at = OLD.updated_at{0})"
    " EXECUTE FUNCTION set_updated_at()"
)
_DOWNGRADE_CONFLICTS = {
    "former descriptions and durations of content items": (
        "SELECT FROM content_item_revisions WHERE description IS NOT NULL OR estimated_duration_seconds IS NOT NULL"
    ),
}


class MigrationRefusedError(Exception):
    """The data can't go to this revision; the message says why, in one line."""


def upgrade() -> None:
    """The columns, then what keeps revisions and the clock."""
    op.execute(
        "ALTER TABLE content_item_revisions ADD COLUMN description text, ADD COLUMN estimated_duration_seconds integer,"
        " ADD CONSTRAINT content_item_revisions_estimated_duration_seconds_check CHECK (estimated_duration_seconds >= 0)"
    )
    op.execute(text(_KEEP.replace(":", r"\:")))
    op.execute(
        f"CREATE TRIGGER keep_revision BEFORE UPDATE ON content_items FOR EACH ROW WHEN ({_differs(*_SAID)})"
        " EXECUTE FUNCTION keep_revision()"
    )
    op.execute("DROP TRIGGER set_updated_at ON content_items")
    op.execute(_CLOCK.format(f" AND {_differs(*_SAID, 'module_id', 'course_id', 'content_type', 'is_active')}"))


def downgrade() -> None:
    """Drop it all; refused while anything would be lost."""
    connection = op.get_bind()
    found = []
    for name, query in _DOWNGRADE_CONFLICTS.items():
        count = connection.execute(text(f"SELECT count(*) FROM ({query}) AS conflict")).scalar_one()
        if count:
            found.append(f"{count} {name}")
    if found:
        raise MigrationRefusedError(f"revision 0024 can't be taken back and changed nothing: {'; '.join(found)}")
    op.execute("DROP TRIGGER set_updated_at ON content_items")
    op.execute(_CLOCK.format(""))
    op.execute("DROP TRIGGER keep_revision ON content_items")
    op.execute("DROP FUNCTION keep_revision()")
    op.execute("ALTER TABLE content_item_revisions DROP COLUMN description, DROP COLUMN estimated_duration_seconds")
