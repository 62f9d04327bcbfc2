"""The manifests that the tools of clients write, each in its own format."""

from pathlib import Path
from typing import Any

import msgspec

from lms_graphql.engine.trusted import SHA256_PREFIX, Manifest, ManifestError, checked, read_bytes, text_hash

_APOLLO = "apollo-persisted-query-manifest"


class ClientDocument(msgspec.Struct, frozen=True):
    """A document, and an id that a client asks for it by."""

    identifier: str
    text: str


class _ApolloOperation(msgspec.Struct, frozen=True):
    id: str
    body: str


def read_client_manifest(path: Path) -> list[ClientDocument]:
    """The documents of a manifest of Apollo, Relay, GraphQL Code Generator, or of our own; ManifestError for others."""
    try:
        found = _converted(msgspec.json.decode(read_bytes(path)))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ManifestError(f"{path} is no manifest of Apollo, Relay, Code Generator or ours: {error}") from error
    except ManifestError as error:
        raise ManifestError(f"{path}: {error}") from error
    for document in found:
        _require_true_hash(path, document)
    return found


def _converted(content: Any) -> list[ClientDocument]:
    if isinstance(content, dict) and content.get("format") == _APOLLO:
        if content.get("version") != 1:
            raise ManifestError(f"version {content.get('version')} of Apollo's format; only 1 is known")
        operations = msgspec.convert(content.get("operations"), list[_ApolloOperation])
        return [ClientDocument(operation.id, operation.body) for operation in operations]
    if isinstance(content, dict) and "version" in content:
        ours = checked(msgspec.convert(content, Manifest))
        return [ClientDocument(key, ours.documents[digest].text) for key, digest in ours.ids()]
    texts = msgspec.convert(content, dict[str, str])  # Relay's, and the code generator's
    return [ClientDocument(identifier, text) for identifier, text in texts.items()]


def _require_true_hash(path: Path, document: ClientDocument) -> None:
    given = document.identifier
    if given.startswith(SHA256_PREFIX) and given != SHA256_PREFIX + text_hash(document.text):
        raise ManifestError(f"{path}: {given[:80]} is not the hash of its text; let the client's tool write it anew")
