"""`lms-graphql maintain`."""

import asyncio
import time
from typing import NamedTuple

import asyncpg

from lms_graphql.commands.console import say
from lms_graphql.commands.database import databases
from lms_graphql.settings import Settings
from lms_graphql.storage import partitions
from lms_graphql.storage.database import on_driver
from lms_graphql.storage.files import FileStore, LocalFiles
from lms_graphql.storage.s3 import file_store

_ABANDONED = "DELETE FROM uploads WHERE state <> 'attached' AND expires_at <= now()"
_KNOWN = (
    "SELECT EXISTS (SELECT FROM uploads WHERE university_id = $1 AND id = $2 AND state <> 'pending'"
    " AND sha256 = coalesce($3, sha256))"
)


class Swept(NamedTuple):
    """How many uploads were given up, and how many files were deleted that are no upload's."""

    uploads: int
    files: int


def maintain(settings: Settings) -> None:
    """Make the partitions of the time ahead, drop those of the past, give up old uploads; say so in one line each."""
    with databases(settings) as found:
        owner = found.owner_or_fail()
        done = asyncio.run(partitions.maintain(owner))
        files = file_store(settings.bucket, LocalFiles(settings.files_folder(), settings.secret_key, 0))

        async def work(driver: asyncpg.Connection) -> Swept:
            return await sweep(driver, files)

        swept = asyncio.run(on_driver(owner, work))
    say(f"partitions: {len(done.made)} made, {len(done.dropped)} dropped; {done.deleted} old rows deleted")
    say(f"uploads: {swept.uploads} that nobody handed in, {swept.files} files deleted")


async def sweep(driver: asyncpg.Connection, files: FileStore) -> Swept:
    """Delete uploads that were not handed in in time, then files of a day ago or more that are no upload's."""
    gone = int((await driver.execute(_ABANDONED)).split()[-1])
    deleted = 0
    for stray in files.stray(time.time()):
        if not stray.upload_id or not await driver.fetchval(_KNOWN, *stray[:3]):
            files.delete(stray)
            deleted += 1
    return Swept(gone, deleted)
