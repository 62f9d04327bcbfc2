"""What HTTP adds: media types, compression, ETags, origins, deadlines, overload, and clients that go away."""

import asyncio
import contextlib
import gc
import gzip
import json
import random
import socket
from pathlib import Path

import httpx
import pytest
import uvicorn
import zstandard

from lms_graphql.app import create_app
from lms_graphql.commands import serve
from lms_graphql.server.authentication import Authenticator
from lms_graphql.server.responses import VARY, encoding, media_type
from lms_graphql.server.shedding import SheddingProtocol
from lms_graphql.settings import Settings
from lms_graphql.storage.database import connect
from tests.conftest import SECRET, running_api

GRAPHQL_JSON = "application/graphql-response+json"
JSON = "application/json"
DOMAINS = "{ domains { code } }"
EVERYTHING = "{ __schema { types { name description fields { name description } } } }"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (GRAPHQL_JSON, GRAPHQL_JSON),
        (f"{GRAPHQL_JSON}, {JSON}", GRAPHQL_JSON),
        (f"{JSON}, {GRAPHQL_JSON};q=0.9", JSON),
        (f"{GRAPHQL_JSON}, application/graphql+json, {JSON}, text/event-stream, multipart/mixed", GRAPHQL_JSON),
        ("text/html, */*;q=0.1", JSON),
        (f"{JSON};q=nonsense, */*", JSON),
        ("text/html", None),
        (f"{JSON};q=0", None),
    ],
)
def test_media_type(accept, chosen):
    assert media_type(accept) == chosen


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [("", None), ("identity", None), ("br", None), ("gzip", "gzip"), ("zstd", "zstd"),
     ("gzip, deflate, br, zstd", "zstd"), ("zstd;q=0.5, gzip", "gzip"), ("zstd;q=0", None)],
)  # fmt: skip
def test_encoding(accept, chosen):
    assert encoding(accept) == chosen


async def test_nothing_acceptable_is_406(api):
    response = await api.client.post("/graphql", json={"query": DOMAINS}, headers={"accept": "text/html"})
    assert (response.status_code, response.headers["content-type"]) == (406, f"{JSON}; charset=utf-8")


@pytest.mark.parametrize(
    ("name", "unpack"), [("gzip", gzip.decompress), ("zstd", zstandard.decompress), ("identity", bytes)]
)
async def test_compression(api, name, unpack):
    async with api.client.stream(
        "POST", "/graphql", json={"query": EVERYTHING}, headers={"accept-encoding": name}
    ) as response:
        raw = b"".join([chunk async for chunk in response.aiter_raw()])
    assert response.headers.get("content-encoding", "identity") == name
    assert int(response.headers["content-length"]) == len(raw)
    assert b'"Course"' in unpack(raw)
    if name != "identity":
        assert len(raw) < len(unpack(raw)) / 4


async def test_a_small_answer_is_not_compressed(api):
    response = await api.client.post("/graphql", json={"query": DOMAINS}, headers={"accept-encoding": "gzip, zstd"})
    assert "content-encoding" not in response.headers


async def test_etags(api):
    params = {"query": EVERYTHING}
    tags = set()
    for name in ("identity", "gzip", "zstd"):
        first = await api.client.get("/graphql", params=params, headers={"accept-encoding": name})
        assert first.headers["cache-control"] == "private, no-cache"
        tag = first.headers["etag"]
        tags.add(tag)
        again = await api.client.get(
            "/graphql", params=params, headers={"accept-encoding": name, "if-none-match": f'"other", {tag}'}
        )
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert again.headers["vary"] == first.headers["vary"]
    assert len(tags) == 3
    other = await api.client.get("/graphql", params={"query": DOMAINS}, headers={"if-none-match": tag})
    assert other.status_code == 200
    posted = await api.client.post("/graphql", json=params, headers={"if-none-match": tag})
    assert (posted.status_code, posted.headers["cache-control"]) == (200, "no-store")
    assert "etag" not in posted.headers


async def test_what_is_not_an_answer_has_no_etag(api):
    response = await api.client.get("/graphql", params={"query": "{ nothing }"})
    assert "etag" not in response.headers
    assert response.headers["cache-control"] == "no-store"


async def test_request_id(api):
    given = await api.client.post("/graphql", json={"query": DOMAINS}, headers={"x-request-id": "a-request-of-mine"})
    assert given.headers["x-request-id"] == "a-request-of-mine"
    for unfit in ("short", "x" * 65, "line\tfeed-and-more", "spaced out id"):
        response = await api.client.post("/graphql", json={"query": DOMAINS}, headers={"x-request-id": unfit})
        assert response.headers["x-request-id"] != unfit


async def test_origins(database, world):
    ours, preflight = "https://learn.example.edu", {"access-control-request-method": "POST"}
    async with running_api(database.app, allowed_origins=(ours,)) as api:
        allowed = await api.client.options("/u/ALPHA/graphql", headers={"origin": ours, **preflight})
        assert allowed.headers["access-control-allow-origin"] == ours
        assert "access-control-allow-credentials" not in allowed.headers
        refused = await api.client.options("/u/ALPHA/graphql", headers={"origin": "https://evil.example", **preflight})
        assert refused.status_code == 400
        assert "access-control-allow-origin" not in refused.headers
        answer = await api.client.post("/u/ALPHA/graphql", json={"query": DOMAINS}, headers={"origin": ours})
        assert answer.headers["access-control-allow-origin"] == ours
    async with running_api(database.app) as api:
        answer = await api.client.post("/u/ALPHA/graphql", json={"query": DOMAINS}, headers={"origin": ours})
        assert "access-control-allow-origin" not in answer.headers


class Running:
    """The application behind a real server, and what goes on in its database."""

    def __init__(self, app, url, driver, watcher):
        self.app, self.url, self.driver, self.watcher = app, url, driver, watcher

    async def busy(self):
        """How many connections of the application run a statement now, or have left a transaction open."""
        return await self.watcher.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'lms_app' AND state <> 'idle'"
            " AND datname = current_database()"
        )

    async def quiet(self):
        """Wait until no statement runs, at most a second."""
        for _ in range(50):
            if await self.busy() == 0:
                return
            await asyncio.sleep(0.02)
        raise AssertionError("a statement is still running after a second")

    async def wait_for(self, number):
        """Wait until so many statements run, at most five seconds."""
        async with asyncio.timeout(5):
            while await self.busy() < number:  # noqa: ASYNC110 - PostgreSQL sets no event
                await asyncio.sleep(0.01)

    @contextlib.asynccontextmanager
    async def locked(self):
        """While the block runs, every statement that reads courses waits."""
        async with self.driver.transaction():
            await self.driver.execute("LOCK TABLE courses IN ACCESS EXCLUSIVE MODE")
            yield


@contextlib.asynccontextmanager
async def running(database, *, http="auto", **settings):
    given = {
        "environment": "development",
        "data_dir": Path("unused"),
        "secret_key": SECRET,
        "workbench": False,
        **settings,
    }
    app = create_app(Settings(**given), database.app)
    server = uvicorn.Server(uvicorn.Config(app, http=http, port=0, log_level="critical", ws="none"))
    driver, watcher = await connect(database.owner), await connect(database.owner)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn sets no event
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield Running(app, f"http://127.0.0.1:{port}", driver, watcher)
    finally:
        server.should_exit = True
        await task
        await driver.close()
        await watcher.close()


COURSES = {"query": "{ courses(first: 10) { edges { node { code offerings(first: 1) { edges { cursor } } } } } }"}


async def test_a_client_that_goes_away_takes_its_statement_along(database, world):
    async with running(database) as server, httpx.AsyncClient(base_url=server.url) as client:
        async with server.locked():
            with pytest.raises(httpx.ReadTimeout):
                await client.post("/u/ALPHA/graphql", json=COURSES, timeout=0.2)
            await server.quiet()
        assert (await client.post("/u/ALPHA/graphql", json=COURSES)).status_code == 200


async def test_random_disconnects_leave_the_pool_whole(database, world):
    chance = random.Random(7)  # noqa: S311 - repeatable, not secret
    async with running(database, pool_size=4) as server:
        before = asyncio.all_tasks()

        async with httpx.AsyncClient(base_url=server.url) as client:

            async def one():
                with contextlib.suppress(httpx.TimeoutException):
                    await client.post("/u/ALPHA/graphql", json=COURSES, timeout=chance.uniform(0.001, 0.03))

            for _ in range(30):
                await asyncio.gather(*(one() for _ in range(10)))
        await server.quiet()
        pool = server.app.state.service.engine.pool
        assert pool.checkedout() == 0
        async with httpx.AsyncClient(base_url=server.url) as client:
            answers = await asyncio.gather(*(client.post("/u/ALPHA/graphql", json=COURSES) for _ in range(4)))
            assert [answer.status_code for answer in answers] == [200] * 4
        await asyncio.sleep(0.05)
        left = {task for task in asyncio.all_tasks() - before if "uvicorn" not in repr(task)}
        assert left == set()


async def test_a_deadline_ends_in_504(database, world):
    async with running(database, deadline_seconds=0.2) as server, httpx.AsyncClient(base_url=server.url) as client:
        async with server.locked():
            answers = await asyncio.gather(*(client.post("/u/ALPHA/graphql", json=COURSES) for _ in range(5)))
            for answer in answers:
                assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (
                    504,
                    "DEADLINE_EXCEEDED",
                )
            await server.quiet()
        assert (await client.post("/u/ALPHA/graphql", json=COURSES)).status_code == 200


@pytest.mark.parametrize(("waves", "at_once", "pool_size"), [(5, 10, 10), (1, 50, 5)])
async def test_fifty_deadlines_leave_the_pool_whole(database, world, waves, at_once, pool_size):
    """With a connection for each they end in their statements; with five, most of them while they wait for one."""
    async with (
        running(database, pool_size=pool_size, max_in_flight=50, deadline_seconds=0.4) as server,
        httpx.AsyncClient(base_url=server.url, limits=httpx.Limits(max_connections=50)) as client,
    ):
        before = asyncio.all_tasks()

        async def post(number):
            return await asyncio.gather(*(client.post("/u/ALPHA/graphql", json=COURSES) for _ in range(number)))

        async with server.locked():
            for _ in range(waves):
                wave = asyncio.create_task(post(at_once))
                await server.wait_for(pool_size)
                codes = [
                    (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) for answer in await wave
                ]
                assert codes == [(504, "DEADLINE_EXCEEDED")] * at_once
                await server.quiet()  # no statement and no open transaction, although the lock is still held
        assert server.app.state.service.engine.pool.checkedout() == 0
        assert [answer.status_code for answer in await post(pool_size)] == [200] * pool_size
        await asyncio.sleep(0.05)
        assert {task for task in asyncio.all_tasks() - before if "uvicorn" not in repr(task)} == set()


async def test_one_request_too_many_gets_503_before_it_is_read(database, world):
    async with running(database, max_in_flight=2) as server, httpx.AsyncClient(base_url=server.url) as client:
        async with server.locked():
            waiting = [asyncio.create_task(client.post("/u/ALPHA/graphql", json=COURSES)) for _ in range(2)]
            await server.wait_for(2)
            refused = await client.post("/u/ALPHA/graphql", content=b"not even JSON", headers={"content-type": JSON})
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
            assert refused.json()["errors"][0]["extensions"]["code"] == "OVERLOADED"
        assert [(await task).status_code for task in waiting] == [200, 200]
        assert (await client.post("/u/ALPHA/graphql", json=COURSES)).status_code == 200


def raw_request(body, *, more=""):
    head = f"POST /u/ALPHA/graphql HTTP/1.1\r\nHost: a\r\nContent-Type: {JSON}\r\nX-Request-Id: request-of-mine\r\n"
    return f"{head}{more}Content-Length: {len(body)}\r\n\r\n{body}".encode()


@contextlib.asynccontextmanager
async def raw_connection(server):
    """A connection of our own, and a function that reads one answer: status, headers, body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.rpartition(":")[2]))

    async def answer():
        async with asyncio.timeout(5):
            lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(line.split(": ", 1) for line in lines[1:-2])
            return int(lines[0][9:12]), headers, await reader.readexactly(int(headers["content-length"]))

    try:
        yield reader, writer, answer
    finally:
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("http", ["httptools", SheddingProtocol])
async def test_a_refused_request_keeps_its_connection(database, world, http):
    """The body comes late, in pieces and together with the next request; `serve` refuses before there is a task."""
    async with (
        running(database, http=http, max_in_flight=1) as server,
        httpx.AsyncClient(base_url=server.url) as client,
        raw_connection(server) as (_, writer, answer),
    ):
        whole = raw_request(json.dumps(COURSES))
        async with server.locked():
            waiting = asyncio.create_task(client.post("/u/ALPHA/graphql", json=COURSES))
            await server.wait_for(1)
            writer.write(whole[:-40])
            status, headers, refusal = await answer()  # before the body is whole
            assert (status, headers["retry-after"], headers["x-request-id"]) == (503, "1", "request-of-mine")
            assert json.loads(refusal) == {
                "errors": [
                    {
                        "message": "too many requests at the moment; try again",
                        "extensions": {"code": "OVERLOADED", "requestId": "request-of-mine"},
                    }
                ]
            }
            assert {name: headers[name] for name in ("content-type", "vary", "cache-control")} == {
                "content-type": f"{JSON}; charset=utf-8",
                "vary": VARY,
                "cache-control": "no-store",
            }
            writer.write(whole[-40:] + whole + whole)
            assert [(await answer())[0] for _ in range(2)] == [503, 503]
        assert (await waiting).status_code == 200
        writer.write(whole)
        assert (await answer())[0] == 200


async def test_what_uvicorn_must_say_itself_is_refused_by_the_application(database, world):
    body = json.dumps(COURSES)
    async with (
        running(database, http=SheddingProtocol, max_in_flight=1) as server,
        httpx.AsyncClient(base_url=server.url) as client,
    ):
        async with server.locked():
            waiting = asyncio.create_task(client.post("/u/ALPHA/graphql", json=COURSES))
            await server.wait_for(1)
            async with raw_connection(server) as (reader, writer, answer):
                writer.write(raw_request(body, more="Connection: close\r\n"))
                assert (await answer())[0] == 503
                assert await reader.read() == b""
            async with raw_connection(server) as (_, writer, answer):
                writer.write(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
                assert (await answer())[0] == 200
        assert (await waiting).status_code == 200


async def test_a_body_that_trickles_in_takes_no_place_and_has_a_deadline(database, world):
    async with (
        running(database, max_in_flight=1, deadline_seconds=0.5) as server,
        httpx.AsyncClient(base_url=server.url) as client,
        raw_connection(server) as (reader, writer, answer),
    ):
        writer.write(raw_request(json.dumps(COURSES))[:-1])
        for _ in range(3):
            assert (await client.post("/u/ALPHA/graphql", json=COURSES)).status_code == 200
        status, _, refusal = await answer()
        assert (status, json.loads(refusal)["errors"][0]["extensions"]["code"]) == (408, "BAD_REQUEST")
        assert await reader.read() == b""


async def test_a_request_leaves_nothing_to_the_garbage_collector(api):
    """Circles kept each request's rows until a collection, which then stopped everything for 40 ms."""

    async def left_by(ask):
        for _ in range(3):
            assert (await ask()).status_code == 200
        gc.collect()
        gc.disable()
        try:
            for _ in range(20):
                await ask()
            await asyncio.sleep(0)
            return gc.collect() / 20
        finally:
            gc.enable()

    by_the_client = await left_by(lambda: api.client.get("/healthz"))
    assert await left_by(lambda: api.post(COURSES["query"])) < by_the_client + 10


def test_answers_are_not_held_back_for_acknowledgements():
    listener = serve._listen("127.0.0.1", 0)
    with listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_all_connections_busy_ends_in_503_not_in_a_hang(database, world):
    async with running(database, pool_size=1) as server, httpx.AsyncClient(base_url=server.url) as client:
        async with server.locked():
            first = asyncio.create_task(client.post("/u/ALPHA/graphql", json=COURSES))
            await server.wait_for(1)
            second = await client.post("/u/ALPHA/graphql", json=COURSES)
            assert (second.status_code, second.json()["errors"][0]["extensions"]["code"]) == (503, "UNAVAILABLE")
        assert (await first).status_code == 200


async def test_connections_that_died_in_the_pool_cost_no_request(database, world):
    """As after a restart of PostgreSQL: every connection of the pool is gone, and every request is answered."""
    async with running(database, pool_size=4) as server, httpx.AsyncClient(base_url=server.url) as client:

        async def statuses():
            answers = await asyncio.gather(*(client.post("/u/ALPHA/graphql", json=COURSES) for _ in range(4)))
            return [answer.status_code for answer in answers]

        assert await statuses() == [200] * 4
        killed = await server.watcher.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE usename = 'lms_app' AND datname = current_database()"
        )
        assert len(killed) >= 4
        await asyncio.sleep(0.2)  # the ends of the connections travel
        assert await statuses() == [200] * 4


async def test_a_token_works_over_the_real_server(database, world):
    token = Authenticator(SECRET, development=True).issue(world.people["student"])
    async with running(database) as server, httpx.AsyncClient(base_url=server.url) as client:
        answer = await client.post(
            "/graphql",
            json={"query": "{ viewer { roles } }"},
            headers={"authorization": f"Bearer {token}", "x-university": "ALPHA"},
        )
        assert answer.json()["data"] == {"viewer": {"roles": ["STUDENT"]}}
