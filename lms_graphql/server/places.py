"""Which requests may run, which wait for a moment, and which are refused at once.

More requests at once don't make a process faster that is busy all the time: each only takes longer, and those that
nobody can serve cost what the others need. So only as many run as keep the event loop busy, which shows in its idle
time: few when they compute, many when they wait for PostgreSQL. The next ones wait for their turn, as a burst should.
When there was no room for all, and all who got a turn lately had waited too long, the burst was none (this is CoDel's
idea): nobody waits any more, and who finds no turn free is refused before being read, until that happens no more.
"""

import asyncio
import time
from collections import deque

from lms_graphql.engine.errors import Code
from lms_graphql.server.loop import MeasuredLoop
from lms_graphql.server.requests import HttpError

_FEWEST_TURNS = 2  # one computes while the other waits for PostgreSQL
_TICK_SECONDS = 0.02
_WAIT_SECONDS = 0.02
"""What everybody may wait for a turn without harm."""
_INTERVAL_SECONDS = 0.1
"""How long all must have waited longer than that, and how long nobody must have been refused."""
_IDLE, _BUSY = 0.1, 0.02
"""Shares of idle time: above the first there could be more turns, below the second there should be fewer."""


class Places:
    """Admission to the endpoint: at most `most` requests are here at once, running or waiting for their turn.

    On an event loop that does not tell its idle time all of them may run.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._turns = most
        self._working = self._most_working = 0
        self._waiting: deque[tuple[asyncio.Future[None], float]] = deque()
        self._overloaded = False
        self._refused = False
        self._waited_long_since: float | None = None
        self._refused_at = 0.0
        self._ticked_at = self._idle_at = 0.0
        self._ticking: asyncio.TimerHandle | None = None
        self._loop: MeasuredLoop | None = None

    def is_full(self) -> bool:
        """Whether a request that comes now would be refused."""
        return not self._has_turn() and (self._overloaded or self._working + len(self._waiting) >= self._most)

    def refuses(self) -> bool:
        """Whether a request that comes now is refused; to ask counts as to come."""
        if not self.is_full():
            return False
        self._refused = True
        self._tick_on()
        return True

    def require(self) -> None:
        """HttpError with 503 for a request that comes now and is refused."""
        if self.refuses():
            raise _overloaded()

    async def __aenter__(self) -> None:
        self.require()
        if self._loop is None:
            self._begin()
        if self._has_turn():
            self._work()
            self._waited_long_since = None
        else:
            await self._turn()

    async def __aexit__(self, *_: object) -> None:
        self._leave()

    def _has_turn(self) -> bool:
        return self._working < self._turns and not self._waiting

    async def _turn(self) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((turn, time.perf_counter()))
        self._tick_on()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._leave()
            raise

    def _begin(self) -> None:
        """Look at the loop, once; without a clock of its idle time nothing adapts."""
        loop = asyncio.get_running_loop()
        if isinstance(loop, MeasuredLoop):
            self._loop = loop
            self._turns = min(_FEWEST_TURNS, self._most)

    def _work(self) -> None:
        self._working += 1
        self._most_working = max(self._most_working, self._working)

    def _leave(self) -> None:
        self._working -= 1
        self._give_turns()

    def _give_turns(self) -> None:
        while self._waiting and self._working < self._turns:
            turn, since = self._waiting.popleft()
            if turn.done():
                continue
            turn.set_result(None)
            self._work()
            now = time.perf_counter()
            if now - since < _WAIT_SECONDS:
                self._waited_long_since = None
            elif self._waited_long_since is None:
                self._waited_long_since = now

    def _tick_on(self) -> None:
        if self._ticking is None and self._loop is not None:
            self._ticked_at, self._idle_at = time.perf_counter(), self._loop.idle_seconds
            self._ticking = self._loop.call_later(_TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        """While requests wait or are refused: adapt the turns, and see whether it is a burst or too much."""
        self._ticking = None
        if self._loop is None:
            return
        now, idle = time.perf_counter(), self._loop.idle_seconds
        self._adapt((idle - self._idle_at) / (now - self._ticked_at))
        if self._refused:
            self._refused_at, self._refused = now, False
        if self._overloaded:
            self._overloaded = now - self._refused_at < _INTERVAL_SECONDS
        elif self._refused_at == now and self._waits_long(now):
            self._overloaded = True
            while self._waiting:
                turn, _ = self._waiting.popleft()
                if not turn.done():
                    turn.set_exception(_overloaded())
        if self._waiting or self._overloaded:
            self._tick_on()

    def _waits_long(self, now: float) -> bool:
        return self._waited_long_since is not None and now - self._waited_long_since > _INTERVAL_SECONDS

    def _adapt(self, idle: float) -> None:
        if idle > _IDLE:
            self._turns = min(self._most, self._turns * 2 if idle > 0.5 else self._turns + 1)
            self._give_turns()
        elif idle < _BUSY:
            self._turns = max(min(_FEWEST_TURNS, self._most), min(self._turns, self._most_working) - 1)
        self._most_working = self._working


def _overloaded() -> HttpError:
    return HttpError(503, Code.OVERLOADED, "too many requests at the moment; try again", retry_after="1")
