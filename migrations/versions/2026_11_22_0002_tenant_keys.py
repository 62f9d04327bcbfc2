"""Tenant keys and the second wall.

Every tenant table gets `university_id` at the head of its primary key, its unique keys and its foreign keys; people of a
university become `university_members`; the platform's administrators leave the universities' roles; row-level security is
enabled on every tenant table. Rows that would break a key are counted first: then the upgrade says which and changes nothing.

Revision: 0002, after 0001
"""

from alembic import op
from sqlalchemy import text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


class MigrationRefusedError(Exception):
    """The data stands against this step; nothing was changed."""


# ---- what the baseline had, to drop on the way up and to restore on the way down: table, column, target, ON DELETE -------

_BASELINE_FOREIGN_KEYS = [
    line.split()
    for line in """
        departments university_id universities CASCADE
        user_university_roles user_id users CASCADE
        user_university_roles university_id universities CASCADE
        user_university_roles department_id departments SET_NULL
        courses university_id universities CASCADE
        courses department_id departments SET_NULL
        course_subjects course_id courses CASCADE
        course_subjects subject_id subjects CASCADE
        course_prerequisites course_id courses CASCADE
        course_prerequisites prerequisite_course_id courses CASCADE
        course_offerings course_id courses CASCADE
        course_offerings university_id universities CASCADE
        course_offering_instructors course_offering_id course_offerings CASCADE
        course_offering_instructors user_id users CASCADE
        course_enrollments user_id users CASCADE
        course_enrollments course_offering_id course_offerings CASCADE
        modules course_id courses CASCADE
        modules parent_module_id modules CASCADE
        assets university_id universities SET_NULL
        content_items module_id modules CASCADE
        content_items course_id courses CASCADE
        content_items university_id universities CASCADE
        user_module_progress user_id users CASCADE
        user_module_progress course_offering_id course_offerings CASCADE
        user_module_progress module_id modules CASCADE
        user_content_progress user_id users CASCADE
        user_content_progress course_offering_id course_offerings CASCADE
        user_content_progress content_item_id content_items CASCADE
        quiz_attempts user_id users CASCADE
        quiz_attempts course_offering_id course_offerings CASCADE
        quiz_attempts content_item_id content_items CASCADE
        lab_submissions user_id users CASCADE
        lab_submissions course_offering_id course_offerings CASCADE
        lab_submissions content_item_id content_items CASCADE
        course_grades user_id users CASCADE
        course_grades course_offering_id course_offerings CASCADE
        certificates user_id users CASCADE
        certificates course_offering_id course_offerings CASCADE
        discussion_threads course_offering_id course_offerings CASCADE
        discussion_threads module_id modules SET_NULL
        discussion_threads content_item_id content_items SET_NULL
        discussion_threads created_by_user_id users CASCADE
        discussion_posts thread_id discussion_threads CASCADE
        discussion_posts parent_post_id discussion_posts CASCADE
        discussion_posts user_id users CASCADE
        course_reviews user_id users CASCADE
        course_reviews course_offering_id course_offerings CASCADE
    """.strip().splitlines()
]

_BASELINE_INDEXES = """
    CREATE INDEX ix_departments_university_id ON departments (university_id)
    CREATE UNIQUE INDEX ux_user_university_role ON user_university_roles (user_id, university_id, role)
    CREATE INDEX ix_user_university_roles_university_id ON user_university_roles (university_id)
    CREATE INDEX ix_courses_university_id ON courses (university_id)
    CREATE INDEX ix_courses_department_id ON courses (department_id)
    CREATE UNIQUE INDEX ux_course_subjects_unique ON course_subjects (course_id, subject_id)
    CREATE UNIQUE INDEX ux_course_prerequisites_unique ON course_prerequisites (course_id, prerequisite_course_id)
    CREATE INDEX ix_course_prerequisites_prereq ON course_prerequisites (prerequisite_course_id)
    CREATE INDEX ix_course_offerings_course_id ON course_offerings (course_id)
    CREATE INDEX ix_course_offerings_university_id ON course_offerings (university_id)
    CREATE UNIQUE INDEX ux_course_offering_instructor_unique ON course_offering_instructors (course_offering_id, user_id)
    CREATE UNIQUE INDEX ux_course_enrollments_unique ON course_enrollments (user_id, course_offering_id)
    CREATE INDEX ix_course_enrollments_status ON course_enrollments (status)
    CREATE UNIQUE INDEX ux_modules_course_parent_sequence ON modules (course_id, COALESCE(parent_module_id, 0), sequence_index)
    CREATE INDEX ix_modules_course_id ON modules (course_id)
    CREATE INDEX ix_modules_parent_module_id ON modules (parent_module_id)
    CREATE INDEX ix_assets_university_id ON assets (university_id)
    CREATE INDEX ix_assets_meta_json_gin ON assets USING GIN (meta_json)
    CREATE UNIQUE INDEX ux_content_items_module_sequence ON content_items (module_id, sequence_index)
    CREATE INDEX ix_content_items_module_id ON content_items (module_id)
    CREATE INDEX ix_content_items_course_id ON content_items (course_id)
    CREATE INDEX ix_content_items_university_id ON content_items (university_id)
    CREATE INDEX ix_content_items_content_type ON content_items (content_type)
    CREATE INDEX ix_content_items_data_json_gin ON content_items USING GIN (data_json)
    CREATE UNIQUE INDEX ux_user_module_progress_unique ON user_module_progress (user_id, course_offering_id, module_id)
    CREATE INDEX ix_user_module_progress_module_id ON user_module_progress (module_id)
    CREATE UNIQUE INDEX ux_user_content_progress_unique ON user_content_progress (user_id, course_offering_id, content_item_id)
    CREATE INDEX ix_quiz_attempts_user_item ON quiz_attempts (user_id, content_item_id)
    CREATE INDEX ix_quiz_attempts_course_offering ON quiz_attempts (course_offering_id)
    CREATE INDEX ix_lab_submissions_user_item ON lab_submissions (user_id, content_item_id)
    CREATE UNIQUE INDEX ux_course_grades_unique ON course_grades (user_id, course_offering_id)
    CREATE INDEX ix_certificates_user ON certificates (user_id)
    CREATE INDEX ix_discussion_threads_course_offering ON discussion_threads (course_offering_id)
    CREATE INDEX ix_discussion_posts_thread_id ON discussion_posts (thread_id)
    CREATE UNIQUE INDEX ux_course_reviews_unique ON course_reviews (user_id, course_offering_id)
    CREATE INDEX ix_course_reviews_course_offering ON course_reviews (course_offering_id)
""".strip().splitlines()

# ---- the tenant tables: where each finds its university, and whether its row must carry the course ----------------------

_OWN, _BY_COURSE, _BY_OFFERING, _BY_THREAD = "own", "courses c", "course_offerings c", "discussion_threads c"
_TENANT_TABLES = {
    "departments": (_OWN, None),
    "user_university_roles": (_OWN, None),
    "courses": (_OWN, None),
    "course_subjects": (_BY_COURSE, "course_id"),
    "course_prerequisites": (_BY_COURSE, "course_id"),
    "course_offerings": (_OWN, None),
    "course_offering_instructors": (_BY_OFFERING, "course_offering_id"),
    "course_enrollments": (_BY_OFFERING, "course_offering_id"),
    "modules": (_BY_COURSE, "course_id"),
    "assets": (_OWN, None),
    "content_items": (_OWN, None),
    "user_module_progress": (_BY_OFFERING, "course_offering_id"),
    "user_content_progress": (_BY_OFFERING, "course_offering_id"),
    "quiz_attempts": (_BY_OFFERING, "course_offering_id"),
    "lab_submissions": (_BY_OFFERING, "course_offering_id"),
    "course_grades": (_BY_OFFERING, "course_offering_id"),
    "certificates": (_BY_OFFERING, "course_offering_id"),
    "discussion_threads": (_BY_OFFERING, "course_offering_id"),
    "discussion_posts": (_BY_THREAD, "thread_id"),
    "course_reviews": (_BY_OFFERING, "course_offering_id"),
}
_WITH_COURSE = (
    "user_module_progress",
    "user_content_progress",
    "quiz_attempts",
    "lab_submissions",
    "discussion_threads",
)
_PEOPLE = {  # every column of a tenant table that names a person
    "user_university_roles": "user_id",
    "course_offering_instructors": "user_id",
    "course_enrollments": "user_id",
    "user_module_progress": "user_id",
    "user_content_progress": "user_id",
    "quiz_attempts": "user_id",
    "lab_submissions": "user_id",
    "course_grades": "user_id",
    "certificates": "user_id",
    "discussion_threads": "created_by_user_id",
    "discussion_posts": "user_id",
    "course_reviews": "user_id",
}

_UNIQUE_KEYS = """
    modules uq_modules_course UNIQUE (university_id, course_id, id)
    modules uq_modules_course_depth UNIQUE (university_id, course_id, id, depth)
    modules uq_modules_sibling_sequence UNIQUE NULLS NOT DISTINCT (university_id, course_id, parent_module_id, sequence_index) DEFERRABLE INITIALLY IMMEDIATE
    content_items uq_content_items_course UNIQUE (university_id, course_id, id)
    content_items uq_content_items_sequence UNIQUE (university_id, module_id, sequence_index) DEFERRABLE INITIALLY IMMEDIATE
    course_offerings uq_course_offerings_course UNIQUE (university_id, course_id, id)
    discussion_posts uq_discussion_posts_thread UNIQUE (university_id, thread_id, id)
    user_university_roles uq_user_university_roles UNIQUE NULLS NOT DISTINCT (university_id, user_id, role, department_id)
""".strip().splitlines()

_COURSE_ROWS = "(university_id, course_id, {0}) REFERENCES {1} (university_id, course_id, id)"
_FOREIGN_KEYS = {  # (table, column that names the constraint): definition; those to universities and to people follow below
    (
        "user_university_roles",
        "department_id",
    ): "(university_id, department_id) REFERENCES departments (university_id, id)",
    ("courses", "department_id"): "(university_id, department_id) REFERENCES departments (university_id, id)",
    ("course_subjects", "course_id"): "(university_id, course_id) REFERENCES courses (university_id, id)",
    ("course_subjects", "subject_id"): "(subject_id) REFERENCES subjects (id)",
    ("course_prerequisites", "course_id"): "(university_id, course_id) REFERENCES courses (university_id, id)",
    ("course_prerequisites", "prerequisite_course_id"): (
        "(university_id, prerequisite_course_id) REFERENCES courses (university_id, id)"
    ),
    ("course_offerings", "course_id"): "(university_id, course_id) REFERENCES courses (university_id, id)",
    **{
        (table, "course_offering_id"): (
            "(university_id, course_offering_id) REFERENCES course_offerings (university_id, id)"
        )
        for table in (
            "course_offering_instructors",
            "course_enrollments",
            "course_grades",
            "certificates",
            "course_reviews",
        )
    },
    **{
        (table, "course_offering_id"): _COURSE_ROWS.format("course_offering_id", "course_offerings")
        for table in _WITH_COURSE
    },
    ("modules", "course_id"): "(university_id, course_id) REFERENCES courses (university_id, id)",
    ("modules", "parent_module_id"): (
        "(university_id, course_id, parent_module_id, parent_depth) REFERENCES modules (university_id, course_id, id, depth)"
    ),
    ("content_items", "module_id"): _COURSE_ROWS.format("module_id", "modules"),
    **{
        (table, "module_id"): _COURSE_ROWS.format("module_id", "modules")
        for table in ("user_module_progress", "discussion_threads")
    },
    **{
        (table, "content_item_id"): _COURSE_ROWS.format("content_item_id", "content_items")
        for table in ("user_content_progress", "quiz_attempts", "lab_submissions", "discussion_threads")
    },
    ("discussion_posts", "thread_id"): (
        "(university_id, thread_id) REFERENCES discussion_threads (university_id, id) ON DELETE CASCADE"
    ),
    ("discussion_posts", "parent_post_id"): (
        "(university_id, thread_id, parent_post_id) REFERENCES discussion_posts (university_id, thread_id, id) ON DELETE CASCADE"
    ),
}

_CHECKS = """
    countries iso_code iso_code ~ '^[A-Z]{2}$'
    universities short_code short_code ~ '^[A-Z0-9]{2,24}$'
    subjects depth depth BETWEEN 0 AND 32
    subjects parent parent_subject_id <> id
    user_university_roles role role <> 'platform_admin'
    courses credit_hours credit_hours BETWEEN 0 AND 99.99
    course_prerequisites self course_id <> prerequisite_course_id
    course_offerings dates ends_at > starts_at
    course_offerings enrollment_dates enrollment_end > enrollment_start
    modules depth depth BETWEEN 0 AND 32
    modules root_depth (parent_module_id IS NULL) = (depth = 0)
    modules sequence_index sequence_index >= 0
    content_items sequence_index sequence_index >= 0
    content_items estimated_duration_seconds estimated_duration_seconds >= 0
    user_module_progress progress_percent progress_percent BETWEEN 0 AND 100
    user_content_progress progress_percent progress_percent BETWEEN 0 AND 100
    user_content_progress attempts_count attempts_count >= 0
    quiz_attempts score_obtained score_obtained BETWEEN 0 AND 9999.99
    quiz_attempts max_score max_score BETWEEN 0 AND 9999.99
    quiz_attempts attempt_number attempt_number >= 1
    lab_submissions score_obtained score_obtained BETWEEN 0 AND 9999.99
    lab_submissions max_score max_score BETWEEN 0 AND 9999.99
    course_grades final_score final_score BETWEEN 0 AND 9999.99
""".strip().splitlines()

_INDEXES = """
    CREATE UNIQUE INDEX ux_users_email_lower ON users (lower(email))
    CREATE INDEX ix_user_university_roles_user_id ON user_university_roles (user_id)
    CREATE INDEX ix_courses_department_id ON courses (university_id, department_id)
    CREATE UNIQUE INDEX ux_course_subjects_unique ON course_subjects (university_id, course_id, subject_id)
    CREATE UNIQUE INDEX ux_course_prerequisites_unique ON course_prerequisites (university_id, course_id, prerequisite_course_id)
    CREATE INDEX ix_course_prerequisites_prereq ON course_prerequisites (university_id, prerequisite_course_id)
    CREATE UNIQUE INDEX ux_course_offering_instructor_unique ON course_offering_instructors (university_id, course_offering_id, user_id)
    CREATE INDEX ix_course_offering_instructors_user_id ON course_offering_instructors (university_id, user_id)
    CREATE UNIQUE INDEX ux_course_enrollments_unique ON course_enrollments (university_id, user_id, course_offering_id)
    CREATE INDEX ix_course_enrollments_status ON course_enrollments (university_id, status)
    CREATE INDEX ix_course_enrollments_course_offering_id ON course_enrollments (university_id, course_offering_id, id)
    CREATE INDEX ix_course_enrollments_user_id ON course_enrollments (user_id)
    CREATE INDEX ix_modules_parent_module_id ON modules (university_id, parent_module_id)
    CREATE INDEX ix_module_templates_university_id ON module_templates (university_id, id)
    CREATE INDEX ix_content_items_content_type ON content_items (university_id, content_type)
    CREATE INDEX ix_user_module_progress_module_id ON user_module_progress (university_id, module_id)
    CREATE INDEX ix_quiz_attempts_user_item ON quiz_attempts (university_id, user_id, content_item_id)
    CREATE INDEX ix_quiz_attempts_course_offering ON quiz_attempts (university_id, course_offering_id)
    CREATE INDEX ix_lab_submissions_user_item ON lab_submissions (university_id, user_id, content_item_id)
    CREATE UNIQUE INDEX ux_course_grades_unique ON course_grades (university_id, user_id, course_offering_id)
    CREATE INDEX ix_course_grades_course_offering_id ON course_grades (university_id, course_offering_id, id)
    CREATE INDEX ix_certificates_user ON certificates (university_id, user_id)
    CREATE INDEX ix_discussion_threads_course_offering ON discussion_threads (university_id, course_offering_id)
    CREATE INDEX ix_discussion_posts_parent_post_id ON discussion_posts (university_id, thread_id, parent_post_id)
    CREATE UNIQUE INDEX ux_course_reviews_unique ON course_reviews (university_id, user_id, course_offering_id)
    CREATE INDEX ix_course_reviews_course_offering ON course_reviews (university_id, course_offering_id)
""".strip().splitlines()

_PROGRESS_KEYS = {"user_module_progress": "module_id", "user_content_progress": "content_item_id"}
_TENANT = "university_id = nullif(current_setting('lms.university_id', true), '')::bigint"
_OWN_ROW = "user_id = nullif(current_setting('lms.user_id', true), '')::bigint"
_REFERENCE_TABLES = "countries, universities, domains, subjects, platform_administrators"

# ---- what stands against the upgrade, or against the way back -----------------------------------------------------------

_UPGRADE_CONFLICTS = {
    "countries whose iso_code is not two capital letters": "SELECT 1 FROM countries WHERE iso_code !~ '^[A-Z]{2}$'",
    "universities whose short_code is not 2–24 of A–Z and 0–9": (
        "SELECT 1 FROM universities WHERE short_code !~ '^[A-Z0-9]{2,24}$'"
    ),
    "e-mail addresses that differ by case only": "SELECT 1 FROM users GROUP BY lower(email) HAVING count(*) > 1",
    "courses with a department of another university": (
        "SELECT 1 FROM courses c JOIN departments d ON d.id = c.department_id WHERE d.university_id <> c.university_id"
    ),
    "roles with a department of another university": (
        "SELECT 1 FROM user_university_roles r JOIN departments d ON d.id = r.department_id"
        " WHERE d.university_id <> r.university_id"
    ),
    "offerings of another university's course": (
        "SELECT 1 FROM course_offerings o JOIN courses c ON c.id = o.course_id WHERE o.university_id <> c.university_id"
    ),
    "prerequisites of itself or of another university": (
        "SELECT 1 FROM course_prerequisites p JOIN courses a ON a.id = p.course_id"
        " JOIN courses b ON b.id = p.prerequisite_course_id WHERE a.id = b.id OR a.university_id <> b.university_id"
    ),
    "modules whose parent is of another course": (
        "SELECT 1 FROM modules m JOIN modules p ON p.id = m.parent_module_id WHERE m.course_id <> p.course_id"
    ),
    "modules in a cycle or deeper than 32": (
        "WITH RECURSIVE tree AS (SELECT id, 0 AS depth FROM modules WHERE parent_module_id IS NULL UNION ALL"
        " SELECT m.id, tree.depth + 1 FROM modules m JOIN tree ON m.parent_module_id = tree.id WHERE tree.depth < 32)"
        " SELECT 1 FROM modules WHERE id NOT IN (SELECT id FROM tree)"
    ),
    "content items whose module, course and university do not belong together": (
        "SELECT 1 FROM content_items i JOIN modules m ON m.id = i.module_id JOIN courses c ON c.id = m.course_id"
        " WHERE i.course_id <> m.course_id OR i.university_id <> c.university_id"
    ),
    "assets without a university": "SELECT 1 FROM assets WHERE university_id IS NULL",
    "module progress on another course's module": (
        "SELECT 1 FROM user_module_progress p JOIN course_offerings o ON o.id = p.course_offering_id"
        " JOIN modules m ON m.id = p.module_id WHERE m.course_id <> o.course_id"
    ),
    **{
        f"{table} on another course's item": (
            f"SELECT 1 FROM {table} p JOIN course_offerings o ON o.id = p.course_offering_id"
            " JOIN content_items i ON i.id = p.content_item_id WHERE i.course_id <> o.course_id"
        )
        for table in ("user_content_progress", "quiz_attempts", "lab_submissions", "discussion_threads")
    },
    "threads on another course's module": (
        "SELECT 1 FROM discussion_threads t JOIN course_offerings o ON o.id = t.course_offering_id"
        " JOIN modules m ON m.id = t.module_id WHERE m.course_id <> o.course_id"
    ),
    "posts whose parent is in another thread": (
        "SELECT 1 FROM discussion_posts a JOIN discussion_posts b ON b.id = a.parent_post_id"
        " WHERE a.thread_id <> b.thread_id"
    ),
}

_DOWNGRADE_CONFLICTS = {
    "platform administrators (a role of no university)": "SELECT 1 FROM platform_administrators",
    "module templates of one university": "SELECT 1 FROM module_templates WHERE university_id IS NOT NULL",
    "roles of one person in several departments": (
        "SELECT 1 FROM user_university_roles GROUP BY university_id, user_id, role HAVING count(*) > 1"
    ),
    "certificate codes used by two universities": (
        "SELECT 1 FROM certificates GROUP BY certificate_code HAVING count(*) > 1"
    ),
    "members with a name, address, number or status of their own": (
        "SELECT 1 FROM university_members m JOIN users u ON u.id = m.user_id WHERE m.display_name <> u.full_name"
        " OR m.email <> u.email OR m.student_number IS NOT NULL OR m.status <> 'active'"
    ),
    "members without a role or a record": "SELECT 1 FROM university_members m WHERE NOT EXISTS ("
    + " UNION ALL ".join(
        f"SELECT 1 FROM {table} r WHERE r.university_id = m.university_id AND r.{column} = m.user_id"
        for table, column in _PEOPLE.items()
    )
    + ")",
    **{
        f"{table} that share an id": f"SELECT 1 FROM {table} GROUP BY id HAVING count(*) > 1"
        for table in _TENANT_TABLES
    },
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
            f"revision 0002 can't be {step} and changed nothing; first mend: {'; '.join(found)}"
        )


def _execute_all(statements: list[str]) -> None:
    for statement in statements:
        op.execute(statement.strip())


# ---- the way up ---------------------------------------------------------------------------------------------------------


def upgrade() -> None:
    """Give every tenant row its university, then lead every key with it, then raise the wall."""
    _refuse_if(_UPGRADE_CONFLICTS, "applied")
    for table, column, *_ in _BASELINE_FOREIGN_KEYS:
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_{column}_fkey")
    for index in _BASELINE_INDEXES:
        op.execute(f"DROP INDEX {index.split(' INDEX ')[1].split()[0]}")
    _new_tables_and_columns()
    _fill_universities()
    _fill_tree()
    _fill_people()
    _lead_keys()
    _raise_wall()


def _new_tables_and_columns() -> None:
    _execute_all(
        [
            "CREATE TABLE platform_administrators (user_id bigint NOT NULL,"
            " CONSTRAINT platform_administrators_pkey PRIMARY KEY (user_id),"
            " CONSTRAINT platform_administrators_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id))",
            "CREATE TABLE university_members (university_id bigint NOT NULL, user_id bigint NOT NULL,"
            " display_name varchar(255) NOT NULL, email varchar(255) NOT NULL, student_number varchar(64),"
            " status varchar(16) NOT NULL DEFAULT 'active', joined_at timestamptz NOT NULL DEFAULT now(),"
            " CONSTRAINT university_members_pkey PRIMARY KEY (university_id, user_id),"
            " CONSTRAINT university_members_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id),"
            " CONSTRAINT university_members_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id),"
            " CONSTRAINT university_members_status_check CHECK (status IN ('invited', 'active', 'inactive')))",
            "CREATE UNIQUE INDEX ux_university_members_email ON university_members (university_id, lower(email))",
            "CREATE UNIQUE INDEX ux_university_members_student_number ON university_members"
            " (university_id, student_number) WHERE student_number IS NOT NULL",
            "CREATE INDEX ix_university_members_user_id ON university_members (user_id)",
            "ALTER TABLE module_templates ADD COLUMN university_id bigint",
            "ALTER TABLE modules ADD COLUMN parent_depth integer GENERATED ALWAYS AS (depth - 1) STORED,"
            " ADD COLUMN effective_published boolean NOT NULL DEFAULT false",
        ]
    )
    for table, (source, _) in _TENANT_TABLES.items():
        if source != _OWN:
            op.execute(f"ALTER TABLE {table} ADD COLUMN university_id bigint")
    for table in _WITH_COURSE:
        op.execute(f"ALTER TABLE {table} ADD COLUMN course_id bigint")


def _fill_universities() -> None:
    for table, (source, column) in _TENANT_TABLES.items():
        if source == _OWN:
            continue
        course = ", course_id = c.course_id" if table in _WITH_COURSE else ""
        op.execute(
            f"UPDATE {table} r SET university_id = c.university_id{course} FROM {source} WHERE c.id = r.{column}"
        )


def _fill_tree() -> None:
    """Depth anew (the baseline only cached it, nothing kept it right) and which modules a student may see."""
    op.execute(
        "WITH RECURSIVE tree AS ("
        " SELECT id, 0 AS depth, is_published AS visible FROM modules WHERE parent_module_id IS NULL"
        " UNION ALL SELECT m.id, tree.depth + 1, tree.visible AND m.is_published"
        " FROM modules m JOIN tree ON m.parent_module_id = tree.id)"
        " UPDATE modules m SET depth = tree.depth, effective_published = tree.visible FROM tree WHERE tree.id = m.id"
    )


def _fill_people() -> None:
    op.execute(
        "WITH gone AS (DELETE FROM user_university_roles WHERE role = 'platform_admin' RETURNING user_id)"
        " INSERT INTO platform_administrators (user_id) SELECT DISTINCT user_id FROM gone"
    )
    people = " UNION ".join(
        f"SELECT university_id, {column} AS user_id FROM {table}" for table, column in _PEOPLE.items()
    )
    op.execute(
        "INSERT INTO university_members (university_id, user_id, display_name, email)"
        f" SELECT p.university_id, u.id, u.full_name, u.email FROM ({people}) AS p JOIN users u ON u.id = p.user_id"
    )


def _lead_keys() -> None:
    for table in _TENANT_TABLES:
        columns = "university_id, id"
        if table in _PROGRESS_KEYS:
            columns = f"university_id, course_offering_id, user_id, {_PROGRESS_KEYS[table]}"
        op.execute(
            f"ALTER TABLE {table} ALTER COLUMN university_id SET NOT NULL, DROP CONSTRAINT {table}_pkey,"
            f" ADD CONSTRAINT {table}_pkey PRIMARY KEY ({columns})"
        )
    for table in _WITH_COURSE:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN course_id SET NOT NULL")
    for table in _PROGRESS_KEYS:
        op.execute(f"ALTER TABLE {table} SET (fillfactor = 80)")
    op.execute("ALTER TABLE certificates DROP CONSTRAINT certificates_certificate_code_key")
    op.execute(
        "ALTER TABLE certificates ADD CONSTRAINT certificates_certificate_code_key UNIQUE (university_id, certificate_code)"
    )
    for table, name, definition in (line.split(maxsplit=2) for line in _UNIQUE_KEYS):
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    _execute_all(_INDEXES)
    for table, name, condition in (line.split(maxsplit=2) for line in _CHECKS):
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {table}_{name}_check CHECK ({condition})")
    for (table, column), definition in _foreign_keys().items():
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_fkey FOREIGN KEY {definition}")


def _foreign_keys() -> dict[tuple[str, str], str]:
    universities = {(t, "university_id"): "(university_id) REFERENCES universities (id)" for t in _TENANT_TABLES}
    people = {
        (table, column): f"(university_id, {column}) REFERENCES university_members (university_id, user_id)"
        for table, column in _PEOPLE.items()
    }
    templates = {("module_templates", "university_id"): "(university_id) REFERENCES universities (id)"}
    return {**universities, **templates, **people, **_FOREIGN_KEYS}


def _raise_wall() -> None:
    """Row-level security on, with what each role may do; ENABLEd, not FORCEd, so that the owner can migrate data."""
    for table in [*_TENANT_TABLES, "university_members"]:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON {table} USING ({_TENANT}) WITH CHECK ({_TENANT})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO lms_app")
    for table in ("user_university_roles", "university_members"):
        op.execute(f"CREATE POLICY own_row ON {table} FOR SELECT USING ({_OWN_ROW})")
    _execute_all(
        [
            "ALTER TABLE module_templates ENABLE ROW LEVEL SECURITY",
            f"CREATE POLICY tenant ON module_templates USING (university_id IS NULL OR {_TENANT}) WITH CHECK ({_TENANT})",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON module_templates TO lms_app",
            f"GRANT SELECT ON {_REFERENCE_TABLES}, alembic_version TO lms_app",
            "GRANT SELECT (id, is_active, locale, time_zone) ON users TO lms_app",
            "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO lms_app",
            "GRANT SELECT ON users, universities, university_members, user_university_roles TO lms_auth",
            "GRANT UPDATE (password_hash, is_active, updated_at) ON users TO lms_auth",
            "GRANT SELECT ON ALL TABLES IN SCHEMA public TO lms_platform",
            "REVOKE SELECT ON users FROM lms_platform",
            "GRANT SELECT (id, email, full_name, locale, time_zone, is_active, created_at, updated_at) ON users"
            " TO lms_platform",
        ]
    )


# ---- the way back -------------------------------------------------------------------------------------------------------


def downgrade() -> None:
    """Restore the baseline's keys; refused while anything would be lost or clash."""
    _refuse_if(_DOWNGRADE_CONFLICTS, "taken back")
    _execute_all(
        [
            "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM lms_app, lms_auth, lms_platform",
            "REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM lms_app",
            "REVOKE ALL (id, is_active, locale, time_zone) ON users FROM lms_app",
            "REVOKE ALL (password_hash, is_active, updated_at) ON users FROM lms_auth",
        ]
    )
    for table in [*_TENANT_TABLES, "module_templates"]:
        op.execute(f"DROP POLICY tenant ON {table}")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    op.execute("DROP POLICY own_row ON user_university_roles")
    for table, column in _foreign_keys():
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_{column}_fkey")
    for table, name, _ in (line.split(maxsplit=2) for line in _CHECKS):
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_{name}_check")
    for index in _INDEXES:
        op.execute(f"DROP INDEX {index.split(' INDEX ')[1].split()[0]}")
    for table, name, _ in (line.split(maxsplit=2) for line in _UNIQUE_KEYS):
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    _restore_baseline_keys()


def _restore_baseline_keys() -> None:
    op.execute("ALTER TABLE certificates DROP CONSTRAINT certificates_certificate_code_key")
    op.execute("ALTER TABLE certificates ADD CONSTRAINT certificates_certificate_code_key UNIQUE (certificate_code)")
    for table, (source, _) in _TENANT_TABLES.items():
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_pkey")
        if source != _OWN:
            op.execute(f"ALTER TABLE {table} DROP COLUMN university_id")
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {table}_pkey PRIMARY KEY (id)")
    for table in _WITH_COURSE:
        op.execute(f"ALTER TABLE {table} DROP COLUMN course_id")
    for table, key in _PROGRESS_KEYS.items():
        op.execute(f"ALTER TABLE {table} RESET (fillfactor)")
        for column in ("user_id", "course_offering_id", key):
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL")
    _execute_all(
        [
            "ALTER TABLE modules DROP COLUMN parent_depth, DROP COLUMN effective_published",
            "ALTER TABLE module_templates DROP COLUMN university_id",
            "ALTER TABLE assets ALTER COLUMN university_id DROP NOT NULL",
            "DROP TABLE university_members, platform_administrators",
        ]
    )
    _execute_all(_BASELINE_INDEXES)
    for table, column, target, action in _BASELINE_FOREIGN_KEYS:
        op.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_fkey FOREIGN KEY ({column})"
            f" REFERENCES {target} (id) ON DELETE {action.replace('_', ' ')}"
        )
