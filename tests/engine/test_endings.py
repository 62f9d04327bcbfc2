"""How an execution may end: what can't be encoded, a deadline, a client that goes away, a failing sibling.

Nothing stays behind: no task, no statement, no setting on a pooled connection.
"""

import asyncio
from decimal import Decimal
from types import SimpleNamespace

import pytest
from graphql import parse
from sqlalchemy import func, select
from sqlalchemy import text as sql

from lms_graphql.content import loaders, payloads
from lms_graphql.engine.context import Context, Viewer
from lms_graphql.engine.execution import run
from lms_graphql.engine.relay import Cursors, GlobalId
from lms_graphql.engine.rows import Row
from lms_graphql.schema import build
from lms_graphql.storage.snapshot import Snapshot
from lms_graphql.storage.statements import Statement
from tests.engine.foreign import BareContext, call, tree_schema

SCHEMA = build()


@pytest.mark.parametrize("url", ["\ud800", "half a pair \udc00 within"])
async def test_a_text_that_can_not_be_encoded_is_a_masked_error(api, world, monkeypatch, url, caplog):
    """PostgreSQL holds no such text; if one came from elsewhere, that answer is an error, and the next one is not."""
    caplog.set_level("CRITICAL")
    video = world.alpha["video"]
    gid = str(GlobalId("VideoContent", video["id"], video["university_id"]))
    document = "query ($id: ID!) { domains { code } contentItem(id: $id) { ... on VideoContent { url } } }"
    with monkeypatch.context() as patch:
        decode = lambda *_, **__: payloads.VideoPayload(url=url)  # noqa: E731
        patch.setattr(loaders, "payloads", SimpleNamespace(decode=decode))
        response = await api.post(document, {"id": gid})
    assert response.status_code == 500
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "INTERNAL_ERROR"
    assert "data" not in response.json()
    assert (await api.data(document, {"id": gid}))["contentItem"]["url"] == "https://video.example/abc123"


@pytest.mark.parametrize("value", [10**400, Decimal("Infinity"), b"bytes", float("nan"), object()])
async def test_a_number_that_can_not_be_encoded_is_an_error_at_its_place(api, world, monkeypatch, value, caplog):
    caplog.set_level("CRITICAL")
    item = world.alpha["assignment"]
    gid = str(GlobalId("AssignmentContent", item["id"], item["university_id"]))
    document = "query ($id: ID!) { domains { code } contentItem(id: $id) { ... on AssignmentContent { maxPoints } } }"
    decode = lambda *_, **__: payloads.AssignmentPayload(max_points=value)  # noqa: E731
    monkeypatch.setattr(loaders, "payloads", SimpleNamespace(decode=decode))
    answer = await api(document, {"id": gid})
    assert answer["data"] == {"domains": [{"code": "SCI"}], "contentItem": {"maxPoints": None}}
    (error,) = answer["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["contentItem", "maxPoints"], "INTERNAL_ERROR")


async def test_the_client_s_half_pair_is_the_client_s_error(api):
    body = b'{"query": "query ($id: ID!) { node(id: $id) { id } }", "variables": {"id": "\\ud800"}}'
    response = await api.client.post("/u/ALPHA/graphql", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code < 500


async def tasks():
    """The tasks that are there once those that are about to end have ended."""
    for _ in range(3):
        await asyncio.sleep(0)
    return asyncio.all_tasks()


async def assert_whole(engine):
    """No connection is out, none is in a transaction, no setting is left on one, none still runs a statement."""
    assert engine.pool.checkedout() == 0
    async with engine.connect() as connection:
        setting = await connection.execute(sql("SELECT current_setting('lms.university_id', true)"))
        assert setting.scalar() in {None, ""}
        busy = await connection.execute(
            sql(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND query LIKE 'SELECT pg_sleep%' AND state = 'active'"
            )
        )
        assert busy.scalar() == 0


SLOW = Statement(select(func.pg_sleep(30)))


class SlowContext(Context):
    """Every statement is preceded by a long one on the same connection."""

    started = 0

    async def fetch(self, *arguments, **options):
        type(self).started += 1
        await self.snapshot.fetch(SLOW, {}, Row)
        return await super().fetch(*arguments, **options)


LONG = '{ domains { code } courses(first: 5) { edges { node { modules { title } } } } nodes(ids: ["a", "b"]) { id } }'


async def execute_slowly(engine, viewer):
    async with Snapshot(engine) as snapshot:
        await snapshot.act_for(viewer.university_id, viewer.user_id)
        context = SlowContext(viewer, snapshot, Cursors(b"x"), nodes=SCHEMA.nodes)
        await run(SCHEMA.graphql, parse(LONG), context)


@pytest.mark.parametrize("turns", [0, 1, 2, 5, 20, 200])
async def test_a_cancelled_execution_leaves_nothing_behind(app_engine, world, turns):
    """Cancelled at many points: before the first statement, while it runs, between the tasks of a level."""
    before, viewer = await tasks(), Viewer(None, world.alpha.university["id"])

    task = asyncio.create_task(execute_slowly(app_engine, viewer))
    for _ in range(turns):
        await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await tasks() == before
    await assert_whole(app_engine)


async def test_a_deadline_leaves_nothing_behind(app_engine, world):
    before, viewer = await tasks(), Viewer(None, world.alpha.university["id"])
    SlowContext.started = 0
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(execute_slowly(app_engine, viewer), 0.3)
    assert SlowContext.started == 1
    assert await tasks() == before
    await assert_whole(app_engine)


async def test_a_failing_sibling_ends_with_the_operation():
    """Calls of one level are all awaited, whichever fails: none goes on behind the answer."""
    ended = []

    async def slow(_source, _context):
        await asyncio.sleep(0.01)
        ended.append(True)
        return "late"

    schema = tree_schema()
    node = schema.type_map["Node"]
    node.fields["name"] = call(node.fields["name"].type, slow)
    before = await tasks()
    document = parse("{ root { children { failLaterRequired name } laterChildren { name failLater } } }")
    result = await run(schema, document, BareContext())
    assert result.data == {"root": {"children": None, "laterChildren": [{"name": "late", "failLater": None}] * 2}}
    assert len(ended) == 4
    assert await tasks() == before
