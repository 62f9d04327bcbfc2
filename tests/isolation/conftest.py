"""What the proofs share: the two universities, crawled once before the second had its rows."""

from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import URL

from lms_graphql.storage import files
from tests.isolation.crossing import Crossing, crossing_over


@pytest.fixture(scope="session", autouse=True)
def still() -> Iterator[None]:
    """Signed addresses of files end a while after now: one now, so that equal rows make equal answers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "clock", lambda: 1_800_000_000.0)
        yield


@pytest.fixture(scope="session")
async def crossing(superuser: URL) -> AsyncIterator[Crossing]:
    """Nobody may change a row of it."""
    async with crossing_over(superuser) as made:
        yield made
