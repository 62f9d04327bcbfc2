"""A question as an item of QTI 2.1."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from xml.etree.ElementTree import Element, tostring

import msgspec

from lms_graphql.assessment.payloads import Answer, Option
from lms_graphql.assessment.pooling import QuestionSeed
from lms_graphql.interop.qti import marks
from lms_graphql.interop.qti.elements import UnmappedError, made, values
from lms_graphql.interop.qti.texts import text_in, words, words_in

NAMESPACE = "http://www.imsglobal.org/xsd/imsqti_v2p1"
HINT, STEM = "hint", "stem"
_LONGEST_TITLE = 100
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_RENAMED = "k."


def name_of(id_: str) -> str:
    """The id of an option as an identifier of QTI, which begins with a letter."""
    return id_ if _NAME.fullmatch(id_) and not id_.startswith(_RENAMED) else f"{_RENAMED}{id_}"


def id_of(name: str) -> str:
    """The id of an option that an identifier stands for."""
    return name.removeprefix(_RENAMED)


def write_item(seed: QuestionSeed, identifier: str) -> bytes:
    """The document of an item; UnmappedError for what QTI can't say. The question must be checked."""
    answer = msgspec.convert(seed.answer, Answer)
    options = msgspec.convert(seed.options, list[Option])
    if answer.is_pattern:
        raise UnmappedError("its accepted texts are regular expressions, of a kind that QTI does not have")
    item = made(
        "assessmentItem",
        _declaration(seed.type, answer, [option.id for option in options]),
        *_outcomes(seed),
        _body(seed, options),
        _processing(seed, answer),
        xmlns=NAMESPACE,
        identifier=identifier,
        title=words(seed.stem)[:_LONGEST_TITLE] or identifier,
        adaptive="false",
        timeDependent="false",
    )
    if seed.explanation is not None:
        shown = {"outcomeIdentifier": marks.FEEDBACK, "identifier": marks.EXPLANATION, "showHide": "show"}
        item.append(text_in("modalFeedback", seed.explanation, **shown))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(item, "unicode")}'.encode()


def _declaration(type_: str, answer: Answer, ids: list[str]) -> Element:
    cardinality, base_type, right = _RESPONSES[type_](answer)
    declared = made("responseDeclaration", identifier=marks.RESPONSE, cardinality=cardinality, baseType=base_type)
    if right:
        declared.append(values("correctResponse", right))
    mapping = marks.mapping(type_, answer, ids, name_of)
    if mapping is not None:
        declared.append(mapping)
    return declared


_RESPONSES: Mapping[str, Callable[[Answer], tuple[str, str, list[str]]]] = {
    "single_choice": lambda answer: ("single", "identifier", [name_of(answer.correct[0])]),
    "dropdown": lambda answer: ("single", "identifier", [name_of(answer.correct[0])]),
    "multiple_choice": lambda answer: ("multiple", "identifier", [name_of(id_) for id_ in answer.correct]),
    "numerical": lambda answer: ("single", "float", [answer.value or ""]),
    "text": lambda answer: ("single", "string", answer.accepted[:1]),
    "ordering": lambda answer: ("ordered", "identifier", [name_of(id_) for id_ in answer.order]),
    "matching": lambda answer: (
        "multiple",
        "directedPair",
        [f"{name_of(left)} {name_of(right)}" for left, right in answer.pairs],
    ),
}


def _outcomes(seed: QuestionSeed) -> list[Element]:
    score = {"identifier": marks.SCORE, "cardinality": "single", "baseType": "float"}
    found = [
        made("outcomeDeclaration", values("defaultValue", ["0"]), **score, normalMaximum=str(seed.points)),
        _outcome(marks.MAXSCORE, seed.points),
    ]
    if seed.type == "ordering":
        found.append(_outcome(marks.RIGHT, Decimal(0)))
    if seed.explanation is not None:
        shown = {"identifier": marks.FEEDBACK, "cardinality": "single", "baseType": "identifier"}
        found.append(made("outcomeDeclaration", **shown))
    return found


def _outcome(identifier: str, value: Decimal) -> Element:
    declared = {"identifier": identifier, "cardinality": "single", "baseType": "float"}
    return made("outcomeDeclaration", values("defaultValue", [str(value)]), **declared)


def _processing(seed: QuestionSeed, answer: Answer) -> Element:
    rules = marks.processing(seed.type, answer, seed.points, name_of)
    if seed.explanation is not None:
        rules.append(marks.feedback())
    return rules


def _body(seed: QuestionSeed, options: list[Option]) -> Element:
    hints = [text_in("rubricBlock", hint, view="tutor", **{"class": HINT}) for hint in seed.hints]
    stem = text_in("div", seed.stem, **{"class": STEM})
    return made("itemBody", stem, _interaction(seed.type, options), *hints)


def _interaction(type_: str, options: list[Option]) -> Element:
    if type_ in ("numerical", "text"):
        return made("p", made("textEntryInteraction", responseIdentifier=marks.RESPONSE))
    if type_ == "dropdown":
        choices = [words_in("inlineChoice", option.text, identifier=name_of(option.id)) for option in options]
        return made("p", made("inlineChoiceInteraction", *choices, responseIdentifier=marks.RESPONSE, shuffle="false"))
    if type_ == "matching":
        sides = [
            made("simpleMatchSet", *(_matched(option) for option in options if option.side == side))
            for side in ("left", "right")
        ]
        return made("matchInteraction", *sides, **_asked(), maxAssociations="0")
    choices = [text_in("simpleChoice", option.text, identifier=name_of(option.id)) for option in options]
    if type_ == "ordering":
        return made("orderInteraction", *choices, **(_asked() | {"shuffle": "true"}))
    most = "1" if type_ == "single_choice" else "0"
    return made("choiceInteraction", *choices, **_asked(), maxChoices=most)


def _asked() -> dict[str, str]:
    return {"responseIdentifier": marks.RESPONSE, "shuffle": "false"}


def _matched(option: Option) -> Element:
    most = "1" if option.side == "left" else "0"
    return text_in("simpleAssociableChoice", option.text, identifier=name_of(option.id), matchMax=most)
