"""The ledger, and what it is for: who was erased is erased again in a restored backup, to the same rows."""

import asyncio
import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from lms_graphql.privacy.erasing import erase_for_good, replay, warning
from lms_graphql.privacy.ledger import Entries, Entry, Ledger, LedgerError
from lms_graphql.storage.database import connect
from tests.privacy.conftest import copied
from tests.privacy.test_erasure import asked, changed, erased, whole

ENTRY = Entry(
    university="ALPHA", university_id=1, user_id=2, erased_at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
    erased_by=None, reason="requested", request_id="r-1",
)  # fmt: skip


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "erasures.ndjson")


def other(**changes):
    return Entry(**{**{name: getattr(ENTRY, name) for name in Entry.__struct_fields__}, **changes})


# ---- the file


def test_a_line_has_the_numbers_and_nothing_of_the_person(ledger):
    ledger.add(ENTRY)
    assert ledger.path.read_text(encoding="utf-8") == (
        '{"version":1,"university":"ALPHA","university_id":1,"user_id":2,"erased_at":"2026-01-02T03:04:05.678901Z",'
        '"erased_by":null,"reason":"requested","request_id":"r-1"}\n'
    )
    assert ledger.path.stat().st_mode & 0o777 == 0o600
    assert ledger.read() == Entries([ENTRY], [])


def test_the_last_entry_of_a_person_counts(ledger):
    assert ledger.read() == Entries([], [])
    for entry in (other(reason="before"), other(user_id=3), ENTRY, other(university_id=7)):
        ledger.add(entry)
    assert ledger.read() == Entries([ENTRY, other(user_id=3), other(university_id=7)], [])
    assert ledger.knows(1, 3)
    assert not ledger.knows(7, 3)


def test_a_line_that_a_crash_cut_off_takes_no_other_along(ledger):
    ledger.add(ENTRY)
    ledger.path.write_bytes(ledger.path.read_bytes() + b'{"version":1,"university":"AL')
    ledger.add(other(user_id=3))
    ledger.path.write_bytes(ledger.path.read_bytes() + b'{"version":2}\n')
    assert ledger.read() == Entries([ENTRY, other(user_id=3)], [2, 4])


def test_processes_do_not_write_into_each_others_lines(ledger):
    program = (
        "import sys, msgspec; from pathlib import Path; from lms_graphql.privacy.ledger import Entry, Ledger;"
        "entry = msgspec.json.decode(sys.argv[2], type=Entry);"
        "[Ledger(Path(sys.argv[1])).add(msgspec.structs.replace(entry, user_id=int(sys.argv[3]) + n))"
        " for n in range(50)]"
    )
    text = json.dumps({**{n: getattr(ENTRY, n) for n in Entry.__struct_fields__}, "reason": "x" * 5000}, default=str)
    writers = [
        subprocess.Popen([sys.executable, "-c", program, str(ledger.path), text, str(start)])
        for start in (1000, 2000, 3000)
    ]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
    found = ledger.read()
    assert (len(found.entries), found.unreadable) == (150, [])


def test_a_ledger_that_cannot_be_written_or_read(tmp_path):
    folder = tmp_path / "nowhere"
    with pytest.raises(LedgerError, match=r"can't write the ledger of erasures .*nowhere/e: No such file"):
        Ledger(folder / "e").add(ENTRY)
    with pytest.raises(LedgerError, match=r"can't read the ledger of erasures .*: Is a directory"):
        Ledger(tmp_path).read()


# ---- with a database


async def test_without_its_line_nothing_is_erased(campus, tmp_path):
    database, world = campus
    before = await whole(database)
    with pytest.raises(LedgerError):
        await erased(database, Ledger(tmp_path / "nowhere" / "e"), world)
    assert await whole(database) == before


async def test_the_line_is_on_the_disk_before_the_erasure_is_committed(campus, ledger, monkeypatch):
    """Seen from another connection, when the line is being synced nothing is committed, and then it is."""
    database, world = campus
    watcher = await connect(database.owner)
    status = "SELECT status FROM university_members WHERE university_id = $1 AND user_id = $2"
    here = (world.alpha.university["id"], world.people["student"])
    synced, sync = [], os.fsync

    def watched(descriptor):
        sync(descriptor)
        synced.append(ledger.path.read_bytes().count(b"\n"))

    monkeypatch.setattr(os, "fsync", watched)
    driver = await connect(database.app)
    commit = driver.transaction

    class Watched:
        def __init__(self, **options):
            self.inner = commit(**options)

        async def start(self):
            await self.inner.start()

        async def commit(self):
            synced.append(await watcher.fetchval(status, *here))
            await self.inner.commit()

    monkeypatch.setattr(type(driver), "transaction", lambda self, **options: Watched(**options))
    await erase_for_good(driver, ledger, "ALPHA", asked(world))
    monkeypatch.undo()
    assert synced == [1, 1, "active"]  # the file, its folder, and what others see before the commit
    assert await watcher.fetchval(status, *here) == "erased"
    await driver.close()
    await watcher.close()


async def test_a_restored_backup_is_as_it_was_after_a_replay(superuser, original, ledger):
    """The old copy stands in for the backup; the rows of all tables are compared."""
    async with copied(superuser, original[0]) as database, copied(superuser, original[0]) as backup:
        world = original[1]
        before = await whole(database)
        await erased(database, ledger, world, erased_at=None)  # at the time of the database's clock
        await erased(database, ledger, world, "student", "beta", erased_at=None)
        await erased(database, ledger, world, "instructor", erased_by=None)
        done = await whole(database)
        assert await whole(backup) == before
        driver = await connect(backup.app)
        found = ledger.read()
        back = "ledger of erasures: 3 people who were erased are back: run lms-graphql person replay"
        assert await warning(driver, found) == back
        replayed = await replay(driver, found.entries)
        assert (list(replayed.done), list(replayed.unknown)) == (found.entries, [])
        assert changed(done, await whole(backup)) == {}
        assert await warning(driver, found) is None
        assert list((await replay(driver, found.entries)).done) == []
        await driver.close()


async def test_an_entry_that_does_not_fit_the_database_erases_nobody(campus, ledger):
    """A ledger of another installation: the numbers may be somebody's, the short code tells."""
    database, world = campus
    alpha, before = world.alpha.university["id"], await whole(database)
    entries = [
        other(university="OTHER", university_id=alpha, user_id=world.people["student"]),
        other(university="ALPHA", university_id=999_999, user_id=world.people["student"]),
        other(university_id=alpha, user_id=world.people["beta_student"]),  # not in the backup yet
    ]
    driver = await connect(database.app)
    replayed = await replay(driver, entries)
    assert (list(replayed.done), list(replayed.unknown)) == ([], entries[:2])
    said = await warning(driver, Entries(entries, [4, 5]))
    assert said == "ledger of erasures: 2 entries are of universities that are not here; lines can't be read: 4, 5"
    await driver.close()
    assert await whole(database) == before


async def test_two_who_erase_one_person_take_turns(campus, ledger):
    database, world = campus
    both = await asyncio.gather(erased(database, ledger, world), erased(database, ledger, world, request_id="r-2"))
    assert sorted((done.was_erased, bool(done.changed)) for done in both) == [(False, True), (True, False)]
    assert len(ledger.read().entries) == 1
