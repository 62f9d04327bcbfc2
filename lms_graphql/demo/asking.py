"""Short ways to write a question down: each function gives one of a type, with its right answer and why it is right."""

from collections.abc import Sequence
from string import ascii_lowercase
from typing import NamedTuple

from lms_graphql.assessment.payloads import Answer, Option, Pair, QuestionType


class Asked(NamedTuple):
    """A question with its answer."""

    type: QuestionType
    stem: str
    options: list[Option]
    answer: Answer
    explanation: str
    points: int = 1
    hints: tuple[str, ...] = ()


class Pool(NamedTuple):
    """A pool with its questions, in the order of their numbers."""

    title: str
    questions: tuple[Asked, ...]


def pool(title: str, *questions: Asked) -> Pool:
    """A pool."""
    return Pool(title, questions)


def _mixed(texts: Sequence[str], stem: str) -> tuple[list[Option], list[str]]:
    """The texts as options, begun at another one for every stem; and the keys of the texts, in their order."""
    count = len(texts)
    begin = len(stem) % count
    keys = [ascii_lowercase[(index - begin) % count] for index in range(count)]
    return sorted((Option(key, text) for key, text in zip(keys, texts, strict=True)), key=lambda o: o.id), keys


def choose(stem: str, right: str, *wrong: str, why: str, points: int = 1, hints: tuple[str, ...] = ()) -> Asked:
    """One option is right."""
    options, keys = _mixed([right, *wrong], stem)
    return Asked("single_choice", stem, options, Answer(correct=keys[:1]), why, points, hints)


def pick(stem: str, right: str, *wrong: str, why: str) -> Asked:
    """One option is right, in a closed list."""
    return choose(stem, right, *wrong, why=why)._replace(type="dropdown")


def choose_all(stem: str, right: Sequence[str], wrong: Sequence[str], *, why: str, points: int = 1) -> Asked:
    """Several options are right."""
    options, keys = _mixed([*right, *wrong], stem)
    return Asked("multiple_choice", stem, options, Answer(correct=sorted(keys[: len(right)])), why, points)


def number(
    stem: str, value: str, *, why: str, tolerance: str | None = None, points: int = 1, hints: tuple[str, ...] = ()
) -> Asked:
    """A number is right, or one that is near enough."""
    return Asked("numerical", stem, [], Answer(value=value, tolerance=tolerance), why, points, hints)


def say(stem: str, *accepted: str, why: str) -> Asked:
    """Any of some texts is right, whatever the case."""
    return Asked("text", stem, [], Answer(accepted=list(accepted)), why)


def arrange(stem: str, *in_order: str, why: str, points: int = 1) -> Asked:
    """All options in this order are right."""
    options, keys = _mixed(in_order, stem)
    return Asked("ordering", stem, options, Answer(order=keys), why, points)


def match(stem: str, *together: Pair, why: str, points: int = 1) -> Asked:
    """What stands together goes together."""
    left = [Option(ascii_lowercase[index], text, "left") for index, (text, _) in enumerate(together)]
    mixed, keys = _mixed([text for _, text in together], stem)
    right = [Option(f"{option.id}2", option.text, "right") for option in mixed]
    pairs = [(option.id, f"{key}2") for option, key in zip(left, keys, strict=True)]
    return Asked("matching", stem, [*left, *right], Answer(pairs=pairs), why, points)
