"""What is to be done to an instance so that it is as a version of its template, but for what was made by hand.

Made whole before anything is written: a dry run tells it, and a run does it. Nothing of it asks the database.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from enum import Enum
from typing import Any, NamedTuple, TypeAlias

from lms_graphql.templates.drifting import Drift, Finding, drift, kept_order
from lms_graphql.templates.fields import Field, followed, said
from lms_graphql.templates.instances import Instance, Own
from lms_graphql.templates.trees import ITEM, KINDS, MODULE, Node, Tree

Ref: TypeAlias = int | str
"""A module or an item: by its number, or one that is still to be made by the key of its node."""

MOST_DEPTH = 32


class Outcome(Enum):
    """What becomes of a finding."""

    FOLLOWED = "followed"
    KEPT = "kept"
    ADDED = "added"
    DELETED = "deleted"
    RETIRED = "retired"


class Place(NamedTuple):
    """Where a module or an item stands: its module, its place there from 1, and how many modules are above it."""

    parent: Ref
    position: int
    depth: int


class TooDeepError(Exception):
    """A module would lie too deep; the argument is its title."""


class Plan:
    """What is done: `results` says it by field; the others by row."""

    def __init__(self) -> None:
        self.results: list[tuple[Finding, Outcome]] = []
        self.added: list[Node] = []
        self.changes: dict[tuple[str, int], dict[str, Any]] = {}
        """What rows say now, by kind and number: the attributes of nodes that differ."""
        self.places: dict[str, dict[Ref, Place]] = {MODULE: {}, ITEM: {}}
        """Where everything stands, also what stays where it is; what is deleted stands behind it."""
        self.deleted: list[Own] = []
        self.retired: list[Own] = []
        self.detached: list[Own] = []


def removable(met: Tree, wanted: Tree, instance: Instance) -> list[Own]:
    """What the wanted version no longer has: of these somebody must tell which have records."""
    gone = (instance.known.get(node.key) for node in met.listed() if node.key not in wanted.nodes)
    return [own for own in gone if own is not None]


def merged(met: Tree, wanted: Tree, instance: Instance, recorded: Collection[tuple[str, int]] = ()) -> Plan:
    """The plan that brings an instance to the wanted version; `recorded` are those whose records must not be lost.

    Raises TooDeepError.
    """
    return _Merge(met, wanted, instance, recorded).plan


class _Merge:
    def __init__(self, met: Tree, wanted: Tree, instance: Instance, recorded: Collection[tuple[str, int]]) -> None:
        self.plan = Plan()
        self._met, self._wanted, self._instance, self._recorded = met, wanted, instance, recorded
        self._parents: dict[tuple[str, Ref], Ref | None] = {
            (kind, number): instance.own(kind, number).parent
            for kind in KINDS
            for number in (instance.modules if kind == MODULE else instance.items)
        }
        self._lists: dict[str, dict[Ref, list[Ref]]] = {
            kind: {module: list(rows) for module, rows in instance.below[kind].items()} for kind in KINDS
        }
        findings = drift(met, wanted, instance)
        self._customised = {finding.key for finding in drift(met, met, instance)}
        self._say(findings)
        self._add([finding for finding in findings if finding.drift is Drift.ADDED])
        moved = [finding for finding in findings if finding.field is Field.PARENT]
        arrivals = self._move(moved)
        self._sort([finding for finding in findings if finding.field in {Field.MODULE_ORDER, Field.ITEM_ORDER}])
        self._arrive(arrivals)
        self._remove([finding for finding in findings if finding.drift is Drift.REMOVED])
        self._place()
        places = {id(finding): place for place, finding in enumerate(findings)}
        self.plan.results.sort(key=lambda result: places[id(result[0])])

    def _tell(self, finding: Finding, outcome: Outcome) -> None:
        self.plan.results.append((finding, outcome))

    # ---- what the nodes say

    def _say(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            attribute = said(finding.kind).get(finding.field)
            if finding.own is None:
                if finding.drift is Drift.CUSTOMISED:
                    self._tell(finding, Outcome.KEPT)
            elif attribute is not None and finding.drift is Drift.OUTDATED:
                value = followed(finding.field, finding.template_value, finding.own_value)
                self.plan.changes.setdefault((finding.kind, finding.own.id), {})[attribute] = value
                self._tell(finding, Outcome.FOLLOWED)
            elif attribute is not None:
                self._tell(finding, Outcome.KEPT)

    # ---- where they stand

    def _ref(self, key: str) -> Ref:
        own = self._instance.known.get(key)
        return key if own is None else own.id

    def _add(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            node = self._wanted.nodes[finding.key]
            self.plan.added.append(node)
            if node.kind == MODULE:
                self._lists[MODULE][node.key], self._lists[ITEM][node.key] = [], []
            self._tell(finding, Outcome.ADDED)

    def _move(self, findings: Sequence[Finding]) -> list[tuple[Node, Ref]]:
        """Take those that move out of where they are; gives them and the new ones, in the wanted tree's order."""
        for node in self.plan.added:
            self._parents[node.kind, node.key] = self._ref(node.parent or "")
        going = {}
        for finding in findings:
            node, own = self._wanted.nodes[finding.key], finding.own
            if own is None or finding.drift is not Drift.OUTDATED or not self._may_move(node, own):
                self._tell(finding, Outcome.KEPT)
                continue
            parent = self._parents[node.kind, own.id]
            if parent is not None:
                self._lists[node.kind][parent].remove(own.id)
            self._parents[node.kind, own.id] = self._ref(node.parent or "")
            going[node.key] = own.id
            self._tell(finding, Outcome.FOLLOWED)
        new = {node.key for node in self.plan.added}
        return [
            (node, going.get(node.key, node.key))
            for node in self._wanted.listed()
            if node.key in going or node.key in new
        ]

    def _may_move(self, node: Node, own: Own) -> bool:
        """Whether the module that it is to come into will be there, is not archived, and does not lie below it."""
        at: Ref | None = self._ref(node.parent or "")
        if (MODULE, at) not in self._parents:
            return False
        if isinstance(at, int) and self._instance.modules[at].archived_at is not None:
            return False
        while at is not None and not (node.kind == MODULE and at == own.id):
            at = None if at == self._instance.root.id else self._parents[MODULE, at]
        return at is None

    def _sort(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            if finding.drift is not Drift.OUTDATED or finding.own is None:
                self._tell(finding, Outcome.KEPT)
                continue
            kind = MODULE if finding.field is Field.MODULE_ORDER else ITEM
            rows = self._lists[kind][finding.own.id]
            keys = kept_order(self._instance, finding.own, kind, finding.template_value)
            numbers = {self._instance.known[key].id: key for key in keys}
            wanted = [self._instance.known[key].id for key in finding.template_value if key in set(keys)]
            rows[:] = _sorted(rows, numbers.__contains__, wanted)
            self._tell(finding, Outcome.FOLLOWED)

    def _arrive(self, arrivals: Iterable[tuple[Node, Ref]]) -> None:
        """Put what comes behind the nearest of its siblings that precede it in the wanted tree, else first."""
        for node, ref in arrivals:
            rows = self._lists[node.kind][self._ref(node.parent or "")]
            siblings = self._wanted.children(node.kind, node.parent)
            before = [self._ref(key) for key in siblings[: siblings.index(node.key)]]
            place = next((rows.index(one) + 1 for one in reversed(before) if one in rows), 0)
            rows.insert(place, ref)

    # ---- what goes

    def _remove(self, findings: Sequence[Finding]) -> None:
        """Items first, then modules from the lowest up. What was done by hand stays, and so does what it lies in."""
        order = [finding for finding in findings if finding.kind == ITEM]
        order += [finding for finding in reversed(findings) if finding.kind == MODULE]
        gone: set[tuple[str, Ref]] = set()
        hidden: set[tuple[str, Ref]] = set()
        for finding in order:
            own = finding.own
            if own is None:
                continue
            left = [
                (kind, row)
                for kind in KINDS
                for row in (self._lists[kind].get(own.id, []) if own.kind == MODULE else [])
                if (kind, row) not in gone
            ]
            if finding.key in self._customised or any(row not in hidden for row in left):
                self.plan.detached.append(own)
                self._tell(finding, Outcome.KEPT)
            elif left or (own.kind, own.id) in self._recorded:
                self.plan.retired.append(own)
                hidden.add((own.kind, own.id))
                self._tell(finding, Outcome.RETIRED)
            else:
                self.plan.deleted.append(own)
                gone.add((own.kind, own.id))
                self._tell(finding, Outcome.DELETED)

    def _place(self) -> None:
        gone = {(own.kind, own.id) for own in self.plan.deleted}
        names = {node.key: node.title for node in self.plan.added}
        todo: list[tuple[Ref, int]] = [(self._instance.root.id, self._instance.root.depth)]
        for module, depth in todo:
            for kind in KINDS:
                rows = self._lists[kind][module]
                rows = [*(r for r in rows if (kind, r) not in gone), *(r for r in rows if (kind, r) in gone)]
                for position, row in enumerate(rows, 1):
                    self.plan.places[kind][row] = Place(module, position, depth + 1)
            below = self._lists[MODULE][module]
            if below and depth >= MOST_DEPTH:
                first = below[0]
                raise TooDeepError(names[first] if isinstance(first, str) else self._instance.modules[first].title)
            todo += [(row, depth + 1) for row in below]


def _sorted(rows: Sequence[Ref], is_sorted: Callable[[Ref], bool], wanted: Sequence[Ref]) -> list[Ref]:
    """The rows with some of them in the wanted order; the others stay behind whom they stand behind."""
    first: list[Ref] = []
    followers: dict[Ref, list[Ref]] = {}
    at = first
    for row in rows:
        if is_sorted(row):
            at = followers[row] = []
        else:
            at.append(row)
    return [*first, *(one for row in wanted for one in (row, *followers[row]))]
