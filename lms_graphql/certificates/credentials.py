"""Credentials as JWTs (VC-JWT): signed with Ed25519 over canonical JSON, and looked at without trusting any of it."""

import secrets
from enum import StrEnum
from typing import Any, NamedTuple

import orjson
from cryptography.exceptions import InvalidSignature

from lms_graphql.certificates import badges
from lms_graphql.certificates.keys import Keyring, decoded, encoded

LONGEST_JWT = 16_384
CODE_BYTES = 16
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: none looks like another."""
_CODE_LETTERS = 26
_PARTS = 3


class Signature(StrEnum):
    """What is to be said of a signature."""

    VALID = "valid"
    INVALID = "invalid"
    UNKNOWN_KEY = "unknown_key"
    REMOVED = "removed"
    UNSIGNED = "unsigned"


class Checked(NamedTuple):
    """What was found of a JWT: its payload and the code in it only where the signature is valid."""

    signature: Signature
    key_id: str | None = None
    payload: dict[str, Any] | None = None
    code: str | None = None


class Signer:
    """The keys of an installation, and the address that the world knows it by, without a slash at its end."""

    def __init__(self, keyring: Keyring, public_url: str | None) -> None:
        self.keyring = keyring
        self.public_url = public_url

    @property
    def missing(self) -> str | None:
        """What is not set, so that nothing can be signed; None if it can."""
        if self.keyring.signing is None:
            return "no signing keys: set LMS_CERTIFICATE_KEYS, see lms-graphql certificate-key"
        return "no address of its own: set LMS_PUBLIC_URL" if self.public_url is None else None

    def base(self) -> str:
        """The address; where there is none, addresses are relative."""
        return self.public_url or ""

    def sign(self, facts: badges.Facts) -> tuple[str, str]:
        """The credential of a certificate as a JWT, and the id of the key; RuntimeError where something is missing."""
        key = self.keyring.signing
        if key is None or key.private is None or self.missing:
            raise RuntimeError(f"nothing can be signed, there is {self.missing}")
        header = {"alg": "EdDSA", "kid": badges.key_url(self.base(), key.id), "typ": "JWT"}
        signed = f"{_canonical(header)}.{_canonical(badges.credential(self.base(), facts))}"
        return f"{signed}.{encoded(key.private.sign(signed.encode()))}", key.id

    def check(self, jwt: str) -> Checked:
        """What is to be said of a JWT that may be anything."""
        try:
            return self._checked(jwt)
        except (ValueError, TypeError, AttributeError, LookupError, InvalidSignature):
            return Checked(Signature.INVALID)

    def _checked(self, jwt: str) -> Checked:
        parts = jwt.split(".") if len(jwt) <= LONGEST_JWT else []
        if len(parts) != _PARTS:
            return Checked(Signature.INVALID)
        header, payload, signature = (decoded(part) for part in parts)
        named = orjson.loads(header)
        if named.keys() != {"alg", "kid", "typ"} or (named["alg"], named["typ"]) != ("EdDSA", "JWT"):
            return Checked(Signature.INVALID)
        key = self.keyring.get(named["kid"].rpartition("/")[2])
        if key is None:
            return Checked(Signature.UNKNOWN_KEY)
        key.public.verify(signature, f"{parts[0]}.{parts[1]}".encode())
        said = orjson.loads(payload)
        return Checked(Signature.VALID, key.id, said, said["evidence"][0]["id"].rpartition("/")[2])

    def check_row(self, jwt: str | None, key_id: str | None, facts: badges.Facts | None) -> Checked:
        """What is to be said of the signature of a certificate that has these facts (None: of an erased person)."""
        if key_id is None:
            return Checked(Signature.UNSIGNED)
        if jwt is None or facts is None:
            return Checked(Signature.REMOVED, key_id)
        checked = self.check(jwt)
        if checked.payload is None:
            return Checked(checked.signature, key_id)
        said = checked.payload
        # Address and name of the university may have changed since; all else is as the row has it.
        base = said["evidence"][0]["id"].removesuffix(badges.verification_url("", facts.code))
        then = facts._replace(university_name=said["issuer"]["name"])
        same = badges.credential(base, then) == said and checked.key_id == key_id
        return checked if same else Checked(Signature.INVALID, key_id)


def new_code(short_code: str) -> str:
    """A code that nobody guesses: the university's short code, and 128 random bits."""
    number = int.from_bytes(secrets.token_bytes(CODE_BYTES))
    letters = (_LETTERS[number >> 5 * place & 31] for place in reversed(range(_CODE_LETTERS)))
    return f"{short_code}-{''.join(letters)}"


def _canonical(document: dict[str, Any]) -> str:
    """The one JSON of a document without floats: no space, keys in order (RFC 8785), as base64url."""
    return encoded(orjson.dumps(document, option=orjson.OPT_SORT_KEYS))
