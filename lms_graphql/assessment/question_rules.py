"""What a question of each type must have, so that it can be asked and marked: every wrong value is told, at once.

What is accepted here `marking` can mark: there is an answer that earns all points. Texts stay as they are written,
but for the ends of their lines; numbers are spelled as `marking` reads them.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple, TypeVar, get_args

import msgspec

from lms_graphql.assessment import marking, patterns
from lms_graphql.assessment.payloads import Answer, Option, QuestionType

MOST_OPTIONS = 200
MOST_ACCEPTED = 50
MOST_HINTS = 20
MOST_POINTS = Decimal("9999.99")
LONGEST_STEM = 20_000
LONGEST_OPTION = 5_000
LONGEST_HINT = 2_000
LONGEST_ACCEPTED = 1_000

_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_LAYOUT = {"\n", "\t"}
_NO_SIGNS = {"\ufffe", "\uffff"}
"""No XML can have these."""
_HUNDREDTH = Decimal("0.01")
_WITH_OPTIONS = ("single_choice", "multiple_choice", "dropdown", "ordering", "matching")
_KEYS_OF: Mapping[str, tuple[str, ...]] = {
    "single_choice": ("correct",),
    "multiple_choice": ("correct",),
    "dropdown": ("correct",),
    "numerical": ("value", "tolerance"),
    "text": ("accepted", "case_sensitive", "is_pattern"),
    "ordering": ("order",),
    "matching": ("pairs",),
}
"""What the answer of each type may have."""

T = TypeVar("T")
Where = tuple[str, ...]


class Problem(NamedTuple):
    """A wrong value: where it stands in the question, by the names of QuestionSeed and of what it holds, and why."""

    where: Where
    message: str


class Problems(list[Problem]):
    """All wrong values of one question."""

    def say(self, message: str, *where: str | int) -> None:
        """One more of them."""
        self.append(Problem(tuple(map(str, where)), message))

    def text(self, value: Any, most: int, *where: str | int) -> str:
        """A text of at most so many characters that can be shown and is not blank; its lines end with a line feed."""
        text = value.replace("\r\n", "\n").replace("\r", "\n") if isinstance(value, str) else value
        message = _wrong_text(text, most)
        if message is not None:
            self.say(message, *where)
        return "" if message is not None else str(text)


def _wrong_text(value: Any, most: int) -> str | None:
    if not isinstance(value, str):
        return "this must be a text"
    if not value.strip():
        return "this must not be empty"
    if len(value) > most:
        return f"this has {len(value)} characters, at most {most} can be taken"
    if any(sign in _NO_SIGNS or (unicodedata.category(sign) in {"Cc", "Cs"} and sign not in _LAYOUT) for sign in value):
        return "this has signs that can't be stored or shown"
    return None


def checked_points(value: Any, problems: Problems) -> Decimal:
    """The points, 0 to 9999.99 in hundredths."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        problems.say("points are a decimal number", "points")
        return Decimal(0)
    try:
        points = Decimal(value)
        if points.is_finite() and 0 <= points <= MOST_POINTS and points == points.quantize(_HUNDREDTH):
            return points.quantize(_HUNDREDTH)
    except InvalidOperation:
        pass
    problems.say(f"points are from 0 to {MOST_POINTS}, with at most two decimal places", "points")
    return Decimal(0)


def checked_hints(value: Any, problems: Problems) -> list[str]:
    """The hints, each a text."""
    hints = _listed(value, MOST_HINTS, problems, "hints")
    return [problems.text(hint, LONGEST_HINT, "hints", place) for place, hint in enumerate(hints)]


def checked_options(type_: QuestionType, value: Any, problems: Problems) -> list[Option]:
    """The options: of those that are wrong only the problems are told."""
    if type_ not in _WITH_OPTIONS:
        if value:
            problems.say(f"a question of type {type_} has no options", "options")
        return []
    given = _listed(value, MOST_OPTIONS, problems, "options")
    read = [_option(type_, one, place, problems) for place, one in enumerate(given)]
    options = [option for option in read if option is not None]
    seen: set[str] = set()
    for place, option in enumerate(read):
        if option is not None and option.id in seen:
            problems.say("another option of the question has this id", "options", place, "id")
        seen |= {option.id} if option is not None else set()
    for side, word in (("left", "on the left"), ("right", "on the right")) if type_ == "matching" else ():
        if read and not any(option is None or option.side == side for option in read):
            problems.say(f"there must be an option {word}", "options")
    least = 1 if type_ in ("single_choice", "multiple_choice", "dropdown") else 2
    if isinstance(value, list | tuple) and len(value) < least:
        problems.say(f"there must be at least {least} option{'s' if least > 1 else ''}", "options")
    return options


def _option(type_: QuestionType, value: Any, place: int, problems: Problems) -> Option | None:
    option = _struct(Option, value, problems, "options", place)
    if option is None:
        return None
    before = len(problems)
    if not _ID.fullmatch(option.id):
        problems.say("an id has 1 to 64 of A-Z, a-z, 0-9, _, . and -", "options", place, "id")
    option.text = problems.text(option.text, LONGEST_OPTION, "options", place, "text")
    if (type_ == "matching") != (option.side is not None):
        wanted = "this must be left or right" if type_ == "matching" else "only a matching question has sides"
        problems.say(wanted, "options", place, "side")
    return option if len(problems) == before else None


def checked_answer(type_: QuestionType, options: Sequence[Option], value: Any, problems: Problems) -> Answer:
    """The answer, held against the options; those are to be right, or their problems told already."""
    answer = _struct(Answer, value, problems, "answer")
    if answer is None:
        return Answer()
    default = Answer()
    for name in Answer.__struct_fields__:
        if name not in _KEYS_OF[type_] and getattr(answer, name) != getattr(default, name):
            problems.say(f"a question of type {type_} has no such answer", "answer", name)
    if not problems:  # what is said about the answer would follow from other mistakes
        _ANSWERS[type_](options, answer, problems)
    return answer


def _struct(type_: type[T], value: Any, problems: Problems, *where: str | int) -> T | None:
    """A struct of JSON; a key that it does not have is a mistake."""
    plain = msgspec.to_builtins(value) if isinstance(value, msgspec.Struct) else value
    if not isinstance(plain, Mapping):
        problems.say("this must be an object", *where)
        return None
    before = len(problems)
    for key in plain.keys() - set(type_.__struct_fields__):  # type: ignore[attr-defined]
        problems.say(f"there is no such key: {str(key)[:40]!a}", *where)
    try:
        made = msgspec.convert(dict(plain), type_)
    except msgspec.ValidationError as error:
        problems.say(_told(error), *where)
        return None
    return made if len(problems) == before else None


def _told(error: msgspec.ValidationError) -> str:
    """What is wrong with the shape of something, without what it says."""
    return "this can't be read: " + re.sub("'.*?'", "…", str(error).replace("`", ""))[:200]


def _listed(value: Any, most: int, problems: Problems, *where: str) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        problems.say("this must be a list", *where)
        return ()
    if len(value) > most:
        problems.say(f"these are {len(value)}, at most {most} can be taken", *where)
        return ()
    return value


def _known(keys: Sequence[str], among: Sequence[str], problems: Problems, *where: str | int) -> None:
    """That the keys are such of options, and none is there twice."""
    for place, key in enumerate(keys):
        if key not in among:
            problems.say(f"there is no such option: {key[:40]!a}", *where, place)
        elif key in keys[:place]:
            problems.say("this option is named twice", *where, place)


def _ids(options: Sequence[Option], side: str | None = None) -> list[str]:
    return [option.id for option in options if option.side == side]


def _one(options: Sequence[Option], answer: Answer, problems: Problems) -> None:
    if len(answer.correct) != 1:
        problems.say(f"exactly one option is right, these are {len(answer.correct)}", "answer", "correct")
    _known(answer.correct, _ids(options), problems, "answer", "correct")


def _some(options: Sequence[Option], answer: Answer, problems: Problems) -> None:
    _known(answer.correct, _ids(options), problems, "answer", "correct")


def _number(_options: Sequence[Option], answer: Answer, problems: Problems) -> None:
    value = marking.number(answer.value or "")
    if value is None:
        problems.say("write digits with a decimal point, for example 9.81 or 6.02e23", "answer", "value")
    else:
        answer.value = _spelled(answer.value or "")
    if answer.tolerance is None:
        return
    written = answer.tolerance.strip()
    tolerance = marking.number(written.removesuffix("%"))
    if tolerance is None or tolerance < 0:
        problems.say("write a number from 0 on, or such a number and %, for example 0.1 or 5%", "answer", "tolerance")
    else:
        answer.tolerance = _spelled(written.removesuffix("%")) + ("%" if written.endswith("%") else "")


def _spelled(text: str) -> str:
    """A number as `Decimal` reads it, too."""
    return text.strip().replace("\N{MINUS SIGN}", "-")


def _texts(_options: Sequence[Option], answer: Answer, problems: Problems) -> None:
    if not 1 <= len(answer.accepted) <= MOST_ACCEPTED:
        count = len(answer.accepted)
        problems.say(f"there must be 1 to {MOST_ACCEPTED} accepted texts, these are {count}", "answer", "accepted")
        return
    for place, text in enumerate(answer.accepted):
        if problems.text(text, LONGEST_ACCEPTED, "answer", "accepted", place):
            for message in _wrong_pattern(text) if answer.is_pattern else ():
                problems.say(message, "answer", "accepted", place)


def _wrong_pattern(text: str) -> Iterator[str]:
    if not patterns.is_cheap(text):
        yield "this is no regular expression, or one that could take too long to try: repeat less, and nothing nested"


def _order(options: Sequence[Option], answer: Answer, problems: Problems) -> None:
    _known(answer.order, _ids(options), problems, "answer", "order")
    if set(answer.order) != set(_ids(options)):
        problems.say(f"all {len(options)} options must be put in order", "answer", "order")


def _pairs(options: Sequence[Option], answer: Answer, problems: Problems) -> None:
    left, right = _ids(options, "left"), _ids(options, "right")
    named = [one for one, _ in answer.pairs]
    for place, (one, other) in enumerate(answer.pairs):
        if one not in left:
            problems.say(f"there is no such option on the left: {one[:40]!a}", "answer", "pairs", place)
        elif one in named[:place]:
            problems.say("this option on the left is in another pair", "answer", "pairs", place)
        if other not in right:
            problems.say(f"there is no such option on the right: {other[:40]!a}", "answer", "pairs", place)
    missing = [one for one in left if one not in named]
    if missing:
        problems.say(f"these options on the left are in no pair: {', '.join(missing[:10])}", "answer", "pairs")


_ANSWERS: Mapping[str, Callable[[Sequence[Option], Answer, Problems], None]] = {
    "single_choice": _one,
    "multiple_choice": _some,
    "dropdown": _one,
    "numerical": _number,
    "text": _texts,
    "ordering": _order,
    "matching": _pairs,
}
TYPES: tuple[QuestionType, ...] = get_args(QuestionType)
