"""`lms-graphql import roster` and `lms-graphql export roster`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import msgspec
from sqlalchemy import URL

from lms_graphql.commands.console import fail, note, say
from lms_graphql.commands.database import databases
from lms_graphql.commands.progress import progress_bar
from lms_graphql.engine.context import Context, Viewer
from lms_graphql.engine.relay import Cursors
from lms_graphql.engine.usererrors import Refused
from lms_graphql.engine.work import Work
from lms_graphql.interop.oneroster import steps
from lms_graphql.interop.oneroster.exporting import export_roster as read_university
from lms_graphql.interop.oneroster.outcome import Outcome
from lms_graphql.interop.oneroster.package import RosterError
from lms_graphql.interop.oneroster.records import Roster
from lms_graphql.interop.oneroster.service import MOST_DROPPED_PERCENT, guard, read_checked
from lms_graphql.interop.oneroster.state import State, university
from lms_graphql.interop.oneroster.writing import write
from lms_graphql.settings import Settings
from lms_graphql.storage import migrations
from lms_graphql.storage.database import create_engine, on_driver
from lms_graphql.storage.snapshot import Snapshot

_MODE = "as_said"
_NO_CURSORS = Cursors(b"a command gives out no cursors")


def import_roster(settings: Settings, *, path: Path, university: str, dry_run: bool, confirm_drops: bool) -> None:
    """Read a OneRoster package and write it into a university; rows that can't be taken are left out and told.

    All of it is one transaction; with `dry_run` nothing is kept.
    """
    try:
        roster, outcome = read_checked(path.read_bytes())
    except (OSError, RosterError) as error:
        fail(str(error))
    with databases(settings) as found:
        work = _import(found.app, university, roster, outcome, keep=not dry_run, confirm_drops=confirm_drops)
        asyncio.run(work)
    _say_outcome(outcome, dry_run=dry_run)


async def _import(
    url: URL, short_code: str, roster: Roster, outcome: Outcome, *, keep: bool, confirm_drops: bool
) -> None:
    async with _acting(url, short_code) as context, context.snapshot.transaction() as transaction:
        work = Work(context, transaction)
        await steps.take_turns(work)
        state = State(work, await university(work), roster, _MODE, outcome)
        try:
            if keep and not confirm_drops:
                await guard(state, MOST_DROPPED_PERCENT, ())
        except Refused as refused:
            fail(refused.failures[0].message.replace("confirmDrops", "--confirm-drops"))
        with progress_bar(short_code) as on_progress:
            await steps.everything(state, on_progress)
        if keep:
            await transaction.commit()


def export_roster(settings: Settings, *, path: Path, university: str) -> None:
    """Write a university as a OneRoster package; a file that is there is not overwritten."""
    with databases(settings) as found:
        roster = asyncio.run(_export(found.app, university))
    try:
        with path.open("xb") as file:
            file.write(write(roster))
    except OSError as error:
        fail(f"{path}: {error.strerror}")
    say(f"{university}: {roster.size} rows written to {path}")


async def _export(url: URL, short_code: str) -> Roster:
    async with _acting(url, short_code) as context:
        return await read_university(context)


@asynccontextmanager
async def _acting(url: URL, short_code: str) -> AsyncIterator[Context]:
    """What services work with in a university, for nobody in particular."""
    await migrations.require_head(url)
    university_id = await _university_id(url, short_code)
    if university_id is None:
        fail(f"there is no university with the short code {short_code}; see universities {{ shortCode }} in the API")
    engine = create_engine(url)
    try:
        async with Snapshot(engine) as snapshot:
            await snapshot.act_for(university_id, None)
            yield Context(Viewer(university_id=university_id), snapshot, _NO_CURSORS, request_id="command")
    finally:
        await engine.dispose()


async def _university_id(url: URL, short_code: str) -> int | None:
    async def work(driver: asyncpg.Connection) -> int | None:
        found: int | None = await driver.fetchval("SELECT id FROM universities WHERE short_code = $1", short_code)
        return found

    university_id: int | None = await on_driver(url, work)
    return university_id


def _say_outcome(outcome: Outcome, *, dry_run: bool) -> None:
    say("the roster would be imported so (dry run, nothing was kept):" if dry_run else "the roster is imported:")
    for entity, counts in outcome.stored().items():
        told = msgspec.convert(counts, dict[str, int])
        say(f"  {entity}: " + ", ".join(f"{count} {what}" for what, count in told.items()))
    for error in outcome.errors:
        field = f" {error.field}:" if error.field else ""
        note(f"{error.file}.csv, line {error.line}:{field} {error.message}")
