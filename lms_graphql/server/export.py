"""`GET /u/<short code>/export/me`: everything that a university has of the person who asks, as one JSON document.

The document is whole, within the deadline, before its first byte is sent: a client that reads slowly then holds no
connection to the database and no moment of it, and what goes wrong is told by the status. It waits in memory, and what
is large in a file without a name.
"""

import logging
import tempfile
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import IO, Any, Protocol

import orjson
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from lms_graphql.engine.context import Principal, Viewer
from lms_graphql.engine.errors import Code, RequestError
from lms_graphql.engine.execution import formatted_all
from lms_graphql.server.authentication import Authenticator, InvalidTokenError
from lms_graphql.server.guard import Attended
from lms_graphql.server.places import Places
from lms_graphql.server.points import Points
from lms_graphql.server.refusals import address_of, told_over_http, unauthenticated, university_of
from lms_graphql.server.requests import ClientGoneError, HttpError, request_id, short_code
from lms_graphql.server.responses import JSON, VARY, Answer, send_answer
from lms_graphql.storage.snapshot import Snapshot

logger = logging.getLogger(__name__)

EXPORT_POINTS = 500
_MOST_BYTES_IN_MEMORY = 2**20
_CHUNK_BYTES = 2**16


class Service(Protocol):
    """What the endpoint needs of the application."""

    authenticator: Authenticator
    points: Points

    def snapshot(self) -> Snapshot:
        """A snapshot that has not begun."""

    async def identify(self, snapshot: Snapshot, principal: Principal, short_code: str | None) -> Viewer:
        """Who a request acts for, in which university."""

    def export(self, university_id: int, user_id: int) -> AsyncGenerator[bytes]:
        """Everything about a person of a university, in parts."""

    def roster(self, viewer: Viewer, offering: str, request_id: str) -> AsyncGenerator[bytes]:
        """The final grades of an offering, in parts; written down as read at the end."""

    def questions(self, viewer: Viewer, pool: str, request_id: str) -> AsyncGenerator[bytes]:
        """The questions of a pool with their right answers, in parts."""

    def roster_archive(self, viewer: Viewer, request_id: str) -> AsyncGenerator[bytes]:
        """The people, courses and classes of a university, in parts; written down as read at the end."""

    def bundle(self, viewer: Viewer, course: str, request_id: str) -> AsyncGenerator[bytes]:
        """A course as an archive; that it was exported is written down before."""


class ExportEndpoint:
    """The endpoint, for members of the university alone: 401 for nobody, 404 for who is none.

    A request takes a place among those of GraphQL, must be done within `deadline_seconds`, and costs EXPORT_POINTS.
    """

    media_type = f"{JSON}; charset=utf-8"
    filename = "export.json"

    def __init__(self, service: Callable[[Scope], Service], *, places: Places, deadline_seconds: float) -> None:
        self._service = service
        self._places = places
        self._deadline_seconds = deadline_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = Headers(scope=scope)
        identifier = request_id(headers)
        with tempfile.SpooledTemporaryFile(_MOST_BYTES_IN_MEMORY) as document:
            try:
                await self._write(document, scope, receive, headers, identifier)
            except ClientGoneError:
                logger.info("request %s: the client went away", identifier)
            except HttpError as error:
                await send_answer(send, _refusal(error, identifier), headers, JSON, identifier)
            except Exception:
                logger.exception("request %s failed", identifier)
                masked = HttpError(500, Code.INTERNAL_ERROR, "something went wrong on our side")
                await send_answer(send, _refusal(masked, identifier), headers, JSON, identifier)
            else:
                await _send(send, document, identifier, self.media_type, self.filename)

    async def _write(
        self, document: IO[bytes], scope: Scope, receive: Receive, headers: Headers, identifier: str
    ) -> None:
        """Write the document of the person who asks; HttpError where there is none for them."""
        if scope["method"] != "GET":
            raise HttpError(405, Code.BAD_REQUEST, "get this by GET", allow="GET")
        if "x-view-as" in headers:
            raise HttpError(403, Code.FORBIDDEN, "the export is for the person alone, not for who looks as they do")
        named = short_code(scope, headers)
        service = self._service(scope)
        async with self._places, Attended(receive, self._deadline_seconds):
            with told_over_http(identifier):
                principal = await _person(service.authenticator, headers.get("authorization"))
                async with service.snapshot() as snapshot:
                    viewer = await service.identify(snapshot, principal, university_of(principal, named))
                if not viewer.is_member or viewer.university_id is None or viewer.user_id is None:
                    raise HttpError(404, Code.UNIVERSITY_UNKNOWN, "you are no member of this university")
                with await service.points.charge(viewer, address_of(scope), EXPORT_POINTS):
                    async with aclosing(self._parts(service, viewer, scope, identifier)) as parts:
                        async for part in parts:
                            document.write(part)

    def _parts(self, service: Service, viewer: Viewer, _scope: Scope, _identifier: str) -> AsyncGenerator[bytes]:
        """What is sent, for a member of a university."""
        return service.export(viewer.university_id or 0, viewer.user_id or 0)


class RosterEndpoint(ExportEndpoint):
    """`GET /u/<short code>/export/offerings/<global id>/grades.csv`: final grades, for the offering's instructors."""

    media_type = "text/csv; charset=utf-8"
    filename = "grades.csv"

    @override
    def _parts(self, service: Service, viewer: Viewer, scope: Scope, identifier: str) -> AsyncGenerator[bytes]:
        return service.roster(viewer, scope["path_params"]["offering"], identifier)


class QuestionsEndpoint(ExportEndpoint):
    """`GET /u/<short code>/export/pools/<global id>/questions.zip`: QTI 2.1, for who may edit the pool's questions."""

    media_type = "application/zip"
    filename = "questions.zip"

    @override
    def _parts(self, service: Service, viewer: Viewer, scope: Scope, identifier: str) -> AsyncGenerator[bytes]:
        return service.questions(viewer, scope["path_params"]["pool"], identifier)


class RosterArchiveEndpoint(ExportEndpoint):
    """`GET /u/<short code>/export/roster.zip`: a OneRoster package, for the university's administrators."""

    media_type = "application/zip"
    filename = "roster.zip"

    @override
    def _parts(self, service: Service, viewer: Viewer, _scope: Scope, identifier: str) -> AsyncGenerator[bytes]:
        return service.roster_archive(viewer, identifier)


class BundleEndpoint(ExportEndpoint):
    """`GET /u/<short code>/export/courses/<global id>/bundle.zip`: a course as an archive, for who may change it."""

    media_type = "application/zip"
    filename = "bundle.zip"

    @override
    def _parts(self, service: Service, viewer: Viewer, scope: Scope, identifier: str) -> AsyncGenerator[bytes]:
        return service.bundle(viewer, scope["path_params"]["course"], identifier)


async def _person(authenticator: Authenticator, authorization: str | None) -> Principal:
    """The person whom the token speaks of; HttpError with 401 for nobody, and for a service."""
    if authorization is None:
        raise HttpError(401, Code.UNAUTHENTICATED, "sign in: this is for people alone", www_authenticate="Bearer")
    try:
        principal = authenticator.at_once(authorization) or await authenticator.principal(authorization)
    except InvalidTokenError as error:
        raise unauthenticated("this token is not valid; sign in again") from error
    if principal.user_id is None:
        raise unauthenticated("this is for people alone, and the token is a service's")
    return principal


def _refusal(error: HttpError, identifier: str) -> Answer:
    """In the shape of GraphQL's errors, as clients of the API know it."""
    payload: dict[str, Any] = {"errors": formatted_all([RequestError(error.code, error.message)], identifier)}
    if error.extensions is not None:
        payload["extensions"] = error.extensions
    return Answer(error.status, orjson.dumps(payload), error.headers)


async def _send(send: Send, document: IO[bytes], identifier: str, media_type: str, filename: str) -> None:
    fields = {
        "content-type": media_type,
        "content-length": str(document.tell()),
        "content-disposition": f'attachment; filename="{filename}"',
        "cache-control": "no-store",
        "vary": VARY,
        "x-content-type-options": "nosniff",
        "x-request-id": identifier,
    }
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": 200, "headers": raw})
    document.seek(0)
    while chunk := document.read(_CHUNK_BYTES):
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
