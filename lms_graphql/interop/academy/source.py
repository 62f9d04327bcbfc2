"""What an academy holds, as its six tables have it, and reading it from its database."""

from datetime import datetime
from typing import Any, TypeVar

import asyncpg
import msgspec
from sqlalchemy import URL

from lms_graphql.storage.database import connect, described

T = TypeVar("T", bound=msgspec.Struct)


class AcademyError(Exception):
    """The source can't be read as an academy: one line fit to be shown to whoever imports."""


class User(msgspec.Struct):
    """A row of `users`; `role` is student, instructor or admin."""

    id: int
    email: str
    full_name: str
    role: str
    created_at: datetime


class Course(msgspec.Struct):
    """A row of `courses`; `level` says how much it asks for, which is called difficulty here."""

    id: int
    instructor_id: int
    slug: str
    title: str
    level: str
    is_published: bool


class Lesson(msgspec.Struct):
    """A row of `lessons`: it may stand in several courses."""

    id: int
    slug: str
    title: str
    duration_minutes: int


class CourseLesson(msgspec.Struct):
    """A row of `course_lessons`: that a lesson stands in a course, and where."""

    course_id: int
    lesson_id: int
    position: int


class Enrollment(msgspec.Struct):
    """A row of `enrollments`; `status` is active, completed or cancelled."""

    id: int
    course_id: int
    student_id: int
    status: str
    enrolled_at: datetime


class LessonProgress(msgspec.Struct):
    """A row of `lesson_progress`."""

    enrollment_id: int
    lesson_id: int
    completed_at: datetime | None
    progress_percent: int


class Academy(msgspec.Struct):
    """A whole academy, each table by its primary key."""

    users: list[User] = []
    courses: list[Course] = []
    lessons: list[Lesson] = []
    course_lessons: list[CourseLesson] = []
    enrollments: list[Enrollment] = []
    lesson_progress: list[LessonProgress] = []


_TABLES: dict[str, type[msgspec.Struct]] = {
    "users": User,
    "courses": Course,
    "lessons": Lesson,
    "course_lessons": CourseLesson,
    "enrollments": Enrollment,
    "lesson_progress": LessonProgress,
}
_COLUMNS = (
    "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = current_schema()"
)


async def read_academy(url: URL) -> Academy:
    """The academy in a database, all of it as of one moment; nothing is written there.

    Raises DatabaseUnreachableError, UnsupportedPostgresError, and AcademyError for a database of something else.
    """
    driver = await connect(url)
    try:
        async with driver.transaction(isolation="repeatable_read", readonly=True):
            await _require_academy(driver, url)
            return Academy(
                await _rows(driver, "users", User),
                await _rows(driver, "courses", Course),
                await _rows(driver, "lessons", Lesson),
                await _rows(driver, "course_lessons", CourseLesson),
                await _rows(driver, "enrollments", Enrollment),
                await _rows(driver, "lesson_progress", LessonProgress),
            )
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise AcademyError(f"the database at {described(url)} can't be read: {reason}") from error
    finally:
        await driver.close(timeout=5)


async def _require_academy(driver: asyncpg.Connection, url: URL) -> None:
    """Raise AcademyError unless all tables are there with all columns that are read."""
    here = {row[0] for row in await driver.fetch(_COLUMNS)}
    tables = {name.partition(".")[0] for name in here}
    missing = [f"the table {table}" for table in _TABLES if table not in tables]
    for table, row in _TABLES.items():
        if table in tables:
            missing += [f"{table}.{name}" for name in row.__struct_fields__ if f"{table}.{name}" not in here]
    if missing:
        raise AcademyError(f"the database at {described(url)} is no academy: it lacks {', '.join(missing)}")


async def _rows(driver: asyncpg.Connection, table: str, row: type[T]) -> list[T]:
    names = ", ".join(row.__struct_fields__)
    key = "id" if "id" in row.__struct_fields__ else ", ".join(row.__struct_fields__[:2])
    found: list[Any] = [dict(one) for one in await driver.fetch(f"SELECT {names} FROM {table} ORDER BY {key}")]  # noqa: S608 - our own names
    try:
        return msgspec.convert(found, list[row])  # type: ignore[valid-type]
    except msgspec.ValidationError as error:
        raise AcademyError(f"the table {table} is not an academy's: {error}") from None
