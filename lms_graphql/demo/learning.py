"""What people have done in an offering: progress, attempts, submissions, all of it following from how far they are."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import select

from lms_graphql.assessment.models import LabSubmission, QuizAttempt
from lms_graphql.content.models import ContentItem
from lms_graphql.demo.rows import Rows
from lms_graphql.progress.models import UserContentProgress, UserModuleProgress
from lms_graphql.syllabus.models import Module


class Item(NamedTuple):
    """A content item that students see, its place in the course, and the modules above it, from the root down."""

    id: int
    position: int
    content_type: str
    modules: tuple[int, ...]


class Learner(NamedTuple):
    """A person in an offering: how far they are, and in which span of time they got there."""

    user_id: int
    number: int
    share: float
    begun: datetime
    until: datetime


class Done(NamedTuple):
    """A person's progress on one item."""

    item: Item
    started: datetime
    completed: datetime | None

    @property
    def percent(self) -> int:
        """Half, as long as it is not completed."""
        return 50 if self.completed is None else 100


async def visible_items(rows: Rows, course_id: int) -> list[Item]:
    """A course's items in the order in which a student meets them."""
    here = Module.university_id == rows.tenant["university_id"]
    modules = await rows.connection.execute(
        select(Module.id, Module.parent_module_id)
        .where(here, Module.course_id == course_id, Module.effective_published)
        .order_by(Module.sequence_index)
    )
    children: dict[int | None, list[int]] = {}
    for module_id, parent_id in modules:
        children.setdefault(parent_id, []).append(module_id)
    items = await rows.connection.execute(
        select(ContentItem.id, ContentItem.content_type, ContentItem.module_id)
        .where(
            ContentItem.university_id == rows.tenant["university_id"],
            ContentItem.course_id == course_id,
            ContentItem.is_active,
        )
        .order_by(ContentItem.sequence_index)
    )
    by_module: dict[int, list[tuple[int, str]]] = {}
    for item_id, content_type, module_id in items:
        by_module.setdefault(module_id, []).append((item_id, content_type))

    def walk(parent: int | None, above: tuple[int, ...]) -> Iterable[tuple[int, str, tuple[int, ...]]]:
        for module_id in children.get(parent, []):
            path = (*above, module_id)
            yield from ((item_id, kind, path) for item_id, kind in by_module.get(module_id, []))
            yield from walk(module_id, path)

    return [Item(item_id, position, kind, path) for position, (item_id, kind, path) in enumerate(walk(None, ()), 1)]


async def record_progress(rows: Rows, offering: dict[str, int], items: list[Item], learners: list[Learner]) -> None:
    """Insert the progress of everybody in an offering with the attempts and submissions that belong to it.

    `offering` holds `course_id` and `course_offering_id`. A module's percentage is the share of its visible items, at
    any depth, that are completed.
    """
    content, modules, attempts, submissions = [], [], [], []
    for learner in learners:
        done = _done(learner, items)
        person = {**offering, "user_id": learner.user_id}
        modules += [{**person, **row} for row in _module_rows(items, done)]
        for entry in done:
            tried = [{**person, **row} for row in _attempts(learner, entry)]
            handed_in = [{**person, **row} for row in _submissions(learner, entry)]
            content.append({**person, **_content_row(entry, max(1, len(tried), len(handed_in)))})
            attempts += tried
            submissions += handed_in
    await rows.put(UserContentProgress, content)
    await rows.put(UserModuleProgress, modules)
    await rows.put(QuizAttempt, attempts)
    await rows.put(LabSubmission, submissions)


def _done(learner: Learner, items: list[Item]) -> list[Done]:
    """The first items completed, one after the other; the next one begun, unless nothing or everything is done."""
    if not learner.share:
        return []
    count = round(learner.share * len(items))
    step = (learner.until - learner.begun) / (len(items) + 1)
    moments = [learner.begun + step * number for number in range(len(items) + 1)]
    done = [Done(items[index], moments[index], moments[index + 1]) for index in range(count)]
    if count < len(items):
        done.append(Done(items[count], moments[count], None))
    return done


def _content_row(entry: Done, attempts: int) -> dict[str, Any]:
    return {
        "content_item_id": entry.item.id,
        "first_started_at": entry.started,
        "last_interacted_at": entry.completed or entry.started + timedelta(minutes=20),
        "completed_at": entry.completed,
        "progress_percent": entry.percent,
        "attempts_count": attempts,
    }


def _module_rows(items: list[Item], done: list[Done]) -> list[dict[str, Any]]:
    rows = []
    for module_id in dict.fromkeys(module_id for entry in done for module_id in entry.item.modules):
        total = sum(module_id in item.modules for item in items)
        within = [entry for entry in done if module_id in entry.item.modules]
        completed = [entry.completed for entry in within if entry.completed]
        rows.append(
            {
                "module_id": module_id,
                "started_at": min(entry.started for entry in within),
                "completed_at": max(completed) if len(completed) == total else None,
                "progress_percent": round(100 * len(completed) / total, 2),
            }
        )
    return rows


def _attempts(learner: Learner, entry: Done) -> list[dict[str, Any]]:
    """Attempts at a quiz: every other person needs a second one; what is only begun has one that is still open."""
    if entry.item.content_type != "quiz":
        return []
    if entry.completed is None:
        return [_attempt(entry, 1, entry.started, None, None)]
    score = 70 + (7 * learner.number + 5 * entry.item.position) % 31
    if learner.number % 2:
        return [_attempt(entry, 1, entry.started, entry.completed, score)]
    between = entry.started + (entry.completed - entry.started) / 2
    return [
        _attempt(entry, 1, entry.started, between, score - 30),
        _attempt(entry, 2, between, entry.completed, score),
    ]


def _attempt(
    entry: Done, number: int, started: datetime, submitted: datetime | None, score: int | None
) -> dict[str, Any]:
    return {
        "content_item_id": entry.item.id,
        "attempt_number": number,
        "started_at": started,
        "submitted_at": submitted,
        "score_obtained": score,
        "max_score": 100,
        "passed": None if score is None else score >= 60,
        "status": "in_progress" if submitted is None else "graded",
        "raw_response_json": {"answered": 4 if score is None else 8},
    }


def _submissions(learner: Learner, entry: Done) -> list[dict[str, Any]]:
    """What was handed in for a lab or an assignment; that of every third person still waits for its grade."""
    grade = _GRADES.get(entry.item.content_type)
    if grade is None or entry.completed is None:
        return []
    submission = {
        "content_item_id": entry.item.id,
        "content_type": entry.item.content_type,
        "submitted_at": entry.completed,
        "status": "submitted",
        "graded_at": None,
        "posted_at": None,
        "auto_grade_json": None,
        "score_obtained": None,
        "max_score": 100,
        "instructor_feedback": None,
        "artifacts_url": f"https://files.example.edu/submissions/{learner.number}-{entry.item.position}.zip",
    }
    waits = learner.share < 1 and learner.number % 3 == 0
    if waits:
        return [submission]
    graded_at = entry.completed + timedelta(days=2)
    return [{**submission, **grade(learner.number), "graded_at": graded_at, "posted_at": graded_at}]


def _lab_grade(number: int) -> dict[str, Any]:
    tests = [{"name": "test_results", "passed": True}, {"name": "test_edge_cases", "passed": number % 2 == 1}]
    score = 100 if number % 2 else 75
    return {"status": "graded", "auto_grade_json": {"tests": tests}, "score_obtained": score}


def _assignment_grade(number: int) -> dict[str, Any]:
    return {
        "status": "graded",
        "score_obtained": 68 + 5 * number % 30,
        "instructor_feedback": "Sound work. Say how sure you are of your result, and why.",
    }


_GRADES: dict[str, Callable[[int], dict[str, Any]]] = {
    "engineering_lab": _lab_grade,
    "assignment": _assignment_grade,
}
