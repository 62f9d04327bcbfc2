"""What an offering asks of an item, as it applies to one person."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

_DATES = ("unlock_at", "due_at", "lock_at")


class ItemSetting(msgspec.Struct):
    """See models.ContentItemSetting."""

    unlock_at: datetime | None = None
    due_at: datetime | None = None
    lock_at: datetime | None = None
    points: Decimal | None = None
    completion_rule: str | None = None
    min_score: Decimal | None = None
    grade_category_id: int | None = None
    extra_time_seconds: int | None = None
    extra_attempts: int | None = None
    max_submissions: int | None = None
    late_penalty_percent_per_day: Decimal | None = None


def applying(rows: Sequence[Any]) -> ItemSetting:
    """The setting that rows for one person add up to, the narrowest of them first.

    The dates come together from the first row that has any, so that they fit each other; the rule comes with its score.
    """
    dates = next((row for row in rows if any(row[name] for name in _DATES)), rows[0])
    rule = next((row for row in rows if row["completion_rule"]), rows[0])
    return ItemSetting(
        unlock_at=dates["unlock_at"],
        due_at=dates["due_at"],
        lock_at=dates["lock_at"],
        points=_first(rows, "points"),
        completion_rule=rule["completion_rule"],
        min_score=rule["min_score"],
        grade_category_id=_first(rows, "grade_category_id"),
        extra_time_seconds=_first(rows, "extra_time_seconds"),
        extra_attempts=_first(rows, "extra_attempts"),
        max_submissions=_first(rows, "max_submissions"),
        late_penalty_percent_per_day=_first(rows, "late_penalty_percent_per_day"),
    )


def _first(rows: Sequence[Any], name: str) -> Any:
    return next((row[name] for row in rows if row[name] is not None), None)
