"""What stops a whole request, as the HttpError that says so; and whom and where it is from."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import Scope

from lms_graphql.engine.context import Principal
from lms_graphql.engine.errors import Code, RequestError
from lms_graphql.server.requests import HttpError
from lms_graphql.storage.errors import DatabaseUnreachableError

logger = logging.getLogger(__name__)

_STATUS_OF = {Code.FORBIDDEN: 403, Code.UNIVERSITY_UNKNOWN: 404, Code.UNAVAILABLE: 503}
_CHALLENGE = 'Bearer error="invalid_token"'


@contextmanager
def told_over_http(identifier: str) -> Iterator[None]:
    """Turn what stops a whole request into the HttpError that says so."""
    try:
        yield
    except RequestError as error:
        if error.code is Code.UNAUTHENTICATED:
            raise unauthenticated(error.message) from error
        raise HttpError(_STATUS_OF.get(error.code, 400), error.code, error.message) from error
    except DatabaseUnreachableError as error:
        logger.error("request %s: %s", identifier, error)  # noqa: TRY400 - one line says it, and each request would
        message = "the database can't be reached at the moment; try again"
        raise HttpError(503, Code.UNAVAILABLE, message, retry_after="1") from error


def unauthenticated(message: str) -> HttpError:
    """For a token that is not good."""
    return HttpError(401, Code.UNAUTHENTICATED, message, www_authenticate=_CHALLENGE)


def university_of(principal: Principal, named: str | None) -> str | None:
    """The university of a request; HttpError with 401 if its token is good in another only."""
    if principal.university is not None and named not in {None, principal.university}:
        raise unauthenticated("this token is not for this university")
    return named or principal.university


def address_of(scope: Scope) -> str:
    """The network address that a request came from, empty if nobody knows."""
    client = scope.get("client")
    return client[0] if client else ""
