"""What lists can be filtered by that have to do with progress."""

from collections.abc import Mapping

from sqlalchemy import BigInteger

from lms_graphql.engine.filters import Filter, highest, lowest
from lms_graphql.progress.models import UserContentProgress

MOST_PERCENT = 1000
"""More than any percentage."""

_HUNDREDTHS = UserContentProgress.progress_percent * 100
CONTENT_PROGRESS_FILTERS: Mapping[str, Filter] = {
    "progressFrom": Filter(lambda _, percent: percent <= _HUNDREDTHS, BigInteger(), lowest(MOST_PERCENT)),
    "progressTo": Filter(lambda _, percent: percent >= _HUNDREDTHS, BigInteger(), highest(MOST_PERCENT)),
}
