# ruff: noqa: E501 - SQL reads best in one line
"""The benchmark's data at migration head: the same rows in every run, and ANALYZE at the end.

Five universities with 40 courses each; a course has 1 root, 8 units, 40 lessons and 200 items of five kinds: 200
courses, 9,800 modules, 40,000 items. 5,000 students at one university each, in 10 of its 80 offerings, with progress on
10 items in each: 50,000 enrollments and grades, 500,000 rows of progress. Then what single measures need: students with
20 enrollments, a gradebook of 40 items, and a sixth university whose courses grow and deepen.
"""

import asyncpg

UNIVERSITIES = 5
COURSES_PER_UNIVERSITY = 40
STUDENTS_PER_UNIVERSITY = 1000
STUDENTS = UNIVERSITIES * STUDENTS_PER_UNIVERSITY
ITEMS_PER_COURSE = 200
ENROLLMENTS_OF_A_BUSY_STUDENT = 20
GRADEBOOK_ITEMS = 40

GROWTH_CODE = "GROWTH"
GROWTH_FACTORS = (1, 2, 10, 50)
"""How many times 200 items the first courses of the sixth university have."""
GROWTH_STUDENTS = 20
"""The first so many students study at the sixth university as well."""
CHAIN_DEPTH = 33
"""The modules of the last course of the sixth university, one below the other: as deep as the tables allow."""

_REFERENCE = f"""
INSERT INTO countries (iso_code, name, region_name)
VALUES ('US', 'United States', 'Americas'), ('KR', 'Korea', 'Asia'), ('DE', 'Germany', 'Europe');
INSERT INTO universities (name, short_code, country_id)
SELECT 'University ' || n, 'U' || n, 1 + n % 3 FROM generate_series(1, {UNIVERSITIES}) n ORDER BY n;
INSERT INTO universities (name, short_code, country_id) VALUES ('University of Growth', '{GROWTH_CODE}', 1);
INSERT INTO departments (university_id, name, code)
SELECT u, 'Department ' || d, 'D' || d FROM generate_series(1, {UNIVERSITIES} + 1) u, generate_series(1, 6) d ORDER BY u, d;
INSERT INTO domains (code, name) SELECT 'DOM' || n, 'Domain ' || n FROM generate_series(1, 5) n ORDER BY n;
INSERT INTO subjects (domain_id, name, code)
SELECT 1 + n % 5, 'Subject ' || n, 'SUBJ' || n FROM generate_series(1, 20) n ORDER BY n;
"""

_COURSES = f"""
INSERT INTO courses (university_id, department_id, primary_subject_id, title, code, description, credit_hours, is_published)
SELECT u, (u - 1) * 6 + 1 + n % 6, 1 + n % 20, 'Course ' || n, 'C' || n, repeat('Course description text. ', 6), 3.0, true
FROM (SELECT 1 + n % {UNIVERSITIES} AS u, n FROM generate_series(0, {UNIVERSITIES * COURSES_PER_UNIVERSITY} - 1) n) AS numbered ORDER BY n;
INSERT INTO courses (university_id, department_id, primary_subject_id, title, code, description, credit_hours, is_published)
SELECT {UNIVERSITIES} + 1, {UNIVERSITIES} * 6 + 1, 1, 'Course of size ' || n, 'G' || n, repeat('Course description text. ', 6), 3.0, true
FROM generate_series(1, {len(GROWTH_FACTORS)} + 1) n ORDER BY n;
INSERT INTO course_subjects (university_id, course_id, subject_id, is_primary)
SELECT university_id, id, primary_subject_id, true FROM courses ORDER BY id;
INSERT INTO course_offerings (university_id, course_id, term_name, starts_at, ends_at, visibility)
SELECT c.university_id, c.id, t.term, t.starts, t.starts + interval '90 days', 'public'
FROM courses c, (VALUES ('Fall 2026', timestamptz '2026-09-01 00:00Z'), ('Spring 2027', timestamptz '2027-02-01 00:00Z')) AS t (term, starts)
ORDER BY c.id, t.starts;
"""

# A course of the first five universities has 8 units; a growing one 8 for each 200 items.
_MODULES = """
CREATE TEMPORARY TABLE size AS
SELECT id AS course_id, university_id, 1 AS factor FROM courses WHERE university_id <= {universities}
UNION ALL SELECT c.id, c.university_id, f.factor
FROM (VALUES {factors}) AS f (code, factor) JOIN courses c ON c.code = f.code AND c.university_id = {universities} + 1;
INSERT INTO modules (university_id, course_id, module_type, title, sequence_index, depth, is_published, effective_published)
SELECT university_id, course_id, 'course_root', 'Root ' || course_id, 1, 0, true, true FROM size ORDER BY course_id;
INSERT INTO modules (university_id, course_id, parent_module_id, module_type, title, description, sequence_index, depth, is_published, effective_published)
SELECT m.university_id, m.course_id, m.id, 'unit', 'Unit ' || n, 'Unit description for ' || n, n, 1, true, true
FROM modules m JOIN size USING (course_id), generate_series(1, 8 * factor) n WHERE m.depth = 0 ORDER BY m.id, n;
INSERT INTO modules (university_id, course_id, parent_module_id, module_type, title, description, sequence_index, depth, is_published, effective_published)
SELECT m.university_id, m.course_id, m.id, 'lesson', 'Lesson ' || n, 'Lesson description for ' || n, n, 2, true, true
FROM modules m, generate_series(1, 5) n WHERE m.depth = 1 ORDER BY m.id, n;
""".format(
    universities=UNIVERSITIES,
    factors=", ".join(f"('G{number}', {factor})" for number, factor in enumerate(GROWTH_FACTORS, start=1)),
)

# Both files of a lab are visible to students: then everybody's answer is the same, and our filter runs all the same.
_ITEMS = """
INSERT INTO content_items (university_id, course_id, module_id, content_type, title, description, sequence_index, estimated_duration_seconds, data_json)
SELECT m.university_id, m.course_id, m.id,
 (ARRAY['video', 'quiz', 'text', 'engineering_lab', 'resource']::content_type_enum[])[1 + n % 5], 'Item ' || n, 'Item description', n, 600,
 CASE n % 5
 WHEN 0 THEN jsonb_build_object('provider', 'youtube', 'video_id', 'abc' || m.id, 'url', 'https://v.example/' || m.id, 'duration_seconds', 600, 'thumbnail_url', 'https://t.example/' || m.id || '.jpg')
 WHEN 1 THEN jsonb_build_object('question_pool_id', m.id, 'quiz_mode', 'practice', 'num_questions_per_attempt', 10, 'randomize_order', true, 'time_limit_seconds', NULL, 'mastery', jsonb_build_object('points', 50, 'threshold_correct_in_row', 3, 'max_attempts', 5))
 WHEN 2 THEN jsonb_build_object('layout', 'rich_text_v1', 'title', 'Text', 'blocks', jsonb_build_array(jsonb_build_object('type', 'paragraph', 'text', repeat('lorem ipsum ', 20)), jsonb_build_object('type', 'math', 'latex', '2x+1=5')))
 WHEN 3 THEN jsonb_build_object('lab_type', 'code', 'runtime', 'python-datascience', 'container_image', 'registry/image:tag', 'cpu_limit', '1', 'memory_limit', '2Gi', 'timeout_seconds', 3600, 'entrypoint', 'jupyter-lab', 'files', jsonb_build_array(jsonb_build_object('path', 'a.ipynb', 'role', 'student_visible'), jsonb_build_object('path', 't.py', 'role', 'student_visible')), 'grading', jsonb_build_object('type', 'unit_tests', 'max_points', 100))
 ELSE jsonb_build_object('resources', jsonb_build_array(jsonb_build_object('label', 'A', 'url', 'https://r.example/a', 'kind', 'pdf'))) END
FROM modules m, generate_series(0, 4) n WHERE m.depth = 2 ORDER BY m.id, n;
"""

_CHAIN = f"""
DO $$
DECLARE
    chain courses%ROWTYPE;
    below bigint := NULL;
BEGIN
    SELECT * INTO STRICT chain FROM courses ORDER BY id DESC LIMIT 1;
    FOR level IN 0..{CHAIN_DEPTH - 1} LOOP
        INSERT INTO modules (university_id, course_id, parent_module_id, module_type, title, sequence_index, depth, is_published, effective_published)
        VALUES (chain.university_id, chain.id, below, 'section', 'Level ' || level, 1, level, true, true) RETURNING id INTO below;
        INSERT INTO content_items (university_id, course_id, module_id, content_type, title, sequence_index, data_json)
        VALUES (chain.university_id, chain.id, below, 'resource', 'Item at ' || level, 1, '{{"resources": []}}');
    END LOOP;
END $$;
"""

# Users 1–5,000 are students, user n of university 1 + n % 5. Behind them two of the staff of each university.
_PEOPLE = f"""
INSERT INTO users (email, full_name, password_hash)
SELECT 'user' || n || '@x.example', 'User ' || n, '!' FROM generate_series(1, {STUDENTS} + 2 * ({UNIVERSITIES} + 1)) n ORDER BY n;
INSERT INTO university_members (university_id, user_id, display_name, email, student_number)
SELECT 1 + id % {UNIVERSITIES}, id, full_name, email, 'S' || id FROM users WHERE id <= {STUDENTS} ORDER BY id;
INSERT INTO university_members (university_id, user_id, display_name, email)
SELECT 1 + (id - {STUDENTS} - 1) / 2, id, full_name, email FROM users WHERE id > {STUDENTS} ORDER BY id;
INSERT INTO university_members (university_id, user_id, display_name, email)
SELECT {UNIVERSITIES} + 1, id, full_name, email FROM users WHERE id <= {GROWTH_STUDENTS} ORDER BY id;
INSERT INTO user_university_roles (university_id, user_id, role)
SELECT university_id, user_id, CASE WHEN user_id <= {STUDENTS} THEN 'student' WHEN user_id % 2 = 1 THEN 'instructor' ELSE 'university_admin' END::university_role_enum
FROM university_members ORDER BY user_id, university_id;
INSERT INTO course_offering_instructors (university_id, course_offering_id, user_id)
SELECT o.university_id, o.id, {STUDENTS} + 2 * o.university_id - 1 FROM course_offerings o ORDER BY o.id;
"""

# In its university an offering has a place from 0 to 79. A student is in every eighth; the first 20 of each university,
# who are busy, in every fourth.
_LEARNING = f"""
CREATE TEMPORARY TABLE place AS
SELECT id, university_id, course_id, row_number() OVER (PARTITION BY university_id ORDER BY id) - 1 AS place
FROM course_offerings WHERE university_id <= {UNIVERSITIES};
INSERT INTO course_enrollments (university_id, user_id, course_offering_id, enrolled_at)
SELECT p.university_id, m.user_id, p.id, timestamptz '2026-08-01 00:00Z'
FROM university_members m JOIN place p USING (university_id)
WHERE m.user_id <= {STUDENTS} AND (p.place + m.user_id / 5) % (CASE WHEN m.user_id <= 20 * {UNIVERSITIES} THEN 4 ELSE 8 END) = 0
ORDER BY m.user_id, p.id;
INSERT INTO user_content_progress (university_id, user_id, course_offering_id, content_item_id, course_id, progress_percent, attempts_count, first_started_at)
SELECT e.university_id, e.user_id, e.course_offering_id, i.id, i.course_id, (i.id * 7) % 101, 1, timestamptz '2026-09-02 00:00Z'
FROM course_enrollments e JOIN place p ON p.id = e.course_offering_id
JOIN content_items i ON i.university_id = p.university_id AND i.course_id = p.course_id
WHERE i.id % (CASE WHEN p.place = 0 THEN 5 ELSE 20 END) = 0
ORDER BY e.id, i.id;
INSERT INTO user_module_progress (university_id, user_id, course_offering_id, module_id, course_id, progress_percent, started_at)
SELECT e.university_id, e.user_id, e.course_offering_id, m.id, m.course_id, m.id % 101, timestamptz '2026-09-02 00:00Z'
FROM course_enrollments e JOIN place p ON p.id = e.course_offering_id
JOIN modules m ON m.university_id = p.university_id AND m.course_id = p.course_id AND m.depth = 0
ORDER BY e.id;
INSERT INTO course_grades (university_id, user_id, course_offering_id, final_score, letter_grade, passed, graded_at, posted_at)
SELECT university_id, user_id, course_offering_id, user_id % 100, 'A', true, timestamptz '2026-12-20 00:00Z', timestamptz '2026-11-01 00:00Z' FROM course_enrollments ORDER BY id;
"""

PARTS = {
    "reference": _REFERENCE,
    "courses": _COURSES,
    "modules": _MODULES,
    "items": _ITEMS,
    "chain": _CHAIN,
    "people": _PEOPLE,
    "learning": _LEARNING,
}

_EXPECTED = {
    f"SELECT count(*) FROM courses WHERE university_id <= {UNIVERSITIES}": 200,
    f"SELECT count(*) FROM modules WHERE university_id <= {UNIVERSITIES}": 9_800,
    f"SELECT count(*) FROM content_items WHERE university_id <= {UNIVERSITIES}": 40_000,
    f"SELECT count(*) FROM content_items WHERE university_id > {UNIVERSITIES}": sum(GROWTH_FACTORS) * 200 + CHAIN_DEPTH,
    "SELECT count(*) FROM university_members": UNIVERSITIES * (STUDENTS_PER_UNIVERSITY + 2) + GROWTH_STUDENTS + 2,
    "SELECT count(*) FROM course_enrollments": 51_000,
    "SELECT count(*) FROM course_grades": 51_000,
    "SELECT count(*) >= 500000 FROM user_content_progress": True,
}


async def fill(driver: asyncpg.Connection) -> None:
    """Fill an empty database at head, as its owner; then check the sizes, which the README states."""
    for script in PARTS.values():
        await driver.execute(script)
    for query, expected in _EXPECTED.items():
        found = await driver.fetchval(query)
        if found != expected:
            raise RuntimeError(f"{query}: {found}, but {expected} was meant")
    await driver.execute("VACUUM (ANALYZE, FREEZE)")
