"""An item of QTI 2.1 (2.0 and 2.2 where they say the same) as a question: as it is, or refused with the reason.

What would be lost is either no reason against it, and then noted, or one.
"""

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from decimal import Decimal
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element

from lms_graphql.assessment.payloads import Answer, Option, stored
from lms_graphql.assessment.pooling import QuestionSeed
from lms_graphql.interop.qti import marks
from lms_graphql.interop.qti.elements import UnmappedError, attributes, elements, made, only, plain_names, same
from lms_graphql.interop.qti.texts import joined, read_blocks, read_text, read_words
from lms_graphql.interop.qti.writing import HINT, STEM, id_of, name_of

GAP = "(…)"
_PARTS = frozenset(
    "responseDeclaration outcomeDeclaration itemBody responseProcessing modalFeedback stylesheet".split()
)
_INLINE = frozenset({"textEntryInteraction", "inlineChoiceInteraction"})
_LOOKS = frozenset({"stylesheet"})
_ONE_POINT = Decimal(1)
_SEVERAL = "options of different worth have no place here"


class ReadItem(NamedTuple):
    """A question that an item became, not yet checked; and what was left out or is otherwise here."""

    seed: QuestionSeed
    notes: list[str]


class Asked(NamedTuple):
    """What an interaction asks: the type of its question, the options, and the correct responses as they stand."""

    type: str
    options: list[Option]
    correct: list[str]
    declared: Element


def read_item(root: Element) -> ReadItem:
    """The question that an item asks; raises UnmappedError."""
    if root.tag.rpartition("}")[2] != "assessmentItem":
        raise UnmappedError(f"it is no assessmentItem but {root.tag.rpartition('}')[2][:40]!a}")
    item, notes = plain_names(root), list[str]()
    for child in elements(made("item", *item)):
        if child.tag in ("templateDeclaration", "templateProcessing"):
            raise UnmappedError("a program fills in its variables (templates)")
    for part in item:
        if isinstance(part.tag, str) and part.tag not in _PARTS:
            raise UnmappedError(f"the element {part.tag[:40]} has no place here")
    if item.get("adaptive") == "true":
        raise UnmappedError("it is adaptive: it answers in several turns")
    body = only(item, "itemBody")
    if body is None:
        raise UnmappedError("it has no itemBody")
    interaction = _interaction(body)
    asked = _asked(item, interaction, notes)
    answer, points = _answer(item, asked, notes)
    seed = QuestionSeed(
        asked.type,
        _stem(body, interaction),
        points,
        stored(asked.options),
        [read_text(block) for block in body.findall("rubricBlock")],
        stored(answer),
        _explanation(item, notes),
    )
    if any(part.tag in _LOOKS for part in elements(item)):
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
    for child in interaction:
        if isinstance(child.tag, str) and child.tag not in (tag, "prompt", "simpleMatchSet"):
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
    for child in body:
        if not isinstance(child.tag, str) or child.tag == "rubricBlock":
            continue
        part = deepcopy(child)
        if any(element is interaction for element in elements(child)):
            part = _without_interaction(child, interaction)
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


def _explanation(item: Element, notes: list[str]) -> str | None:
    found = [read_text(feedback) for feedback in item.findall("modalFeedback")]
    if len(found) > 1:
        notes.append("its feedback to different answers is one explanation here")
    return joined(found) or None


# ---- what is right, and what it is worth


def _answer(item: Element, asked: Asked, notes: list[str]) -> tuple[Answer, Decimal]:
    for block in item.findall("itemBody/rubricBlock"):
        if block.get("class") != HINT or block.get("view") != "tutor":
            raise UnmappedError("the element rubricBlock has no place here")
    maximum = _maximum(item)
    candidate = _by_correct(asked)

    def ours() -> Element | None:
        if candidate is None or maximum is None or asked.type in ("numerical", "single_choice", "dropdown"):
            return None
        expected = marks.mapping(asked.type, candidate, [option.id for option in asked.options], name_of)
        declared = asked.declared.find("mapping")
        if (expected is None) != (declared is None):
            return None
        if expected is not None and declared is not None and not same(expected, declared):
            return None
        return marks.processing(asked.type, candidate, maximum, name_of)

    if asked.type == "text":
        candidate = _accepted(asked)
    mark = marks.read_mark(only(item, "responseProcessing"), ours)
    if mark.kind == "own":
        return _required(candidate), _first(maximum)
    if mark.kind == "map":
        return _mapped(asked, notes)
    if mark.kind == "equal" or asked.type == "numerical":
        return _number(asked, mark), _first(mark.points, maximum)
    if asked.type in ("multiple_choice", "ordering", "matching"):
        notes.append("who is right in part gets a part of the points here")
    return _required(_by_correct(asked)), _first(mark.points, maximum)


def _first(*points: Decimal | None) -> Decimal:
    """The first that is said; one point where nothing is."""
    return next((one for one in points if one is not None), _ONE_POINT)


def _maximum(item: Element) -> Decimal | None:
    """What can be reached by what the item declares."""
    declared = {found.get("identifier"): found for found in item.findall("outcomeDeclaration")}
    score, most = declared.get(marks.SCORE), declared.get("MAXSCORE")
    found = None if score is None else marks.decimal(score.get("normalMaximum"))
    return marks.decimal(most.findtext("defaultValue/value")) if found is None and most is not None else found


def _required(answer: Answer | None) -> Answer:
    if answer is None:
        raise UnmappedError("it does not say what is right (correctResponse)")
    return answer


def _by_correct(asked: Asked) -> Answer | None:
    """What is right by the correct response; None where there is none."""
    correct = [text.strip() for text in asked.correct]
    if asked.type == "multiple_choice":
        return Answer(correct=[id_of(name) for name in correct])
    if not correct:
        return None
    if asked.type in ("single_choice", "dropdown"):
        return Answer(correct=[id_of(name) for name in correct])
    if asked.type == "ordering":
        return Answer(order=[id_of(name) for name in correct])
    if asked.type == "matching":
        return Answer(pairs=[_pair(text) for text in correct])
    if asked.type == "text":
        return Answer(accepted=correct, case_sensitive=True)
    return Answer(value=correct[0])


def _pair(text: str) -> tuple[str, str]:
    names = text.split()
    if len(names) != 2:
        raise UnmappedError("one of its pairs is none")
    return id_of(names[0]), id_of(names[1])


def _accepted(asked: Asked) -> Answer | None:
    """The texts that bring something by the mapping, each as much."""
    mapping = asked.declared.find("mapping")
    if mapping is None:
        return _by_correct(asked)
    right = {key: value for key, value in marks.counts(mapping).items() if value > 0}
    cases = {
        entry.get("caseSensitive", "true") for entry in mapping.findall("mapEntry") if entry.get("mapKey") in right
    }
    if len(set(right.values())) > 1 or len(cases) > 1:
        raise UnmappedError("its accepted texts differ in worth, or in whether their case matters")
    return Answer(accepted=list(right), case_sensitive=cases != {"false"}) if right else None


def _mapped(asked: Asked, notes: list[str]) -> tuple[Answer, Decimal]:
    """What is right by the mapping, and what it brings altogether."""
    mapping = asked.declared.find("mapping")
    if mapping is None:
        raise UnmappedError("it is marked by a mapping that it does not have")
    counts = marks.counts(mapping)
    right = {key: value for key, value in counts.items() if value > 0}
    if len(set(right.values())) > 1:
        raise UnmappedError(_SEVERAL)
    if not right:
        raise UnmappedError("by its mapping nothing is right")
    each = next(iter(right.values()))
    if asked.type == "text":
        return _required(_accepted(asked)), each
    if asked.type in ("single_choice", "dropdown"):
        if len(right) > 1:
            raise UnmappedError(_SEVERAL)
        return Answer(correct=[id_of(key) for key in right]), each
    if asked.type == "multiple_choice":
        answer = Answer(correct=[id_of(key) for key in right])
        if asked.correct and set(answer.correct) != set(_required(_by_correct(asked)).correct):
            raise UnmappedError("its mapping and its correct response say different things")
        notes.append("an option that is wrong costs as much as one that is right brings here")
        return answer, each * len(right)
    if asked.type == "matching":
        return Answer(pairs=[_pair(key) for key in right]), each * len(right)
    raise UnmappedError("what it maps has no place here")


_BOUNDS = re.compile(r"\s+")


def _number(asked: Asked, mark: marks.Mark) -> Answer:
    """The number and how far off an answer may be."""
    answer = _required(_by_correct(asked))
    if asked.type != "numerical" or len(asked.correct) != 1:
        raise UnmappedError("it compares something as numbers that is none")
    said = {} if mark.equal is None else attributes(mark.equal)
    mode = said.get("toleranceMode", "exact")
    if mode == "exact":
        return answer
    bounds = _BOUNDS.split(said.get("tolerance", "").strip())
    if mode not in ("absolute", "relative") or len(set(bounds)) != 1:
        raise UnmappedError("its tolerance is not the same on both sides")
    if "false" in (said.get("includeLowerBound", "true"), said.get("includeUpperBound", "true")):
        raise UnmappedError("the bounds of its tolerance do not count as right, as they do here")
    return Answer(value=answer.value, tolerance=bounds[0] + ("%" if mode == "relative" else ""))
