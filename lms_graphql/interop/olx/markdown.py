"""From cleaned HTML to Markdown in which nothing that was text becomes markup, and no HTML is left."""

import re
from collections.abc import Iterator

from bs4 import BeautifulSoup
from bs4.element import Tag
from markdownify import MarkdownConverter

from lms_graphql.interop.olx.text import TAG_START

_SPECIAL = re.compile(r"([\\`*_\[\]~$])")
_LINE_START = re.compile(r"^(\s*)([#>+=|-]|\d+(?=[.)]))")
_BREAKS_OUT = re.compile(r"[$`]|\\\Z|\A\Z")
_ENTITY = re.compile(r"&(?=#?\w+;)")

INLINE_FORMULA = {r"\(": r"\)", "[mathjaxinline]": "[/mathjaxinline]"}
DISPLAY_FORMULA = {r"\[": r"\]", "[mathjax]": "[/mathjax]"}


def formulas(text: str, delimiters: dict[str, str]) -> Iterator[tuple[bool, str]]:
    """The text in pieces: (False, what lies between formulas) and (True, a formula without its delimiters).

    An opening delimiter that is never closed is text. Takes time in proportion to the text, whatever is in it.
    """
    opening = re.compile("|".join(map(re.escape, delimiters)))
    unclosed: set[str] = set()
    done = at = 0
    while (start := opening.search(text, at)) is not None:
        at = start.end()
        closing = delimiters[start[0]]
        end = -1 if start[0] in unclosed else text.find(closing, at)
        if end < 0:
            unclosed.add(start[0])
            continue
        yield False, text[done : start.start()]
        yield True, latex(text[at:end])
        done = at = end + len(closing)
    yield False, text[done:]


def latex(formula: str) -> str:
    r"""The formula on one line, neither HTML nor a Markdown link: `\lt ` means the same as `<`, and `] (` as `](`."""
    return TAG_START.sub(r"\\lt ", " ".join(formula.split())).replace("](", "] (")


def escaped(text: str) -> str:
    r"""Text as Markdown that shows just this text. Inline formulas become `$…$`, as Markdown dialects have it."""
    return "".join(
        f"${piece}$" if is_formula and not _BREAKS_OUT.search(piece) else _escaped_words(piece)
        for is_formula, piece in formulas(text, INLINE_FORMULA)
    )


def _escaped_words(text: str) -> str:
    text = _SPECIAL.sub(r"\\\1", text)
    text = _LINE_START.sub(_escaped_line_start, text)
    return _ENTITY.sub("&amp;", text).replace("<", "&lt;")


def _escaped_line_start(match: re.Match[str]) -> str:
    # A backslash before a digit would stay visible; the dot after it can be escaped only where the number ends.
    space, sign = match.groups()
    return f"{space}{sign}\\" if sign[0].isdigit() else f"{space}\\{sign}"


def _verbatim(code: str) -> str:
    """Code that must not stand between backticks, as text: its line breaks and its indents are kept."""
    lines = code.expandtabs(4).split("\n")
    indented = (line.replace(" ", "\N{NO-BREAK SPACE}", len(line) - len(line.lstrip(" "))) for line in lines)
    return "\\\n".join(escaped(line) or "\N{NO-BREAK SPACE}" for line in indented)


class _Converter(MarkdownConverter):
    """Our escapes instead of the library's, and code that cannot break out of its backticks."""

    def escape(self, text: str, parent_tags: set[str]) -> str:
        text = escaped(text)
        return text.replace("|", r"\|") if parent_tags & {"td", "th"} else text

    def convert_a(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        label, href = text.strip(), el.get("href")
        if "_noformat" in parent_tags or not label or not href:
            return text
        # Markdown decodes entities in an address; a second round of decoding could make another address of it.
        address = _ENTITY.sub("&amp;", str(href))
        before, after = (" " if end.isspace() else "" for end in (text[0], text[-1]))
        return f"{before}[{label}]({address}){after}"

    def convert_code(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        if "_noformat" in parent_tags:
            return text
        code = " ".join(el.get_text().split())
        if not code or TAG_START.search(code) or "`" in code:
            return escaped(code)
        return f"`{code.replace('|', chr(92) + '|')}`" if parent_tags & {"td", "th"} else f"`{code}`"

    convert_kbd = convert_code
    convert_samp = convert_code

    def convert_pre(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        code = el.get_text().strip("\n").rstrip()
        if not code.strip():
            return ""
        if "_inline" in parent_tags:
            return self.convert_code(el, text, parent_tags - {"_noformat"})
        # Many viewers of Markdown pass tags through even from code, so code that shows a tag is written as text.
        if TAG_START.search(code) or "```" in code:
            return f"\n\n{_verbatim(code)}\n\n"
        return f"\n\n```\n{code}\n```\n\n"


_converter = _Converter(autolinks=False, bullets="-", heading_style="atx", newline_style="backslash")


def markdown(element: Tag) -> str:
    """The Markdown of an element and what is in it, taken out of its document; it must be clean (see `sanitize`)."""
    document = BeautifulSoup("", "html.parser")
    document.append(element)
    return _converter.convert_soup(document).strip()
