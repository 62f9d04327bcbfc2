"""Markdown that is kept as such: without HTML, and with links that lead nowhere but out.

It is read by the rules of CommonMark, so that code may show tags, and a link that hides from a search is found.
"""

import re
from collections.abc import Iterator
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from lms_graphql.content.addresses import leads_out
from lms_graphql.content.values import Check, Place, Problems, prose

_SUSPECT = re.compile(r"<|\]\s*[(:]")
"""Without any of these a text has neither HTML nor links."""
_TAG = re.compile(r"<[A-Za-z/!?]")
_SHOWN = 40


class Reader(MarkdownIt):
    """CommonMark; links of every kind are links, so that they can be judged, and what was escaped stays apart."""

    def __init__(self) -> None:
        super().__init__("commonmark")
        self.disable("text_join")

    def validateLink(self, url: str) -> bool:  # noqa: N802, ARG002 - the library's name
        """Whether a link is one at all: always."""
        return True


_reader = Reader()


def markdown(most: int) -> Check:
    """A text in Markdown of at most so many characters."""
    text = prose(most)

    def checked(problems: Problems, place: Place, value: Any) -> Any:
        kept = text(problems, place, value)
        wrong = None if kept is None else fault(kept)
        if wrong is not None:
            problems.tell(place, wrong)
        return kept

    return checked


def fault(text: str) -> str | None:
    """Why a text can't be taken; None if it can."""
    if not _SUSPECT.search(text):
        return None
    return next((wrong for token in tokens(text) if (wrong := _fault_of(token)) is not None), None)


def parse(text: str) -> list[Token]:
    """The blocks of a text as the library's tokens, what is within a line as their children."""
    return _reader.parse(text)


def tokens(text: str) -> Iterator[Token]:
    """All tokens of a text, in its order."""
    for token in parse(text):
        yield token
        yield from token.children or ()


def _fault_of(token: Token) -> str | None:
    is_html = token.type in ("html_block", "html_inline") or (token.type == "text" and _TAG.search(token.content))
    if is_html:
        shown = _TAG.search(token.content)
        start = 0 if shown is None else shown.start()
        begins = " ".join(token.content[start : start + _SHOWN].split())
        return f"{begins!r} could be read as HTML: write &lt; for the sign, or put code between backticks"
    target = token.attrGet("href") or token.attrGet("src") or ""
    if not leads_out(str(target)):
        return f"the link to {str(target)[:_SHOWN]!r} is not taken: http, https, mailto or tel"
    return None
