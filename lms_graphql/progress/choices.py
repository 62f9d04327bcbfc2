"""What clients choose from that has to do with progress: filters of lists, kinds of events."""

from collections.abc import Mapping
from enum import Enum

import strawberry
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


@strawberry.enum(description="What has happened with a content item.")
class ProgressEventKind(Enum):
    """What an event of `recordProgress` may be."""

    PROGRESS = strawberry.enum_value("progress", description="It was gone through as far as `percent` says.")
    VIEWED = strawberry.enum_value("viewed", description="It was opened; where VIEW is the rule, that completes it.")
    COMPLETED = strawberry.enum_value(
        "completed", description="The person says that it is done; good where the rule is MANUAL or VIEW."
    )


@strawberry.enum(description="What became of an event.")
class ProgressEventStatus(Enum):
    """What `recordProgress` says of each event."""

    APPLIED = strawberry.enum_value("applied", description="It told something new, which is kept.")
    ALREADY_KNOWN = strawberry.enum_value(
        "already_known", description="It told nothing new: it, or what says more, was there before this request."
    )
    IGNORED = strawberry.enum_value(
        "ignored", description="It is not the client's to say: a quiz, a lab or what is handed in completes otherwise."
    )
    REFUSED = strawberry.enum_value(
        "refused", description="It can't be so, or there is no such item; the message says what is wrong with it."
    )
