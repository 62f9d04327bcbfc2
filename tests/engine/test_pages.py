"""Keyset pages against PostgreSQL: any rows, with ties and without values, in any order, in pages of any size."""

import asyncio
from datetime import UTC, datetime, timedelta
from enum import Enum

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lms_graphql.catalog.loaders import CoursesByUniversity, OfferingsByCourse
from lms_graphql.catalog.models import Course
from lms_graphql.engine.context import Context, Standing, Viewer
from lms_graphql.engine.errors import RequestError
from lms_graphql.engine.relay import Cursors, PageArguments, canonical
from lms_graphql.storage.database import connect, create_engine
from lms_graphql.storage.snapshot import Snapshot
from tests.databases import temporary_database
from tests.world import Rows

CURSORS = Cursors(b"x")
START = datetime(2026, 9, 1, tzinfo=UTC)
EXAMPLES = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Level(Enum):
    HIGH = "high"
    LOW = "low"


class School:
    """A university with two courses, whose offerings are replaced by those of each example."""

    def __init__(self, driver, engine, university, courses):
        self.driver, self.engine, self.university, self.courses = driver, engine, university, courses

    async def offer(self, days):
        """One offering for each (course, day, day of making), in this order; a course that offers nothing stays."""
        await self.driver.execute("TRUNCATE course_offerings CASCADE")
        for course, day, made in days:
            await Rows(self.driver).add(
                "course_offerings",
                university_id=self.university,
                course_id=self.courses[course],
                starts_at=None if day is None else START + timedelta(days=day),
                created_at=START + timedelta(microseconds=made),
                visibility="public",
            )

    async def pages(self, loader, **page):
        """The connections of all courses, in one statement."""
        async with Snapshot(self.engine) as snapshot:
            await snapshot.act_for(self.university, None)
            viewer = Viewer(None, self.university, frozenset(), Standing.ADMIN)
            made = Context(viewer, snapshot, CURSORS).loader(loader, PageArguments(**page))
            found = await made.values(self.courses)
            assert snapshot.statements == 1
            return [found[course] for course in self.courses]


@pytest.fixture(scope="module")
def runner():
    with asyncio.Runner() as running:
        yield running


@pytest.fixture(scope="module")
def school(superuser, runner):
    """On the loop of `runner`, since hypothesis calls functions that are not coroutines."""

    async def made():
        async with temporary_database(superuser) as database:
            driver, engine = await connect(database.owner), create_engine(database.app)
            rows = Rows(driver)
            country = await rows.add("countries", iso_code="US", name="United States")
            university = await rows.add("universities", name="A", short_code="AA", country_id=country["id"])
            courses = [
                (await rows.add("courses", university_id=university["id"], code=code, title=code))["id"]
                for code in ("C1", "C2")
            ]
            yield School(driver, engine, university["id"], courses)
            await driver.close()
            await engine.dispose()

    making = made()
    yield runner.run(anext(making))
    runner.run(anext(making, None))


def sorted_rows(rows, column, *, descending):
    """As the order says: without a value last, equal ones by id; descending is that turned round."""
    found = sorted(rows, key=lambda row: (row[column] is None, row[column] or START, row["id"]))
    return found[::-1] if descending else found


async def walk(school, course, size, backward, **order):
    """The ids of a course's offerings as a client sees them who turns the pages, in the list's order."""
    found, cursor, more = [], None, True
    while more:
        pages = await school.pages(OfferingsByCourse, size=size, backward=backward, cursor=cursor, **order)
        ids, info = [edge.node["id"] for edge in pages[course].edges], pages[course].page_info
        found = ids + found if backward else found + ids
        more = info.has_previous_page if backward else info.has_next_page
        assert len(ids) == size or not more
        cursor = info.start_cursor if backward else info.end_cursor
    return found


OFFERINGS = st.lists(
    st.tuples(st.integers(0, 1), st.none() | st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=14
)


@EXAMPLES
@given(
    OFFERINGS, st.integers(1, 5), st.booleans(), st.booleans(),
    st.sampled_from([("startsAt", "starts_at"), ("createdAt", "created_at")]),
)  # fmt: skip
def test_turning_pages_shows_every_row_once_and_in_order(runner, school, days, size, backward, descending, order):
    name, column = order

    async def example():
        await school.offer(days)
        rows = await school.driver.fetch("SELECT * FROM course_offerings")
        for course, course_id in enumerate(school.courses):
            mine = [row for row in rows if row["course_id"] == course_id]
            wanted = [row["id"] for row in sorted_rows(mine, column, descending=descending)]
            assert await walk(school, course, size, backward, order=name, descending=descending) == wanted
            assert await walk(school, course, size, backward) == sorted(row["id"] for row in mine)

    runner.run(example())


def test_a_cursor_is_good_for_one_list_order_direction_and_filter(runner, school):
    """Whatever else it is used with is refused, without a statement."""

    async def example():
        await school.offer([(0, 1, 1), (0, None, 2), (0, 2, 3)])
        ways = [
            {"order": order, "descending": descending, "filters": filters}
            for order in ("title", "code")
            for descending in (False, True)
            for filters in ((), (("department", "x"),), (("department", "y"),))
        ] + [{"filters": filters} for filters in ((), (("department", "x"),))]
        for made_for in ways:
            page = PageArguments(size=1, **made_for)
            values = {None: (1,), "code": ("C1",), "title": ("c1", 1)}[page.order]
            cursor = CURSORS.encode(page.purpose("CoursesByUniversity"), values)
            for used_for in ways:
                if used_for == made_for:
                    await school.pages(CoursesByUniversity, size=1, cursor=cursor, **used_for)
                    continue
                with pytest.raises(RequestError) as refused:
                    await school.pages(CoursesByUniversity, size=1, cursor=cursor, **used_for)
                assert refused.value.extensions == {"code": "BAD_CURSOR"}

    runner.run(example())


def test_an_order_by_two_columns_that_may_be_null_is_no_order():
    with pytest.raises(TypeError, match="only the first column"):
        type("Wrong", (CoursesByUniversity,), {"orders": {"x": (Course.id, Course.department_id)}})


def test_equal_filters_are_equal():
    """So that a cursor stays good when a client writes its filter in another order."""
    one = canonical({"b": [Level.HIGH, Level.LOW], "a": None, "c": "x"})
    assert one == canonical({"c": "x", "b": [Level.LOW, Level.HIGH, Level.LOW]}) == (("b", ("high", "low")), ("c", "x"))
    assert canonical({"a": []}) == (("a", ()),) != canonical({"a": None}) == canonical(None) == ()
