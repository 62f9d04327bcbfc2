"""Two universities with equal short data, for the tests of the read path."""

import json
from dataclasses import dataclass, field
from typing import Any

import asyncpg

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


class Rows:
    """Inserts rows: `await rows.add("courses", title=…)` gives the new row."""

    def __init__(self, driver: asyncpg.Connection) -> None:
        self.driver = driver

    async def add(self, table: str, **values: Any) -> asyncpg.Record:
        given = {name: json.dumps(value) if isinstance(value, dict | list) else value for name, value in values.items()}
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
    for name in ("student", "other", "instructor", "ta", "admin", "beta_student", "beta_admin", "outsider", "gone"):
        user = await rows.add(
            "users", email=f"{name}@test.example", full_name=name, password_hash="!", is_active=name != "gone"
        )
        people[name] = user["id"]
    alpha = await _campus(rows, "ALPHA", country, subject, people, _ALPHA_PEOPLE)
    beta = await _campus(rows, "BETA", country, subject, people, _BETA_PEOPLE)
    await rows.add("universities", name="Closed", short_code="CLOSED", country_id=country["id"], is_active=False)
    await driver.execute("ANALYZE")
    return World(alpha, beta, people)


_ALPHA_PEOPLE = {
    "student": "student",
    "other": "student",
    "instructor": "instructor",
    "ta": "ta",
    "admin": "university_admin",
    "gone": "student",
}
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
    await _syllabus(rows, made)
    await _learning(rows, made, tenant, people, roles)
    template = await rows.add("module_templates", **tenant, template_type="lesson", title=f"{code} template")
    made["template"] = template
    await rows.driver.execute(
        "UPDATE modules SET module_template_id = $1 WHERE university_id = $2 AND id = $3",
        *(template["id"], university["id"], made["lesson"]["id"]),
    )
    return campus


async def _syllabus(rows: Rows, made: dict[str, Any]) -> None:
    course = made["course"]
    made["root"] = await rows.module(course, title="Course", module_type="course_root")
    made["unit"] = await rows.module(course, made["root"], title="Unit 1", description="About forces.")
    made["lesson"] = await rows.module(course, made["unit"], title="Lesson 1", module_type="lesson")
    made["hidden"] = await rows.module(course, made["root"], title="Unit 2", sequence_index=2, is_published=False)
    made["below"] = await rows.module(course, made["hidden"], title="Lesson below", module_type="lesson")
    for position, kind in enumerate(KINDS, start=1):
        made[kind] = await rows.item(
            made["lesson"], kind, sequence_index=position, estimated_duration_seconds=60 * position
        )
    made["inactive"] = await rows.item(made["lesson"], "text", sequence_index=9, is_active=False)
    made["buried"] = await rows.item(made["below"], "text", title="SECRET buried")
    made["draft_module"] = await rows.module(made["draft"], title="Draft unit")
    made["draft_item"] = await rows.item(made["draft_module"], "text", title="SECRET draft")


async def _learning(
    rows: Rows, made: dict[str, Any], tenant: dict[str, Any], people: dict[str, int], roles: dict[str, str]
) -> None:
    course_id = made["course"]["id"]
    for visibility in ("public", "members", "private"):
        made[visibility] = await rows.add(
            "course_offerings", **tenant, course_id=course_id, term_name=visibility, visibility=visibility
        )
    students = [people[name] for name, role in roles.items() if role == "student" and name != "gone"]
    for number, user_id in enumerate(students):
        enrollment = {**tenant, "user_id": user_id, "course_offering_id": made["private"]["id"]}
        made[f"enrollment_{number}"] = await rows.add("course_enrollments", **enrollment)
        made[f"grade_{number}"] = await rows.add(
            "course_grades", **enrollment, final_score=90 + number, letter_grade="A", passed=True
        )
        progress = {**enrollment, "course_id": course_id, "progress_percent": 50}
        await rows.add("user_module_progress", **progress, module_id=made["lesson"]["id"])
        await rows.add("user_module_progress", **progress, module_id=made["below"]["id"])
        await rows.add("user_content_progress", **progress, content_item_id=made["video"]["id"], attempts_count=2)
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
    )
