"""Goal 5: whether the cost grows no faster than what is asked for: items of a syllabus, levels, parents on a page."""

import statistics
from typing import Any

from tests.benchmarks import contestants as c
from tests.benchmarks.contestants import Contestant, started
from tests.benchmarks.data import GROWTH_FACTORS, ITEMS_PER_COURSE
from tests.benchmarks.database import Database
from tests.benchmarks.load import Measured
from tests.benchmarks.rounds import QUICK, SECONDS, by_turns
from tests.benchmarks.statements import DEEPEST, chain, growing, page_of
from tests.benchmarks.table import Goal, at_most

_LEVELS = (1, 4, 8, DEEPEST)
_COURSES = (1, 10, 20, 40)
_PEERS = () if QUICK else (c.TREE,)


def measure(database: Database) -> tuple[list[Goal], Any]:
    """The three growths of ours; that of items also of the fastest peer, for comparison."""
    with started(c.OURS, database) as running:
        for request in (growing(50), chain(DEEPEST), page_of("catalog", 40)):
            running.send(request)
        items = _cost(by_turns(database, running, _syllabi(c.OURS), connections=2, seconds=2 * SECONDS))
        levels = _cost(by_turns(database, running, {str(n): [chain(n)] for n in _LEVELS}))
        courses = _cost(by_turns(database, running, {str(n): [page_of("catalog", n)] for n in _COURSES}))
    numbers: dict[str, Any] = {"ours": {"items": items, "levels": levels, "courses": courses}}
    for peer in _PEERS:
        with started(peer, database) as running:
            loads = by_turns(database, running, _syllabi(peer), connections=2)
            numbers[peer.name] = {"items": _cost(loads)}
    for name, growths in numbers.items():
        for what, costs in growths.items():
            shown = ", ".join(f"{count}: {cost:.2f}" for count, cost in costs.items())
            print(f"ms of CPU by {what}, {name}: {shown}", flush=True)  # noqa: T201
    largest = GROWTH_FACTORS[-1]
    few, many = items[str(ITEMS_PER_COURSE)], items[str(ITEMS_PER_COURSE * largest)]
    goals = [
        at_most(5, "10,000 items against 50 times the cost of 200", many / (largest * few), 1.2, "×"),
        _linear(f"levels of a syllabus to {DEEPEST}", levels),
        _linear("courses of a catalog to 40", courses),
    ]
    return goals, numbers


def _syllabi(contestant: Contestant) -> dict[str, Any]:
    return {str(factor * ITEMS_PER_COURSE): [growing(factor, contestant.dialect)] for factor in GROWTH_FACTORS}


def _cost(found: dict[str, list[Measured]]) -> dict[str, float]:
    return {name: statistics.median(measured.total_ms for measured in rounds) for name, rounds in found.items()}


def _linear(name: str, costs: dict[str, float]) -> Goal:
    """The cost of the most against what a line through the least and the middle one foretells."""
    points = [(int(count), cost) for count, cost in costs.items()]
    (least, low), (middle, some), (most, high) = points[0], points[len(points) // 2], points[-1]
    foretold = low + (some - low) * (most - least) / (middle - least)
    return at_most(5, f"{name}, against a line through fewer", high / foretold, 1.2, "×")
