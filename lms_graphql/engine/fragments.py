"""Parts of answers that are functions of a version, kept as JSON under that version: they can't be stale.

An edge may be declared to have a version: a column of its row that is another one after every change of what lies below
(`courses.content_version` for a syllabus). When everything selected below it is declared to follow from the version and
the viewer's standing, its JSON is kept here and next time put into the answer as it is. The version is read in the
request's own snapshot, by a statement with the viewer's policy in it; so nothing is shown to who may not see it, no
time passes before a change shows, and no process needs to be told. For standing STAFF nothing is kept: what such a
viewer sees follows from the own reach too.
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import NamedTuple

import orjson

_OVERHEAD_BYTES = 400
"""What an entry takes besides its JSON: its key, its place."""
_LARGEST_PART = 8


class Part(NamedTuple):
    """A part of an answer, and how many objects are in it."""

    json: orjson.Fragment
    size_bytes: int
    objects: int


class Fragments:
    """The parts used last, `most_bytes` of them together; one that takes more than an eighth of that is not kept."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._parts: OrderedDict[Hashable, Part] = OrderedDict()
        self.bytes = 0
        self.hits = self.misses = 0

    def get(self, key: Hashable) -> Part | None:
        """The part kept under a key."""
        part = self._parts.get(key)
        if part is None:
            self.misses += 1
        else:
            self.hits += 1
            self._parts.move_to_end(key)
        return part

    def keep(self, key: Hashable, json: bytes, objects: int) -> orjson.Fragment:
        """Keep a part; what to put into the answer."""
        part = Part(orjson.Fragment(json), len(json) + _OVERHEAD_BYTES, objects)
        if part.size_bytes * _LARGEST_PART <= self._most and key not in self._parts:
            self._parts[key] = part
            self.bytes += part.size_bytes
            while self.bytes > self._most:
                self.bytes -= self._parts.popitem(last=False)[1].size_bytes
        return part.json
