"""What people are excused from, when an offering's grades are frozen, and work that is done behind an answer.

An exemption is of one person and either a content item or a grade item. A freeze lets no final grade of an offering
change from its time on. A job belongs to one university; whoever runs it holds a lease on it, and `attempts` tells a
runner that another one has taken it over. lms_platform finds the universities that have jobs waiting.

Revision: 0016, after 0011
"""

from alembic import op
from sqlalchemy import text

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_TENANT = "university_id = nullif(current_setting('lms.university_id', true), '')::bigint"
_MEMBER = "FOREIGN KEY (university_id, {0}) REFERENCES university_members (university_id, user_id)"
_UNIVERSITY = "FOREIGN KEY (university_id) REFERENCES universities (id)"
_TABLES = f"""
CREATE TABLE grade_exemptions (
    university_id bigint NOT NULL, id bigserial NOT NULL, course_id bigint NOT NULL,
    course_offering_id bigint NOT NULL, user_id bigint NOT NULL, content_item_id bigint, grade_item_id bigint,
    reason text NOT NULL, excused_by bigint NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT grade_exemptions_pkey PRIMARY KEY (university_id, id),
    CONSTRAINT grade_exemptions_university_id_fkey {_UNIVERSITY},
    CONSTRAINT grade_exemptions_course_offering_id_fkey FOREIGN KEY (university_id, course_id, course_offering_id)
        REFERENCES course_offerings (university_id, course_id, id),
    CONSTRAINT grade_exemptions_user_id_fkey FOREIGN KEY (university_id, course_offering_id, user_id)
        REFERENCES course_enrollments (university_id, course_offering_id, user_id),
    CONSTRAINT grade_exemptions_content_item_id_fkey FOREIGN KEY (university_id, course_id, content_item_id)
        REFERENCES content_items (university_id, course_id, id),
    CONSTRAINT grade_exemptions_grade_item_id_fkey FOREIGN KEY (university_id, course_offering_id, grade_item_id)
        REFERENCES grade_items (university_id, course_offering_id, id),
    CONSTRAINT grade_exemptions_excused_by_fkey {_MEMBER.format("excused_by")},
    CONSTRAINT grade_exemptions_item_check CHECK (num_nonnulls(content_item_id, grade_item_id) = 1),
    CONSTRAINT grade_exemptions_reason_check CHECK (length(reason) > 0),
    CONSTRAINT uq_grade_exemptions_item
        UNIQUE NULLS NOT DISTINCT (university_id, course_offering_id, user_id, content_item_id, grade_item_id)
);
CREATE INDEX ix_grade_exemptions_course_id ON grade_exemptions (university_id, course_id, course_offering_id);
CREATE INDEX ix_grade_exemptions_content_item_id ON grade_exemptions (university_id, content_item_id);
CREATE INDEX ix_grade_exemptions_grade_item_id ON grade_exemptions (university_id, grade_item_id);
CREATE INDEX ix_grade_exemptions_excused_by ON grade_exemptions (university_id, excused_by);
CREATE TABLE grade_freezes (
    university_id bigint NOT NULL, course_offering_id bigint NOT NULL, frozen_at timestamptz NOT NULL,
    frozen_by bigint NOT NULL, reason text NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT grade_freezes_pkey PRIMARY KEY (university_id, course_offering_id),
    CONSTRAINT grade_freezes_university_id_fkey {_UNIVERSITY},
    CONSTRAINT grade_freezes_course_offering_id_fkey FOREIGN KEY (university_id, course_offering_id)
        REFERENCES course_offerings (university_id, id),
    CONSTRAINT grade_freezes_frozen_by_fkey {_MEMBER.format("frozen_by")},
    CONSTRAINT grade_freezes_reason_check CHECK (length(reason) > 0)
);
CREATE INDEX ix_grade_freezes_frozen_by ON grade_freezes (university_id, frozen_by);
CREATE TABLE jobs (
    university_id bigint NOT NULL, id bigserial NOT NULL, kind varchar(64) NOT NULL,
    state varchar(16) NOT NULL DEFAULT 'queued', given jsonb NOT NULL DEFAULT '{{}}'::jsonb,
    total integer NOT NULL DEFAULT 0, done integer NOT NULL DEFAULT 0, place bigint NOT NULL DEFAULT 0,
    attempts integer NOT NULL DEFAULT 0, error text, roles text[] NOT NULL DEFAULT '{{}}', created_by bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(), started_at timestamptz, leased_until timestamptz,
    finished_at timestamptz, updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT jobs_pkey PRIMARY KEY (university_id, id),
    CONSTRAINT jobs_university_id_fkey {_UNIVERSITY},
    CONSTRAINT jobs_created_by_fkey {_MEMBER.format("created_by")},
    CONSTRAINT jobs_state_check CHECK (state IN ('queued', 'running', 'done', 'failed')),
    CONSTRAINT jobs_given_check CHECK (jsonb_typeof(given) = 'object'),
    CONSTRAINT jobs_progress_check CHECK (done >= 0 AND total >= 0 AND attempts >= 0),
    CONSTRAINT jobs_leased_until_check CHECK ((state = 'running') = (leased_until IS NOT NULL)),
    CONSTRAINT jobs_finished_at_check CHECK ((state IN ('done', 'failed')) = (finished_at IS NOT NULL)),
    CONSTRAINT jobs_error_check CHECK ((state = 'failed') = (error IS NOT NULL))
);
CREATE INDEX ix_jobs_waiting ON jobs (university_id, id) WHERE state IN ('queued', 'running');
CREATE INDEX ix_jobs_created_by ON jobs (university_id, created_by)
"""
_RIGHTS = {
    "grade_exemptions": "SELECT, INSERT, UPDATE, DELETE",
    "grade_freezes": "SELECT, INSERT, UPDATE, DELETE",
    "jobs": "SELECT, INSERT, UPDATE",
}


class MigrationRefusedError(Exception):
    """The data stands against this step; nothing was changed."""


def upgrade() -> None:
    """Create the tables behind the wall."""
    for statement in _TABLES.strip().split(";\n"):
        op.execute(text(statement.replace(":", r"\:")))
    for table, rights in _RIGHTS.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            text(f"CREATE POLICY tenant ON {table} USING ({_TENANT}) WITH CHECK ({_TENANT})".replace(":", r"\:"))
        )
        op.execute(f"GRANT {rights} ON {table} TO lms_app")
        op.execute(f"GRANT SELECT ON {table} TO lms_platform")
    op.execute("GRANT USAGE ON SEQUENCE grade_exemptions_id_seq, jobs_id_seq TO lms_app")
    for table in ("grade_freezes", "jobs"):
        op.execute(
            f"CREATE TRIGGER set_updated_at BEFORE UPDATE ON {table} FOR EACH ROW"
            " WHEN (NEW.updated_at = OLD.updated_at) EXECUTE FUNCTION set_updated_at()"
        )


def downgrade() -> None:
    """Drop the tables; refused while what they hold would be lost, or a job is not done."""
    waiting = "SELECT FROM jobs WHERE state IN ('queued', 'running')"
    conflicts = {"grade_exemptions": "SELECT FROM grade_exemptions", "grade_freezes": "SELECT FROM grade_freezes"}
    found = []
    for name, query in {**conflicts, "unfinished jobs": waiting}.items():
        count = op.get_bind().execute(text(f"SELECT count(*) FROM ({query}) AS conflict")).scalar_one()
        if count:
            found.append(f"{count} {name}")
    if found:
        raise MigrationRefusedError(f"revision 0016 can't be taken back and changed nothing: {'; '.join(found)}")
    op.execute("DROP TABLE jobs, grade_freezes, grade_exemptions")
