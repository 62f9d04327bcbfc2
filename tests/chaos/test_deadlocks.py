"""Fifty at once lock two rows in two orders, again and again: every one gets through, and none waits long.

That each is tried five times at most is the machinery's own bound; tests/changing/test_mutations.py shows what it
repeats. Here commits are real, and how long each takes is measured.
"""

import asyncio
import os
import time

import pytest
from sqlalchemy import text

from lms_graphql.engine.context import Context, Standing, Viewer
from lms_graphql.engine.mutations import Mutation, perform
from lms_graphql.engine.relay import Cursors
from lms_graphql.engine.rows import record
from lms_graphql.storage.database import create_engine
from lms_graphql.storage.snapshot import Snapshot
from lms_graphql.storage.statements import Statement

pytestmark = pytest.mark.proof

WORKERS, ROUNDS = 50, 20
MOST_SECONDS = 1.0 * float(os.environ.get("CHAOS_SLACK", "1"))
_Row = record("Row")
_LOCK = Statement(
    text(
        "UPDATE university_members SET display_name = :name"
        " WHERE university_id = :university_id AND user_id = :person RETURNING 1 AS one"
    )
)


async def test_all_get_through_and_soon(machine, owner, campus):
    engine, waited, tries = create_engine(machine.database.app, pool_wait_seconds=20), [], []
    first, second = campus.people[:2]

    async def crossing(work, given):
        tries.append(1)
        for person in given["people"]:
            await work.rows(_LOCK, _Row, person=person, name=f"Crossed {given['number']}")
        await work.audit("test.cross", "User", None)
        return {}

    async def alone(number, people):
        viewer = Viewer(first, campus.id, frozenset({"university_admin"}), Standing.MEMBER)
        snapshot, began = Snapshot(engine), time.perf_counter()
        async with snapshot:
            await snapshot.act_for(campus.id, first)
            context = Context(viewer, snapshot, Cursors(b"x"), request_id="chaos")
            given = {"people": people, "number": number}
            assert (await perform(Mutation(crossing, lambda _: True, {}), context, given)).failures == ()
        waited.append(time.perf_counter() - began)

    for _ in range(ROUNDS):
        orders = [[first, second], [second, first]]
        await asyncio.gather(*(alone(number, orders[number % 2]) for number in range(WORKERS)))
    await engine.dispose()
    done, met = WORKERS * ROUNDS, len(tries) - WORKERS * ROUNDS
    slowest = sorted(waited)[int(done * 0.99)]
    print(f"\n{done} done, {met} tried again, p99 {slowest * 1000:.0f} ms")
    assert await owner.fetchval("SELECT count(*) FROM audit_log WHERE act = 'test.cross'") == done
    versions = "SELECT version FROM university_members WHERE university_id = $1 AND user_id = ANY($2)"
    assert [row[0] for row in await owner.fetch(versions, campus.id, [first, second])] == [done + 1] * 2
    assert met > 0, "nobody met anybody"
    assert slowest < MOST_SECONDS
