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


class Attended:
    """A block that is cancelled when the client goes away or the deadline passes.

    Leaving it then raises ClientGoneError, or HttpError with 504; the request's body must have been read.
    """

    def __init__(self, receive: Receive, deadline_seconds: float) -> None:
        self._receive = receive
        self._timeout = asyncio.timeout(deadline_seconds)
        self._gone = False

    async def __aenter__(self) -> Self:
        await self._timeout.__aenter__()
        self._task = asyncio.current_task()
        self._watcher = asyncio.create_task(self._watch())
        return self

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        if self._task is not None:
            self._task.cancel()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watcher.cancel()
        del self._watcher  # it holds this object, and a circle would leave all of the request to the garbage collector
        if self._gone and kind is asyncio.CancelledError:
            await self._timeout.__aexit__(None, None, None)
            if self._task is not None:
                self._task.uncancel()
            raise ClientGoneError
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError as timeout:
            raise HttpError(504, Code.DEADLINE_EXCEEDED, "this took too long; ask for less at once") from timeout


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
