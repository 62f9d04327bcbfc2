"""An issuer's public keys: what may stand in its JWKS, and the copy of it that is kept.

A copy is good for 10 minutes. While the issuer is down, the last one is for a day. Whoever needs keys waits for a fetch
that is under way instead of beginning another, and there is none within 30 s of the last: an unknown key id is not a
way to make us knock at somebody's door.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from lms_graphql.identity.issuers import Issuer

logger = logging.getLogger(__name__)

FRESH_SECONDS = 600.0
STALE_SECONDS = 24 * 3600.0
PAUSE_SECONDS = 30.0
_RSA_BITS = range(2048, 8193)
_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}

PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey
Fetch = Callable[[str], Awaitable[bytes]]


class KeysUnavailableError(Exception):
    """An issuer's keys could not be had; the message says why, for the log."""


class Key(msgspec.Struct, frozen=True):
    """A public key, and the one algorithm that it verifies."""

    public: PublicKey
    algorithm: str


def parse_keys(document: bytes, issuer: Issuer) -> dict[str | None, Key]:
    """The keys of a JWKS by their ids: those that are meant and fit for our signatures.

    What stands beside them, for encryption, of another kind or too weak, is left out: issuers do have such keys.
    KeysUnavailableError for what is no JWKS.
    """
    try:
        found = msgspec.json.decode(document, type=dict[str, Any]).get("keys")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise KeysUnavailableError(f"no JWKS: {error}") from error
    if not isinstance(found, list):
        raise KeysUnavailableError("no JWKS: it has no list of keys")
    keys: dict[str | None, Key] = {}
    for jwk in found:
        key = _parse(jwk, issuer) if isinstance(jwk, dict) else None
        identifier = jwk.get("kid") if key is not None else None
        if key is not None and isinstance(identifier, str | None):
            keys.setdefault(identifier, key)
    return keys


def _parse(jwk: dict[str, Any], issuer: Issuer) -> Key | None:
    operations = jwk.get("key_ops", ["verify"])
    if jwk.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations or "d" in jwk:
        return None
    algorithm = _algorithm(jwk, issuer)
    try:
        public: Any = None if algorithm is None else _public(jwk, algorithm)
    except (jwt.InvalidKeyError, ValueError, TypeError, AttributeError):
        return None
    if public is None or algorithm is None or (isinstance(public, RSAPublicKey) and public.key_size not in _RSA_BITS):
        return None
    return Key(public, algorithm)


def _public(jwk: dict[str, Any], algorithm: str) -> Any:
    if algorithm == "EdDSA":
        return OKPAlgorithm.from_jwk(jwk)
    return ECAlgorithm.from_jwk(jwk) if algorithm in _CURVES else RSAAlgorithm.from_jwk(jwk)


def _algorithm(jwk: dict[str, Any], issuer: Issuer) -> str | None:
    """The first of our algorithms that the key is of the kind for, or the one that it names, if that is ours."""
    named = jwk.get("alg")
    for algorithm in issuer.algorithms:
        if algorithm == "EdDSA":
            fits = (jwk.get("kty"), jwk.get("crv")) == ("OKP", "Ed25519")
        elif algorithm in _CURVES:
            fits = (jwk.get("kty"), jwk.get("crv")) == ("EC", _CURVES[algorithm])
        else:
            fits = jwk.get("kty") == "RSA"
        if fits and named in {None, algorithm}:
            return algorithm
    return None


class IssuerKeys:
    """The keys of one issuer, kept. `clock` gives seconds that never go back."""

    def __init__(self, issuer: Issuer, fetch: Fetch, clock: Callable[[], float] = time.monotonic) -> None:
        self._issuer, self._fetch, self._clock = issuer, fetch, clock
        self._keys: Mapping[str | None, Key] = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._is_down = False
        """Whether the last fetch failed."""
        self._fetching: asyncio.Task[None] | None = None

    async def find(self, identifier: str | None) -> Key | None:
        """The key with this id (None: the only one that there is); None if the issuer has none such."""
        age = self._age()
        key = self._get(identifier) if age <= STALE_SECONDS else None
        if key is not None and age <= FRESH_SECONDS:
            return key
        if key is not None and self._is_down:
            self._begin()  # nobody waits for an issuer that did not answer the last time
            return key
        self._begin()
        if self._fetching is not None:
            await asyncio.shield(self._fetching)  # others wait for it, too
        return self._get(identifier) if self._age() <= STALE_SECONDS else None

    def _age(self) -> float:
        return float("inf") if self._fetched_at is None else self._clock() - self._fetched_at

    def close(self) -> None:
        """Give up a fetch that is under way."""
        if self._fetching is not None:
            self._fetching.cancel()

    def _get(self, identifier: str | None) -> Key | None:
        if identifier is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(identifier)

    def _begin(self) -> None:
        """Begin a fetch, unless one is under way or was not long ago."""
        now = self._clock()
        if self._fetching is None and (self._tried_at is None or now - self._tried_at >= PAUSE_SECONDS):
            self._tried_at = now
            self._fetching = asyncio.get_running_loop().create_task(self._renew(now))

    async def _renew(self, now: float) -> None:
        try:
            self._keys = parse_keys(await self._fetch(self._issuer.jwks_uri), self._issuer)
            self._fetched_at, self._is_down = now, False
        except KeysUnavailableError as error:
            self._is_down = True
            logger.warning("issuer %s: %s", self._issuer.issuer, error)
        finally:
            self._fetching = None
