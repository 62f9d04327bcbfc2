"""Metrics for Prometheus, at `/metrics`: how many operations, how long, how ended; nothing of a tenant or a person.

With several workers each counts into files of its own in PROMETHEUS_MULTIPROC_DIR (`serve` makes the folder, anew at
every start), and whichever is asked adds them up. A request is noted when it ends, which costs a microsecond; the notes
are carried to the metrics once a second, and when this process is asked.

The name of an operation is a label only where its document is trusted: others may be called anything.
"""

import asyncio
import hmac
import os
from bisect import bisect_left
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lms_graphql.server.loop import MeasuredLoop
from lms_graphql.server.observing import Observation

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_FOLDER = os.environ.get(FOLDER_VARIABLE)  # at import, as prometheus_client looks: then it decides where counts go
disable_created_metrics()  # type: ignore[no-untyped-call]  # with several workers there are none anyway

_SAMPLE_SECONDS = 1.0
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_STATEMENTS = (0, 1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30)


class State(NamedTuple):
    """What a process is like at one moment; the last four only grow."""

    in_progress: int
    connections: int
    points_connections: int
    points: int
    fragment_hits: int
    fragment_misses: int
    idle_seconds: float


class _Foldable(Histogram):
    """A histogram that takes many observations at once."""

    def add(self, total: float, buckets: Sequence[int]) -> None:
        """Observe what adds up to a total, so many in each bucket."""
        self._sum.inc(total)
        for bucket, number in zip(self._buckets, buckets, strict=True):
            if number:
                bucket.inc(number)


class _Notes:
    """What requests with the same labels came to since the last time that notes were carried over."""

    __slots__ = ("number", "seconds", "seconds_in", "statements", "statements_in")

    def __init__(self) -> None:
        self.number = self.statements = 0
        self.seconds = 0.0
        self.seconds_in = [0] * (len(_SECONDS) + 1)
        self.statements_in = [0] * (len(_STATEMENTS) + 1)


class Metrics:
    """The metrics of one process."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self._registry = registry
        self._operations = Counter(
            "lms_operations",
            "GraphQL requests by kind, outcome and code; operation: the name, where the document is trusted",
            ("kind", "outcome", "code", "operation"),
            registry=registry,
        )
        self._seconds = _Foldable(
            "lms_operation_seconds",
            "From the head of a GraphQL request to the end of its answer",
            ("kind", "outcome"),
            buckets=_SECONDS,
            registry=registry,
        )
        self._statements = _Foldable(
            "lms_operation_statements",
            "SQL statements of each operation that was let run",
            ("kind",),
            buckets=_STATEMENTS,
            registry=registry,
        )
        self._points = Counter("lms_points_charged", "Points that operations have paid", registry=registry)
        self._fragments = Counter(
            "lms_syllabus_cache_lookups", "Syllabi looked for in the cache", ("result",), registry=registry
        )
        self._idle = Counter(
            "lms_loop_idle_seconds", "Seconds that event loops had nothing to do, all workers", registry=registry
        )
        self._in_progress, self._connections, self._workers = (
            Gauge(name, text, labels, registry=registry, multiprocess_mode="livesum")
            for name, text, labels in (
                ("lms_requests_in_progress", "GraphQL requests that are here now, the waiting ones included", ()),
                ("lms_pool_connections_in_use", "Connections to PostgreSQL in use, by pool", ("pool",)),
                ("lms_workers", "Processes that serve", ()),
            )
        )
        self._workers.set(1)
        self._notes: dict[tuple[str, str, str, str], _Notes] = {}
        self._last = State(0, 0, 0, 0, 0, 0, 0.0)

    def count(self, observation: Observation, seconds: float) -> None:
        """Note a request that has ended."""
        document = observation.document
        name = observation.name if document is not None and document.is_trusted else None
        key = (observation.kind, observation.outcome, observation.code, name or "")
        notes = self._notes.get(key)
        if notes is None:
            notes = self._notes[key] = _Notes()
        notes.number += 1
        notes.seconds += seconds
        notes.seconds_in[bisect_left(_SECONDS, seconds)] += 1
        if observation.ran:
            statements = observation.statements
            notes.statements += statements
            notes.statements_in[bisect_left(_STATEMENTS, statements)] += 1

    def _carry_over(self) -> None:
        notes, self._notes = self._notes, {}
        for (kind, outcome, code, name), found in notes.items():
            self._operations.labels(kind, outcome, code, name).inc(found.number)
            self._seconds.labels(kind, outcome).add(found.seconds, found.seconds_in)
            if any(found.statements_in):
                self._statements.labels(kind).add(found.statements, found.statements_in)

    def sample(self, state: State) -> None:
        """Take over what a process is like now, and what was noted."""
        self._carry_over()
        last, self._last = self._last, state
        self._in_progress.set(state.in_progress)
        self._connections.labels("requests").set(state.connections)
        self._connections.labels("points").set(state.points_connections)
        self._points.inc(state.points - last.points)
        self._fragments.labels("hit").inc(state.fragment_hits - last.fragment_hits)
        self._fragments.labels("miss").inc(state.fragment_misses - last.fragment_misses)
        self._idle.inc(state.idle_seconds - last.idle_seconds)

    def exposition(self) -> bytes:
        """All metrics, of all workers, as text."""
        if _FOLDER is None:
            return generate_latest(self._registry)
        _forget_the_dead(Path(_FOLDER))
        together = CollectorRegistry()
        MultiProcessCollector(together, _FOLDER)  # type: ignore[no-untyped-call]
        return generate_latest(together)


def idle_seconds() -> float:
    """How long the running loop has had nothing to do; 0 where it does not tell."""
    loop = asyncio.get_running_loop()
    return loop.idle_seconds if isinstance(loop, MeasuredLoop) else 0.0


class Sampling:
    """A block in which a process's state is taken over once a second, and a last time at its end."""

    def __init__(self, metrics: Metrics, state: Callable[[], State]) -> None:
        self._metrics, self._state = metrics, state
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> None:
        self._again()

    def _again(self) -> None:
        self._metrics.sample(self._state())
        self._timer = asyncio.get_running_loop().call_later(_SAMPLE_SECONDS, self._again)

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._metrics.sample(self._state())


def metrics_route(metrics: Metrics, state: Callable[[Request], State], token: str | None) -> Route:
    """`/metrics`, for who sends the token as Authorization: Bearer; for everybody if there is none."""
    expected = None if token is None else f"Bearer {token}".encode()

    async def show(request: Request) -> Response:
        given = request.headers.get("authorization", "").encode()
        if expected is not None and not hmac.compare_digest(given, expected):
            return Response("a token is needed\n", 401, {"WWW-Authenticate": "Bearer"}, "text/plain")
        metrics.sample(state(request))
        text = await asyncio.to_thread(metrics.exposition)
        return Response(text, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4, "Cache-Control": "no-store"})

    return Route("/metrics", show)


def _forget_the_dead(folder: Path) -> None:
    """Remove the states of workers that are no more; what they counted stays."""
    for path in folder.glob("gauge_live*.db"):
        pid = int(path.stem.rpartition("_")[2])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]
