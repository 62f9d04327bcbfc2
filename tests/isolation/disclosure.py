"""What of every table a person may ever read, said again, not by the policies: plain SQL, by column.

Each rule is a condition on the row `t`; `{u}` is the person's number (0: nobody), `{member}` whether they belong to the
university. What a rule does not give may come out by no way at all; what it gives is really shown. A text, JSON or
exact number of a table that stands here with no rule fails a test by name.
"""

from collections.abc import Mapping

NEVER = "false"
ALWAYS = "true"
_OWN = "t.user_id = {u}"
_POSTED = f"{_OWN} AND t.posted_at <= now()"


def _offering(number: str) -> str:
    return f"""EXISTS (SELECT FROM course_offerings o
        JOIN courses c ON (c.university_id, c.id) = (o.university_id, o.course_id)
        WHERE o.university_id = t.university_id AND o.id = {number} AND (c.is_published AND (o.visibility = 'public'
        OR {{member}} AND o.visibility = 'members') OR EXISTS (SELECT FROM course_enrollments e WHERE
        e.university_id = o.university_id AND e.course_offering_id = o.id AND e.user_id = {{u}})))"""


def _part_of(number: str) -> str:
    return f"""EXISTS (SELECT FROM course_enrollments e WHERE e.university_id = t.university_id AND e.user_id = {{u}}
        AND e.course_offering_id = {number} AND e.status IN ('active', 'completed'))"""


def _course(number: str) -> str:
    return f"""EXISTS (SELECT FROM courses c WHERE c.university_id = t.university_id AND c.id = {number}
        AND c.is_published)"""


def _module(number: str) -> str:
    return f"""EXISTS (SELECT FROM modules m JOIN courses c ON (c.university_id, c.id) = (m.university_id, m.course_id)
        WHERE m.university_id = t.university_id AND m.id = {number} AND m.effective_published AND c.is_published)"""


def _item(number: str) -> str:
    return f"""EXISTS (SELECT FROM content_items i
        JOIN modules m ON (m.university_id, m.id) = (i.university_id, i.module_id)
        JOIN courses c ON (c.university_id, c.id) = (i.university_id, i.course_id)
        WHERE i.university_id = t.university_id AND i.id = {number}
        AND i.is_active AND m.effective_published AND c.is_published)"""


def _thread(number: str) -> str:
    inside = _part_of("d.course_offering_id"), _module("d.module_id"), _item("d.content_item_id")
    return f"""EXISTS (SELECT FROM discussion_threads d
        WHERE d.university_id = t.university_id AND d.id = {number} AND {inside[0]}
        AND (d.module_id IS NULL OR {inside[1]}) AND (d.content_item_id IS NULL OR {inside[2]}))"""


_POLICY = f"(t.course_offering_id IS NULL AND {_course('t.course_id')} OR {_offering('t.course_offering_id')})"
_OF_POLICY = _POLICY.replace("t.course", "p.course")
_CATEGORY = f"""EXISTS (SELECT FROM grading_policies p
    WHERE (p.university_id, p.id) = (t.university_id, t.policy_id) AND {_OF_POLICY})"""
_MINE = "e.university_id = t.university_id AND e.course_offering_id = t.course_offering_id AND e.user_id = {u}"
_SETTING = f"""{_part_of("t.course_offering_id")} AND (t.user_id = {{u}} OR t.user_id IS NULL
    AND (t.section_id IS NULL OR t.section_id = (SELECT section_id FROM course_enrollments e WHERE {_MINE}))
    AND NOT EXISTS (SELECT FROM content_item_settings e WHERE {_MINE} AND e.content_item_id = t.content_item_id))"""
"""What is set for the person hides what is set for all."""
_TEACHES = f"""EXISTS (SELECT FROM course_offering_instructors s WHERE s.user_id = t.user_id
    AND s.university_id = t.university_id AND ({{member}} OR {_offering("s.course_offering_id")}))"""
_WROTE = f"""(EXISTS (SELECT FROM discussion_threads s WHERE s.created_by_user_id = t.user_id AND {_thread("s.id")})
    OR EXISTS (SELECT FROM discussion_posts s
        WHERE s.user_id = t.user_id AND NOT s.is_deleted AND (s.hidden_at IS NULL OR s.user_id = {{u}})
        AND {_thread("s.thread_id")})
    OR EXISTS (SELECT FROM course_reviews s WHERE s.user_id = t.user_id AND s.university_id = t.university_id
        AND (s.hidden_at IS NULL OR s.user_id = {{u}}) AND {_offering("s.course_offering_id")}))"""
_NAME = f"{_TEACHES} OR {{member}} AND ({_OWN} OR {_WROTE})"
"""Everybody learns who teaches what they see; members also who wrote what they see."""
_SHOWN = f"(t.hidden_at IS NULL OR {_OWN})"
_OF_ATTEMPT = """EXISTS (SELECT FROM quiz_attempts a
    WHERE (a.university_id, a.id) = (t.university_id, t.attempt_id) AND a.user_id = {u})"""
_CRITERION = f"""EXISTS (SELECT FROM rubric_criteria r
    WHERE (r.university_id, r.id) = (t.university_id, t.criterion_id) AND {_item("r.content_item_id")})"""
_OF_ENROLLMENT = """EXISTS (SELECT FROM course_enrollments e
    WHERE (e.university_id, e.id) = (t.university_id, t.enrollment_id) AND e.user_id = {u})"""

_GRADED = f"""{_OWN} AND EXISTS (SELECT FROM course_grades g WHERE g.university_id = t.university_id
    AND (g.course_offering_id, g.user_id) = (t.course_offering_id, t.user_id) AND g.posted_at <= now())"""

_ASSET = f"""NOT t.is_staff_only AND (t.course_id IS NULL OR EXISTS (SELECT FROM content_item_assets s
    WHERE (s.university_id, s.asset_id) = (t.university_id, t.id) AND {_item("s.content_item_id")}))"""
"""The library is everybody's; a course's assets are shown by the content that names them."""

RULES: Mapping[str, Mapping[str, str]] = {
    "assets": dict.fromkeys(("url", "asset_type", "meta_json", "title"), _ASSET),
    "audit_log": dict.fromkeys(("act", "entity", "old_values", "new_values", "reason", "request_id", "roles"), NEVER),
    "certificates": {
        **dict.fromkeys(("certificate_code", "recipient_name", "course_code", "course_title", "final_score"), _OWN),
        **dict.fromkeys(("letter_grade", "revocation_reason", "credential_jwt"), _OWN),
        "key_id": NEVER,
        "metadata_json": NEVER,
    },
    "content_item_revisions": {"title": NEVER, "description": NEVER, "data_json": NEVER},
    "content_item_settings": {"points": _SETTING, "min_score": _SETTING, "late_penalty_percent_per_day": _SETTING},
    "content_items": {"title": _item("t.id"), "description": _item("t.id"), "data_json": _item("t.id")},
    "course_grades": {"final_score": _POSTED, "letter_grade": _POSTED},
    "course_offerings": {"term_name": _offering("t.id")},
    "course_reviews": {
        "review_text": f"{_offering('t.course_offering_id')} AND {_SHOWN}",
        "hidden_reason": f"{_offering('t.course_offering_id')} AND {_OWN}",
    },
    "courses": dict.fromkeys(("title", "code", "description", "language_code", "credit_hours"), "t.is_published"),
    "departments": {"name": ALWAYS, "code": ALWAYS},
    "discussion_posts": {
        "body": f"NOT t.is_deleted AND {_SHOWN} AND {_thread('t.thread_id')}",
        "hidden_reason": f"NOT t.is_deleted AND {_OWN} AND {_thread('t.thread_id')}",
    },
    "discussion_threads": {"title": _thread("t.id")},
    "disclosures": {"request_id": _OWN},
    "erasures": {"reason": NEVER, "request_id": NEVER},
    "enrollment_events": {"reason": _OF_ENROLLMENT},
    "external_keys": {"system": NEVER, "entity": NEVER, "external_id": NEVER},
    "grade_categories": {"name": _CATEGORY, "weight": _CATEGORY},
    "grade_history": dict.fromkeys(("old_score", "new_score", "reason"), _GRADED),
    "grade_item_scores": {"score": _POSTED},
    "grade_items": {"title": _offering("t.course_offering_id"), "points": _offering("t.course_offering_id")},
    "grade_overrides": {"final_score": NEVER, "letter_grade": NEVER, "reason": NEVER},
    "grading_policies": {"letter_scheme": _POLICY, "pass_mark": _POLICY},
    "idempotency_keys": {"key": NEVER, "path": NEVER, "mutation": NEVER, "result": NEVER},
    "lab_submissions": {
        **dict.fromkeys(("score_obtained", "max_score", "instructor_feedback", "rubric_result"), _POSTED),
        **dict.fromkeys(("artifacts_url", "public_results", "body", "late_penalty_percent"), _OWN),
        **dict.fromkeys(("auto_grade_json", "hidden_results"), NEVER),
    },
    "module_template_versions": dict.fromkeys(("title", "notes"), NEVER),
    "module_templates": dict.fromkeys(("title", "description", "default_data"), NEVER),
    "modules": {"title": _module("t.id"), "description": _module("t.id")},
    "offering_sections": dict.fromkeys(("code", "name"), _offering("t.course_offering_id")),
    "outbox": {"topic": NEVER, "entity": NEVER, "facts": NEVER},
    "post_reports": {"reason": NEVER},
    "post_revisions": {
        "body": f"""EXISTS (SELECT FROM discussion_posts s WHERE (s.university_id, s.id) = (t.university_id, t.post_id)
            AND s.user_id = {{u}} AND NOT s.is_deleted AND {_thread("s.thread_id")})"""
    },
    "question_keys": {"answer": NEVER, "explanation": NEVER},
    "question_pools": {"title": NEVER},
    "questions": {"stem": NEVER, "options": NEVER, "hints": NEVER, "points": NEVER},
    "quiz_attempt_answers": {"response": _OF_ATTEMPT, "points_awarded": _OF_ATTEMPT},
    "quiz_attempt_questions": {"snapshot": _OF_ATTEMPT, "points": _OF_ATTEMPT},
    "quiz_attempts": {"score_obtained": _OWN, "max_score": _OWN, "raw_response_json": NEVER},
    "rubric_criteria": dict.fromkeys(("title", "description", "points"), _item("t.content_item_id")),
    "rubric_ratings": dict.fromkeys(("title", "points"), _CRITERION),
    "terms": {"code": ALWAYS, "name": ALWAYS},
    "university_members": {
        "display_name": _NAME,
        "email": "{member} AND " + _OWN,
        "student_number": "{member} AND " + _OWN,
    },
    "uploads": {"file_name": _OWN, "media_type": _OWN},
    "user_content_progress": {"progress_percent": _OWN},
    "user_module_progress": {"progress_percent": _OWN},
    "users": {"email": NEVER, "full_name": NEVER, "password_hash": NEVER},
    "grade_exemptions": {"reason": NEVER},
    "grade_freezes": {"reason": NEVER},
    "roster_imports": {"file_name": NEVER},
    "roster_import_errors": dict.fromkeys(("file", "field", "message"), NEVER),
    "jobs": {"kind": "t.created_by = {u}", "error": "t.created_by = {u}", "given": NEVER},
}

NOT_PLANTED: Mapping[str, str] = {
    "uploads.purpose": "words of a closed list",
    "countries": "the platform's own, for everybody",
    "domains": "the platform's own, for everybody",
    "subjects": "the platform's own, for everybody",
    "universities": "what a university is called, for everybody",
    "users.locale": "a language",
    "users.time_zone": "a zone",
    "search_texts": "what is written elsewhere, as the search reads it; nobody may read the table",
    "rate_points": "a counter, of no university",
    "external_identities": "who signs in, of no university; lms_app has no right to the table",
    "sessions": "who is signed in, of no university; lms_app has no right to the table",
    "session_tokens": "digests, of no university; lms_app has no right to the table",
    "login_attempts": "counters, of no university; lms_app has no right to the table",
    "lab_submissions.raw_score": "the score before the penalty, which a CHECK ties to the score",
    "service_tokens.scopes": "words of a closed list",
    "service_tokens.submission_ids": "numbers of rows",
    "jobs.state": "words of a closed list",
    "module_template_versions.tree": "nodes, whose keys and kinds hold together; test_matrix tells who reads it",
    "module_templates.draft": "nodes, whose keys and kinds hold together; test_matrix tells who reads it",
    "modules.template_node": "a random key, which names nothing",
    "content_items.template_node": "a random key, which names nothing",
    "roster_imports.mode": "words of a closed list",
    "roster_imports.counts": "numbers of rows, by kind",
    "roster_imports.document": "a packed roster, as long as its job runs; no loader selects it",
    "jobs.roles": "words of a closed list",
    "platform_audit_log": "of no university; lms_app may only add to it",
}
"""Tables and columns that bear no canary, each with its reason."""

NEVER_IN_JSON: Mapping[str, frozenset[str]] = {
    "content_items.data_json": frozenset({"env", "container_image", "hidden_test"}),
}
"""Keys of JSON, or roles of what is in it, whose values are for staff, whoever may see the rest."""
