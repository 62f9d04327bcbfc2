"""`GET /u/<short code>/export/roster.zip`: the university as a roster, for its administrators."""

import asyncio
from collections.abc import AsyncIterator

from lms_graphql.engine.context import Context
from lms_graphql.engine.errors import Code, RequestError
from lms_graphql.interop.oneroster.exporting import export_roster
from lms_graphql.interop.oneroster.policy import may_import_rosters
from lms_graphql.interop.oneroster.writing import write


async def roster_archive(context: Context) -> AsyncIterator[bytes]:
    """The zip; RequestError with FORBIDDEN for who is no administrator of the university."""
    if not may_import_rosters(context.viewer):
        raise RequestError(Code.FORBIDDEN, "only administrators of the university may export its people")
    roster = await export_roster(context)
    # In a thread: a large one takes seconds.
    yield await asyncio.to_thread(write, roster)
