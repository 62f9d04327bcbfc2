"""Addresses that content leads to: such that nothing but a page or a file is behind them."""

import re
from typing import Any
from urllib.parse import urlsplit

from lms_graphql.content.values import Check, Place, Problems, line

LONGEST = 1024
_UNSAFE = re.compile(r'[\s<>"\\^`{|}]')
_SCHEMES = ("https", "http")
_IN_TEXTS = (*_SCHEMES, "mailto", "tel")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")


def address(*, relative: bool = False) -> Check:
    """An address with http or https, of at most 1024 characters and without a name and a password in it.

    With `relative` it may also be the path of a file of a course package, as in imported courses: `/static/a.png`.
    """
    one_line = line(LONGEST)

    def checked(problems: Problems, place: Place, value: Any) -> Any:
        kept = one_line(problems, place, value)
        wrong = None if kept is None else fault(kept, relative=relative)
        if wrong is not None:
            problems.tell(place, wrong)
        return kept

    return checked


def fault(url: str, *, relative: bool = False) -> str | None:
    """Why an address of one line can't be taken; None if it can."""
    if _UNSAFE.search(url):
        return "this has a sign that no address has; write it percent-encoded"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "this is no address"
    if relative and not parts.scheme and not parts.netloc and parts.path:
        return None
    if parts.scheme not in _SCHEMES or not host:
        return "this must be an address that begins with https:// or http://"
    if parts.username is not None or parts.password is not None:
        return "this must be an address without a name and a password in it"
    return None


def leads_out(target: str) -> bool:
    """Whether a link in a text may lead there: to http, https, mailto or tel, or within its own place."""
    scheme = _SCHEME.match("".join(target.split()))
    return scheme is None or scheme[1].lower() in _IN_TEXTS
