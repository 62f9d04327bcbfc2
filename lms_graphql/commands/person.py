"""`lms-graphql person …`."""

import asyncio
import sys
from contextlib import aclosing

import asyncpg
from sqlalchemy import URL

from lms_graphql.commands.console import fail
from lms_graphql.commands.database import databases
from lms_graphql.privacy.export import export
from lms_graphql.privacy.people import PersonUnknownError, find_person
from lms_graphql.settings import Settings
from lms_graphql.storage import migrations
from lms_graphql.storage.database import on_driver


def export_person(settings: Settings, *, university: str, email: str) -> None:
    """Write the document to standard output while it is made."""
    try:
        with databases(settings) as found:
            asyncio.run(_export(found.app, university, email))
    except PersonUnknownError as error:
        fail(str(error))


async def _export(url: URL, university: str, email: str) -> None:
    await migrations.require_head(url)

    async def work(driver: asyncpg.Connection) -> None:
        person = await find_person(driver, university, email)
        async with aclosing(export(driver, person.university_id, person.user_id)) as document:
            async for part in document:
                sys.stdout.buffer.write(part)

    await on_driver(url, work)
