"""Universities made for load: many people, offerings, items and questions, by a few statements as the owner."""

import json
from typing import NamedTuple

import asyncpg

from lms_graphql.engine.relay import GlobalId

QUESTIONS = 10


class Campus(NamedTuple):
    """One university: its short code, and the ids of its rows in the order in which they were made."""

    id: int
    code: str
    people: list[int]

    def of(self, typename: str, number: int) -> str:
        """The global id of one of its rows."""
        return str(GlobalId(typename, number, self.id))


class Study(NamedTuple):
    """An offering of a course, its items by kind, and who is enrolled."""

    offering: int
    items: dict[str, list[int]]
    people: list[int]


async def add_campus(driver: asyncpg.Connection, code: str, people: int) -> Campus:
    """A university with that many students, the first of whom is its administrator instead."""
    country = await driver.fetchval(
        "INSERT INTO countries (iso_code, name) VALUES ('US', 'United States')"
        " ON CONFLICT (iso_code) DO UPDATE SET name = excluded.name RETURNING id"
    )
    university = await driver.fetchval(
        "INSERT INTO universities (name, short_code, country_id) VALUES ($1 || ' University', $1, $2) RETURNING id",
        *(code, country),
    )
    found = await driver.fetch(
        "INSERT INTO users (email, full_name, password_hash)"
        " SELECT lower($1) || n || '@load.example', $1 || ' person ' || n, '!' FROM generate_series(1, $2) n"
        " RETURNING id",
        *(code, people),
    )
    ids = sorted(row[0] for row in found)
    await driver.execute(
        "INSERT INTO university_members (university_id, user_id, display_name, email)"
        " SELECT $1, id, full_name, email FROM users WHERE id = ANY($2)",
        *(university, ids),
    )
    await driver.execute(
        "INSERT INTO user_university_roles (university_id, user_id, role) SELECT $1, person,"
        " (CASE WHEN person = $3 THEN 'university_admin' ELSE 'student' END)::university_role_enum"
        " FROM unnest($2::bigint[]) person",
        *(university, ids, ids[0]),
    )
    return Campus(university, code, ids)


async def add_course(driver: asyncpg.Connection, campus: Campus, code: str) -> int:
    """A published course."""
    course: int = await driver.fetchval(
        "INSERT INTO courses (university_id, code, title, is_published) VALUES ($1, $2, $2, true) RETURNING id",
        *(campus.id, code),
    )
    return course


async def add_offerings(driver: asyncpg.Connection, campus: Campus, course: int, number: int) -> list[int]:
    """Offerings that run and that everybody may enrol in, with seats for all."""
    found = await driver.fetch(
        "INSERT INTO course_offerings (university_id, course_id, visibility, starts_at, ends_at, capacity)"
        " SELECT $1, $2, 'public', now() - interval '30 days', now() + interval '90 days', 1000000"
        " FROM generate_series(1, $3) RETURNING id",
        *(campus.id, course, number),
    )
    return sorted(row[0] for row in found)


async def add_study(
    driver: asyncpg.Connection, campus: Campus, people: list[int], *, lessons: int = 1, texts: int = 1, quizzes: int = 0
) -> Study:
    """A course of lessons with that many texts each, and quizzes in the first; these people are enrolled in it."""
    course = await add_course(driver, campus, f"S{people[0]}")
    (offering,) = await add_offerings(driver, campus, course, 1)
    of_course = (campus.id, course)
    unit = await driver.fetchval(
        "INSERT INTO modules (university_id, course_id, module_type, title, is_published, effective_published)"
        " VALUES ($1, $2, 'unit', 'Unit', true, true) RETURNING id",
        *of_course,
    )
    below = await driver.fetch(
        "INSERT INTO modules (university_id, course_id, parent_module_id, depth, module_type, title, is_published,"
        " effective_published, sequence_index)"
        " SELECT $1, $2, $3, 1, 'lesson', 'Lesson ' || n, true, true, n FROM generate_series(1, $4) n RETURNING id",
        *(*of_course, unit, lessons),
    )
    within = sorted(row[0] for row in below)
    items = {"text": await _add_items(driver, of_course, "text", within, texts, json.dumps({"blocks": []}))}
    pool = await _add_pool(driver, campus, course)
    drawn = {
        "question_pool_id": pool,
        "quiz_mode": "practice",
        "num_questions_per_attempt": QUESTIONS,
        "randomize_order": True,
        "time_limit_seconds": None,
        "mastery": {"points": 10, "threshold_correct_in_row": 1, "max_attempts": 1000},
    }
    items["quiz"] = await _add_items(driver, of_course, "quiz", within[:1], quizzes, json.dumps(drawn))
    await driver.execute(
        "INSERT INTO course_enrollments (university_id, course_offering_id, user_id, enrolled_at)"
        " SELECT $1, $2, person, now() - interval '20 days' FROM unnest($3::bigint[]) person",
        *(campus.id, offering, people),
    )
    await driver.execute(
        "UPDATE course_offerings SET seats_taken = $3 WHERE university_id = $1 AND id = $2",
        *(campus.id, offering, len(people)),
    )
    return Study(offering, items, people)


async def _add_items(
    driver: asyncpg.Connection, of_course: tuple[int, int], kind: str, modules: list[int], number: int, data: str
) -> list[int]:
    found = await driver.fetch(
        "INSERT INTO content_items (university_id, course_id, module_id, content_type, title, sequence_index,"
        " data_json, estimated_duration_seconds)"
        " SELECT $1, $2, module, $3::text::content_type_enum, $3 || ' ' || n, n + (SELECT count(*) FROM content_items"
        " i WHERE i.university_id = $1 AND i.module_id = module), $4::text::jsonb, 60"
        " FROM unnest($5::bigint[]) module, generate_series(1, $6) n RETURNING id",
        *(*of_course, kind, data, modules, number),
    )
    return sorted(row[0] for row in found)


async def _add_pool(driver: asyncpg.Connection, campus: Campus, course: int) -> int:
    """A pool of questions with one right choice, `b`."""
    pool: int = await driver.fetchval(
        "INSERT INTO question_pools (university_id, course_id, title) VALUES ($1, $2, 'Pool') RETURNING id",
        *(campus.id, course),
    )
    options = json.dumps([{"id": letter, "text": f"Answer {letter}"} for letter in "abcd"])
    await driver.execute(
        "INSERT INTO questions (university_id, pool_id, number, type, stem, options)"
        " SELECT $1, $2, n, 'single_choice', 'Question ' || n, $3::text::jsonb FROM generate_series(1, $4) n",
        *(campus.id, pool, options, 2 * QUESTIONS),
    )
    await driver.execute(
        "INSERT INTO question_keys (university_id, question_id, answer)"
        ' SELECT university_id, id, \'{"correct": ["b"]}\' FROM questions WHERE university_id = $1 AND pool_id = $2',
        *(campus.id, pool),
    )
    return pool
