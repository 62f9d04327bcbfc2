"""Values of inputs that the schema's types let through and that can't be stored, told as users' errors."""

import unicodedata

from lms_graphql.engine.usererrors import Refused, UserErrorCode

_INVISIBLE = {"Cc", "Cs", "Cn", "Zl", "Zp"}
"""Unicode's categories of signs that no line of text has: controls, surrogates, unassigned, separators of lines."""


def line(value: str, path: tuple[str, ...], *, most: int) -> str:
    """One line of text without the space around it, of 1 to `most` characters."""
    text = value.strip()
    if not text:
        raise Refused(UserErrorCode.INVALID, "this must not be empty", path)
    if len(text) > most:
        raise Refused(UserErrorCode.INVALID, f"this has {len(text)} characters, at most {most} can be taken", path)
    if any(unicodedata.category(sign) in _INVISIBLE for sign in text):
        raise Refused(UserErrorCode.INVALID, "this has signs that can't be shown, for example a line's end", path)
    return text
