"""How an item of QTI 2.1 is marked: what our questions of each type ask for, and which of others' ways mean the same.

In our items the outcome SCORE is the exact share of the points that `assessment.marking` gives.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from decimal import Decimal, InvalidOperation
from typing import NamedTuple
from xml.etree.ElementTree import Element

from lms_graphql.assessment.payloads import Answer
from lms_graphql.interop.qti.elements import UnmappedError, elements, is_instruction, made, same

RESPONSE, SCORE, MAXSCORE, FEEDBACK, RIGHT = "RESPONSE", "SCORE", "MAXSCORE", "FEEDBACK", "RIGHT"
EXPLANATION = "EXPLANATION"

Names = Callable[[str], str]


class Mark(NamedTuple):
    """How an item is marked: `match` for all or nothing, `map` by its mapping, `equal` within a tolerance, or `own`.

    `points` are what is said there to be given, None where that is not said.
    """

    kind: str
    points: Decimal | None = None
    equal: Element | None = None


# ---- as it is written


def mapping(type_: str, answer: Answer, ids: list[str], name: Names) -> Element | None:
    """What each answer counts, before it is divided; None where nothing is counted."""
    if type_ == "multiple_choice" and answer.correct:
        entries = [_entry(name(id_), "1" if id_ in answer.correct else "-1") for id_ in ids]
        return made("mapping", *entries, lowerBound="0", defaultValue="0")
    if type_ == "matching":
        pairs = [_entry(f"{name(left)} {name(right)}", "1") for left, right in answer.pairs]
        return made("mapping", *pairs, defaultValue="0")
    if type_ == "text":
        case = "true" if answer.case_sensitive else "false"
        accepted = dict.fromkeys(answer.accepted)
        entries = [made("mapEntry", mapKey=text, mappedValue="1", caseSensitive=case) for text in accepted]
        return made("mapping", *entries, lowerBound="0", upperBound="1", defaultValue="0")
    return None


def _entry(key: str, value: str) -> Element:
    return made("mapEntry", mapKey=key, mappedValue=value)


def processing(type_: str, answer: Answer, points: Decimal, name: Names) -> Element:
    """The response processing of one of our questions."""
    if type_ == "multiple_choice" and not answer.correct:
        return _processing(_if(made("isNull", _response()), points))
    if type_ == "multiple_choice":
        return _processing(_score(_share(_mapped(), points, len(answer.correct))))
    if type_ == "matching":
        return _processing(_score(_share(_mapped(), points, len(answer.pairs))))
    if type_ == "text":
        return _processing(_score(_share(_mapped(), points, 1)))
    if type_ == "ordering":
        return _processing(*_in_place(answer.order, name), _score(_share(_variable(RIGHT), points, len(answer.order))))
    if type_ == "numerical":
        return _processing(_if(_equal(answer), points))
    return _processing(_if(made("match", _response(), _correct()), points))


def _processing(*children: Element) -> Element:
    return made("responseProcessing", *children)


def _variable(name: str) -> Element:
    return made("variable", identifier=name)


def _response() -> Element:
    return _variable(RESPONSE)


def _correct() -> Element:
    return made("correct", identifier=RESPONSE)


def _mapped() -> Element:
    return made("mapResponse", identifier=RESPONSE)


def _number(value: object) -> Element:
    return made("baseValue", str(value), baseType="float")


def _score(value: Element) -> Element:
    return made("setOutcomeValue", value, identifier=SCORE)


def _share(part: Element, points: Decimal, whole: int) -> Element:
    return made("divide", made("product", part, _number(points)), _number(whole))


def _if(condition: Element, points: Decimal) -> Element:
    otherwise = made("responseElse", _score(_number(0)))
    return made("responseCondition", made("responseIf", condition, _score(_number(points))), otherwise)


def _in_place(order: list[str], name: Names) -> list[Element]:
    """One more for each option that stands in its place."""
    return [
        made(
            "responseCondition",
            made(
                "responseIf",
                made("match", made("index", _response(), n=str(place)), _identifier(name(id_))),
                made("setOutcomeValue", made("sum", _variable(RIGHT), _number(1)), identifier=RIGHT),
            ),
        )
        for place, id_ in enumerate(order, 1)
    ]


def _identifier(value: str) -> Element:
    return made("baseValue", value, baseType="identifier")


def _equal(answer: Answer) -> Element:
    both = (_response(), _correct())
    if answer.tolerance is None:
        return made("equal", *both, toleranceMode="exact")
    mode = "relative" if answer.tolerance.endswith("%") else "absolute"
    bound = answer.tolerance.removesuffix("%")
    included = {"includeLowerBound": "true", "includeUpperBound": "true"}
    return made("equal", *both, toleranceMode=mode, tolerance=f"{bound} {bound}", **included)


def feedback() -> Element:
    """What shows the explanation, whatever is answered."""
    shown = made("baseValue", EXPLANATION, baseType="identifier")
    return made("setOutcomeValue", shown, identifier=FEEDBACK)


# ---- as it is read


def read_mark(found: Element | None, ours: Callable[[], Element | None]) -> Mark:
    """How an item is marked; `ours` gives what we would have written. Raises UnmappedError for ways of its own."""
    if found is None:
        return Mark("match")
    template = found.get("template")
    if template is not None and not len(found):
        return _by_template(template)
    rules = _about_score(found)
    own = ours()
    if own is not None and same(rules, own):
        return Mark("own")
    if len(rules) == 1:
        mark = _by_rule(rules[0])
        if mark is not None:
            return mark
    names = sorted({element.tag for element in elements(rules)} - _PLAIN)
    more = f" ({', '.join(names)[:80]})" if names else ""
    raise UnmappedError(f"its response processing is of its own kind{more}")


_RULES = {"responseProcessing", "responseCondition", "responseIf", "responseElse", "setOutcomeValue"}
_PLAIN = _RULES | {"baseValue", "variable", "correct"}


def _by_template(address: str) -> Mark:
    name = address.rpartition("/")[2].removesuffix(".xml")
    if name == "match_correct":
        return Mark("match", Decimal(1))
    if name == "map_response":
        return Mark("map")
    raise UnmappedError(f"its response processing is a template that is not known here: {address[:80]!a}")


def _about_score(found: Element) -> Element:
    """The rules without those that set other outcomes, for feedback, and so make no difference to the score."""
    rules = deepcopy(found)
    rules.attrib.clear()
    used = {element.get("identifier") for element in elements(rules) if element.tag == "variable"}
    for parent in list(elements(rules)):
        for child in list(parent):
            is_other = child.tag == "setOutcomeValue" and child.get("identifier") not in {SCORE, *used}
            if is_other or is_instruction(child):
                parent.remove(child)
    for parent in list(elements(rules)):
        for child in list(parent):
            if child.tag == "responseCondition" and not any(e.tag == "setOutcomeValue" for e in elements(child)):
                parent.remove(child)
    return rules


def _by_rule(rule: Element) -> Mark | None:
    """What the only rule says; None if it is none of those that are known."""
    if rule.tag == "setOutcomeValue":
        return Mark("map") if _is_mapped(rule) else None
    branches = list(rule)
    if rule.tag != "responseCondition" or not branches or branches[0].tag != "responseIf" or len(branches[0]) != 2:
        return None
    condition, given = branches[0]
    rest = branches[1:]
    if condition.tag == "isNull" and _constant(given) == 0 and len(rest) == 1 and len(rest[0]) == 1:
        return Mark("map") if rest[0].tag == "responseElse" and _is_mapped(rest[0][0]) else None
    points = _constant(given)
    if (points is None and not _is_most(given)) or not _is_nothing(rest) or not _compares(condition):
        return None
    if condition.tag == "match":
        return Mark("match", points)
    return Mark("equal", points, condition) if condition.tag == "equal" else None


def _is_mapped(rule: Element) -> bool:
    return len(rule) == 1 and rule[0].tag == "mapResponse" and rule.get("identifier") == SCORE


def _compares(condition: Element) -> bool:
    """Whether it compares the response with the correct one."""
    return sorted(child.tag for child in condition) == ["correct", "variable"]


def _is_nothing(branches: list[Element]) -> bool:
    """Whether what is otherwise done is nothing, or to give nothing."""
    if not branches:
        return True
    return len(branches) == 1 and branches[0].tag == "responseElse" and [*map(_constant, branches[0])] in ([], [0])


def _is_most(rule: Element) -> bool:
    """Whether a rule gives all that can be reached, as the item declares it."""
    return len(rule) == 1 and rule[0].tag == "variable" and rule[0].get("identifier") == MAXSCORE


def _constant(rule: Element) -> Decimal | None:
    """The number that a rule gives as the score."""
    if rule.tag != "setOutcomeValue" or len(rule) != 1 or rule[0].tag != "baseValue":
        return None
    return decimal(rule[0].text)


def decimal(text: str | None) -> Decimal | None:
    """A number that a text spells; None for none."""
    try:
        number = Decimal((text or "").strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def counts(declared: Element) -> Mapping[str, Decimal]:
    """What each answer counts by a mapping."""
    found: dict[str, Decimal] = {}
    for entry in declared.findall("mapEntry"):
        value = decimal(entry.get("mappedValue"))
        if value is None:
            raise UnmappedError("its mapping has a value that is no number")
        found[entry.get("mapKey", "")] = value
    return found
