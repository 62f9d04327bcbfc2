"""What differs between two revisions of a content item: each change at its place, as text."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, NamedTuple

import orjson

from lms_graphql.content.values import Place, spelled

MOST_CHANGES = 500
LONGEST_TEXT = 4000
_MOST_ALIGNED = 200
"""Of longer lists the entries are compared place by place: to find out which were put in between takes too long."""


class Change(NamedTuple):
    """One value that is another; None for one that was not there, or is no more."""

    path: str
    before: str | None
    after: str | None


class Difference(NamedTuple):
    """What differs from the revision `against`."""

    against: int
    changes: list[Change]
    is_whole: bool


def difference(against: int, before: Mapping[str, Any], after: Mapping[str, Any]) -> Difference:
    """What differs between two states of an item, in the names of what is stored."""
    changes: list[Change] = []
    for change in _changes((), before, after):
        if len(changes) == MOST_CHANGES:
            return Difference(against, changes, is_whole=False)
        changes.append(change)
    return Difference(against, changes, is_whole=True)


def _changes(place: Place, before: Any, after: Any) -> Iterator[Change]:
    if _key(before) == _key(after):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in [*before, *(name for name in after if name not in before)]:
            yield from _changes((*place, name), before.get(name), after.get(name))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _in_lists(place, before, after)
    else:
        yield Change(spelled(place), _text(before), _text(after))


def _in_lists(place: Place, before: Sequence[Any], after: Sequence[Any]) -> Iterator[Change]:
    """Of lists: what was put in and taken out, at the places that it has, or had."""
    keys, others = [_key(one) for one in before], [_key(one) for one in after]
    shorter = min(len(keys), len(others))
    start = next((index for index in range(shorter) if keys[index] != others[index]), shorter)
    left = shorter - start
    end = next((index for index in range(left) if keys[-1 - index] != others[-1 - index]), left)
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    stretches = _stretches(keys[start : len(keys) - end], others[start : len(others) - end])
    for (old_from, old_to), (new_from, new_to) in stretches:
        paired = min(old_to - old_from, new_to - new_from)
        for index in range(paired):
            yield from _changes((*place, str(start + new_from + index)), old[old_from + index], new[new_from + index])
        for index in range(old_from + paired, old_to):
            yield Change(spelled((*place, str(start + index))), _text(old[index]), None)
        for index in range(new_from + paired, new_to):
            yield Change(spelled((*place, str(start + index))), None, _text(new[index]))


def _stretches(old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Stretches of both lists that differ: where they begin and end."""
    if max(len(old), len(new)) > _MOST_ALIGNED:
        yield (0, len(old)), (0, len(new))
        return
    for label, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if label != "equal":
            yield (old_from, old_to), (new_from, new_to)


def _key(value: Any) -> bytes:
    """What tells values apart, true from 1 too."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _text(value: Any) -> str | None:
    """A value as people read it: a text as it is, anything else as JSON."""
    if value is None:
        return None
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"
