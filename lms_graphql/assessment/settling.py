"""What an offering asks of an item of all who take part, or of a section: dates, points, when it counts as done."""

from decimal import Decimal
from typing import Any

from lms_graphql.assessment import deadlines, scopes
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.enrollment import finding
from lms_graphql.grades.items import require_category
from lms_graphql.grades.numbers import exact
from lms_graphql.grades.offerings import number, require_open
from lms_graphql.grades.regrading import regrade

_NOTHING = Decimal(0)
_MOST_SUBMISSIONS = 1000
_AMOUNTS = {
    "points": ("points", Decimal("9999.99")),
    "minScore": ("min_score", Decimal("9999.99")),
    "latePenaltyPercentPerDay": ("late_penalty_percent_per_day", Decimal(100)),
}
"""The exact numbers of inputs: each with its column, and the most that it may be."""
_GRADED = {"points": "points", "gradeCategoryId": "grade_category_id"}
"""What grades are worked out by: by what is set for all, and by nothing else."""


async def set_item_settings(work: Work, given: Given) -> dict[str, Any]:
    """Write what is set for all or for a section; gives `setting_id`, and `job_id` of what works grades out anew.

    Open attempts at a quiz get the deadlines that follow. What people have completed stays completed.
    """
    text = given.get("gradeCategoryId")
    category_id = None if text is None else number(work, text, "GradeCategory", "gradeCategoryId")
    offering, section_id = await finding.offering_to_run(work, given)
    item = await scopes.item_of(work, given, offering["course_id"])
    await require_category(work, offering["id"], category_id, "gradeCategoryId")
    reason, wanted = finding.reason_of(given), _wanted(work, given, category_id)
    if section_id is not None:
        _require_for_all(given)
    scope = scopes.Scope(offering["id"], offering["course_id"], item["id"], section_id=section_id)
    moves = item["content_type"] == "quiz" and not wanted.keys().isdisjoint(scopes.DATES.values())
    if moves:
        await deadlines.lock_people(work, scope)
    before = await scopes.current(work, scope)
    after = before.values | wanted
    if before.id is not None and after == before.values:
        work.nothing_changed()
        return {"setting_id": before.id}
    regrades = section_id is None and any(after[name] != before.values[name] for name in _GRADED.values())
    if regrades:
        await require_open(work, offering["id"])
    written = await scopes.write(work, scope, before, after)
    moved = await deadlines.move_deadlines(work, scope, item) if moves else []
    await work.audit(
        "item_settings.set",
        "ItemSetting",
        written,
        before=None if before.id is None else {**scope.audited, **before.values},
        after={**scope.audited, **after, "movedAttempts": moved},
        reason=reason,
    )
    await work.tell("item_settings.set", "ItemSetting", written, **scope.audited)
    job_id = await regrade(work, offering["course_id"], offering["id"]) if regrades else None
    return {"setting_id": written, "job_id": job_id}


def _require_for_all(given: Given) -> None:
    """Refuse for a section what would not count there; to take it away is no harm."""
    for name in _GRADED:
        if given.get(name) is not None:
            message = "grades are worked out by what is set for all: set this without sectionId"
            raise Refused(UserErrorCode.INVALID, message, ("input", name))


def _wanted(work: Work, given: Given, category_id: int | None) -> dict[str, Any]:
    """The columns that are to be changed, with their new values."""
    wanted = scopes.dates(work, given)
    for name, (column, most) in _AMOUNTS.items():
        if name in given:
            value = given[name]
            wanted[column] = None if value is None else exact(value, ("input", name), least=_NOTHING, most=most)
    if "maxSubmissions" in given:
        wanted["max_submissions"] = _submissions(given["maxSubmissions"])
    if "completionRule" in given:
        rule = given["completionRule"]
        wanted["completion_rule"] = None if rule is None else rule.value
    if "gradeCategoryId" in given:
        wanted["grade_category_id"] = category_id
    scopes.require_any(wanted)
    return wanted


def _submissions(value: int | None) -> int | None:
    if value is not None and not 1 <= value <= _MOST_SUBMISSIONS:
        message = f"this must be from 1 to {_MOST_SUBMISSIONS}"
        raise Refused(UserErrorCode.INVALID, message, ("input", "maxSubmissions"))
    return value
