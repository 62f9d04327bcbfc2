"""Packages of IMS Content Packaging: a zip with imsmanifest.xml, which names the items in it; or one item alone."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from posixpath import dirname, join, normpath
from typing import NamedTuple
from urllib.parse import unquote
from xml.etree.ElementTree import Element, tostring

from lms_graphql.interop.olx.archive import ArchiveError, read_zip
from lms_graphql.interop.qti.elements import UnreadableError, elements, made, parse

MANIFEST = "imsmanifest.xml"
LEFT_OUT = "left_out.txt"
MOST_ITEMS = 500
MOST_BYTES = 16 * 2**20
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_PACKAGING = "http://www.imsglobal.org/xsd/imscp_v1p1"
_ITEM = "imsqti_item_xmlv2p"
_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The time of files in our packages, so that the same questions make the same bytes."""


class PackageError(Exception):
    """A file that is neither a package nor an item; the message is one line for who sent it."""


class Part(NamedTuple):
    """An item of a file: what it is called there, and what it holds, or why it can't be read."""

    name: str
    data: bytes
    problem: str | None = None


def read_package(data: bytes) -> list[Part]:
    """The items of a package in their order, or the only one that a file is; raises PackageError."""
    if not data.startswith(_ZIP):
        return [Part("the file", data)]
    try:
        files = read_zip(data, most_bytes=MOST_BYTES)
    except ArchiveError as error:
        raise PackageError(str(error)) from None
    path = next((path for path in sorted(files, key=len) if path.rpartition("/")[2] == MANIFEST), None)
    if path is None:
        raise PackageError(f"there is no {MANIFEST} in the package: export it as a QTI 2.1 package")
    try:
        manifest = parse(files[path])
    except UnreadableError as error:
        raise PackageError(f"{path}: {error}") from None
    parts = [_part(resource, dirname(path), files) for resource in _resources(manifest)]
    if not parts:
        raise PackageError(f"{path} names no items of QTI 2.1")
    if len(parts) > MOST_ITEMS:
        raise PackageError(f"there are {len(parts)} items, at most {MOST_ITEMS} can be imported at once")
    return parts


def _resources(manifest: Element) -> list[Element]:
    return [element for element in elements(manifest) if element.tag.rpartition("}")[2] == "resource"]


def _part(resource: Element, folder: str, files: Mapping[str, bytes]) -> Part:
    """A resource of the package, which may be no item."""
    kind, href = resource.get("type", ""), unquote(resource.get("href", ""))
    name = href[:255] or resource.get("identifier", "")[:255]
    if not kind.startswith(_ITEM):
        return Part(name, b"", f"it is no item of QTI 2 but {kind[:80]!a}")
    data = files.get(normpath(join(folder, href)))
    return Part(name, data or b"", "it is not in the package" if data is None else None)


def write_package(items: Sequence[tuple[str, bytes]], left_out: Sequence[str]) -> bytes:
    """A package with these items, by their identifiers; what is left out is told in a file of its own."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as package:
        _add(package, MANIFEST, _manifest([identifier for identifier, _ in items]))
        for identifier, item in items:
            _add(package, _path(identifier), item)
        if left_out:
            _add(package, LEFT_OUT, "".join(f"{line}\n" for line in left_out).encode())
    return written.getvalue()


def _add(package: zipfile.ZipFile, path: str, data: bytes) -> None:
    package.writestr(zipfile.ZipInfo(path, _EARLIEST), data, zipfile.ZIP_DEFLATED)


def _path(identifier: str) -> str:
    return f"items/{identifier}.xml"


def _manifest(identifiers: Sequence[str]) -> bytes:
    resources = [
        made(
            "resource",
            made("file", href=_path(identifier)),
            identifier=identifier,
            type=f"{_ITEM}1",
            href=_path(identifier),
        )
        for identifier in identifiers
    ]
    metadata = made("metadata", made("schema", "QTIv2.1 Package"), made("schemaversion", "1.0.0"))
    parts = (metadata, made("organizations"), made("resources", *resources))
    manifest = made("manifest", *parts, xmlns=_PACKAGING, identifier="manifest")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(manifest, "unicode")}'.encode()
