"""A small academy, as its own six tables have it: the demo imports it, so that what an import makes can be seen."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from lms_graphql.interop.academy.source import (
    Academy,
    Course,
    CourseLesson,
    Enrollment,
    Lesson,
    LessonProgress,
    User,
)

ACADEMY = "ACADEMY"
TEACHER = "teach@academy.dev"
_PEOPLE = {
    TEACHER: ("Instructor", "instructor"),
    "student1@academy.dev": ("Student One", "student"),
    "student2@academy.dev": ("Student Two", "student"),
}
_LESSONS = {
    "intro-relational": ("Intro to Relational Modeling", 18),
    "joins-ctes": ("Joins and CTE Basics", 24),
    "indexing-101": ("Indexing Fundamentals", 21),
}
_LEARNING: Mapping[str, tuple[str, list[tuple[int, int | None]]]] = {
    "student1@academy.dev": ("active", [(100, 1), (45, None)]),
    "student2@academy.dev": ("completed", [(100, 7), (100, 6), (100, 5)]),
}
"""The status, and for the first lessons in their order the percentage and how many days ago each was completed."""


def academy(now: datetime) -> Academy:
    """The academy as of a moment."""
    begun = now - timedelta(days=9)
    users = [
        User(number, address, name, role, begun) for number, (address, (name, role)) in enumerate(_PEOPLE.items(), 1)
    ]
    numbers = {user.email: user.id for user in users}
    lessons = [Lesson(number, slug, *about) for number, (slug, about) in enumerate(_LESSONS.items(), 1)]
    enrollments = [
        Enrollment(number, 1, numbers[address], status, begun)
        for number, (address, (status, _)) in enumerate(_LEARNING.items(), 1)
    ]
    progress = [
        LessonProgress(enrollment.id, lesson, None if days is None else now - timedelta(days=days), percent)
        for enrollment, (_, done) in zip(enrollments, _LEARNING.values(), strict=True)
        for lesson, (percent, days) in enumerate(done, 1)
    ]
    return Academy(
        users,
        [Course(1, numbers[TEACHER], "sql-for-builders", "SQL for Builders", "beginner", True)],
        lessons,
        [CourseLesson(1, lesson.id, lesson.id) for lesson in lessons],
        enrollments,
        progress,
    )
