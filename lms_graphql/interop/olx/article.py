"""The HTML of an article as the blocks of a text payload."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from bs4.element import PageElement, Tag

from lms_graphql.interop.olx.markdown import escaped, markdown
from lms_graphql.interop.olx.sanitize import FORMULA, sanitize
from lms_graphql.interop.olx.source import Block, Source
from lms_graphql.interop.olx.text import is_asset, plain

_HEADING = re.compile(r"h[1-6]")
_WHOLE = ("ul", "ol", "table", "blockquote", "pre", "dl")
"""Elements that become one paragraph block each, with all that is in them."""
_BLOCKS = [*_WHOLE, "h1", "h2", "h3", "h4", "h5", "h6", "p", "hr", "div", "section", "article", "figure", "figcaption"]
_SET_OFF = ["img", FORMULA]


class Article(NamedTuple):
    """An article: its blocks in the names of `content.payloads`, and what became of the rest."""

    blocks: list[dict[str, Any]]
    words: int
    dropped: Counter[str]
    assets: list[str]


def read_article(html: str) -> Article:
    """The blocks of a piece of HTML; raises UnreadableHtmlError."""
    soup, dropped = sanitize(html)
    links = [str(tag.get("href") or tag.get("src") or "") for tag in soup.find_all(["a", "img"])]
    builder = _Builder()
    builder.walk(soup)
    words = sum(len(str(block.get("text", "")).split()) for block in builder.blocks)
    return Article(builder.blocks, words, +dropped, [link for link in links if is_asset(link)])


def report_article(source: Source, block: Block, article: Article) -> None:
    """Report the files of the course that an article of a block refers to, and what was dropped from it."""
    source.note_assets(article.assets)
    if article.dropped:
        what = ", ".join(f"{name} ×{count}" for name, count in sorted(article.dropped.items()))
        source.report.leave_out(f"{block.tag} markup", block.external_id, f"dropped: {what}")


def text_of(html: str) -> str:
    """The words of a piece of HTML on one line, without any markup; raises UnreadableHtmlError."""
    soup, _ = sanitize(html)
    return plain(soup.get_text(" "))


def as_markdown(blocks: Iterable[dict[str, Any]]) -> str:
    """The blocks as one Markdown document, for the kinds of item that hold text in a single field."""
    return "\n\n".join(_block_as_markdown(block) for block in blocks)


def _block_as_markdown(block: dict[str, Any]) -> str:
    match block["type"]:
        case "heading":
            return f"{'#' * block['level']} {escaped(block['text'])}"
        case "image":
            return f"![{escaped(block.get('alt_text', ''))}]({block['url']})"
        case "math":
            return f"$$\n{block['latex']}\n$$"
        case _:
            return str(block["text"])


class _Builder:
    """Walks the document and collects its blocks."""

    def __init__(self) -> None:
        self.blocks: list[dict[str, Any]] = []

    def walk(self, container: Tag) -> None:
        """Turn what is in a container into blocks; what stands between two block elements is a paragraph."""
        run: list[PageElement] = []
        for child in list(container.children):
            if isinstance(child, Tag) and (child.name in _BLOCKS or child.find(_BLOCKS) is not None):
                self._paragraph(run)
                run = []
                self._element(child)
            else:
                run.append(child)
        self._paragraph(run)

    def _element(self, element: Tag) -> None:
        if _HEADING.fullmatch(element.name):
            set_off = _take_out(element)
            if text := plain(element.get_text()):
                self.blocks.append({"type": "heading", "level": int(element.name[1]), "text": text})
            self.blocks += set_off
        elif element.name in _WHOLE:
            set_off = _take_out(element)
            self._add_text(element)
            self.blocks += set_off
        else:
            self.walk(element)

    def _paragraph(self, run: list[PageElement]) -> None:
        paragraph = Tag(name="p")
        for node in run:
            if not isinstance(node, Tag):
                paragraph.append(node)
                continue
            holder = Tag(name="span")
            holder.append(node)
            set_off = _take_out(holder)
            paragraph.append(holder)
            if set_off:
                self._add_text(paragraph)
                self.blocks += set_off
                paragraph = Tag(name="p")
        self._add_text(paragraph)

    def _add_text(self, element: Tag) -> None:
        if element.get_text(strip=True) and (text := markdown(element)):
            self.blocks.append({"type": "paragraph", "text": text})


def _take_out(element: Tag) -> list[dict[str, Any]]:
    """Remove the images and formulas from an element and return them as blocks."""
    blocks = []
    for tag in element.find_all(_SET_OFF):
        if tag.name == FORMULA:
            blocks.append({"type": "math", "latex": tag.get_text()})
        elif url := tag.get("src"):
            blocks.append(_image(tag, str(url)))
        link = tag.find_parent("a")
        tag.extract()
        if link is not None and not link.get_text(strip=True) and (label := plain(str(tag.get("alt") or ""))):
            link.append(label)  # a link around an image keeps its place as a link with the image's words
    return blocks


def _image(tag: Tag, url: str) -> dict[str, Any]:
    alternative = plain(str(tag.get("alt") or ""))
    return {"type": "image", "url": url} | ({"alt_text": alternative} if alternative else {})
