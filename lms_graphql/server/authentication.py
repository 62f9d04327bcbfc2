"""Who sends a request: what kind of token its Authorization header holds, and whom that speaks of.

Development tokens are signed with our own secret and never accepted in production. All others are recognised by who
knows them; they are told apart by how they begin.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

import jwt

from lms_graphql.engine.context import NOBODY, Principal

_ALGORITHM = "HS256"
_AUDIENCE = "lms-graphql-development"
_DAY_SECONDS = 24 * 60 * 60
_MOST_VERIFIED = 10_000
_MOST_CHARACTERS = 16 * 1024

Recogniser = Callable[[str], Awaitable[Principal | None]]
"""Whom a token speaks of; None if it is not good. It may raise RequestError to say more."""


class InvalidTokenError(Exception):
    """The Authorization header holds no token of ours."""


class _Verified(NamedTuple):
    principal: Principal
    expires: float


class Authenticator:
    """Tells whom a request's Authorization header speaks of.

    `recognisers` are asked by how a token begins, the first that fits; an empty beginning fits all.
    """

    def __init__(
        self, secret: bytes, *, development: bool, recognisers: Mapping[str, Recogniser] | None = None
    ) -> None:
        self._secret = secret
        self._development = development
        self._recognisers = recognisers or {}
        self._verified: dict[str, _Verified] = {}
        """Tokens that were good and are still: to verify one costs a tenth of a syllabus (measured)."""

    def issue(self, user_id: int, *, seconds: int = 30 * _DAY_SECONDS, step: int = 1) -> str:
        """A development token for a person, good for `seconds`; within `step` seconds it is the same token again."""
        now = int(time.time()) // step * step
        claims = {"sub": str(user_id), "aud": _AUDIENCE, "iat": now, "exp": now + seconds}
        return jwt.encode(claims, self._secret, algorithm=_ALGORITHM)

    def at_once(self, authorization: str | None) -> Principal | None:
        """Whom the header speaks of, if that is known without asking anybody; else None, and `principal` finds out.

        InvalidTokenError for a header that can't hold a token.
        """
        if authorization is None:
            return NOBODY
        token = _token(authorization)
        if not self._development:
            return None
        known = self._verified.get(token)
        if known is not None and time.time() < known.expires:
            return known.principal
        verified = self._verify(token)
        if verified is None:
            return None
        if len(self._verified) >= _MOST_VERIFIED:
            self._verified.clear()
        self._verified[token] = verified
        return verified.principal

    async def principal(self, authorization: str) -> Principal:
        """Whom a token speaks of that is no development token; InvalidTokenError if it is not good."""
        token = _token(authorization)
        recogniser = next((ask for start, ask in self._recognisers.items() if token.startswith(start)), None)
        principal = None if recogniser is None else await recogniser(token)
        if principal is None:
            raise InvalidTokenError
        return principal

    def _verify(self, token: str) -> _Verified | None:
        """What a development token says, None for whatever is none."""
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                options={"require": ["sub", "aud", "iat", "exp"]},
            )
        except (jwt.InvalidTokenError, ValueError):
            return None
        subject = claims["sub"]
        if not subject.isascii() or not subject.isdecimal() or not 0 < int(subject[:20]) < 2**63:
            return None
        return _Verified(Principal(int(subject)), claims["exp"])


def _token(authorization: str) -> str:
    """The token of a Bearer header, of at most 16 KiB."""
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > _MOST_CHARACTERS:
        raise InvalidTokenError
    return token
