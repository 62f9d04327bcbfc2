"""The text of a problem, cut into the texts of its questions.

A problem of Open edX asks one or several things on one page. Here each is a question that may be drawn alone, so each
has to bring all the text along that it needs. Where every question has words of its own, it gets these, and what stands
before the first. Where the questions are gaps in one text (in a sentence, in a table), each gets the whole text with
its gaps numbered, and the number that it asks for.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element, tostring

from lms_graphql.interop.olx.article import as_markdown, read_article
from lms_graphql.interop.olx.markdown import escaped
from lms_graphql.interop.olx.text import plain

MAX_DEPTH = 40
GAP = "(…)"
CHOICES = frozenset({"choicegroup", "checkboxgroup", "radiogroup"})
FIELDS = CHOICES | {"optioninput", "textline", "formulaequationinput"}
_SENTENCES = frozenset({"p", "td", "th", "dd", "span", "b", "i", "em", "strong", "h1", "h2", "h3", "h4", "h5", "h6"})
"""Elements in which a response is a gap in a text."""
_AS_PARAGRAPH = frozenset({"label", "legend", "description"})
_EMPTY = frozenset({"img", "br", "hr"})
_CELLS = frozenset({"td", "th"})
_NO_TEXT = frozenset(
    {
        *("solution", "solutionset", "demandhint", "hintgroup", "choicehint", "optionhint", "compoundhint"),
        *("correcthint", "stringequalhint", "regexphint", "additional_answer", "targetedfeedbackset", "responseparam"),
        "answer",
    }
)
"""Elements that are no part of a question's text; others read them."""


class Unit(NamedTuple):
    """One thing that a problem asks: its response, and the field to fill in. Options may share their response."""

    response: Element
    field: Element | None

    @property
    def end(self) -> Element:
        """The element after which the text of the next question begins."""
        return self.response if self.field is None else self.field


def is_response(element: Element) -> bool:
    """Whether an element asks something."""
    return str(element.tag).endswith("response")


def is_program(element: Element) -> bool:
    """Whether an element is code that Open edX runs for the problem; JavaScript runs in the browser."""
    kind = element.get("type", "")
    return element.tag == "script" and "javascript" not in kind and "math/tex" not in kind


def units(problem: Element) -> list[Unit]:
    """Everything that a problem asks, in order."""
    found = []
    for response in _responses(problem):
        fields = list(response.iter("optioninput")) if response.tag == "optionresponse" else []
        found += [Unit(response, field) for field in fields] if len(fields) > 1 else [Unit(response, None)]
    return found


def _responses(element: Element) -> Iterator[Element]:
    for child in element:
        if is_response(child):
            yield child
        elif child.tag not in _NO_TEXT:
            yield from _responses(child)


def is_too_deep(element: Element) -> bool:
    """Whether elements are nested so deeply that reading them one within the other is not safe."""
    level, depth = list(element), 0
    while level and depth <= MAX_DEPTH:
        level, depth = [inner for child in level for inner in child], depth + 1
    return bool(level)


class _Copy:
    """A copy of the parts of a problem that are wanted: `wanted(segment, inside)` for each piece of text.

    Segment n lies between the end of unit n - 1 and that of unit n; `inside` is whether the piece is within a response.
    """

    def __init__(
        self, all_units: list[Unit], wanted: Callable[[int, bool], bool], gap: Callable[[int, Element], str]
    ) -> None:
        self._ends = {unit.end for unit in all_units}
        self._wanted = wanted
        self._gap = gap
        self._segment = 0

    def of(self, element: Element, *, inside: bool = False) -> Element:
        """The copy of an element without what is not wanted."""
        copy = Element("p" if element.tag in _AS_PARAGRAPH else str(element.tag), element.attrib)
        copy.text = self._text(element.text, inside=inside)
        for child in element:
            inner = self._child(child, inside=inside)
            if child in self._ends:
                self._segment += 1
            inner.tail = self._text(child.tail, inside=inside)
            if inner.tag in _CELLS or not _is_blank(inner):
                copy.append(inner)
            else:
                _append(copy, (inner.text or "") + (inner.tail or ""))
        return copy

    def _child(self, child: Element, *, inside: bool) -> Element:
        if child.tag in FIELDS:
            copy = Element("span")
            copy.text = self._text(self._gap(self._segment, child), inside=True)
            return copy
        if child.tag in _NO_TEXT or is_program(child) or not self._is_shown(child, inside=inside):
            return Element("span")
        copy = self.of(child, inside=inside or is_response(child))
        if child.tag == "clarification" and not _is_blank(copy):
            copy.text = f" ({copy.text or ''}"
            _append(copy, ")")
        return copy

    def _is_shown(self, child: Element, *, inside: bool) -> bool:
        return child.tag not in _EMPTY or self._wanted(self._segment, inside)

    def _text(self, text: str | None, *, inside: bool) -> str | None:
        return text if self._wanted(self._segment, inside) else None


def _is_blank(element: Element) -> bool:
    return not any(inner.tag in _EMPTY for inner in element.iter()) and not "".join(element.itertext()).strip()


def _append(parent: Element, text: str) -> None:
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + text
    else:
        parent.text = (parent.text or "") + text


def text_in(element: Element) -> str:
    """What is within an element as Markdown, without fields, hints and solutions; raises UnreadableHtmlError."""
    return _markdown(_Copy([], lambda _segment, _inside: True, lambda _segment, _field: "").of(element))


def _markdown(copy: Element) -> str:
    copy.tag, copy.tail = "div", None
    return as_markdown(read_article(tostring(copy, "unicode", method="html")).blocks)


class Stems:
    """The texts of the questions of one problem."""

    def __init__(self, problem: Element, all_units: list[Unit]) -> None:
        self._problem = problem
        self._units = all_units
        self._parents = {child: parent for parent in problem.iter() for child in parent}
        self._are_apart = len(all_units) == 1 or all(map(self._stands_alone, range(len(all_units))))
        self._is_introduced = len(all_units) > 1 and self._has_text(lambda segment, inside: inside and segment == 0)

    def of(self, index: int) -> str:
        """The text of a question; raises UnreadableHtmlError."""
        if not self._are_apart:
            whole = self._copy(lambda _segment, _inside: True, lambda segment, _field: f"({segment + 1})")
            return f"{whole}\n\n**({index + 1})**"
        found = self._copy(lambda segment, inside: self._belongs(index, segment, inside), self._gap)
        if self._has_text(lambda segment, _inside: segment == index):
            return found
        return "\n\n".join(filter(None, (found, escaped(_label(self._units[index])))))

    def _copy(self, wanted: Callable[[int, bool], bool], gap: Callable[[int, Element], str]) -> str:
        return _markdown(_Copy(self._units, wanted, gap).of(self._problem))

    def _belongs(self, index: int, segment: int, inside: bool) -> bool:
        last = len(self._units) - 1
        return (
            segment == index
            or (segment == 0 and not inside and self._is_introduced)
            or (index == last and segment > last)
        )

    def _stands_alone(self, index: int) -> bool:
        """Whether a question has words of its own and is no gap in a text."""
        unit = self._units[index]
        has_words = self._has_text(lambda segment, _inside: segment == index) or bool(_label(unit))
        return has_words and not self._is_gap(unit)

    def _has_text(self, wanted: Callable[[int, bool], bool]) -> bool:
        return not _is_blank(_Copy(self._units, wanted, lambda _segment, _field: "").of(self._problem))

    def _is_gap(self, unit: Unit) -> bool:
        """Whether a field stands within a sentence or a table; choices are below their sentence wherever they are."""
        around = self._parents.get(unit.response)
        if unit.field is not None or (around is not None and around.tag in _SENTENCES and not _is_choice(unit)):
            return True
        while around is not None:
            if around.tag in _CELLS:
                return True
            around = self._parents.get(around)
        return False

    def _gap(self, segment: int, field: Element) -> str:
        """What stands in the text for a field within a sentence; nothing for one that stands below it."""
        if field.tag in CHOICES:
            return ""
        if after := field.get("trailing_text", ""):
            return f"{GAP} {after}"
        unit = self._units[min(segment, len(self._units) - 1)]
        is_inline = not {"1", "true"}.isdisjoint({field.get("inline"), unit.response.get("inline")})
        return GAP if is_inline or self._parents[field].tag in _SENTENCES or self._is_gap(unit) else ""


def _is_choice(unit: Unit) -> bool:
    return any(inner.tag in CHOICES for inner in unit.response.iter())


def _label(unit: Unit) -> str:
    """The words for a field that only a screen reader says."""
    fields = unit.response.iter() if unit.field is None else [unit.field]
    return next((label for field in fields if field.tag in FIELDS and (label := plain(field.get("label", "")))), "")
