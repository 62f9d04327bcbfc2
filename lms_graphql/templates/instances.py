"""What was made from a template, as it stands in its course: modules and items that know the nodes they were made from.

An instance is the module that knows the version it has met, with what lies below it. A module below it that follows a
template of its own is no part of it, nor is what lies below that.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
import orjson

from lms_graphql.templates.trees import ITEM, MODULE


class Own(msgspec.Struct):
    """A module or an item of the course; `parent` is the number of its module, `key` that of the node, if it has one.

    `is_shown` is its own flag: published, or active.
    """

    id: int
    kind: str
    parent: int | None
    key: str | None
    type: str
    title: str
    description: str | None = None
    seconds: int | None = None
    data: dict[str, Any] | None = None
    is_shown: bool = True
    position: int = 1
    depth: int = 0
    template_version: int | None = None
    archived_at: datetime | None = None


class Instance:
    """The modules of the course, and of them those of one instance with their items.

    `known` has what was made from a node, by its key: of two that name the same one, the first.
    """

    def __init__(self, root: int, modules: Mapping[int, Own], below: Mapping[int | None, list[int]]) -> None:
        self.root = modules[root]
        self.modules: dict[int, Own] = {}
        self.items: dict[int, Own] = {}
        self.known: dict[str, Own] = {}
        self.below: dict[str, dict[int, list[int]]] = {MODULE: {}, ITEM: {}}
        self._walk(root, modules, below, follows=True)

    def _walk(
        self, number: int, modules: Mapping[int, Own], below: Mapping[int | None, list[int]], *, follows: bool
    ) -> None:
        module = self.modules[number] = modules[number]
        if follows and module.key is not None:
            self.known.setdefault(module.key, module)
        self.below[MODULE][number] = list(below.get(number, ()))
        self.below[ITEM][number] = []
        for child in self.below[MODULE][number]:
            own = follows and modules[child].template_version is None
            self._walk(child, modules, below, follows=own)

    def take_items(self, items: Iterable[Own]) -> None:
        """Put the items into their modules, in the order in which they come."""
        parts = {module.id for module in self.known.values()} | self._followed()
        for item in items:
            if item.parent not in self.modules:
                continue
            self.items[item.id] = item
            self.below[ITEM][item.parent].append(item.id)
            if item.key is not None and item.parent in parts:
                self.known.setdefault(item.key, item)

    def _followed(self) -> set[int]:
        """The modules that are not under a template of their own."""
        found, todo = set(), [self.root.id]
        while todo:
            number = todo.pop()
            found.add(number)
            todo += [c for c in self.below[MODULE][number] if self.modules[c].template_version is None]
        return found

    def own(self, kind: str, number: int) -> Own:
        """A module or an item of the instance."""
        return self.modules[number] if kind == MODULE else self.items[number]


def instances_of(
    roots: Iterable[int], modules: Iterable[Mapping[str, Any]], items: Iterable[Mapping[str, Any]]
) -> dict[int, Instance]:
    """The instances with these topmost modules, from all modules of their courses and the items of those, in order."""
    known: dict[int, Own] = {}
    below: dict[int | None, list[int]] = {}
    for row in modules:
        known[row["id"]] = _module(row)
        below.setdefault(row["parent_module_id"], []).append(row["id"])
    made = {root: Instance(root, known, below) for root in roots if root in known}
    read = [_item(row) for row in items]
    for instance in made.values():
        instance.take_items(read)
    return made


def _module(row: Mapping[str, Any]) -> Own:
    return Own(
        row["id"],
        MODULE,
        row["parent_module_id"],
        row["template_node"],
        row["module_type"],
        row["title"],
        row["description"],
        is_shown=row["is_published"],
        position=row["sequence_index"],
        depth=row["depth"],
        template_version=row["template_version"],
        archived_at=row["archived_at"],
    )


def _item(row: Mapping[str, Any]) -> Own:
    return Own(
        row["id"],
        ITEM,
        row["module_id"],
        row["template_node"],
        row["content_type"],
        row["title"],
        row["description"],
        row["estimated_duration_seconds"],
        orjson.loads(row["data"]),
        row["is_active"],
        row["sequence_index"],
    )
