"""An item of QTI 2.1 (2.0 and 2.2 where they say the same) as a question: as it is, or refused with the reason.

What would be lost is either no reason against it, and then noted, or one.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element

from lms_graphql.assessment.payloads import Option, stored
from lms_graphql.assessment.pooling import QuestionSeed
from lms_graphql.interop.qti import marks
from lms_graphql.interop.qti.answers import Asked, read_answer
from lms_graphql.interop.qti.elements import UnmappedError, children, elements, only, plain_names
from lms_graphql.interop.qti.texts import joined, read_blocks, read_text, read_words
from lms_graphql.interop.qti.writing import HINT, STEM, id_of

GAP = "(…)"
_PARTS = frozenset(
    {"responseDeclaration", "outcomeDeclaration", "itemBody", "responseProcessing", "modalFeedback", "stylesheet"}
)
_INLINE = frozenset({"textEntryInteraction", "inlineChoiceInteraction"})


class ReadItem(NamedTuple):
    """A question that an item became, not yet checked; and what was left out or is otherwise here."""

    seed: QuestionSeed
    notes: list[str]


def read_item(root: Element) -> ReadItem:
    """The question that an item asks; raises UnmappedError."""
    if root.tag.rpartition("}")[2] != "assessmentItem":
        raise UnmappedError(f"it is no assessmentItem but {root.tag.rpartition('}')[2][:40]!a}")
    item, notes = plain_names(root), list[str]()
    for part in children(item):
        if part.tag.startswith("template"):
            raise UnmappedError("a program fills in its variables (templates)")
        if part.tag not in _PARTS:
            raise UnmappedError(f"the element {part.tag[:40]} has no place here")
    if item.get("adaptive") == "true":
        raise UnmappedError("it is adaptive: it answers in several turns")
    body = only(item, "itemBody")
    if body is None:
        raise UnmappedError("it has no itemBody")
    interaction = _interaction(body)
    asked = _asked(item, interaction, notes)
    answer, points = read_answer(item, asked, notes)
    seed = QuestionSeed(
        asked.type,
        _stem(body, interaction),
        points,
        stored(asked.options),
        _hints(body),
        stored(answer),
        _explanation(item, notes),
    )
    if item.find("stylesheet") is not None:
        notes.append("its stylesheet is not taken over")
    return ReadItem(seed, notes)


# ---- what is asked


def _interaction(body: Element) -> Element:
    found = [element for element in elements(body) if element.tag.endswith("Interaction")]
    if not found:
        raise UnmappedError("it asks nothing: there is no interaction")
    for element in found:
        if element.tag not in _READERS:
            raise UnmappedError(f"the interaction {element.tag[:60]} has no place here")
    if len(found) > 1:
        raise UnmappedError(f"it asks {len(found)} things at once, where a question asks one")
    for element in elements(body):
        if element.tag.startswith(("feedback", "template", "printedVariable")):
            raise UnmappedError(f"the element {element.tag[:40]} has no place here")
    return found[0]


def _asked(item: Element, interaction: Element, notes: list[str]) -> Asked:
    declarations = item.findall("responseDeclaration")
    name = interaction.get("responseIdentifier")
    if len(declarations) != 1 or declarations[0].get("identifier") != name:
        raise UnmappedError("it must declare the response of its interaction, and no other")
    declared = declarations[0]
    if name != marks.RESPONSE:
        _rename(item, str(name))
    correct = [(value.text or "") for value in declared.findall("correctResponse/value")]
    type_, options = _READERS[interaction.tag](interaction, declared, notes)
    return Asked(type_, options, correct, declared)


def _rename(item: Element, name: str) -> None:
    """Call the response as we do."""
    for element in elements(item):
        for attribute in ("identifier", "responseIdentifier"):
            if element.get(attribute) == name and element.tag not in ("simpleChoice", "simpleAssociableChoice"):
                element.set(attribute, marks.RESPONSE)


def _choices(interaction: Element, tag: str, read: Callable[[Element], str], **more: Any) -> list[Option]:
    for child in children(interaction):
        if child.tag not in (tag, "prompt"):
            raise UnmappedError(f"the element {child.tag[:40]} in its {interaction.tag} has no place here")
    return [Option(id_of(choice.get("identifier", "")), read(choice), **more) for choice in interaction.findall(tag)]


def _note_fixed(interaction: Element, notes: list[str]) -> None:
    if interaction.get("shuffle") == "true" and any(child.get("fixed") == "true" for child in interaction):
        notes.append("that some options keep their place is not taken over")


def _choice(interaction: Element, declared: Element, notes: list[str]) -> tuple[str, list[Option]]:
    options = _choices(interaction, "simpleChoice", read_text)
    _note_fixed(interaction, notes)
    if declared.get("cardinality") == "single":
        return "single_choice", options
    most = interaction.get("maxChoices", "1")
    if most not in ("0", str(len(options))):
        notes.append(f"that at most {most[:10]} options may be chosen is not taken over")
    return "multiple_choice", options


def _order(interaction: Element, declared: Element, notes: list[str]) -> tuple[str, list[Option]]:
    if declared.get("cardinality") != "ordered" or interaction.get("maxChoices", "0") != "0":
        raise UnmappedError("only some of its options are to be put in order")
    _note_fixed(interaction, notes)
    return "ordering", _choices(interaction, "simpleChoice", read_text)


def _match(interaction: Element, declared: Element, _notes: list[str]) -> tuple[str, list[Option]]:
    sets = interaction.findall("simpleMatchSet")
    if len(sets) != 2 or declared.get("baseType") != "directedPair":
        raise UnmappedError("it does not match one set with another")
    left, right = (
        _choices(one, "simpleAssociableChoice", read_text, side=side)
        for one, side in zip(sets, ("left", "right"), strict=True)
    )
    return "matching", [*left, *right]


def _dropdown(interaction: Element, _declared: Element, _notes: list[str]) -> tuple[str, list[Option]]:
    return "dropdown", _choices(interaction, "inlineChoice", read_words)


def _entry(interaction: Element, declared: Element, notes: list[str]) -> tuple[str, list[Option]]:
    if interaction.get("patternMask"):
        notes.append("the pattern that answers must fit is not taken over")
    kinds = {"string": "text", "float": "numerical", "integer": "numerical"}
    kind = kinds.get(declared.get("baseType", ""))
    if kind is None or declared.get("cardinality") != "single":
        raise UnmappedError("its answer is neither one text nor one number")
    return kind, []


_READERS: Mapping[str, Callable[[Element, Element, list[str]], tuple[str, list[Option]]]] = {
    "choiceInteraction": _choice,
    "orderInteraction": _order,
    "matchInteraction": _match,
    "inlineChoiceInteraction": _dropdown,
    "textEntryInteraction": _entry,
}


# ---- its texts


def _stem(body: Element, interaction: Element) -> str:
    """All text of the body, with a gap where the interaction stands within a text."""
    rest = Element("div")
    rest.text = body.text
    for child in children(body):
        if child.tag == "rubricBlock":
            continue
        has_interaction = any(element is interaction for element in elements(child))
        part = _without_interaction(child, interaction) if has_interaction else deepcopy(child)
        if part is not None:
            rest.append(part)
    prompt = only(interaction, "prompt")
    asked = "" if prompt is None else read_text(prompt)
    if [part.tag for part in rest] == ["div"] and not (rest.text or "").strip() and not (rest[0].tail or "").strip():
        stem = read_text(rest[0]) if rest[0].get("class") == STEM or not asked else read_blocks(rest[0])
    else:
        stem = read_blocks(rest)
    return joined([stem, asked])


def _without_interaction(block: Element, interaction: Element) -> Element | None:
    """The block of the body that has the interaction, with a gap in its place; None where nothing else is in it."""
    if block is interaction:
        if not (interaction.tail or "").strip():
            return None
        rest = Element("p")
        rest.text = interaction.tail
        return rest
    copy = deepcopy(block)
    (place,) = (element for element in elements(copy) if element.tag == interaction.tag)
    tail = place.tail
    gap = GAP if interaction.tag in _INLINE else ""
    for name in list(place.attrib):
        del place.attrib[name]
    for child in list(place):
        place.remove(child)
    place.tag, place.text, place.tail = "span", "", tail
    if not "".join(copy.itertext()).strip():
        return None
    place.text = gap
    return copy


def _hints(body: Element) -> list[str]:
    blocks = [element for element in elements(body) if element.tag == "rubricBlock"]
    for block in blocks:
        if block.get("class") != HINT or block.get("view") != "tutor":
            raise UnmappedError("the element rubricBlock has no place here")
    return [read_text(block) for block in blocks]


def _explanation(item: Element, notes: list[str]) -> str | None:
    found = [read_text(feedback) for feedback in item.findall("modalFeedback")]
    if len(found) > 1:
        notes.append("its feedback to different answers is one explanation here")
    return joined(found) or None
