"""Load over HTTP/1.1 keep-alive connections: requests that arrive when they will, or one after the other.

Arrivals do not wait for answers, as a crowd's don't, and a latency runs from the moment a request was due, so that a
server that stalls, and a generator that comes late, are seen in every request that they delay.
"""

import asyncio
import random
import time
from array import array
from collections import Counter

_MOST_CONNECTIONS = 4000
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
    """One connection; one request at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.waiter: asyncio.Future[tuple[int, bool, int]] | None = None
        self.closed = False
        self._head = b""
        self._missing = 0
        self._status = 0
        self._length = 0
        self._retry_after = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the transport."""
        self.transport = transport  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        self.closed = True
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_exception(ConnectionResetError("closed before the answer was whole"))

    def ask(self, request: bytes) -> asyncio.Future[tuple[int, bool, int]]:
        """The status, whether there was a Retry-After, and the length of the answer's body."""
        self.waiter = asyncio.get_running_loop().create_future()
        self.transport.write(request)  # type: ignore[union-attr]
        return self.waiter

    def data_received(self, data: bytes) -> None:
        """Read the head, then count the body's bytes down."""
        if self._missing:
            self._missing -= len(data)
        else:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self._head[:end].lower()
            self._status = int(head[9:12])
            self._retry_after = b"\r\nretry-after:" in head
            start = head.find(b"\r\ncontent-length:")
            self._length = int(head[start + 17 :].split(b"\r\n", 1)[0]) if start >= 0 else 0
            self._missing = self._length - (len(self._head) - end - 4)
            self._head = b""
        if self._missing == 0 and self.waiter is not None and not self.waiter.done():
            self.waiter.set_result((self._status, self._retry_after, self._length))


class Client:
    """Sends one request again and again; an answer with less than `least` bytes in its body is a wrong one."""

    def __init__(self, port: int, request: bytes, least: int = 0) -> None:
        self._port, self._request, self._least = port, request, least
        self._idle: list[Connection] = []
        self._open = 0

    async def _connection(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed:
                return connection
            self._open -= 1
        if self._open >= _MOST_CONNECTIONS:
            raise ConnectionError("too many connections")
        self._open += 1
        _, connection = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", self._port)
        return connection

    async def send(self, due: float, result: Result) -> int:
        """Send it once, now; `due` is when it should have been sent. The status, 0 for a failure."""
        try:
            async with asyncio.timeout(_LATE_SECONDS):
                connection = await self._connection()
                status, retry_after, length = await connection.ask(self._request)
        except (OSError, TimeoutError) as error:
            result.failures[type(error).__name__] += 1
            return 0
        now = time.perf_counter()
        self._idle.append(connection)
        if status == 200 and length < self._least:
            result.failures["wrong answer"] += 1
            return 0
        result.without_retry_after += status == 503 and not retry_after
        result.add(status, now - due, now)
        return status

    async def one_after_the_other(self, seconds: float, *, connections: int = 1) -> Result:
        """As many connections, each asking again as soon as it has its answer; where it gets 503, 5 ms later."""
        result = Result()
        started = time.perf_counter()

        async def worker() -> None:
            while (due := time.perf_counter()) < started + seconds:
                if await self.send(due, result) != 200:
                    await asyncio.sleep(0.005)

        await asyncio.gather(*(worker() for _ in range(connections)))
        result.seconds = time.perf_counter() - started
        return result

    async def arriving(self, rate: float, seconds: float, *, seed: int = 1) -> Result:
        """Requests that arrive at random moments, `rate` of them per second on average."""
        chance, result, tasks = random.Random(seed), Result(), set()  # noqa: S311 - repeatable, not secret
        started = time.perf_counter()
        due = started + chance.expovariate(rate)
        while due < started + seconds:
            wait = due - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            task = asyncio.create_task(self.send(due, result))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            due += chance.expovariate(rate)
        if tasks:
            await asyncio.wait(tasks)
        result.seconds = seconds
        return result

    def close(self) -> None:
        """Close what is open."""
        for connection in self._idle:
            if connection.transport is not None:
                connection.transport.close()
