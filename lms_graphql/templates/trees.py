"""The tree of a template: nodes with keys that stay the same from one version to the next, and what can be done to it.

A tree is stored as the list of its nodes: a module, its items, then the modules below it, each in their order.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import uuid4

import msgspec

MODULE, ITEM = "module", "item"
"""The kinds of nodes."""
KINDS = (MODULE, ITEM)


class Node(msgspec.Struct, frozen=True):
    """What a module or an item made from it says. `type` is a label of module_type_enum or of content_type_enum.

    `seconds` and `data` are an item's: about how long it takes, and its payload as it is stored.
    """

    key: str
    kind: str
    parent: str | None
    type: str
    title: str
    description: str | None = None
    seconds: int | None = None
    data: dict[str, Any] | None = None


_decode = msgspec.json.Decoder(list[Node]).decode
_encode = msgspec.json.Encoder(order="deterministic").encode


def new_key() -> str:
    """A key that no other node of any template has."""
    return uuid4().hex


class Tree:
    """The nodes by key, and under each module the keys of its modules and of its items, in their order."""

    def __init__(self, nodes: Iterable[Node] = ()) -> None:
        self.nodes: dict[str, Node] = {}
        self.below: dict[str, dict[str | None, list[str]]] = {MODULE: {}, ITEM: {}}
        for node in nodes:
            self.nodes[node.key] = node
            self.children(node.kind, node.parent).append(node.key)

    @property
    def root(self) -> Node:
        """The topmost module."""
        return self.nodes[self.below[MODULE][None][0]]

    def children(self, kind: str, key: str | None) -> list[str]:
        """The keys of the modules or of the items directly under a module."""
        return self.below[kind].setdefault(key, [])

    def listed(self, key: str | None = None) -> Iterator[Node]:
        """The nodes below a module, in the order in which a tree is stored."""
        if key is not None:
            yield from (self.nodes[item] for item in self.children(ITEM, key))
        for module in self.children(MODULE, key):
            yield self.nodes[module]
            yield from self.listed(module)

    def is_below(self, key: str, other: str) -> bool:
        """Whether a node is the other one, or lies below it."""
        at: str | None = key
        while at is not None and at != other:
            at = self.nodes[at].parent
        return at is not None

    def add(self, node: Node, place: int | None = None) -> None:
        """Add a node under its parent, at a place (0 is first) or behind the last."""
        self.nodes[node.key] = node
        siblings = self.children(node.kind, node.parent)
        siblings.insert(len(siblings) if place is None else place, node.key)

    def change(self, key: str, changes: Mapping[str, Any]) -> None:
        """Let a node say something else."""
        self.nodes[key] = msgspec.structs.replace(self.nodes[key], **changes)

    def move(self, key: str, parent: str, place: int | None = None) -> None:
        """Put a node under another module, or at another place; it must not come below itself."""
        node = self.nodes[key]
        self.children(node.kind, node.parent).remove(key)
        self.add(msgspec.structs.replace(node, parent=parent), place)

    def remove(self, key: str) -> None:
        """Take a node out, with all that is below it."""
        node = self.nodes[key]
        self.children(node.kind, node.parent).remove(key)
        for below in [node, *(self.listed(key) if node.kind == MODULE else ())]:
            del self.nodes[below.key]
            for lists in self.below.values():
                lists.pop(below.key, None)


def read(stored: str | bytes) -> Tree:
    """The tree that was stored."""
    return Tree(_decode(stored))


def spelled(tree: Tree) -> str:
    """A tree as it is stored, as JSON."""
    return _encode(list(tree.listed())).decode()
