"""What a list of grades can be filtered and ordered by, called as in the inputs of `types`."""

from collections.abc import Mapping

from sqlalchemy import BigInteger, Boolean

from lms_graphql.engine.filters import Filter, highest, lowest
from lms_graphql.engine.keyset import Order
from lms_graphql.grades.models import CourseGrade

MOST_SCORE = 10_000
"""More than any score."""

GRADE_ORDERS: Mapping[str, Order] = {"finalScore": (CourseGrade.score_key, CourseGrade.id)}
GRADE_FILTERS: Mapping[str, Filter] = {
    "scoreFrom": Filter(lambda _, score: CourseGrade.score_key >= score, BigInteger(), lowest(MOST_SCORE)),
    "scoreTo": Filter(lambda _, score: CourseGrade.score_key <= score, BigInteger(), highest(MOST_SCORE)),
    "passed": Filter(lambda _, passed: CourseGrade.passed == passed, Boolean()),
}
