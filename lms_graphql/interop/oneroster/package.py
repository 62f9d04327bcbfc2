"""The zip of a roster: its files of text, read into memory and counted as they come out.

No size that a header claims is believed, and only files that the binding knows are unpacked at all.
"""

import io
import zipfile
import zlib
from collections.abc import Mapping

from lms_graphql.interop.oneroster.binding import FILES

MANIFEST = "manifest"
MOST_BYTES = 64 * 2**20
"""Of all files together, unpacked."""
MOST_MEMBERS = 100
MOST_RATIO = 200
"""Unpacked bytes per packed byte. Rosters pack 5 to 20 to one; deflate reaches about 1,000 to one."""
RATIO_FLOOR_BYTES = 4 * 2**20
_CHUNK_BYTES = 2**16
_EPOCH = (1980, 1, 1, 0, 0, 0)


class RosterError(ValueError):
    """The package can't be read, or is not one. The message is one line for who has sent it."""


def unpack(data: bytes) -> dict[str, str]:
    """The text of each file that the binding has, by its name without `.csv`; raises RosterError."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = _members(archive)
            left = [MOST_BYTES]
            return {name: _text(name, _read(archive, member, len(data), left)) for name, member in members.items()}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError):
        raise RosterError("this is no zip, or a damaged one; send the roster's files as one zip") from None


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    found: dict[str, zipfile.ZipInfo] = {}
    infos = archive.infolist()
    if len(infos) > MOST_MEMBERS:
        raise RosterError(f"the zip has more than {MOST_MEMBERS} files; a roster has few")
    for info in infos:
        name = info.filename.removesuffix(".csv")
        if f"{name}.csv" != info.filename or (name != MANIFEST and name not in FILES):
            continue
        if name in found:
            raise RosterError(f"{name}.csv is in the zip twice")
        if info.flag_bits & 0x1:
            raise RosterError(f"{name}.csv is encrypted; send the zip without a password")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise RosterError(f"{name}.csv is compressed in an unusual way; zip it with deflate")
        found[name] = info
    return found


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, packed: int, left: list[int]) -> bytes:
    parts = []
    with archive.open(member) as stream:
        while part := stream.read(_CHUNK_BYTES):
            left[0] -= len(part)
            unpacked = MOST_BYTES - left[0]
            if left[0] < 0:
                raise RosterError(f"the zip unpacks to more than {MOST_BYTES // 2**20} MiB")
            if unpacked > RATIO_FLOOR_BYTES and unpacked > packed * MOST_RATIO:
                raise RosterError(f"the zip unpacks to more than {MOST_RATIO} times its size, as a bomb would")
            parts.append(part)
    return b"".join(parts)


def _text(name: str, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise RosterError(f"{name}.csv, line {line}: this is not UTF-8; save the file as UTF-8") from None


def pack(files: Mapping[str, str]) -> bytes:
    """The zip of these texts; the same texts give the same bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.csv", _EPOCH), text.encode(), zipfile.ZIP_DEFLATED)
    return packed.getvalue()
