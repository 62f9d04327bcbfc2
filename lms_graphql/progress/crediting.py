"""Progress that the server gives for what it has judged itself: quizzes, labs, assignments."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from lms_graphql.engine.work import Work


class Credit(NamedTuple):
    """What one person has done with one content item in one offering."""

    user_id: int
    content_item_id: int
    submitted: bool
    """Whether something was handed in; False for what was only begun."""
    score_percent: Decimal | None = None
    """The best score so far as a percentage, where there is one that counts; null before it is graded."""


async def credit(work: Work, course_offering_id: int, course_id: int, done: Sequence[Credit]) -> None:
    """Note what was done, complete what the item's rule (submit, min_score) says is complete, and roll it up.

    In the transaction of the work; never lowers anything.
    """
