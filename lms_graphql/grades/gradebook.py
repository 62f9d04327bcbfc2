"""The gradebook of an offering: columns, and for each person one cell for each of them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from lms_graphql.engine.relay import GlobalId
from lms_graphql.syllabus.outline import Outline

GRADED_KINDS = {"quiz": "QuizContent", "engineering_lab": "EngineeringLabContent", "assignment": "AssignmentContent"}
"""The kinds of items that are graded, and their types."""
GRADE_ITEM = "grade_item"
"""The kind of what is graded and is no content item."""

_NEVER = datetime.max.replace(tzinfo=UTC)
_STATUSES = {
    None: "not_submitted",
    "in_progress": "in_progress",
    "submitted": "submitted",
    "grading": "submitted",
    "graded": "graded",
    "returned": "graded",
}


class GradebookColumn(msgspec.Struct):
    """Something that is graded: `number` is the id of a content item or, by its kind, of a grade item."""

    id: str
    kind: str
    number: int
    title: str
    points: Decimal | None
    due_at: datetime | None
    grade_category_id: int | None


class GradebookCell(msgspec.Struct):
    """How a person stands with a column."""

    column: GradebookColumn
    score: Decimal | None
    max_score: Decimal | None
    status: str


def columns_of(rows: Iterable[Any], outlines: Mapping[int, Outline]) -> list[GradebookColumn]:
    """The columns of an offering: items in reading order, then what is no item by its day."""
    return [_column(row) for row in sorted(rows, key=lambda row: _place(row, outlines))]


def _place(row: Any, outlines: Mapping[int, Outline]) -> tuple[bool, int, datetime, int]:
    apart = row["kind"] == GRADE_ITEM
    place = 0 if apart else outlines[row["course_id"]].places.get(row["number"], 0)
    return apart, place, row["due_at"] or _NEVER if apart else _NEVER, row["number"]


def _column(row: Any) -> GradebookColumn:
    typename = GRADED_KINDS.get(row["kind"], "GradeItem")
    return GradebookColumn(
        str(GlobalId(typename, row["number"], row["university_id"])),
        row["kind"],
        row["number"],
        row["title"],
        row["points"],
        row["due_at"],
        row["grade_category_id"],
    )


def cells_of(columns: Sequence[GradebookColumn], rows: Iterable[Any]) -> list[GradebookCell]:
    """The cells of a person in the columns' order, from a row for each column in which there is anything."""
    found = {(row["is_item"], row["number"]): row for row in rows}
    return [_cell(column, found.get((column.kind != GRADE_ITEM, column.number))) for column in columns]


def _cell(column: GradebookColumn, row: Any) -> GradebookCell:
    if row is None:
        return GradebookCell(column, None, column.points, _STATUSES[None])
    highest = column.points if row["max_score"] is None else row["max_score"]
    return GradebookCell(column, row["score"], highest, _STATUSES[row["status"]])
