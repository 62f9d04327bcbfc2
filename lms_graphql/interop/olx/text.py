"""Text and addresses out of foreign files: cleaned, shortened, made harmless."""

import re

MAX_TITLE = 255
MAX_URL = 1024

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_TAG = re.compile(r"<(/?[A-Za-z!?][^<>]*)>")
TAG_START = re.compile(r"<(?=[A-Za-z/!?])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_UNSAFE_IN_URL = re.compile(r"""[\s"<>\\^`{|}()]""")
_MAX_WHOLE_NUMBER = 1_000_000
_ALLOWED_SCHEMES = frozenset({"http", "https", "mailto", "tel"})


class RefusedUrlError(ValueError):
    """An address that is not taken over; the message is the short reason."""


def clean(text: str) -> str:
    """The text without what PostgreSQL cannot keep: NUL characters and lone surrogates."""
    return _UNSTORABLE.sub("", text)


def plain(text: str) -> str:
    """One line of text that holds nothing a browser could read as a tag: angle brackets of tags become ‹ and ›."""
    line = " ".join(clean(text).split())
    return TAG_START.sub("‹", _TAG.sub(r"‹\1›", line))


def title(text: str, default: str) -> str:
    """A title of at most 255 characters on one line, or the default when there is none."""
    line = " ".join(clean(text).split())
    if len(line) > MAX_TITLE:
        line = line[: MAX_TITLE - 1].rstrip() + "…"
    return line or default


def whole_number(text: str) -> int | None:
    """A whole number that is not negative, in quotes or not; None for anything else, also for a very large one."""
    text = text.strip(' "')
    if not text.isascii() or not text.isdigit() or len(text) > len(str(_MAX_WHOLE_NUMBER)):
        return None
    return int(text)


def safe_url(raw: str) -> str:
    """The address with its odd characters percent-encoded; raises RefusedUrlError unless its scheme is harmless."""
    url = _CONTROL.sub("", raw).strip()
    if not url:
        raise RefusedUrlError("empty address")
    scheme = _SCHEME.match(url)
    if scheme is not None and scheme[1].lower() not in _ALLOWED_SCHEMES:
        raise RefusedUrlError("address of another kind than http, https, mailto or tel")
    url = _UNSAFE_IN_URL.sub(_percent, url)
    if len(url) > MAX_URL:
        raise RefusedUrlError(f"address longer than {MAX_URL} characters")
    return url


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode())


def is_asset(url: str) -> bool:
    """Whether an address names a file of the course package."""
    return url.startswith(("/static/", "static/", "/c4x/", "/assets/courseware/")) or "asset-v1:" in url
