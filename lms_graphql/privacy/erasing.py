"""An erasure from beginning to end (transaction, ledger, commit), and all of them again after a restore."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg
import msgspec

from lms_graphql.enrollment.promoting import promote
from lms_graphql.privacy.ledger import Entries, Entry, Ledger
from lms_graphql.privacy.operating import Operator
from lms_graphql.privacy.service import Erased, Erasing, erase
from lms_graphql.storage import tenancy

_PATIENCE = "SET LOCAL statement_timeout = '60s'"
"""The application's own would be for answers."""
_UNIVERSITIES = (
    "SELECT id, short_code FROM universities WHERE (id, short_code) IN (SELECT * FROM unnest($1::bigint[], $2::text[]))"
)
_NOT_ERASED = """
SELECT user_id FROM university_members WHERE university_id = $1 AND user_id = ANY ($2::bigint[]) AND status <> 'erased'
"""


@asynccontextmanager
async def _in_university(driver: asyncpg.Connection, asked: Erasing, *, keep: bool = True) -> AsyncIterator[Operator]:
    """A transaction of its own; committed when the block ends well and `keep` is true."""
    transaction = driver.transaction()
    await transaction.start()
    try:
        await driver.execute("; ".join([_PATIENCE, *tenancy.settings(asked.university_id, None)]))
        yield Operator(driver, asked.university_id, asked.request_id)
    except BaseException:
        await transaction.rollback()
        raise
    await (transaction.commit() if keep else transaction.rollback())


async def preview(driver: asyncpg.Connection, asked: Erasing) -> Erased | None:
    """What an erasure would do: it is done, counted and not kept."""
    async with _in_university(driver, asked, keep=False) as operator:
        return await _erased(operator, asked)


async def erase_for_good(driver: asyncpg.Connection, ledger: Ledger, university: str, asked: Erasing) -> Erased | None:
    """Erase a person; on the disk in the ledger first, then committed. LedgerError: nothing was done."""
    async with _in_university(driver, asked) as operator:
        erased = await _erased(operator, asked)
        if erased is not None and not (erased.was_erased and ledger.knows(asked.university_id, asked.user_id)):
            ledger.add(entry_of(university, asked, erased))
    return erased


async def _erased(operator: Operator, asked: Erasing) -> Erased | None:
    """Erase them, and give the seats that they had to those who wait."""
    erased = await erase(operator, asked)
    if erased is not None:
        for offering_id in erased.freed:
            await promote(operator, offering_id)
    return erased


def entry_of(university: str, asked: Erasing, erased: Erased) -> Entry:
    """What the ledger says of an erasure; `university` is its short code."""
    return Entry(university=university, **{**msgspec.structs.asdict(asked), "erased_at": erased.erased_at})


class Replayed(msgspec.Struct, frozen=True):
    """What became of a ledger's entries in a database."""

    done: Sequence[Entry]
    """Erased now, who were back."""
    unknown: Sequence[Entry]
    """Of universities that are not there, at least not under both number and short code."""


async def replay(driver: asyncpg.Connection, entries: Sequence[Entry]) -> Replayed:
    """Erase all people again who are in the ledger and not erased in the database; each in a transaction of its own."""
    known, unknown = await _sorted(driver, entries)
    done = []
    for entry in await _outstanding(driver, known):
        values = msgspec.structs.asdict(entry)
        asked = Erasing(**{name: values[name] for name in Erasing.__struct_fields__})
        async with _in_university(driver, asked) as operator:
            await _erased(operator, asked)
        done.append(entry)
    return Replayed(done, unknown)


async def warning(driver: asyncpg.Connection, found: Entries) -> str | None:
    """What is wrong between the ledger and the database, in one line; None when nothing is."""
    known, unknown = await _sorted(driver, found.entries)
    outstanding = await _outstanding(driver, known)
    said = {
        f"{len(outstanding)} people who were erased are back: run lms-graphql person replay": outstanding,
        f"{len(unknown)} entries are of universities that are not here": unknown,
        f"lines can't be read: {', '.join(map(str, found.unreadable))}": found.unreadable,
    }
    problems = [text for text, reason in said.items() if reason]
    return f"ledger of erasures: {'; '.join(problems)}" if problems else None


async def _sorted(driver: asyncpg.Connection, entries: Sequence[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Those of universities that are here, and the others."""
    named = {(entry.university_id, entry.university) for entry in entries}
    rows = await driver.fetch(_UNIVERSITIES, [number for number, _ in named], [code for _, code in named])
    here = {tuple(row) for row in rows}
    known = [entry for entry in entries if (entry.university_id, entry.university) in here]
    return known, [entry for entry in entries if (entry.university_id, entry.university) not in here]


async def _outstanding(driver: asyncpg.Connection, entries: Sequence[Entry]) -> list[Entry]:
    """Those whose person is in the database and not erased."""
    people: dict[int, list[int]] = {}
    for entry in entries:
        people.setdefault(entry.university_id, []).append(entry.user_id)
    back = set()
    for university_id, user_ids in people.items():
        async with driver.transaction(readonly=True):
            await driver.execute("; ".join(tenancy.settings(university_id, None)))
            rows = await driver.fetch(_NOT_ERASED, university_id, user_ids)
        back |= {(university_id, row["user_id"]) for row in rows}
    return [entry for entry in entries if (entry.university_id, entry.user_id) in back]
