"""Load over HTTP/1.1 keep-alive connections: requests that arrive when they will, or one after the other.

Arrivals do not wait for answers, as a crowd's don't, and a latency runs from the moment a request was due, so that a
server that stalls, and a generator that comes late, are seen in every request that they delay.
"""

import asyncio
import random
import time
from array import array
from collections import Counter
from collections.abc import Callable

_TURN_SECONDS = 0.001  # so often requests that are due are sent; less often would delay them, more often only costs
_LATE_SECONDS = 30.0


class Result:
    """What came of the requests of one phase. Latencies are seconds."""

    def __init__(self) -> None:
        self.latencies: dict[int, array[float]] = {}
        self.ended: dict[int, array[float]] = {}
        self.failures: Counter[str] = Counter()
        self.without_retry_after = 0
        self.seconds = 0.0

    def add(self, status: int, latency: float, ended: float) -> None:
        """Count one answer."""
        self.latencies.setdefault(status, array("d")).append(latency)
        self.ended.setdefault(status, array("d")).append(ended)

    def number(self, status: int) -> int:
        """How many answers had this status."""
        return len(self.latencies.get(status, ()))

    def percentile(self, status: int, share: float) -> float:
        """The latency that this share of the answers stayed below, nan without any."""
        values = sorted(self.latencies.get(status, ()))
        return values[min(len(values) - 1, int(len(values) * share))] if values else float("nan")

    def per_second(self, status: int) -> float:
        """Answers with this status per second of the phase."""
        return self.number(status) / self.seconds


class Connection(asyncio.Protocol):
    """One connection; one request at a time. A request costs no task and no future: a generator must be quick."""

    def __init__(self, answered: Callable[["Connection", int, bool, int], None], lost: Callable[["Connection"], None]):
        self._answered, self._lost = answered, lost
        self._transport: asyncio.Transport | None = None
        self.due: float | None = None
        self.result: Result | None = None
        self._head = b""
        self._missing = self._status = self._length = 0
        self._retry_after = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the transport."""
        self._transport = transport  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the client."""
        self._lost(self)

    def ask(self, request: bytes, due: float, result: Result) -> None:
        """Send a request that was due at a moment; its answer counts in the result."""
        self.due, self.result = due, result
        self._transport.write(request)  # type: ignore[union-attr]

    def close(self) -> None:
        """Close it."""
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Read the head, then count the body's bytes down."""
        if self._missing:
            self._missing -= len(data)
        else:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            self._read_head(self._head[:end].lower())
            self._missing = self._length - (len(self._head) - end - 4)
            self._head = b""
        if self._missing == 0:
            self._answered(self, self._status, self._retry_after, self._length)

    def _read_head(self, head: bytes) -> None:
        self._status = int(head[9:12])
        self._retry_after = b"\r\nretry-after:" in head
        start = head.find(b"\r\ncontent-length:")
        self._length = int(head[start + 17 :].split(b"\r\n", 1)[0]) if start >= 0 else 0


class Client:
    """Sends one request again and again; an answer with less than `least` bytes in its body is a wrong one."""

    def __init__(self, port: int, request: bytes, least: int = 0) -> None:
        self._port, self._request, self._least = port, request, least
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        self._coming: set[asyncio.Task[None]] = set()
        self._again_until = 0.0
        self._out = 0

    async def one_after_the_other(self, seconds: float, *, connections: int = 1) -> Result:
        """As many connections, each asking again as soon as it has its answer; where it gets 503, 5 ms later."""
        result, started = Result(), time.perf_counter()
        self._again_until = started + seconds
        for _ in range(connections):
            self._send(started, result)
        await asyncio.sleep(seconds)
        self._again_until = 0.0
        await self._all_back(result)
        result.seconds = time.perf_counter() - started
        return result

    async def arriving(self, rate: float, seconds: float, *, seed: int = 1) -> Result:
        """Requests that arrive at random moments, `rate` of them per second on average."""
        chance, result = random.Random(seed), Result()  # noqa: S311 - repeatable, not secret
        started = time.perf_counter()
        due = started + chance.expovariate(rate)
        while due < started + seconds:
            wait = due - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(max(wait, _TURN_SECONDS))
            now = time.perf_counter()
            while due < min(now, started + seconds):
                self._send(due, result)
                due += chance.expovariate(rate)
            if wait <= 0:
                await asyncio.sleep(0)
        await self._all_back(result)
        result.seconds = seconds
        return result

    def close(self) -> None:
        """Close what is open."""
        for connection in self._open:
            connection.close()

    def _send(self, due: float, result: Result) -> None:
        self._out += 1
        if self._idle:
            self._idle.pop().ask(self._request, due, result)
        else:
            task = asyncio.get_running_loop().create_task(self._send_anew(due, result))
            self._coming.add(task)
            task.add_done_callback(self._coming.discard)

    async def _send_anew(self, due: float, result: Result) -> None:
        try:
            connection = Connection(self._answered, self._lost)
            await asyncio.get_running_loop().create_connection(lambda: connection, "127.0.0.1", self._port)
        except OSError as error:
            self._out -= 1
            result.failures[type(error).__name__] += 1
            return
        self._open.add(connection)
        connection.ask(self._request, due, result)

    def _answered(self, connection: Connection, status: int, retry_after: bool, length: int) -> None:
        now, result = time.perf_counter(), connection.result
        if result is None or connection.due is None:
            return
        if status == 200 and length < self._least:
            result.failures["wrong answer"] += 1
        else:
            result.without_retry_after += status == 503 and not retry_after
            result.add(status, now - connection.due, now)
        connection.due = connection.result = None
        self._out -= 1
        self._idle.append(connection)
        if now < self._again_until:
            if status == 200:
                self._send(now, result)
            else:
                asyncio.get_running_loop().call_later(0.005, self._send_again, result)

    def _send_again(self, result: Result) -> None:
        if time.perf_counter() < self._again_until:
            self._send(time.perf_counter(), result)

    def _lost(self, connection: Connection) -> None:
        self._open.discard(connection)
        if connection.result is not None:
            connection.result.failures["closed before the answer was whole"] += 1
            self._out -= 1
        elif connection in self._idle:
            self._idle.remove(connection)

    async def _all_back(self, result: Result) -> None:
        """Wait for the answers that are still to come; those that don't are failures."""
        until = time.perf_counter() + _LATE_SECONDS
        while self._out and time.perf_counter() < until:  # noqa: ASYNC110 - nothing else is to be done meanwhile
            await asyncio.sleep(0.01)
        if self._out:
            result.failures["no answer"] += self._out
            self._out = 0
