"""Connections that can say how many rows their list has.

Only a field that is annotated with `CountedConnection` has `totalCount`. It is worked out only when it is selected, for
the lists of all parents in one grouped statement, with the filters and the policy that the page has.
"""

from collections import defaultdict
from typing import Any, Generic, TypeVar

import strawberry
from typing_extensions import override

from lms_graphql.engine.dataloaders import Counting, CountRow, Loader
from lms_graphql.engine.edges import edge
from lms_graphql.engine.relay import Connection

T = TypeVar("T")

_WEIGHT = 10
"""What a count is priced at: it reads all rows of the list, where a page reads at most 101."""


class TotalCounts(Loader[Counting, int]):
    """How many rows the list of each connection has; those of one field are counted together."""

    row = CountRow

    @override
    async def load_batch(self, keys: list[Counting]) -> list[int]:
        by_page: dict[Any, list[Any]] = defaultdict(list)
        for page, key in keys:
            by_page[page].append(key)
        found = {page: await page.counts(keys_of_page) for page, keys_of_page in by_page.items()}
        return [found[page][key] for page, key in keys]


@strawberry.type(description="A page of a list that can be counted.")
class CountedConnection(Connection[T], Generic[T]):
    """As Connection; the source is the same."""

    total_count: int = edge(
        TotalCounts,
        "How many rows the whole list has that meet the filter and that the viewer may see; counted when it is asked.",
        key=lambda connection, _context: connection.counting,
        weight=_WEIGHT,
    )
