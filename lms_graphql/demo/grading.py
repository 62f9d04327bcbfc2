"""How the demo's courses are graded: policies, what each run asks of its items and when, exams on paper."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from lms_graphql.content.models import ContentItemSetting
from lms_graphql.demo.learning import Item
from lms_graphql.demo.rows import Rows
from lms_graphql.grades.models import GradeCategory, GradeItem, GradeItemScore, GradingPolicy

SCHEME = [(93, "A"), (85, "B"), (75, "C"), (60, "D")]
PASS_MARK = 60

_CATEGORIES: list[dict[str, Any]] = [
    {"name": "Quizzes", "weight": 20, "drop_lowest": 1, "min_count": 2, "extra_credit": False},
    {"name": "Labs", "weight": 25, "drop_lowest": 0, "min_count": 0, "extra_credit": False},
    {"name": "Assignments", "weight": 25, "drop_lowest": 0, "min_count": 0, "extra_credit": False},
    {"name": "Exams", "weight": 30, "drop_lowest": 0, "min_count": 0, "extra_credit": False},
    {"name": "Extra work", "weight": 5, "drop_lowest": 0, "min_count": 0, "extra_credit": True},
]
_CATEGORY_OF = {"quiz": "Quizzes", "engineering_lab": "Labs", "assignment": "Assignments"}
_TO_BE_SEEN = {
    **dict.fromkeys(("unlock_at", "due_at", "lock_at", "points", "min_score", "grade_category_id")),
    "completion_rule": "view",
}
_EXAMS = {"Midterm exam": 0.45, "Final exam": 0.98}
"""When each is held, as a share of the run's time."""


class Run(NamedTuple):
    """An offering as far as grading looks at it; `taking_part` maps people to their numbers."""

    course_id: int
    offering_id: int
    starts_at: datetime
    ends_at: datetime
    now: datetime
    items: list[Item]
    sections: list[int]
    taking_part: Mapping[int, int]
    instructor: int | None


async def add_policy(rows: Rows, course_id: int, offering_id: int | None = None) -> dict[str, int]:
    """The policy of a course, or of one offering of it. Gives the ids of its categories by name."""
    policy = {
        "course_id": course_id,
        "course_offering_id": offering_id,
        "pass_mark": PASS_MARK,
        "letter_scheme": [list(pair) for pair in SCHEME],
    }
    (policy_id,) = await rows.add(GradingPolicy, [policy])
    parts = [{**part, "policy_id": policy_id, "position": place} for place, part in enumerate(_CATEGORIES, 1)]
    return dict(zip((part["name"] for part in parts), await rows.add(GradeCategory, parts), strict=True))


async def add_grading(rows: Rows, run: Run, categories: dict[str, int]) -> None:
    """What a run asks of its items, the graded ones due one after the other through the term, and its exams."""
    asked = [_setting(run, item, categories) for item in run.items]
    await rows.put(ContentItemSetting, asked + _overrides(run, asked))
    await _add_exams(rows, run, categories["Exams"])


def _setting(run: Run, item: Item, categories: dict[str, int]) -> dict[str, Any]:
    setting = {
        "course_id": run.course_id,
        "course_offering_id": run.offering_id,
        "content_item_id": item.id,
        "section_id": None,
        "user_id": None,
    }
    if item.content_type not in _CATEGORY_OF:
        return {**setting, **_TO_BE_SEEN}
    due_at = run.starts_at + (run.ends_at - run.starts_at) * (item.position / (len(run.items) + 1))
    by_score = item.content_type == "quiz"
    return {
        **setting,
        "unlock_at": due_at - timedelta(days=21),
        "due_at": due_at,
        "lock_at": due_at + timedelta(days=7),
        "points": 100,
        "completion_rule": "min_score" if by_score else "submit",
        "min_score": 60 if by_score else None,
        "grade_category_id": categories[_CATEGORY_OF[item.content_type]],
    }


def _overrides(run: Run, asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of what is due next, the last section has three days more, and the first person ten, and an easier rule."""
    ahead = [setting for setting in asked if setting["due_at"] and setting["due_at"] > run.now]
    if not run.sections or not ahead or not run.taking_part:
        return []
    later = _later(ahead[0], timedelta(days=3)) | {"section_id": run.sections[-1]}
    easier = {"user_id": min(run.taking_part), "completion_rule": "min_score", "min_score": 50}
    return [later, _later(ahead[0], timedelta(days=10)) | easier]


def _later(setting: dict[str, Any], by: timedelta) -> dict[str, Any]:
    return {**setting, "due_at": setting["due_at"] + by, "lock_at": setting["lock_at"] + by}


async def _add_exams(rows: Rows, run: Run, category_id: int) -> None:
    """Two exams on paper; those that were held a week ago are graded."""
    exams: list[dict[str, Any]] = [
        {
            "course_offering_id": run.offering_id,
            "grade_category_id": category_id,
            "title": title,
            "points": 100,
            "held_at": run.starts_at + (run.ends_at - run.starts_at) * share,
        }
        for title, share in _EXAMS.items()
    ]
    for exam, exam_id in zip(exams, await rows.add(GradeItem, exams), strict=True):
        graded_at = exam["held_at"] + timedelta(days=5)
        if graded_at < run.now:
            await rows.put(GradeItemScore, [_score(run, exam_id, person, graded_at) for person in run.taking_part])


def _score(run: Run, exam_id: int, person: int, graded_at: datetime) -> dict[str, Any]:
    return {
        "grade_item_id": exam_id,
        "user_id": person,
        "course_offering_id": run.offering_id,
        "score": 45 + (13 * run.taking_part[person]) % 56,
        "graded_by": run.instructor,
        "graded_at": graded_at,
        "posted_at": graded_at,
    }
