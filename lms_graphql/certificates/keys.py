"""The keys that certificates are signed with: a JWK Set of Ed25519 keys, of which the first signs.

The others are there to verify what they have signed before, for which their public half (`x`) will do. A key that is
taken off the list makes everything that it ever signed worth nothing.
"""

import base64
import contextlib
import os
import re
import tempfile
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_KEY_BYTES = 32
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class KeysError(Exception):
    """The keys can't be read; the message says why, in one line, and nothing of what is secret."""


class Key(NamedTuple):
    """A key by its id; without the private half it only verifies."""

    id: str
    public: Ed25519PublicKey
    private: Ed25519PrivateKey | None = None

    def jwk(self) -> dict[str, str]:
        """The public half, as RFC 8037 spells it."""
        x = encoded(self.public.public_bytes_raw())
        return {"kty": "OKP", "crv": "Ed25519", "x": x, "alg": "EdDSA", "use": "sig"}


class Keyring:
    """The keys of an installation, in order. An empty one signs nothing, and knows no signature."""

    def __init__(self, keys: Iterable[Key] = ()) -> None:
        self.keys = tuple(keys)
        self._by_id = {key.id: key for key in self.keys}

    @property
    def signing(self) -> Key | None:
        """The key that signs; None where there is none."""
        return self.keys[0] if self.keys else None

    def get(self, key_id: str) -> Key | None:
        """The key of this id; None where it is not, or not any more, among them."""
        return self._by_id.get(key_id)


def encoded(data: bytes) -> str:
    """Base64url without padding, as JOSE has it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """What base64url says; ValueError for all but the one spelling that `encoded` gives."""
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encoded(data) != text:
        raise ValueError("not the canonical base64url")
    return data


def made_key() -> dict[str, str]:
    """A new private key as a JWK, named by its thumbprint (RFC 7638)."""
    private = Ed25519PrivateKey.generate()
    x = encoded(private.public_key().public_bytes_raw())
    return {"kty": "OKP", "crv": "Ed25519", "kid": _thumbprint(x), "x": x, "d": encoded(private.private_bytes_raw())}


def rotated(given: str | None) -> str:
    """A JWK Set, as JSON, whose first key is new; of the keys given before, only the halves that verify. KeysError."""
    old = [{**key.jwk(), "kid": key.id} for key in read_keyring(given).keys]
    return orjson.dumps({"keys": [made_key(), *old]}, option=orjson.OPT_INDENT_2).decode()


def read_keyring(given: str | None, *, make_missing: bool = False) -> Keyring:
    """The keys of a JWK Set, given itself or as the path of a file; none where nothing is given.

    `make_missing` makes a file that is not there, with one new key that nobody else can read. KeysError otherwise.
    """
    if given is None:
        return Keyring()
    text = given if given.lstrip().startswith("{") else _contents(Path(given).expanduser(), make_missing=make_missing)
    try:
        entries = msgspec.json.decode(text, type=_KeySet).keys
    except msgspec.MsgspecError as error:
        raise KeysError("this is no JWK Set, an object with a list `keys`") from error
    keys = [_key(entry, number) for number, entry in enumerate(entries, 1)]
    if keys and keys[0].private is None:
        raise KeysError("the first key signs, and must have its private half (d)")
    if len({key.id for key in keys}) < len(keys):
        raise KeysError("two keys have the same kid")
    return Keyring(keys)


class _KeySet(msgspec.Struct):
    keys: list[dict[str, Any]]


def _thumbprint(x: str) -> str:
    return encoded(sha256(orjson.dumps({"crv": "Ed25519", "kty": "OKP", "x": x})).digest())


def _key(entry: dict[str, Any], number: int) -> Key:
    """A key of the set; its public half is worked out of the private one, and must be the one that is given."""
    if entry.get("kty") != "OKP" or entry.get("crv") != "Ed25519":
        raise KeysError(f"key {number} is no Ed25519 key (kty OKP, crv Ed25519)")
    public, private = _half(entry, "x", number), _half(entry, "d", number)
    if private is not None:
        signing = Ed25519PrivateKey.from_private_bytes(private)
        derived = signing.public_key().public_bytes_raw()
        if public not in {None, derived}:
            raise KeysError(f"the halves of key {number}, x and d, don't belong together")
        public = derived
    if public is None:
        raise KeysError(f"key {number} has neither x nor d")
    key_id = entry.get("kid", _thumbprint(encoded(public)))
    if not isinstance(key_id, str) or not _KEY_ID.fullmatch(key_id):
        raise KeysError(f"the kid of key {number} must have 1 to 64 letters, digits, - and _")
    return Key(key_id, Ed25519PublicKey.from_public_bytes(public), None if private is None else signing)


def _half(entry: dict[str, Any], name: str, number: int) -> bytes | None:
    text = entry.get(name)
    if text is None:
        return None
    try:
        half = decoded(text)
    except (ValueError, TypeError) as error:
        raise KeysError(f"{name} of key {number} is not base64url") from error
    if len(half) != _KEY_BYTES:
        raise KeysError(f"{name} of key {number} has {len(half)} bytes instead of {_KEY_BYTES}")
    return half


def _contents(path: Path, *, make_missing: bool) -> str:
    try:
        if make_missing and not path.exists():
            _make(path)
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise KeysError(f"can't read {path}: {getattr(error, 'strerror', None) or 'it is no text'}") from error


def _make(path: Path) -> None:
    """Write a set of one new key, whole or not at all; where another process was faster, its key stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent)  # for its user only
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(orjson.dumps({"keys": [made_key()]}))
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(name)
    finally:
        Path(name).unlink()
