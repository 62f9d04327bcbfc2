"""The field of Query about grades: what would be, if."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import strawberry

from lms_graphql.engine.context import Context
from lms_graphql.engine.edges import argument, with_arguments
from lms_graphql.engine.errors import bad_input
from lms_graphql.engine.relay import number_of, parse_global_id
from lms_graphql.grades.breakdown_loaders import OwnBasisByOffering
from lms_graphql.grades.calculation import Breakdown, ItemKey, Score
from lms_graphql.grades.gradebook import GRADE_ITEM, GRADED_KINDS
from lms_graphql.grades.types import GradeBreakdown

_MOST_SCORES = 200
_MOST_SCORE = Decimal("9999.99")
_KINDS = {**{typename: kind for kind, typename in GRADED_KINDS.items()}, "GradeItem": GRADE_ITEM}


@strawberry.input(description="A score that one might get.")
class WhatIfScore:
    """A part of the argument of `whatIf`."""

    item_id: strawberry.ID = strawberry.field(
        description="The global id of a content item or a grade item of the offering, as a breakdown has it."
    )
    score: Decimal = strawberry.field(description="The score in the item's own points, from 0.")


async def _what_if(
    _root: None,
    context: Context,
    offeringId: str,  # noqa: N803 - the argument's name
    scores: Sequence[Mapping[str, Any]] | None = None,
) -> Breakdown | None:
    scores = scores or ()
    if len(scores) > _MOST_SCORES:
        raise bad_input(f"scores: at most {_MOST_SCORES} can be given")
    number = number_of(offeringId, "CourseOffering", context.university_id())
    found = None if number is None else await context.load_alone(OwnBasisByOffering, number)
    if found is None:
        return None
    person, basis = found
    items = {item[:2]: item for item in basis.courses[person[0]].items}
    given: dict[ItemKey, Score] = {}
    for one in scores:
        key = _key(one["itemId"], context.university_id())
        if key is None or key not in items:
            raise bad_input("scores: an itemId is of nothing that is graded in this offering")
        score = one["score"]
        if not score.is_finite() or not 0 <= score <= _MOST_SCORE:
            raise bad_input(f"scores: a score must be a number from 0 to {_MOST_SCORE}")
        before = basis.scores.get(person, {}).get(key)
        possible = items[key].points if before is None or items[key].points is not None else before.possible
        if possible is None:
            raise bad_input("scores: nobody has said yet what one of these items is worth")
        given[key] = Score(score, possible)
    return basis.breakdown(person, given)  # type: ignore[no-any-return]


def _key(text: str, university_id: int) -> ItemKey | None:
    found = parse_global_id(text)
    if found is None or found.university_id != university_id or found.typename not in _KINDS:
        return None
    return _KINDS[found.typename], found.id


@strawberry.type
class GradesQuery:
    """Joined into Query."""

    what_if: GradeBreakdown | None = with_arguments(
        _what_if,
        "How the viewer's own grade would come about with these scores besides those that are posted; they take the"
        " place of what is there. Nothing is changed. Null for who is not in the offering, or without a policy.",
        argument("offeringId", strawberry.ID, "The global id of an offering that the viewer is enrolled in."),
        argument("scores", list[WhatIfScore] | None, "The scores, of each item at most one; if not given, none."),
        weight=20,
    )
