"""Copying the rubrics of items to other items."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ARRAY, BigInteger, any_, bindparam, column, func, insert, select
from sqlalchemy.orm import aliased

from lms_graphql.assessment.models import RubricCriterion, RubricRating
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

_Row = record("CopiedCriterion")
_ITEMS = bindparam("item_ids", type_=ARRAY(BigInteger))
_PAIRS = (
    func.unnest(_ITEMS, bindparam("copy_ids", type_=ARRAY(BigInteger)))
    .table_valued(column("item_id", BigInteger), column("copy_id", BigInteger))
    .render_derived(name="pairs")
)
_Source = aliased(RubricCriterion)
_COPY = Statement(
    insert(RubricCriterion)
    .from_select(
        ["university_id", "course_id", "content_item_id", "position", "title", "description", "points"],
        select(
            _Source.university_id,
            bindparam("course_id", type_=BigInteger),
            _PAIRS.c.copy_id,
            _Source.position,
            _Source.title,
            _Source.description,
            _Source.points,
        ).where(_Source.university_id == UNIVERSITY, _Source.content_item_id == _PAIRS.c.item_id),
        include_defaults=False,
    )
    .returning(
        *(
            getattr(RubricCriterion, name)
            for name in ("id", "content_item_id", "position", "title", "description", "points")
        )
    )
)
_COPY_RATINGS = Statement(
    insert(RubricRating)
    .from_select(
        ["university_id", "criterion_id", "position", "title", "points"],
        select(
            RubricRating.university_id,
            RubricCriterion.id,
            RubricRating.position,
            RubricRating.title,
            RubricRating.points,
        )
        .join(_Source, (_Source.university_id == UNIVERSITY) & (_Source.id == RubricRating.criterion_id))
        .join(_PAIRS, _PAIRS.c.item_id == _Source.content_item_id)
        .join(
            RubricCriterion,
            (RubricCriterion.university_id == UNIVERSITY)
            & (RubricCriterion.content_item_id == _PAIRS.c.copy_id)
            & (RubricCriterion.position == _Source.position),
        )
        .where(RubricRating.university_id == UNIVERSITY, _Source.content_item_id == any_(_ITEMS)),
        include_defaults=False,
    )
    .returning(*(getattr(RubricRating, name) for name in ("criterion_id", "position", "title", "points")))
)


async def copy_rubrics(work: Work, course_id: int, copies: Mapping[int, int]) -> None:
    """Give new items of a course the rubrics of those that they are copies of, if they have any."""
    if not copies:
        return
    pairs = {"item_ids": list(copies), "copy_ids": list(copies.values())}
    criteria = await work.rows(_COPY, _Row, course_id=course_id, **pairs)
    if not criteria:
        return
    ratings: dict[int, list[Row]] = {}
    for rating in await work.rows(_COPY_RATINGS, _Row, **pairs):
        ratings.setdefault(rating["criterion_id"], []).append(rating)
    found: dict[int, list[dict[str, Any]]] = {}
    for row in sorted(criteria, key=lambda row: (row["content_item_id"], row["position"])):
        found.setdefault(row["content_item_id"], []).append(_told(row, ratings.get(row["id"], [])))
    changes: list[tuple[int, dict[str, Any], dict[str, Any]]] = [
        (item_id, {"criteria": []}, {"criteria": told}) for item_id, told in found.items()
    ]
    await work.audit_each("rubric.set", "ContentItem", changes)


def _told(criterion: Row, ratings: list[Row]) -> dict[str, Any]:
    """A criterion as `rubrics.set_rubric` tells it."""
    return {
        **{name: criterion[name] for name in ("title", "description", "points")},
        "ratings": [
            {"title": rating["title"], "points": rating["points"]}
            for rating in sorted(ratings, key=lambda rating: rating["position"])
        ],
    }
