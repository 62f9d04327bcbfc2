"""What the proofs share: the two universities, crawled once before the second had its rows."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import URL

from tests.isolation.crossing import Crossing, crossing_over


@pytest.fixture(scope="session")
async def crossing(superuser: URL) -> AsyncIterator[Crossing]:
    """Nobody may change a row of it."""
    async with crossing_over(superuser) as made:
        yield made
