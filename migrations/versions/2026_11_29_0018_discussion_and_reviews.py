"""What discussions and reviews need to be written: versions, hiding, what posts said before, and reports.

A post or a review is hidden by those who keep order, with a reason: its words stay in their row, and reach only them
and its author. That changes nothing of what was written, so `updated_at` does not tell of it; `version` does.
The index of posts by their author tells how many of them are recent, too.

Revision: 0018, after 0011
"""

from alembic import op
from sqlalchemy import text

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_TENANT = "university_id = nullif(current_setting('lms.university_id', true), '')::bigint"
_POST = "FOREIGN KEY (university_id, post_id) REFERENCES discussion_posts (university_id, id) ON DELETE CASCADE"
_MEMBER = "FOREIGN KEY (university_id, {0}) REFERENCES university_members (university_id, user_id)"
_TABLES = f"""
CREATE TABLE post_revisions (
    university_id bigint NOT NULL, id bigserial NOT NULL, post_id bigint NOT NULL, version integer NOT NULL,
    body text NOT NULL, written_at timestamptz NOT NULL, replaced_at timestamptz NOT NULL DEFAULT now(),
    replaced_by bigint NOT NULL,
    CONSTRAINT post_revisions_pkey PRIMARY KEY (university_id, id),
    CONSTRAINT post_revisions_post_id_fkey {_POST},
    CONSTRAINT post_revisions_replaced_by_fkey {_MEMBER.format("replaced_by")},
    CONSTRAINT post_revisions_version_check CHECK (version >= 1),
    CONSTRAINT uq_post_revisions_version UNIQUE (university_id, post_id, version),
    CONSTRAINT post_revisions_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id)
);
CREATE INDEX ix_post_revisions_post_id ON post_revisions (university_id, post_id, id);
CREATE INDEX ix_post_revisions_replaced_by ON post_revisions (university_id, replaced_by);
CREATE TABLE post_reports (
    university_id bigint NOT NULL, id bigserial NOT NULL, post_id bigint NOT NULL, user_id bigint NOT NULL,
    kind varchar(16) NOT NULL, reason text NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz, outcome varchar(16), updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT post_reports_pkey PRIMARY KEY (university_id, id),
    CONSTRAINT post_reports_post_id_fkey {_POST},
    CONSTRAINT post_reports_user_id_fkey {_MEMBER.format("user_id")},
    CONSTRAINT post_reports_kind_check CHECK (kind IN ('spam', 'abuse', 'cheating', 'off_topic', 'other')),
    CONSTRAINT post_reports_outcome_check CHECK (outcome IN ('dismissed', 'hidden', 'deleted')),
    CONSTRAINT post_reports_settled_at_check CHECK ((settled_at IS NULL) = (outcome IS NULL)),
    CONSTRAINT uq_post_reports_person UNIQUE (university_id, post_id, user_id),
    CONSTRAINT post_reports_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id)
);
CREATE INDEX ix_post_reports_user_id ON post_reports (university_id, user_id);
CREATE INDEX ix_post_reports_post_id ON post_reports (university_id, post_id, id);
CREATE INDEX ix_post_reports_open ON post_reports (university_id, post_id) WHERE settled_at IS NULL
"""
_NEW = {"post_revisions": "SELECT, INSERT, UPDATE, DELETE", "post_reports": "SELECT, INSERT, UPDATE, DELETE"}
_VERSIONED = ("discussion_threads", "discussion_posts", "course_reviews")
_HIDDEN = ("discussion_posts", "course_reviews")
_CLOCK = "CREATE TRIGGER set_updated_at BEFORE UPDATE ON {0} FOR EACH ROW WHEN ({1}) EXECUTE FUNCTION set_updated_at()"
_WRITTEN = "NEW.updated_at = OLD.updated_at"
_NOT_JUST_HIDDEN = f"{_WRITTEN} AND NEW.hidden_at IS NOT DISTINCT FROM OLD.hidden_at"
_DOWNGRADE_CONFLICTS = {
    "former words of posts": "SELECT FROM post_revisions",
    "reports of posts": "SELECT FROM post_reports",
    "hidden posts": "SELECT FROM discussion_posts WHERE hidden_at IS NOT NULL",
    "hidden reviews": "SELECT FROM course_reviews WHERE hidden_at IS NOT NULL",
}


class MigrationRefusedError(Exception):
    """The data can't go to this revision; the message says why, in one line."""


def upgrade() -> None:
    """The tables behind the wall, then the columns, then what counts and what keeps the clock."""
    for statement in _TABLES.strip().split(";\n"):
        op.execute(statement)
    for table, rights in _NEW.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            text(f"CREATE POLICY tenant ON {table} USING ({_TENANT}) WITH CHECK ({_TENANT})".replace(":", r"\:"))
        )
        op.execute(f"GRANT {rights} ON {table} TO lms_app")
        op.execute(f"GRANT SELECT ON {table} TO lms_platform")
        op.execute(f"GRANT USAGE ON SEQUENCE {table}_id_seq TO lms_app")
    for table in _VERSIONED:
        op.execute(f"ALTER TABLE {table} ADD COLUMN version integer NOT NULL DEFAULT 1")
        op.execute(
            f"CREATE TRIGGER count_version BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION count_version()"
        )
    for table in _HIDDEN:
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN hidden_at timestamptz, ADD COLUMN hidden_reason text,"
            f" ADD CONSTRAINT {table}_hidden_check CHECK ((hidden_at IS NULL) = (hidden_reason IS NULL))"
        )
        op.execute(f"DROP TRIGGER set_updated_at ON {table}")
        op.execute(_CLOCK.format(table, _NOT_JUST_HIDDEN))
    op.execute(
        "CREATE INDEX ix_course_reviews_shown ON course_reviews (university_id, course_offering_id, rating)"
        " WHERE hidden_at IS NULL"
    )
    op.execute(_CLOCK.format("post_reports", _WRITTEN))
    op.execute("DROP INDEX ix_discussion_posts_user_id")
    op.execute("CREATE INDEX ix_discussion_posts_user_id ON discussion_posts (university_id, user_id, created_at)")


def downgrade() -> None:
    """Drop it all; refused while anything would be lost, or would be shown again."""
    _refuse_if(_DOWNGRADE_CONFLICTS)
    op.execute("DROP INDEX ix_discussion_posts_user_id")
    op.execute("CREATE INDEX ix_discussion_posts_user_id ON discussion_posts (university_id, user_id)")
    for table in _HIDDEN:
        op.execute(f"DROP TRIGGER set_updated_at ON {table}")
        op.execute(
            f"ALTER TABLE {table} DROP CONSTRAINT {table}_hidden_check, DROP COLUMN hidden_at, DROP COLUMN hidden_reason"
        )
        op.execute(_CLOCK.format(table, _WRITTEN))
    for table in _VERSIONED:
        op.execute(f"DROP TRIGGER count_version ON {table}")
        op.execute(f"ALTER TABLE {table} DROP COLUMN version")
    op.execute(f"DROP TABLE {', '.join(_NEW)}")


def _refuse_if(conflicts: dict[str, str]) -> None:
    connection = op.get_bind()
    found = []
    for name, query in conflicts.items():
        count = connection.execute(text(f"SELECT count(*) FROM ({query}) AS conflict")).scalar_one()
        if count:
            found.append(f"{count} {name}")
    if found:
        raise MigrationRefusedError(f"revision 0018 can't be taken back and changed nothing: {'; '.join(found)}")
