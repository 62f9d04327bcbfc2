"""Two universities with equal short data, for the tests of the read path."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

import asyncpg

_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)

VIDEO = {
    "provider": "youtube",
    "video_id": "abc123",
    "url": "https://video.example/abc123",
    "duration_seconds": 600,
    "thumbnail_url": "https://video.example/abc123.jpg",
    "transcript": {
        "language": "en",
        "segments": [
            {"start": 0.0, "end": 4.5, "text": "Welcome to the course."},
            {"start": 4.5, "end": 9.0, "text": "First, forces."},
            {"start": 9.0, "end": 12.0, "text": "Then, motion."},
        ],
    },
}
QUIZ = {
    "question_pool_id": 7,
    "quiz_mode": "practice",
    "num_questions_per_attempt": 10,
    "randomize_order": True,
    "time_limit_seconds": None,
    "mastery": {"points": 50, "threshold_correct_in_row": 3, "max_attempts": 5},
}
LAB = {
    "lab_type": "code",
    "runtime": "python-datascience",
    "container_image": "SECRET-registry/image:tag",
    "cpu_limit": "1",
    "memory_limit": "2Gi",
    "timeout_seconds": 3600,
    "entrypoint": "jupyter-lab",
    "env": {"TOKEN": "SECRET-value"},
    "files": [
        {"path": "notebooks/lab.ipynb", "role": "student_visible"},
        {"path": "tests/SECRET_test.py", "role": "hidden_test"},
    ],
    "grading": {"type": "unit_tests", "max_points": 100},
}
TEXT = {
    "layout": "rich_text_v1",
    "title": "What is a force?",
    "blocks": [
        {"type": "heading", "level": 2, "text": "Forces"},
        {"type": "paragraph", "text": "A *push* or a pull."},
        {"type": "math", "latex": "F = m a"},
        {"type": "image", "url": "https://img.example/f.png", "alt_text": "an arrow", "caption": "A force"},
        {"type": "link_list", "items": [{"label": "More", "url": "https://more.example/"}]},
        {"type": "hologram", "beam": 3},
    ],
}
ASSIGNMENT = {"instructions": "Measure *g*.", "submission_types": ["file", "text"], "max_points": 20}
RESOURCE = {"resources": [{"label": "Handout", "url": "https://files.example/h.pdf", "kind": "pdf"}]}
KINDS = {
    "video": VIDEO,
    "quiz": QUIZ,
    "engineering_lab": LAB,
    "text": TEXT,
    "assignment": ASSIGNMENT,
    "resource": RESOURCE,
}

POSTED = datetime(2026, 10, 1, 12, tzinfo=UTC)
DUE = datetime(2026, 12, 1, 12, tzinfo=UTC)


_ARRAYS = {"scopes", "roles"}
"""Columns that are lists to PostgreSQL, too; all others are JSON."""


class Rows:
    """Inserts rows: `await rows.add("courses", title=…)` gives the new row."""

    def __init__(self, driver: asyncpg.Connection) -> None:
        self.driver = driver

    async def add(self, table: str, **values: Any) -> asyncpg.Record:
        given = {
            name: json.dumps(value) if isinstance(value, dict | list) and name not in _ARRAYS else value
            for name, value in values.items()
        }
        names = ", ".join(given)
        marks = ", ".join(f"${number}" for number in range(1, len(given) + 1))
        return await self.driver.fetchrow(
            f"INSERT INTO {table} ({names}) VALUES ({marks}) RETURNING *", *given.values()
        )

    async def module(self, course: Any, parent: Any = None, **values: Any) -> asyncpg.Record:
        visible = values.setdefault("is_published", True) and (parent is None or parent["effective_published"])
        given = {
            "title": "A module",
            "module_type": "unit",
            "effective_published": visible,
            "depth": 0 if parent is None else parent["depth"] + 1,
            "parent_module_id": None if parent is None else parent["id"],
        }
        return await self.add(
            "modules", university_id=course["university_id"], course_id=course["id"], **{**given, **values}
        )

    async def item(self, module: Any, kind: str, payload: Any = None, **values: Any) -> asyncpg.Record:
        given = {"title": f"A {kind}", "data_json": KINDS[kind] if payload is None else payload}
        return await self.add(
            "content_items",
            university_id=module["university_id"],
            course_id=module["course_id"],
            module_id=module["id"],
            content_type=kind,
            **{**given, **values},
        )

    async def remove_course(self, course: Any) -> None:
        """A course that nobody has learnt from, with its modules and items."""
        for table, column in (("content_items", "course_id"), ("modules", "course_id"), ("courses", "id")):
            await self.driver.execute(f"DELETE FROM {table} WHERE {column} = $1", course["id"])


@dataclass
class Campus:
    """One university's rows, by short names."""

    university: Any
    rows: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.rows[name]


@dataclass
class World:
    """Everything; people are ids of users."""

    alpha: Campus
    beta: Campus
    people: dict[str, int]


async def build_world(driver: asyncpg.Connection) -> World:
    """Insert both universities and their people."""
    rows = Rows(driver)
    country = await rows.add("countries", iso_code="US", name="United States", region_name="North America")
    domain = await rows.add("domains", code="SCI", name="Science", description="How things are.")
    subject = await rows.add("subjects", code="PHYS", name="Physics", domain_id=domain["id"])
    await rows.add("subjects", code="MECH", name="Mechanics", parent_subject_id=subject["id"], depth=1)
    people = {}
    for name in _EVERYBODY:
        user = await rows.add(
            "users", email=f"{name}@test.example", full_name=name, password_hash="!", is_active=name != "gone"
        )
        people[name] = user["id"]
    alpha = await _campus(rows, "ALPHA", country, subject, people, ALPHA_PEOPLE)
    beta = await _campus(rows, "BETA", country, subject, people, _BETA_PEOPLE)
    await _elsewhere(rows, alpha, people)
    await rows.add("platform_administrators", user_id=people["platform_admin"])
    await rows.add("universities", name="Closed", short_code="CLOSED", country_id=country["id"], is_active=False)
    await driver.execute("ANALYZE")
    return World(alpha, beta, people)


_EVERYBODY = (
    *("student", "other", "instructor", "ta", "admin", "beta_student", "beta_admin", "outsider", "gone"),
    *("department_admin", "section_ta", "far_instructor", "far_admin", "bystander", "platform_admin"),
)
ALPHA_PEOPLE = {
    "student": "student",
    "other": "student",
    "instructor": "instructor",
    "ta": "ta",
    "admin": "university_admin",
    "gone": "student",
    # Has a role of no reach; what is looked after makes staff of the others.
    "department_admin": "student",
    "section_ta": "student",
    "far_instructor": "instructor",
    "far_admin": "student",
    "bystander": "student",
}
_NOT_ENROLLED = {"gone", "department_admin", "section_ta", "far_admin", "bystander"}
_BETA_PEOPLE = {"beta_student": "student", "beta_admin": "university_admin", "student": "student"}


async def _campus(
    rows: Rows, code: str, country: Any, subject: Any, people: dict[str, int], roles: dict[str, str]
) -> Campus:
    university = await rows.add("universities", name=f"{code} University", short_code=code, country_id=country["id"])
    campus = Campus(university)
    tenant = {"university_id": university["id"]}
    for name, role in roles.items():
        member = {**tenant, "user_id": people[name]}
        await rows.add("university_members", **member, display_name=f"{code} {name}", email=f"{name}@{code}.example")
        await rows.add("user_university_roles", **member, role=role)
    made = campus.rows
    made["service_token"] = await rows.add(
        "service_tokens",
        **tenant,
        digest=sha256(code.encode()).digest(),
        scopes=["lab:grade"],
        expires_at=datetime.now(UTC) + timedelta(hours=1),
    )
    administrator = next(name for name, role in roles.items() if role == "university_admin")
    await rows.add(
        "invitations",
        **tenant,
        user_id=people[administrator],
        digest=sha256(b"an invitation").digest(),
        expires_at=datetime.now(UTC) + timedelta(days=1),
    )
    made["department"] = await rows.add("departments", **tenant, code="PH", name="Physics")
    made["course"] = await rows.add(
        "courses",
        **tenant,
        code="P101",
        title="Forces and motion",
        description="The first course.",
        department_id=made["department"]["id"],
        primary_subject_id=subject["id"],
        is_published=True,
    )
    made["draft"] = await rows.add("courses", **tenant, code="D101", title="A draft")
    await rows.add(
        "course_subjects", **tenant, course_id=made["course"]["id"], subject_id=subject["id"], is_primary=True
    )
    made["pool"] = await rows.add("question_pools", **tenant, course_id=made["course"]["id"], title=f"{code} pool")
    await _syllabus(rows, made)
    await _learning(rows, made, tenant, people, roles)
    await _assessment(rows, made, tenant, next(people[name] for name, role in roles.items() if role != "student"))
    await _finished(rows, made, tenant, people["admin" if code == "ALPHA" else "beta_admin"], code)
    await _talk(rows, made, tenant, [people[name] for name in roles if "student" in name or name == "other"])
    await _staff(rows, made, tenant, people, roles)
    await _campus_life(rows, made, tenant, people["student"], people["instructor" if code == "ALPHA" else "beta_admin"])
    await _template(rows, made, tenant, code)
    return campus


async def _template(rows: Rows, made: dict[str, Any], tenant: dict[str, Any], code: str) -> None:
    """A template with a version, of which the lesson was made, and with a draft of the next."""
    node = {"key": f"{code}-lesson", "kind": "module", "parent": None, "type": "lesson", "title": f"{code} template"}
    tree = [{**node, "description": None, "seconds": None, "data": None}]
    made["template"] = template = await rows.add(
        "module_templates", **tenant, template_type="lesson", title=f"{code} template", draft=tree
    )
    made["template_version"] = await rows.add(
        "module_template_versions",
        **{**tenant, "template_id": template["id"], "version": 1, "title": node["title"], "tree": tree},
        node_count=1,
    )
    await rows.driver.execute(
        "UPDATE modules SET module_template_id = $1, template_version = 1, template_node = $2"
        " WHERE university_id = $3 AND id = $4",
        *(template["id"], node["key"], tenant["university_id"], made["lesson"]["id"]),
    )


async def _syllabus(rows: Rows, made: dict[str, Any]) -> None:
    course = made["course"]
    made["root"] = await rows.module(course, title="Course", module_type="course_root")
    made["unit"] = await rows.module(course, made["root"], title="Unit 1", description="About forces.")
    made["lesson"] = await rows.module(course, made["unit"], title="Lesson 1", module_type="lesson")
    made["hidden"] = await rows.module(course, made["root"], title="Unit 2", sequence_index=2, is_published=False)
    made["below"] = await rows.module(course, made["hidden"], title="Lesson below", module_type="lesson")
    for position, kind in enumerate(KINDS, start=1):
        pool = {"question_pool_id": made["pool"]["id"]} if kind == "quiz" else {}
        made[kind] = await rows.item(
            made["lesson"],
            kind,
            {**KINDS[kind], **pool},
            sequence_index=position,
            estimated_duration_seconds=60 * position,
        )
    made["inactive"] = await rows.item(made["lesson"], "text", sequence_index=9, is_active=False)
    anew = "UPDATE content_items SET description = 'Said anew.' WHERE id = $1"
    await rows.driver.execute(anew, made["inactive"]["id"])  # so that there is a former revision
    made["buried"] = await rows.item(made["below"], "text", title="SECRET buried")
    made["draft_module"] = await rows.module(made["draft"], title="Draft unit")
    made["draft_item"] = await rows.item(made["draft_module"], "text", title="SECRET draft")


async def _settings(rows: Rows, made: dict[str, Any], tenant: dict[str, Any]) -> None:
    """What the private offering asks: a quiz is due for all, and later for who is in section B."""
    offering = {**tenant, "course_offering_id": made["private"]["id"]}
    made["section"] = await rows.add("offering_sections", **offering, code="B", name="Section B")
    asked = {**offering, "course_id": made["course"]["id"], "content_item_id": made["quiz"]["id"]}
    made["setting"] = await rows.add("content_item_settings", **asked, due_at=DUE, points=10)
    made["override"] = await rows.add(
        "content_item_settings", **asked, section_id=made["section"]["id"], due_at=DUE + timedelta(days=7)
    )


async def _grading(rows: Rows, made: dict[str, Any], tenant: dict[str, Any]) -> None:
    """The course's policy, and an exam on paper in the private offering."""
    scheme = [[80, "B"], [90, "A"]]
    made["policy"] = await rows.add(
        "grading_policies", **tenant, course_id=made["course"]["id"], pass_mark=55, letter_scheme=scheme
    )
    category = {**tenant, "policy_id": made["policy"]["id"]}
    made["exams"] = await rows.add("grade_categories", **category, name="Exams", position=2, weight=60)
    made["homework"] = await rows.add(
        "grade_categories", **category, name="Homework", position=1, weight=40, drop_lowest=1, min_count=3
    )
    made["exam"] = await rows.add(
        "grade_items",
        **tenant,
        course_offering_id=made["private"]["id"],
        grade_category_id=made["exams"]["id"],
        title="Exam on paper",
        points=100,
        held_at=POSTED,
    )


async def _learning(
    rows: Rows, made: dict[str, Any], tenant: dict[str, Any], people: dict[str, int], roles: dict[str, str]
) -> None:
    course_id = made["course"]["id"]
    for visibility in ("public", "members", "private"):
        made[visibility] = await rows.add(
            "course_offerings", **tenant, course_id=course_id, term_name=visibility, visibility=visibility
        )
    students = [people[name] for name, role in roles.items() if role == "student" and name not in _NOT_ENROLLED]
    await _settings(rows, made, tenant)
    await _grading(rows, made, tenant)
    for number, user_id in enumerate(students):
        enrollment = {**tenant, "user_id": user_id, "course_offering_id": made["private"]["id"]}
        made[f"enrollment_{number}"] = await rows.add("course_enrollments", **enrollment)
        made[f"grade_{number}"] = await rows.add(
            "course_grades", **enrollment, final_score=90 + number, letter_grade="A", passed=True, posted_at=POSTED
        )
        await rows.add(
            "grade_item_scores", **enrollment, grade_item_id=made["exam"]["id"], score=70 + number, posted_at=POSTED
        )
        progress = {**enrollment, "course_id": course_id, "progress_percent": 50}
        await rows.add("user_module_progress", **progress, module_id=made["lesson"]["id"])
        await rows.add("user_module_progress", **progress, module_id=made["below"]["id"])
        await rows.add("user_content_progress", **progress, content_item_id=made["video"]["id"], attempts_count=2)
    await rows.driver.execute(
        "UPDATE course_offerings SET seats_taken = $1 WHERE id = $2", len(students), made["private"]["id"]
    )
    teacher = next((people[name] for name, role in roles.items() if role == "instructor"), None)
    if teacher is not None:
        await rows.add(
            "course_offering_instructors", **tenant, course_offering_id=made["public"]["id"], user_id=teacher
        )
    made["asset"] = await rows.add(
        "assets",
        **tenant,
        url="https://files.example/a.png",
        asset_type="image",
        meta_json={"alt_text": "a chart", "width": 640, "height": 480},
        created_at=_LONG_AGO,
    )
    made["used_asset"] = await rows.add(
        "assets", **tenant, course_id=course_id, url="https://files.example/b.png", asset_type="image"
    )
    use = {"content_item_id": made["inactive"]["id"], "asset_id": made["used_asset"]["id"]}
    await rows.add("content_item_assets", **tenant, **use)


async def _assessment(rows: Rows, made: dict[str, Any], tenant: dict[str, Any], grader: int) -> None:
    """A question with a newer version, and what the students did: what is not for them says SECRET."""
    question = {**tenant, "pool_id": made["pool"]["id"], "number": 1, "type": "single_choice", "hints": ["Think."]}
    options = [{"id": "a", "text": "A push"}, {"id": "b", "text": "A colour"}]
    for version in (1, 2):
        key = f"question_{version}"
        made[key] = await rows.add(
            "questions",
            **question,
            version=version,
            is_active=version == 2,
            stem=f"SECRET version {version}",
            options=options,
        )
        await rows.add(
            "question_keys",
            **tenant,
            question_id=made[key]["id"],
            answer={"correct": ["SECRET a"]},
            explanation="SECRET explanation",
        )
    asked = {**tenant, "course_id": made["course"]["id"], "content_item_id": made["assignment"]["id"]}
    made["criterion"] = await rows.add("rubric_criteria", **asked, position=1, title="Method", points=20)
    await rows.add(
        "rubric_ratings", **tenant, criterion_id=made["criterion"]["id"], position=1, title="Flawless", points=20
    )
    number = 0
    while f"enrollment_{number}" in made:
        enrollment = made[f"enrollment_{number}"]
        person = {**tenant, "user_id": enrollment["user_id"], "course_offering_id": enrollment["course_offering_id"]}
        await _person_assessed(rows, made, {**person, "course_id": made["course"]["id"]}, number, grader)
        number += 1


async def _person_assessed(rows: Rows, made: dict[str, Any], person: dict[str, Any], number: int, grader: int) -> None:
    """An attempt that is graded and one that is open; a lab that is graded, a grade to be posted, work that waits."""
    begun = datetime(2026, 9, 1, 12, tzinfo=UTC)
    attempt = {**person, "content_item_id": made["quiz"]["id"], "started_at": begun}
    made[f"attempt_{number}"] = await rows.add(
        "quiz_attempts",
        **attempt,
        submitted_at=begun + timedelta(minutes=5),
        deadline_at=begun + timedelta(minutes=30),
        status="graded",
        score_obtained=Decimal("0.5"),
        max_score=1,
        passed=False,
    )
    made[f"open_{number}"] = await rows.add("quiz_attempts", **attempt, attempt_number=2)
    for key in (f"attempt_{number}", f"open_{number}"):
        drawn = {"university_id": person["university_id"], "attempt_id": made[key]["id"], "position": 1}
        await rows.add(
            "quiz_attempt_questions",
            **drawn,
            question_id=made["question_1"]["id"],
            points=1,
            snapshot={
                "type": "single_choice",
                "stem": "What is a force?",
                "options": [{"id": "b", "text": "A colour"}, {"id": "a", "text": "A push"}],
                "hints": ["Think."],
            },
        )
        if key.startswith("attempt"):
            await rows.add("quiz_attempt_answers", **drawn, response={"chosen": ["a"]}, points_awarded=Decimal("0.5"))
    for key, kind, attempt_number, graded in _WORK:
        grade = {"graded_by": grader, "graded_at": begun + timedelta(days=1), "status": "graded"} if graded else {}
        made[f"{key}_{number}"] = await rows.add(
            "lab_submissions",
            **person,
            content_item_id=made[kind]["id"],
            content_type=kind,
            attempt_number=attempt_number,
            submitted_at=begun + timedelta(minutes=attempt_number),
            artifacts_url=f"https://files.example/{key}.zip",
            **grade,
            **graded,
        )
    handed_in = made[f"posted_{number}"]
    made[f"file_{number}"] = await rows.add(
        "uploads",
        **person,
        content_item_id=handed_in["content_item_id"],
        submission_id=handed_in["id"],
        state="attached",
        file_name="notebook.ipynb",
        media_type="application/x-ipynb+json",
        size_bytes=1200,
        sha256=sha256(b"a notebook").digest(),
        expires_at=begun,
    )


_RESULTS = {
    "public_results": [{"name": "runs", "passed": True, "points": 2.5}],
    "hidden_results": [{"name": "SECRET hidden", "passed": False, "message": "SECRET message"}],
    "auto_grade_json": {"tests": [{"name": "SECRET automatic", "passed": True}]},
}
_WORK: list[tuple[str, str, int, dict[str, Any]]] = [
    (
        "posted",
        "engineering_lab",
        1,
        {
            "score_obtained": 80,
            "max_score": 100,
            "instructor_feedback": "Sound.",
            "body": "print('lab')",
            "rubric_result": [{"criterion_id": 1, "title": "Method", "points": 2, "most": 3, "comment": "Neat."}],
            "posted_at": datetime(2026, 9, 3, tzinfo=UTC),
            **_RESULTS,
        },
    ),
    (
        "later",
        "engineering_lab",
        2,
        {
            "score_obtained": Decimal("77.77"),
            "max_score": Decimal("99.99"),
            "instructor_feedback": "SECRET feedback",
            "rubric_result": [{"criterion_id": 1, "title": "SECRET", "points": 2, "most": 3, "comment": "SECRET"}],
            "posted_at": datetime(2999, 1, 1, tzinfo=UTC),
            **_RESULTS,
        },
    ),
    (
        "unposted",
        "assignment",
        1,
        {"score_obtained": Decimal("77.77"), "max_score": Decimal("99.99"), "instructor_feedback": "SECRET feedback"},
    ),
    ("waiting", "assignment", 2, {}),
]


async def _finished(rows: Rows, made: dict[str, Any], tenant: dict[str, Any], user_id: int, code: str) -> None:
    """The administrator has completed the public offering once: a live certificate, a revoked one, a review."""
    here = {**tenant, "user_id": user_id, "course_offering_id": made["public"]["id"]}
    made["finished"] = await rows.add("course_enrollments", **here, status="completed", completed_at=_LONG_AGO)
    said = {"recipient_name": "A graduate", "course_code": "P101", "course_title": "Forces", "issued_at": _LONG_AGO}
    made["certificate"] = await rows.add("certificates", **here, **said, certificate_code=f"{code}-P101-1")
    made["revoked"] = await rows.add(
        "certificates",
        **here,
        **said,
        certificate_code=f"{code}-P101-2",
        revoked_at=_LONG_AGO,
        revocation_reason="Issued twice.",
    )
    made["review"] = await rows.add("course_reviews", **here, rating=4, review_text="Clear.")


async def _talk(rows: Rows, made: dict[str, Any], tenant: dict[str, Any], students: list[int]) -> None:
    """In the private offering a thread on the video, one on a hidden module, and one on nothing."""
    thread = {
        **tenant,
        "course_id": made["course"]["id"],
        "course_offering_id": made["private"]["id"],
        "created_by_user_id": students[0],
    }
    about = {
        "thread": {"title": "Why?", "module_id": made["lesson"]["id"], "content_item_id": made["video"]["id"]},
        "hidden_thread": {"title": "SECRET thread", "module_id": made["below"]["id"]},
        "pinned_thread": {"title": "Read me", "is_pinned": True},
    }
    for name, values in about.items():
        made[name] = await rows.add("discussion_threads", **thread, **values)
    post = {**tenant, "thread_id": made["thread"]["id"]}
    made["post"] = await rows.add("discussion_posts", **post, user_id=students[0], body="Why does it fall?")
    made["reply"] = await rows.add(
        "discussion_posts", **post, user_id=students[1], body="It is heavy.", parent_post_id=made["post"]["id"]
    )
    of_post = {**tenant, "post_id": made["post"]["id"]}
    former = {"version": 1, "body": "Why does it?", "written_at": POSTED, "replaced_by": students[0]}
    made["revision"] = await rows.add("post_revisions", **of_post, **former)
    made["report"] = await rows.add(
        "post_reports", **of_post, user_id=students[1], kind="off_topic", reason="SECRET reason"
    )


async def _staff(
    rows: Rows, made: dict[str, Any], tenant: dict[str, Any], people: dict[str, int], roles: dict[str, str]
) -> None:
    """Who teaches the private offering, who its section A, and who looks after the department."""
    private = {**tenant, "course_offering_id": made["private"]["id"]}
    made["section"] = await rows.add("offering_sections", **private, code="A", name="Tuesdays")
    alone = "section_ta" if "section_ta" in roles else "beta_admin"
    made["teaches_section"] = await rows.add(
        "course_offering_instructors", **private, user_id=people[alone], section_id=made["section"]["id"], role="ta"
    )
    for name in {"instructor", "ta"} & set(roles):
        await rows.add("course_offering_instructors", **private, user_id=people[name], role=name)
    looks_after = people["department_admin" if "department_admin" in roles else "beta_admin"]
    await rows.add(
        "user_university_roles",
        **tenant,
        user_id=looks_after,
        role="department_admin",
        department_id=made["department"]["id"],
    )


async def _elsewhere(rows: Rows, campus: Campus, people: dict[str, int]) -> None:
    """A second department with a course that nobody has heard of yet, who teaches it, and who looks after it."""
    made, tenant = campus.rows, {"university_id": campus.university["id"]}
    made["far_department"] = await rows.add("departments", **tenant, code="CH", name="Chemistry")
    department = {**tenant, "department_id": made["far_department"]["id"]}
    made["far_course"] = await rows.add("courses", **department, code="C101", title="Matter")
    made["far_module"] = await rows.module(made["far_course"], title="Atoms")
    made["far_offering"] = await rows.add(
        "course_offerings", **tenant, course_id=made["far_course"]["id"], term_name="far"
    )
    await rows.add(
        "course_offering_instructors",
        **tenant,
        course_offering_id=made["far_offering"]["id"],
        user_id=people["far_instructor"],
    )
    await rows.add("user_university_roles", **department, user_id=people["far_admin"], role="department_admin")


async def _campus_life(rows: Rows, made: dict[str, Any], tenant: dict[str, Any], student: int, teacher: int) -> None:
    """A term, a prerequisite that is not published, the events of an enrollment in section A."""
    driver = rows.driver
    made["term"] = await rows.add(
        "terms",
        **tenant,
        code="2026-FALL",
        name="Fall 2026",
        starts_at=datetime(2026, 9, 1, tzinfo=UTC),
        ends_at=datetime(2026, 12, 20, tzinfo=UTC),
    )
    await driver.execute(
        "UPDATE course_offerings SET term_id = $3 WHERE university_id = $1 AND id = ANY($2)",
        tenant["university_id"],
        [made["public"]["id"], made["private"]["id"]],
        made["term"]["id"],
    )
    enrollment = await driver.fetchrow(
        "UPDATE course_enrollments SET section_id = $3 WHERE university_id = $1 AND user_id = $2 RETURNING *",
        tenant["university_id"],
        student,
        made["section"]["id"],
    )
    made["event"] = await rows.add(
        "enrollment_events",
        **tenant,
        enrollment_id=enrollment["id"],
        old_status="pending",
        new_status="active",
        changed_by=teacher,
        reason="Approved.",
    )
    await rows.add(
        "course_prerequisites",
        **tenant,
        course_id=made["course"]["id"],
        prerequisite_course_id=made["draft"]["id"],
        prerequisite_type="recommended",
    )
    made["job"] = await rows.add(
        "jobs", **tenant, kind="grades.regrade", state="done", total=2, done=2, finished_at=POSTED, created_by=teacher
    )
    made["roster_import"] = await rows.add(
        "roster_imports", **tenant, job_id=made["job"]["id"], file_name="roster.zip", mode="full", is_dry_run=True
    )
    await rows.add(
        "roster_import_errors", **tenant, import_id=made["roster_import"]["id"], file="users", line=2, field="email",
        message="a person needs an e-mail address",
    )  # fmt: skip
    await rows.add(
        "grade_history", **tenant, course_offering_id=made["private"]["id"], user_id=student, new_score=90,
        changed_by=teacher, reason="Worked out.",
    )  # fmt: skip
    await rows.add("disclosures", **tenant, user_id=student, viewer_id=teacher, kind="grades", request_id="a-request")
