"""Texts of several lines in inputs: what the schema's types let through and that can't be stored is a user's error."""

import unicodedata

from lms_graphql.engine.usererrors import Refused, UserErrorCode

_BREAKS = {"\n", "\t"}
_UNSEEN = {"Cc", "Cs"}
"""Unicode's categories of signs that no text has: controls, but for line ends and tabs, and halves of signs."""


def prose(value: str, path: tuple[str, ...], *, most: int) -> str:
    """A text of 1 to `most` characters in Unicode's form NFC, its lines ended by LF, without empty lines around it.

    What stands before its first word stays: Markdown tells code by that. Raises Refused, INVALID.
    """
    text = unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n")).rstrip().lstrip("\n")
    if not text.strip():
        raise Refused(UserErrorCode.INVALID, "this must not be empty", path)
    if len(text) > most:
        raise Refused(UserErrorCode.INVALID, f"this has {len(text)} characters, at most {most} can be taken", path)
    if any(sign not in _BREAKS and unicodedata.category(sign) in _UNSEEN for sign in text):
        raise Refused(UserErrorCode.INVALID, "this has control characters, which can't be shown", path)
    return text
