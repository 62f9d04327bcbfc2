"""In what an instance differs from a version of its template, and by whose doing: nothing is kept of it, all compared.

What stands in the instance is customised where it differs from the version that the instance has met. What the wanted
version says otherwise than that one is outdated in the instance. Where both are so, what was done by hand stays.
"""

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Any, NamedTuple

from lms_graphql.templates.fields import Field, is_same, said, value_of
from lms_graphql.templates.instances import Instance, Own
from lms_graphql.templates.trees import KINDS, MODULE, Node, Tree


class Drift(Enum):
    """Why something differs."""

    OUTDATED = "outdated"
    CUSTOMISED = "customised"
    BOTH = "both"
    ADDED = "added"
    REMOVED = "removed"


class Finding(NamedTuple):
    """One field of one node that differs; `own` is its row, None where there is none."""

    key: str
    kind: str
    title: str
    field: Field
    drift: Drift
    template_value: Any
    own_value: Any
    own: Own | None


def compared(*, is_met: bool, is_met_now: bool) -> Drift:
    """Of what differs from the wanted version: whether it is what the met one says, and that says what it does."""
    if is_met_now:
        return Drift.CUSTOMISED
    return Drift.OUTDATED if is_met else Drift.BOTH


def drift(met: Tree, wanted: Tree, instance: Instance) -> list[Finding]:
    """All in which the instance differs from the wanted version, node by node in its order, removed nodes behind."""
    found: list[Finding] = []
    for node in wanted.listed():
        own = instance.known.get(node.key)
        if own is None or own.kind != node.kind:
            found.append(_missing(met, wanted, instance, node))
            continue
        found += _said(met.nodes.get(node.key, node), node, own)
        place = _parent(met, instance, node, own)
        found += [] if place is None else [place]
        if node.kind == MODULE:
            found += [order for kind in KINDS if (order := _order(met, wanted, instance, node, own, kind)) is not None]
    for node in met.listed():
        own = instance.known.get(node.key)
        if own is not None and node.key not in wanted.nodes:
            found.append(Finding(node.key, node.kind, own.title, Field.NODE, Drift.REMOVED, None, own.title, own))
    return found


def _missing(met: Tree, wanted: Tree, instance: Instance, node: Node) -> Finding:
    """A node that the instance does not have: it is new, or was taken out here, or its module was."""
    out = node.key in met.nodes
    at = node.parent
    while not out and at is not None and at not in instance.known:
        out = at in met.nodes
        at = wanted.nodes[at].parent
    drifted = Drift.CUSTOMISED if out else Drift.ADDED
    return Finding(node.key, node.kind, node.title, Field.NODE, drifted, node.title, None, None)


def _said(met: Node, wanted: Node, own: Own) -> Iterator[Finding]:
    for field, attribute in said(wanted.kind).items():
        here, then, now = getattr(own, attribute), value_of(met, attribute), value_of(wanted, attribute)
        if not is_same(field, now, here):
            drifted = compared(is_met=is_same(field, then, here), is_met_now=is_same(field, now, then))
            yield Finding(wanted.key, wanted.kind, own.title, field, drifted, now, here, own)


def parent_key(instance: Instance, own: Own) -> str | None:
    """The key of the node in whose module something lies; None where that module was made by hand."""
    module = None if own.parent is None else instance.modules.get(own.parent)
    if module is None or module.key is None or instance.known.get(module.key) is not module:
        return None
    return module.key


def _parent(met: Tree, instance: Instance, node: Node, own: Own) -> Finding | None:
    if node.parent is None:
        return None
    here, then = parent_key(instance, own), met.nodes.get(node.key, node).parent
    if here == node.parent:
        return None
    drifted = compared(is_met=here == then, is_met_now=then == node.parent)
    return Finding(node.key, node.kind, own.title, Field.PARENT, drifted, node.parent, here, own)


def _order(met: Tree, wanted: Tree, instance: Instance, node: Node, own: Own, kind: str) -> Finding | None:
    """The order of those that lie in a module and are to lie there: as far as the met version has them too."""
    now = wanted.children(kind, node.key)
    here = kept_order(instance, own, kind, now)
    now = [key for key in now if key in set(here)]
    if here == now:
        return None
    then = [key for key in met.children(kind, node.key) if key in set(here)]
    both = set(then)
    is_met = [key for key in here if key in both] == then
    drifted = compared(is_met=is_met, is_met_now=[key for key in now if key in both] == then and not is_met)
    field = Field.MODULE_ORDER if kind == MODULE else Field.ITEM_ORDER
    return Finding(node.key, MODULE, own.title, field, drifted, now, here, own)


def kept_order(instance: Instance, own: Own, kind: str, keys: Sequence[str]) -> list[str]:
    """Of these keys those whose modules or items lie in this module, in the order in which they do."""
    wanted = set(keys)
    rows = [instance.own(kind, number) for number in instance.below[kind][own.id]]
    return [row.key for row in rows if row.key in wanted and instance.known.get(row.key) is row]
