"""From the bytes of an HTTP request to a GraphQL request, or to the error that says what is wrong with it."""

import re
import uuid
from typing import Any
from urllib.parse import parse_qs

import msgspec
from starlette.datastructures import Headers
from starlette.types import Receive, Scope

from lms_graphql.engine.errors import Code

_MOST_BODY_BYTES = 256 * 1024
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_IDEMPOTENCY_KEY = re.compile(r"[!-~]{8,255}")
_SHORT_CODE = re.compile(r"[A-Z0-9]{2,24}")


class GraphQLRequest(msgspec.Struct):
    """The body of a request, as GraphQL over HTTP defines it: with the text of its document, or with an id of it."""

    query: str | None = None
    documentId: str | None = None  # noqa: N815 - the protocol's name
    variables: dict[str, Any] | None = None
    operationName: str | None = None  # noqa: N815 - the protocol's name
    extensions: dict[str, Any] | None = None


class PersistedQuery(msgspec.Struct):
    """`extensions.persistedQuery`, as Apollo's and urql's clients send it: the id of the document, or its hash."""

    version: int
    sha256Hash: str  # noqa: N815 - the protocol's name


class HttpError(Exception):
    """A request that gets no execution: its status, its code, what to say, and headers that belong to it."""

    def __init__(
        self, status: int, code: Code, message: str, extensions: dict[str, Any] | None = None, **headers: str
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.extensions = status, code, message, extensions
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class ClientGoneError(Exception):
    """The client went away; nobody is there to be answered."""


_decode = msgspec.json.Decoder(GraphQLRequest).decode
_decode_object = msgspec.json.Decoder(dict[str, Any] | None).decode


async def read_request(scope: Scope, receive: Receive, headers: Headers) -> GraphQLRequest:
    """The GraphQL request; HttpError with 400, 405, 413 or 415 for what is none."""
    request = await _read(scope, receive, headers)
    if request.query is not None and request.documentId is not None:
        raise HttpError(400, Code.BAD_REQUEST, "give the document as query or by its documentId, not both")
    if request.query is None and request.documentId is None and persisted_query(request) is None:
        raise HttpError(400, Code.BAD_REQUEST, "give the document as query, or by its documentId")
    return request


def persisted_query(request: GraphQLRequest) -> PersistedQuery | None:
    """What a request says in `extensions.persistedQuery`; HttpError with 400 for what can't be meant."""
    given = (request.extensions or {}).get("persistedQuery")
    try:
        return None if given is None else msgspec.convert(given, PersistedQuery)
    except msgspec.ValidationError as error:
        raise HttpError(400, Code.BAD_REQUEST, f"extensions.persistedQuery: {error}") from error


async def _read(scope: Scope, receive: Receive, headers: Headers) -> GraphQLRequest:
    if scope["method"] == "GET":
        return _from_query_string(scope["query_string"])
    if scope["method"] != "POST":
        raise HttpError(405, Code.BAD_REQUEST, "send GraphQL by POST or GET", allow="GET, POST")
    # Only what a browser's form can't send: that is what keeps another site from posting in the user's name.
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise HttpError(415, Code.BAD_REQUEST, "send the request as application/json")
    if "content-encoding" in headers:
        raise HttpError(415, Code.BAD_REQUEST, "send the request uncompressed")
    body = await _body(receive)
    try:
        return _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise HttpError(400, Code.BAD_REQUEST, f"the body is not a GraphQL request: {error}") from error


def _from_query_string(query_string: bytes) -> GraphQLRequest:
    try:
        # Strict, or a wrong byte would become another document than the one that was sent.
        parsed = parse_qs(query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError as error:
        raise HttpError(400, Code.BAD_REQUEST, "the query string can't be read") from error
    parameters = {name: values[-1] for name, values in parsed.items()}
    return GraphQLRequest(
        parameters.get("query"),
        parameters.get("documentId"),
        _object(parameters, "variables"),
        parameters.get("operationName") or None,
        _object(parameters, "extensions"),
    )


def _object(parameters: dict[str, str], name: str) -> dict[str, Any] | None:
    try:
        return _decode_object(parameters.get(name) or "null")  # type: ignore[no-any-return]  # msgspec loses the type
    except (msgspec.DecodeError, RecursionError) as error:
        raise HttpError(400, Code.BAD_REQUEST, f"{name} is not a JSON object: {error}") from error


async def _body(receive: Receive) -> bytes:
    chunks, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > _MOST_BODY_BYTES:
            raise HttpError(413, Code.BAD_REQUEST, f"a request may have at most {_MOST_BODY_BYTES} bytes")
        more = message.get("more_body", False)
    return b"".join(chunks)


def request_id(headers: Headers) -> str:
    """The request's own id, if it brings one that is fit to be logged and sent back, else a new one."""
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def idempotency_key(headers: Headers) -> str | None:
    """The client's name for what shall be done once; HttpError with 400 for one that can't be kept."""
    key: str | None = headers.get("idempotency-key")
    if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
        raise HttpError(400, Code.BAD_REQUEST, "an Idempotency-Key has 8 to 255 visible ASCII characters")
    return key


def short_code(scope: Scope, headers: Headers) -> str | None:
    """The university that the path or the header names; HttpError with 404 for what can't be one."""
    code: str | None = scope.get("path_params", {}).get("short_code") or headers.get("x-university")
    if code is not None and not _SHORT_CODE.fullmatch(code):
        raise HttpError(404, Code.UNIVERSITY_UNKNOWN, "there is no such university")
    return code
