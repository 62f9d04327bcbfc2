"""Writing how a course and its offerings are graded: policies and categories, in a fixed number of statements."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import orjson

from lms_graphql.engine.work import Work
from lms_graphql.grades.models import GradeCategory, GradingPolicy
from lms_graphql.interop.bundle import form
from lms_graphql.interop.bundle.rows import add, draw


class Scoped(NamedTuple):
    """A policy, and the offering that it is of; None for the course's."""

    policy: form.Policy
    offering_id: int | None


async def write_policies(work: Work, course_id: int, policies: Sequence[Scoped]) -> dict[str, int]:
    """Add the policies; the ids of their categories by their keys."""
    ids = await draw(work, GradingPolicy, len(policies))
    rows = [
        {
            "id": policy_id,
            "course_id": course_id,
            "course_offering_id": one.offering_id,
            "pass_mark": one.policy.pass_mark,
            "letter_scheme": orjson.dumps(_letters(one.policy)).decode(),
        }
        for policy_id, one in zip(ids, policies, strict=True)
    ]
    await add(work, GradingPolicy, rows)
    categories = await _write_categories(work, ids, policies)
    if rows:
        told = [(number, None, _told(course_id, one)) for number, one in zip(ids, policies, strict=True)]
        await work.audit_each("grading_policy.update", "GradingPolicy", told)
    return categories


async def _write_categories(work: Work, ids: Sequence[int], policies: Sequence[Scoped]) -> dict[str, int]:
    placed = [
        (policy_id, position, category)
        for policy_id, one in zip(ids, policies, strict=True)
        for position, category in enumerate(one.policy.categories, 1)
    ]
    numbers = await draw(work, GradeCategory, len(placed))
    rows = [
        {"id": number, "policy_id": policy_id, "position": position, **_category(category)}
        for number, (policy_id, position, category) in zip(numbers, placed, strict=True)
    ]
    await add(work, GradeCategory, rows)
    return {category.key: number for number, (*_, category) in zip(numbers, placed, strict=True)}


def _category(category: form.Category) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(category).items() if name != "key"}


def _letters(policy: form.Policy) -> list[list[str]]:
    """As `grading_policies.letter_scheme` has them, the best first."""
    best_first = sorted(policy.letters, key=lambda letter: letter.lowest_score, reverse=True)
    return [[str(letter.lowest_score), letter.letter] for letter in best_first]


def _told(course_id: int, one: Scoped) -> Mapping[str, Any]:
    """As `grades.policymaking` writes it into the audit log."""
    return {
        "courseId": course_id,
        "offeringId": one.offering_id,
        "version": 1,
        "passMark": one.policy.pass_mark,
        "letterScheme": _letters(one.policy),
        "categories": [_category(category) for category in one.policy.categories],
    }
