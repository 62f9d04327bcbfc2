"""Reads the text files of an OLX export into memory, from a tar, a zip or a folder, and refuses what is hostile.

Nothing is ever written to disk, and no size that a header claims is believed: the bytes are counted as they come out.
Format: edx.readthedocs.io, «Open Learning XML», section «The Structure of an OLX Course».
"""

import gzip
import io
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

MAX_TOTAL_BYTES = 256 * 1024 * 1024
MAX_FILE_BYTES = 32 * 1024 * 1024
MAX_MEMBERS = 50_000
MAX_RATIO = 200
"""Unpacked bytes per packed byte. XML of a course packs 5 to 20 to one; deflate reaches about 1,000 to one."""
RATIO_FLOOR_BYTES = 8 * 1024 * 1024
"""Below this many unpacked bytes a high ratio is harmless, and tiny packages do have one."""

TEXT_SUFFIXES = frozenset({".xml", ".html", ".json", ".srt", ".sjson", ".vtt", ".txt"})
"""Files of these kinds are kept. Others are checked and counted, then dropped, since an import reads none of them."""

_CHUNK_BYTES = 64 * 1024
_TAR_OVERHEAD_BYTES = MAX_MEMBERS * 3 * tarfile.BLOCKSIZE
_ROOT_FILE = "course.xml"


class ArchiveError(ValueError):
    """The package cannot be read or is not safe to read. The message is one line for the person who gave it."""


class Archive(Mapping[str, bytes]):
    """The text files of one course: posix path relative to the folder of `course.xml` → content."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        root = _root(files)
        self._files = {path[len(root) :]: data for path, data in files.items() if path.startswith(root)}

    def __getitem__(self, path: str) -> bytes:
        return self._files[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


def read_archive(path: Path) -> Archive:
    """The course in a `.tar.gz`, `.tar` or `.zip` file or in a folder; raises ArchiveError."""
    try:
        if path.is_dir():
            return Archive(_read_folder(path))
        return Archive(_read_packed(path))
    except ArchiveError:
        raise
    except FileNotFoundError:
        raise ArchiveError(f"there is no file or folder {path.name!r}") from None
    except EOFError:
        raise ArchiveError(f"{path.name!r} ends too early; copy or export it again") from None
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError) as error:
        raise ArchiveError(f"{path.name!r} is damaged or cannot be read ({_one_line(error)})") from None


def read_zip(data: bytes, *, most_bytes: int) -> dict[str, bytes]:
    """The text files of a zip that is in memory, by their paths; raises ArchiveError."""
    try:
        return _read_zip(io.BytesIO(data), most_bytes)
    except ArchiveError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
        raise ArchiveError(f"the package is damaged or cannot be read ({_one_line(error)})") from None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _root(files: Mapping[str, bytes]) -> str:
    """The prefix of the folder that holds course.xml: "" or one folder's name with its slash."""
    if _ROOT_FILE in files:
        return ""
    found = [path for path in files if path.count("/") == 1 and path.endswith(f"/{_ROOT_FILE}")]
    if not found:
        raise ArchiveError("there is no course.xml, neither at the top nor in a first folder; give a course export")
    if len(found) > 1:
        raise ArchiveError(f"there are several courses ({', '.join(sorted(found)[:3])}); give one at a time")
    return found[0].removesuffix(_ROOT_FILE)


class _Collected:
    """The files read so far, with the limits that hold for all of them together."""

    def __init__(self, packed_bytes: int | None = None, most_bytes: int | None = None) -> None:
        self.files: dict[str, bytes] = {}
        self._packed_bytes = packed_bytes
        self._most_bytes = MAX_TOTAL_BYTES if most_bytes is None else most_bytes
        self._total = 0
        self._members = 0
        self._paths: set[str] = set()

    def member(self, name: str, *, folder: bool) -> str:
        """Count one member and return its path in normal form; a folder may come twice, a file may not."""
        self._members += 1
        if self._members > MAX_MEMBERS:
            raise ArchiveError(f"there are more than {MAX_MEMBERS:,} members")
        path = _safe_path(name)
        if not folder:
            if path in self._paths:
                raise ArchiveError(f"the member {path!r} comes twice")
            self._paths.add(path)
        return path

    def add(self, path: str, stream: IO[bytes]) -> None:
        """Read one file to its end, counting what really comes out, and keep it when it is text."""
        keep = PurePosixPath(path).suffix.lower() in TEXT_SUFFIXES
        chunks, size = [], 0
        while chunk := stream.read(_CHUNK_BYTES):
            size += len(chunk)
            self._count(path, size, len(chunk))
            if keep:
                chunks.append(chunk)
        if keep:
            self.files[path] = b"".join(chunks)

    def _count(self, path: str, size: int, more: int) -> None:
        if size > MAX_FILE_BYTES:
            raise ArchiveError(f"{path!r} is larger than {MAX_FILE_BYTES:,} bytes; take it out of the package")
        self._total += more
        if self._total > self._most_bytes:
            raise ArchiveError(f"the package unpacks to more than {self._most_bytes:,} bytes")
        if self._packed_bytes is not None:
            check_ratio(self._total, self._packed_bytes)


def check_ratio(unpacked: int, packed: int) -> None:
    """Refuse a bomb: many bytes out of few. Raises ArchiveError."""
    if unpacked > RATIO_FLOOR_BYTES and unpacked > packed * MAX_RATIO:
        raise ArchiveError(f"the package unpacks to more than {MAX_RATIO} times its size, as a bomb would")


def _safe_path(name: str) -> str:
    if "\\" in name or "\0" in name:
        raise ArchiveError(f"the member {name!r} has a backslash or a NUL character in its name")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or (parts and parts[0][1:2] == ":" and parts[0][0].isalpha()):
        raise ArchiveError(f"the member {name!r} points outside the package")
    return "/".join(parts)


def _read_packed(path: Path) -> dict[str, bytes]:
    with path.open("rb") as packed:
        head = packed.read(tarfile.BLOCKSIZE)
        packed.seek(0)
        if head.startswith(b"\x1f\x8b"):
            return _read_tar(_Unzipping(packed))
        if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            return _read_zip(packed)
        if head[257:262] == b"ustar":
            return _read_tar(packed)
    raise ArchiveError(f"{path.name!r} is neither a tar (plain or gzip) nor a zip")


class _Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class _Unzipping:
    """A gzip stream that counts: tarfile reads some headers whole into memory, at any size that they claim."""

    def __init__(self, packed: IO[bytes]) -> None:
        self._packed = packed
        self._stream = gzip.GzipFile(fileobj=packed)
        self._total = 0

    def read(self, size: int = -1, /) -> bytes:
        data = self._stream.read(_CHUNK_BYTES if size < 0 else min(size, _CHUNK_BYTES))
        self._total += len(data)
        if self._total > MAX_TOTAL_BYTES + _TAR_OVERHEAD_BYTES:
            raise ArchiveError(f"the package unpacks to more than {MAX_TOTAL_BYTES:,} bytes")
        check_ratio(self._total, self._packed.tell())
        return data


def _read_tar(stream: _Readable) -> dict[str, bytes]:
    collected = _Collected()
    with tarfile.open(fileobj=stream, mode="r|") as tar:  # type: ignore[call-overload]  # asks for more than read()
        for member in tar:
            path = collected.member(member.name, folder=member.isdir())
            if member.isdir():
                continue
            if not member.isreg() or member.issparse():
                raise ArchiveError(f"the member {path!r} is a link or a special file; give plain files only")
            content = tar.extractfile(member)
            if content is not None:
                collected.add(path, content)
    while stream.read(_CHUNK_BYTES):
        pass  # to the end, where gzip keeps the checksum that shows whether the package is whole
    return collected.files


def _read_zip(packed: IO[bytes], most_bytes: int | None = None) -> dict[str, bytes]:
    size, most = packed.seek(0, os.SEEK_END), MAX_TOTAL_BYTES if most_bytes is None else most_bytes
    if size > most:
        raise ArchiveError(f"the package is larger than {most:,} bytes")
    collected = _Collected(size, most)
    with zipfile.ZipFile(packed) as archive:
        for member in archive.infolist():
            folder = member.filename.endswith("/")  # is_dir() fails where a damaged package has no name at all
            path = collected.member(member.orig_filename, folder=folder)
            _check_zip_member(member, path)
            if not folder:
                with archive.open(member) as content:
                    collected.add(path, content)
    return collected.files


def _check_zip_member(member: zipfile.ZipInfo, path: str) -> None:
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise ArchiveError(f"the member {path!r} is a link or a special file; give plain files only")
    if member.flag_bits & 0x1:
        raise ArchiveError(f"the member {path!r} is encrypted; give a package without a password")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ArchiveError(f"the member {path!r} is compressed in an unusual way; zip it with deflate")


def _read_folder(root: Path) -> dict[str, bytes]:
    collected = _Collected()
    for folder, subfolders, names in os.walk(root, onerror=_raise):
        subfolders[:] = sorted(name for name in subfolders if name != ".git")
        for name in sorted([*subfolders, *names]):
            file = Path(folder, name)
            path = collected.member(file.relative_to(root).as_posix(), folder=name in subfolders)
            mode = file.lstat().st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                raise ArchiveError(f"{path!r} is a link or a special file; give plain files only")
            if stat.S_ISREG(mode) and file.suffix.lower() in TEXT_SUFFIXES:
                # O_NOFOLLOW: the file may have become a link since it was looked at.
                with os.fdopen(os.open(file, os.O_RDONLY | os.O_NOFOLLOW), "rb") as content:
                    collected.add(path, content)
    return collected.files


def _raise(error: OSError) -> None:
    raise error
