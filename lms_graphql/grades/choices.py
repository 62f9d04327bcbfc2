"""What a list of grades can be filtered and ordered by, called as in the inputs of `types`."""

from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from sqlalchemy import BigInteger, Boolean

from lms_graphql.engine.context import Context
from lms_graphql.engine.filters import Filter, within
from lms_graphql.engine.keyset import Order
from lms_graphql.grades.models import CourseGrade

_MOST = Decimal(10_000)
"""More than any score."""


def read_lowest(score: Decimal, _context: Context) -> int:
    """The least hundredths that are not below a score."""
    return int((within(score, _MOST) * 100).to_integral_value(ROUND_CEILING))


def read_highest(score: Decimal, _context: Context) -> int:
    """The most hundredths that are not above a score."""
    return int((within(score, _MOST) * 100).to_integral_value(ROUND_FLOOR))


GRADE_ORDERS: Mapping[str, Order] = {"finalScore": (CourseGrade.score_key, CourseGrade.id)}
GRADE_FILTERS: Mapping[str, Filter] = {
    "scoreFrom": Filter(lambda _, score: CourseGrade.score_key >= score, BigInteger(), read_lowest),
    "scoreTo": Filter(lambda _, score: CourseGrade.score_key <= score, BigInteger(), read_highest),
    "passed": Filter(lambda _, passed: CourseGrade.passed == passed, Boolean()),
}
