"""How a JWKS is fetched: from the configured address and no other, with bounds on size and time, off the loop."""

import asyncio
import ssl
import time
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import urlsplit

from lms_graphql.identity.keys import KeysUnavailableError

_MOST_BYTES = 64 * 1024
_SECONDS = 3.0
_CHUNK = 8 * 1024
_OK = 200


async def fetch_jwks(uri: str) -> bytes:
    """The document at an http or https URI, at most 64 KiB within 3 s; KeysUnavailableError for anything else.

    Nothing is followed: an address that an answer names is not one that we were told to trust.
    """
    try:
        return await asyncio.wait_for(asyncio.to_thread(_fetch, uri), _SECONDS)
    except TimeoutError as error:
        raise KeysUnavailableError(f"no answer within {_SECONDS:.0f} s") from error
    except (OSError, HTTPException, ValueError) as error:
        raise KeysUnavailableError(f"can't be fetched: {type(error).__name__} {error}") from error


def _fetch(uri: str) -> bytes:
    ends = time.monotonic() + _SECONDS
    parts = urlsplit(uri)
    host = parts.hostname or ""
    connection = (
        HTTPConnection(host, parts.port, timeout=_SECONDS)
        if parts.scheme == "http"
        else HTTPSConnection(host, parts.port, timeout=_SECONDS, context=ssl.create_default_context())
    )
    try:
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        connection.request("GET", target, headers={"Accept": "application/json", "User-Agent": "lms-graphql"})
        with connection.getresponse() as response:
            if response.status != _OK:
                raise KeysUnavailableError(f"answered with status {response.status}")
            return _body(response, ends)
    finally:
        connection.close()


def _body(response: HTTPResponse, ends: float) -> bytes:
    """The body in pieces: a timeout of the socket alone would begin anew with every byte."""
    document = b""
    while piece := response.read1(_CHUNK):
        document += piece
        if len(document) > _MOST_BYTES:
            raise KeysUnavailableError(f"more than {_MOST_BYTES} bytes")
        if time.monotonic() > ends:
            raise KeysUnavailableError("too slow")
    return document
