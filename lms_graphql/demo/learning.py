"""What people have done in an offering: progress and submissions, all of it following from how far they are."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import select

from lms_graphql.assessment.models import LabSubmission
from lms_graphql.assessment.payloads import AutoGrade, Outcome, stored
from lms_graphql.content.models import ContentItem
from lms_graphql.demo.quizzes import Quiz, Stored, Tried, add_attempts, attempts
from lms_graphql.demo.rows import Rows
from lms_graphql.progress.models import UserContentProgress, UserModuleProgress
from lms_graphql.syllabus.models import Module


class Item(NamedTuple):
    """A content item that students see, its place in the course, and the modules above it, from the root down.

    Of a quiz also what it draws.
    """

    id: int
    position: int
    content_type: str
    modules: tuple[int, ...]
    quiz: Quiz | None = None


class Learner(NamedTuple):
    """A person in an offering: how far they are, in which span of time they got there, and who grades their work."""

    user_id: int
    number: int
    share: float
    begun: datetime
    until: datetime
    grader: int | None


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
        select(
            ContentItem.id,
            ContentItem.content_type,
            ContentItem.module_id,
            *(ContentItem.data_json[name].as_integer() for name in _DRAWING),
        )
        .where(
            ContentItem.university_id == rows.tenant["university_id"],
            ContentItem.course_id == course_id,
            ContentItem.is_active,
        )
        .order_by(ContentItem.sequence_index)
    )
    by_module: dict[int, list[Item]] = {}
    for item_id, content_type, module_id, *drawing in items:
        quiz = Quiz(*drawing) if content_type == "quiz" else None
        by_module.setdefault(module_id, []).append(Item(item_id, 0, content_type, (), quiz))

    def walk(parent: int | None, above: tuple[int, ...]) -> Iterable[Item]:
        for module_id in children.get(parent, []):
            path = (*above, module_id)
            yield from (item._replace(modules=path) for item in by_module.get(module_id, []))
            yield from walk(module_id, path)

    return [item._replace(position=position) for position, item in enumerate(walk(None, ()), 1)]


_DRAWING = ("question_pool_id", "num_questions_per_attempt", "time_limit_seconds")
"""The keys of a quiz's payload that make a Quiz."""


async def record_progress(
    rows: Rows,
    offering: dict[str, int],
    items: list[Item],
    learners: list[Learner],
    pools: Mapping[int, list[Stored]],
) -> None:
    """Insert the progress of everybody in an offering with the attempts and submissions that belong to it.

    `offering` holds `course_id` and `course_offering_id`; `pools` the questions of each pool, by its id. A module's
    percentage is the share of its visible items, at any depth, that are completed.
    """
    content, modules, submissions = [], [], []
    all_tried: list[Tried] = []
    for learner in learners:
        done = _done(learner, items)
        person = {**offering, "user_id": learner.user_id}
        modules += [{**person, **row} for row in _module_rows(items, done)]
        for entry in done:
            tried = _attempts(learner, entry, pools)
            all_tried += [one._replace(attempt={**person, **one.attempt}) for one in tried]
            handed_in = [{**person, **row} for row in _submissions(learner, entry)]
            content.append({**person, **_content_row(entry, max(1, len(tried), len(handed_in)))})
            submissions += handed_in
    await rows.put(UserContentProgress, content)
    await rows.put(UserModuleProgress, modules)
    await add_attempts(rows, all_tried)
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


def _attempts(learner: Learner, entry: Done, pools: Mapping[int, list[Stored]]) -> list[Tried]:
    if entry.item.quiz is None:
        return []
    return attempts(
        entry.item.id,
        entry.item.quiz,
        pools[entry.item.quiz.pool_id],
        learner.number,
        (entry.started, entry.completed, learner.until),
    )


def _submissions(learner: Learner, entry: Done) -> list[dict[str, Any]]:
    """What was handed in for a lab or an assignment.

    In a run that goes on, that of every third person still waits for its grade, and of the others the grade of every
    fourth still waits to be posted.
    """
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
        "graded_by": None,
        "auto_grade_json": None,
        "public_results": None,
        "hidden_results": None,
        "score_obtained": None,
        "max_score": 100,
        "instructor_feedback": None,
        "artifacts_url": f"https://files.example.edu/submissions/{learner.number}-{entry.item.position}.zip",
    }
    waits = learner.share < 1 and learner.number % 3 == 0
    if waits:
        return [submission]
    graded_at = entry.completed + timedelta(days=2)
    posted_at = None if learner.share < 1 and learner.number % 4 == 0 else graded_at
    return [{**submission, **grade(learner), "graded_at": graded_at, "posted_at": posted_at}]


def _lab_grade(learner: Learner) -> dict[str, Any]:
    """What the automatic grader found: one test that students see, one that they don't."""
    right = learner.number % 2 == 1
    shown = Outcome("test_results", passed=True, points=Decimal(75))
    hidden = Outcome(
        "test_edge_cases",
        passed=right,
        points=Decimal(25 if right else 0),
        message=None if right else "no answer for an empty list",
    )
    return {
        "status": "graded",
        "auto_grade_json": stored(AutoGrade([shown, hidden])),
        "public_results": stored([shown]),
        "hidden_results": stored([hidden]),
        "score_obtained": 100 if right else 75,
    }


def _assignment_grade(learner: Learner) -> dict[str, Any]:
    return {
        "status": "graded",
        "graded_by": learner.grader,
        "score_obtained": 68 + 5 * learner.number % 30,
        "instructor_feedback": "Sound work. Say how sure you are of your result, and why.",
    }


_GRADES: dict[str, Callable[[Learner], dict[str, Any]]] = {
    "engineering_lab": _lab_grade,
    "assignment": _assignment_grade,
}
