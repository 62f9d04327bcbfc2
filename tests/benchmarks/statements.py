"""Goal 4: how many statements the loaders execute, for syllabi of any size and depth and for pages of any length."""

import asyncio
from typing import Any

from tests.benchmarks import contestants as c
from tests.benchmarks.contestants import Case, document, spelled
from tests.benchmarks.data import CHAIN_DEPTH, GROWTH_CODE, GROWTH_FACTORS, ITEMS_PER_COURSE, UNIVERSITIES
from tests.benchmarks.database import Database
from tests.benchmarks.inside import Inside, inside
from tests.benchmarks.load import Request
from tests.benchmarks.pages import all_pages
from tests.benchmarks.table import Goal, at_most

GROWTH = UNIVERSITIES + 1
_FIRST_GROWING_COURSE = 201
CHAIN_COURSE = _FIRST_GROWING_COURSE + len(GROWTH_FACTORS)
DEEPEST = 12
"""Levels of modules that a document may select: 15 levels of fields with course, contentItems and a leaf."""

# How many edges lead from row to row in each document: the loaders that it can need.
_EDGES = {"catalog": 5, "dashboard": 5, "gradebook": 7}
_LENGTHS = {"catalog": (1, 5, 20, 40), "dashboard": (1, 5, 20), "gradebook": (1, 10, 100)}
_WRITTEN_LENGTH = {"catalog": 20, "dashboard": 20, "gradebook": 100}


def growing(factor: int, dialect: str = "ours") -> Request:
    """The syllabus of `factor` × 200 items."""
    case = Case(GROWTH, GROWTH_CODE, 1, _FIRST_GROWING_COURSE + GROWTH_FACTORS.index(factor))
    return spelled(dialect, document("syllabus", dialect), case)


def chain(levels: int) -> Request:
    """So many levels of modules, one below the other, with an item on each."""
    fields = "id title moduleType contentItems { __typename ... on ContentItem { id title } }"
    selection = fields
    for _ in range(levels - 1):
        selection = f"{fields} children {{ {selection} }}"
    query = f"query Chain($id: ID!) {{ course(id: $id) {{ modules {{ {selection} }} }} }}"
    return spelled("ours", query, Case(GROWTH, GROWTH_CODE, 1, CHAIN_COURSE))


def page_of(name: str, length: int, **case: Any) -> Request:
    """One of the pages with another number of rows."""
    page = next(page for page in all_pages() if page.name == name)
    query = document(name).replace(f"(first: {_WRITTEN_LENGTH[name]})", f"(first: {length})", 1)
    return spelled("ours", query, page.cases[0], page.typename)


def measure(database: Database) -> tuple[list[Goal], Any]:
    """The counts, which hold whatever the machine."""
    return asyncio.run(_measure(database))


async def _measure(database: Database) -> tuple[list[Goal], Any]:
    settings = {"syllabus_cache": 0} if c.HAS_CACHE else {}
    async with inside(database, **settings) as app:
        sizes = {factor * ITEMS_PER_COURSE: await _count(app, growing(factor)) for factor in GROWTH_FACTORS}
        depths = {levels: await _count(app, chain(levels)) for levels in range(1, DEEPEST + 1)}
        pages = {
            name: {length: await _count(app, page_of(name, length)) for length in lengths}
            for name, lengths in _LENGTHS.items()
        }
        deepest = _depth(await app.data(chain(DEEPEST)))
    if deepest != DEEPEST or CHAIN_DEPTH < DEEPEST:
        raise SystemExit(f"the chain's answer has {deepest} levels instead of {DEEPEST}")
    print(f"statements by items of a syllabus: {sizes}")  # noqa: T201
    print(f"statements by levels of a syllabus: {depths}")  # noqa: T201
    print(f"statements by rows of a page: {pages}", flush=True)  # noqa: T201
    goals = [
        at_most(4, "statements of a syllabus, 200 to 10,000 items", max(sizes.values()), 4, ""),
        at_most(4, f"statements of a syllabus, 1 to {DEEPEST} levels of modules", max(depths.values()), 4, ""),
    ]
    for name, counts in pages.items():
        goal = at_most(4, f"statements of the {name} at any length", max(counts.values()), _EDGES[name], "")
        goal.met = goal.met and len(set(counts.values())) == 1
        goals.append(goal)
    return goals, {"by_items": sizes, "by_levels": depths, "by_rows": pages, "edges": _EDGES}


async def _count(app: Inside, request: Request) -> int:
    await app.data(request)
    return len(app.statements)


def _depth(data: dict[str, Any]) -> int:
    modules, found = data["course"]["modules"], 0
    while modules:
        found += 1
        modules = modules[0].get("children", [])
    return found
