"""What an answer is worth: pure functions, exact to the last digit, rounded once.

Each type gives the share of a question's points that an answer earns, as a fraction of whole numbers:

- single choice, dropdown: all for one option that is right, else nothing
- multiple choice: (right ones chosen - wrong ones chosen) / right ones, at least 0; where nothing is right, all for
  choosing nothing
- numerical: all within the tolerance, its ends included, else nothing
- text: all for a text that is accepted, else nothing
- ordering: the share of options that stand in their place
- matching: the share of pairs that are right; a left option that was put to several counts as not put to any
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from lms_graphql.assessment import patterns
from lms_graphql.assessment.payloads import Answer, QuestionType, Response

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_LONGEST_NUMBER = 64
LONGEST_TEXT = 10_000
"""Of an answer to a text question, in characters."""


def number(text: str) -> Decimal | None:
    """The number that a text spells: digits, at most one decimal point, an exponent of at most three digits; else None.

    A comma is refused and not guessed at (1,500 is two numbers in two countries), as are NaN and infinities.
    """
    spelled = text.strip().replace("\N{MINUS SIGN}", "-")
    if len(spelled) > _LONGEST_NUMBER or _NUMBER.fullmatch(spelled) is None:
        return None
    return Decimal(spelled)


def share(type_: QuestionType, answer: Answer | None, response: Response | None) -> Fraction | None:
    """What share of a question's points an answer earns, 0 to 1; None where the key does not say what is right.

    No response earns 0. What is in a response and does not belong to its type is not looked at.
    """
    if answer is None:
        return None
    return Fraction(0) if response is None else _SHARES[type_](answer, response)


def awarded(points: Decimal, earned: Fraction) -> Decimal:
    """A share of points, rounded once to hundredths, halves upward."""
    hundredths = Fraction(points) * earned * 100
    return Decimal((2 * hundredths.numerator + hundredths.denominator) // (2 * hundredths.denominator)).scaleb(-2)


def _all(is_right: object) -> Fraction:
    """All of it or nothing."""
    return Fraction(1 if is_right else 0)


def _choice(answer: Answer, response: Response) -> Fraction | None:
    if not answer.correct:
        return None
    return _all(len(response.chosen) == 1 and response.chosen[0] in answer.correct)


def _choices(answer: Answer, response: Response) -> Fraction:
    right, chosen = set(answer.correct), set(response.chosen)
    if not right:
        return _all(not chosen)
    return max(Fraction(0), Fraction(len(chosen & right) - len(chosen - right), len(right)))


def _numerical(answer: Answer, response: Response) -> Fraction | None:
    try:
        value, tolerance = Fraction(Decimal(answer.value or "")), _tolerance(answer)
    except (InvalidOperation, ValueError, OverflowError):  # no number, NaN, an infinity
        return None
    given = number(response.value or "")
    return _all(given is not None and abs(Fraction(given) - value) <= tolerance)


def _tolerance(answer: Answer) -> Fraction:
    text = (answer.tolerance or "0").strip()
    if not text.endswith("%"):
        return abs(Fraction(Decimal(text)))
    return abs(Fraction(Decimal(text[:-1])) * Fraction(Decimal(answer.value or "")) / 100)


def _text(answer: Answer, response: Response) -> Fraction | None:
    if not answer.accepted:
        return None
    given = _folded(response.text or "", case_sensitive=answer.case_sensitive)
    if not answer.is_pattern:
        accepted = {_folded(text, case_sensitive=answer.case_sensitive) for text in answer.accepted}
        return _all(bool(given) and given in accepted)
    if not all(patterns.is_cheap(pattern) for pattern in answer.accepted):
        return None
    line = _one_line(response.text or "")
    if not 0 < len(line) <= patterns.LONGEST_TEXT:
        return Fraction(0)
    flags = re.NOFLAG if answer.case_sensitive else re.IGNORECASE
    return _all(any(re.fullmatch(pattern, line, flags) is not None for pattern in answer.accepted))


def _one_line(text: str) -> str:
    """The text in Unicode's composed form, with single spaces and none around it."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _folded(text: str, *, case_sensitive: bool) -> str:
    """As texts are compared: `_one_line`, and unless the case matters without it."""
    line = _one_line(text)
    return line if case_sensitive else unicodedata.normalize("NFC", line.casefold())


def _ordering(answer: Answer, response: Response) -> Fraction | None:
    if not answer.order:
        return None
    in_place = sum(given == right for given, right in zip(response.order, answer.order, strict=False))
    return Fraction(in_place, len(answer.order))


def _matching(answer: Answer, response: Response) -> Fraction | None:
    right = set(answer.pairs)
    if not right:
        return None
    often = Counter(left for left, _ in response.pairs)
    return Fraction(sum(pair in right for pair in response.pairs if often[pair[0]] == 1), len(right))


_SHARES: Mapping[QuestionType, Callable[[Answer, Response], Fraction | None]] = {
    "single_choice": _choice,
    "multiple_choice": _choices,
    "numerical": _numerical,
    "text": _text,
    "dropdown": _choice,
    "ordering": _ordering,
    "matching": _matching,
}


def longest_run(before: int, right: list[bool]) -> tuple[int, int]:
    """So many right answers in a row, begun with `before`: the longest run there was, and the one that goes on."""
    run = longest = before
    for one in right:
        run = run + 1 if one else 0
        longest = max(longest, run)
    return longest, run
