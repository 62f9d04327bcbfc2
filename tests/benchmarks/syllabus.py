"""Goals 1 and 2: the nested syllabus, against everybody."""

import itertools
import os
from typing import Any

import orjson

from tests.benchmarks import contestants as c
from tests.benchmarks.answers import canonical, from_postgraphile
from tests.benchmarks.contestants import Case, Contestant, Running, requests_for, student
from tests.benchmarks.data import COURSES_PER_UNIVERSITY, UNIVERSITIES
from tests.benchmarks.database import Database
from tests.benchmarks.rounds import Standing, compare, table
from tests.benchmarks.table import Goal, at_most

PEERS = (c.CEILING, c.TREE, c.LEVELS, c.POSTGRAPHILE, c.PLAIN_CORE, c.ORM)
_LARGEST_DIFFERENCE = 0.1
"""Of sizes: global ids are longer than numbers."""
_LARGEST_OF_POSTGRAPHILE = 0.2
"""Its payloads are whole, connections have `nodes`."""


def cases() -> list[Case]:
    """Every course, asked for by a student of its university: course n is of university 1 + n % 5."""
    courses = range(UNIVERSITIES * COURSES_PER_UNIVERSITY)
    return [
        Case(
            1 + n % UNIVERSITIES,
            f"U{1 + n % UNIVERSITIES}",
            student(1 + n % UNIVERSITIES, 100 + n // UNIVERSITIES),
            n + 1,
        )
        for n in courses
    ]


REQUESTS = requests_for("syllabus", cases())


def check(servers: list[Running]) -> None:
    """End the run unless all answers say the same."""
    for number in (0, 7, 199):
        shown: dict[str, Any] = {}
        for server in servers:
            answer = server.send(REQUESTS(server.contestant)[number])["data"]
            said = from_postgraphile(answer) if server.contestant.dialect == "postgraphile" else answer
            shown[server.contestant.name] = (canonical(said), len(orjson.dumps(answer)))
        (first, (expected, size)), *others = shown.items()
        lessons = [
            lesson for root in expected["course"]["modules"] for unit in root["children"] for lesson in unit["children"]
        ]
        items = list(itertools.chain.from_iterable(lesson["contentItems"] for lesson in lessons))
        if len(lessons) != 40 or len(items) != 200:
            raise SystemExit(f"{first}: {len(lessons)} lessons and {len(items)} items instead of 40 and 200")
        for name, (said, length) in others:
            if said != expected:
                raise SystemExit(f"{name} and {first} answer differently")
            most = _LARGEST_OF_POSTGRAPHILE if name == "postgraphile" else _LARGEST_DIFFERENCE
            if abs(length / size - 1) > most:
                raise SystemExit(f"{name} answers with {length} bytes, {first} with {size}")
        if number == 0:
            sizes = ", ".join(f"{name} {length}" for name, (_, length) in shown.items())
            print(f"equal answers; bytes: {sizes}", flush=True)  # noqa: T201


def chosen() -> tuple[Contestant, ...]:
    """The peers that PEERS names, or all."""
    names = [name for name in (os.environ.get("PEERS") or "").split(",") if name]
    unknown = set(names) - {peer.name for peer in PEERS}
    if unknown:
        raise SystemExit(f"PEERS: {', '.join(sorted(unknown))}; there are {', '.join(peer.name for peer in PEERS)}")
    return tuple(peer for peer in PEERS if not names or peer.name in names)


def measure(database: Database) -> tuple[list[Goal], Any]:
    """All of it: the table printed, the goals, and the numbers."""
    ours = (c.OURS, c.CACHED) if c.HAS_CACHE else (c.OURS,)
    standings = compare(database, [*ours, *chosen()], REQUESTS, check)
    by = {standing.contestant.name: standing for standing in standings}
    print(table("syllabus", standings, by["ours"]), flush=True)  # noqa: T201
    return [*_uncached(by), _cached(by)], [standing.as_json() for standing in standings]


def _uncached(by: dict[str, Standing]) -> list[Goal]:
    against = (
        ("mercurius-tree", 1.0, "mercurius-JIT, tree"),
        ("mercurius-levels", 1.0, "mercurius-JIT, levels"),
        ("ceiling", 1.4, "the ceiling with duties"),
        ("postgraphile", 0.35, "PostGraphile"),
        ("strawberry-orm", 0.09, "Strawberry + ORM"),
    )
    return [
        at_most(1, f"syllabus, CPU against {title}", by["ours"].ratio(by[name]) if name in by else None, most, "×")
        for name, most, title in against
    ]


def _cached(by: dict[str, Standing]) -> Goal:
    if "ours-cached" not in by:
        return Goal(2, "syllabus with the versioned cache, CPU against mercurius-JIT", "≤ 0.4 ×", "not built", None)
    best = [by[name] for name in ("mercurius-tree", "mercurius-levels") if name in by]
    ratio = max((by["ours-cached"].ratio(peer) for peer in best), default=None)
    return at_most(2, "syllabus with the versioned cache, CPU against the better mercurius-JIT", ratio, 0.4, "×")
