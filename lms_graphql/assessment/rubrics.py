"""Rubrics: what a lab or an assignment is graded by, and what each criterion of one got."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Integer, Numeric, Text, any_, bindparam, column, delete, func, insert, select

from lms_graphql.assessment import payloads, scoring
from lms_graphql.assessment.asked import item_number
from lms_graphql.assessment.models import RubricCriterion, RubricRating
from lms_graphql.catalog.policy import may_edit_course
from lms_graphql.catalog.reach import department_of_course
from lms_graphql.content.models import ContentItem
from lms_graphql.content.policy import visible_items
from lms_graphql.engine.context import Standing, Viewer
from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

MOST_CRITERIA = 20
MOST_RATINGS = 10
_LONGEST_TITLE = 255
_LONGEST_TEXT = 2000

_Row = record("RubricCriterion")
_ITEM = bindparam("item_id", type_=BigInteger)
_COURSE = bindparam("course_id", type_=BigInteger)


def _seen(standing: Standing) -> Statement:
    """The item that staff of a standing see, locked, with its course and that one's department."""
    return Statement(
        select(
            ContentItem.course_id.label("id"),
            ContentItem.course_id,
            department_of_course(ContentItem.course_id).label("department_id"),
        )
        .where(ContentItem.id == _ITEM, visible_items(Viewer(standing=standing)))
        .with_for_update(of=ContentItem, key_share=True)
    )


_SEEN = {standing: _seen(standing) for standing in (Standing.STAFF, Standing.ADMIN)}
_CRITERIA = Statement(
    select(RubricCriterion.id, RubricCriterion.content_item_id, RubricCriterion.title, RubricCriterion.points)
    .where(
        RubricCriterion.university_id == UNIVERSITY,
        RubricCriterion.content_item_id == any_(bindparam("item_ids", type_=ARRAY(BigInteger))),
    )
    .order_by(RubricCriterion.content_item_id, RubricCriterion.position)
)
_REMOVE = Statement(
    delete(RubricCriterion).where(RubricCriterion.university_id == UNIVERSITY, RubricCriterion.content_item_id == _ITEM)
)


def _unnested(*columns: tuple[str, Any]) -> Any:
    """Rows from arrays that are bound by the columns' names."""
    arrays = [bindparam(name, type_=ARRAY(type_)) for name, type_ in columns]
    table = func.unnest(*arrays).table_valued(*(column(name, type_) for name, type_ in columns))
    return table.render_derived(name="given")


_GIVEN = _unnested(("position", Integer), ("title", Text), ("description", Text), ("points", Numeric))
_ADD = Statement(
    insert(RubricCriterion)
    .from_select(
        ["university_id", "course_id", "content_item_id", "position", "title", "description", "points"],
        select(UNIVERSITY, _COURSE, _ITEM, _GIVEN.c.position, _GIVEN.c.title, _GIVEN.c.description, _GIVEN.c.points),
        include_defaults=False,
    )
    .returning(RubricCriterion.id, RubricCriterion.position)
)
_RATED = _unnested(("criterion_id", BigInteger), ("position", Integer), ("title", Text), ("points", Numeric))
_ADD_RATINGS = Statement(
    insert(RubricRating).from_select(
        ["university_id", "criterion_id", "position", "title", "points"],
        select(UNIVERSITY, _RATED.c.criterion_id, _RATED.c.position, _RATED.c.title, _RATED.c.points),
        include_defaults=False,
    )
)


async def set_rubric(work: Work, given: Given) -> dict[str, Any]:
    """Put these criteria in place of the rubric of a lab or an assignment; gives `item_id`.

    What was graded by another rubric keeps what it got: its result has the titles and points of then.
    """
    item_id = item_number(work, given["contentItemId"])
    item = await work.one(_SEEN[work.viewer.standing], _Row, item_id=item_id)
    path = ("input", "contentItemId")
    if item is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such lab or assignment", path)
    if not may_edit_course(work.viewer, item):
        raise Refused(UserErrorCode.FORBIDDEN, "the instructors of the course settle by what it is graded", path)
    criteria = _criteria(given["criteria"])
    before = await criteria_of(work, [item_id])
    await work.rows(_REMOVE, _Row, item_id=item_id)
    if criteria:
        await _add(work, item_id, item["course_id"], criteria)
    await work.audit(
        "rubric.set",
        "ContentItem",
        item_id,
        before={"criteria": [{"title": row["title"], "points": row["points"]} for row in before.get(item_id, [])]},
        after={"criteria": criteria},
    )
    return {"item_id": item_id}


async def _add(work: Work, item_id: int, course_id: int, criteria: Sequence[Mapping[str, Any]]) -> None:
    added = await work.rows(
        _ADD,
        _Row,
        item_id=item_id,
        course_id=course_id,
        position=list(range(1, len(criteria) + 1)),
        **{name: [criterion[name] for criterion in criteria] for name in ("title", "description", "points")},
    )
    ids = {row["position"]: row["id"] for row in added}
    ratings = [
        (ids[position], number, rating["title"], rating["points"])
        for position, criterion in enumerate(criteria, 1)
        for number, rating in enumerate(criterion["ratings"], 1)
    ]
    if ratings:
        names = ("criterion_id", "position", "title", "points")
        await work.rows(_ADD_RATINGS, _Row, **dict(zip(names, map(list, zip(*ratings, strict=True)), strict=True)))


def _criteria(given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The criteria as they are kept; INVALID for what can't be."""
    path = ("input", "criteria")
    if len(given) > MOST_CRITERIA:
        raise Refused(UserErrorCode.LIMIT_REACHED, f"a rubric has at most {MOST_CRITERIA} criteria", path)
    return [_criterion(criterion, (*path, str(index))) for index, criterion in enumerate(given)]


def _criterion(given: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    points = scoring.checked_score(given["points"], scoring.MOST_POINTS, (*path, "points"))
    ratings = given.get("ratings") or ()
    if len(ratings) > MOST_RATINGS:
        raise Refused(
            UserErrorCode.LIMIT_REACHED, f"a criterion has at most {MOST_RATINGS} ratings", (*path, "ratings")
        )
    return {
        "title": line(given["title"], (*path, "title"), most=_LONGEST_TITLE),
        "description": comment(given.get("description"), (*path, "description")),
        "points": points,
        "ratings": [
            {
                "title": line(rating["title"], (*path, "ratings", str(index), "title"), most=_LONGEST_TITLE),
                "points": scoring.checked_score(rating["points"], points, (*path, "ratings", str(index), "points")),
            }
            for index, rating in enumerate(ratings)
        ],
    }


def comment(given: str | None, path: tuple[str, ...]) -> str | None:
    """A text of some lines, null for none; INVALID for one that can't be kept."""
    text = (given or "").strip()
    if len(text) > _LONGEST_TEXT or "\0" in text:
        raise Refused(UserErrorCode.INVALID, f"this has at most {_LONGEST_TEXT} characters, and no sign 0", path)
    return text or None


async def criteria_of(work: Work, item_ids: Sequence[int]) -> dict[int, list[Row]]:
    """The criteria of these items, in their order."""
    found: dict[int, list[Row]] = {}
    for row in await work.rows(_CRITERIA, _Row, item_ids=sorted(set(item_ids))):
        found.setdefault(row["content_item_id"], []).append(row)
    return found


def judged(
    university_id: int | None,
    given: Sequence[Mapping[str, Any]],
    criteria: Sequence[Row],
    score: Decimal,
    path: tuple[str, ...],
) -> list[payloads.Judgement]:
    """What each criterion gets, in the rubric's order; INVALID unless each gets something and all make the score."""
    by_id = {number_of(one["criterionId"], "RubricCriterion", university_id): one for one in given}
    if len(by_id) < len(given) or set(by_id) != {row["id"] for row in criteria}:
        raise Refused(UserErrorCode.INVALID, "judge each criterion of the item's rubric once, and no others", path)
    result = []
    for row in criteria:
        one = by_id[row["id"]]
        points = scoring.checked_score(one["points"], row["points"], path)
        result.append(
            payloads.Judgement(row["id"], row["title"], points, row["points"], comment(one.get("comment"), path))
        )
    if sum(judgement.points for judgement in result) != score:
        raise Refused(UserErrorCode.INVALID, "the points of the criteria must make the score", path)
    return result
