"""What a term needs before it begins and GraphQL can't author: people, the imported course, an offering."""

import json
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import asyncpg

from lms_graphql.commands.database import tenant_connection
from lms_graphql.interop.olx.archive import read_archive
from lms_graphql.interop.olx.course import read_course
from lms_graphql.interop.service import import_course
from tests.chaos.machines import Store
from tests.interop.olx_packages import demo_course
from tests.load.campuses import Campus, add_campus, add_course, add_offerings
from tests.term.oracle import Question

SEATS = 3
ROLES = ("staff", "ada", "ben", "cam", "dee", "eli")
TYPENAMES = {
    "text": "TextContent",
    "video": "VideoContent",
    "resource": "ResourceContent",
    "quiz": "QuizContent",
    "assignment": "AssignmentContent",
    "engineering_lab": "EngineeringLabContent",
}
_SCRIPTED = ["single_choice", "multiple_choice", "dropdown", "numerical", "text"]
"""A quiz of each of these types of questions is taken."""


@dataclass
class Term:
    """The place, and the numbers of its rows."""

    campus: Campus
    people: dict[str, int]
    course: int
    offering: int
    items: list[tuple[int, str]]
    """Every item that students see, with its kind, in order."""
    quizzes: list[int]
    assignments: list[int]
    lab: int

    def item(self, number: int) -> str:
        """The global id of an item."""
        return self.campus.of(TYPENAMES[dict(self.items)[number]], number)


async def prepare(machine: Store, owner: asyncpg.Connection) -> Term:
    """All of it, as the owner, but for the import, which is the product's own."""
    campus = await add_campus(owner, "TERM", len(ROLES))
    people = dict(zip(ROLES, campus.people, strict=True))
    imported, _ = read_course(read_archive(demo_course()))
    async with tenant_connection(machine.database.app, campus.id) as connection:
        await import_course(connection, campus.id, imported)
    course = await owner.fetchval("SELECT max(id) FROM courses WHERE university_id = $1", campus.id)
    await owner.execute("UPDATE courses SET is_published = true WHERE university_id = $1", campus.id)
    await _ask_for_basics(owner, campus, course, [people[name] for name in ("ada", "ben", "cam", "dee")])
    (offering,) = await add_offerings(owner, campus, course, 1)
    await owner.execute(
        "UPDATE course_offerings SET capacity = $3 WHERE university_id = $1 AND id = $2", campus.id, offering, SEATS
    )
    assignments = await _ids(owner, "i.content_type = 'assignment'", campus.id, course)
    lab = await _add_lab(owner, assignments[0])
    items = await owner.fetch(
        "SELECT i.id, i.content_type::text FROM content_items i JOIN modules m ON m.university_id = i.university_id"
        " AND m.id = i.module_id WHERE i.university_id = $1 AND i.course_id = $2 AND i.is_active"
        " AND m.effective_published ORDER BY i.id",
        *(campus.id, course),
    )
    quizzes = [await _ids(owner, _ASKING.format(type=kind), campus.id, course) for kind in _SCRIPTED]
    chosen = [found[0] for found in quizzes]
    return Term(campus, people, course, offering, [tuple(row) for row in items], chosen, assignments, lab)


_ASKING = """
    i.content_type = 'quiz' AND coalesce((i.data_json -> 'mastery' ->> 'max_attempts')::int, 9) >= 2
    AND (SELECT count(*) > 0 AND bool_and(q.type = '{type}' AND NOT k.answer @> '{{"is_pattern": true}}')
         FROM questions q JOIN question_keys k ON k.university_id = q.university_id AND k.question_id = q.id
         WHERE q.university_id = i.university_id AND q.is_active
         AND q.pool_id = (i.data_json ->> 'question_pool_id')::bigint)
"""


async def _ids(owner: asyncpg.Connection, condition: str, university: int, course: int) -> list[int]:
    found = await owner.fetch(
        "SELECT i.id FROM content_items i"
        f" WHERE i.university_id = $1 AND i.course_id = $2 AND {condition} ORDER BY i.id",
        *(university, course),
    )
    return [row[0] for row in found]


async def _ask_for_basics(owner: asyncpg.Connection, campus: Campus, course: int, people: list[int]) -> None:
    """The course asks for another, which these people have completed."""
    basics = await add_course(owner, campus, "BASICS")
    (offering,) = await add_offerings(owner, campus, basics, 1)
    await owner.execute(
        "INSERT INTO course_prerequisites (university_id, course_id, prerequisite_course_id) VALUES ($1, $2, $3)",
        *(campus.id, course, basics),
    )
    await owner.execute(
        "INSERT INTO course_enrollments (university_id, course_offering_id, user_id, status, completed_at)"
        " SELECT $1, $2, person, 'completed', now() FROM unnest($3::bigint[]) person",
        *(campus.id, offering, people),
    )


async def _add_lab(owner: asyncpg.Connection, beside: int) -> int:
    """A lab in the module of another item: the course has none."""
    payload = {"lab_type": "code", "grading": {"type": "unit_tests", "max_points": 100}}
    lab: int = await owner.fetchval(
        "INSERT INTO content_items (university_id, course_id, module_id, content_type, title, sequence_index,"
        " data_json) SELECT university_id, course_id, module_id, 'engineering_lab', 'A lab', 1000, $2::text::jsonb"
        " FROM content_items WHERE id = $1 RETURNING id",
        *(beside, json.dumps(payload)),
    )
    return lab


async def set_up(
    owner: asyncpg.Connection, term: Term, item: int, category: str, points: int, late_percent: int | None = None
) -> None:
    """An item counts in a category of the policy; with `late_percent` it was due one and a half days ago."""
    await owner.execute(
        "INSERT INTO content_item_settings (university_id, course_id, course_offering_id, content_item_id, points,"
        " completion_rule, grade_category_id, due_at, late_penalty_percent_per_day)"
        " SELECT $1, $2, $3, $4, $5, 'submit', c.id, CASE WHEN $7::numeric IS NOT NULL THEN now() - interval '36 hours'"
        " END, $7 FROM grade_categories c WHERE c.university_id = $1 AND c.name = $6",
        *(term.campus.id, term.course, term.offering, item, points, category, late_percent),
    )


async def questions(owner: asyncpg.Connection, attempt: int) -> list[tuple[Question, list[str]]]:
    """The questions of an attempt in order with their keys, and the ids of their options."""
    rows = await owner.fetch(
        "SELECT q.type, a.points, k.answer::text, q.options::text FROM quiz_attempt_questions a"
        " JOIN questions q ON q.university_id = a.university_id AND q.id = a.question_id"
        " JOIN question_keys k ON k.university_id = q.university_id AND k.question_id = q.id"
        " WHERE a.attempt_id = $1 ORDER BY a.position",
        attempt,
    )
    return [
        (Question(kind, Fraction(points), json.loads(key), None), [option["id"] for option in json.loads(options)])
        for kind, points, key, options in rows
    ]


def answered(question: Question, options: list[str], *, rightly: bool) -> dict[str, Any]:
    """Answer a question rightly or not, and give the answer as the API takes it."""
    wrong = [option for option in options if option not in question.key.get("correct", [])]
    match question.type:
        case "single_choice" | "dropdown":
            question.answer = question.key["correct"][0] if rightly else wrong[0]
            return {"choice": question.answer}
        case "multiple_choice":
            question.answer = question.key["correct"] if rightly else [*question.key["correct"], *wrong[:1]]
            return {"choices": question.answer}
        case "numerical":
            question.answer = question.key["value"] if rightly else "-987654321"
            return {"number": question.answer}
    question.answer = question.key["accepted"][0] if rightly else "certainly something else"
    return {"text": question.answer}
