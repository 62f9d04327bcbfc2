"""Refusing a request for next to nothing: from the bytes of its head, before it is parsed and before there is a task.

Ten times more requests than the process can answer leave no time for anything else: through the application a refusal
costs about three times as much (measured). What is said is the same. Whatever is not as plain as nearly all requests
are goes the ordinary way, and is refused by the endpoint.
"""

import asyncio
import re
from itertools import count
from typing import Any
from uuid import uuid4

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from lms_graphql.server.observing import Observer
from lms_graphql.server.places import Places
from lms_graphql.server.responses import JSON, VARY, media_type

_REQUEST = re.compile(rb"(?:POST|GET) [^ ?]*/graphql(?:\?[^ ]*)? HTTP/1\.1\r\n")
# What only the application or uvicorn can answer rightly, and a length that is not said in the usual way.
_NOT_PLAIN = re.compile(rb"\r\n(?:transfer-encoding|connection|expect|upgrade|origin|content-length[^:]|[ \t])")
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]{1,9})(?=\r\n)")
_TRACEPARENT = re.compile(rb"\r\ntraceparent: *([0-9a-f-]{55})(?=\r\n)")
_ACCEPT = re.compile(rb"\r\naccept: *([^\r\n]*)")
_IDENTIFIER = re.compile(rb"\r\nx-request-id: *([A-Za-z0-9._-]{8,64})(?=\r\n)", re.IGNORECASE)

_BODY = (
    b'{"errors":[{"message":"too many requests at the moment; try again",'
    b'"extensions":{"code":"OVERLOADED","requestId":"%b"}}]}'
)
_HEAD = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: %b; charset=utf-8\r\nvary: " + VARY.encode() + b"\r\n"
    b"x-request-id: %b\r\nretry-after: 1\r\ncache-control: no-store\r\ncontent-length: %d\r\n\r\n"
)
_numbers = count()
_PROCESS = uuid4().hex[:20].encode()  # and a number make the id of a refusal; to draw a new one takes longer


class SheddingProtocol(HttpToolsProtocol):
    """Uvicorn's protocol, with the application's `Places` asked first; the lifespan's state has them as `places`.

    Its `observer`, if there is one, is told of every refusal.
    """

    _between = True
    """Whether the parser has no part of a request."""
    _unread = 0
    """How many bytes of a refused request's body are still to come."""
    _refused_at: float | None = None
    """When the last request was refused; None if it was not."""
    _closing: asyncio.TimerHandle | None = None

    @override
    def data_received(self, data: bytes) -> None:
        if self._unread:
            skipped = min(self._unread, len(data))
            self._unread -= skipped
            data = data[skipped:]
        if data and not (self._between and self._refused(data)):
            super().data_received(data)

    @override
    def on_message_begin(self) -> None:
        self._between, self._refused_at = False, None
        super().on_message_begin()

    @override
    def on_message_complete(self) -> None:
        self._between = True
        super().on_message_complete()

    def _refused(self, data: bytes) -> bool:
        """Refuse a request that begins here, if it must be and can be here."""
        places: Places | None = self.app_state.get("places")
        last: Any = self.cycle
        if places is None or not places.is_full() or (last is not None and not last.response_complete):
            return False
        end = data.find(b"\r\n\r\n")
        if end < 0 or not _REQUEST.match(data):
            return False
        head = data[: end + 2].lower()
        lengths = _LENGTH.findall(head)
        if _NOT_PLAIN.search(head) or len(lengths) != head.count(b"\r\ncontent-length:") or len(lengths) > 1:
            return False
        unread = (int(lengths[0]) if lengths else 0) - (len(data) - end - 4)
        if unread < 0 or not places.refuses():  # less than nothing: another request follows at once
            return False
        self._unread = unread
        self._refuse(head, data[: end + 2])
        return True

    def _refuse(self, head: bytes, original: bytes) -> None:
        accept, given = _ACCEPT.search(head), _IDENTIFIER.search(original)
        content_type = (media_type(accept[1].decode("latin-1")) if accept else None) or JSON
        identifier = given[1] if given else b"%b%012x" % (_PROCESS, next(_numbers))
        body = _BODY % identifier
        self.transport.write(_HEAD % (content_type.encode(), identifier, len(body)) + body)
        observer: Observer | None = self.app_state.get("observer")
        if observer is not None:
            parent = _TRACEPARENT.search(head)
            observer.shed(parent[1].decode() if parent else None)
        self.server_state.total_requests += 1
        self._unset_keepalive_if_required()
        self._refused_at = self.loop.time()
        if self._closing is None:  # one timer for a connection, not one for each refusal
            self._closing = self.loop.call_later(self.timeout_keep_alive, self._close_if_unused)

    def _close_if_unused(self) -> None:
        """Close the connection if nothing came after a refusal for as long as uvicorn keeps one."""
        self._closing = None
        if self._refused_at is not None and not self.transport.is_closing():
            left = self._refused_at + self.timeout_keep_alive - self.loop.time()
            if left > 0:
                self._closing = self.loop.call_later(left, self._close_if_unused)
            else:
                self.transport.close()
