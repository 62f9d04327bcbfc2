"""What keeps one request from costing the others: a deadline, and an eye on the client.

And what keeps a page of another site from sending one.
"""

import asyncio
from types import TracebackType
from typing import Self

from starlette.datastructures import Headers
from starlette.types import Receive

from lms_graphql.engine.errors import Code
from lms_graphql.server.requests import ClientGoneError, HttpError
from lms_graphql.server.responses import GRAPHQL_JSON, JSON

_UNWATCHED_SECONDS = 0.05
"""For how long nobody looks whether the client is still there."""


class Attended:
    """A block that is cancelled when the client goes away or the deadline passes.

    Leaving it then raises ClientGoneError, or HttpError with 504; the request's body must have been read. Nearly all
    requests are answered before it would be worth a task to look for their client, so that is not begun at once.
    """

    def __init__(self, receive: Receive, deadline_seconds: float) -> None:
        self._receive = receive
        self._deadline_seconds = deadline_seconds
        self._reason: Exception | None = None
        self._watcher: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task(self._loop)
        self._unwatched = min(_UNWATCHED_SECONDS, self._deadline_seconds)
        self._timer = self._loop.call_later(self._unwatched, self._begin)
        return self

    def _begin(self) -> None:
        self._timer = self._loop.call_later(self._deadline_seconds - self._unwatched, self._expire)
        self._watcher = self._loop.create_task(self._watch())

    def _expire(self) -> None:
        self._cancel(HttpError(504, Code.DEADLINE_EXCEEDED, "this took too long; ask for less at once"))

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._cancel(ClientGoneError())

    def _cancel(self, reason: Exception) -> None:
        if self._reason is None and self._task is not None:
            self._reason = reason
            self._task.cancel()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if self._watcher is not None:
            self._watcher.cancel()
            self._watcher = None  # it holds this object, and a circle would leave all of the request to the collector
        reason, self._reason = self._reason, None
        if reason is None or self._task is None:
            return
        # Somebody else may have cancelled the task, too, and then it must go on being cancelled.
        if self._task.uncancel() == 0 and kind is asyncio.CancelledError:
            raise reason from error


def require_deliberate(headers: Headers) -> None:
    """HttpError with 400 for a GET that a link, an image or a form could have sent.

    A browser says in Sec-Fetch-Mode what made it send a request, and no page can change that: a script under the rules
    of CORS may ask, what needs no such rules may not. Other clients must show that they mean GraphQL.
    """
    mode = headers.get("sec-fetch-mode")
    if mode is None:
        accept = headers.get("accept", "").lower()
        meant = JSON in accept or GRAPHQL_JSON in accept or "authorization" in headers or "x-university" in headers
    else:
        meant = mode in {"cors", "same-origin"}
    if not meant:
        raise HttpError(400, Code.BAD_REQUEST, f"say in Accept that you want {GRAPHQL_JSON}, or send it by POST")
