"""Goal 8: a small query under mixed load, how long a document holds the loop, what distance costs."""

import asyncio
import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from tests.benchmarks import contestants as c
from tests.benchmarks.contestants import Case, Running, document, spelled, started
from tests.benchmarks.database import HERE, NAME, Database
from tests.benchmarks.inside import Inside, inside
from tests.benchmarks.load import Load, Request, parsed
from tests.benchmarks.mixed import mixed, small
from tests.benchmarks.pages import all_pages, staff
from tests.benchmarks.rounds import QUICK, ROUNDS, SECONDS
from tests.benchmarks.statements import DEEPEST, chain, growing
from tests.benchmarks.syllabus import cases
from tests.benchmarks.table import Goal, at_most

_MOST_OF_MEDIAN = 3.0
_MOST_BLOCKED_MS = 100.0
_INJECTED_MS = 1.0
_PAUSE_MS = 40
"""What each of four people waits between two requests of the lighter mixed load."""


def measure(database: Database) -> tuple[list[Goal], Any]:
    """All three."""
    with started(c.OURS, database) as running:
        tails = {name: _tail(running, delay) for name, delay in (("steady", _PAUSE_MS), ("saturated", 0))}
    goals = [
        at_most(8, f"small query under {name} mixed load, p99 against its median", tail.ratio, _MOST_OF_MEDIAN, "×")
        for name, tail in tails.items()
    ]
    for name, tail in tails.items():
        print(f"small query, {name} mixed load: median {tail.median_ms:.1f} ms, p99 {tail.p99_ms:.1f} ms")  # noqa: T201
    held = asyncio.run(_held(database))
    for name, milliseconds in held.items():
        shown = ", ".join(f"{value:.1f}" for value in milliseconds)
        print(f"longest hold of the loop, {name}: {shown} ms (first time and later ones)", flush=True)  # noqa: T201
    worst = max(held, key=lambda name: max(held[name]))
    goals.append(at_most(8, f"longest hold of the loop, by {worst}", max(held[worst]), _MOST_BLOCKED_MS, "ms"))
    walls, injected = _walls(database)
    goals += [_wall(name, near, far, injected) for name, (near, far) in walls.items()]
    return goals, {"tails": tails, "loop_held_ms": held, "walls_ms": walls, "injected_ms": injected}


# ---- a small query among others ----


class Tail(msgspec.Struct):
    """Medians over the rounds, in milliseconds."""

    median_ms: float
    p99_ms: float
    ratio: float


def _tail(running: Running, delay_ms: int) -> Tail:
    background = Load(running.url, mixed(), delay_ms=delay_ms)
    probe = Load(running.url, small(), connections=1)
    background.run(3)
    rounds = []
    for _ in range(ROUNDS):
        with background.start(2 * SECONDS + 2) as other:
            time.sleep(1)
            rounds.append(parsed(probe.run(2 * SECONDS)))
            if parsed(other.communicate()[0]).failed or rounds[-1].failed:
                raise SystemExit("requests of the mixed load failed")
    middle = [statistics.median(getattr(found, name) for found in rounds) for name in ("median_ms", "p99_ms")]
    return Tail(*middle, statistics.median(found.p99_ms / found.median_ms for found in rounds))


# ---- how long the loop is held ----

_PEOPLE = """query People { offerings(first: %d) { edges { node { id termName startsAt endsAt visibility createdAt
  enrollments(first: 100) { edges { cursor node { id databaseId status enrolledAt completedAt
    user { id displayName email studentNumber joinedAt }
    grade { id finalScore letterGrade passed gradedAt } } } } } } } }"""
_TICK_SECONDS = 0.001
_FAILURES = {"DEADLINE_EXCEEDED", "UNAVAILABLE", "OVERLOADED", "INTERNAL_ERROR"}
"""Not refusals: a document that gets one of these was allowed."""


def _allowed() -> dict[str, list[Request]]:
    """Documents near the limits; of each the largest that is not refused counts, so a list has smaller ones behind."""
    reader = Case(1, "U1", staff(1))
    people = [spelled("ours", " ".join((_PEOPLE % n).split()), reader) for n in (100, 60, 40, 30, 20, 10)]
    book = all_pages()[-1]
    progress = document("gradebook").replace("(first: 40)", "(first: %d)")
    books = [spelled("ours", progress % n, book.cases[0], book.typename) for n in (100, 40)]
    return {
        "the syllabus of 10,000 items": [growing(50)],
        "pages of people": people,
        "the gradebook": books,
        "the deepest syllabus": [chain(DEEPEST)],
        "the most fields": [spelled("ours", _many_fields(), reader)],
    }


def _many_fields() -> str:
    """As many fields and aliases as a document may have: its first time costs validation."""
    fields = "id code title description level languageCode creditHours isPublished createdAt updatedAt databaseId"
    parts = [f"a{n}: courses(first: 1) {{ edges {{ node {{ {fields} }} }} }}" for n in range(19)]
    return "query Many { " + " ".join(parts) + " }"


async def _held(database: Database) -> dict[str, list[float]]:
    """For each document the longest hold at its first time, then at three later ones."""
    settings = {"syllabus_cache": 0} if c.HAS_CACHE else {}
    found = {}
    for name, requests in _allowed().items():
        async with inside(database, **settings) as app:
            request = await _largest(app, requests, name)
        async with inside(database, **settings) as app:  # anew: this one has not seen the document
            await app.data(small()[0])
            found[name] = [await _longest_hold(app, request) for _ in range(4)]
    return found


async def _largest(app: Inside, requests: list[Request], name: str) -> Request:
    for request in requests:
        answer = msgspec.json.decode(await app.send(request))
        if not answer.get("errors"):
            return request
        if answer["errors"][0]["extensions"]["code"] in _FAILURES:
            raise SystemExit(f"{name}: {answer['errors'][0]}")
    raise SystemExit(f"{name}: refused at every size")


async def _longest_hold(app: Inside, request: Request) -> float:
    """The longest time that nothing else ran on the loop, in milliseconds, while a request was answered."""
    gaps: list[float] = []
    before = time.perf_counter()

    async def tick() -> None:
        nonlocal before
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            now = time.perf_counter()
            gaps.append(now - before - _TICK_SECONDS)
            before = now

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0.01)
    gaps.clear()
    await app.send(request)
    await asyncio.sleep(0.005)
    ticking.cancel()
    return max(gaps) * 1000


# ---- the distance to PostgreSQL ----


def _walls(database: Database) -> tuple[dict[str, tuple[float, float]], float]:
    """Wall time of single requests, near and with a millisecond of round trip more; and what that millisecond was."""
    pages = {page.name: page for page in all_pages()}
    requests = {
        "syllabus": [spelled("ours", document("syllabus"), case) for case in cases()],
        **{
            name: [spelled("ours", document(name), case) for case in pages[name].cases]
            for name in ("catalog", "dashboard")
        },
    }
    with _distant(database) as url:
        injected = asyncio.run(_round_trip(url)) - asyncio.run(_round_trip(database.app))
        with started(c.OURS, database) as near, started(c.OURS, database, LMS_DATABASE_URL=url) as far:
            found = {}
            for name, given in requests.items():
                loads = [Load(running.url, given, connections=1) for running in (near, far)]
                for load in loads:
                    load.run(2)
                rounds = [[parsed(load.run(SECONDS)).median_ms for load in loads] for _ in range(ROUNDS)]
                found[name] = tuple(statistics.median(place) for place in zip(*rounds, strict=True))
    return found, injected  # type: ignore[return-value]


def _wall(name: str, near: float, far: float, injected: float) -> Goal:
    trips = (far - near) / injected
    reached = f"+{far - near:.1f} ms"
    what = f"{name}, wall {near:.1f} ms; with {injected:.1f} ms more of round trip ({trips:.1f} in a row)"
    return Goal(8, what, "reported", reached, True, far - near)


@contextlib.contextmanager
def _distant(database: Database) -> Iterator[str]:
    """A URL that leads to the same database by the relay."""
    with tempfile.TemporaryDirectory(prefix="lms-far-") as folder:
        name = ".s.PGSQL.5432"
        delay = str(_INJECTED_MS / 2 / 1000)
        command = [
            sys.executable,
            "-m",
            "tests.benchmarks.distance",
            f"{folder}/{name}",
            f"{database.socket_dir}/{name}",
            delay,
        ]
        relay = subprocess.Popen(command, cwd=HERE.parent.parent)
        try:
            while not Path(folder, name).exists():
                if relay.poll() is not None:
                    raise SystemExit("the relay does not start")
                time.sleep(0.02)
            time.sleep(0.1)
            yield f"postgresql://lms_app@/{NAME}?host={folder}&port=5432"
        finally:
            relay.kill()
            relay.wait()


async def _round_trip(url: str) -> float:
    """The median of the smallest statement, in milliseconds."""
    driver = await asyncpg.connect(url)
    try:
        times = []
        for _ in range(30 if QUICK else 300):
            begun = time.perf_counter()
            await driver.fetchval("SELECT 1")
            times.append((time.perf_counter() - begun) * 1000)
        return statistics.median(times)
    finally:
        await driver.close()
