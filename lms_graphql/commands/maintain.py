"""`lms-graphql maintain`."""

import asyncio

from lms_graphql.commands.console import say
from lms_graphql.commands.database import databases
from lms_graphql.settings import Settings
from lms_graphql.storage import partitions


def maintain(settings: Settings) -> None:
    """Make the partitions of the time ahead, drop those of the past, and say so in one line."""
    with databases(settings) as found:
        done = asyncio.run(partitions.maintain(found.owner_or_fail()))
    say(f"partitions: {len(done.made)} made, {len(done.dropped)} dropped; {done.deleted} old rows deleted")
