"""The issuers of tokens that are trusted here, as LMS_OIDC_ISSUERS names them, and what is wrong with a setting."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures by a key that only the issuer has. A shared secret would let whoever verifies also issue."""

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_SHORT_CODE = re.compile(r"[A-Z0-9]{2,24}")
_MOST_ISSUERS = 100
_LONGEST_ISSUER = 255


class IssuersError(Exception):
    """The list of issuers is not good; the message says in one line what is wrong."""


class Issuer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An issuer: its exact name, whom its tokens must be meant for, how it signs, and where its keys are.

    With a `university` (its short code) its tokens are good there only. `subject_claim` tells the person, if `sub`
    does not stay the same for one.
    """

    issuer: str
    audience: str
    jwks_uri: str
    algorithms: tuple[str, ...] = ("RS256",)
    university: str | None = None
    subject_claim: str = "sub"


def read_issuers(text: str, *, development: bool) -> tuple[Issuer, ...]:
    """The issuers of a JSON list, or of the file at this path; IssuersError for the first thing that is wrong."""
    if not text.lstrip().startswith("["):
        try:
            text = Path(text).expanduser().read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise IssuersError(f"can't be read: {error}") from error
    try:
        issuers = msgspec.json.decode(text, type=tuple[Issuer, ...])
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise IssuersError(f"not a list of issuers: {error}") from error
    if len(issuers) > _MOST_ISSUERS:
        raise IssuersError(f"more than {_MOST_ISSUERS} issuers")
    for issuer in issuers:
        _check(issuer, development=development)
    names = [issuer.issuer for issuer in issuers]
    for name in names:
        if names.count(name) > 1:
            raise IssuersError(f"{name} stands there twice")
    return issuers


def _check(issuer: Issuer, *, development: bool) -> None:
    name = issuer.issuer
    if not 0 < len(name) <= _LONGEST_ISSUER or not name.isprintable():
        raise IssuersError(f"an issuer has a name of 1 to {_LONGEST_ISSUER} visible characters")
    if not issuer.audience or not issuer.subject_claim:
        raise IssuersError(f"{name}: audience and subject_claim can't be empty")
    unknown = [algorithm for algorithm in issuer.algorithms if algorithm not in ALGORITHMS]
    if unknown or not issuer.algorithms:
        raise IssuersError(f"{name}: algorithms must be some of {', '.join(ALGORITHMS)}")
    if issuer.university is not None and not _SHORT_CODE.fullmatch(issuer.university):
        raise IssuersError(f"{name}: university must be a short code like DEMO")
    _check_uri(issuer, development=development)


def _check_uri(issuer: Issuer, *, development: bool) -> None:
    try:
        parts = urlsplit(issuer.jwks_uri)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    local = development and parts.scheme == "http" and host in _LOOPBACK
    if host is None or not (parts.scheme == "https" or local) or parts.username is not None or parts.fragment:
        raise IssuersError(f"{issuer.issuer}: jwks_uri must be an https URL (in development also http on loopback)")
