"""Checks of values that come as JSON: each gives the value as it is kept, or tells what is wrong with it.

A check is put together of others, so that a payload is declared by its fields. What is wrong does not end a check: all
of it is told at once.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from lms_graphql.engine import inputs
from lms_graphql.engine import prose as texts
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure

MOST_PROBLEMS = 100
"""More than these wrong values of one payload are not told at once."""
MOST_POINTS = 9999.99
_LONGEST_KEY = 64

Place: TypeAlias = tuple[str, ...]
"""Where a value stands: names of keys, and places in lists from 0."""


def spelled(place: Place) -> str:
    """A place as people write it: `blocks[3].latex`."""
    return "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in place).lstrip(".")


def shown(name: object) -> str:
    """A key that somebody else chose, as it can stand in a path."""
    text = str(name)[:_LONGEST_KEY]
    return text if text.isprintable() and text.strip() else ascii(text)


class Problems:
    """What is wrong with one payload, whose values stand behind `path`."""

    def __init__(self, path: Place) -> None:
        self.found: list[UserFailure] = []
        self._path = path

    def tell(self, place: Place, message: str) -> None:
        """Tell what is wrong with the value at a place."""
        if len(self.found) < MOST_PROBLEMS:
            where = spelled(place)
            told = f"{where}: {message}" if where else message
            self.found.append(UserFailure(UserErrorCode.INVALID, told, (*self._path, *place)))


Check: TypeAlias = Callable[[Problems, Place, Any], Any]
"""Of a value and its place: the value as it is kept; what it gives for a wrong one is not used."""
ListRule: TypeAlias = Callable[[Problems, Place, list[Any]], None]
Rule: TypeAlias = Callable[[Problems, Place, Mapping[str, Any]], None]
"""What holds between the values of one object; it is asked where each of them is right."""


class Field(NamedTuple):
    """A key of an object: how its value is checked, and whether it must be there."""

    check: Check
    required: bool = False


class Object:
    """A check of an object with these fields and no others; a null is as if the key were not there."""

    def __init__(self, fields: Mapping[str, Check | Field], *rules: Rule) -> None:
        self.fields = {name: one if isinstance(one, Field) else Field(one) for name, one in fields.items()}
        self.rules = rules

    def __call__(self, problems: Problems, place: Place, value: Any) -> Any:
        """Check it; gives what is kept, by its names."""
        if not isinstance(value, Mapping):
            return problems.tell(place, "an object is wanted here")
        before = len(problems.found)
        kept = {}
        for name, field in self.fields.items():
            if value.get(name) is not None:
                kept[name] = field.check(problems, (*place, name), value[name])
            elif field.required:
                problems.tell((*place, name), "this must be given")
        for name in value:
            if name not in self.fields:
                known = ", ".join(self.fields)
                problems.tell((*place, shown(name)), f"there is no such key here; there are {known}")
        if len(problems.found) == before:
            for rule in self.rules:
                rule(problems, place, kept)
        return kept


def required(check: Check) -> Field:
    """A field that must be there."""
    return Field(check, required=True)


class Each:
    """A check of a list of at most so many values; `rule` says what holds between them, where each of them is right."""

    def __init__(self, check: Check, *, most: int, least: int = 0, rule: ListRule | None = None) -> None:
        self.check = check
        self._bounds = least, most
        self._rule = rule

    def __call__(self, problems: Problems, place: Place, value: Any) -> Any:
        """Check it; gives what is kept of each value, in order."""
        if not isinstance(value, Sequence) or isinstance(value, str | bytes):
            return problems.tell(place, "a list is wanted here")
        least, most = self._bounds
        if not least <= len(value) <= most:
            return problems.tell(place, f"this has {len(value)} entries, {least} to {most} can be taken")
        before = len(problems.found)
        kept = [self.check(problems, (*place, str(index)), one) for index, one in enumerate(value)]
        if self._rule is not None and len(problems.found) == before:
            self._rule(problems, place, kept)
        return kept


def line(most: int) -> Check:
    """One line of text, see `engine.inputs.line`."""
    return _text(lambda value: inputs.line(value, (), most=most))


def prose(most: int) -> Check:
    """A text of several lines, see `engine.prose`."""
    return _text(lambda value: texts.prose(value, (), most=most))


def _text(read: Callable[[str], str]) -> Check:
    def checked(problems: Problems, place: Place, value: Any) -> Any:
        if not isinstance(value, str):
            return problems.tell(place, "a text is wanted here")
        try:
            return read(value)
        except Refused as refused:
            return problems.tell(place, str(refused))

    return checked


def written(pattern: str, message: str, *, most: int) -> Check:
    """One line that is written as the pattern, whole, says; the message tells what else it is."""
    compiled, as_line = re.compile(pattern), line(most)

    def checked(problems: Problems, place: Place, value: Any) -> Any:
        kept = as_line(problems, place, value)
        if kept is not None and compiled.fullmatch(kept) is None:
            problems.tell(place, message)
        return kept

    return checked


def one_of(*labels: str) -> Check:
    """One of these words."""

    def checked(problems: Problems, place: Place, value: Any) -> Any:
        if value not in labels:
            return problems.tell(place, f"this must be one of {', '.join(labels)}")
        return value

    return checked


def flag(problems: Problems, place: Place, value: Any) -> Any:
    """True or false."""
    return value if isinstance(value, bool) else problems.tell(place, "true or false is wanted here")


def whole(least: int, most: int) -> Check:
    """A whole number in a range."""

    def checked(problems: Problems, place: Place, value: Any) -> Any:
        if not isinstance(value, int) or isinstance(value, bool):
            return problems.tell(place, "a whole number is wanted here")
        return value if least <= value <= most else problems.tell(place, f"this must be from {least} to {most}")

    return checked


def number(least: float, most: float) -> Check:
    """A number in a range, with a fraction or without one."""

    def checked(problems: Problems, place: Place, value: Any) -> Any:
        if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
            return problems.tell(place, "a number is wanted here")
        return value if least <= value <= most else problems.tell(place, f"this must be from {least:g} to {most:.15g}")

    return checked


def reference(what: str) -> Check:
    """The number of a row of the database."""

    def checked(problems: Problems, place: Place, value: Any) -> Any:
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value < 2**63:
            return problems.tell(place, f"this is the number of no {what}")
        return value

    return checked
