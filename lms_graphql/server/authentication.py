"""Who sends a request. For now: development tokens, signed with our own secret, never accepted in production."""

import time
from typing import NamedTuple

import jwt

_ALGORITHM = "HS256"
_AUDIENCE = "lms-graphql-development"
_DAY_SECONDS = 24 * 60 * 60
_MOST_VERIFIED = 10_000


class InvalidTokenError(Exception):
    """The Authorization header holds no token of ours."""


class _Verified(NamedTuple):
    person: int
    expires: float


class Authenticator:
    """Tells the person of a request by its Authorization header."""

    def __init__(self, secret: bytes, *, development: bool) -> None:
        self._secret = secret
        self._development = development
        self._verified: dict[str, _Verified] = {}
        """Tokens that were good and are still: to verify one costs a tenth of a syllabus (measured)."""

    def issue(self, user_id: int, *, seconds: int = 30 * _DAY_SECONDS, step: int = 1) -> str:
        """A development token for a person, good for `seconds`; within `step` seconds it is the same token again."""
        now = int(time.time()) // step * step
        claims = {"sub": str(user_id), "aud": _AUDIENCE, "iat": now, "exp": now + seconds}
        return jwt.encode(claims, self._secret, algorithm=_ALGORITHM)

    def person(self, authorization: str | None) -> int | None:
        """The id of the person, None without a header; InvalidTokenError for a token that is not good."""
        if authorization is None:
            return None
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not self._development:
            raise InvalidTokenError
        known = self._verified.get(token)
        if known is not None and time.time() < known.expires:
            return known.person
        verified = self._verify(token)
        if len(self._verified) >= _MOST_VERIFIED:
            self._verified.clear()
        self._verified[token] = verified
        return verified.person

    def _verify(self, token: str) -> "_Verified":
        try:
            claims = jwt.decode(
                token.strip(),
                self._secret,
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                options={"require": ["sub", "aud", "iat", "exp"]},
            )
            subject = claims["sub"]
            if not subject.isascii() or not subject.isdecimal() or not 0 < int(subject[:20]) < 2**63:
                raise InvalidTokenError
            return _Verified(int(subject), claims["exp"])
        except (jwt.InvalidTokenError, ValueError) as error:
            raise InvalidTokenError from error
