"""Foreign HTML, cleaned: known tags only, no attributes but the ones read, no address that runs code."""

import re
from collections import Counter

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PreformattedString, Tag
from bs4.exceptions import ParserRejectedMarkup

from lms_graphql.interop.olx.markdown import DISPLAY_FORMULA, formulas, latex
from lms_graphql.interop.olx.text import RefusedUrlError, clean, safe_url

MAX_HTML_CHARACTERS = 512 * 1024
MAX_DEPTH = 40
"""Below this depth tags are dropped and their text is kept: the converter calls itself for each level."""

FORMULA = "olx-formula"
"""The tag that stands for a formula set off from the text; its text is LaTeX."""


def _words(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


DROPPED = _words(
    "script style iframe frame frameset object embed applet noscript template svg canvas audio video source track map",
    "link meta base title head button input select textarea",
)
KNOWN = _words(
    "h1 h2 h3 h4 h5 h6 p ul ol li table caption thead tbody tfoot tr th td blockquote pre dl dt dd hr br a img b",
    "strong i em del s sub sup code kbd samp div section article figure figcaption",
)
_CONTAINERS = _words("header footer main aside nav center details summary form fieldset address body html")
_KEPT_ATTRIBUTES = {"a": "href", "img": "src"}
_SPACE = re.compile(r"\s+")


class UnreadableHtmlError(ValueError):
    """HTML that the parser gives up on, or too much of it."""


def sanitize(html: str) -> tuple[BeautifulSoup, Counter[str]]:
    """The cleaned document, and what was dropped from it: name → how often. Raises UnreadableHtmlError."""
    if len(html) > MAX_HTML_CHARACTERS:
        raise UnreadableHtmlError(f"more than {MAX_HTML_CHARACTERS:,} characters of HTML")
    try:
        # Within a tag of ours, text that looks like a file's name or like XML is no cause for a warning.
        soup = BeautifulSoup(f"<div>{clean(html)}</div>", "html.parser")
    except ParserRejectedMarkup:
        raise UnreadableHtmlError("HTML that cannot be parsed") from None
    dropped: Counter[str] = Counter()
    for text in soup.find_all(string=lambda string: isinstance(string, PreformattedString)):
        text.extract()
    _drop_tags(soup, dropped)
    _flatten(soup)
    for tag in soup.find_all(True):
        _clean_attributes(tag, dropped)
        if tag.name not in KNOWN:
            tag.name = "div" if tag.name in _CONTAINERS else "span"
    _tidy_text(soup)
    return soup, dropped


def _drop_tags(soup: BeautifulSoup, dropped: Counter[str]) -> None:
    for tag in soup.find_all(list(DROPPED)):
        if tag.decomposed:
            continue
        kind = str(tag.get("type", "")).replace(" ", "")
        if tag.name == "script" and kind.startswith("math/tex"):
            left, right = (r"\[", r"\]") if "mode=display" in kind else (r"\(", r"\)")
            tag.replace_with(NavigableString(f"{left}{tag.string or ''}{right}"))
            continue
        dropped[tag.name] += 1
        tag.decompose()


def _flatten(soup: BeautifulSoup) -> None:
    depths = {id(soup): 0}
    deepest = []
    for tag in soup.find_all(True):
        depths[id(tag)] = depth = depths[id(tag.parent)] + 1
        if depth == MAX_DEPTH:
            deepest.append(tag)
    for tag in deepest:
        tag.string = tag.get_text(" ")


def _clean_attributes(tag: Tag, dropped: Counter[str]) -> None:
    kept = _KEPT_ATTRIBUTES.get(tag.name, "")
    dropped["event handler"] += sum(name.lower().startswith("on") for name in tag.attrs)
    address = tag.get(kept) if kept else None
    alternative = tag.get("alt")
    tag.attrs = {}
    if isinstance(address, str):
        try:
            tag[kept] = safe_url(address)
        except RefusedUrlError as refused:
            dropped[str(refused)] += 1
    if tag.name == "img" and isinstance(alternative, str):
        tag["alt"] = alternative


def _tidy_text(soup: BeautifulSoup) -> None:
    for line_break in soup.select("pre br"):
        line_break.replace_with("\n")
    for text in soup.find_all(string=True):
        if not any(parent.name in ("pre", "code") for parent in text.parents):
            text.replace_with(*_pieces(soup, _SPACE.sub(" ", text)))


def _pieces(soup: BeautifulSoup, text: str) -> list[NavigableString | Tag]:
    pieces: list[NavigableString | Tag] = []
    for is_formula, piece in formulas(text, DISPLAY_FORMULA):
        if not is_formula:
            pieces.append(NavigableString(piece))
        elif latex(piece):
            tag = soup.new_tag(FORMULA)
            tag.string = piece
            pieces.append(tag)
    return pieces
