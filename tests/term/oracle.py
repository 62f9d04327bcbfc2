"""What a term must come to, worked out again in fractions from what was done; shares no code with the product.

The rules are those that the documentation promises: a course is as far as the share of its items that are done; of a
quiz the best attempt counts; multiple choice earns right less wrong by right; each begun day of lateness takes its
percentage from the score; a category's lowest shares are dropped; everything is rounded once, halves up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any


def rounded(value: Fraction) -> str:
    """With two places, halves up."""
    hundredths = int(value * 100 + Fraction(1, 2))
    return f"{hundredths // 100}.{hundredths % 100:02}"


@dataclass
class Question:
    """A question as its key has it, and what somebody answered: option ids, a number or a text."""

    type: str
    points: Fraction
    key: Mapping[str, Any]
    answer: Any

    def earned(self) -> Fraction:
        """The points that the answer is worth."""
        return Fraction(rounded(self.points * self._share()))

    def _share(self) -> Fraction:
        if self.answer is None:
            return Fraction(0)
        match self.type:
            case "single_choice" | "dropdown":
                return Fraction(self.answer in self.key["correct"])
            case "multiple_choice":
                right, chosen = set(self.key["correct"]), set(self.answer)
                if not right:
                    return Fraction(not chosen)
                return max(Fraction(0), Fraction(len(chosen & right) - len(chosen - right), len(right)))
            case "numerical":
                value, tolerance = Fraction(self.key["value"]), self.key.get("tolerance", "0")
                allowed = Fraction(tolerance.rstrip("%")) * (value / 100 if tolerance.endswith("%") else 1)
                return Fraction(abs(Fraction(self.answer) - value) <= abs(allowed))
            case "text":
                return Fraction(self.answer.casefold() in [text.casefold() for text in self.key["accepted"]])
        raise AssertionError(f"the script answers no {self.type} question")


@dataclass
class Record:
    """What one student has done: items that count as done, attempts by quiz, and scores by graded item."""

    done: set[int] = field(default_factory=set)
    attempts: dict[int, list[list[Question]]] = field(default_factory=dict)
    handed_in: dict[int, tuple[Fraction, Fraction, int, Fraction]] = field(default_factory=dict)
    """Score, of how many points, how many days late were begun, and what each takes in percent."""
    graded: bool = False
    """Whether any score reached the server; without, everything is worth 0 in the end."""


@dataclass
class Part:
    """A category: its weight, how many of the lowest it drops, and its items with what they are worth."""

    name: str
    weight: Fraction
    drop_lowest: int
    items: Mapping[int, Fraction]


@dataclass
class Rules:
    """The policy."""

    pass_mark: Fraction
    letters: Sequence[tuple[Fraction, str]]
    parts: Sequence[Part]
    counted: frozenset[int]
    """The items that the course's progress counts."""


def marks(record: Record) -> dict[int, tuple[Fraction, Fraction]]:
    """For each quiz that was handed in the best attempt: points, and out of how many."""
    found = {}
    for quiz, attempts in record.attempts.items():
        scores = [(sum(q.earned() for q in one), sum(q.points for q in one)) for one in attempts]
        found[quiz] = max(scores, key=lambda score: score[0] / score[1])
    return found


def shares(record: Record) -> dict[int, Fraction]:
    """What share of each graded item was earned."""
    found = {quiz: earned / most for quiz, (earned, most) in marks(record).items()}
    for item, (score, most, days, percent) in record.handed_in.items():
        left = max(Fraction(0), 100 - days * percent) / 100
        found[item] = Fraction(rounded(score * left)) / most
    return found


def final_grade(record: Record, rules: Rules) -> Fraction:
    """The final score in percent, exact: what was not handed in is worth nothing."""
    earned, total = shares(record), Fraction(0)
    weights = sum(part.weight for part in rules.parts)
    for part in rules.parts:
        worth = [(earned.get(item, Fraction(0)), points) for item, points in part.items.items()]
        kept = sorted(worth, key=lambda one: (one[0], -one[1]))[part.drop_lowest :]
        total += part.weight / weights * sum(s * p for s, p in kept) / sum(p for _, p in kept)
    return total * 100


def report(record: Record, rules: Rules) -> dict[str, Any]:
    """All that is to be compared of one student."""
    final = rounded(final_grade(record, rules))
    return {
        "progress": rounded(Fraction(100 * len(record.done & rules.counted), len(rules.counted))),
        "quizzes": sorted(f"{rounded(earned)} of {rounded(most)}" for earned, most in marks(record).values()),
        "final": final,
        "letter": next((letter for least, letter in rules.letters if Fraction(final) >= least), None),
        "certificate": Fraction(final) >= rules.pass_mark,
    }
