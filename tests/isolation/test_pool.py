"""Whoever takes a connection finds nothing of the university before, however the operation before it ended."""

import asyncio
import os
import random
import uuid
from collections import Counter

import asyncpg
import pytest
from sqlalchemy import BigInteger, Text, bindparam, insert, select

from lms_graphql import tables
from lms_graphql.storage import tenancy
from lms_graphql.storage.database import acquire, connect, create_engine, release
from lms_graphql.storage.snapshot import Snapshot
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.transaction import Transaction
from tests.conftest import temporary_database
from tests.world import build_world

pytestmark = pytest.mark.proof

TASKS, OPERATIONS = 40, 500 if os.environ.get("LMS_THOROUGH") else 60
DEPARTMENTS = tables.metadata.tables["departments"].c
# No condition on the university: what is seen is row-level security's doing, which is the setting's.
SEEN = Statement(select(DEPARTMENTS.university_id))
ADD = Statement(
    insert(tables.metadata.tables["departments"])
    .values(
        university_id=bindparam("university", type_=BigInteger),
        code=bindparam("code", type_=Text),
        name=bindparam("name", type_=Text),
    )
    .returning(DEPARTMENTS.university_id)
)
_SETTINGS = "SELECT current_setting('lms.university_id', true), current_setting('lms.user_id', true)"


class Crowd:
    """Operations of random universities over one small pool, of which a fifth fail and a tenth are cancelled."""

    def __init__(self, engine, universities, seed):
        self.engine, self.universities = engine, universities
        self.chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self.ended: Counter[str] = Counter()
        self.kept: Counter[int] = Counter()
        """Departments that were added for certain, by university."""

    async def task(self):
        for _ in range(OPERATIONS):
            fate = self.chance.random()
            operation = asyncio.create_task(self.operation(fails=fate < 0.2))
            if fate > 0.88:  # some of them are done before
                await asyncio.sleep(self.chance.random() * 0.02)
                operation.cancel()
            try:
                await operation
                self.ended["done"] += 1
            except (ZeroDivisionError, asyncpg.InsufficientPrivilegeError):
                self.ended["failed"] += 1
            except asyncio.CancelledError:
                self.ended["cancelled"] += 1

    async def operation(self, *, fails):
        await self.finds_nothing()
        university = self.chance.choice(self.universities)
        await (self.read if self.chance.random() < 0.6 else self.write)(university, fails=fails)

    async def finds_nothing(self):
        connection = await acquire(self.engine)
        try:
            driver = connection.driver_connection
            assert not driver.is_in_transaction()
            assert set(await driver.fetchrow(_SETTINGS)) <= {None, ""}
        finally:
            await release(connection)

    async def read(self, university, *, fails):
        expected = set() if university is None else {university}
        async with Snapshot(self.engine) as snapshot:
            await snapshot.act_for(university, None)
            for _ in range(2):
                assert {row[0] for row in await snapshot.fetch(SEEN, {}, asyncpg.Record)} == expected
                if fails:
                    raise ZeroDivisionError

    async def write(self, university, *, fails):
        """One that fails does so by a row for another university, or after a row for its own."""
        settings = tenancy.settings(university, None)
        others = [other for other in self.universities if other not in {None, university}]
        foreign = university is None or (fails and self.chance.random() < 0.5)
        row = {"university": self.chance.choice(others) if foreign else university}
        async with Transaction(self.engine, settings) as transaction:
            added = await transaction.fetch(ADD, {**row, "code": uuid.uuid4().hex, "name": "New"}, asyncpg.Record)
            assert (university, [tuple(found) for found in added]) == (university, [(university,)])
            assert {found[0] for found in await transaction.fetch(SEEN, {}, asyncpg.Record)} == {university}
            if fails:
                raise ZeroDivisionError
            await transaction.commit()
        self.kept[university] += 1


@pytest.fixture(scope="module")
async def own(superuser):
    """A database that these tests may write to, its two universities, and the superuser's connection."""
    async with temporary_database(superuser) as database:
        driver = await connect(database.owner)
        world = await build_world(driver)
        yield database, [world.alpha.university["id"], world.beta.university["id"]], driver
        await driver.close()


async def test_every_operation_acts_for_its_own_university(own):
    database, universities, driver = own
    engine = create_engine(database.app, pool_size=6, pool_wait_seconds=60)
    crowd = Crowd(engine, [*universities, None], seed=17)
    await asyncio.gather(*(crowd.task() for _ in range(TASKS)))
    async with asyncio.timeout(5):
        while engine.pool.checkedout():  # noqa: ASYNC110 - the pool has no event for it
            await asyncio.sleep(0.01)
    for _ in range(12):
        await crowd.finds_nothing()
    await engine.dispose()
    total = TASKS * OPERATIONS
    assert sum(crowd.ended.values()) == total
    assert crowd.ended["failed"] > 0.17 * total
    assert crowd.ended["cancelled"] > 0.05 * total
    added = dict(await driver.fetch("SELECT university_id, count(*) FROM departments WHERE name = 'New' GROUP BY 1"))
    assert set(added) == set(universities)
    # Of a write that was cancelled nobody was told whether it was kept.
    for university in universities:
        assert crowd.kept[university] <= added[university] <= crowd.kept[university] + crowd.ended["cancelled"]
