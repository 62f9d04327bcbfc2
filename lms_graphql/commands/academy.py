"""`lms-graphql import academy`."""

import asyncio
import re

import msgspec
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from lms_graphql.commands.console import fail, say
from lms_graphql.commands.database import databases, owner_connection
from lms_graphql.commands.progress import progress_bar
from lms_graphql.interop.academy.service import AcademyOutcome, add_university
from lms_graphql.interop.academy.service import import_academy as write_academy
from lms_graphql.interop.academy.source import Academy, AcademyError, read_academy
from lms_graphql.interop.checked import CourseImportError
from lms_graphql.settings import Settings
from lms_graphql.storage import migrations
from lms_graphql.storage.database import database_url, described

_SHORT_CODE = re.compile(r"[A-Z0-9]{2,24}")


def import_academy(settings: Settings, *, dsn: str, university: str) -> None:
    """Read an academy from its database and write it into a university, all or nothing."""
    if not _SHORT_CODE.fullmatch(university):
        fail("--university is a short code: 2 to 24 of A-Z and 0-9")
    source = database_url(dsn, variable="--dsn")
    try:
        academy = asyncio.run(read_academy(source))
        with databases(settings) as found:
            outcome = asyncio.run(_write(found.owner_or_fail(), university, academy))
    except (AcademyError, CourseImportError) as error:
        fail(str(error))
    _say_outcome(university, described(source), outcome)


async def _write(owner: URL, university: str, academy: Academy) -> AcademyOutcome:
    await migrations.require_head(owner)
    try:
        with progress_bar(university) as on_progress:
            async with owner_connection(owner) as connection:
                university_id = await add_university(connection, university)
                return await write_academy(connection, university_id, academy, on_progress)
    except DBAPIError as error:
        reason = str(error.orig).splitlines()[0].removeprefix("<class ").partition(">: ")[2] or type(error).__name__
        fail(f"the database refused the academy, nothing was kept: {reason}")


def _say_outcome(university: str, source: str, outcome: AcademyOutcome) -> None:
    changed = any(counts.changed for counts in outcome.counts.values())
    say(f"{university}: the academy at {source} {'imported' if changed else 'is up to date'}")
    for entity, counts in outcome.counts.items():
        say(f"  {entity}: " + ", ".join(f"{count} {what}" for what, count in msgspec.structs.asdict(counts).items()))
    say("mapped:")
    for name, count in sorted(outcome.report.mapped.items()):
        say(f"  {count:5} {name}")
    if outcome.report.left_out:
        say(f"left out or changed: {len(outcome.report.left_out)}")
        for left in outcome.report.left_out:
            say(f"  {left.kind} {left.external_id}: {left.reason}")
