"""Handing in and grading: lateness, text, rubrics, uploaded files, and the runs of graders.

An item says in its settings how often it may be handed in and what each day that begins after its due date costs; a
submission keeps how late it was and what that takes from its score, and the database checks the product. Uploads are
of one person; whoever is graded by a machine has at most one live run.

Revision: 0015, after 0011
"""

from alembic import op
from sqlalchemy import text

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_TENANT = "university_id = nullif(current_setting('lms.university_id', true), '')::bigint"
_TABLES = """
CREATE TABLE rubric_criteria (
    university_id bigint NOT NULL, id bigserial NOT NULL, course_id bigint NOT NULL, content_item_id bigint NOT NULL,
    position integer NOT NULL, title varchar(255) NOT NULL, description text, points numeric(6, 2) NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT rubric_criteria_pkey PRIMARY KEY (university_id, id),
    CONSTRAINT rubric_criteria_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id),
    CONSTRAINT rubric_criteria_content_item_id_fkey FOREIGN KEY (university_id, course_id, content_item_id)
        REFERENCES content_items (university_id, course_id, id),
    CONSTRAINT uq_rubric_criteria_position UNIQUE (university_id, content_item_id, position),
    CONSTRAINT rubric_criteria_position_check CHECK (position >= 1),
    CONSTRAINT rubric_criteria_points_check CHECK (points BETWEEN 0 AND 9999.99)
);
CREATE TABLE rubric_ratings (
    university_id bigint NOT NULL, criterion_id bigint NOT NULL, position integer NOT NULL,
    title varchar(255) NOT NULL, points numeric(6, 2) NOT NULL,
    CONSTRAINT rubric_ratings_pkey PRIMARY KEY (university_id, criterion_id, position),
    CONSTRAINT rubric_ratings_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id),
    CONSTRAINT rubric_ratings_criterion_id_fkey FOREIGN KEY (university_id, criterion_id)
        REFERENCES rubric_criteria (university_id, id) ON DELETE CASCADE,
    CONSTRAINT rubric_ratings_position_check CHECK (position >= 1),
    CONSTRAINT rubric_ratings_points_check CHECK (points BETWEEN 0 AND 9999.99)
);
CREATE TABLE uploads (
    university_id bigint NOT NULL, id bigserial NOT NULL, user_id bigint NOT NULL, course_id bigint NOT NULL,
    course_offering_id bigint NOT NULL, content_item_id bigint NOT NULL, submission_id bigint,
    file_name varchar(255) NOT NULL, media_type varchar(127) NOT NULL, size_bytes bigint NOT NULL,
    sha256 bytea, state varchar(16) NOT NULL DEFAULT 'pending',
    created_at timestamptz NOT NULL DEFAULT now(), expires_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT uploads_pkey PRIMARY KEY (university_id, id),
    CONSTRAINT uploads_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id),
    CONSTRAINT uploads_course_offering_id_fkey FOREIGN KEY (university_id, course_id, course_offering_id)
        REFERENCES course_offerings (university_id, course_id, id),
    CONSTRAINT uploads_user_id_fkey FOREIGN KEY (university_id, course_offering_id, user_id)
        REFERENCES course_enrollments (university_id, course_offering_id, user_id),
    CONSTRAINT uploads_content_item_id_fkey FOREIGN KEY (university_id, course_id, content_item_id)
        REFERENCES content_items (university_id, course_id, id),
    CONSTRAINT uploads_submission_id_fkey FOREIGN KEY (university_id, submission_id)
        REFERENCES lab_submissions (university_id, id),
    CONSTRAINT uploads_size_bytes_check CHECK (size_bytes > 0),
    CONSTRAINT uploads_sha256_check CHECK (octet_length(sha256) = 32),
    CONSTRAINT uploads_state_check CHECK (state IN ('pending', 'stored', 'attached')),
    CONSTRAINT uploads_stored_check CHECK ((state = 'pending') = (sha256 IS NULL)),
    CONSTRAINT uploads_attached_check CHECK ((state = 'attached') = (submission_id IS NOT NULL))
);
CREATE INDEX ix_uploads_course_offering_id ON uploads (university_id, course_offering_id, user_id);
CREATE INDEX ix_uploads_content_item_id ON uploads (university_id, content_item_id);
CREATE INDEX ix_uploads_submission_id ON uploads (university_id, submission_id);
CREATE INDEX ix_uploads_user_id ON uploads (university_id, user_id);
CREATE TABLE grading_runs (
    university_id bigint NOT NULL, id bigserial NOT NULL, submission_id bigint NOT NULL,
    service_token_id bigint NOT NULL, state varchar(16) NOT NULL DEFAULT 'claimed',
    claimed_at timestamptz NOT NULL DEFAULT now(), lease_until timestamptz NOT NULL,
    reported_at timestamptz, report_digest bytea, updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT grading_runs_pkey PRIMARY KEY (university_id, id),
    CONSTRAINT grading_runs_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id),
    CONSTRAINT grading_runs_submission_id_fkey FOREIGN KEY (university_id, submission_id)
        REFERENCES lab_submissions (university_id, id),
    CONSTRAINT grading_runs_service_token_id_fkey FOREIGN KEY (university_id, service_token_id)
        REFERENCES service_tokens (university_id, id),
    CONSTRAINT grading_runs_state_check CHECK (state IN ('claimed', 'reported', 'expired')),
    CONSTRAINT grading_runs_lease_until_check CHECK (lease_until > claimed_at),
    CONSTRAINT grading_runs_report_check
        CHECK ((state = 'reported') = (reported_at IS NOT NULL) AND (state = 'reported') = (report_digest IS NOT NULL)),
    CONSTRAINT grading_runs_report_digest_check CHECK (octet_length(report_digest) = 32)
);
CREATE UNIQUE INDEX ux_grading_runs_live ON grading_runs (university_id, submission_id) WHERE state = 'claimed';
CREATE INDEX ix_grading_runs_submission_id ON grading_runs (university_id, submission_id);
CREATE INDEX ix_grading_runs_service_token_id ON grading_runs (university_id, service_token_id)
"""
_RIGHTS = {
    "rubric_criteria": ("SELECT, INSERT, UPDATE, DELETE", "rubric_criteria_id_seq"),
    "rubric_ratings": ("SELECT, INSERT, UPDATE, DELETE", None),
    "uploads": ("SELECT, INSERT, UPDATE, DELETE", "uploads_id_seq"),
    "grading_runs": ("SELECT, INSERT, UPDATE, DELETE", "grading_runs_id_seq"),
}
_SETTINGS = """
ALTER TABLE content_item_settings
    ADD COLUMN max_submissions integer,
    ADD COLUMN late_penalty_percent_per_day numeric(5, 2),
    ADD CONSTRAINT content_item_settings_max_submissions_check CHECK (max_submissions BETWEEN 1 AND 1000),
    ADD CONSTRAINT content_item_settings_late_penalty_check CHECK (late_penalty_percent_per_day BETWEEN 0 AND 100)
"""
_SUBMISSIONS = """
ALTER TABLE lab_submissions
    ADD COLUMN body text,
    ADD COLUMN late_seconds bigint NOT NULL DEFAULT 0,
    ADD COLUMN late_penalty_percent numeric(5, 2) NOT NULL DEFAULT 0,
    ADD COLUMN raw_score numeric(6, 2),
    ADD COLUMN rubric_result jsonb,
    ADD CONSTRAINT lab_submissions_rubric_result_check CHECK (jsonb_typeof(rubric_result) = 'array'),
    ADD CONSTRAINT lab_submissions_late_seconds_check CHECK (late_seconds >= 0),
    ADD CONSTRAINT lab_submissions_late_penalty_percent_check CHECK (late_penalty_percent BETWEEN 0 AND 100),
    ADD CONSTRAINT lab_submissions_raw_score_check CHECK (raw_score BETWEEN 0 AND 9999.99),
    ADD CONSTRAINT lab_submissions_penalised_check
        CHECK (raw_score IS NULL OR score_obtained = round(raw_score * (100 - late_penalty_percent) / 100, 2))
"""
_DOWNGRADE_CONFLICTS = {
    "criteria of rubrics": "SELECT FROM rubric_criteria",
    "uploads": "SELECT FROM uploads",
    "grading_runs": "SELECT FROM grading_runs",
    "submissions with a text, late or graded before a penalty": (
        "SELECT FROM lab_submissions WHERE body IS NOT NULL OR late_seconds > 0 OR raw_score IS NOT NULL"
    ),
    "settings with a limit or a penalty": (
        "SELECT FROM content_item_settings WHERE num_nonnulls(max_submissions, late_penalty_percent_per_day) > 0"
    ),
}


class MigrationRefusedError(Exception):
    """The data can't go to this revision; the message says why, in one line."""


def upgrade() -> None:
    """Create the tables behind the wall, and the columns."""
    op.execute(_SETTINGS)
    op.execute(_SUBMISSIONS)
    for statement in _TABLES.strip().split(";\n"):
        op.execute(statement)
    for table, (rights, sequence) in _RIGHTS.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            text(f"CREATE POLICY tenant ON {table} USING ({_TENANT}) WITH CHECK ({_TENANT})".replace(":", r"\:"))
        )
        op.execute(f"GRANT {rights} ON {table} TO lms_app")
        op.execute(f"GRANT SELECT ON {table} TO lms_platform")
        if sequence is None:
            continue
        op.execute(f"GRANT USAGE ON SEQUENCE {sequence} TO lms_app")
        op.execute(
            f"CREATE TRIGGER set_updated_at BEFORE UPDATE ON {table} FOR EACH ROW"
            " WHEN (NEW.updated_at = OLD.updated_at) EXECUTE FUNCTION set_updated_at()"
        )


def downgrade() -> None:
    """Drop it all; refused while anything would be lost."""
    connection = op.get_bind()
    found = []
    for name, query in _DOWNGRADE_CONFLICTS.items():
        count = connection.execute(text(f"SELECT count(*) FROM ({query}) AS conflict")).scalar_one()
        if count:
            found.append(f"{count} {name}")
    if found:
        raise MigrationRefusedError(f"revision 0015 can't be taken back and changed nothing: {'; '.join(found)}")
    op.execute("DROP TABLE grading_runs, uploads, rubric_ratings, rubric_criteria")
    op.execute(
        "ALTER TABLE lab_submissions DROP COLUMN rubric_result, DROP COLUMN raw_score, DROP COLUMN late_penalty_percent,"
        " DROP COLUMN late_seconds, DROP COLUMN body"
    )
    op.execute(
        "ALTER TABLE content_item_settings DROP COLUMN late_penalty_percent_per_day, DROP COLUMN max_submissions"
    )
