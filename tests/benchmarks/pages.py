"""Goal 6: the catalog page, the dashboard and the gradebook, against mercurius with graphql-jit and its loaders.

Our schema has no matrix of students and items; the gradebook here is an offering's enrollments with their grades and
their progress on 40 items each, the same document on both sides.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from tests.benchmarks import contestants as c
from tests.benchmarks.answers import canonical
from tests.benchmarks.contestants import Case, Contestant, Running, requests_for, student
from tests.benchmarks.data import STUDENTS_PER_UNIVERSITY, UNIVERSITIES
from tests.benchmarks.database import Database
from tests.benchmarks.load import Request
from tests.benchmarks.rounds import compare, table
from tests.benchmarks.table import Goal, at_most

_BUSY_STUDENTS = 20
_PEERS = (c.LEVELS,)


class Page(msgspec.Struct, frozen=True):
    """A document with the people who ask it; `count` finds in an answer what `expected` numbers it must have."""

    name: str
    title: str
    cases: list[Case]
    typename: str
    count: Callable[[dict[str, Any]], tuple[int, ...]]
    expected: tuple[int, ...]

    def requests(self) -> Callable[[Contestant], list[Request]]:
        """The requests, for whichever contestant."""
        return requests_for(self.name, self.cases, self.typename)


def _universities() -> range:
    return range(1, UNIVERSITIES + 1)


def staff(university: int) -> int:
    """The instructor of a university, behind all students: see data.py."""
    return UNIVERSITIES * STUDENTS_PER_UNIVERSITY + 2 * university - 1


def _busy(university: int) -> list[int]:
    """The students with 20 enrollments: the ids up to 100, of this university."""
    return [n for n in range(1, _BUSY_STUDENTS * UNIVERSITIES + 1) if 1 + n % UNIVERSITIES == university]


def _count_catalog(data: dict[str, Any]) -> tuple[int, ...]:
    courses = [edge["node"] for edge in data["courses"]["edges"]]
    whole = [x for x in courses if x["university"] and x["department"] and x["primarySubject"]]
    return len(whole), sum(len(course["offerings"]["edges"]) for course in courses)


def _count_dashboard(data: dict[str, Any]) -> tuple[int, ...]:
    enrollments = [edge["node"] for edge in data["viewer"]["enrollments"]["edges"]]
    whole = [x for x in enrollments if x["grade"] and x["offering"]["course"]]
    return len(whole), sum(len(enrollment["contentProgress"]["edges"]) for enrollment in enrollments)


def _count_gradebook(data: dict[str, Any]) -> tuple[int, ...]:
    enrollments = [edge["node"] for edge in data["offering"]["enrollments"]["edges"]]
    progress = [edge["node"] for enrollment in enrollments for edge in enrollment["contentProgress"]["edges"]]
    whole = [x for x in enrollments if x["grade"] and x["user"]]
    return len(whole), len([row for row in progress if row["contentItem"]])


def all_pages() -> list[Page]:
    """The three of the goal. The first offering of the first course of a university has the progress on 40 items."""
    readers = [Case(u, f"U{u}", student(u, 200 + n)) for u in _universities() for n in range(10)]
    busy = [Case(u, f"U{u}", person) for u in _universities() for person in _busy(u)]
    books = [Case(u, f"U{u}", staff(u), 2 * u - 1) for u in _universities()]
    return [
        Page("catalog", "catalog, 20 courses", readers, "Course", _count_catalog, (20, 40)),
        Page("dashboard", "dashboard, 20 enrollments", busy, "Course", _count_dashboard, (20, 200)),
        Page("gradebook", "gradebook, 100 × 40", books, "CourseOffering", _count_gradebook, (100, 4000)),
    ]


def measure(database: Database) -> tuple[list[Goal], Any]:
    """Each page in turn."""
    goals, numbers = [], {}
    for page in all_pages():
        standings = compare(database, [c.OURS, *_PEERS], page.requests(), _checker(page))
        ours, *peers = standings
        print(table(page.title, standings, ours), flush=True)  # noqa: T201
        worst = max(ours.ratio(peer) for peer in peers)
        goals.append(at_most(6, f"{page.title}, CPU against mercurius-JIT", worst, 1.0, "×"))
        numbers[page.name] = [standing.as_json() for standing in standings]
    return goals, numbers


def _checker(page: Page) -> Callable[[list[Running]], None]:
    def check(servers: list[Running]) -> None:
        requests = page.requests()
        for number in (0, -1):
            said = [canonical(server.send(requests(server.contestant)[number])["data"]) for server in servers]
            if page.count(said[0]) != page.expected:
                raise SystemExit(f"{page.name}: {page.count(said[0])} instead of {page.expected}")
            if any(other != said[0] for other in said[1:]):
                raise SystemExit(f"{page.name}: the answers differ")

    return check
