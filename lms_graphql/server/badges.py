"""What those need who verify certificates on their own: public JSON, for anybody, that may be kept for a while."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Protocol

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lms_graphql.engine.context import Viewer
from lms_graphql.engine.errors import Code, RequestError
from lms_graphql.engine.execution import formatted_all
from lms_graphql.server.points import Points, network
from lms_graphql.server.refusals import address_of, told_over_http
from lms_graphql.server.requests import HttpError, request_id

_POINTS = 50
_TOO_MANY = 429
_KEYS_SECONDS, _PROFILE_SECONDS, _STATUS_SECONDS = 3600, 3600, 60
_JSON, _LD_JSON = "application/json", "application/ld+json"

Document = dict[str, Any] | None


class Publications(Protocol):
    """The documents; None for what is not there."""

    def keys(self) -> dict[str, Any]:
        """The public keys."""

    def key(self, key_id: str) -> Document:
        """One of them."""

    async def issuer(self, short_code: str) -> Document:
        """The profile of a university."""

    async def achievement(self, short_code: str, offering: str) -> Document:
        """What was achieved."""

    async def revocations(self, short_code: str) -> Document:
        """What was withdrawn."""

    async def status(self, code: str, network: str) -> Document:
        """How a certificate stands."""


class Service(Protocol):
    """What the routes need of the application."""

    points: Points

    @property
    def publications(self) -> Publications:
        """The documents."""


def badge_routes(service: Callable[[Request], Service]) -> list[Route]:
    """The routes; what reads the database costs points, as everything does for who is not signed in."""

    async def keys(request: Request) -> Response:
        return _answer(service(request).publications.keys(), "application/jwk-set+json", _KEYS_SECONDS)

    async def key(request: Request) -> Response:
        found = service(request).publications.key(request.path_params["key_id"])
        return _answer(found, "application/jwk+json", _KEYS_SECONDS)

    async def issuer(request: Request) -> Response:
        found = partial(service(request).publications.issuer, request.path_params["short_code"])
        return await _paid(service(request), request, found, _LD_JSON, _PROFILE_SECONDS)

    async def achievement(request: Request) -> Response:
        given = request.path_params
        found = partial(service(request).publications.achievement, given["short_code"], given["offering"])
        return await _paid(service(request), request, found, _LD_JSON, _PROFILE_SECONDS)

    async def revocations(request: Request) -> Response:
        found = partial(service(request).publications.revocations, request.path_params["short_code"])
        return await _paid(service(request), request, found, _JSON, _STATUS_SECONDS)

    async def status(request: Request) -> Response:
        sender = network(address_of(request.scope))
        found = partial(service(request).publications.status, request.path_params["code"], sender)
        return await _paid(service(request), request, found, _JSON, 0)

    return [
        Route("/.well-known/jwks.json", keys),
        Route("/badges/keys/{key_id}", key),
        Route("/badges/verify/{code}", status),
        Route("/u/{short_code}/badges/issuer", issuer),
        Route("/u/{short_code}/badges/achievements/{offering}", achievement),
        Route("/u/{short_code}/badges/revocations", revocations),
    ]


async def _paid(
    service: Service, request: Request, find: Callable[[], Awaitable[Document]], content_type: str, seconds: int
) -> Response:
    """The answer with a document, once it is paid for."""
    identifier = request_id(request.headers)
    try:
        with told_over_http(identifier), await service.points.charge(Viewer(), address_of(request.scope), _POINTS):
            return _answer(await find(), content_type, seconds)
    except HttpError as error:
        body = {"errors": formatted_all([RequestError(error.code, error.message)], identifier)}
        status = _TOO_MANY if error.code is Code.RATE_LIMITED else error.status
        return Response(orjson.dumps(body), status, error.headers, _JSON)


def _answer(document: Document, content_type: str, seconds: int) -> Response:
    """For any page of any site to read; not to be kept where it tells of a person."""
    if document is None:
        return Response(b'{"errors":[{"message":"there is no such thing"}]}', 404, media_type=_JSON)
    kept = f"public, max-age={seconds}" if seconds else "no-store"
    headers = {"Cache-Control": kept, "Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff"}
    return Response(orjson.dumps(document), 200, headers, content_type)
