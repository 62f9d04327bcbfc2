"""The shape of a course: its tree as one list, its reading order, what each part of it adds up to.

In reading order a module's own items come before those of the modules below it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from lms_graphql.engine.dataloaders import Tree
from lms_graphql.engine.rows import Row

DEEPEST = 32
"""The deepest that a module can stand, by the table's own rule."""


class SyllabusNode(msgspec.Struct):
    """A module with its place; `position` counts from 1 in the list that it stands in."""

    module: Row
    parent: "SyllabusNode | None"
    depth: int
    position: int
    child_count: int

    def path(self) -> list[str]:
        """The global ids from the top down to this module."""
        above = [] if self.parent is None else self.parent.path()
        return [*above, self.module.global_id()]


class Syllabus(msgspec.Struct):
    """The tree of a course as one list, each module before those below it."""

    course_id: int
    modules: list[SyllabusNode]


def flat(tree: Tree, course: Row, max_depth: int) -> Syllabus:
    """The modules of a tree that stand at most `max_depth` below the top, which is 0."""
    nodes: list[SyllabusNode] = []

    def add(rows: Iterable[Row], parent: SyllabusNode | None, depth: int) -> None:
        for row in rows:
            below = tree.children.get(row["id"], ())
            node = SyllabusNode(row, parent, depth, len(nodes) + 1, len(below))
            nodes.append(node)
            if depth < max_depth:
                add(below, node, depth + 1)

    add(tree.children.get(None, ()), None, 0)
    return Syllabus(course["id"], nodes)


class KindCount(msgspec.Struct):
    """How many items are of a kind, which is a label of content_type_enum."""

    kind: str
    count: int


class Totals(msgspec.Struct):
    """What a part of a course adds up to. Items without a duration add none."""

    modules: int = 0
    kinds: Counter[str] = msgspec.field(default_factory=Counter)
    seconds: int = 0

    def add(self, other: "Totals") -> None:
        """Count another part in."""
        self.modules += other.modules
        self.kinds.update(other.kinds)
        self.seconds += other.seconds

    @property
    def item_count(self) -> int:
        """Items of all kinds."""
        return self.kinds.total()

    def by_kind(self) -> list[KindCount]:
        """The kinds that there are, by their labels."""
        return [KindCount(kind, count) for kind, count in sorted(self.kinds.items())]


class Outline(msgspec.Struct):
    """The light side of a course as the viewer sees it: ids, kinds and sums, but nothing to read."""

    reading: list[int]
    """The items in reading order."""
    places: dict[int, int]
    """Where each item stands in it."""
    open_to_students: list[int]
    """Those of them that students see."""
    kinds: dict[int, str]
    """The kind of each item."""
    totals: dict[int | None, Totals]
    """By module, what is in it and below it; by None the whole course."""

    def beside(self, item_id: int, step: int) -> int | None:
        """The item so many places on, if there is one."""
        place = self.places.get(item_id)
        if place is None or not 0 <= place + step < len(self.reading):
            return None
        return self.reading[place + step]


def outline(rows: Sequence[Any]) -> Outline:
    """The outline of a course from a row for each module, siblings in order: see `loaders.OutlineByCourse`."""
    children: dict[int | None, list[Any]] = {}
    for row in rows:
        children.setdefault(row["parent_module_id"], []).append(row)
    made = Outline([], {}, [], {}, {})

    def add(parent: int | None, total: Totals) -> Totals:
        for row in children.get(parent, ()):
            _read(made, row)
            own = Totals(0, Counter(row["kinds"] or ()), row["seconds"])
            below = made.totals[row["id"]] = add(row["id"], own)
            total.add(below)
            total.modules += 1
        return total

    made.totals[None] = add(None, Totals())
    made.places = {item_id: place for place, item_id in enumerate(made.reading)}
    return made


def _read(made: Outline, row: Any) -> None:
    """Go on reading with a module's own items."""
    ids = row["item_ids"] or ()
    made.reading += ids
    made.kinds.update(zip(ids, row["kinds"] or (), strict=True))
    if row["effective_published"]:
        made.open_to_students += [item_id for item_id, active in zip(ids, row["active"] or (), strict=True) if active]
