"""Trusted documents: those that the operators of this server know beforehand, by their texts and by ids.

They stand in a manifest, a JSON file in one format, which `lms-graphql documents add` makes from those of the clients:

    {"version": 1, "documents": {"<SHA-256 of the text, in hex>": {"name": "…", "text": "…", "ids": ["…"]}}}

`name` says for people which operations it has; `ids` are further ids that clients ask by, such as the MD5 of Relay.
"""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Literal

import msgspec

from lms_graphql.engine.documents import Document

SHA256_PREFIX = "sha256:"
"""Of an id as GraphQL over HTTP defines it; what follows is the hash of the text, which is the id without it, too."""

MOST_DOCUMENTS = 2000
MOST_TEXT_BYTES = 2 * 2**20
"""Reading 1000 documents of 530 bytes took 4 s, once at start, and 38 MB (measured on two loaded cores)."""

_MOST_FILE_BYTES = 8 * MOST_TEXT_BYTES
_ID = re.compile(r"[!-~]{1,256}")


class ManifestError(Exception):
    """A manifest can't be read or made; the message says why and what to do, in one line."""


class MissingManifestError(ManifestError):
    """There is no file of that name."""


class TrustedDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A document of a manifest."""

    text: str
    name: str = ""
    ids: tuple[str, ...] = ()


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The documents of a manifest, by the hash of their text. At most 2000, with 2 MiB of text together."""

    version: Literal[1]
    documents: dict[str, TrustedDocument]

    def ids(self) -> Iterator[tuple[str, str]]:
        """Every id with the hash of the text that it stands for; the hash is an id as well."""
        for digest, document in self.documents.items():
            yield digest, digest
            yield from ((identifier, digest) for identifier in document.ids)


def text_hash(text: str) -> str:
    """The SHA-256 of a document's text, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def plain_id(identifier: str) -> str:
    """An id as it stands in a manifest: without the prefix that says that it is a hash."""
    return identifier.removeprefix(SHA256_PREFIX)


def checked(manifest: Manifest) -> Manifest:
    """The manifest; ManifestError if hashes, ids or sizes are wrong."""
    for digest, document in manifest.documents.items():
        if text_hash(document.text) != digest:
            raise ManifestError(f"the text of {digest[:12]} is not the one of its id; add the client's manifest again")
        for identifier in document.ids:
            if not _ID.fullmatch(identifier) or identifier.startswith(SHA256_PREFIX):
                raise ManifestError(
                    f"{digest[:12]} has the id {identifier[:80]!r}: an id is 1 to 256 visible ASCII signs"
                )
    if twice := [identifier for identifier, count in Counter(key for key, _ in manifest.ids()).items() if count > 1]:
        raise ManifestError(f"the id {twice[0]} stands for two documents; remove one of them")
    texts = sum(len(document.text.encode(errors="surrogatepass")) for document in manifest.documents.values())
    if len(manifest.documents) > MOST_DOCUMENTS or texts > MOST_TEXT_BYTES:
        found = f"{len(manifest.documents):,} documents with {texts:,} bytes of text are too many"
        raise ManifestError(f"{found}: at most {MOST_DOCUMENTS:,} and {MOST_TEXT_BYTES:,}; remove old ones")
    return manifest


def read_manifest(path: Path) -> Manifest:
    """The manifest of a file; ManifestError if it is not there or is none."""
    try:
        return checked(msgspec.json.decode(read_bytes(path), type=Manifest))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ManifestError(
            f"{path} is no manifest of trusted documents ({error}); make one with: lms-graphql documents add"
        ) from error
    except ManifestError as error:
        raise type(error)(f"{path}: {error}") from error


def read_bytes(path: Path) -> bytes:
    """A manifest's bytes, of a server or a client; ManifestError if there are none, or more than 16 MiB."""
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_FILE_BYTES + 1)
    except FileNotFoundError as error:
        raise MissingManifestError("there is no such file; make one with: lms-graphql documents add") from error
    except OSError as error:
        raise ManifestError(f"can't be read: {error.strerror}") from error
    if len(content) > _MOST_FILE_BYTES:
        raise ManifestError(f"more than {_MOST_FILE_BYTES:,} bytes; a manifest has at most as many")
    return content


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Put a manifest into a file, sorted, in one step: who reads it meanwhile sees the old one or the new one."""
    content = msgspec.json.format(msgspec.json.encode(checked(manifest), order="sorted"), indent=2) + b"\n"
    path = path.resolve()
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with new.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise ManifestError(f"{path}: can't be written: {error.strerror}") from error


class TrustedDocuments:
    """The documents of a manifest, all read at once and kept as long as the process lives, whoever sends what.

    One that is not valid is kept with its errors: who asks for it gets them.
    """

    def __init__(self, manifest: Manifest, read: Callable[[str], Document]) -> None:
        self.manifest = manifest
        found = {
            digest: msgspec.structs.replace(read(document.text), is_trusted=True)
            for digest, document in manifest.documents.items()
        }
        self._by_text = {document.text: found[digest] for digest, document in manifest.documents.items()}
        self._by_id = {identifier: found[digest] for identifier, digest in manifest.ids()}

    def spelled(self, text: str) -> Document | None:
        """The trusted document that has this text, to the byte."""
        return self._by_text.get(text)

    def identified(self, identifier: str) -> Document | None:
        """The trusted document with this id."""
        return self._by_id.get(plain_id(identifier))

    def invalid(self) -> Mapping[str, str]:
        """What is wrong with those that are not valid, one line each, by the hash of their text."""
        return {
            digest: first_error(found)
            for digest, document in self.manifest.documents.items()
            if (found := self._by_text[document.text]).node is None
        }


def first_error(document: Document) -> str:
    """What is wrong with a document that is not valid, in one line."""
    error = document.errors[0]
    place = error.locations[0] if error.locations else None
    where = f" (line {place.line}, column {place.column})" if place is not None else ""
    return " ".join(error.message.split()) + where
