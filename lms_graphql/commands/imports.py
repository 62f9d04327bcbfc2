"""`lms-graphql import …`."""

import asyncio
from pathlib import Path

import asyncpg
import msgspec
from sqlalchemy import URL

from lms_graphql.commands.console import fail, say
from lms_graphql.commands.database import databases, tenant_connection
from lms_graphql.commands.progress import progress_bar
from lms_graphql.interop.checked import CourseImportError
from lms_graphql.interop.imported import ImportedCourse, ImportReport
from lms_graphql.interop.olx.archive import ArchiveError, read_archive
from lms_graphql.interop.olx.course import read_course
from lms_graphql.interop.olx.source import CourseError
from lms_graphql.interop.service import ImportOutcome, import_course
from lms_graphql.settings import Settings
from lms_graphql.storage import migrations
from lms_graphql.storage.database import on_driver


def import_olx(settings: Settings, *, path: Path, university: str, dry_run: bool) -> None:
    """Read an OLX export and write it into a university, all or nothing; with `dry_run` nothing is kept."""
    try:
        course, report = read_course(read_archive(path))
    except (ArchiveError, CourseError) as error:
        fail(str(error))
    with databases(settings) as found:
        outcome = asyncio.run(_write(found.app, university, course, keep=not dry_run))
    _say_report(course, report, outcome, dry_run=dry_run)


async def _write(url: URL, university: str, course: ImportedCourse, *, keep: bool) -> ImportOutcome:
    await migrations.require_head(url)
    university_id = await _university_id(url, university)
    if university_id is None:
        fail(f"there is no university with the short code {university}; see universities {{ shortCode }} in the API")
    try:
        with progress_bar(course.title) as on_progress:
            async with tenant_connection(url, university_id, keep=keep) as connection:
                return await import_course(
                    connection, university_id, course, on_progress=on_progress, request_id="lms-graphql import olx"
                )
    except CourseImportError as error:
        fail(str(error))


async def _university_id(url: URL, short_code: str) -> int | None:
    async def work(driver: asyncpg.Connection) -> int | None:
        found: int | None = await driver.fetchval("SELECT id FROM universities WHERE short_code = $1", short_code)
        return found

    university_id: int | None = await on_driver(url, work)
    return university_id


def _say_report(course: ImportedCourse, report: ImportReport, outcome: ImportOutcome, *, dry_run: bool) -> None:
    changed = any(counts.created or counts.updated or counts.retired for counts in outcome.counts.values())
    done = "would be imported (dry run, nothing was kept)" if dry_run else "imported"
    say(f"{course.code} «{course.title}» {done if changed else 'is up to date'}")
    for entity, counts in outcome.counts.items():
        say(f"  {entity}: " + ", ".join(f"{count} {what}" for what, count in msgspec.structs.asdict(counts).items()))
    say("mapped:")
    for mapping, count in sorted(report.mapped.items()):
        say(f"  {count:5} {mapping}")
    if report.left_out:
        say(f"left out or changed: {len(report.left_out)}")
        for left in report.left_out:
            say(f"  {left.kind} {left.external_id}: {left.reason}")
