"""Which files are taken, and whether one is what it says: by how it begins, or by being text throughout.

A closed list: nothing that a browser would run (HTML, SVG, scripts of pages) is on it, whatever its bytes are.
"""

import codecs
from collections.abc import Mapping

TEXT = b""
"""In place of how a file begins: that all of it is UTF-8 without the sign 0."""

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN = "application/vnd.oasis.opendocument"
BEGINNINGS: Mapping[str, tuple[bytes, ...]] = {
    "application/pdf": (b"%PDF-",),
    "application/zip": _ZIP,
    "application/gzip": (b"\x1f\x8b",),
    "application/json": (TEXT,),
    "application/x-ipynb+json": (TEXT,),
    f"{_OFFICE}.wordprocessingml.document": _ZIP,
    f"{_OFFICE}.spreadsheetml.sheet": _ZIP,
    f"{_OFFICE}.presentationml.presentation": _ZIP,
    f"{_OPEN}.text": _ZIP,
    f"{_OPEN}.spreadsheet": _ZIP,
    f"{_OPEN}.presentation": _ZIP,
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
    "audio/mpeg": (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2"),
    "audio/ogg": (b"OggS",),
    "video/webm": (b"\x1a\x45\xdf\xa3",),
    "video/mp4": tuple(bytes((0, 0, 0, size)) + b"ftyp" for size in range(16, 132, 4)),
    "application/xml": (TEXT,),
    "text/plain": (TEXT,),
    "text/csv": (TEXT,),
    "text/markdown": (TEXT,),
    "text/x-python": (TEXT,),
}
"""The media types that are taken, each with how its files can begin."""

IMPORTS = ("application/zip", "application/gzip", "application/json", "application/xml", "text/csv")
"""The media types of what can be imported."""
_ONLY_OURS = ("application/xml", "image/webp", "audio/mpeg", "audio/ogg", "video/webm", "video/mp4")
HANDED_IN = tuple(name for name in BEGINNINGS if name not in _ONLY_OURS)
"""The media types of what learners hand in."""
ASSETS = tuple(name for name in BEGINNINGS if name != "application/xml")
"""The media types of what authors put into courses."""

LONGEST_BEGINNING = 8


class Judge:
    """Looks at a file as it goes by, and tells whether it can be of its media type."""

    def __init__(self, media_type: str) -> None:
        self._beginnings = BEGINNINGS[media_type]
        self._seen = b""
        self._decoder = codecs.getincrementaldecoder("utf-8")() if TEXT in self._beginnings else None

    def fits(self, chunk: bytes, *, final: bool = False) -> bool:
        """Whether what has gone by so far, with this chunk, can be; `final` says that nothing follows."""
        if self._decoder is not None:
            return self._is_text(self._decoder, chunk, final=final)
        if len(self._seen) < LONGEST_BEGINNING:
            self._seen += chunk[: LONGEST_BEGINNING - len(self._seen)]
        enough = final or len(self._seen) == LONGEST_BEGINNING
        return not enough or self._seen.startswith(self._beginnings)

    @staticmethod
    def _is_text(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool) -> bool:
        try:
            decoder.decode(chunk, final)
        except UnicodeDecodeError:
            return False
        return b"\0" not in chunk
