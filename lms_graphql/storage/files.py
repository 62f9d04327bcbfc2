"""The store of uploaded files: addresses that are good for one file and a short time, and what lies behind them.

A file is named by the numbers of its university and its upload, never by what a person calls it. Who has an address
may use it until it ends, as with any presigned one, so they are given only to who may have the file.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import os
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

import msgspec

UPLOAD_SECONDS = 15 * 60
DOWNLOAD_SECONDS = 10 * 60
STRAY_SECONDS = 24 * 60 * 60
_MAC_BYTES = 16
clock = time.time
"""When addresses begin and end; tests that compare whole answers stop it."""


class StoredFile(msgspec.Struct, frozen=True):
    """A file as its row in `uploads` says it is."""

    university_id: int
    upload_id: int
    user_id: int
    file_name: str
    media_type: str
    size_bytes: int


class Target(NamedTuple):
    """Where and how a client sends a file."""

    url: str
    method: str
    headers: Mapping[str, str]
    expires_at: datetime


class NotAsPromisedError(Exception):
    """A file is not what was promised; the message says in what."""


class StoreUnreachableError(Exception):
    """The store can't be asked at the moment."""


class Stray(NamedTuple):
    """A file that may be no upload's."""

    university_id: int
    upload_id: int
    """0 for what never got whole, and can be no upload's."""
    sha256: bytes | None
    """What the upload's must be; None where any will do."""
    place: str


class FileStore(Protocol):
    """Where files are kept."""

    most_bytes: int
    """How large a file may be."""

    def target(self, file: StoredFile) -> Target:
        """Where its owner sends a file that was promised."""

    def url(self, file: StoredFile, sha256: bytes, /) -> str:
        """Where a file that is there can be fetched, by GET."""

    async def whole(self, file: StoredFile, sha256: bytes) -> bytes | None:
        """The whole of a file that is there, None if it is gone or not what its digest says; StoreUnreachableError.

        It must not be waited for in a transaction: it can take seconds.
        """

    async def keep(self, file: StoredFile, data: bytes) -> None:
        """Put a file that came within another into its place; StoreUnreachableError.

        What the database does not come to know of is swept. It must not be waited for in a transaction.
        """

    async def collect(self, file: StoredFile) -> bytes | None:
        """Look at what was sent for a promised file and put it in its place: its SHA-256, None if nothing has come.

        NotAsPromisedError for a file that is not what was promised, which is deleted; StoreUnreachableError. Done
        again it gives the same. It must not be waited for in a transaction: it can take seconds.
        """

    async def tidy(self, file: StoredFile) -> None:
        """Let go of what was needed until the database knew of a file."""

    def stray(self, now: float) -> Iterator[Stray]:
        """Files that have lain for a day, with what must be in `uploads` for them to stay."""

    def delete(self, stray: Stray) -> None:
        """Delete a file that `stray` gave."""

    def close(self) -> None:
        """Let go of threads and connections."""


class Files(NamedTuple):
    """The store of a process, as mutations and fields ask their context for it."""

    store: FileStore


class Ticket(msgspec.Struct, frozen=True, array_like=True):
    """What an address of ours is good for."""

    act: Literal["PUT", "GET"]
    expires: int
    file: StoredFile


class TicketError(Exception):
    """An address is not one of ours, or not any more; the message says which."""


class LocalFiles:
    """Files in a folder, sent to and fetched from our own server at /uploads/<ticket>."""

    def __init__(self, folder: Path, secret: bytes, most_bytes: int) -> None:
        self._folder = folder
        self._key = hashlib.sha256(b"upload" + secret).digest()
        self.most_bytes = most_bytes

    def target(self, file: StoredFile) -> Target:
        """The address is relative to the API's."""
        expires = int(clock()) + UPLOAD_SECONDS
        headers = {"Content-Type": file.media_type}
        return Target(self._address("PUT", file, expires), "PUT", headers, datetime.fromtimestamp(expires, UTC))

    def url(self, file: StoredFile, _sha256: bytes, /) -> str:
        """The address is relative to the API's."""
        return self._address("GET", file, int(clock()) + DOWNLOAD_SECONDS)

    def _address(self, act: Literal["PUT", "GET"], file: StoredFile, expires: int) -> str:
        body = msgspec.msgpack.encode(Ticket(act, expires, file))
        return f"/uploads/{base64.urlsafe_b64encode(self._mac(body) + body).decode().rstrip('=')}"

    def read(self, ticket: str, act: str) -> Ticket:
        """What an address is good for; TicketError unless it is ours, for this act, and has not ended."""
        found = self._decoded(ticket)
        if found is None or found.act != act:
            raise TicketError("this address is not one of ours; ask the API for it")
        if clock() >= found.expires:
            raise TicketError("this address was good for a short time, which is over; ask the API for another")
        return found

    def _decoded(self, ticket: str) -> Ticket | None:
        try:
            data = base64.urlsafe_b64decode(ticket + "=" * (-len(ticket) % 4))
        except (binascii.Error, ValueError):
            return None
        mac, body = data[:_MAC_BYTES], data[_MAC_BYTES:]
        spelled_so = base64.urlsafe_b64encode(data).decode().rstrip("=") == ticket  # decoding skips other signs
        if not spelled_so or not hmac.compare_digest(mac, self._mac(body)):
            return None
        return msgspec.msgpack.decode(body, type=Ticket)

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")[:_MAC_BYTES]

    def path(self, university_id: int, upload_id: int) -> Path:
        """Where a file lies."""
        return self._folder / str(university_id) / str(upload_id)

    def arriving(self, university_id: int, upload_id: int) -> Path:
        """A name of its own for a file that is not whole yet; its folder is made when it is missing."""
        path = self.path(university_id, upload_id)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path.with_name(f"{upload_id}.{os.urandom(8).hex()}.part")

    async def whole(self, file: StoredFile, sha256: bytes) -> bytes | None:
        """See FileStore."""
        return await asyncio.to_thread(_intact, self.path(file.university_id, file.upload_id), sha256)

    async def keep(self, file: StoredFile, data: bytes) -> None:
        """See FileStore."""
        await asyncio.to_thread(self._keep, file, data)

    def _keep(self, file: StoredFile, data: bytes) -> None:
        arriving = self.arriving(file.university_id, file.upload_id)
        try:
            arriving.write_bytes(data)
            arriving.replace(self.path(file.university_id, file.upload_id))
        except OSError as error:
            raise StoreUnreachableError(f"a file can't be written: {error.strerror}") from error

    async def collect(self, _file: StoredFile) -> bytes | None:
        """None: a file that has come whole is in its place, and the database knows of it."""
        return None

    async def tidy(self, _file: StoredFile) -> None:
        """There is nothing to let go of."""

    def stray(self, now: float) -> Iterator[Stray]:
        """See FileStore."""
        if not self._folder.is_dir():
            return
        for folder in sorted(self._folder.iterdir()):
            for path in sorted(folder.iterdir()) if folder.name.isdecimal() and folder.is_dir() else ():
                if now - path.stat().st_mtime > STRAY_SECONDS:
                    yield Stray(int(folder.name), int(path.name) if path.name.isdecimal() else 0, None, str(path))

    def delete(self, stray: Stray) -> None:
        """Delete a file that `stray` gave."""
        Path(stray.place).unlink()

    def close(self) -> None:
        """There is nothing to let go of."""


def _intact(path: Path, sha256: bytes) -> bytes | None:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    return data if hashlib.sha256(data).digest() == sha256 else None
