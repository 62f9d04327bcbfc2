"""`lms-graphql progress rebuild`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from lms_graphql.commands.console import FAILED, fail, say
from lms_graphql.commands.database import databases
from lms_graphql.commands.progress import progress_bar
from lms_graphql.progress.noting import Place
from lms_graphql.progress.rebuilding import Differences, differences, places, rebuild
from lms_graphql.settings import Settings
from lms_graphql.storage import migrations, tenancy

_PATIENCE = ("SET LOCAL statement_timeout = '10min'", "SET LOCAL lock_timeout = '60s'")
"""A request has seconds; an offering of thousands of people may take longer."""

Found = list[tuple[int, Differences]]
"""The number of each offering, and what was different there."""


def rebuild_progress(settings: Settings, *, offering: int | None, check: bool) -> None:
    """Work progress on modules out anew, each offering in a transaction of its own, and say what was different.

    With `check` nothing is changed, and any difference makes the command fail.
    """
    with databases(settings) as known:
        found = asyncio.run(_run(known.app, offering, check=check))
    if offering is not None and not found:
        fail(
            f"there is no offering {offering} in which anybody has made progress; its number is `databaseId` in the API"
        )
    for number, different in found:
        if any(different):
            say(f"offering {number}: {different.missing} missing, {different.surplus} surplus, {different.wrong} wrong")
    count = sum(sum(different) for _, different in found)
    say(f"{len(found)} offerings {'checked' if check else 'rebuilt'}, {count} rows of progress on modules differed")
    if check and count:
        raise SystemExit(FAILED)


async def _run(url: URL, offering: int | None, *, check: bool) -> Found:
    await migrations.require_head(url)
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            return await _each(connection, offering, check=check)
    finally:
        await engine.dispose()


async def _each(connection: AsyncConnection, offering: int | None, *, check: bool) -> Found:
    found: Found = []
    wanted = [
        (university, place)
        for university in await _universities(connection)
        for place in await _places(connection, university)
        if offering in {None, place.offering_id}
    ]
    with progress_bar("progress on modules") as on_progress:
        for done, (university, place) in enumerate(wanted, start=1):
            async with _within(connection, university):
                work = differences if check else rebuild
                found.append((place.offering_id, await work(connection, university, place)))
            on_progress(done, len(wanted))
    return found


async def _universities(connection: AsyncConnection) -> list[int]:
    async with connection.begin():
        return list((await connection.execute(text("SELECT id FROM universities ORDER BY id"))).scalars())


async def _places(connection: AsyncConnection, university: int) -> list[Place]:
    async with _within(connection, university):
        return await places(connection, university)


@asynccontextmanager
async def _within(connection: AsyncConnection, university: int) -> AsyncIterator[None]:
    """A transaction as lms_app inside one university."""
    async with connection.begin():
        for setting in (*_PATIENCE, *tenancy.settings(university, None)):
            await connection.execute(text(setting))
        yield
