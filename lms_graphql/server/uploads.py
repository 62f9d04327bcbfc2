"""`PUT` and `GET /uploads/<ticket>`: files of submissions, streamed to and from a folder.

A file is never whole in memory. While it arrives it has a name of its own, and gets its right one only when it is as
large as was promised, is what it says it is, and the database knows of it. It is served to be saved, never to be shown:
whatever is in it, no browser runs it in our name.
"""

import asyncio
import hashlib
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Protocol

import orjson
from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from lms_graphql.engine.errors import Code, RequestError
from lms_graphql.engine.execution import formatted_all
from lms_graphql.server.refusals import told_over_http
from lms_graphql.server.requests import ClientGoneError, HttpError, request_id
from lms_graphql.server.responses import JSON, Answer, send_answer
from lms_graphql.storage.files import LocalFiles, StoredFile, TicketError
from lms_graphql.storage.media import BEGINNINGS, Judge

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 64
_PATIENCE_SECONDS = 30.0
"""How long the next part of a file may take."""
_MOST_SECONDS = 15 * 60.0
_BUFFER_BYTES = 2**20
_SAFE = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "sandbox; default-src 'none'",
    "cross-origin-resource-policy": "same-site",
    "cache-control": "private, no-store",
    "referrer-policy": "no-referrer",
}


class Service(Protocol):
    """What the endpoint needs of the application."""

    local_files: LocalFiles

    async def keep_upload(self, file: StoredFile, sha256: bytes, move: Callable[[], None], request_id: str) -> bool:
        """Note that a file has come, and move it to its place; False if it is no longer waited for."""


class UploadEndpoint:
    """The endpoint. Who sends or fetches a file is told by the ticket in its address, and by nothing else."""

    def __init__(self, service: Callable[[Scope], Service]) -> None:
        self._service = service
        self._arriving = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = Headers(scope=scope)
        identifier = request_id(headers)
        try:
            response = await self._answered(scope, receive, headers, identifier)
        except ClientGoneError:
            logger.info("request %s: the client went away", identifier)
        except HttpError as error:
            payload = orjson.dumps({"errors": formatted_all([RequestError(error.code, error.message)], identifier)})
            await send_answer(send, Answer(error.status, payload, error.headers), headers, JSON, identifier)
        except Exception:
            logger.exception("request %s failed", identifier)
            masked = RequestError(Code.INTERNAL_ERROR, "something went wrong on our side")
            payload = orjson.dumps({"errors": formatted_all([masked], identifier)})
            await send_answer(send, Answer(500, payload), headers, JSON, identifier)
        else:
            await response(scope, receive, send)

    async def _answered(self, scope: Scope, receive: Receive, headers: Headers, identifier: str) -> Response:
        service = self._service(scope)
        ticket = scope["path_params"]["ticket"]
        match scope["method"]:
            case "GET" | "HEAD":
                return _fetched(service.local_files, ticket)
            case "PUT":
                if self._arriving >= MOST_AT_ONCE:
                    raise HttpError(503, Code.UNAVAILABLE, "too many files arrive at once; try again", retry_after="5")
                self._arriving += 1
                try:
                    return await _kept(service, service.local_files, ticket, receive, headers, identifier)
                finally:
                    self._arriving -= 1
            case _:
                raise HttpError(405, Code.BAD_REQUEST, "send a file by PUT, get it by GET", allow="GET, HEAD, PUT")


def _fetched(files: LocalFiles, text: str) -> FileResponse:
    file = _ticketed(files, text, "GET")
    path = files.path(file.university_id, file.upload_id)
    if not path.is_file():
        raise HttpError(404, Code.BAD_REQUEST, "this file is not there any more")
    return FileResponse(path, media_type=file.media_type, filename=file.file_name, headers=_SAFE)


def _ticketed(files: LocalFiles, text: str, act: str) -> StoredFile:
    """The file that an address is good for; HttpError with 403 if it is not."""
    try:
        return files.read(text, act).file
    except TicketError as error:
        raise HttpError(403, Code.FORBIDDEN, str(error)) from error


async def _kept(
    service: Service, files: LocalFiles, text: str, receive: Receive, headers: Headers, identifier: str
) -> Response:
    """Stream a file to its place; HttpError for one that is not what was promised, of which nothing is left."""
    file = _ticketed(files, text, "PUT")
    _require_as_promised(file, headers)

    def move() -> None:
        arriving.replace(files.path(file.university_id, file.upload_id))

    arriving = await asyncio.to_thread(files.arriving, file.university_id, file.upload_id)
    try:
        async with asyncio.timeout(_MOST_SECONDS):
            digest = await _written(arriving, file, receive)
        with told_over_http(identifier):
            kept = await service.keep_upload(file, digest, move, identifier)
    except TimeoutError as error:
        raise HttpError(408, Code.DEADLINE_EXCEEDED, "the file took too long to arrive; send it again") from error
    finally:
        with suppress(FileNotFoundError):
            arriving.unlink()
    if not kept:
        raise HttpError(409, Code.BAD_REQUEST, "this file is there already, or is not waited for any more")
    return Response(status_code=204, headers={"cache-control": "no-store", "x-request-id": identifier})


def _require_as_promised(file: StoredFile, headers: Headers) -> None:
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != file.media_type or file.media_type not in BEGINNINGS:
        raise HttpError(415, Code.BAD_REQUEST, f"send this file as {file.media_type}")
    if "content-encoding" in headers:
        raise HttpError(415, Code.BAD_REQUEST, "send the file as it is, not encoded")
    length = headers.get("content-length")
    if length is not None and length != str(file.size_bytes):
        raise _wrong_size(file, int(length) if length.isascii() and length.isdecimal() else 0)


def _wrong_size(file: StoredFile, size: int) -> HttpError:
    message = f"this file was promised with {file.size_bytes} bytes; ask for another address for one of another size"
    return HttpError(413 if size > file.size_bytes else 400, Code.BAD_REQUEST, message)


async def _written(path: Path, file: StoredFile, receive: Receive) -> bytes:
    """Write what arrives to a new file, and give its SHA-256."""
    judge, digest, size = Judge(file.media_type), hashlib.sha256(), 0
    with path.open("xb") as opened:
        async for chunk in _chunks(receive):
            size += len(chunk)
            if size > file.size_bytes:
                raise _wrong_size(file, size)
            if not judge.fits(chunk):
                raise _wrong_kind(file)
            await asyncio.to_thread(_add, opened, digest, chunk)
        if size < file.size_bytes:
            raise _wrong_size(file, size)
        if not judge.fits(b"", final=True):
            raise _wrong_kind(file)
        await asyncio.to_thread(_settle, opened)
    return digest.digest()


def _wrong_kind(file: StoredFile) -> HttpError:
    return HttpError(415, Code.BAD_REQUEST, f"this file is not {file.media_type}, whatever its name says")


def _add(opened: IO[bytes], digest: "hashlib._Hash", chunk: bytes) -> None:
    digest.update(chunk)
    opened.write(chunk)


def _settle(opened: IO[bytes]) -> None:
    opened.flush()
    os.fsync(opened.fileno())


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    """The body in parts of about a MiB; ClientGoneError when it breaks off, HttpError with 408 when it stands still."""
    waiting: list[bytes] = []
    size, more = 0, True
    while more:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        waiting.append(message.get("body", b""))
        size += len(waiting[-1])
        more = message.get("more_body", False)
        if size >= _BUFFER_BYTES or not more:
            yield b"".join(waiting)
            waiting, size = [], 0
