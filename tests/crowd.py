"""A university with a thousand of everything: what tests take a thousand parents of any type from."""

import json

import asyncpg

from tests.world import KINDS

SIZE = 1000

# {size} rows of each, number n hanging on number n of what it belongs to; person 1 is the administrator.
_ROWS = """
INSERT INTO countries (iso_code, name) VALUES ('US', 'United States');
INSERT INTO universities (name, short_code, country_id)
  SELECT 'University ' || n, CASE n WHEN 1 THEN 'CROWD' ELSE 'U' || n END, 1 FROM generate_series(1, {size}) n;
INSERT INTO domains (code, name) SELECT 'D' || n, 'Domain ' || n FROM generate_series(1, {size}) n;
INSERT INTO subjects (code, name, domain_id, parent_subject_id, depth)
  SELECT 'S' || n, 'Subject ' || n, n, CASE WHEN n > 1 THEN 1 END, (n > 1)::int FROM generate_series(1, {size}) n;
INSERT INTO users (email, full_name, password_hash) SELECT n || '@x.example', 'Person ' || n, '!' FROM generate_series(1, {size}) n;
INSERT INTO university_members (university_id, user_id, display_name, email) SELECT 1, id, full_name, email FROM users;
INSERT INTO user_university_roles (university_id, user_id, role)
  SELECT 1, id, CASE id WHEN 1 THEN 'university_admin' ELSE 'student' END::university_role_enum FROM users;
INSERT INTO departments (university_id, code, name) SELECT 1, 'D' || n, 'Department ' || n FROM generate_series(1, {size}) n;
INSERT INTO terms (university_id, code, name, starts_at, ends_at)
  SELECT 1, 'T' || n, 'Term ' || n, '2026-01-01Z'::timestamptz + n * interval '1 day', '2030-01-01Z' FROM generate_series(1, {size}) n;
INSERT INTO courses (university_id, code, title, department_id, primary_subject_id, is_published, difficulty)
  SELECT 1, 'C' || n, 'Course ' || n, n, n, true, 'beginner' FROM generate_series(1, {size}) n;
INSERT INTO course_subjects (university_id, course_id, subject_id, is_primary) SELECT 1, n, n, true FROM generate_series(1, {size}) n;
INSERT INTO course_prerequisites (university_id, course_id, prerequisite_course_id) SELECT 1, n, 1 FROM generate_series(2, {size}) n;
INSERT INTO course_offerings (university_id, course_id, term_id, visibility, capacity, seats_taken)
  SELECT 1, n, n, 'public', 30, 0 FROM generate_series(1, {size}) n;
INSERT INTO offering_sections (university_id, course_offering_id, code, name) SELECT 1, n, 'A', 'Section A' FROM generate_series(1, {size}) n;
INSERT INTO course_offering_instructors (university_id, course_offering_id, user_id) SELECT 1, n, n FROM generate_series(1, {size}) n;
INSERT INTO course_enrollments (university_id, course_offering_id, user_id, section_id, status, completed_at)
  SELECT 1, n, n, n, 'completed', '2026-06-01Z' FROM generate_series(1, {size}) n;
INSERT INTO enrollment_events (university_id, enrollment_id, new_status, changed_by) SELECT 1, n, 'active', 1 FROM generate_series(1, {size}) n;
INSERT INTO module_templates (university_id, template_type, title) SELECT 1, 'lesson', 'Template ' || n FROM generate_series(1, {size}) n;
UPDATE module_templates SET draft = '[{{"key": "k", "kind": "module", "parent": null, "type": "unit", "title": "Unit"}}]';
INSERT INTO module_template_versions (university_id, template_id, version, title, tree, node_count)
  SELECT 1, n, 1, 'Unit', '[{{"key": "k", "kind": "module", "parent": null, "type": "unit", "title": "Unit"}}]', 1 FROM generate_series(1, {size}) n;
INSERT INTO modules (university_id, course_id, module_type, title, is_published, effective_published, module_template_id, template_version, template_node)
  SELECT 1, n, 'unit', 'Unit ' || n, true, true, n, 1, 'k' FROM generate_series(1, {size}) n;
INSERT INTO modules (university_id, course_id, parent_module_id, depth, module_type, title, is_published, effective_published)
  SELECT 1, n, n, 1, 'lesson', 'Lesson ' || n, true, true FROM generate_series(1, {size}) n;
INSERT INTO assets (university_id, url, asset_type) SELECT 1, 'https://files.example/' || n, 'image' FROM generate_series(1, {size}) n;
INSERT INTO grading_policies (university_id, course_id, letter_scheme) SELECT 1, n, '[["90", "A"]]' FROM generate_series(1, {size}) n;
INSERT INTO jobs (university_id, kind, created_by) SELECT 1, 'grades.regrade', n FROM generate_series(1, {size}) n;
INSERT INTO roster_imports (university_id, job_id, file_name, mode, is_dry_run) SELECT 1, n, 'roster.zip', 'full', true FROM generate_series(1, {size}) n;
INSERT INTO roster_import_errors (university_id, import_id, file, line, message) SELECT 1, n, 'users', 2, 'No address' FROM generate_series(1, {size}) n;
INSERT INTO grade_categories (university_id, policy_id, name, position, weight) SELECT 1, n, 'Homework', 1, 100 FROM generate_series(1, {size}) n;
INSERT INTO grade_items (university_id, course_offering_id, grade_category_id, title, points) SELECT 1, n, n, 'Exam', 50 FROM generate_series(1, {size}) n;
INSERT INTO grade_item_scores (university_id, grade_item_id, course_offering_id, user_id, score) SELECT 1, n, n, n, 40 FROM generate_series(1, {size}) n;
INSERT INTO course_grades (university_id, course_offering_id, user_id, final_score, passed, posted_at) SELECT 1, n, n, 80, true, now() FROM generate_series(1, {size}) n;
INSERT INTO certificates (university_id, course_offering_id, user_id, certificate_code, issued_at, recipient_name, course_code, course_title)
  SELECT 1, n, n, 'CROWD-' || n, now(), 'Person ' || n, 'C' || n, 'Course ' || n FROM generate_series(1, {size}) n;
INSERT INTO course_reviews (university_id, course_offering_id, user_id, rating) SELECT 1, n, n, 1 + n % 5 FROM generate_series(1, {size}) n;
INSERT INTO question_pools (university_id, course_id, title) SELECT 1, n, 'Pool ' || n FROM generate_series(1, {size}) n;
INSERT INTO questions (university_id, pool_id, number, type, stem) SELECT 1, n, 1, 'numerical', 'What is g?' FROM generate_series(1, {size}) n;
INSERT INTO question_keys (university_id, question_id, answer) SELECT 1, n, '{{"value": "9.81"}}' FROM generate_series(1, {size}) n;
INSERT INTO discussion_threads (university_id, course_id, course_offering_id, module_id, created_by_user_id, title) SELECT 1, n, n, n, n, 'Thread ' || n FROM generate_series(1, {size}) n;
INSERT INTO discussion_posts (university_id, thread_id, user_id, body) SELECT 1, n, n, 'A post' FROM generate_series(1, {size}) n;
INSERT INTO discussion_posts (university_id, thread_id, parent_post_id, user_id, body) SELECT 1, n, n, n, 'A reply' FROM generate_series(1, {size}) n;
INSERT INTO post_revisions (university_id, post_id, version, body, written_at, replaced_by) SELECT 1, n, 1, 'Before', now(), n FROM generate_series(1, {size}) n;
INSERT INTO post_reports (university_id, post_id, user_id, kind, reason) SELECT 1, n, n, 'spam', 'It sells.' FROM generate_series(1, {size}) n;
INSERT INTO user_module_progress (university_id, course_id, course_offering_id, module_id, user_id, progress_percent) SELECT 1, n, n, n, n, 50 FROM generate_series(1, {size}) n;
"""  # noqa: E501 - one table, one line

# The items lie in the lessons, which come after the units; quizzes draw from the pool of their course.
_ITEMS = """
INSERT INTO content_items (university_id, course_id, module_id, content_type, title, sequence_index, data_json)
  SELECT 1, n, n + {size}, $1::text::content_type_enum, $1, $2, $3::text::jsonb || CASE $1 WHEN 'quiz' THEN jsonb_build_object('question_pool_id', n) ELSE '{{}}' END
  FROM generate_series(1, {size}) n
"""  # noqa: E501

_RECORDS = """
INSERT INTO content_item_assets (university_id, content_item_id, asset_id) SELECT 1, id, 1 + id % {size} FROM content_items WHERE content_type = 'video';
INSERT INTO user_content_progress (university_id, course_id, course_offering_id, content_item_id, user_id, progress_percent)
  SELECT 1, i.course_id, i.course_id, i.id, i.course_id, 50 FROM content_items i;
INSERT INTO content_item_settings (university_id, course_id, course_offering_id, content_item_id, due_at, points, grade_category_id)
  SELECT 1, i.course_id, i.course_id, i.id, '2026-12-01Z', 10, i.course_id FROM content_items i WHERE i.content_type = 'quiz';
INSERT INTO quiz_attempts (university_id, course_id, course_offering_id, content_item_id, user_id, submitted_at, status, score_obtained, max_score)
  SELECT 1, i.course_id, i.course_id, i.id, i.course_id, now(), 'graded', 5, 10 FROM content_items i WHERE i.content_type = 'quiz' ORDER BY i.course_id;
INSERT INTO quiz_attempt_questions (university_id, attempt_id, position, question_id, snapshot, points) SELECT 1, id, 1, course_id, '{{}}', 1 FROM quiz_attempts;
INSERT INTO quiz_attempt_answers (university_id, attempt_id, position, response) SELECT 1, id, 1, '"9.8"' FROM quiz_attempts;
INSERT INTO lab_submissions (university_id, course_id, course_offering_id, content_item_id, user_id, content_type)
  SELECT 1, i.course_id, i.course_id, i.id, i.course_id, i.content_type FROM content_items i WHERE i.content_type = 'assignment' ORDER BY i.course_id;
INSERT INTO uploads (university_id, course_id, course_offering_id, content_item_id, user_id, file_name, media_type, size_bytes, expires_at)
  SELECT 1, i.course_id, i.course_id, i.id, i.course_id, 'work.pdf', 'application/pdf', 10, now() + interval '1 day' FROM content_items i WHERE i.content_type = 'assignment' ORDER BY i.course_id;
ANALYZE;
"""  # noqa: E501


async def build_crowd(driver: asyncpg.Connection) -> None:
    """Fill an empty database at head, as its superuser; a few seconds."""
    await driver.execute(_ROWS.format(size=SIZE))
    await driver.execute("ANALYZE")
    for position, (kind, payload) in enumerate(KINDS.items(), start=1):
        await driver.execute(_ITEMS.format(size=SIZE), kind, position, json.dumps(payload))
    await driver.execute(_RECORDS.format(size=SIZE))


TABLES = {
    "Asset": "assets",
    "AssignmentContent": "content_items WHERE content_type = 'assignment'",
    "Certificate": "certificates",
    "Country": "countries",
    "Course": "courses",
    "CourseGrade": "course_grades",
    "CourseOffering": "course_offerings",
    "CourseReview": "course_reviews",
    "Department": "departments",
    "DiscussionPost": "discussion_posts",
    "DiscussionThread": "discussion_threads",
    "PostReport": "post_reports",
    "PostRevision": "post_revisions",
    "Domain": "domains",
    "EngineeringLabContent": "content_items WHERE content_type = 'engineering_lab'",
    "Enrollment": "course_enrollments",
    "EnrollmentEvent": "enrollment_events",
    "GradeCategory": "grade_categories",
    "GradeItem": "grade_items",
    "GradingPolicy": "grading_policies",
    "Job": "jobs",
    "RosterImport": "roster_imports",
    "Module": "modules",
    "ModuleTemplate": "module_templates",
    "OfferingSection": "offering_sections",
    "OfferingInstructor": "course_offering_instructors",
    "Question": "questions",
    "QuestionPool": "question_pools",
    "QuizAttempt": "quiz_attempts",
    "QuizContent": "content_items WHERE content_type = 'quiz'",
    "ResourceContent": "content_items WHERE content_type = 'resource'",
    "Subject": "subjects",
    "Submission": "lab_submissions",
    "TemplateVersion": "module_template_versions",
    "Term": "terms",
    "TextContent": "content_items WHERE content_type = 'text'",
    "University": "universities",
    "Upload": "uploads",
    "User": "users",
    "VideoContent": "content_items WHERE content_type = 'video'",
}
"""Where the rows of each type that `node` finds lie."""
FEW = {"Country": 1, "University": 1}
"""Types of which there are fewer: one country, and a request's fields of a university are of its own alone."""
