"""How a grade is worked out: exact, from a policy and scores, without a database.

All of it is done in fractions and rounded once, at the end, to hundredths of a percent, halves up.

- An item counts in its category; one that has no category, or whose category the policy does not have, counts nowhere.
- A category's share is points earned by points possible of the items that it keeps. Items worth 0 points are extra:
  they can't be dropped, and what was earned for them is added.
- The lowest and the highest are dropped by their share; of equal ones that worth more is the lower. One is always kept:
  first the highest stay, then the lowest.
- `current` looks at what is graded, `final` at everything: what is not graded is worth 0 there, and what a category has
  less than its `min_count` is filled up by zeros, each worth as much as the category's items on average. They are the
  first to be dropped.
- What is excused is as if it were not there, but for `min_count`, which it fulfils.
- The score is the mean of the categories' shares by weight. `current` leaves categories out in which nothing is graded,
  `final` only those in which a person is excused from everything. Extra credit is added on top: its weight is its part
  of 100, whatever the weights of the others come to.
- Without any weight there is no score.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import msgspec

MOST_SCORE = Decimal("9999.99")
"""What a final score can be at most, as it is stored."""
_WHOLE = 100
_HUNDREDTHS = 100


class Category(NamedTuple):
    """A part of a policy. `weight` is in percent."""

    id: int
    name: str
    weight: Decimal
    drop_lowest: int = 0
    drop_highest: int = 0
    min_count: int = 0
    extra_credit: bool = False


class Item(NamedTuple):
    """Something graded: `points` is what perfect work is worth, None where nobody has said.

    `number` is the id of a content item or, by its kind, of a grade item.
    """

    kind: str
    number: int
    title: str
    points: Decimal | None
    category_id: int | None


class Score(NamedTuple):
    """What was got for an item: `earned` of `possible` points, None where that is the item's own."""

    earned: Decimal | None
    possible: Decimal | None = None
    is_excused: bool = False


class Policy(NamedTuple):
    """How a grade is made; `letters` are pairs of the lowest score and its letter, the best first."""

    pass_mark: Decimal
    version: int
    letters: Sequence[tuple[Decimal, str]]
    categories: Sequence[Category]


ItemKey = tuple[str, int]
"""The kind and the number of an item."""


class BreakdownItem(msgspec.Struct, frozen=True):
    """What became of an item in the final score; points with two places."""

    item: Item
    earned: Decimal | None
    possible: Decimal | None
    is_dropped: bool
    is_excused: bool
    is_counted: bool


class BreakdownCategory(msgspec.Struct, frozen=True):
    """What a category gives to the final score: `contribution` is in percent of the whole grade."""

    category: Category
    earned: Decimal
    possible: Decimal
    contribution: Decimal
    items: list[BreakdownItem]


class Breakdown(msgspec.Struct, frozen=True):
    """A grade, and what it is made of; the contributions sum to `final`, to the last place."""

    current: Decimal | None
    final: Decimal | None
    letter: str | None
    passed: bool | None
    categories: list[BreakdownCategory]


class _Worth(NamedTuple):
    """An item as it counts: scaled to what it is worth."""

    item: Item | None
    earned: Fraction
    possible: Fraction
    is_graded: bool

    def rank(self) -> tuple[Fraction, Fraction, bool, str, int]:
        """The lowest first; what stands for something missing before all that is there."""
        there = self.item is not None
        kind, number = (self.item.kind, self.item.number) if self.item is not None else ("", 0)
        return self.earned / self.possible, -self.possible, there, kind, number


class _Part(NamedTuple):
    """A category as one person stands in it."""

    category: Category
    kept: list[_Worth]
    dropped: list[_Worth]
    is_left: bool
    """Whether it leaves the grade with its weight."""

    @property
    def earned(self) -> Fraction:
        return sum((worth.earned for worth in self.kept), Fraction(0))

    @property
    def possible(self) -> Fraction:
        return sum((worth.possible for worth in self.kept), Fraction(0))

    @property
    def share(self) -> Fraction:
        return self.earned / self.possible if self.possible else Fraction(0)


def rounded(value: Fraction) -> Decimal:
    """A value that is not negative with two places, halves up."""
    return _hundredths(_nearest(value * _HUNDREDTHS))


def _nearest(value: Fraction) -> int:
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


def _hundredths(number: int) -> Decimal:
    return Decimal(number).scaleb(-2)


def letter_of(policy: Policy, score: Decimal | None) -> str | None:
    """The letter that a score earns; None where there is no score, or no letter for it."""
    if score is None:
        return None
    return next((letter for lowest, letter in policy.letters if score >= lowest), None)


def has_passed(policy: Policy, score: Decimal | None) -> bool | None:
    """Whether a score reaches the pass mark; None where there is none."""
    return None if score is None else score >= policy.pass_mark


def breakdown(policy: Policy, items: Iterable[Item], scores: Mapping[ItemKey, Score]) -> Breakdown:
    """The grade of a person who has these scores, and how it comes about. Raises ValueError for what is no number."""
    by_category: dict[int, list[Item]] = {category.id: [] for category in policy.categories}
    for item in items:
        if item.category_id in by_category:
            by_category[item.category_id].append(item)
    _check(scores.values())
    current = _total([_part(one, by_category[one.id], scores, only_graded=True) for one in policy.categories])[0]
    parts = [_part(one, by_category[one.id], scores, only_graded=False) for one in policy.categories]
    final, contributions = _total(parts)
    return Breakdown(
        current,
        final,
        letter_of(policy, final),
        has_passed(policy, final),
        [
            _shown(part, by_category[part.category.id], scores, contribution)
            for part, contribution in zip(parts, contributions, strict=True)
        ],
    )


def _check(scores: Iterable[Score]) -> None:
    for score in scores:
        for value in (score.earned, score.possible):
            if value is not None and not (value.is_finite() and value >= 0):
                raise ValueError(f"{value} is no score")


def worth_of(item: Item, score: Score | None) -> tuple[Fraction | None, Fraction | None]:
    """What an item gives and could give, in its own points; None what is not known.

    A score out of something else than the item is worth is scaled to it; out of 0 it can't be, and is extra.
    """
    points = None if item.points is None else Fraction(item.points)
    if score is None or score.earned is None:
        return None, points
    earned = Fraction(score.earned)
    out_of = points if score.possible is None else Fraction(score.possible)
    if not out_of:
        return earned, Fraction(0)
    return (earned, out_of) if points is None else (earned * points / out_of, points)


def _part(category: Category, items: Sequence[Item], scores: Mapping[ItemKey, Score], *, only_graded: bool) -> _Part:
    excused = [item for item in items if _is_excused(scores.get(item[:2]))]
    worths = [
        _Worth(item, Fraction(0) if earned is None else earned, possible, earned is not None)
        for item in items
        if item not in excused
        for earned, possible in (worth_of(item, scores.get(item[:2])),)
        if possible is not None and not (only_graded and earned is None)
    ]
    extra = [worth for worth in worths if not worth.possible]
    ranked = [worth for worth in worths if worth.possible]
    if not only_graded and ranked:
        ranked += _missing(ranked, category.min_count - len(worths) - len(excused))
    kept, dropped = _dropped(sorted(ranked, key=_Worth.rank), category)
    nothing = not ranked if only_graded else bool(excused) and len(excused) == len(items)
    return _Part(category, kept + extra, dropped, is_left=nothing)


def _is_excused(score: Score | None) -> bool:
    return score is not None and score.is_excused


def _missing(there: Sequence[_Worth], count: int) -> list[_Worth]:
    """Zeros for what is missing, each worth what the others are on average."""
    mean = sum((worth.possible for worth in there), Fraction(0)) / len(there)
    return [_Worth(None, Fraction(0), mean, is_graded=False)] * max(0, count)


def _dropped(ranked: Sequence[_Worth], category: Category) -> tuple[list[_Worth], list[_Worth]]:
    lowest = min(category.drop_lowest, max(0, len(ranked) - 1))
    highest = min(category.drop_highest, max(0, len(ranked) - 1 - lowest))
    end = len(ranked) - highest
    return list(ranked[lowest:end]), [*ranked[:lowest], *ranked[end:]]


def _total(parts: Sequence[_Part]) -> tuple[Decimal | None, list[Decimal]]:
    """The score, and what each part contributes to it."""
    whole = sum(
        (Fraction(part.category.weight) for part in parts if not (part.is_left or part.category.extra_credit)),
        Fraction(0),
    )
    if not whole:
        return None, [Decimal("0.00")] * len(parts)
    exact = [
        Fraction(0)
        if part.is_left
        else part.share * Fraction(part.category.weight) * (1 if part.category.extra_credit else _WHOLE / whole)
        for part in parts
    ]
    return apportioned(exact)


def apportioned(exact: Sequence[Fraction]) -> tuple[Decimal, list[Decimal]]:
    """The sum, rounded once, and parts that sum to it: each rounded down, those most cut first given what is left.

    A sum that can't be stored is the most that can be, and its parts are smaller in proportion.
    """
    total = sum(exact, Fraction(0))
    most = Fraction(MOST_SCORE)
    units = [value * _HUNDREDTHS * (most / total if total > most else 1) for value in exact]
    whole = _nearest(sum(units, Fraction(0)))
    floors = [value.numerator // value.denominator for value in units]
    by_rest = sorted(range(len(units)), key=lambda place: (floors[place] - units[place], place))
    for place in by_rest[: whole - sum(floors)]:
        floors[place] += 1
    return _hundredths(whole), [_hundredths(number) for number in floors]


def _shown(
    part: _Part, items: Sequence[Item], scores: Mapping[ItemKey, Score], contribution: Decimal
) -> BreakdownCategory:
    kept = {worth.item for worth in part.kept}
    dropped = {worth.item for worth in part.dropped}
    shown = [_shown_item(item, scores.get(item[:2]), kept, dropped) for item in items]
    return BreakdownCategory(part.category, rounded(part.earned), rounded(part.possible), contribution, shown)


def _shown_item(item: Item, score: Score | None, kept: set[Item | None], dropped: set[Item | None]) -> BreakdownItem:
    earned, possible = worth_of(item, score)
    return BreakdownItem(
        item,
        None if earned is None else rounded(earned),
        None if possible is None else rounded(possible),
        is_dropped=item in dropped,
        is_excused=_is_excused(score),
        is_counted=item in kept,
    )
