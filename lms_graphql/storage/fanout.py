"""Reading across universities, for the few reports that are declared to: as lms_platform, on a small pool of its own.

lms_platform may read and nothing else, and row-level security does not bind it. So only loaders that name their reason
(`fan_out`) come here, each with a policy that lets administrators of the platform alone see anything.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine

from lms_graphql.storage.snapshot import Snapshot
from lms_graphql.storage.statements import Statement

R = TypeVar("R")


class FanOut:
    """The pool of lms_platform; each statement has a moment of its own."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def fetch(self, statement: Statement, parameters: Mapping[str, Any], row: type[R]) -> list[R]:
        """The rows of a statement; raises as Snapshot.fetch does."""
        async with Snapshot(self._engine) as snapshot:
            return await snapshot.fetch(statement, parameters, row)

    async def close(self) -> None:
        """Close the connections."""
        await self._engine.dispose()
