"""Passwords: hashed with argon2id, off the loop, two at a time, since each takes 46 MiB and about 50 ms.

An account that is not there, or has no password, costs the same as a wrong password: a hash is verified that no
password has.
"""

import asyncio
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

R = TypeVar("R")

SHORTEST = 12
LONGEST = 128
_SLOTS = 2


class PasswordLengthError(Exception):
    """A new password is too short or too long; the message says what it may be."""


class Passwords:
    """Hashes and verifies. The parameters are those that are wanted now; older hashes are still good."""

    def __init__(self, *, memory_kib: int = 46 * 1024, passes: int = 1) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)
        self._executor = ThreadPoolExecutor(_SLOTS, thread_name_prefix="passwords")
        self._nobodys: str | None = None

    async def verify(self, password: str, stored: str | None) -> bool:
        """Whether a password is the one that was stored; without a hash never, and no sooner."""
        if len(password) > LONGEST:  # whoever asks knows that, so nothing is told by being quick
            return False
        known = stored if stored is not None and stored.startswith("$argon2") else None
        return await self._run(self._verify, _bytes(password), known)

    async def hash(self, password: str) -> str:
        """What to store of a new password; PasswordLengthError unless it has 12 to 128 characters."""
        if not SHORTEST <= len(password) <= LONGEST:
            raise PasswordLengthError(f"a password has {SHORTEST} to {LONGEST} characters")
        return await self.rehash(password)

    async def rehash(self, password: str) -> str:
        """What to store of a password that was good, whatever its length."""
        return await self._run(self._hasher.hash, _bytes(password))

    def is_outdated(self, stored: str) -> bool:
        """Whether a hash was made with other parameters than are wanted now."""
        return self._hasher.check_needs_rehash(stored)

    def close(self) -> None:
        """Let the threads go, without those who still wait for one."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[..., R], *arguments: Any) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work, *arguments)

    def _verify(self, password: bytes, stored: str | None) -> bool:
        if self._nobodys is None:
            self._nobodys = self._hasher.hash(secrets.token_bytes(32))
        try:
            self._hasher.verify(stored or self._nobodys, password)
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None


def _bytes(password: str) -> bytes:
    """The same letters are the same password, however a keyboard composes them."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
