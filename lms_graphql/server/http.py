"""GraphQL over HTTP: one endpoint for all addresses, as a bare ASGI application.

A request finds a place, is read, its document is looked up, its sender recognised; then it runs in one snapshot,
attended until its end. Whatever happens, the answer is JSON, and nothing of the inside is in it.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import closing
from typing import Any, Protocol

import msgspec
import orjson
from graphql import GraphQLError, GraphQLSchema, OperationType, get_operation_ast
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from lms_graphql.engine.context import NOBODY, Context, Principal, Viewer
from lms_graphql.engine.documents import Document
from lms_graphql.engine.errors import Code, RequestError
from lms_graphql.engine.execution import formatted_all, run
from lms_graphql.engine.validators import NotModifiedError, Validator
from lms_graphql.server.authentication import Authenticator, InvalidTokenError
from lms_graphql.server.guard import Attended, require_deliberate
from lms_graphql.server.lookup import NOT_TRUSTED, Lookup
from lms_graphql.server.observing import Observation, Observer
from lms_graphql.server.places import Places
from lms_graphql.server.points import Charge, Cost, Points, network
from lms_graphql.server.refusals import address_of, told_over_http, unauthenticated, university_of
from lms_graphql.server.requests import (
    ClientGoneError,
    GraphQLRequest,
    HttpError,
    idempotency_key,
    read_request,
    request_id,
    short_code,
)
from lms_graphql.server.responses import GRAPHQL_JSON, JSON, Answer, encoding, media_type, send_answer
from lms_graphql.storage.snapshot import Snapshot

logger = logging.getLogger(__name__)


class Service(Protocol):
    """What the endpoint needs of the application."""

    lookup: Lookup
    authenticator: Authenticator
    graphql: GraphQLSchema

    def snapshot(self) -> Snapshot:
        """A snapshot that has not begun."""

    def context(
        self,
        viewer: Viewer,
        snapshot: Snapshot,
        document: Document,
        validator: Validator | None,
        *,
        request_id: str,
        idempotency_key: str | None,
        network: str,
    ) -> Context:
        """The context of an operation."""

    async def disclose(self, viewer: Viewer, disclosed: Collection[tuple[str, int]], request_id: str) -> None:
        """Write down what was read of whose record; DatabaseUnreachableError when that can't be."""

    points: Points
    in_production: bool
    deployment: bytes
    """Another for every version of the code."""

    async def identify(self, snapshot: Snapshot, principal: Principal, short_code: str | None) -> Viewer:
        """Who a request acts for, in which university; the snapshot is set to act for them."""

    async def look_as(self, snapshot: Snapshot, viewer: Viewer, person: str, request_id: str) -> Viewer:
        """The viewer that a person of theirs is, for staff; RequestError with FORBIDDEN for others."""


class GraphQLEndpoint:
    """The endpoint at `/graphql` and `/u/<short code>/graphql`.

    Each request may take `deadline_seconds` to arrive and as long again to run. With `guard_get` a GET must be meant.
    The observer is told of every request, once.
    """

    def __init__(
        self,
        service: Callable[[Scope], Service],
        *,
        places: Places,
        observer: Observer,
        deadline_seconds: float,
        guard_get: bool = False,
    ) -> None:
        self._service = service
        self._observer = observer
        self._guard_get = guard_get
        self._places = places
        self._deadline_seconds = deadline_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = Headers(scope=scope)
        observation = self._observer.observe(request_id(headers), headers)
        try:
            await self._respond(scope, receive, send, headers, observation)
        finally:
            observation.end()

    async def _respond(
        self, scope: Scope, receive: Receive, send: Send, headers: Headers, observation: Observation
    ) -> None:
        identifier = observation.identifier
        content_type = media_type(headers.get("accept", ""))
        try:
            answer = await self._answer(scope, receive, headers, content_type, observation)
        except ClientGoneError:
            observation.outcome = "disconnected"
            logger.info("request %s: the client went away", identifier)
            return
        except HttpError as error:
            refusal = _refusal([RequestError(error.code, error.message)], observation, error.extensions)
            answer = Answer(error.status, refusal, error.headers)
        except Exception:
            logger.exception("request %s failed", identifier)
            masked = RequestError(Code.INTERNAL_ERROR, "something went wrong on our side")
            answer = Answer(500, _refusal([masked], observation))
        if await send_answer(send, answer, headers, content_type or JSON, identifier) == _NOT_MODIFIED:
            observation.outcome = "not_modified"

    async def _answer(
        self, scope: Scope, receive: Receive, headers: Headers, content_type: str | None, observation: Observation
    ) -> Answer:
        self._places.require()
        if content_type is None:
            raise HttpError(406, Code.BAD_REQUEST, f"accept {GRAPHQL_JSON} or {JSON}")
        if self._guard_get and scope["method"] == "GET":
            require_deliberate(headers)
        request = await self._read(scope, receive, headers)
        async with self._places:  # only now: a body that trickles in must not keep a place from others
            return await self._run(request, scope, receive, headers, content_type, observation)

    async def _read(self, scope: Scope, receive: Receive, headers: Headers) -> GraphQLRequest:
        try:
            async with asyncio.timeout(self._deadline_seconds):
                return await read_request(scope, receive, headers)
        except TimeoutError as error:
            raise HttpError(408, Code.BAD_REQUEST, "the request did not arrive in time", connection="close") from error

    async def _run(
        self,
        request: GraphQLRequest,
        scope: Scope,
        receive: Receive,
        headers: Headers,
        content_type: str,
        observation: Observation,
    ) -> Answer:
        service = self._service(scope)
        principal = await self._principal(service.authenticator, receive, headers, observation)
        sender = Sender(
            principal,
            university_of(principal, short_code(scope, headers)),
            address_of(scope),
            headers.get("x-view-as"),
            idempotency_key(headers),
        )
        document = service.lookup.find(request)
        if document is None:
            async with Attended(receive, self._deadline_seconds):
                document = await _explored(service, request, sender, observation)
        observation.found(document, request.operationName)
        if document.node is None:
            return Answer(_request_error_status(content_type), _refusal(document.errors, observation))
        if scope["method"] == "GET":
            _require_query(document, request.operationName)
        cacheable = scope["method"] == "GET"
        validator = _validator(service, headers) if cacheable else None
        async with Attended(receive, self._deadline_seconds):
            payload, executed = await _execute(service, document, request, sender, observation, validator)
        status = 200 if executed else _request_error_status(content_type)
        tag = validator.tag if validator is not None else None
        return Answer(status, payload, cacheable=executed and cacheable, tag=tag)

    async def _principal(
        self, authenticator: Authenticator, receive: Receive, headers: Headers, observation: Observation
    ) -> Principal:
        """Whom the request's token speaks of; HttpError with 401 if it is not good."""
        authorization = headers.get("authorization")
        try:
            principal = authenticator.at_once(authorization)
            if principal is None and authorization is not None:
                with told_over_http(observation.identifier):
                    async with Attended(receive, self._deadline_seconds):
                        principal = await authenticator.principal(authorization)
        except InvalidTokenError as error:
            raise unauthenticated("this token is not valid; sign in again") from error
        return principal or NOBODY


def _validator(service: Service, headers: Headers) -> Validator:
    """What makes the ETag of an answer that a client may keep."""
    representation = encoding(headers.get("accept-encoding", "")) or "identity"
    known = headers.get("if-none-match") or ""
    return Validator(service.deployment, representation, lambda tag: tag in known)


class Sender(msgspec.Struct):
    """Who sent a request: whom its token speaks of, the university's code, the network address, what else it says."""

    principal: Principal
    university: str | None
    address: str
    view_as: str | None
    idempotency_key: str | None


async def _explored(service: Service, request: GraphQLRequest, sender: Sender, observation: Observation) -> Document:
    """The document of a text that is not trusted, for who may explore; for others it is not even parsed."""
    viewer = Viewer()
    if sender.principal.user_id is not None:
        with told_over_http(observation.identifier):
            async with service.snapshot() as snapshot:
                observation.snapshots.append(snapshot)
                viewer = await service.identify(snapshot, sender.principal, sender.university)
    return service.lookup.explore(request) if viewer.may_explore else NOT_TRUSTED


async def _execute(
    service: Service,
    document: Document,
    request: GraphQLRequest,
    sender: Sender,
    observation: Observation,
    validator: Validator | None,
) -> tuple[bytes, bool]:
    """The answer's bytes, and whether anything was executed: a wrong variable, for one, lets nothing run.

    With a validator the answer may be kept, and does not tell what it cost, which would be of another request; if the
    client has it already, there are no bytes. What was read of other people's records is written down first; if that
    can't be, there is no answer.
    """
    with told_over_http(observation.identifier):
        async with service.snapshot() as snapshot:
            observation.snapshots.append(snapshot)
            viewer = await service.identify(snapshot, sender.principal, sender.university)
            if sender.view_as is not None:
                viewer = await service.look_as(snapshot, viewer, sender.view_as, observation.identifier)
            _require_leave(service, document, request, viewer)
            service.lookup.notice(document, viewer)
            price = document.price(request.operationName, request.variables)
            asked = service.context(
                viewer,
                snapshot,
                document,
                validator,
                request_id=observation.identifier,
                idempotency_key=sender.idempotency_key,
                network=network(sender.address),
            )
            if viewer.seen_by is not None:
                asked.disclose("view_as", (viewer.user_id,))
            with await service.points.charge(viewer, sender.address, price) as charge, closing(asked) as context:
                answered = await _run_operation(service, document, request, context, charge, price, observation)
        if asked.disclosed:  # only now: the snapshot has given its connection back
            await service.disclose(viewer, asked.disclosed, observation.identifier)
        return answered


async def _run_operation(
    service: Service,
    document: Document,
    request: GraphQLRequest,
    context: Context,
    charge: Charge,
    price: int,
    observation: Observation,
) -> tuple[bytes, bool]:
    """As `_execute`, in its context."""
    observation.ran = True
    try:
        result = await run(
            service.graphql,
            document.node,  # type: ignore[arg-type]  # the caller has looked
            context,
            variables=request.variables,
            operation_name=request.operationName,
            operations=document.operations,
            hide_suggestions=service.in_production,
        )
    except NotModifiedError:
        charge.used(context.objects)
        return b"", True
    executed = result.data is not None or any(error.path for error in result.errors or ())
    cost = charge.used(price if document.introspects else context.objects)
    extensions = {"cost": cost} if context.validator is None else None
    return _encode(result.data, result.errors, observation, extensions, executed=executed), executed


def _require_leave(service: Service, document: Document, request: GraphQLRequest, viewer: Viewer) -> None:
    hidden = service.in_production and not viewer.may_explore
    if hidden and document.reveals(service.graphql, request.variables):
        raise RequestError(Code.INTROSPECTION_DISABLED, "only staff may ask for the schema here")


_NOT_MODIFIED = 304


def _request_error_status(content_type: str) -> int:
    """For a well-formed request that gets no execution: 400, but 200 to clients that know plain JSON only."""
    return 400 if content_type == GRAPHQL_JSON else 200


def _require_query(document: Document, operation_name: str | None) -> None:
    operation = get_operation_ast(document.node, operation_name) if document.node is not None else None
    if operation is not None and operation.operation is not OperationType.QUERY:
        raise HttpError(405, Code.BAD_REQUEST, "only queries may be sent by GET", allow="POST")


def _encode(
    data: Any,
    errors: list[GraphQLError] | None,
    observation: Observation,
    extensions: dict[str, Cost] | None,
    *,
    executed: bool,
) -> bytes:
    payload: dict[str, Any] = {}
    formatted = formatted_all(errors, observation.identifier) if errors else []
    observation.answered(formatted, executed=executed)
    if formatted:
        payload["errors"] = formatted
    if executed:
        payload["data"] = data
    if extensions is not None:
        payload["extensions"] = extensions
    return orjson.dumps(payload)


def _refusal(
    errors: Iterable[GraphQLError], observation: Observation, extensions: Mapping[str, Cost] | None = None
) -> bytes:
    formatted = formatted_all(errors, observation.identifier)
    observation.answered(formatted, executed=False)
    payload: dict[str, Any] = {"errors": formatted}
    if extensions is not None:
        payload["extensions"] = extensions
    return orjson.dumps(payload)
