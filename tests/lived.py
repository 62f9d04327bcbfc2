"""What learning leaves behind and the demo does not have: for tests that want a value of every field."""

import asyncpg

_STATEMENTS = """
UPDATE course_offerings SET drop_until = now() WHERE university_id = {here};
UPDATE courses SET archived_at = now() WHERE university_id = {here} AND id = (
  SELECT max(course_id) FROM course_offerings WHERE university_id = {here});
UPDATE content_items SET data_json = data_json || '{{"num_questions_per_attempt": 1000}}' WHERE university_id = {here}
  AND id = (SELECT min(i.id) FROM content_items i JOIN modules m ON m.id = i.module_id
    WHERE i.university_id = {here} AND m.effective_published AND i.is_active AND i.content_type = 'quiz');
UPDATE course_enrollments SET withdrawn_at = now() WHERE university_id = {here} AND status = 'dropped';
UPDATE course_enrollments SET status = 'dropped', withdrawn_at = now() WHERE university_id = {here} AND id = (
  SELECT max(id) FROM course_enrollments WHERE university_id = {here} AND status = 'pending');
UPDATE course_reviews SET hidden_at = now(), hidden_reason = 'No review.' WHERE university_id = {here} AND id = (
  SELECT min(id) FROM course_reviews WHERE university_id = {here});
UPDATE discussion_posts SET hidden_at = now(), hidden_reason = 'No post.' WHERE university_id = {here} AND id = (
  SELECT max(id) FROM discussion_posts WHERE university_id = {here} AND NOT is_deleted);
UPDATE post_reports SET settled_at = now(), outcome = 'hidden' WHERE university_id = {here};
UPDATE content_items SET title = title || ' (2)', data_json = CASE WHEN content_type = 'engineering_lab' THEN jsonb_set(
    data_json, '{{files,0,asset_id}}', to_jsonb((SELECT min(id) FROM assets WHERE university_id = {here})))
  ELSE data_json END WHERE university_id = {here};
UPDATE content_item_revisions SET changed_by = {admin} WHERE university_id = {here};
INSERT INTO rubric_criteria (university_id, course_id, content_item_id, position, title, description, points)
  SELECT university_id, course_id, id, 1, 'Method', 'How it was done.', 5 FROM content_items
  WHERE university_id = {here} AND content_type IN ('engineering_lab', 'assignment');
INSERT INTO rubric_ratings (university_id, criterion_id, position, title, points)
  SELECT university_id, id, 1, 'Sound', 5 FROM rubric_criteria WHERE university_id = {here};
UPDATE content_item_settings SET extra_attempts = 1, extra_time_seconds = 60, max_submissions = 3,
  late_penalty_percent_per_day = 10 WHERE university_id = {here};
UPDATE lab_submissions SET body = 'See the files.' WHERE university_id = {here};
UPDATE lab_submissions SET raw_score = score_obtained, rubric_result =
  '[{{"criterion_id": 1, "title": "Method", "points": "5", "most": "5", "comment": "Sound."}}]'
  WHERE university_id = {here} AND score_obtained IS NOT NULL;
UPDATE quiz_attempts SET correct_in_row = 1, longest_in_row = 2 WHERE university_id = {here} AND status = 'graded';
INSERT INTO uploads (university_id, course_id, course_offering_id, content_item_id, user_id, file_name, media_type,
    size_bytes, expires_at, state, sha256, submission_id)
  SELECT university_id, course_id, course_offering_id, content_item_id, user_id, 'work.pdf', 'application/pdf', 10,
    now() + interval '1 day', 'attached', sha256('work'), id FROM lab_submissions WHERE university_id = {here};
INSERT INTO uploads (university_id, course_id, course_offering_id, content_item_id, user_id, file_name, media_type,
    size_bytes, expires_at)
  SELECT university_id, course_id, course_offering_id, content_item_id, user_id, 'more.pdf', 'application/pdf', 10,
    now() + interval '1 day' FROM lab_submissions WHERE university_id = {here};
WITH kept AS (INSERT INTO uploads (university_id, purpose, user_id, file_name, media_type, size_bytes, expires_at,
    state, sha256) VALUES ({here}, 'asset', {admin}, 'chart.png', 'image/png', 10, now() + interval '1 day', 'attached',
    sha256('chart')) RETURNING id)
  UPDATE assets SET url = NULL, upload_id = kept.id, title = 'A chart',
    course_id = (SELECT id FROM courses WHERE university_id = {here} AND code = 'ME101')
  FROM kept WHERE university_id = {here} AND assets.id = (SELECT min(id) FROM assets WHERE university_id = {here});
UPDATE modules SET archived_at = now(), is_published = false, effective_published = false
  WHERE university_id = {here} AND id = (SELECT m.id FROM modules m JOIN courses c ON c.id = m.course_id
    WHERE m.university_id = {here} AND c.code = 'ME101' AND NOT EXISTS (
      SELECT FROM modules b WHERE b.university_id = {here} AND b.parent_module_id = m.id)
    ORDER BY (SELECT count(*) FROM content_items i WHERE i.university_id = {here} AND i.module_id = m.id), m.id DESC
    LIMIT 1);
INSERT INTO grade_history (university_id, course_offering_id, user_id, old_score, new_score, policy_version, changed_by,
    reason)
  SELECT university_id, course_offering_id, user_id, 1, 2, 1, {admin}, 'Looked at again.' FROM course_enrollments
  WHERE university_id = {here} AND status IN ('active', 'completed');
INSERT INTO jobs (university_id, kind, state, total, done, error, created_by, started_at, finished_at)
  VALUES ({here}, 'grades.regrade', 'failed', 2, 1, 'It was given up.', {admin}, now(), now());
INSERT INTO module_template_versions (university_id, template_id, version, title, notes, tree, node_count)
  SELECT university_id, id, 1, title, 'The first.', {nodes}, 2 FROM module_templates WHERE university_id = {here};
UPDATE module_templates SET archived_at = now(), draft = {nodes} WHERE university_id = {here};
UPDATE modules SET module_template_id = (SELECT min(id) FROM module_templates WHERE university_id = {here}),
  template_version = 1, template_node = 'lived-module' WHERE university_id = {here} AND id = (
  SELECT min(id) FROM modules WHERE university_id = {here} AND effective_published);
INSERT INTO invitations (university_id, user_id, digest, invited_by, expires_at)
  SELECT university_id, user_id, sha256('an invitation'), {admin}, now() + interval '1 day'
  FROM university_members WHERE university_id = {here} AND user_id <> {admin} ORDER BY user_id LIMIT 1;
INSERT INTO roster_imports (university_id, job_id, file_name, mode, is_dry_run, counts)
  SELECT university_id, id, 'roster.zip', 'full', true,
    '{{"member": {{"created": 1, "updated": 0, "unchanged": 0, "deactivated": 0, "refused": 1}}}}'
  FROM jobs WHERE university_id = {here};
INSERT INTO roster_import_errors (university_id, import_id, file, line, field, message)
  SELECT university_id, id, 'users', 2, 'email', 'a person needs an e-mail address' FROM roster_imports
  WHERE university_id = {here};
"""
_NODES = """'[{"key": "lived-module", "kind": "module", "parent": null, "type": "unit", "title": "A week"},
  {"key": "lived-item", "kind": "item", "parent": "lived-module", "type": "text", "title": "To read",
   "description": "An article.", "seconds": 60, "data": {"blocks": []}}]'::jsonb"""


async def live(driver: asyncpg.Connection, university: str, admin: int) -> int:
    """Leave all of it behind in a university, with an administrator of it as who did it; gives the job's id."""
    here = await driver.fetchval("SELECT id FROM universities WHERE short_code = $1", university)
    async with driver.transaction():
        await driver.execute(_STATEMENTS.format(here=here, admin=admin, nodes=_NODES))
        return await driver.fetchval("SELECT max(id) FROM jobs WHERE university_id = $1", here)
