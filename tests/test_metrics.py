"""What is told of requests, to metrics and in spans: each exactly once, on the real server, and nothing of a person."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from lms_graphql.engine.trusted import SHA256_PREFIX, Manifest, TrustedDocument, text_hash, write_manifest
from lms_graphql.server.authentication import Authenticator
from lms_graphql.server.metrics import Metrics, State
from lms_graphql.server.observing import Observer
from lms_graphql.server.shedding import SheddingProtocol
from lms_graphql.server.tracing import Tracing
from lms_graphql.settings import SettingsError, read
from tests.conftest import SECRET, connect, running_api
from tests.serving import serving
from tests.test_http_transport import COURSES, JSON, raw_connection, raw_request, running
from tests.test_syllabus import SYLLABUS
from tests.test_versions import gid

PATH = "/u/ALPHA/graphql"
DOMAINS = "query Theirs { domains { code } }"
TRUSTED = "query Ours($first: Int = 1) { courses(first: $first) { edges { cursor } } }"
DEAR = "{ courses(first: 100) { edges { node { offerings(first: 100) { edges { node { enrollments(first: 100)"
DEAR += " { edges { node { id } } } } } } } } } }"
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def read_metrics(text):
    """The values of all samples, by name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


class Told:
    """What a server told of what happened within a block."""

    def __init__(self):
        self.changes, self.spans = {}, []

    def of(self, name):
        """What changed of a metric, by its labels' values in the order of their names."""
        found = {}
        for (sample, labels), change in self.changes.items():
            if sample == name and change:
                found[tuple(value for _, value in sorted(labels))] = change
        return found

    def only(self, name):
        """What changed of a metric without labels, or with one set of them."""
        return sum(self.of(name).values())

    @property
    def operations(self):
        """(code, kind, operation, outcome) of each request."""
        return Counter(self.of("lms_operations_total"))


class Watched:
    """A running server whose metrics and spans are looked at."""

    def __init__(self, server, client, exporter):
        self.server, self.client, self._exporter = server, client, exporter

    async def metrics(self):
        response = await self.client.get("/metrics")
        assert response.status_code == 200
        return read_metrics(response.text)

    async def idle(self):
        """Wait until no request is there."""
        async with asyncio.timeout(5):
            while (await self.metrics())["lms_requests_in_progress", frozenset()]:  # noqa: ASYNC110 - nobody tells us
                await asyncio.sleep(0.01)

    @contextlib.asynccontextmanager
    async def told(self):
        before = await self.metrics()
        self._exporter.clear()
        yield (told := Told())
        await self.idle()
        after = await self.metrics()
        told.changes = {key: value - before.get(key, 0) for key, value in after.items()}
        told.spans = list(self._exporter.get_finished_spans())
        # Wherever a request is counted, it is counted once, and it has one span.
        assert told.operations.total() == told.only("lms_operation_seconds_count") == len(told.spans)
        seconds = told.of("lms_operation_seconds_count")
        by_kind = Counter()
        for (_, kind, _, outcome), number in told.operations.items():
            by_kind[kind, outcome] += number
        assert by_kind == seconds

    async def post(self, query=None, variables=None, **options):
        body = {"query": query, "variables": variables or {}} if query is not None else options.pop("body")
        return await self.client.post(PATH, json=body, **options)


@pytest.fixture
async def watch(database, world, monkeypatch, tmp_path):
    """Runs servers that trust one document, with spans of their own; points are forgotten in the end."""
    path = tmp_path / "trusted.json"
    write_manifest(path, Manifest(1, {text_hash(TRUSTED): TrustedDocument(TRUSTED, name="Ours", ids=("ours-1",))}))

    @contextlib.asynccontextmanager
    async def start(**settings):
        exporter, provider = InMemorySpanExporter(), TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        monkeypatch.setattr("lms_graphql.app.tracing", lambda: Tracing(provider))
        async with (
            running(database, documents=path, **settings) as server,
            httpx.AsyncClient(base_url=server.url) as client,
        ):
            yield Watched(server, client, exporter)

    yield start
    driver = await connect(database.owner)
    await driver.execute("TRUNCATE rate_points")
    await driver.close()


def cost(response):
    return response.json()["extensions"]["cost"]


def span_of(told):
    """The name, the attributes and the status of the only span."""
    [span] = told.spans
    return span.name, dict(span.attributes), span.status.status_code.name


def attributes(outcome, statements, text=None, code=None, name=None):
    found = {"lms.outcome": outcome, "lms.statements": statements}
    found |= {"lms.code": code} if code else {}
    found |= {"graphql.operation.name": name} if name else {}
    return found | ({"graphql.document.hash": SHA256_PREFIX + text_hash(text)} if text else {})


# What is sent; status; (code, kind, operation, outcome); statements, None where the operation was not let run.
ONCE = {
    "an answer": ({"query": DOMAINS}, 200, ("", "query", "", "ok"), 2),
    "a trusted document, by its text": ({"query": TRUSTED}, 200, ("", "query", "Ours", "ok"), 2),
    "a trusted document, by its id": ({"documentId": "ours-1"}, 200, ("", "query", "Ours", "ok"), 2),
    "introspection": ({"query": "{ __schema { types { name } } }"}, 200, ("", "introspection", "", "ok"), 1),
    "a field error": (
        {"query": '{ domains { code } course(id: "x", by: {code: "P101"}) { code } }'},
        200,
        ("BAD_USER_INPUT", "query", "", "field_errors"),
        2,
    ),
    "a wrong variable": (
        {"query": "query ($by: CourseBy!) { course(by: $by) { code } }"},
        200,
        ("BAD_USER_INPUT", "query", "", "refused"),
        1,
    ),
    "a document that can't be parsed": ({"query": "{"}, 200, ("GRAPHQL_PARSE_FAILED", "unknown", "", "refused"), None),
    "a document that is not valid": (
        {"query": "query Theirs { nothing }"},
        200,
        ("GRAPHQL_VALIDATION_FAILED", "unknown", "", "refused"),
        None,
    ),
    "an id that is not known": (
        {"documentId": "nobody's"},
        200,
        ("PERSISTED_QUERY_NOT_FOUND", "unknown", "", "refused"),
        None,
    ),
    "an operation too dear": ({"query": DEAR}, 400, ("TOO_EXPENSIVE", "query", "", "refused"), None),
    "a body that is no request": ([], 400, ("BAD_REQUEST", "unknown", "", "refused"), None),
}


async def test_every_outcome_is_told_once(watch):
    async with watch() as server:
        for name, (body, status, operation, statements) in ONCE.items():
            async with server.told() as told:
                response = await server.client.post(PATH, json=body)
            assert response.status_code == status, name
            assert told.operations == {operation: 1}, name
            ran = statements is not None
            assert told.of("lms_operation_statements_count") == ({(operation[1],): 1} if ran else {}), name
            assert told.only("lms_operation_statements_sum") == (statements or 0), name
            assert told.only("lms_points_charged_total") == (cost(response)["actual"] if ran else 0), name
            _, found, status_code = span_of(told)
            assert found["lms.outcome"] == operation[3], name
            assert found.get("lms.code", "") == operation[0], name
            assert status_code == "UNSET", name


async def test_what_a_span_says(watch):
    async with watch() as server:
        async with server.told() as told:
            await server.post(DOMAINS, headers={"traceparent": PARENT})
        assert span_of(told) == ("query", attributes("ok", 2, DOMAINS, name="Theirs"), "UNSET")
        assert f"{told.spans[0].context.trace_id:032x}" == PARENT[3:35]
        assert f"{told.spans[0].parent.span_id:016x}" == PARENT[36:52]
        assert told.spans[0].parent.is_remote
        async with server.told() as told:
            await server.post("{")
        assert span_of(told) == ("unknown", attributes("refused", 0, code="GRAPHQL_PARSE_FAILED"), "UNSET")
        assert told.spans[0].parent is None


async def test_a_get_that_is_not_modified(watch, world):
    """By the bytes of its answer, and by a version before anything of it is loaded."""
    variables = json.dumps({"id": gid("Course", world.alpha["course"])})
    cases = {"bytes": ({"query": DOMAINS}, 2, 2), "version": ({"query": SYLLABUS, "variables": variables}, 4, 2)}
    async with watch() as server:
        for name, (params, first, again) in cases.items():
            async with server.told() as told:
                response = await server.client.get(PATH, params=params)
            assert response.status_code == 200
            assert told.operations == {("", "query", "", "ok"): 1}, name
            assert told.only("lms_operation_statements_sum") == first, name
            async with server.told() as told:
                response = await server.client.get(
                    PATH, params=params, headers={"if-none-match": response.headers["etag"]}
                )
            assert response.status_code == 304
            assert told.operations == {("", "query", "", "not_modified"): 1}, name
            assert told.only("lms_operation_statements_sum") == again, name
            assert span_of(told)[1]["lms.outcome"] == "not_modified"
        async with server.told() as told:
            refused = await server.client.get(PATH, params={"query": "mutation { a }"})
        assert (refused.status_code, told.operations.total()) == (200, 1)


async def test_the_syllabus_cache(watch, world):
    variables = {"id": gid("Course", world.alpha["course"])}
    async with watch() as server:
        for hit, miss in ((0, 1), (1, 0), (1, 0)):
            async with server.told() as told:
                await server.post(SYLLABUS, variables)
            assert told.of("lms_syllabus_cache_lookups_total") == {
                (k,): 1 for k, n in zip(("hit", "miss"), (hit, miss), strict=True) if n
            }


async def test_what_is_cut_off_has_paid_all_and_is_told_once(watch):
    """The deadline, and a client that goes away while its statement waits for a lock."""
    async with watch(deadline_seconds=1) as server:
        price = cost(await server.post(COURSES["query"]))["requested"]
        async with server.server.locked():
            async with server.told() as told:
                response = await server.post(COURSES["query"])
            assert response.status_code == 504
            assert told.operations == {("DEADLINE_EXCEEDED", "query", "", "deadline"): 1}
            assert told.only("lms_points_charged_total") == price
            assert told.only("lms_operation_statements_sum") == 2
            assert 1 <= told.only("lms_operation_seconds_sum") < 2
            expected = attributes("deadline", 2, COURSES["query"], code="DEADLINE_EXCEEDED")
            assert span_of(told) == ("query", expected, "ERROR")
            async with server.told() as told:
                with pytest.raises(httpx.ReadTimeout):
                    await server.post(COURSES["query"], timeout=0.3)
            assert told.operations == {("", "query", "", "disconnected"): 1}
            assert told.only("lms_points_charged_total") == price
            assert span_of(told) == ("query", attributes("disconnected", 2, COURSES["query"]), "UNSET")


@pytest.mark.parametrize("http", ["httptools", SheddingProtocol])
async def test_what_is_refused_for_overload(watch, http):
    """By the application, and by the protocol before there is a task; what runs meanwhile is told, too."""
    async with (
        watch(http=http, max_in_flight=1) as server,
        raw_connection(server.server) as (_, writer, answer),
    ):
        async with server.told() as told:
            async with server.server.locked():
                waiting = asyncio.create_task(server.client.post(PATH, json=COURSES))
                await server.server.wait_for(1)
                now = await server.metrics()
                assert now["lms_requests_in_progress", frozenset()] == 1
                assert now["lms_pool_connections_in_use", frozenset({("pool", "requests")})] == 1
                body = json.dumps(COURSES)
                writer.write(raw_request(body, more=f"Traceparent: {PARENT}\r\n") + raw_request(body))
                assert [(await answer())[0] for _ in range(2)] == [503, 503]
                writer.write(raw_request(body, more=f"Traceparent: {PARENT}\r\n"))
                assert (await answer())[0] == 503
            assert (await waiting).status_code == 200
        assert told.operations == {("OVERLOADED", "unknown", "", "overloaded"): 3, ("", "query", "", "ok"): 1}
        shed = [span for span in told.spans if span.name == "unknown"]
        assert [dict(span.attributes) for span in shed] == [attributes("overloaded", 0, code="OVERLOADED")] * 3
        parents = [span.parent and f"{span.parent.span_id:016x}" for span in shed]
        assert parents == [PARENT[36:52], None, PARENT[36:52]]  # also of requests that come in one piece
        now = await server.metrics()
        assert now["lms_pool_connections_in_use", frozenset({("pool", "requests")})] == 0


async def test_what_is_our_own_fault(watch):
    async with watch(pool_size=1) as server:
        async with server.server.locked():
            first = asyncio.create_task(server.client.post(PATH, json=COURSES))
            await server.server.wait_for(1)
            before = await server.metrics()
            second = await server.client.post(PATH, json=COURSES)
            assert second.status_code == 503
            after = await server.metrics()
        assert (await first).status_code == 200
    labels = {"kind": "query", "outcome": "failed", "code": "UNAVAILABLE", "operation": ""}
    key = ("lms_operations_total", frozenset(labels.items()))
    assert (before.get(key), after[key]) == (None, 1)


async def test_nothing_of_a_tenant_or_a_person_is_told(watch, world):
    """Names that clients give to operations are no labels either; they may be anything, and as many as they like."""
    token = Authenticator(SECRET, development=True).issue(world.people["student"])
    secrets = ("SecretName", "secret-value", "ALPHA", "request-of-mine", token, "127.0.0.1")
    async with watch() as server:
        for number in range(3):
            query = f"query SecretName{number}($code: String)"
            query += " { viewer { user { displayName } } course(by: {code: $code}) { code } }"
            response = await server.post(
                query,
                {"code": "secret-value"},
                headers={"authorization": f"Bearer {token}", "x-request-id": "request-of-mine"},
            )
        person = response.json()["data"]["viewer"]["user"]["displayName"]
        text = (await server.client.get("/metrics")).text
        assert "lms_operations_total" in text
        assert [secret for secret in (*secrets, person) if secret in text] == []
        told = "".join(str((span.name, dict(span.attributes))) for span in server._exporter.get_finished_spans())
        assert [secret for secret in (*secrets[1:], person) if secret in told] == []


def test_histograms_are_as_if_observed_one_by_one():
    """What is noted and carried over later is what prometheus_client itself would have counted."""
    seconds = [0, 0.001, 0.0011, 0.2, 0.25, 9.99, 10, 10.01, 500, 0.2]
    statements = [0, 1, 2, 7, 8, 9, 30, 31, 1000, 2]
    metrics, observer = Metrics(), Observer()
    for number, (one, other) in enumerate(zip(seconds, statements, strict=True)):
        observation = observer.observe("", {})
        observation.kind, observation.outcome, observation.ran = "query", "ok", True
        observation.snapshots = [SimpleNamespace(statements=other)]
        metrics.count(observation, one)
        if number % 4 == 0:
            metrics.sample(State(0, 0, 0, 0, 0, 0, 0.0))
    metrics.sample(State(0, 0, 0, 0, 0, 0, 0.0))
    told = read_metrics(metrics.exposition().decode())
    for name, values, labels in (
        ("lms_operation_seconds", seconds, {"kind": "query", "outcome": "ok"}),
        ("lms_operation_statements", statements, {"kind": "query"}),
    ):
        bounds = [float(value) for key, labels in told if key == f"{name}_bucket" for at, value in labels if at == "le"]
        registry = CollectorRegistry()
        histogram = Histogram(name, "", tuple(labels), buckets=bounds, registry=registry)
        for value in values:
            histogram.labels(**labels).observe(value)
        expected = read_metrics(generate_latest(registry).decode())
        assert {key: value for key, value in told.items() if key[0].startswith(name)} == pytest.approx(expected)
        assert len(bounds) > 10


@pytest.mark.alone
async def test_what_it_costs(database, world):
    """Of the CPU of the smallest request, with metrics and without: `pytest -s` shows the numbers."""
    body = json.dumps({"query": "{ __typename }"}).encode()
    headers = [(b"content-type", b"application/json"), (b"accept", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "headers": headers}
    sent = []

    async def receive():
        return {"type": "http.request", "body": body}

    async def send(message):
        sent.append(message)

    async def microseconds(app):
        began = time.process_time()
        for _ in range(500):
            sent.clear()
            await app(dict(scope), receive, send)
        spent = time.process_time() - began
        assert (sent[0]["status"], b'"__typename":"Query"' in sent[1]["body"]) == (200, True)
        return spent / 500 * 1e6

    production = {"environment": "production", "workbench": False}
    async with (
        running_api(database.app, **production) as without,
        running_api(database.app, **production, metrics_token="x" * 32) as with_metrics,
    ):
        apps = [api.client._transport.app for api in (without, with_metrics)]
        rounds = [[await microseconds(app) for app in apps] for _ in range(12)]
    least = [min(times) for times in zip(*rounds, strict=True)]
    print(f"\nCPU of a request: {least[0]:.1f} µs without metrics, {least[1]:.1f} µs with them")  # noqa: T201 - a measurement
    assert least[1] - least[0] <= 15


async def test_who_may_see_metrics(database, world):
    token = "a token for Prometheus, long enough"
    async with running_api(database.app, environment="production") as api:
        assert (await api.client.get("/metrics")).status_code == 404
    for environment in ("production", "development"):
        async with running_api(database.app, environment=environment, metrics_token=token) as api:
            for given in ({}, {"authorization": "Bearer wrong"}, {"authorization": token}):
                refused = await api.client.get("/metrics", headers=given)
                assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
                assert "lms_" not in refused.text
            shown = await api.client.get("/metrics", headers={"authorization": f"Bearer {token}"})
            assert (shown.status_code, "lms_workers 1.0" in shown.text) == (200, True)
            assert shown.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("token", ["short", "x" * 31, "é" * 40, "line\n" * 10])
def test_a_token_that_is_none(token, tmp_path):
    with pytest.raises(SettingsError, match="LMS_METRICS_TOKEN"):
        read({"LMS_METRICS_TOKEN": token, "LMS_DATA_DIR": str(tmp_path)})


def test_spans_are_an_extra():
    """Without OpenTelemetry there are none, and nothing is missing."""
    program = "import sys; sys.modules['opentelemetry'] = None\n"
    program += "from lms_graphql.server.tracing import tracing; import lms_graphql.app; print(tracing())"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (shown.stdout, shown.stderr) == ("None\n", "")


# ---- two workers ----


def scraped(url):
    with urllib.request.urlopen(f"{url}/metrics", timeout=10) as response:
        return read_metrics(response.read().decode())


def until(url, wanted, seconds=20):
    """The metrics once they are as wanted."""
    deadline = time.monotonic() + seconds
    while not wanted(found := scraped(url)):
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found


def ask(url):
    request = urllib.request.Request(
        f"{url}/u/DEMO/graphql", json.dumps({"query": DOMAINS}).encode(), {"Content-Type": JSON}
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return response.status


def test_workers_are_added_up():
    """Both count, either tells of both; who is killed has counted, and is no longer in what is now."""
    key = ("lms_operations_total", frozenset({"kind": "query", "outcome": "ok", "code": "", "operation": ""}.items()))
    with tempfile.TemporaryDirectory() as folder, serving(LMS_WORKERS="2", TMPDIR=folder) as server:

        def counting():
            """The ids of the processes that have counted operations, by the files in the server's own folder."""
            files = Path(folder).glob("lms_graphql_metrics_*/counter_*.db")
            return {int(file.stem.split("_")[1]) for file in files if b'"lms_operations"' in file.read_bytes()}

        until(server.url, lambda found: found["lms_workers", frozenset()] == 2)
        asked = 0
        with ThreadPoolExecutor(8) as pool:
            while len(counting()) < 2 and asked < 2000:
                assert set(pool.map(ask, [server.url] * 40)) == {200}
                asked += 40
                time.sleep(0.2)
        until(server.url, lambda found: found.get(key, 0) >= asked)
        time.sleep(1.2)  # what is counted twice would be by now
        for _ in range(6):  # by one worker or the other
            found = scraped(server.url)
            assert found[key] == asked
            assert found["lms_operation_seconds_count", frozenset({"kind": "query", "outcome": "ok"}.items())] == asked
        killed, other = sorted(counting())
        os.kill(killed, signal.SIGKILL)
        until(server.url, lambda found: found["lms_workers", frozenset()] == 2 and killed_is_gone(folder, killed))
        assert scraped(server.url)[key] == asked
        assert other in counting()
    assert list(Path(folder).glob("lms_graphql_metrics_*")) == []


def killed_is_gone(folder, pid):
    return not list(Path(folder).glob(f"lms_graphql_metrics_*/gauge_live*_{pid}.db"))
