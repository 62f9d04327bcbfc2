"""A Markdown text as the blocks of an article: by the rules of CommonMark, with formulas between lines of $$.

Whatever has no block of its own and is words stays Markdown, as a paragraph: lists, quotations, code. What would be
lost is told with its line instead.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

from lms_graphql.content.markup import Reader

LONGEST = 60_000
_ASSET = re.compile(r"asset:(\S+)")
_PLAIN = {"text", "text_special", "softbreak"}
_SOURCE = {"fence", "code_block", "blockquote_open", "bullet_list_open", "ordered_list_open"}
"""What stays Markdown."""


class Article(NamedTuple):
    """Blocks as they are stored, each with the line where it begins; and what is wrong, by its line.

    A block that is an image of the library has `asset`, the text that names it, in place of `asset_id`.
    """

    blocks: list[tuple[int, dict[str, Any]]]
    wrong: list[tuple[int, str]]


class _Wrong(Exception):  # noqa: N818 - the author's mistake
    """Ends the reading of one block; `line` is None for the block's own."""

    def __init__(self, said: str, line: int | None = None) -> None:
        super().__init__(said)
        self.line = line


def read_article(text: str) -> Article:
    """The blocks of a Markdown text; what its author has to mend is in `wrong`, all of it."""
    if len(text) > LONGEST:
        return Article([], [(1, f"this has {len(text)} characters, at most {LONGEST} can be taken")])
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    known: dict[str, Any] = {}
    tokens = _reader.parse(text, known)
    lines = text.split("\n")
    article = Article([], [])
    for reference in known.get("references", {}).values():
        article.wrong.append((reference["map"][0] + 1, "write the address where the link is, not apart from it"))
    for group in _groups(tokens):
        begins, ends = group[0].map or [0, 0]
        try:
            block = _block(group, "\n".join(lines[begins:ends]))
        except _Wrong as wrong:
            article.wrong.append((wrong.line or begins + 1, str(wrong)))
        else:
            article.blocks.append((begins + 1, block))
    article.wrong.sort()
    return article


def _groups(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """The tokens of each block at the top."""
    group: list[Token] = []
    for token in tokens:
        group.append(token)
        if token.level == 0 and token.nesting <= 0:
            yield group
            group = []


def _block(group: Sequence[Token], source: str) -> dict[str, Any]:
    first = group[0]
    if first.type == "heading_open":
        return {"type": "heading", "level": int(first.tag[1]), "text": _plain(group[1], "a heading is plain text")}
    if first.type == "paragraph_open":
        return _paragraph(group[1])
    if first.type == "formula":
        return _formula(first)
    if first.type in _SOURCE:
        links = _links(group) if first.type == "bullet_list_open" else None
        return {"type": "link_list", "items": links} if links else _as_source(group, source.rstrip())
    known = {"hr": "there is no block for a line across", "html_block": "HTML is not taken: write Markdown"}
    raise _Wrong(known.get(first.type, f"there is no block for this ({first.type})"))


def _formula(token: Token) -> dict[str, Any]:
    if token.meta.get("is_open"):
        raise _Wrong("the formula is not closed: a line must end with $$")
    return {"type": "math", "latex": token.content}


def _paragraph(inline: Token) -> dict[str, Any]:
    inside = [one for one in inline.children or () if one.content or one.type not in _PLAIN]
    if len(inside) == 1 and inside[0].type == "image":
        return _image(inside[0])
    _require_no_image([inline])
    return {"type": "paragraph", "text": inline.content}


def _image(token: Token) -> dict[str, Any]:
    address = str(token.attrGet("src") or "")
    named = _ASSET.fullmatch(address)
    about = {"alt_text": token.content.strip(), "caption": str(token.attrGet("title") or "").strip()}
    where = {"url": address} if named is None else {"asset": named[1]}
    return {"type": "image", **where, **{name: text for name, text in about.items() if text}}


def _links(group: Sequence[Token]) -> list[dict[str, str]] | None:
    """The links of a list that has nothing else in it; None where it has."""
    lists = [token.type for token in group if token.type.endswith("list_open")]
    inlines = [token for token in group if token.type == "inline"]
    others = {"fence", "code_block", "html_block", "heading_open", "blockquote_open", "formula", "hr"}
    items = sum(token.type == "list_item_open" for token in group)
    if len(lists) > 1 or len(inlines) != items or any(token.type in others for token in group):
        return None
    found = [_link(inline.children or ()) for inline in inlines]
    return None if None in found else [link for link in found if link is not None]


def _link(inside: Sequence[Token]) -> dict[str, str] | None:
    inside = [one for one in inside if one.content or one.type not in _PLAIN]
    if len(inside) < 3 or (inside[0].type, inside[-1].type) != ("link_open", "link_close"):
        return None
    if any(one.type not in _PLAIN for one in inside[1:-1]) or inside[0].attrGet("title"):
        return None
    return {"label": _words(inside[1:-1]), "url": str(inside[0].attrGet("href") or "")}


def _as_source(group: Sequence[Token], source: str) -> dict[str, Any]:
    _require_no_image(group)
    formula = next((token for token in group if token.type == "formula"), None)
    if formula is not None:
        raise _Wrong("a formula between lines of $$ stands by itself, not within a list or a quotation", _line(formula))
    return {"type": "paragraph", "text": source}


def _require_no_image(group: Sequence[Token]) -> None:
    for token in group:
        if any(one.type == "image" for one in token.children or ()):
            raise _Wrong("an image stands in a paragraph of its own", _line(token))


def _plain(inline: Token, said: str) -> str:
    inside = inline.children or ()
    if any(one.type not in _PLAIN for one in inside):
        raise _Wrong(f"{said}, without emphasis, code, links or images")
    return _words(inside)


def _words(inside: Sequence[Token]) -> str:
    return "".join(" " if one.type == "softbreak" else one.content for one in inside).strip()


def _line(token: Token) -> int | None:
    return None if token.map is None else token.map[0] + 1


def _read_formula(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """The rule of a block that begins with a line `$$…` and ends with a line `…$$`."""
    if state.is_code_block(start) or not _line_of(state, start).startswith("$$"):
        return False
    if silent:
        return True
    lines = [_line_of(state, start)[2:]]
    at = start + 1
    while not lines[-1].endswith("$$") and at < end and state.sCount[at] >= state.blkIndent:
        lines.append(_line_of(state, at))
        at += 1
    token = state.push("formula", "", 0)
    token.content = "\n".join(lines).removesuffix("$$").strip()
    token.map = [start, at]
    token.meta = {"is_open": not lines[-1].endswith("$$")}
    state.line = at
    return True


def _line_of(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]].rstrip()


_reader = Reader()
_reader.block.ruler.before("fence", "formula", _read_formula, {"alt": ["paragraph", "reference", "blockquote", "list"]})
