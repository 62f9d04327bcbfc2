"""The demo as it is loaded: whole, readable, consistent."""

import asyncio
import time
from collections import Counter
from typing import get_args

import msgspec
import pytest
from sqlalchemy import text

from lms_graphql import tables
from lms_graphql.assessment import payloads as assessment
from lms_graphql.assessment.payloads import QuestionType
from lms_graphql.content import payloads
from lms_graphql.demo.service import DemoExistsError, DemoPerson, load_demo
from lms_graphql.progress.rebuilding import differences, places
from lms_graphql.storage import tenancy
from lms_graphql.storage.database import create_engine
from tests.databases import temporary_database


class Loaded:
    def __init__(self, owner, app, summary, steps, seconds):
        self.owner = owner
        self.app = app
        self.summary = summary
        self.steps = steps
        self.seconds = seconds

    async def rows(self, sql, **parameters):
        async with self.owner.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(sql), parameters)]

    async def value(self, sql, **parameters):
        ((value,),) = await self.rows(sql, **parameters)
        return value

    async def counts(self):
        return {name: await self.value(f"SELECT count(*) FROM {name}") for name in tables.metadata.tables}


async def load(engine, on_progress=lambda *_: None):
    async with engine.begin() as connection:
        await connection.execute(text("SET LOCAL ROLE lms_owner"))
        return await load_demo(connection, on_progress)


@pytest.fixture(scope="module")
async def demo(superuser):
    async with temporary_database(superuser) as database:
        owner, app = create_engine(database.owner), create_engine(database.app)
        steps = []
        begun = time.monotonic()
        summary = await load(owner, lambda *step: steps.append(step))
        yield Loaded(owner, app, summary, steps, time.monotonic() - begun)
        await owner.dispose()
        await app.dispose()


# Tables that come with mutations: nothing has happened in the demo that would fill them.
EMPTY = {
    "rate_points",
    "content_item_revisions",
    "grade_overrides",
    "grade_history",
    "audit_log",
    "outbox",
    "idempotency_keys",
    "external_identities",
    "sessions",
    "session_tokens",
    "service_tokens",
    "invitations",
    "platform_audit_log",
    "uploads",
    "grading_runs",
    "rubric_criteria",
    "rubric_ratings",
    "login_attempts",
    "disclosures",
    "erasures",
    "grade_exemptions",
    "grade_freezes",
    "jobs",
    "roster_imports",
    "roster_import_errors",
}


async def test_every_table_has_rows(demo):
    counts = await demo.counts()
    assert {name for name, count in counts.items() if not count} == EMPTY
    assert counts["universities"] == 3
    assert counts["courses"] == 8
    assert counts["users"] == 22
    assert counts["university_members"] == 22  # all but the platform's administrator; one person twice


async def test_it_takes_little_time(demo):
    assert demo.seconds < 5  # 1.5 on a quiet machine
    assert demo.steps == [(done, 9) for done in range(1, 10)]


async def test_the_summary_names_one_person_for_each_role(demo):
    ids = dict(await demo.rows("SELECT full_name, id FROM users"))
    assert demo.summary.course_code == "ME101"
    assert demo.summary.people == [
        DemoPerson("Student 1", "student", ids["Student 1"], "DEMO"),
        DemoPerson("Student 12, also at DEMO", "student", ids["Student 12"], "LAKE"),
        DemoPerson("Instructor of Mechanics", "instructor", ids["Instructor of Mechanics"], "DEMO"),
        DemoPerson("Teaching Assistant", "ta", ids["Teaching Assistant"], "DEMO"),
        DemoPerson(
            "Administrator of Engineering and Mathematics",
            "department_admin",
            ids["Administrator of Engineering and Mathematics"],
            "DEMO",
        ),
        DemoPerson("University Administrator", "university_admin", ids["University Administrator"], "DEMO"),
        DemoPerson("Platform Administrator", "platform_admin", ids["Platform Administrator"], None),
        DemoPerson("Instructor of the academy", "instructor", ids["Instructor"], "ACADEMY"),
    ]


async def test_people_and_their_roles(demo):
    assert await demo.rows(
        "SELECT u.short_code, r.role::text, count(DISTINCT r.user_id), count(*) FROM user_university_roles r"
        " JOIN universities u ON u.id = r.university_id GROUP BY 1, 2 ORDER BY 1, 2"
    ) == [
        ("ACADEMY", "instructor", 1, 1),
        ("ACADEMY", "student", 2, 2),
        ("DEMO", "department_admin", 1, 2),
        ("DEMO", "instructor", 3, 3),
        ("DEMO", "student", 12, 12),
        ("DEMO", "ta", 1, 1),
        ("DEMO", "university_admin", 1, 1),
        ("LAKE", "student", 1, 1),
    ]
    assert await demo.rows("SELECT DISTINCT password_hash FROM users") == [("!",)]
    assert await demo.rows("SELECT email FROM users WHERE email !~ '^[a-z0-9.]+@demo\\.example\\.edu$' ORDER BY 1") == [
        (f"{name}@academy.dev",) for name in ("student1", "student2", "teach")
    ]
    assert await demo.rows(
        "SELECT email, student_number FROM university_members WHERE user_id ="
        " (SELECT id FROM users WHERE full_name = 'Student 12') ORDER BY 1"
    ) == [("student12@demo.example.edu", "D00012"), ("student12@lake.example.edu", "L00001")]


async def test_courses_and_the_depth_of_their_trees(demo):
    assert await demo.rows(
        "SELECT c.code, d.code, s.code, c.is_published, max(m.depth), count(DISTINCT m.id),"
        " count(DISTINCT i.content_type)"
        " FROM courses c JOIN departments d ON d.id = c.department_id JOIN subjects s ON s.id = c.primary_subject_id"
        " JOIN modules m ON m.course_id = c.id JOIN content_items i ON i.course_id = c.id"
        " GROUP BY 1, 2, 3, 4 ORDER BY 1"
    ) == [
        ("BI210", "BIO", "systematics", True, 8, 9, 6),
        ("CS120", "CS", "programming", True, 1, 7, 6),
        ("EE220", "ENG", "circuits", True, 1, 5, 6),
        ("MA110", "MATH", "differential-calculus", True, 1, 7, 5),
        ("MA240", "MATH", "statistics", False, 1, 2, 2),
        ("ME101", "ENG", "mechanics", True, 2, 17, 6),
        ("WR100", "LIB", "writing", True, 1, 2, 2),
    ]
    assert await demo.value("SELECT max(depth) FROM subjects") == 2
    assert await demo.value("SELECT count(*) FROM external_keys WHERE system = 'demo' AND entity = 'course'") == 7


async def test_every_payload_can_be_read(demo):
    kinds = set()
    for item_id, kind, data, seconds in await demo.rows(
        "SELECT id, content_type::text, data_json, estimated_duration_seconds FROM content_items"
    ):
        payload = payloads.decode(kind, data, item_id=item_id)
        assert payload is not None
        assert seconds > 0
        kinds.add(kind)
        for block in getattr(payload, "blocks", []):
            assert not isinstance(block, payloads.UnknownBlock)
            kinds.add(type(block).__name__)
        if kind == "video":
            transcript = payloads.decode_transcript(
                msgspec.json.encode(msgspec.json.decode(data)["transcript"]), item_id=item_id
            )
            ends = [segment.end for segment in transcript.segments]
            assert [segment.start for segment in transcript.segments] == [0.0, *ends[:-1]]
            assert ends == sorted(ends)
            assert payload.duration_seconds > ends[-1]
        if kind == "engineering_lab":
            assert {file.role for file in payload.files} == {"student_visible", "hidden_test"}
            assert payload.container_image
            assert payload.env
    assert kinds == {
        *("video", "quiz", "engineering_lab", "text", "assignment", "resource"),
        *("HeadingBlock", "ParagraphBlock", "MathBlock", "ImageBlock", "LinkListBlock"),
    }


async def test_images_are_of_the_library_and_have_words_for_those_who_can_not_see_them(demo):
    assets = {
        (university_id, asset_id): payloads.decode_asset_meta(meta)
        for university_id, asset_id, meta in await demo.rows("SELECT university_id, id, meta_json FROM assets")
    }
    used = set()
    for university_id, item_id, data in await demo.rows(
        "SELECT university_id, id, data_json FROM content_items WHERE content_type = 'text'"
    ):
        for block in payloads.decode("text", data, item_id=item_id).blocks:
            if isinstance(block, payloads.ImageBlock):
                assert block.alt_text == assets[university_id, block.asset_id].alt_text
                used.add((university_id, block.asset_id))
    assert len(used) == await demo.value("SELECT count(*) FROM assets WHERE asset_type = 'image'") == 7
    assert await demo.rows("SELECT url FROM assets WHERE url !~ '^https://media\\.example\\.edu/'") == []


async def test_what_is_hidden(demo):
    assert await demo.rows("SELECT title FROM modules WHERE NOT is_published") == [("Continuity",)]
    assert await demo.rows("SELECT title, is_published FROM modules WHERE NOT effective_published ORDER BY depth") == [
        ("Continuity", False),
        ("Functions without gaps", True),
    ]
    assert await demo.rows("SELECT title FROM content_items WHERE NOT is_active") == [("Limits with tables of values",)]
    assert await demo.rows("SELECT title, sequence_index FROM modules WHERE title = 'Continuity'") == [
        ("Continuity", 2)
    ]


async def test_offerings_lie_around_today(demo):
    offered = await demo.rows(
        "SELECT c.code, CASE WHEN o.ends_at < now() THEN 'past' WHEN o.starts_at > now() THEN 'upcoming' ELSE 'current'"
        " END, o.visibility FROM course_offerings o JOIN courses c ON c.id = o.course_id ORDER BY 1, o.starts_at"
    )
    assert Counter(code for code, _, _ in offered) == {
        "BI210": 3,
        "CS120": 3,
        "EE220": 2,
        "MA110": 3,
        "MA240": 2,
        "ME101": 3,
        "WR100": 1,
        "sql-for-builders": 1,
    }
    assert Counter(when for _, when, _ in offered) == {"past": 3, "current": 8, "upcoming": 7}
    assert Counter(visibility for _, _, visibility in offered) == {"public": 8, "members": 6, "private": 4}
    assert await demo.rows(
        "SELECT c.code FROM course_offerings o JOIN courses c ON c.id = o.course_id WHERE o.enrollment_start > now()"
    ) == [("BI210",)]


async def test_every_offering_runs_in_a_term_of_its_university(demo):
    assert await demo.rows(
        "SELECT u.short_code, count(DISTINCT t.id), count(DISTINCT t.name), count(DISTINCT o.id)"
        " FROM course_offerings o JOIN terms t ON (t.university_id, t.id) = (o.university_id, o.term_id)"
        " AND t.name = o.term_name"
        " JOIN universities u ON u.id = t.university_id GROUP BY 1 ORDER BY 1"
    ) == [("DEMO", 4, 4, 16), ("LAKE", 1, 1, 1)]


async def test_seats_sections_and_who_waits(demo):
    """Nobody waits where there are seats; who has a section has one of the two; the active ones are what is taken."""
    assert not await demo.rows(
        "SELECT o.id FROM course_offerings o WHERE o.seats_taken <> (SELECT count(*) FROM course_enrollments e"
        " WHERE (e.university_id, e.course_offering_id) = (o.university_id, o.id) AND e.status = 'active')"
    )
    assert await demo.rows(
        "SELECT c.code, o.capacity, o.seats_taken, o.waitlist_capacity, count(e.id) FROM course_offerings o"
        " JOIN courses c ON c.id = o.course_id"
        " JOIN course_enrollments e ON e.course_offering_id = o.id AND e.waitlisted_at IS NOT NULL"
        " AND e.status = 'waitlisted' GROUP BY 1, 2, 3, 4 ORDER BY 1"
    ) == [("MA110", 3, 3, 1, 1), ("ME101", 6, 6, 5, 2)]
    assert await demo.rows(
        "SELECT c.code, s.code, count(DISTINCT e.id), count(DISTINCT i.id) FROM offering_sections s"
        " JOIN course_offerings o ON o.id = s.course_offering_id JOIN courses c ON c.id = o.course_id"
        " LEFT JOIN course_enrollments e ON e.section_id = s.id"
        " LEFT JOIN course_offering_instructors i ON i.section_id = s.id AND i.role = 'ta' GROUP BY 1, 2 ORDER BY 1, 2"
    ) == [("CS120", "THU", 4, 1), ("CS120", "TUE", 2, 0), ("ME101", "THU", 5, 1), ("ME101", "TUE", 4, 0)]


async def test_the_last_event_of_an_enrollment_is_its_status(demo):
    assert (
        await demo.rows(
            "SELECT e.id FROM course_enrollments e LEFT JOIN LATERAL (SELECT * FROM enrollment_events v"
            " WHERE v.enrollment_id = e.id ORDER BY v.occurred_at DESC, v.id DESC LIMIT 1) v ON true"
            # An academy does not say how its enrollments came to stand as they do.
            " JOIN universities u ON u.id = e.university_id AND u.short_code <> 'ACADEMY'"
            " WHERE (v.new_status IS DISTINCT FROM e.status OR v.occurred_at > now())"
        )
        == []
    )


async def test_enrollments_in_every_status(demo):
    assert dict(await demo.rows("SELECT status::text, count(*) FROM course_enrollments GROUP BY 1")) == {
        "active": 22,
        "completed": 10,
        "dropped": 3,
        "pending": 4,
        "waitlisted": 3,
    }
    assert await demo.rows("SELECT user_id FROM course_enrollments WHERE enrolled_at > now()") == []


_PROGRESS = """
WITH RECURSIVE below AS (
    SELECT university_id, id AS root, id FROM modules WHERE effective_published
    UNION ALL
    SELECT m.university_id, below.root, m.id FROM modules m JOIN below
    ON (m.university_id, m.parent_module_id) = (below.university_id, below.id) WHERE m.effective_published
), shares AS (
    SELECT p.university_id, p.user_id, p.course_offering_id, p.module_id, p.progress_percent, p.completed_at,
           p.started_at, count(i.id) AS items, count(c.completed_at) AS completed, min(c.first_started_at) AS started,
           max(c.completed_at) AS latest
    FROM user_module_progress p
    JOIN universities w ON w.id = p.university_id AND w.short_code <> 'ACADEMY' -- which knows the lessons' alone
    JOIN below ON (below.university_id, below.root) = (p.university_id, p.module_id)
    JOIN content_items i ON (i.university_id, i.module_id) = (below.university_id, below.id) AND i.is_active
    LEFT JOIN user_content_progress c
    ON (c.university_id, c.course_offering_id, c.user_id, c.content_item_id)
     = (p.university_id, p.course_offering_id, p.user_id, i.id)
    GROUP BY 1, 2, 3, 4, 5, 6, 7
)
"""


async def test_modules_progress_is_the_share_of_completed_items(demo):
    assert (
        await demo.rows(
            _PROGRESS + "SELECT * FROM shares WHERE progress_percent <> round(100.0 * completed / items, 2)"
            " OR started_at <> started OR completed_at IS DISTINCT FROM CASE WHEN completed = items THEN latest END"
        )
        == []
    )
    known = await demo.value("SELECT count(*) FROM user_module_progress")
    assert await demo.value(_PROGRESS + "SELECT count(*) FROM shares") == known - 5 > 100


async def test_a_rebuild_would_change_nothing(demo):
    looked_at = 0
    for (university,) in await demo.rows("SELECT id FROM universities"):
        async with demo.owner.connect() as connection:
            for place in await places(connection, university):
                assert await differences(connection, university, place) == (0, 0, 0)
                looked_at += 1
    assert looked_at == await demo.value("SELECT count(DISTINCT course_offering_id) FROM user_module_progress") > 5


async def test_progress_is_of_people_who_take_part_and_within_the_run(demo):
    for table in ("user_content_progress", "user_module_progress", "quiz_attempts", "lab_submissions"):
        assert (
            await demo.rows(
                f"SELECT p.user_id FROM {table} p WHERE NOT EXISTS (SELECT FROM course_enrollments e WHERE"
                " (e.university_id, e.course_offering_id) = (p.university_id, p.course_offering_id)"
                " AND e.user_id = p.user_id"
                " AND e.status IN ('active', 'completed', 'dropped'))"
            )
            == []
        )
    assert (
        await demo.rows(
            "SELECT p.user_id FROM user_content_progress p JOIN course_offerings o ON o.id = p.course_offering_id"
            " WHERE p.first_started_at < o.starts_at OR p.completed_at > least(o.ends_at, now())"
            " OR (p.completed_at IS NULL) <> (p.progress_percent < 100)"
        )
        == []
    )
    assert (
        await demo.rows(
            "SELECT e.user_id FROM course_enrollments e JOIN course_offerings o ON o.id = e.course_offering_id"
            " JOIN universities w ON w.id = e.university_id AND w.short_code <> 'ACADEMY'"
            " JOIN content_items i ON i.course_id = o.course_id AND i.is_active"
            " JOIN modules m ON m.id = i.module_id AND m.effective_published"
            " LEFT JOIN user_content_progress p ON p.content_item_id = i.id AND p.user_id = e.user_id"
            " AND p.course_offering_id = o.id WHERE e.status = 'completed' AND p.completed_at IS NULL"
        )
        == []
    )


async def test_attempts_and_submissions_belong_to_progress(demo):
    for table, kinds in (("quiz_attempts", ["quiz"]), ("lab_submissions", ["engineering_lab", "assignment"])):
        assert (
            await demo.rows(
                "SELECT p.content_item_id, p.attempts_count, count(t.id) FROM user_content_progress p"
                " JOIN content_items i ON i.id = p.content_item_id"
                " AND i.content_type::text = ANY(CAST(:kinds AS text[]))"
                f" LEFT JOIN {table} t ON (t.content_item_id, t.user_id, t.course_offering_id)"
                " = (p.content_item_id, p.user_id, p.course_offering_id) WHERE p.completed_at IS NOT NULL"
                " GROUP BY p.content_item_id, p.user_id, p.course_offering_id, p.attempts_count"
                " HAVING p.attempts_count <> count(t.id)",
                kinds=kinds,
            )
            == []
        )
    passed = await demo.rows("SELECT passed, count(*) FROM quiz_attempts GROUP BY 1 ORDER BY 1")
    assert [outcome for outcome, _ in passed] == [False, True, None]
    assert {row[0] for row in await demo.rows("SELECT DISTINCT status FROM lab_submissions")} == {"graded", "submitted"}


async def test_attempts_drew_from_their_quizzes_pool_and_add_up(demo):
    assert (
        await demo.rows(
            "SELECT a.id FROM quiz_attempts a JOIN content_items i ON i.id = a.content_item_id"
            " JOIN quiz_attempt_questions d ON d.attempt_id = a.id JOIN questions q ON q.id = d.question_id"
            " LEFT JOIN quiz_attempt_answers r ON (r.attempt_id, r.position) = (d.attempt_id, d.position)"
            " GROUP BY a.university_id, a.id, i.university_id, i.id"
            " HAVING bool_or(q.pool_id <> CAST(i.data_json ->> 'question_pool_id' AS bigint))"
            " OR count(*) <> CAST(i.data_json ->> 'num_questions_per_attempt' AS int)"
            " OR count(DISTINCT q.id) < count(*)"
            " OR sum(d.points) <> a.max_score OR sum(r.points_awarded) IS DISTINCT FROM a.score_obtained"
            " OR a.submitted_at > a.deadline_at OR a.passed <> (a.score_obtained >= 0.6 * a.max_score)"
        )
        == []
    )
    assert await demo.value("SELECT count(DISTINCT attempt_id) FROM quiz_attempt_questions") == await demo.value(
        "SELECT count(*) FROM quiz_attempts"
    )


async def test_every_question_can_be_answered(demo):
    """Of every type there is one; what is right are options that there are, and what is stored can be read."""
    rows = await demo.rows(
        "SELECT q.id, q.type, q.options::text, q.hints::text, k.answer::text, k.explanation, p.course_id"
        " FROM questions q JOIN question_keys k ON k.question_id = q.id JOIN question_pools p ON p.id = q.pool_id"
    )
    assert {row[1] for row in rows} == set(get_args(QuestionType))
    assert len(rows) == await demo.value("SELECT count(*) FROM questions")
    for id_, type_, options, hints, stored, explanation, course_id in rows:
        keys = {option.id: option.side for option in assessment.read_options(options, id_)}
        answer = assessment.read_answer(stored, id_)
        assert answer is not None
        assert explanation
        assert course_id
        assert msgspec.json.decode(hints) == assessment.read_hints(hints, id_)
        assert len(keys) == len(msgspec.json.decode(options))
        if type_ in {"single_choice", "dropdown", "multiple_choice"}:
            assert 0 < len(answer.correct) < len(keys)
            assert (len(answer.correct) == 1) == (type_ != "multiple_choice")
            assert set(answer.correct) < set(keys)
        elif type_ == "ordering":
            assert sorted(answer.order) == sorted(keys)
        elif type_ == "matching":
            assert sorted(key for pair in answer.pairs for key in pair) == sorted(keys)
            assert all((keys[left], keys[right]) == ("left", "right") for left, right in answer.pairs)
        elif type_ == "numerical":
            assert float(answer.value) is not None
        else:
            assert answer.accepted


async def test_grades_certificates_reviews(demo):
    assert await demo.rows("SELECT passed, letter_grade, count(*) FROM course_grades GROUP BY 1, 2 ORDER BY 1, 2") == [
        (False, "F", 2),
        (True, "A", 1),
        (True, "B", 3),
        (True, "C", 3),
    ]
    assert (
        await demo.value(
            "SELECT count(*) FROM certificates c JOIN course_grades g ON (g.user_id, g.course_offering_id)"
            " = (c.user_id, c.course_offering_id) WHERE g.passed AND c.issued_at > g.graded_at AND c.issued_at < now()"
        )
        == await demo.value("SELECT count(*) FROM certificates")
        == 8
    )
    assert await demo.rows(
        "SELECT course_code, revoked_at IS NOT NULL, expires_at < now() FROM certificates"
        " WHERE revoked_at IS NOT NULL OR expires_at IS NOT NULL ORDER BY 1"
    ) == [("CS120", False, True), ("ME101", True, False)]
    of_our_form = "certificate_code ~ '^DEMO-[0-9A-HJKMNP-TV-Z]{26}$'"
    assert await demo.value(f"SELECT count(DISTINCT certificate_code) FROM certificates WHERE {of_our_form}") == 8
    assert (
        await demo.rows(
            "SELECT r.user_id FROM course_reviews r WHERE NOT EXISTS (SELECT FROM course_enrollments e WHERE"
            " (e.user_id, e.course_offering_id, e.status::text) = (r.user_id, r.course_offering_id, 'completed'))"
        )
        == []
    )


async def test_grading(demo):
    """A policy for each course and one for a run; what is asked lies within the run; who took part has been graded."""
    assert await demo.rows(
        "SELECT p.course_offering_id IS NULL, count(DISTINCT p.id), sum(c.weight) FILTER (WHERE NOT c.extra_credit)"
        " / count(DISTINCT p.id) FROM grading_policies p JOIN grade_categories c ON c.policy_id = p.id GROUP BY 1"
    ) == [(False, 1, 100), (True, 7, 100)]
    assert (
        await demo.rows(
            "SELECT s.id FROM content_item_settings s JOIN course_offerings o ON o.id = s.course_offering_id"
            " JOIN content_items i ON i.id = s.content_item_id"
            " WHERE (i.content_type IN ('quiz', 'engineering_lab', 'assignment')) <> (s.due_at IS NOT NULL)"
            " OR s.user_id IS NULL AND s.section_id IS NULL AND (s.due_at < o.starts_at OR s.due_at > o.ends_at)"
        )
        == []
    )
    assert await demo.rows(
        "SELECT DISTINCT section_id IS NULL, user_id IS NULL FROM content_item_settings ORDER BY 1, 2"
    ) == [(False, True), (True, False), (True, True)]
    assert await demo.value(
        "SELECT count(*) FROM content_item_settings s JOIN course_enrollments e"
        " ON e.course_offering_id = s.course_offering_id JOIN users u ON u.id = e.user_id"
        " WHERE u.full_name = 'Student 1' AND e.status = 'active' AND s.due_at BETWEEN now() AND now() + '21 days'"
    )
    assert await demo.rows(
        "SELECT s.user_id FROM grade_item_scores s JOIN grade_items g ON g.id = s.grade_item_id"
        " WHERE s.score > g.points OR s.graded_at < g.held_at OR s.posted_at > now()"
    ) == []  # fmt: skip


async def test_the_discussion_is_nested(demo):
    assert await demo.rows(
        "WITH RECURSIVE tree AS (SELECT id, 0 AS depth, is_deleted FROM discussion_posts WHERE parent_post_id IS NULL"
        " UNION ALL SELECT p.id, depth + 1, p.is_deleted FROM discussion_posts p JOIN tree"
        " ON p.parent_post_id = tree.id)"
        " SELECT depth, is_deleted FROM tree ORDER BY id"
    ) == [
        *[(0, False), (1, False), (2, False), (3, False), (1, False), (0, True), (0, False)],
        (0, False),
        *[(0, False), (1, False), (2, False)],
    ]
    assert await demo.rows(
        "SELECT t.is_pinned, t.is_locked, p.id - (SELECT min(id) FROM discussion_posts f WHERE f.thread_id = t.id),"
        " (SELECT count(*) FROM thread_read_marks m WHERE m.thread_id = t.id) FROM discussion_threads t"
        " LEFT JOIN discussion_posts p ON p.id = t.accepted_post_id ORDER BY t.id"
    ) == [(False, False, 3, 4), (True, True, None, 3), (False, False, 1, 2)]
    assert await demo.value("SELECT count(*) FROM discussion_posts WHERE updated_at > created_at") == 1
    assert await demo.value("SELECT max(created_at) < now() FROM discussion_posts")


async def test_templates_of_the_platform_and_of_the_university(demo):
    assert await demo.rows("SELECT university_id IS NULL, count(*) FROM module_templates GROUP BY 1 ORDER BY 1") == [
        (False, 4),
        (True, 2),
    ]


async def test_each_university_sees_its_own(demo):
    seen = {}
    for short_code, university_id in await demo.rows("SELECT short_code, id FROM universities"):
        async with demo.app.begin() as connection:
            for setting in tenancy.settings(university_id, None):
                await connection.execute(text(setting))
            seen[short_code] = list(await connection.scalars(text("SELECT code FROM courses ORDER BY code")))
    assert seen == {
        "DEMO": ["BI210", "CS120", "EE220", "MA110", "MA240", "ME101"],
        "LAKE": ["WR100"],
        "ACADEMY": ["sql-for-builders"],
    }


async def test_a_second_load_is_refused_and_changes_nothing(demo):
    before = await demo.counts()
    async with demo.owner.begin() as connection:
        await connection.execute(text("SET LOCAL ROLE lms_owner"))
        with pytest.raises(DemoExistsError, match=r"^the demo is already here \(DEMO\); nothing was changed$"):
            await load_demo(connection)
    assert await demo.counts() == before


async def test_two_processes_at_once_load_the_same_data_once(demo, superuser):
    query = (
        "SELECT i.title, i.data_json - 'asset_id', p.progress_percent, p.attempts_count, p.user_id FROM content_items i"
        " LEFT JOIN user_content_progress p ON p.content_item_id = i.id WHERE i.content_type <> 'text' ORDER BY 1, 5, 3"
    )
    async with temporary_database(superuser) as database:
        owner = create_engine(database.owner)
        try:
            async with owner.begin() as connection:
                await connection.execute(text("INSERT INTO countries (iso_code, name) VALUES ('US', 'USA')"))
            summary, error = sorted(
                await asyncio.gather(load(owner), load(owner), return_exceptions=True), key=lambda one: str(type(one))
            )[::-1]
            assert isinstance(error, DemoExistsError)
            again = Loaded(owner, None, summary, [], 0)
            assert await again.rows(query) == await demo.rows(query)
        finally:
            await owner.dispose()
