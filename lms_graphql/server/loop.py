"""The event loop of `lms-graphql serve`: asyncio's own, which also tells how long it had nothing to do."""

import asyncio
import selectors
import time
from typing import Any


class _TimedSelector(selectors.DefaultSelector):
    """Adds up the time spent waiting for events; asking for events without waiting does not count."""

    def __init__(self) -> None:
        super().__init__()
        self.idle_seconds = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, Any]]:
        """What is ready, waiting at most `timeout` seconds."""
        if timeout is not None and timeout <= 0:
            return super().select(timeout)
        started = time.perf_counter()
        try:
            return super().select(timeout)
        finally:
            self.idle_seconds += time.perf_counter() - started


class MeasuredLoop(asyncio.SelectorEventLoop):
    """An event loop with a clock of its idle time."""

    def __init__(self) -> None:
        self._timed = _TimedSelector()
        super().__init__(self._timed)

    @property
    def idle_seconds(self) -> float:
        """The seconds that the loop has waited for something to do, since its beginning."""
        return self._timed.idle_seconds
