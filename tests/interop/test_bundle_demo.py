"""Every course of the demo goes into another university and is the same there, to all who look."""

import pytest

from tests.interop.bundles import document_of
from tests.interop.portraits import portrait


@pytest.fixture(scope="module")
async def taken(demo, elsewhere):
    """By code: the course, its archive, the payload of its import elsewhere. Courses come after what they ask for."""
    courses, archives = await demo.courses(), {}
    for code, course in courses.items():
        archives[code] = await demo.exported(course)
    asked = {code: {one["course"] for one in document_of(data)["course"].get("prerequisites", [])}
             for code, data in archives.items()}  # fmt: skip
    made = {}
    while len(made) < len(courses):
        code = next(code for code in courses if code not in made and asked[code] <= made.keys())
        made[code] = courses[code], archives[code], await elsewhere.imported(archives[code])
    return made


async def test_nothing_is_lost_on_the_way(taken):
    assert {code: (payload["errors"], payload["notices"]) for code, (_, _, payload) in taken.items()} == {
        code: ([], []) for code in taken
    }
    assert {code: tuple(payload["counts"].values()) for code, (_, _, payload) in taken.items()} == {
        "BI210": (9, 15, 2, 6, 1, 3),
        "CS120": (7, 11, 2, 8, 1, 3),
        "EE220": (5, 9, 2, 9, 1, 2),
        "MA110": (7, 12, 3, 12, 1, 3),
        "MA240": (2, 2, 1, 4, 0, 2),
        "ME101": (17, 22, 5, 21, 4, 3),
    }


async def test_the_document_is_the_same(taken, elsewhere):
    for _, archive, payload in taken.values():
        again = await elsewhere.exported(payload["course"]["id"])
        assert as_stored(document_of(again)["course"]) == as_stored(document_of(archive)["course"])


def as_stored(value):
    """The document without what payloads lose when they are checked: nulls, and the missing number of their version."""
    if isinstance(value, dict):
        return {name: as_stored(one) for name, one in value.items() if one is not None and name != "schema_version"}
    return [as_stored(one) for one in value] if isinstance(value, list) else value


async def test_the_api_shows_the_same(taken, demo, elsewhere):
    for course, _, payload in taken.values():
        assert await portrait(elsewhere, payload["course"]["id"]) == await portrait(demo, course)
