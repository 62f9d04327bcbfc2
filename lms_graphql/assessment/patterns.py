"""Which regular expressions may be tried on what people type: those that can't take long, whatever it is.

Python's matcher goes back over every way in which a pattern could fit a text. How many there can be is counted here
from the pattern alone, for texts of `LONGEST_TEXT` characters; a pattern with too many is not tried.
"""

import re
from functools import lru_cache
from math import prod
from re import _constants, _parser  # type: ignore[attr-defined]  # Python's own parser, without a public name
from typing import Any

LONGEST_TEXT = 100
"""In characters; a longer one is not to be tried."""

_LONGEST_PATTERN = 1000
_MOST_WAYS = 1_100_000
_REPEATS = {_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT}
_REFERS = {_constants.GROUPREF, _constants.GROUPREF_EXISTS}


class _TooDearError(Exception):
    pass


@lru_cache(maxsize=4096)
def is_cheap(pattern: str) -> bool:
    """Whether the pattern is one, and can be tried on a short text in no time."""
    if len(pattern) > _LONGEST_PATTERN:
        return False
    try:
        re.compile(pattern)
        return _ways(_parser.parse(pattern)) <= _MOST_WAYS
    except (re.error, OverflowError, RecursionError, _TooDearError):
        return False


def _ways(parsed: Any) -> int:
    """In how many ways a parsed pattern can fit, at most."""
    return prod(_ways_of_one(operation, argument) for operation, argument in parsed)


def _ways_of_one(operation: Any, argument: Any) -> int:
    if operation in _REFERS:
        raise _TooDearError
    if operation is _constants.BRANCH:
        return sum(_ways(alternative) for alternative in argument[1])
    if operation in _REPEATS:
        least, most, repeated = argument
        ways = _ways(repeated)
        times = min(int(most), LONGEST_TEXT) - min(int(least), LONGEST_TEXT) + 1
        if ways > 1 and most != 1:  # every repetition could go another way
            raise _TooDearError
        return times - 1 + ways
    return prod(_ways(part) for part in _parts(argument))


def _parts(argument: Any) -> list[Any]:
    """The patterns in an operation's argument, however deep they lie there."""
    if isinstance(argument, _parser.SubPattern):
        return [argument]
    if isinstance(argument, list | tuple):
        return [part for one in argument for part in _parts(one)]
    return []
