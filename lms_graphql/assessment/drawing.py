"""Which questions an attempt has, and in what order its options are shown: all of it follows from a stored seed.

Everything that can be chosen is ordered by a hash of the seed and its number, so that a draw stays what it is in every
version of Python, and a question that comes into the pool moves no other one.
"""

from collections.abc import Sequence
from hashlib import blake2b

from lms_graphql.assessment.payloads import Option, QuestionType

SEED_BITS = 63


def draw(seed: int, pool: Sequence[int], count: int | None, *, random_order: bool) -> list[int]:
    """So many questions of a pool (all for None), by chance; in random order, or in that of the pool."""
    by_chance = sorted(pool, key=lambda question: _lot(seed, question))
    drawn = by_chance if count is None else by_chance[: max(count, 0)]
    return drawn if random_order else sorted(drawn, key=list(pool).index)


def shown(
    seed: int, question: int, type_: QuestionType, options: Sequence[Option], *, random_order: bool
) -> list[Option]:
    """The options of a question as they are shown.

    Those to be put in order, and the right side of a matching question, are always mixed: their order might be the
    answer. All others only where the quiz wants random order.
    """
    mixed = sorted(options, key=lambda option: _lot(seed, question, option.id))
    if type_ == "matching":
        left = [option for option in options if option.side == "left"]
        return [*left, *(option for option in mixed if option.side != "left")]
    return mixed if random_order or type_ == "ordering" else list(options)


def _lot(seed: int, *parts: int | str) -> bytes:
    return blake2b(":".join(str(part) for part in (seed, *parts)).encode(), digest_size=16).digest()
