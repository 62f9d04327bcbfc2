"""`lms-graphql person …`."""

import asyncio
import sys
import uuid
from contextlib import aclosing

import asyncpg
from sqlalchemy import URL

from lms_graphql.commands.console import confirm, fail, note, say
from lms_graphql.commands.database import databases
from lms_graphql.privacy.erasing import Replayed, erase_for_good, preview, replay, warning
from lms_graphql.privacy.export import export
from lms_graphql.privacy.ledger import Entries, Ledger, LedgerError
from lms_graphql.privacy.people import PersonUnknownError, find_person
from lms_graphql.privacy.service import Erased, Erasing
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


def erase_person(settings: Settings, *, university: str, email: str, reason: str, dry_run: bool, yes: bool) -> None:
    """Say what an erasure does, by table; unless that is all that is wanted, ask, and do it for good."""
    ledger = Ledger(settings.ledger_path())
    try:
        with databases(settings) as found:
            asked = asyncio.run(_asked(found.app, university, email, reason))
            erased = asyncio.run(on_driver(found.app, lambda driver: preview(driver, asked)))
            _say_erased(f"person {asked.user_id} of {university}, {email}, would change", erased)
            if dry_run:
                return
            if not yes:
                confirm("Erase for good? This can't be undone.")
            erased = asyncio.run(on_driver(found.app, lambda driver: erase_for_good(driver, ledger, university, asked)))
            say(f"person {asked.user_id} of {university} is erased; it stands in {ledger.path}")
    except (PersonUnknownError, LedgerError) as error:
        fail(str(error))
    except asyncpg.PostgresError as error:
        fail(f"the database refused it, nothing was changed: {str(error).splitlines()[0]}")


async def _asked(url: URL, university: str, email: str, reason: str) -> Erasing:
    await migrations.require_head(url)
    person = await on_driver(url, lambda driver: find_person(driver, university, email))
    return Erasing(
        university_id=person.university_id,
        user_id=person.user_id,
        erased_by=None,
        reason=reason,
        request_id=uuid.uuid4().hex,
    )


def _say_erased(what: str, erased: Erased | None) -> None:
    rows = {} if erased is None else erased.rows
    say(f"{what}: {sum(rows.values())} rows")
    for table, count in rows.items():
        if count:
            say(f"  {table}: {count}")


def replay_erasures(settings: Settings) -> None:
    """Erase all people again who are in the ledger and back in the database."""
    try:
        ledger = Ledger(settings.ledger_path())
        found = ledger.read()
        with databases(settings) as here:
            replayed = asyncio.run(_replay(here.app, found))
    except LedgerError as error:
        fail(str(error))
    for entry in replayed.done:
        say(f"person {entry.user_id} of {entry.university} is erased again")
    say(f"{len(found.entries)} entries in {ledger.path}, {len(replayed.done)} replayed")
    if replayed.unknown or found.unreadable:
        for entry in replayed.unknown:
            note(f"there is no university {entry.university} with the number {entry.university_id}")
        for number in found.unreadable:
            note(f"line {number} of the ledger can't be read")
        fail("not every entry of the ledger could be replayed")


async def _replay(url: URL, found: Entries) -> Replayed:
    await migrations.require_head(url)
    replayed: Replayed = await on_driver(url, lambda driver: replay(driver, found.entries))
    return replayed


async def ledger_warning(settings: Settings, url: URL) -> str | None:
    """What is wrong between the ledger and a database at head, if anything; a ledger that is not set has nothing."""
    if settings.database_url is not None and settings.erasure_ledger is None:
        return None
    try:
        found = Ledger(settings.ledger_path()).read()
    except LedgerError as error:
        return str(error)
    if not (found.entries or found.unreadable):
        return None
    said: str | None = await on_driver(url, lambda driver: warning(driver, found))
    return said
