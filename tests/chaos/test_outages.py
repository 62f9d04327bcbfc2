"""PostgreSQL is stopped at once, and all its backends ended, under load: what was acknowledged is there, once.

Writers each have a name of their own to change, one change after another, each under a key and again until it is
answered; the version says how often it was changed. Readers ask at their pace and take what they get.
"""

import asyncio
import os
import time
from collections import Counter
from typing import NamedTuple

import asyncpg
import pytest

from tests.chaos.acts import rename
from tests.chaos.machines import Serving, Store
from tests.load.asking import Answer, Client, GoneError

pytestmark = pytest.mark.proof

SECONDS = float(os.environ.get("CHAOS_SECONDS", "20"))
FAULTS = 10
WRITERS, WRITES_A_SECOND = 40, 2.0
READERS, READS_A_SECOND = 20, 5.0
SLACK = float(os.environ.get("CHAOS_SLACK", "1"))
"""Loosens the bound on the time alone, for machines that do other things besides."""
RECOVERY_SECONDS = 2.0 * SLACK
READ = "{ viewer { user { displayName } roles } courses(first: 5) { edges { node { title } } } }"
CODES = {"UNAVAILABLE", "OUTCOME_UNKNOWN", "OVERLOADED"}


class Heard(NamedTuple):
    """One answer to a reader: when it was there, whether it was what was asked for, and else what."""

    ended: float
    is_good: bool
    what: str


class Fault(NamedTuple):
    """One fault: its kind, when it began, and when PostgreSQL took connections again."""

    kind: str
    began: float
    opened: float


def judged(answer: Answer) -> str:
    """What an answer is: "" where it is whole; else how it tells of the outage, or that it may not be given."""
    if answer.status == 200 and answer.code is None:
        return ""
    if answer.status == 503:
        return f"503 {answer.code}" if "retry-after" in answer.headers else "WRONG: 503 without Retry-After"
    told = f"{answer.status} {answer.code}"
    return told if answer.status == 200 and answer.code in CODES else f"WRONG: {told}"


class Load:
    """The readers and the writers, and what they heard."""

    def __init__(self, server: Serving, campus) -> None:
        self.ends = asyncio.Event()
        self.reads: list[Heard] = []
        self.writes = Counter[str]()
        self.acknowledged: dict[int, list[str]] = {}
        self.unhealthy = Counter[str]()
        self._server, self._campus = server, campus

    async def read(self, person: int, number: int) -> None:
        """One reader."""
        async with self._server.client(self._campus, person) as client:
            await self._wait(number / READERS / READS_A_SECOND)
            while not self.ends.is_set():
                began = time.monotonic()
                try:
                    what = judged(await client.ask(READ))
                except GoneError as error:
                    what = f"WRONG: {error}"
                self.reads.append(Heard(time.monotonic(), not what, what))
                await self._wait(began + 1 / READS_A_SECOND - time.monotonic())

    async def write(self, person: int, number: int) -> None:
        """One writer; it ends when its last change is answered."""
        done = self.acknowledged[person] = []
        async with self._server.client(self._campus, person) as client:
            await self._wait(number / WRITERS / WRITES_A_SECOND)
            while not self.ends.is_set():
                began, version = time.monotonic(), len(done) + 1
                name = f"{person} for the {version}th time"
                act = rename(person, version)._replace(given={"displayName": name, "expectedVersion": version})
                answer = await self._answered(act, client, f"outage-{person}-{version}")
                assert answer.body["data"]["updateProfile"] == {
                    "user": {"displayName": name, "version": version + 1},
                    "errors": [],
                }
                done.append(name)
                await self._wait(began + 1 / WRITES_A_SECOND - time.monotonic())

    async def look(self) -> None:
        """Ask whether the server lives, which no outage of PostgreSQL may change."""
        async with self._server.client(self._campus, 0) as client:
            while not self.ends.is_set():
                answer = await client.get("/healthz")
                self.unhealthy[str(answer.status)] += answer.status != 200
                await asyncio.sleep(0.05)

    async def _answered(self, act, client: Client, key: str) -> Answer:
        """As `until_answered`, with what was heard on the way counted."""
        while True:
            try:
                answer = await act.send(client, key)
            except GoneError as error:
                self.writes[f"WRONG: {error}"] += 1
            else:
                what = judged(answer)
                if not what:
                    self.writes["acknowledged"] += 1
                    return answer
                self.writes[what] += 1
            await asyncio.sleep(0.05)

    async def _wait(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))


async def terminate(superuser: asyncpg.Connection) -> int:
    """End every backend of the application."""
    ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'lms%'"
    return len(await superuser.fetch(ended))


async def disturb(machine: Store, seconds: float) -> list[Fault]:
    """All faults, the two kinds in turn, so far apart that the load lasts so long and each can be recovered from."""
    faults, pause = [], max(seconds / FAULTS, RECOVERY_SECONDS + 0.5)
    for number in range(FAULTS):
        owner = await machine.connect()
        began = time.monotonic()
        if number % 2:
            ended = await terminate(owner)
            assert ended > 0
            kind, opened = "backends ended", began
            await owner.close()
        else:
            await machine.kill()
            await machine.wait_until_open()
            kind, opened = "stopped at once", time.monotonic()
            owner.terminate()
        faults.append(Fault(kind, began, opened))
        await asyncio.sleep(pause)
    return faults


def recoveries(faults: list[Fault], reads: list[Heard]) -> list[float]:
    """For each fault, how long after PostgreSQL took connections the last read failed, before the next fault."""
    failed = [heard.ended for heard in reads if not heard.is_good]
    ends = [fault.began for fault in faults[1:]] + [float("inf")]
    return [
        max([moment - fault.opened for moment in failed if fault.opened <= moment < end], default=0.0)
        for fault, end in zip(faults, ends, strict=True)
    ]


async def test_nothing_acknowledged_is_lost_or_done_twice(machine, campus):
    with Serving(machine, workers=2, LMS_MAX_IN_FLIGHT="100") as server:
        load, before = Load(server, campus), server.processes
        writing = [asyncio.create_task(load.write(who, number)) for number, who in enumerate(campus.people[:WRITERS])]
        reading = [
            asyncio.create_task(load.read(who, number)) for number, who in enumerate(campus.people[WRITERS:][:READERS])
        ]
        looking = asyncio.create_task(load.look())
        began = time.monotonic()
        await asyncio.sleep(1)
        faults = await disturb(machine, SECONDS)
        seconds = time.monotonic() - began
        load.ends.set()
        await asyncio.gather(*writing, *reading, looking)
        assert server.processes == before, "a worker was begun anew"
        surprises = server.tracebacks()
    late = recoveries(faults, load.reads)
    report(load, faults, late, seconds)
    print(f"tracebacks in the server's log: {dict(surprises)}")
    assert not [heard.what for heard in load.reads if heard.what.startswith("WRONG")]
    assert not [what for what in load.writes if what.startswith("WRONG")]
    assert load.unhealthy == {"200": 0}
    assert max(late) <= RECOVERY_SECONDS
    assert load.reads[-1].is_good
    await compare(machine, campus, load.acknowledged)


def report(load: Load, faults: list[Fault], late: list[float], seconds: float) -> None:
    """Print what was seen."""
    reads = Counter(heard.what or "good" for heard in load.reads)
    rate = (len(load.reads) + load.writes.total()) / seconds
    print(f"\n{rate:.0f} requests/s for {seconds:.0f} s; reads {dict(reads)}")
    print(f"tries of writes {dict(load.writes)}")
    for fault, after in zip(faults, late, strict=True):
        print(f"{fault.kind:<16} closed {fault.opened - fault.began:.2f} s, reads failed until {after:.2f} s after")


async def compare(machine: Store, campus, acknowledged: dict[int, list[str]]) -> None:
    """Each change that was acknowledged is in the audit log, once and in order, and nothing else is."""
    owner = await machine.connect()
    try:
        for person, names in acknowledged.items():
            assert names
            audited = await owner.fetch(
                "SELECT new_values ->> 'displayName' FROM audit_log"
                " WHERE university_id = $1 AND user_id = $2 ORDER BY id",
                *(campus.id, person),
            )
            assert [row[0] for row in audited] == names
            kept = await owner.fetchrow(
                "SELECT display_name, version FROM university_members WHERE university_id = $1 AND user_id = $2",
                *(campus.id, person),
            )
            assert tuple(kept) == (names[-1], len(names) + 1)
    finally:
        await owner.close()
