"""E-mail addresses, as whoever makes accounts and members must take them."""

import re

from lms_graphql.engine.inputs import line
from lms_graphql.engine.usererrors import Refused, UserErrorCode

LONGEST_ADDRESS = 255
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_FORM = re.compile(rf"[^\s\x00-\x1f\x7f@\"(),:;<>\[\\\]]{{1,64}}@(?:{_LABEL}\.)+{_LABEL}")
"""One sign @, something before it, and behind it the name of a host with a dot in it, in whatever script."""


def address(value: str, path: tuple[str, ...]) -> str:
    """An e-mail address without the space around it; INVALID for what no mail could be sent to."""
    text = line(value, path, most=LONGEST_ADDRESS)
    if not is_address(text):
        raise Refused(UserErrorCode.INVALID, "this is no e-mail address, such as ada@university.example", path)
    return text


def is_address(text: str) -> bool:
    """Whether a text is an e-mail address by its form; whether anybody reads mail there is not asked."""
    return len(text) <= LONGEST_ADDRESS and _FORM.fullmatch(text) is not None and ".." not in text.partition("@")[0]
