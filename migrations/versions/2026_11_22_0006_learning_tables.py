"""The rest of the model: illegal states refused, terms, sections, settings, questions, attempts, grading.

Which rule refuses which illegal state (numbers as the design lists them):

 1 offering under another tenant: course_offerings_course_id_fkey (0002)
 2 item with another module, course or university: content_items_module_id_fkey (0002)
 3 module below another course's, itself, a cycle: modules_parent_module_id_fkey (0002)
 4 course or role with another tenant's department: courses_, user_university_roles_department_id_fkey (0002)
 5 platform_admin inside a tenant: user_university_roles_role_check (0002)
 6 department_admin without a department: user_university_roles_scope_check
 7 prerequisite of itself: course_prerequisites_self_check (0002); of another tenant: course_prerequisites_course_id_fkey,
   course_prerequisites_prerequisite_course_id_fkey (0002); a cycle: the lock of catalog.service.add_prerequisites
 8 enrollment of a non-member: course_enrollments_user_id_fkey (0002)
 9 attempt without enrollment: quiz_attempts_user_id_fkey; on another course's item, or on no quiz:
   quiz_attempts_content_item_id_fkey
10 two attempts of one number: uq_quiz_attempts_number, uq_lab_submissions_number
11 score above what there is to get: quiz_attempts_score_within_check, lab_submissions_score_within_check; NaN and
   negative ones: *_score_obtained_check (0002)
12 progress of 250 %, or on another course's module: user_module_progress_*, user_content_progress_* (0002)
13 certificate without completion: certificates_enrollment_status_fkey; two live ones: ux_certificates_live; expired
   before its issue: certificates_expires_at_check
14 offering that ends before it starts: course_offerings_dates_check (0002)
15 addresses that differ by case: ux_users_email_lower (0002)
16 unknown visibility or status: course_offerings_visibility_check, quiz_attempts_status_check, lab_submissions_status_check
17 lab submission on a quiz: lab_submissions_content_item_id_fkey, lab_submissions_content_type_check
18 payload that is no object: content_items_data_json_check
19 two primary subjects: ux_course_subjects_primary
20 thread on another tenant's content: discussion_threads_content_item_id_fkey, discussion_threads_module_id_fkey (0002)
21 reply in another thread: discussion_posts_parent_post_id_fkey (0002)
22 review without enrollment: course_reviews_user_id_fkey
23 completed without completed_at: course_enrollments_completed_at_check
24 deleting a person takes grades and certificates along: their foreign keys take no action (0002)

Revision: 0006, after 0005
"""

from pathlib import Path

from alembic import op
from sqlalchemy import text

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TABLES_FILE = Path(__file__).parent.parent / "revision_0006.sql"
_NEW_TABLES = (  # none before one that it refers to
    "terms",
    "offering_sections",
    "enrollment_events",
    "grading_policies",
    "grade_categories",
    "grade_items",
    "grade_item_scores",
    "grade_overrides",
    "grade_history",
    "content_item_revisions",
    "content_item_settings",
    "question_pools",
    "questions",
    "question_keys",
    "quiz_attempt_questions",
    "quiz_attempt_answers",
    "thread_read_marks",
)
_TENANT = "university_id = nullif(current_setting('lms.university_id', true), '')::bigint"


class MigrationRefusedError(Exception):
    """The data stands against this step; nothing was changed."""


# ---- what stands against the upgrade, or against the way back -----------------------------------------------------------

_NOT_ENROLLED = (
    "SELECT 1 FROM {0} r WHERE NOT EXISTS (SELECT 1 FROM course_enrollments e WHERE e.university_id = r.university_id"
    " AND e.course_offering_id = r.course_offering_id AND e.user_id = r.user_id)"
)
_OF_ANOTHER_KIND = (
    "SELECT 1 FROM {0} r JOIN content_items i ON i.university_id = r.university_id AND i.id = r.content_item_id"
    " WHERE i.content_type NOT IN ({1})"
)
_UPGRADE_CONFLICTS = {
    "department_admin roles without a department": (
        "SELECT 1 FROM user_university_roles WHERE role = 'department_admin' AND department_id IS NULL"
    ),
    "courses with two primary subjects": (
        "SELECT 1 FROM course_subjects WHERE is_primary GROUP BY university_id, course_id HAVING count(*) > 1"
    ),
    "courses that are their own prerequisite by way of others": (
        "WITH RECURSIVE way AS (SELECT university_id, course_id AS first, prerequisite_course_id AS last"
        " FROM course_prerequisites UNION SELECT w.university_id, w.first, p.prerequisite_course_id FROM way w"
        " JOIN course_prerequisites p ON p.university_id = w.university_id AND p.course_id = w.last)"
        " SELECT 1 FROM way WHERE first = last"
    ),
    "offerings whose visibility is not private, members or public": (
        "SELECT 1 FROM course_offerings WHERE visibility NOT IN ('private', 'members', 'public')"
    ),
    "completed enrollments without completed_at": (
        "SELECT 1 FROM course_enrollments WHERE status = 'completed' AND completed_at IS NULL"
    ),
    **{
        f"{table} of people who are not enrolled": _NOT_ENROLLED.format(table)
        for table in ("quiz_attempts", "lab_submissions", "course_reviews")
    },
    "quiz_attempts on something else than a quiz": _OF_ANOTHER_KIND.format("quiz_attempts", "'quiz'"),
    "lab_submissions on something else than a lab or an assignment": _OF_ANOTHER_KIND.format(
        "lab_submissions", "'engineering_lab', 'assignment'"
    ),
    "quiz_attempts of one number": (
        "SELECT 1 FROM quiz_attempts GROUP BY university_id, course_offering_id, user_id, content_item_id, attempt_number"
        " HAVING count(*) > 1"
    ),
    "people with several open quiz_attempts at one quiz": (
        "SELECT 1 FROM quiz_attempts WHERE submitted_at IS NULL"
        " GROUP BY university_id, course_offering_id, user_id, content_item_id HAVING count(*) > 1"
    ),
    "quiz_attempts with more than max_score": "SELECT 1 FROM quiz_attempts WHERE score_obtained > max_score",
    "lab_submissions with more than max_score": "SELECT 1 FROM lab_submissions WHERE score_obtained > max_score",
    "lab_submissions whose status is not submitted, grading, graded or returned": (
        "SELECT 1 FROM lab_submissions WHERE status NOT IN ('submitted', 'grading', 'graded', 'returned')"
    ),
    "content_items whose data_json is no object": (
        "SELECT 1 FROM content_items WHERE jsonb_typeof(data_json) <> 'object'"
    ),
    "certificates that expire before their issue": "SELECT 1 FROM certificates WHERE expires_at <= issued_at",
    "people with two certificates of one offering": (
        "SELECT 1 FROM certificates GROUP BY university_id, course_offering_id, user_id HAVING count(*) > 1"
    ),
    "certificates of people who have not completed the offering": (
        _NOT_ENROLLED.format("certificates")[:-1] + " AND e.status = 'completed')"
    ),
}

_DOWNGRADE_CONFLICTS = {
    **{f"rows of {table}": f"SELECT 1 FROM {table}" for table in _NEW_TABLES},
    "revoked certificates": "SELECT 1 FROM certificates WHERE revoked_at IS NOT NULL",
    "courses with a difficulty": "SELECT 1 FROM courses WHERE difficulty IS NOT NULL",
    "offerings with a capacity": (
        "SELECT 1 FROM course_offerings WHERE capacity IS NOT NULL OR waitlist_capacity IS NOT NULL"
    ),
    "instructors with another role": "SELECT 1 FROM course_offering_instructors WHERE role <> 'instructor'",
    "waitlisted enrollments with their time": "SELECT 1 FROM course_enrollments WHERE waitlisted_at IS NOT NULL",
    "threads that are pinned or have an accepted answer": (
        "SELECT 1 FROM discussion_threads WHERE is_pinned OR accepted_post_id IS NOT NULL"
    ),
    "content_items of a later revision": "SELECT 1 FROM content_items WHERE revision > 1",
    "submissions with results or a grader": (
        "SELECT 1 FROM lab_submissions"
        " WHERE public_results IS NOT NULL OR hidden_results IS NOT NULL OR graded_by IS NOT NULL"
    ),
}

# ---- what is added to the tables that are there ---------------------------------------------------------------------------

_COLUMNS = """
    courses difficulty varchar(16)
    course_offerings term_id bigint
    course_offerings capacity integer
    course_offerings waitlist_capacity integer
    course_offerings seats_taken integer NOT NULL DEFAULT 0
    course_offering_instructors section_id bigint
    course_offering_instructors role varchar(16) NOT NULL DEFAULT 'instructor'
    course_offering_instructors created_at timestamptz NOT NULL DEFAULT now()
    course_enrollments section_id bigint
    course_enrollments waitlisted_at timestamptz
    content_items revision integer NOT NULL DEFAULT 1
    quiz_attempts revision integer NOT NULL DEFAULT 1
    quiz_attempts seed bigint NOT NULL DEFAULT 0
    quiz_attempts deadline_at timestamptz
    quiz_attempts status varchar(16) NOT NULL DEFAULT 'in_progress'
    quiz_attempts content_type content_type_enum GENERATED ALWAYS AS ('quiz'::content_type_enum) STORED
    lab_submissions content_type content_type_enum
    lab_submissions attempt_number integer NOT NULL DEFAULT 1
    lab_submissions revision integer NOT NULL DEFAULT 1
    lab_submissions graded_by bigint
    lab_submissions graded_at timestamptz
    lab_submissions posted_at timestamptz
    lab_submissions public_results jsonb
    lab_submissions hidden_results jsonb
    course_grades posted_at timestamptz
    course_grades policy_version integer
    certificates recipient_name varchar(255)
    certificates course_code varchar(128)
    certificates course_title varchar(255)
    certificates final_score numeric(6,2)
    certificates letter_grade varchar(8)
    certificates revoked_at timestamptz
    certificates revocation_reason text
    certificates created_at timestamptz NOT NULL DEFAULT now()
    certificates enrollment_status enrollment_status_enum GENERATED ALWAYS AS (CASE WHEN revoked_at IS NULL THEN 'completed'::enrollment_status_enum END) STORED
    discussion_threads is_pinned boolean NOT NULL DEFAULT false
    discussion_threads accepted_post_id bigint
""".strip().splitlines()

_CHANGED_AT = (  # tables that get updated_at
    "countries",
    "university_members",
    "user_university_roles",
    "course_subjects",
    "course_prerequisites",
    "course_offering_instructors",
    "course_enrollments",
    "user_module_progress",
    "user_content_progress",
    "quiz_attempts",
    "lab_submissions",
    "course_grades",
    "certificates",
    "discussion_threads",
)

# Columns that follow from other rows: what the row itself says has not changed when they do.
_WORKED_OUT = {
    "courses": ("content_version",),
    "course_offerings": ("seats_taken",),
    "modules": ("effective_published",),
}

# What the seed's own rows say, as far as it can be worked out: whatever was graded was also shown to its student.
_FILL = [
    "UPDATE course_offerings o SET seats_taken = (SELECT count(*) FROM course_enrollments e"
    " WHERE e.university_id = o.university_id AND e.course_offering_id = o.id AND e.status = 'active')",
    "UPDATE quiz_attempts SET status = CASE WHEN score_obtained IS NULL THEN 'submitted' ELSE 'graded' END"
    " WHERE submitted_at IS NOT NULL",
    "UPDATE lab_submissions s SET content_type = i.content_type, attempt_number = n.number,"
    " graded_at = CASE WHEN s.status = 'graded' THEN s.submitted_at END,"
    " posted_at = CASE WHEN s.status = 'graded' THEN s.submitted_at END"
    " FROM content_items i, (SELECT university_id, id, row_number() OVER (PARTITION BY university_id,"
    " course_offering_id, user_id, content_item_id ORDER BY submitted_at, id) AS number FROM lab_submissions) n"
    " WHERE i.university_id = s.university_id AND i.id = s.content_item_id"
    " AND n.university_id = s.university_id AND n.id = s.id",
    "ALTER TABLE lab_submissions ALTER COLUMN content_type SET NOT NULL",
    "UPDATE course_grades SET posted_at = graded_at",
    "UPDATE certificates c SET recipient_name = m.display_name, course_code = k.code, course_title = k.title,"
    " final_score = g.final_score, letter_grade = g.letter_grade"
    " FROM certificates d JOIN university_members m ON m.university_id = d.university_id AND m.user_id = d.user_id"
    " JOIN course_offerings o ON o.university_id = d.university_id AND o.id = d.course_offering_id"
    " JOIN courses k ON k.university_id = o.university_id AND k.id = o.course_id"
    " LEFT JOIN course_grades g ON g.university_id = d.university_id AND g.course_offering_id = d.course_offering_id"
    " AND g.user_id = d.user_id WHERE d.university_id = c.university_id AND d.id = c.id",
    "ALTER TABLE certificates ALTER COLUMN recipient_name SET NOT NULL, ALTER COLUMN course_code SET NOT NULL,"
    " ALTER COLUMN course_title SET NOT NULL",
]

_CHECKS = """
    user_university_roles scope role <> 'department_admin' OR department_id IS NOT NULL
    courses difficulty difficulty IN ('beginner', 'intermediate', 'advanced')
    course_offerings visibility visibility IN ('private', 'members', 'public')
    course_offerings capacity capacity >= 0
    course_offerings waitlist_capacity waitlist_capacity >= 0
    course_offerings seats_taken seats_taken >= 0 AND (capacity IS NULL OR seats_taken <= capacity)
    course_offering_instructors role role IN ('instructor', 'ta')
    course_enrollments completed_at status <> 'completed' OR completed_at IS NOT NULL
    content_items data_json jsonb_typeof(data_json) = 'object'
    content_items revision revision >= 1
    quiz_attempts score_within score_obtained <= max_score
    quiz_attempts revision revision >= 1
    quiz_attempts status status IN ('in_progress', 'submitted', 'graded')
    quiz_attempts submitted_at (status = 'in_progress') = (submitted_at IS NULL)
    lab_submissions content_type content_type IN ('engineering_lab', 'assignment')
    lab_submissions score_within score_obtained <= max_score
    lab_submissions attempt_number attempt_number >= 1
    lab_submissions revision revision >= 1
    lab_submissions status status IN ('submitted', 'grading', 'graded', 'returned')
    certificates expires_at expires_at > issued_at
    certificates revoked_at revoked_at >= issued_at
    certificates revocation_reason (revoked_at IS NULL) = (revocation_reason IS NULL)
    certificates final_score final_score BETWEEN 0 AND 9999.99
""".strip().splitlines()

_UNIQUE_KEYS = """
    course_enrollments uq_course_enrollments_status UNIQUE (university_id, course_offering_id, user_id, status)
    content_items uq_content_items_kind UNIQUE (university_id, course_id, id, content_type)
    quiz_attempts uq_quiz_attempts_number UNIQUE (university_id, course_offering_id, user_id, content_item_id, attempt_number)
    lab_submissions uq_lab_submissions_number UNIQUE (university_id, course_offering_id, user_id, content_item_id, attempt_number)
""".strip().splitlines()

_INDEXES = """
    CREATE UNIQUE INDEX ux_course_subjects_primary ON course_subjects (university_id, course_id) WHERE is_primary
    CREATE UNIQUE INDEX ux_quiz_attempts_open ON quiz_attempts (university_id, course_offering_id, user_id, content_item_id) WHERE submitted_at IS NULL
    CREATE UNIQUE INDEX ux_certificates_live ON certificates (university_id, course_offering_id, user_id) WHERE revoked_at IS NULL
    CREATE INDEX ix_user_university_roles_department_id ON user_university_roles (university_id, department_id)
    CREATE INDEX ix_course_offerings_term_id ON course_offerings (university_id, term_id)
    CREATE INDEX ix_course_offering_instructors_section_id ON course_offering_instructors (university_id, section_id)
    CREATE INDEX ix_course_enrollments_section_id ON course_enrollments (university_id, section_id)
    CREATE INDEX ix_user_module_progress_user_id ON user_module_progress (university_id, user_id)
    CREATE INDEX ix_user_content_progress_content_item_id ON user_content_progress (university_id, content_item_id)
    CREATE INDEX ix_user_content_progress_user_id ON user_content_progress (university_id, user_id)
    CREATE INDEX ix_quiz_attempts_content_item_id ON quiz_attempts (university_id, content_item_id)
    CREATE INDEX ix_lab_submissions_course_offering_id ON lab_submissions (university_id, course_offering_id, id)
    CREATE INDEX ix_lab_submissions_content_item_id ON lab_submissions (university_id, content_item_id)
    CREATE INDEX ix_lab_submissions_graded_by ON lab_submissions (university_id, graded_by)
    CREATE INDEX ix_lab_submissions_waiting ON lab_submissions (university_id, course_offering_id, submitted_at, id) WHERE graded_at IS NULL
    CREATE INDEX ix_certificates_course_offering_id ON certificates (university_id, course_offering_id)
    CREATE INDEX ix_discussion_threads_module_id ON discussion_threads (university_id, module_id)
    CREATE INDEX ix_discussion_threads_content_item_id ON discussion_threads (university_id, content_item_id)
    CREATE INDEX ix_discussion_threads_created_by_user_id ON discussion_threads (university_id, created_by_user_id)
    CREATE INDEX ix_discussion_threads_accepted_post_id ON discussion_threads (university_id, accepted_post_id)
    CREATE INDEX ix_discussion_posts_user_id ON discussion_posts (university_id, user_id)
""".strip().splitlines()

_MEMBER = "(university_id, user_id) REFERENCES university_members (university_id, user_id)"
_ENROLLED = (
    "(university_id, course_offering_id, user_id)"
    " REFERENCES course_enrollments (university_id, course_offering_id, user_id)"
)
_ITEM = "(university_id, course_id, content_item_id) REFERENCES content_items (university_id, course_id, id)"
_ITEM_OF_KIND = (
    "(university_id, course_id, content_item_id, content_type)"
    " REFERENCES content_items (university_id, course_id, id, content_type)"
)
_REPLACED_FOREIGN_KEYS = {  # (table, column that names the constraint): definition before, and now
    ("quiz_attempts", "user_id"): (_MEMBER, _ENROLLED),
    ("lab_submissions", "user_id"): (_MEMBER, _ENROLLED),
    ("course_reviews", "user_id"): (_MEMBER, _ENROLLED),
    ("quiz_attempts", "content_item_id"): (_ITEM, _ITEM_OF_KIND),
    ("lab_submissions", "content_item_id"): (_ITEM, _ITEM_OF_KIND),
}
_SECTION = (
    "(university_id, course_offering_id, section_id)"
    " REFERENCES offering_sections (university_id, course_offering_id, id)"
)
_FOREIGN_KEYS = {
    ("course_offerings", "term_id"): "(university_id, term_id) REFERENCES terms (university_id, id)",
    ("course_offering_instructors", "section_id"): _SECTION,
    ("course_enrollments", "section_id"): _SECTION,
    ("lab_submissions", "graded_by"): (
        "(university_id, graded_by) REFERENCES university_members (university_id, user_id)"
    ),
    ("certificates", "enrollment_status"): (
        "(university_id, course_offering_id, user_id, enrollment_status)"
        " REFERENCES course_enrollments (university_id, course_offering_id, user_id, status)"
    ),
    ("discussion_threads", "accepted_post_id"): (
        "(university_id, id, accepted_post_id) REFERENCES discussion_posts (university_id, thread_id, id)"
    ),
}


def _refuse_if(conflicts: dict[str, str], step: str) -> None:
    connection = op.get_bind()
    found = []
    for name, query in conflicts.items():
        count = connection.execute(text(f"SELECT count(*) FROM ({query}) AS conflict")).scalar_one()
        if count:
            found.append(f"{count} {name}")
    if found:
        raise MigrationRefusedError(
            f"revision 0006 can't be {step} and changed nothing; first mend: {'; '.join(found)}"
        )


def _execute_all(statements: list[str]) -> None:
    for statement in statements:
        op.execute(text(statement.strip().replace(":", r"\:")))


def _with_updated_at() -> list[str]:
    """Every table that has the column."""
    rows = op.get_bind().execute(
        text(
            "SELECT table_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND column_name = 'updated_at' ORDER BY 1"
        )
    )
    return [row[0] for row in rows]


# ---- the way up ---------------------------------------------------------------------------------------------------------


def upgrade() -> None:
    """Columns and what fills them, then the rules, then the new tables behind the wall, then the clock."""
    _refuse_if(_UPGRADE_CONFLICTS, "applied")
    for table, column in (line.split(maxsplit=1) for line in _COLUMNS):
        _execute_all([f"ALTER TABLE {table} ADD COLUMN {column}"])
    for table in _CHANGED_AT:
        op.execute(f"ALTER TABLE {table} ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now()")
    _execute_all(_FILL)
    _execute_all(_TABLES_FILE.read_text(encoding="utf-8").strip().removesuffix(";").split(";\n"))
    _add_rules()
    for table in _NEW_TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON {table} USING ({_TENANT}) WITH CHECK ({_TENANT})".replace(":", r"\:"))
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO lms_app")
        op.execute(f"GRANT SELECT ON {table} TO lms_platform")
    op.execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO lms_app")
    _start_clock()


def _add_rules() -> None:
    for table, name, definition in (line.split(maxsplit=2) for line in _UNIQUE_KEYS):
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    _execute_all(_INDEXES)
    for table, name, condition in (line.split(maxsplit=2) for line in _CHECKS):
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {table}_{name}_check CHECK ({condition})")
    for (table, column), (_, definition) in _REPLACED_FOREIGN_KEYS.items():
        _replace_foreign_key(table, column, definition)
    for (table, column), definition in _FOREIGN_KEYS.items():
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_fkey FOREIGN KEY {definition}")


def _replace_foreign_key(table: str, column: str, definition: str) -> None:
    op.execute(
        f"ALTER TABLE {table} DROP CONSTRAINT {table}_{column}_fkey,"
        f" ADD CONSTRAINT {table}_{column}_fkey FOREIGN KEY {definition}"
    )


def _start_clock() -> None:
    """updated_at is the database's to keep; who writes it in the statement is left alone."""
    _execute_all(
        [
            "CREATE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS"
            " $$BEGIN NEW.updated_at = now(); RETURN NEW; END$$"
        ]
    )
    for table in _with_updated_at():
        unchanged = ["updated_at", *_WORKED_OUT.get(table, ())]
        condition = " AND ".join(f"NEW.{column} = OLD.{column}" for column in unchanged)
        op.execute(
            f"CREATE TRIGGER set_updated_at BEFORE UPDATE ON {table} FOR EACH ROW"
            f" WHEN ({condition}) EXECUTE FUNCTION set_updated_at()"
        )


# ---- the way back -------------------------------------------------------------------------------------------------------


def downgrade() -> None:
    """Drop it all; refused while anything would be lost."""
    _refuse_if(_DOWNGRADE_CONFLICTS, "taken back")
    for table in _with_updated_at():
        op.execute(f"DROP TRIGGER set_updated_at ON {table}")
    op.execute("DROP FUNCTION set_updated_at()")
    for table, column in _FOREIGN_KEYS:
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_{column}_fkey")
    for (table, column), (definition, _) in _REPLACED_FOREIGN_KEYS.items():
        _replace_foreign_key(table, column, definition)
    op.execute(f"DROP TABLE {', '.join(_NEW_TABLES)}")
    for table, name, _ in (line.split(maxsplit=2) for line in _CHECKS):
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_{name}_check")
    for index in _INDEXES:
        op.execute(f"DROP INDEX {index.split(' INDEX ')[1].split()[0]}")
    for table, name, _ in (line.split(maxsplit=2) for line in _UNIQUE_KEYS):
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    for table, column, *_ in (line.split() for line in reversed(_COLUMNS)):  # what is generated goes first
        op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    for table in _CHANGED_AT:
        op.execute(f"ALTER TABLE {table} DROP COLUMN updated_at")
