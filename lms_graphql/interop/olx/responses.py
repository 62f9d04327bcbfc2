"""What a response of a problem asks for: the type of its question, the options, the right answer.

Format: docs.openedx.org, «Open Learning XML», the reference of each problem type.
"""

import re
import warnings
from collections.abc import Callable
from decimal import Decimal, localcontext
from typing import NamedTuple
from xml.etree.ElementTree import Element

from lms_graphql.assessment.payloads import Answer, Option
from lms_graphql.interop.olx.markdown import escaped
from lms_graphql.interop.olx.stems import CHOICES, Unit, text_in
from lms_graphql.interop.olx.text import clean, plain

MAX_OPTIONS = 200
_DIGITS = 500
"""More than numbers of `_NUMBER` and their sums have, so that nothing is rounded."""
_NUMBER = re.compile(r"[+-]?(?:\d{1,50}(?:\.\d{0,50})?|\.\d{1,50})")
_SCIENTIFIC = re.compile(rf"({_NUMBER.pattern})(?:[eE]|\s*\*\s*10\s*(?:\^|\*\*)\s*)\(?([+-]?\d{{1,2}})\)?")
_QUOTED = re.compile(r"""\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^,'"\s][^,]*?))\s*(?:,|\Z)""")
_WITHOUT_PLACE = {
    "annotationresponse": "annotations have no place here",
    "choicetextresponse": "fields within choices have no place here",
    "coderesponse": "a program outside grades it",
    "customresponse": "a program grades it",
    "externalresponse": "a program outside grades it",
    "formularesponse": "formulas have no place here",
    "imageresponse": "places in an image have no place here",
    "javascriptresponse": "a program grades it",
    "schematicresponse": "a program grades it",
    "symbolicresponse": "formulas have no place here",
}


class UnmappedError(Exception):
    """A response that becomes no question; the message is the short reason."""


class Asked(NamedTuple):
    """What a question asks for, and what was left out or changed of it."""

    type: str
    options: list[Option]
    answer: Answer
    notes: list[str]


def read_response(unit: Unit) -> Asked:
    """What a unit asks for; raises UnmappedError, and UnreadableHtmlError for the text of an option."""
    read = _READERS.get(unit.response.tag)
    if read is None:
        raise UnmappedError(_reason(unit.response))
    asked = read(unit)
    if credit := clean(unit.response.get("partial_credit", "")).strip():
        asked.notes.append(f"partial credit {credit[:80]!r} is not given: an answer is right or wrong")
    return asked


def _reason(response: Element) -> str:
    reason = _WITHOUT_PLACE.get(response.tag, "responses of this kind have no place here")
    fields = dict.fromkeys(clean(inner.tag)[:80] for inner in response.iter() if inner.tag.endswith("input"))
    return f"{reason} ({', '.join(list(fields)[:5])})" if fields else reason


def letter(number: int) -> str:
    """The id of an option by its place, from 0: a, b, … z, aa, ab and so on."""
    head, last = divmod(number, 26)
    return (letter(head - 1) if head else "") + chr(ord("a") + last)


def choices(response: Element) -> list[Element]:
    """The choices of a response, in the order of their options."""
    return list(response.iter("choice"))


def _single(unit: Unit) -> Asked:
    options, right = _choices(unit.response)
    return Asked("single_choice", options, Answer(correct=[_only(right)]), _order_notes(unit.response))


def _multiple(unit: Unit) -> Asked:
    options, right = _choices(unit.response)
    if unit.response.find(".//radiogroup") is not None:
        return Asked("single_choice", options, Answer(correct=[_only(right)]), _order_notes(unit.response))
    return Asked("multiple_choice", options, Answer(correct=right), _order_notes(unit.response))


def _choices(response: Element) -> tuple[list[Option], list[str]]:
    """The options of a group of choices, and the ids of the right ones."""
    found = choices(response)
    options = [Option(letter(number), text_in(choice)) for number, choice in enumerate(found)]
    right = [option.id for option, choice in zip(options, found, strict=True) if _is_right(choice)]
    return _enough(options), right


def _is_right(element: Element) -> bool:
    return element.get("correct", "").strip().lower() == "true"


def _enough(options: list[Option]) -> list[Option]:
    if not options:
        raise UnmappedError("it has nothing to choose from")
    if len(options) > MAX_OPTIONS:
        raise UnmappedError(f"it has more than {MAX_OPTIONS} options")
    return options


def _only(right: list[str]) -> str:
    if len(right) != 1:
        raise UnmappedError(f"{len(right)} of its choices are right where one is asked for")
    return right[0]


def _order_notes(response: Element) -> list[str]:
    groups = [group for group in response.iter() if group.tag in CHOICES]
    notes = []
    if any(group.get("shuffle", "").lower() == "true" for group in groups):
        notes.append("its choices are not shuffled")
    if any(group.get("answer-pool") for group in groups):
        notes.append("all its choices are shown, not some of them")
    return notes


def _dropdown(unit: Unit) -> Asked:
    field = unit.response.find(".//optioninput") if unit.field is None else unit.field
    if field is None:
        raise UnmappedError("it has nothing to choose from")
    elements = list(field.iter("option"))
    if elements:
        options = [Option(letter(number), text_in(element)) for number, element in enumerate(elements)]
        right = [option.id for option, element in zip(options, elements, strict=True) if _is_right(element)]
    else:
        texts = quoted(clean(field.get("options", "")))
        correct = " ".join(clean(field.get("correct", "")).split())
        options = [Option(letter(number), escaped(plain(text))) for number, text in enumerate(texts)]
        right = [option.id for option, text in zip(options, texts, strict=True) if text == correct][:1]
    return Asked("dropdown", _enough(options), Answer(correct=[_only(right)]), [])


def quoted(text: str) -> list[str]:
    """The texts of a list as options="('one','two')" has it, each on one line; quotes may be left out."""
    text = text.strip()
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1]
    found, at = [], 0
    while at < len(text) and (match := _QUOTED.match(text, at)) is not None:
        body = next(group for group in match.groups() if group is not None)
        found.append(" ".join(re.sub(r"\\(.)", r"\1", body).split()))
        at = match.end()
    if text[at:].strip():
        raise UnmappedError("its list of options cannot be read")
    return found


def _numerical(unit: Unit) -> Asked:
    response = unit.response
    if response.find("additional_answer") is not None:
        raise UnmappedError("it has several right numbers")
    answer = clean(response.get("answer", "")).strip()
    if answer[:1] in ("[", "(") and answer[-1:] in ("]", ")") and "," in answer:
        return _range(answer)
    value = _number(answer)
    return Asked("numerical", [], Answer(value=value, tolerance=_tolerance(response)), [])


def _number(written: str) -> str:
    """A number as plain digits; raises UnmappedError for a formula."""
    if _NUMBER.fullmatch(written):
        return written.removeprefix("+")
    if match := _SCIENTIFIC.fullmatch(written):
        with localcontext(prec=_DIGITS):
            return f"{Decimal(match[1]).scaleb(int(match[2])):f}"
    raise UnmappedError(f"its number {written[:80]!r} is a formula")


def _tolerance(response: Element) -> str | None:
    for parameter in response.iter("responseparam"):
        if parameter.get("type") == "tolerance" and (written := clean(parameter.get("default", "")).strip()):
            percent = "%" if written.endswith("%") else ""
            tolerance = _number(written.removesuffix("%").strip())
            if tolerance.startswith("-"):
                raise UnmappedError("its tolerance is negative")
            return tolerance + percent
    return None


def _range(answer: str) -> Asked:
    """The middle of a range with half its width as the tolerance, which counts both bounds as right."""
    bounds = [_number(bound.strip()) for bound in answer[1:-1].split(",")]
    if len(bounds) != 2 or Decimal(bounds[0]) > Decimal(bounds[1]):
        raise UnmappedError(f"its range {answer[:80]!r} cannot be read")
    excluded = [bound for bound, sign in zip(bounds, (answer[0], answer[-1]), strict=True) if sign in "()"]
    with localcontext(prec=_DIGITS):
        low, high = map(Decimal, bounds)
        value, tolerance = (f"{number / 2:f}" for number in (low + high, high - low))
    notes = [f"the bound {bound} counts as right, which the range {answer} leaves out" for bound in excluded]
    return Asked("numerical", [], Answer(value=value, tolerance=tolerance), notes)


def _text(unit: Unit) -> Asked:
    response = unit.response
    kinds = response.get("type", "").lower().split()
    first = clean(response.get("answer", ""))
    answers = first.split("_or_") if "regexp" not in kinds else [first]
    answers += [clean(more.get("answer") or more.text or "") for more in response.findall("additional_answer")]
    accepted = list(dict.fromkeys(answer.strip() for answer in answers if answer.strip()))
    if not accepted:
        raise UnmappedError("it has no right answer")
    is_pattern = "regexp" in kinds
    if is_pattern:
        _refuse_broken_patterns(accepted)
    return Asked("text", [], Answer(accepted=accepted, case_sensitive="ci" not in kinds, is_pattern=is_pattern), [])


def _refuse_broken_patterns(patterns: list[str]) -> None:
    for pattern in patterns:
        try:
            with warnings.catch_warnings(action="ignore"):
                re.compile(pattern)
        except (re.error, RecursionError, OverflowError):
            raise UnmappedError(f"its regular expression {pattern[:80]!r} cannot be read") from None


_READERS: dict[str, Callable[[Unit], Asked]] = {
    "multiplechoiceresponse": _single,
    "choiceresponse": _multiple,
    "optionresponse": _dropdown,
    "numericalresponse": _numerical,
    "stringresponse": _text,
}
