"""What is graded in an offering and is no content item: made and changed."""

from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, DateTime, Numeric, String, and_, bindparam, insert, or_, select, update

from lms_graphql.catalog.models import CourseOffering
from lms_graphql.catalog.policy import may_run_offering
from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import UserErrorCode, UserFailure
from lms_graphql.engine.work import Work
from lms_graphql.grades.models import GradeCategory, GradeItem, GradingPolicy
from lms_graphql.grades.numbers import exact
from lms_graphql.grades.offerings import not_found, number, require_offering, require_open
from lms_graphql.grades.regrading import regrade
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

TITLE_TAKEN = {
    "uq_grade_items_title": UserFailure(
        UserErrorCode.TAKEN, "something else that is graded in this offering has this title", ("input", "title")
    )
}
"""What the database refuses."""

_ItemRow = record("GradeItem")
_LONGEST_TITLE = 255
_LEAST_POINTS, _MOST_POINTS = Decimal("0.01"), Decimal("9999.99")
_ITEM = bindparam("item_id", type_=BigInteger)
_VALUES = {
    "title": bindparam("title", type_=String),
    "points": bindparam("points", type_=Numeric),
    "held_at": bindparam("held_at", type_=DateTime(timezone=True)),
    "grade_category_id": bindparam("category_id", type_=BigInteger),
}
_ADD = Statement(
    insert(GradeItem)
    .inline()
    .values(university_id=UNIVERSITY, course_offering_id=bindparam("offering_id", type_=BigInteger), **_VALUES)
    .returning(GradeItem.id)
)
_FOUND = Statement(
    select(GradeItem.id, GradeItem.course_offering_id).where(
        GradeItem.university_id == UNIVERSITY, GradeItem.id == _ITEM
    )
)
_LOCKED = Statement(
    select(GradeItem.title, GradeItem.points, GradeItem.held_at, GradeItem.grade_category_id)
    .where(GradeItem.university_id == UNIVERSITY, GradeItem.id == _ITEM)
    .with_for_update()
)
_CHANGE = Statement(
    update(GradeItem).where(GradeItem.university_id == UNIVERSITY, GradeItem.id == _ITEM).values(**_VALUES)
)
_CATEGORY = Statement(
    select(GradeCategory.id)
    .join(
        GradingPolicy,
        and_(GradingPolicy.university_id == UNIVERSITY, GradingPolicy.id == GradeCategory.policy_id),
    )
    .join(
        CourseOffering,
        and_(CourseOffering.university_id == UNIVERSITY, CourseOffering.course_id == GradingPolicy.course_id),
    )
    .where(
        GradeCategory.university_id == UNIVERSITY,
        GradeCategory.id == bindparam("category_id", type_=BigInteger),
        CourseOffering.id == bindparam("offering_id", type_=BigInteger),
        or_(GradingPolicy.course_offering_id.is_(None), GradingPolicy.course_offering_id == CourseOffering.id),
    )
)


async def create_grade_item(work: Work, given: Given) -> dict[str, Any]:
    """Add something that is graded; gives `grade_item_id`, and the `job_id` of what works the grades out anew."""
    offering_id = number(work, given["offeringId"], "CourseOffering", "offeringId")
    category_id = _category_number(work, given)
    offering = await require_offering(work, offering_id, may_run_offering, "offeringId")
    await require_category(work, offering_id, category_id, "categoryId")
    values = {
        "title": _title(given),
        "points": _points(given),
        "held_at": given.get("heldAt"),
        "category_id": category_id,
    }
    await require_open(work, offering_id)
    (row,) = await work.rows(_ADD, _ItemRow, offering_id=offering_id, **values)
    await work.audit("grade_item.create", "GradeItem", row["id"], after=_told(values, offering_id))
    await work.tell("grade_item.created", "GradeItem", row["id"], offeringId=offering_id)
    return {"grade_item_id": row["id"], "job_id": await regrade(work, offering["course_id"], offering_id)}


async def update_grade_item(work: Work, given: Given) -> dict[str, Any]:
    """Change what is given of it; gives `grade_item_id`, and `job_id` as above where something has changed."""
    item_id = number(work, given["gradeItemId"], "GradeItem", "gradeItemId")
    category_id = _category_number(work, given)
    item = await work.one(_FOUND, _ItemRow, item_id=item_id)
    if item is None:
        raise not_found("gradeItemId")
    offering = await require_offering(work, item["course_offering_id"], may_run_offering, "gradeItemId")
    await require_category(work, offering["id"], category_id, "categoryId")
    await require_open(work, offering["id"])
    (row,) = await work.rows(_LOCKED, _ItemRow, item_id=item_id)
    before = _values_of(row)
    after = {**before, **_changes(given, category_id)}
    if after == before:
        work.nothing_changed()
        return {"grade_item_id": item_id}
    await work.rows(_CHANGE, _ItemRow, item_id=item_id, **after)
    await work.audit(
        "grade_item.update",
        "GradeItem",
        item_id,
        before=_told(before, offering["id"]),
        after=_told(after, offering["id"]),
    )
    await work.tell("grade_item.updated", "GradeItem", item_id, offeringId=offering["id"])
    return {"grade_item_id": item_id, "job_id": await regrade(work, offering["course_id"], offering["id"])}


def _changes(given: Given, category_id: int | None) -> dict[str, Any]:
    """What an input changes; what is not given stays, and null takes away what may be null."""
    changes: dict[str, Any] = {}
    if given.get("title") is not None:
        changes["title"] = _title(given)
    if given.get("points") is not None:
        changes["points"] = _points(given)
    if "heldAt" in given:
        changes["held_at"] = given["heldAt"]
    if "categoryId" in given:
        changes["category_id"] = category_id
    return changes


def _values_of(row: Row) -> dict[str, Any]:
    return {
        "title": row["title"],
        "points": row["points"],
        "held_at": row["held_at"],
        "category_id": row["grade_category_id"],
    }


def _title(given: Given) -> str:
    return line(given["title"], ("input", "title"), most=_LONGEST_TITLE)


def _points(given: Given) -> Decimal:
    return exact(given["points"], ("input", "points"), least=_LEAST_POINTS, most=_MOST_POINTS)


def _category_number(work: Work, given: Given) -> int | None:
    text = given.get("categoryId")
    return None if text is None else number(work, text, "GradeCategory", "categoryId")


async def require_category(work: Work, offering_id: int, category_id: int | None, *path: str) -> None:
    """That a category is one of the offering's own policy, or of its course's; NOT_FOUND with the path for others."""
    if category_id is None:
        return
    if await work.one(_CATEGORY, _ItemRow, category_id=category_id, offering_id=offering_id) is None:
        raise not_found(*path)


def _told(values: dict[str, Any], offering_id: int) -> dict[str, Any]:
    return {
        "offeringId": offering_id,
        "title": values["title"],
        "points": values["points"],
        "heldAt": values["held_at"],
        "categoryId": values["category_id"],
    }
