"""The letters of a grading policy, as they are stored."""

import logging
from decimal import Decimal

import msgspec

logger = logging.getLogger(__name__)


class LetterGrade(msgspec.Struct):
    """A letter, and the lowest score in percent that earns it."""

    lowest_score: Decimal
    letter: str


_PAIRS = msgspec.json.Decoder(list[tuple[Decimal, str]])


def letters(data: bytes, *, policy_id: int) -> list[LetterGrade]:
    """The letters in a policy's `letter_scheme`, best first; none where it is malformed, which is logged."""
    try:
        pairs = _PAIRS.decode(data)
    except msgspec.DecodeError as error:
        logger.warning("the letter scheme of grading policy %s is malformed: %s", policy_id, error)
        return []
    return [LetterGrade(lowest, letter) for lowest, letter in sorted(pairs, reverse=True)]
