"""A question as a client writes it, by its type: as it is stored, and with its wrong values where they stand there."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from lms_graphql.assessment.pooling import QuestionSeed, read_question, spelled
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure

Given = Mapping[str, Any]
Where = tuple[str, ...]
PATH = ("input", "question")


class _Kind(NamedTuple):
    """How one field of QuestionInput is read, and what the places in a question are called there."""

    type: str
    read: Callable[[Given], tuple[list[Any], dict[str, Any]]]
    place: Callable[[Given, Where], Where]


def question_of(given: Given, path: Where = PATH) -> QuestionSeed:
    """The question, checked; Refused with one failure for each wrong value, whose path leads into the input."""
    ((name, said),) = given.items()
    kind = _KINDS[name]
    options, answer = kind.read(said)
    seed, problems = read_question(
        QuestionSeed(
            kind.type,
            said["stem"],
            said["points"],
            options,
            said.get("hints") or [],
            answer,
            said.get("explanation"),
        )
    )
    if problems:
        raise Refused.all([_failure(kind.place(said, where), message, (*path, name)) for where, message in problems])
    return seed


def _failure(where: Where, message: str, path: Where) -> UserFailure:
    return UserFailure(UserErrorCode.INVALID, f"{spelled(where)}: {message}", (*path, *where))


def _options(given: Given, field: str = "options", **more: str) -> list[dict[str, str]]:
    return [{"id": option["key"], "text": option["text"], **more} for option in given[field]]


def _one(given: Given) -> tuple[list[Any], dict[str, Any]]:
    return _options(given), {"correct": [given["correct"]]}


def _some(given: Given) -> tuple[list[Any], dict[str, Any]]:
    return _options(given), {"correct": given["correct"]}


def _number(given: Given) -> tuple[list[Any], dict[str, Any]]:
    return [], {"value": given["value"], "tolerance": given.get("tolerance")}


def _text(given: Given) -> tuple[list[Any], dict[str, Any]]:
    answer = {"accepted": given["accepted"], "case_sensitive": given["isCaseSensitive"]}
    return [], {**answer, "is_pattern": given["isPattern"]}


def _order(given: Given) -> tuple[list[Any], dict[str, Any]]:
    return _options(given), {"order": given["order"]}


def _pairs(given: Given) -> tuple[list[Any], dict[str, Any]]:
    options = [*_options(given, "left", side="left"), *_options(given, "right", side="right")]
    return options, {"pairs": [(pair["left"], pair["right"]) for pair in given["pairs"]]}


_NAMES = {"id": "key", "case_sensitive": "isCaseSensitive", "is_pattern": "isPattern"}


def _place(_given: Given, where: Where) -> Where:
    """The answer's fields stand beside the others; the words are those of the API."""
    return tuple(_NAMES.get(part, part) for part in (where[1:] if where[0] == "answer" and where[1:] else where))


def _place_of_one(given: Given, where: Where) -> Where:
    """What is right is one key here, and not a list."""
    place = _place(given, where)
    return place[:1] if place[0] == "correct" else place


def _place_of_pairs(given: Given, where: Where) -> Where:
    """The options stand in two lists."""
    place, count = _place(given, where), len(given["left"])
    if place[0] != "options" or not place[1:]:
        return place
    index = int(place[1])
    side, number = ("left", index) if index < count else ("right", index - count)
    return (side, str(number), *place[2:])


_KINDS: Mapping[str, _Kind] = {
    "singleChoice": _Kind("single_choice", _one, _place_of_one),
    "multipleChoice": _Kind("multiple_choice", _some, _place),
    "numerical": _Kind("numerical", _number, _place),
    "text": _Kind("text", _text, _place),
    "dropdown": _Kind("dropdown", _one, _place_of_one),
    "ordering": _Kind("ordering", _order, _place),
    "matching": _Kind("matching", _pairs, _place_of_pairs),
}
