"""Tokens of other issuers: what a JWT must look like, and say, before anybody believes it.

PyJWT checks the signature. Everything else is ours, since a library must take what some token somewhere needs: the
algorithm is our configuration's and the key's, never the token's; a header that brings keys or asks for extensions is
refused; no name may stand twice; times are whole numbers.
"""

import json
import re
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import jwt

from lms_graphql.identity.issuers import Issuer
from lms_graphql.identity.keys import Fetch, IssuerKeys, Key

_MOST_CHARACTERS = 16 * 1024
_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_DANGEROUS_HEADERS = frozenset({"jku", "jwk", "x5u", "x5c", "crit", "b64", "zip"})
_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
_LONGEST_KEY_ID = 256
_LONGEST_SUBJECT = 255
_MOST_AUDIENCES = 32
_LEEWAY_SECONDS = 30
_LONGEST_LIFE_SECONDS = 24 * 3600
_LATEST_TIME = 2**40

_jws = jwt.PyJWS(options={"verify_signature": True, "enforce_minimum_key_length": True})


class ClaimsError(Exception):
    """A token is not good. The message is for tests and logs; it holds nothing of the token."""


class Verified(NamedTuple):
    """Whom a good token speaks of, to its issuer, and until when (seconds since 1970)."""

    issuer: Issuer
    subject: str
    expires: float


class Verifier:
    """Verifies tokens of the configured issuers. `now` gives seconds since 1970, `clock` seconds that never go back."""

    def __init__(
        self,
        issuers: Iterable[Issuer],
        fetch: Fetch,
        *,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuers = {issuer.issuer: (issuer, IssuerKeys(issuer, fetch, clock)) for issuer in issuers}
        self._now = now

    async def verify(self, token: str) -> Verified:
        """What a token says; ClaimsError if it is not good, or its issuer's keys can't be had."""
        header, claims = _opened(token)
        name = claims.get("iss")
        if not isinstance(name, str) or name not in self._issuers:
            raise ClaimsError("iss is no issuer of ours")
        issuer, keys = self._issuers[name]
        key = await keys.find(_key_id(header))
        if key is None:
            raise ClaimsError("kid is no key of the issuer's")
        if header.get("alg") != key.algorithm:
            raise ClaimsError("alg is not the key's")
        _check_signature(token, key)
        expires = _check_times(claims, self._now())
        _check_audience(claims, issuer)
        _text(claims, "sub")
        return Verified(issuer, _text(claims, issuer.subject_claim), expires)

    def close(self) -> None:
        """Give up whatever is being fetched."""
        for _, keys in self._issuers.values():
            keys.close()


def _opened(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The header and the claims, read strictly and not to be believed yet."""
    if len(token) > _MOST_CHARACTERS:
        raise ClaimsError("too long")
    parts = _COMPACT.fullmatch(token)
    if parts is None:
        raise ClaimsError("not a signed JWT")
    header, claims = _object(parts[1]), _object(parts[2])
    if not _DANGEROUS_HEADERS.isdisjoint(header):
        raise ClaimsError("the header brings keys or asks for extensions")
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise ClaimsError("typ is not that of an access token")
    return header, claims


def _object(part: str) -> Mapping[str, Any]:
    try:
        found = json.loads(
            urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode(),
            object_pairs_hook=_unambiguous,
            parse_constant=_refuse,
        )
    except (ValueError, RecursionError) as error:
        raise ClaimsError("a part is no JSON") from error
    if not isinstance(found, dict):
        raise ClaimsError("a part is no JSON object")
    return found


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two of one name would be one thing to us and another to whoever looked at the token before."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ClaimsError("a name stands twice")
    return found


def _refuse(constant: str) -> Any:
    raise ClaimsError(f"{constant} is no JSON")


def _key_id(header: Mapping[str, Any]) -> str | None:
    """The id of the key: an opaque text, compared with those of the issuer's keys and used for nothing else."""
    identifier = header.get("kid")
    if identifier is not None and (not isinstance(identifier, str) or len(identifier) > _LONGEST_KEY_ID):
        raise ClaimsError("kid is no id")
    return identifier


def _check_signature(token: str, key: Key) -> None:
    try:
        _jws.decode_complete(token, key.public, algorithms=[key.algorithm])
    except (jwt.PyJWTError, ValueError) as error:
        raise ClaimsError("the signature is not good") from error


def _check_times(claims: Mapping[str, Any], now: float) -> float:
    """When the token expires; with 30 s for clocks that differ."""
    issued, expires = _time(claims, "iat"), _time(claims, "exp")
    begins = _time(claims, "nbf") if "nbf" in claims else issued
    if expires > issued + _LONGEST_LIFE_SECONDS:
        raise ClaimsError("exp is more than a day after iat")
    if now >= expires + _LEEWAY_SECONDS:
        raise ClaimsError("expired")
    if max(issued, begins) > now + _LEEWAY_SECONDS:
        raise ClaimsError("not valid yet")
    return float(expires)


def _time(claims: Mapping[str, Any], name: str) -> int:
    found = claims.get(name)
    if type(found) is not int or not 0 < found < _LATEST_TIME:  # a bool is an int, to isinstance
        raise ClaimsError(f"{name} is no time")
    return found


def _check_audience(claims: Mapping[str, Any], issuer: Issuer) -> None:
    found = claims.get("aud")
    audiences = [found] if isinstance(found, str) else found
    if not isinstance(audiences, list) or len(audiences) > _MOST_AUDIENCES or issuer.audience not in audiences:
        raise ClaimsError("aud is not us")


def _text(claims: Mapping[str, Any], name: str) -> str:
    found = claims.get(name)
    if not isinstance(found, str) or not 0 < len(found) <= _LONGEST_SUBJECT or not found.isprintable():
        raise ClaimsError(f"{name} is no name")
    return found
