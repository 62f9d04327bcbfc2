"""What lists can be filtered by that have to do with progress."""

from collections.abc import Mapping
from decimal import Decimal

from sqlalchemy import Numeric

from lms_graphql.engine.context import Context
from lms_graphql.engine.filters import Filter, within
from lms_graphql.progress.models import UserContentProgress

_MOST = Decimal(1000)
"""More than any percentage."""


def read_percent(percent: Decimal, _context: Context) -> Decimal:
    """A percentage, however wild, as one that can be compared."""
    return within(percent, _MOST)


CONTENT_PROGRESS_FILTERS: Mapping[str, Filter] = {
    "progressFrom": Filter(lambda _, percent: UserContentProgress.progress_percent >= percent, Numeric(), read_percent),
    "progressTo": Filter(lambda _, percent: UserContentProgress.progress_percent <= percent, Numeric(), read_percent),
}
