"""Tokens that mean nothing by themselves: 256 random bits, which are stored as a hash only.

Each kind begins with letters of its own, by which it is told from others here, and found by scanners wherever somebody
has left one lying about.
"""

import re
import secrets
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple

OURS = "lms_"
"""How all of them begin."""

_BYTES = 32
_FORM = re.compile(r"lms_(?:at|rt|st|in)_[A-Za-z0-9_-]{43}")


class Prefix(StrEnum):
    """How a kind of token begins."""

    ACCESS = "lms_at_"
    REFRESH = "lms_rt_"
    SERVICE = "lms_st_"
    INVITATION = "lms_in_"


class Minted(NamedTuple):
    """A new token, to be told once, and what is stored of it."""

    token: str
    digest: bytes

    def __repr__(self) -> str:
        """Without the token: this may stand in a traceback."""
        return "Minted(…)"


def mint(prefix: Prefix) -> Minted:
    """A new token of a kind."""
    token = prefix + secrets.token_urlsafe(_BYTES)
    return Minted(token, _digest(token))


def digest(token: str, prefix: Prefix) -> bytes | None:
    """What is stored of a token of this kind; None for what can't be one."""
    return _digest(token) if token.startswith(prefix) and _FORM.fullmatch(token) else None


def _digest(token: str) -> bytes:
    """A plain hash: what has 256 random bits is not guessed, however fast guessing is."""
    return sha256(token.encode()).digest()
