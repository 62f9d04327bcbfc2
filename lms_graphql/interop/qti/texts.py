r"""Markdown as XHTML, and back: a small part of both, in which nothing runs and nothing is fetched.

Another program sees paragraphs, headings, lists, emphasis, code, links, and formulas as `\(…\)`. Where that does not
tell all of the Markdown it came from, this stands beside it in an instruction; it is taken only as long as what it
shows is what stands there, so that a text that somebody changed is read as it is.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Sequence
from xml.etree.ElementTree import Element, tostring

from lms_graphql.interop.olx.article import as_markdown, read_article
from lms_graphql.interop.olx.markdown import escaped
from lms_graphql.interop.olx.sanitize import UnreadableHtmlError
from lms_graphql.interop.qti.elements import UnmappedError, elements, instructed, instruction, is_instruction, made

_TARGET = "lms-markdown"
_LISTS = {"ul", "ol", "li", "dl", "dt", "dd", "table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"}
_BLOCKS = {"p", "div", "pre", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "hr"}
_KNOWN = _LISTS | _BLOCKS | {"span", "br", "strong", "b", "em", "i", "code", "kbd", "samp", "a"}
_FILES = {"img", "object", "audio", "video", "source", "embed", "iframe"}
_BLANK = re.compile(r"\n[ \t]*\n")
_HEADING = re.compile(r"(#{1,6}) (\S.*)")
_ITEM = re.compile(r"(- |[0-9]{1,9}[.)] )(\S.*)")
_INLINE = re.compile(
    r"\\(?P<escape>[!-/:-@\[-`{-~])|(?P<hard>\\\n)|`(?P<code>[^`\n]+)`|\$(?P<math>[^$\n]+)\$"
    r"|\*\*(?P<strong>[^*\n]+)\*\*|\*(?P<em>[^*\n]+)\*|\[(?P<label>[^\[\]\n]+)\]\((?P<href>https?://[^()\s<>]+)\)"
    r"|&(?P<entity>lt|gt|amp);"
)
_LONGEST = 60_000
"""Of the XHTML of one text, in characters: what is longer would not be a question's after all."""
_MOST_ELEMENTS = 500
"""Of one text: what turns HTML into Markdown takes four times as long for twice as many."""
_ENTITIES = {"lt": "<", "gt": ">", "amp": "&"}


# ---- Markdown as XHTML


def blocks(text: str) -> list[Element]:
    """A text of any length as elements of XHTML; what is none of the Markdown known here is shown as it is written."""
    return [_block(part) for part in _BLANK.split(text.strip("\n"))]


def _block(part: str) -> Element:
    lines = part.split("\n")
    heading = _HEADING.fullmatch(part)
    if heading is not None:
        return made(f"h{len(heading[1])}", *_inline(heading[2]))
    items = [_ITEM.fullmatch(line) for line in lines]
    if all(item is not None for item in items):
        kinds = {item[1][0] == "-" for item in items if item is not None}
        if len(kinds) == 1:
            parts = [made("li", *_inline(item[2])) for item in items if item is not None]
            return made("ul" if kinds == {True} else "ol", *parts)
    return made("p", *_inline(part))


def _inline(text: str) -> Iterator[Element | str]:
    done = 0
    for match in _INLINE.finditer(text):
        yield text[done : match.start()]
        done = match.end()
        yield _one(match)
    yield text[done:]


def _one(match: re.Match[str]) -> Element | str:
    kind = match.lastgroup or ""
    said = match[kind]
    if kind in ("strong", "em"):
        return made(kind, *_inline(said))
    if kind == "href":
        return made("a", *_inline(match["label"]), href=said)
    if kind == "code":
        return made("code", said)
    if kind == "hard":
        return made("br")
    if kind == "math":
        return rf"\({said}\)"
    return _ENTITIES.get(said, said) if kind == "entity" else said


def words(text: str) -> str:
    """What a text says without any markup, on one line."""
    return " ".join(" ".join("".join(block.itertext()) for block in blocks(text)).split())


def text_in(tag: str, text: str, **attributes: str) -> Element:
    """An element that shows a text."""
    shown = made(tag, *blocks(text), **attributes)
    return shown if read_blocks(shown) == text else _carrying(shown, text)


def words_in(tag: str, text: str, **attributes: str) -> Element:
    """An element that shows a text where there may be nothing but words."""
    shown = made(tag, words(text), **attributes)
    return shown if escaped(words(text)) == text else _carrying(shown, text)


def _carrying(element: Element, text: str) -> Element:
    said: Element = instruction(_TARGET, base64.b64encode(text.encode()).decode())
    said.tail, element.text = element.text, None
    element.insert(0, said)
    return element


# ---- XHTML as Markdown


def read_text(element: Element) -> str:
    """The Markdown of an element that shows a text; raises UnmappedError for what has no place in Markdown."""
    carried = _carried(element)
    if carried is not None and _shown(made("div", *blocks(carried))) == _shown(element):
        return carried
    return read_blocks(element)


def read_words(element: Element) -> str:
    """The Markdown of an element with nothing but words."""
    if any(child is not element for child in elements(element)):
        raise UnmappedError(f"its {element.tag} has more than words")
    said, carried = "".join(_texts(element)), _carried(element)
    if carried is not None and words(carried) == said:
        return carried
    return escaped(" ".join(said.split()))


def _texts(element: Element) -> Iterable[str]:
    yield element.text or ""
    yield from (child.tail or "" for child in element)


def _carried(element: Element) -> str | None:
    said = instructed(element, _TARGET)
    try:
        return None if said is None else base64.b64decode(said, validate=True).decode()
    except (binascii.Error, ValueError):
        return None


def _shown(element: Element) -> str:
    """The inside of an element as it is written, without instructions."""
    parts = (child.tail or "" if is_instruction(child) else tostring(child, "unicode") for child in element)
    return (element.text or "") + "".join(parts)


def read_blocks(element: Element) -> str:
    """The Markdown of what is in an element, by that alone."""
    for inner in elements(element):
        if inner is not element and inner.tag not in _KNOWN:
            if inner.tag in _FILES:
                raise UnmappedError(f"it has images or other files ({inner.tag}), which are not taken over")
            raise UnmappedError(f"the element {inner.tag[:40]} has no place in a text here")
    if sum(1 for _ in elements(element)) > _MOST_ELEMENTS:
        raise UnmappedError(f"one of its texts has more than {_MOST_ELEMENTS} elements")
    html = _html(element)
    if len(html) > _LONGEST:
        raise UnmappedError(f"one of its texts has more than {_LONGEST:,} characters")
    try:
        article = read_article(html)
    except UnreadableHtmlError as error:
        raise UnmappedError(str(error)) from None
    if article.dropped:
        raise UnmappedError(f"a part of it would be lost: {', '.join(sorted(article.dropped))}")
    return as_markdown(article.blocks)


def _html(element: Element) -> str:
    """The inside of an element as HTML, without attributes but addresses."""
    copy = Element("div")
    copy.text = element.text
    for child in element:
        if is_instruction(child):
            _append(copy, child.tail or "")
        else:
            copy.append(child)
    return tostring(copy, "unicode", method="html")


def _append(element: Element, text: str) -> None:
    if len(element):
        element[-1].tail = (element[-1].tail or "") + text
    else:
        element.text = (element.text or "") + text


def joined(parts: Sequence[str]) -> str:
    """Texts as one, each a paragraph of its own."""
    return "\n\n".join(part for part in parts if part)
