"""Cycles of prerequisites, which no constraint can refuse: the service does, also when two write at once."""

import asyncio

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import create_async_engine

from lms_graphql.catalog.models import CoursePrerequisite
from lms_graphql.catalog.service import Prerequisite, PrerequisiteCycleError, add_prerequisites
from tests.databases import temporary_database
from tests.world import build_world


@pytest.fixture
async def courses(superuser):
    """An engine and five courses of one university, in a database of their own."""
    async with temporary_database(superuser) as database:
        engine = create_async_engine(database.owner)
        async with engine.begin() as connection:
            raw = await connection.get_raw_connection()
            world = await build_world(raw.driver_connection)
            university_id = world.alpha.university["id"]
            await raw.driver_connection.execute("DELETE FROM course_prerequisites")
            rows = await raw.driver_connection.fetch(
                "INSERT INTO courses (university_id, title, code) SELECT $1, 'x', 'X' || n FROM generate_series(1, 5) n"
                " RETURNING id",
                university_id,
            )
        yield engine, university_id, [row[0] for row in rows]
        await engine.dispose()


async def count(engine):
    async with engine.connect() as connection:
        return await connection.scalar(select(func.count()).select_from(CoursePrerequisite))


async def add(engine, university_id, *pairs):
    async with engine.begin() as connection:
        await add_prerequisites(connection, university_id, [Prerequisite(*pair) for pair in pairs])


async def test_a_chain_is_fine_and_what_closes_it_is_refused_as_a_whole(courses):
    engine, university_id, (a, b, c, d, e) = courses
    await add(engine, university_id, (a, b), (b, c), (c, d, "recommended"), (a, d))
    assert await count(engine) == 4
    for pairs in [((d, a),), ((e, a), (d, e)), ((b, a),)]:
        with pytest.raises(PrerequisiteCycleError):
            await add(engine, university_id, *pairs)
        assert await count(engine) == 4
    await add(engine, university_id, (e, a))
    assert await count(engine) == 5


async def test_of_two_at_once_that_would_close_a_cycle_one_is_refused(courses):
    engine, university_id, (a, b, c, *_) = courses
    for _ in range(5):
        found = await asyncio.gather(
            add(engine, university_id, (a, b)),
            add(engine, university_id, (b, c)),
            add(engine, university_id, (c, a)),
            return_exceptions=True,
        )
        assert sorted(type(one).__name__ for one in found) == ["NoneType", "NoneType", "PrerequisiteCycleError"]
        async with engine.begin() as connection:
            await connection.execute(CoursePrerequisite.__table__.delete())
