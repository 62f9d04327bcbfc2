"""What a person answers, as it comes in and as it is stored: held against what the person was shown."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lms_graphql.assessment.marking import LONGEST_TEXT, number
from lms_graphql.assessment.payloads import Response, Snapshot
from lms_graphql.engine.usererrors import Refused, UserErrorCode

Path = tuple[str, ...]
MOST_ANSWERS = 200
"""Of one request, and questions of one attempt."""

_LAYOUT = {"\n", "\t", "\r"}


def responses(snapshots: Mapping[int, Snapshot | None], answers: Sequence[Mapping[str, Any]]) -> dict[int, Response]:
    """The answers of a request by position, each as it is stored; Refused for the first that does not fit."""
    if len(answers) > MOST_ANSWERS:
        message = f"these are {len(answers)} answers, at most {MOST_ANSWERS} can be saved at once"
        raise Refused(UserErrorCode.LIMIT_REACHED, message, ("input", "answers"))
    found: dict[int, Response] = {}
    for index, given in enumerate(answers):
        path, position = ("input", "answers", str(index)), given["position"]
        if position not in snapshots:
            raise _invalid(f"the attempt has no question {position}", (*path, "position"))
        if position in found:
            raise _invalid(f"question {position} is answered twice in one request", (*path, "position"))
        found[position] = response(snapshots[position], given["answer"], (*path, "answer"))
    return found


def response(snapshot: Snapshot | None, given: Mapping[str, Any], path: Path) -> Response:
    """One answer; `given` has one key, `path` leads to it."""
    ((kind, value),) = given.items()
    if snapshot is None:
        raise _invalid("this question can't be read, and not be answered", path)
    wanted, read = _READERS[snapshot.type]
    if kind != wanted:
        raise _invalid(f"this question is {snapshot.type}: it is answered with `{wanted}`, not with `{kind}`", path)
    return read(snapshot, value, (*path, kind))


def _invalid(message: str, path: Path) -> Refused:
    return Refused(UserErrorCode.INVALID, message, path)


def _known(keys: Sequence[str], among: Sequence[str], path: Path) -> list[str]:
    """The keys, if they are such of options and none is there twice."""
    for key in keys:
        if key not in among:
            raise _invalid(f"there is no such option: {key[:40]!a}", path)
    if len(set(keys)) < len(keys):
        raise _invalid("an option is named twice", path)
    return list(keys)


def _keys(snapshot: Snapshot) -> list[str]:
    return [option.id for option in snapshot.options]


def _choice(snapshot: Snapshot, key: str, path: Path) -> Response:
    return Response(chosen=_known([key], _keys(snapshot), path))


def _choices(snapshot: Snapshot, keys: list[str], path: Path) -> Response:
    return Response(chosen=sorted(_known(keys, _keys(snapshot), path)))


def _number(_snapshot: Snapshot, text: str, path: Path) -> Response:
    if number(text) is None:
        raise _invalid("this is no number: write digits with a decimal point, for example 9.81 or 6.02e23", path)
    return Response(value=text.strip())


def _text(_snapshot: Snapshot, text: str, path: Path) -> Response:
    if len(text) > LONGEST_TEXT:
        raise _invalid(f"this has {len(text)} characters, at most {LONGEST_TEXT} can be taken", path)
    if any(unicodedata.category(sign) in {"Cc", "Cs"} and sign not in _LAYOUT for sign in text):
        raise _invalid("this has signs that can't be stored or shown", path)
    return Response(text=text)


def _order(snapshot: Snapshot, keys: list[str], path: Path) -> Response:
    all_keys = _keys(snapshot)
    if len(_known(keys, all_keys, path)) < len(all_keys):
        raise _invalid(f"all {len(all_keys)} options are to be put in order, these are {len(keys)}", path)
    return Response(order=list(keys))


def _pairs(snapshot: Snapshot, pairs: list[Mapping[str, str]], path: Path) -> Response:
    left = [option.id for option in snapshot.options if option.side == "left"]
    right = [option.id for option in snapshot.options if option.side == "right"]
    _known([pair["left"] for pair in pairs], left, path)
    for pair in pairs:
        _known([pair["right"]], right, path)
    return Response(pairs=sorted((pair["left"], pair["right"]) for pair in pairs))


_READERS: Mapping[str, tuple[str, Callable[[Snapshot, Any, Path], Response]]] = {
    "single_choice": ("choice", _choice),
    "dropdown": ("choice", _choice),
    "multiple_choice": ("choices", _choices),
    "numerical": ("number", _number),
    "text": ("text", _text),
    "ordering": ("order", _order),
    "matching": ("pairs", _pairs),
}
"""By type: the field of the input that answers it, and what reads that."""
