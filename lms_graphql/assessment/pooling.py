"""Question pools and questions, as services and importers write them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from lms_graphql.engine.work import Work


class QuestionSeed(NamedTuple):
    """A question to be added, as `questions` and `question_keys` store it; checked already (`checked_question`)."""

    type: str
    stem: str
    points: Decimal
    options: Sequence[Any]
    hints: Sequence[str]
    answer: Any
    explanation: str | None = None


def checked_question(seed: QuestionSeed, path: tuple[str, ...] = ()) -> QuestionSeed:
    """The question as it is stored; Refused with one failure for each wrong value, whose path begins with `path`."""
    raise NotImplementedError


async def add_pool(work: Work, course_id: int | None, title: str, questions: Sequence[QuestionSeed]) -> int:
    """Add a pool with its questions, numbered from 1, in a fixed number of statements; its id.

    The course, if there is one, must be locked. Everything added is in the audit log.
    """
    raise NotImplementedError
