"""`lms-graphql documents …`: the manifest of trusted documents, made from those of the clients."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
from graphql import OperationDefinitionNode

from lms_graphql.commands.client_manifests import ClientDocument, read_client_manifest
from lms_graphql.commands.console import fail, note, say
from lms_graphql.engine.documents import Document, Documents
from lms_graphql.engine.relay import LARGEST_PAGE
from lms_graphql.engine.trusted import (
    Manifest,
    ManifestError,
    MissingManifestError,
    TrustedDocument,
    first_error,
    plain_id,
    read_manifest,
    text_hash,
    write_manifest,
)
from lms_graphql.schema import build

_SHORTEST_PREFIX = 8
_NAMED = re.compile(r"\b(?:query|mutation|subscription)\s+(\w+)")


def add(files: list[Path], *, manifest: Path) -> None:
    """Add the documents of clients' manifests, if every one is valid; else nothing."""
    try:
        old = _existing(manifest)
        given = [document for file in files for document in read_client_manifest(file)]
        read = _read(document.text for document in given)
        _print(read)
        invalid = sum(document.node is None for document in read.values())
        if invalid:
            fail(f"{invalid} of {len(read)} documents are not valid; nothing was written")
        new = _with(old or Manifest(1, {}), given, read)
        if new != old:
            write_manifest(manifest, new)
    except ManifestError as error:
        fail(str(error))
    added = len(new.documents) - (len(old.documents) if old is not None else 0)
    note(f"{added} added; {manifest} has {len(new.documents)}")


def _existing(path: Path) -> Manifest | None:
    try:
        return read_manifest(path)
    except MissingManifestError:
        return None


def show(*, manifest: Path) -> None:
    """Print what the manifest has; exit code 1 if any document of it is not valid."""
    try:
        read = _read(document.text for document in read_manifest(manifest).documents.values())
    except ManifestError as error:
        fail(str(error))
    _print(read)
    invalid = sum(document.node is None for document in read.values())
    if invalid:
        fail(f"{invalid} of {len(read)} documents are not valid; the clients that use them get errors")


def remove(identifiers: list[str], *, manifest: Path) -> None:
    """Remove documents by any of their ids, or by the first 8 or more digits of the hash."""
    try:
        old = read_manifest(manifest)
        gone = {_digest(old, identifier) for identifier in identifiers}
        kept = {digest: document for digest, document in old.documents.items() if digest not in gone}
        write_manifest(manifest, msgspec.structs.replace(old, documents=kept))
    except ManifestError as error:
        fail(str(error))
    note(f"{len(gone)} removed; {manifest} has {len(kept)}")


def _digest(manifest: Manifest, identifier: str) -> str:
    wanted = plain_id(identifier)
    found = dict(manifest.ids()).get(wanted)
    if found is not None:
        return found
    candidates = [digest for digest in manifest.documents if digest.startswith(wanted)]
    if len(wanted) < _SHORTEST_PREFIX or len(candidates) != 1:
        raise ManifestError(f"no document, or more than one, has the id {identifier}; see: lms-graphql documents list")
    return candidates[0]


def _read(texts: Iterable[str]) -> Mapping[str, Document]:
    """The documents, read as the server reads them, by their texts."""
    built = build()
    read = Documents(built.graphql, built.groups).read
    return {text: read(text) for text in dict.fromkeys(texts)}


def _with(manifest: Manifest, given: Iterable[ClientDocument], read: Mapping[str, Document]) -> Manifest:
    """The manifest with these documents, too; their own ids beside those that it has."""
    stands_for = dict(manifest.ids())
    documents = dict(manifest.documents)
    for document in given:
        digest, identifier = text_hash(document.text), plain_id(document.identifier)
        known = documents.get(digest) or TrustedDocument(document.text, _name(read[document.text]))
        if stands_for.setdefault(identifier, digest) != digest:
            raise ManifestError(f"the id {identifier} already stands for another document; remove that one first")
        ids = {*known.ids, identifier} - {digest}
        documents[digest] = msgspec.structs.replace(known, ids=tuple(sorted(ids)))
    return msgspec.structs.replace(manifest, documents=documents)


def _name(document: Document) -> str:
    """The names of the operations of a valid document."""
    nodes = document.node.definitions if document.node is not None else ()
    return ", ".join(
        node.name.value for node in nodes if isinstance(node, OperationDefinitionNode) and node.name is not None
    )


def _print(read: Mapping[str, Document]) -> None:
    """A table: the first digits of the hash, operations, cost, and the first thing that is wrong."""
    rows = [("id", "operation", "cost", "validity")]
    for text, document in sorted(read.items(), key=lambda item: (_name(item[1]), item[0])):
        is_valid = document.node is not None
        name = _name(document) if is_valid else ", ".join(_NAMED.findall(text))  # it has no tree to look into
        validity = "valid" if is_valid else first_error(document)
        rows.append((text_hash(text)[:12], name or "-", _cost(document), validity))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _cost(document: Document) -> str:
    """What the dearest operation costs with the defaults of its variables, and with all pages at their largest."""
    if document.node is None or document.node.loc is None:
        return "-"
    largest = {
        variable.variable.name.value: LARGEST_PAGE
        for node in document.node.definitions
        if isinstance(node, OperationDefinitionNode)
        for variable in node.variable_definitions or ()
    }
    usual = max(document.price(name, {}) for name in document.prices)
    most = max(document.price(name, largest) for name in document.prices)
    return f"{usual:,}" if usual == most else f"{usual:,}, at most {most:,}"
