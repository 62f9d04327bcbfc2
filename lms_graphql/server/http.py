"""GraphQL over HTTP: from the bytes of a request to the bytes of an answer, as a bare ASGI application."""

import logging
import re
import uuid
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import parse_qs

import msgspec
import orjson
from graphql import GraphQLError
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from lms_graphql.engine.context import Context, Viewer
from lms_graphql.engine.documents import Document, Documents
from lms_graphql.engine.errors import Code, RequestError
from lms_graphql.engine.execution import formatted, run
from lms_graphql.server.authentication import Authenticator, InvalidTokenError
from lms_graphql.storage.errors import DatabaseUnreachableError
from lms_graphql.storage.snapshot import Snapshot

logger = logging.getLogger(__name__)

_MOST_BODY_BYTES = 256 * 1024
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_SHORT_CODE = re.compile(r"[A-Z0-9]{2,24}")


class GraphQLRequest(msgspec.Struct):
    """The body of a request, as GraphQL over HTTP defines it."""

    query: str
    variables: dict[str, Any] | None = None
    operationName: str | None = None  # noqa: N815 - the protocol's name
    extensions: dict[str, Any] | None = None


class HttpError(Exception):
    """A request that gets no execution: its status, its code and what to say."""

    def __init__(self, status: int, code: Code, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers or {}


class Service(Protocol):
    """What the endpoint needs of the application."""

    documents: Documents
    authenticator: Authenticator
    graphql: Any

    def snapshot(self) -> Snapshot:
        """A snapshot that has not begun."""

    def context(self, viewer: Viewer, snapshot: Snapshot, document: Document) -> Context:
        """The context of an operation."""

    async def identify(self, snapshot: Snapshot, user_id: int | None, short_code: str | None) -> Viewer:
        """Who a request acts for, in which university; the snapshot is set to act for them."""


_decode = msgspec.json.Decoder(GraphQLRequest).decode
_decode_variables = msgspec.json.Decoder(dict[str, Any] | None).decode


class GraphQLEndpoint:
    """The endpoint: `/graphql` and `/u/<short code>/graphql`."""

    def __init__(self, service: Callable[[Scope], Service]) -> None:
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever happens, with JSON."""
        headers = Headers(scope=scope)
        request_id = _request_id(headers)
        try:
            status, payload, extra = await self._answer(scope, receive, headers, request_id)
        except HttpError as error:
            status, extra = error.status, error.headers
            payload = _refusal([RequestError(error.code, error.message)], request_id)
        except Exception:
            logger.exception("request %s failed", request_id)
            status, extra = 500, {}
            payload = _refusal([RequestError(Code.INTERNAL_ERROR, "something went wrong on our side")], request_id)
        await _send(send, status, payload, {"x-request-id": request_id, **extra})

    async def _answer(
        self, scope: Scope, receive: Receive, headers: Headers, request_id: str
    ) -> tuple[int, bytes, dict[str, str]]:
        request = await _read(scope, receive, headers)
        service = self._service(scope)
        document = service.documents.get(request.query)
        if document.node is None:
            return 400, _refusal(document.errors, request_id), {}
        person = _person(service.authenticator, headers)
        try:
            async with service.snapshot() as snapshot:
                viewer = await service.identify(snapshot, person, _short_code(scope, headers))
                context = service.context(viewer, snapshot, document)
                result = await run(
                    service.graphql,
                    document.node,
                    context,
                    variables=request.variables,
                    operation_name=request.operationName,
                )
                return _status(result.data, result.errors), _encode(result.data, result.errors, request_id), {}
        except RequestError as error:
            raise HttpError(_STATUS_OF.get(error.code, 400), error.code, error.message) from error
        except DatabaseUnreachableError as error:
            logger.exception("request %s: no database", request_id)
            raise HttpError(
                503, Code.UNAVAILABLE, "the database can't be reached at the moment; try again", {"retry-after": "1"}
            ) from error


_STATUS_OF = {Code.UNIVERSITY_UNKNOWN: 404, Code.UNAUTHENTICATED: 401}


def _status(data: Any, errors: list[GraphQLError] | None) -> int:
    """200 for whatever was executed; 400 when nothing could be, for example for a wrong variable."""
    executed = data is not None or any(error.path for error in errors or ())
    return 200 if executed else 400


def _encode(data: Any, errors: list[GraphQLError] | None, request_id: str) -> bytes:
    payload: dict[str, Any] = {}
    if errors:
        payload["errors"] = [formatted(error, request_id) for error in errors]
    if data is not None or any(error.path for error in errors or ()):
        payload["data"] = data
    return orjson.dumps(payload)


def _refusal(errors: Any, request_id: str) -> bytes:
    return orjson.dumps({"errors": [formatted(error, request_id) for error in errors]})


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _person(authenticator: Authenticator, headers: Headers) -> int | None:
    try:
        return authenticator.person(headers.get("authorization"))
    except InvalidTokenError as error:
        raise HttpError(
            401, Code.UNAUTHENTICATED, "this token is not valid; sign in again", {"www-authenticate": "Bearer"}
        ) from error


def _short_code(scope: Scope, headers: Headers) -> str | None:
    code = scope.get("path_params", {}).get("short_code") or headers.get("x-university")
    if code is None:
        return None
    if not _SHORT_CODE.fullmatch(code):
        raise HttpError(404, Code.UNIVERSITY_UNKNOWN, "there is no such university")
    return str(code)


async def _read(scope: Scope, receive: Receive, headers: Headers) -> GraphQLRequest:
    if scope["method"] == "GET":
        return _from_query_string(scope)
    if scope["method"] != "POST":
        raise HttpError(405, Code.BAD_REQUEST, "send GraphQL by POST or GET", {"allow": "GET, POST"})
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise HttpError(415, Code.BAD_REQUEST, "send the request as application/json")
    try:
        return _decode(await _body(receive))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise HttpError(400, Code.BAD_REQUEST, f"the body is not a GraphQL request: {error}") from error


def _from_query_string(scope: Scope) -> GraphQLRequest:
    parameters = {name: values[-1] for name, values in parse_qs(scope["query_string"].decode("latin-1")).items()}
    if "query" not in parameters:
        raise HttpError(400, Code.BAD_REQUEST, "give the document in the parameter query, or send it by POST")
    try:
        variables = _decode_variables(parameters.get("variables", "null"))
    except (msgspec.DecodeError, RecursionError) as error:
        raise HttpError(400, Code.BAD_REQUEST, f"variables is not a JSON object: {error}") from error
    return GraphQLRequest(parameters["query"], variables, parameters.get("operationName"))


async def _body(receive: Receive) -> bytes:
    chunks, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise HttpError(400, Code.BAD_REQUEST, "the client went away")
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > _MOST_BODY_BYTES:
            raise HttpError(413, Code.BAD_REQUEST, f"a request may have at most {_MOST_BODY_BYTES} bytes")
        more = message.get("more_body", False)
    return b"".join(chunks)


async def _send(send: Send, status: int, payload: bytes, headers: dict[str, str]) -> None:
    fields = {"content-type": "application/json; charset=utf-8", "content-length": str(len(payload)), **headers}
    fields |= {"vary": "Authorization, X-University, Accept, Accept-Encoding", "cache-control": "no-store"}
    raw = [(name.encode(), value.encode("latin-1")) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": payload})
