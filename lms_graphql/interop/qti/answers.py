"""What is right by an item of QTI, and what it is worth."""

import re
from decimal import Decimal
from typing import NamedTuple
from xml.etree.ElementTree import Element

from lms_graphql.assessment.payloads import Answer, Option
from lms_graphql.interop.qti import marks
from lms_graphql.interop.qti.elements import UnmappedError, attributes, only, same
from lms_graphql.interop.qti.writing import id_of, name_of

_ONE_POINT = Decimal(1)
_SEVERAL = "options of different worth have no place here"
_SPACE = re.compile(r"\s+")


class Asked(NamedTuple):
    """What an interaction asks: the type of its question, the options, and the correct responses as they stand."""

    type: str
    options: list[Option]
    correct: list[str]
    declared: Element


def read_answer(item: Element, asked: Asked, notes: list[str]) -> tuple[Answer, Decimal]:
    """The right answer and the points; raises UnmappedError for what is marked in a way that has no place here."""
    maximum = _maximum(item)
    candidate = _accepted(asked) if asked.type == "text" else _by_correct(asked)
    mark = marks.read_mark(only(item, "responseProcessing"), lambda: _ours(asked, candidate, maximum))
    if mark.kind == "own":
        return _required(candidate), _first(maximum)
    if mark.kind == "map":
        return _mapped(asked, notes)
    if mark.kind == "equal" or asked.type == "numerical":
        return _number(asked, mark), _first(mark.points, maximum)
    if asked.type in ("multiple_choice", "ordering", "matching"):
        notes.append("who is right in part gets a part of the points here")
    return _required(_by_correct(asked)), _first(mark.points, maximum)


def _ours(asked: Asked, candidate: Answer | None, maximum: Decimal | None) -> Element | None:
    """How we would mark it; None where its mapping is not as we write it."""
    if candidate is None or maximum is None or asked.type in ("numerical", "single_choice", "dropdown"):
        return None
    expected = marks.mapping(asked.type, candidate, [option.id for option in asked.options], name_of)
    declared = asked.declared.find("mapping")
    is_same = expected is declared if expected is None or declared is None else same(expected, declared)
    return marks.processing(asked.type, candidate, maximum, name_of) if is_same else None


def _first(*points: Decimal | None) -> Decimal:
    """The first that is said; one point where nothing is."""
    return next((one for one in points if one is not None), _ONE_POINT)


def _maximum(item: Element) -> Decimal | None:
    """What can be reached by what the item declares."""
    declared = {found.get("identifier"): found for found in item.findall("outcomeDeclaration")}
    score, most = declared.get(marks.SCORE), declared.get(marks.MAXSCORE)
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


def _number(asked: Asked, mark: marks.Mark) -> Answer:
    """The number and how far off an answer may be."""
    answer = _required(_by_correct(asked))
    if asked.type != "numerical" or len(asked.correct) != 1:
        raise UnmappedError("it compares something as numbers that is none")
    said = {} if mark.equal is None else attributes(mark.equal)
    mode = said.get("toleranceMode", "exact")
    if mode == "exact":
        return answer
    bounds = _SPACE.split(said.get("tolerance", "").strip())
    if mode not in ("absolute", "relative") or len(set(bounds)) != 1:
        raise UnmappedError("its tolerance is not the same on both sides")
    if "false" in (said.get("includeLowerBound", "true"), said.get("includeUpperBound", "true")):
        raise UnmappedError("the bounds of its tolerance do not count as right, as they do here")
    return Answer(value=answer.value, tolerance=bounds[0] + ("%" if mode == "relative" else ""))
