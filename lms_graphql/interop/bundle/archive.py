"""The archive of a course: a zip of `course.json` and the files of its assets, written and read.

The same course gives the same bytes but for the time at which it was produced. An archive that is read is somebody
else's: no size that it claims is believed, nothing is written to disk, and it is taken whole or not at all.
"""

import hashlib
import io
import re
import stat
import zipfile
import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import msgspec

from lms_graphql.interop.bundle import form
from lms_graphql.interop.olx.archive import ArchiveError, check_ratio

DOCUMENT = "course.json"
MOST_DOCUMENT_BYTES = 64 * 2**20
MOST_BYTES = 256 * 2**20
"""Of all that an archive holds, unpacked."""
MOST_MEMBERS = form.MOST_ITEMS + 1
_CHUNK_BYTES = 2**16
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can tell: when files were written is nobody's business."""


class BundleError(ValueError):
    """The archive is no course that can be taken. The message is one line for the person who gave it."""


class Bundle(NamedTuple):
    """A course, and the files of its assets by their paths."""

    course: form.Course
    files: Mapping[str, bytes]


class _Envelope(msgspec.Struct):
    """What every version of the format begins with."""

    format: str
    version: int


class _Sealed(msgspec.Struct):
    course: msgspec.Raw
    sha256: str


def write_bundle(bundle: Bundle, produced_at: datetime) -> bytes:
    """The archive."""
    course = msgspec.json.decode(form.spelled(bundle.course))
    digest = hashlib.sha256(form.spelled(course)).hexdigest()
    document = form.Document(form.NAME, form.VERSION, produced_at, digest, bundle.course)
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        _add(archive, DOCUMENT, msgspec.json.format(msgspec.json.encode(document), indent=1))
        for path in sorted(bundle.files):
            _add(archive, path, bundle.files[path])
    return written.getvalue()


def _add(archive: zipfile.ZipFile, path: str, data: bytes) -> None:
    member = zipfile.ZipInfo(path, _EPOCH)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.create_system = 3  # Unix, wherever this runs
    member.external_attr = (stat.S_IFREG | 0o644) << 16
    archive.writestr(member, data)


def read_bundle(data: bytes) -> Bundle:
    """The course in an archive; BundleError."""
    try:
        members = _unpacked(data)
    except (ArchiveError, BundleError) as error:
        raise BundleError(str(error)) from None
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
        raise BundleError(f"the archive is damaged or is no zip ({_one_line(error)})") from None
    document = members.pop(DOCUMENT, None)
    if document is None:
        raise BundleError(f"there is no {DOCUMENT} in the archive: give one that a course was exported to")
    course = read_document(document)
    _require_files(course, members)
    return Bundle(course, members)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _unpacked(data: bytes) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    total = 0
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        if len(members) > MOST_MEMBERS:
            raise BundleError(f"the archive has more than {MOST_MEMBERS:,} members")
        for member in members:
            path = _checked_path(member)
            if path in files:
                raise BundleError(f"the member {path!r} comes twice")
            most = min(MOST_BYTES - total, MOST_DOCUMENT_BYTES if path == DOCUMENT else MOST_BYTES)
            files[path] = _read(archive, member, path, most, len(data), total)
            total += len(files[path])
    return files


def _checked_path(member: zipfile.ZipInfo) -> str:
    path = member.orig_filename
    if path != DOCUMENT and not form.FILE_PATH.fullmatch(path):
        raise BundleError(f"the member {path[:200]!r} is neither {DOCUMENT} nor a file of its assets")
    if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
        raise BundleError(f"the member {path!r} is a link or a special file")
    if member.flag_bits & 0x1:
        raise BundleError(f"the member {path!r} is encrypted; give an archive without a password")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise BundleError(f"the member {path!r} is compressed in an unusual way; zip it with deflate")
    return path


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: str, most: int, packed: int, before: int) -> bytes:
    """The content of a member of `most` bytes, counted as they come out."""
    chunks, size = [], 0
    with archive.open(member) as content:
        while chunk := content.read(_CHUNK_BYTES):
            size += len(chunk)
            if size > most:
                raise BundleError(f"the member {path!r} makes the archive unpack to more than can be taken")
            check_ratio(before + size, packed)
            chunks.append(chunk)
    return b"".join(chunks)


def read_document(data: bytes) -> form.Course:
    """The course of a `course.json`, whose structure and seal are right; BundleError."""
    try:
        envelope = msgspec.json.decode(data, type=_Envelope)
        if envelope.format != form.NAME:
            raise BundleError(f"{DOCUMENT} is of the format {envelope.format[:80]!r}, not {form.NAME!r}")
        if envelope.version > form.VERSION:
            raise BundleError(
                f"{DOCUMENT} is of version {envelope.version} of the format, {form.VERSION} is the newest that is known"
                " here: import it where a newer release runs"
            )
        if _NUL.search(data):
            raise BundleError(f"{DOCUMENT} has a character that can't be stored (U+0000)")
        _require_seal(data)
        return msgspec.json.decode(data, type=form.Document).course
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(f"{DOCUMENT} can't be read: {_one_line(error)}") from None


def _require_seal(data: bytes) -> None:
    sealed = msgspec.json.decode(data, type=_Sealed)
    digest = hashlib.sha256(form.spelled(msgspec.json.decode(sealed.course))).hexdigest()
    if digest != sealed.sha256:
        raise BundleError(f"the course in {DOCUMENT} is not as it was exported: its sha256 is {digest}")


def _require_files(course: form.Course, members: Mapping[str, bytes]) -> None:
    """That the archive has just the files that the document names, as it says that they are."""
    named = [asset.file for asset in course.assets if asset.file is not None]
    paths = {file.path for file in named}
    if len(paths) < len(named):
        raise BundleError(f"{DOCUMENT} names a file twice")
    if missing := sorted(paths ^ members.keys()):
        raise BundleError(f"the archive and {DOCUMENT} do not have the same files: {missing[0]!r}")
    for file in named:
        content = members[file.path]
        if (len(content), hashlib.sha256(content).hexdigest()) != (file.size_bytes, file.sha256):
            raise BundleError(f"the file {file.path!r} is not as it was exported")
