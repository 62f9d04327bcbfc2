"""The mixed load: what a university's people ask for within a minute, small things mostly."""

from tests.benchmarks.contestants import Case, document, spelled, student
from tests.benchmarks.data import UNIVERSITIES
from tests.benchmarks.load import Request
from tests.benchmarks.pages import all_pages
from tests.benchmarks.syllabus import cases

SMALL = '{ viewer { user { displayName } roles } university(by: { shortCode: "U1" }) { name } }'
_SHARES = {"small": 60, "catalog": 15, "dashboard": 10, "syllabus": 14, "gradebook": 1}
"""Of a hundred requests."""


def small() -> list[Request]:
    """Who am I, and where: two loaders, a hundred bytes."""
    people = [(1 + n % UNIVERSITIES, 300 + n) for n in range(50)]
    return [spelled("ours", SMALL, Case(u, f"U{u}", student(u, number))) for u, number in people]


def mixed() -> list[Request]:
    """The requests in their shares; drawn at random, so the list as it is makes the shares."""
    kinds = {"small": small(), "syllabus": [spelled("ours", document("syllabus"), case) for case in cases()]}
    for page in all_pages():
        kinds[page.name] = [spelled("ours", document(page.name), case, page.typename) for case in page.cases]
    # Twenty hundreds, so that every course is asked for.
    return [kinds[name][n % len(kinds[name])] for name, share in _SHARES.items() for n in range(share * 20)]
