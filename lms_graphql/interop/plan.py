"""What is to be done to the modules and the items of a course: the source, compared with what is stored."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Sequence, literal
from sqlalchemy.sql.elements import ColumnElement

from lms_graphql.content.models import ContentItem
from lms_graphql.interop.checked import ITEM, MAX_DEPTH, MODULE, Name, Thing, too_deep
from lms_graphql.syllabus.models import Module


class Table(NamedTuple):
    """How things of a kind are stored: the column of the parent, and the flag that a retired thing loses."""

    model: Any
    entity: str
    ids: Sequence
    parent: str
    flag: str
    depth: ColumnElement[int]


MODULES = Table(
    Module, MODULE, Sequence("modules_id_seq"), "parent_module_id", "is_published", Module.__table__.c.depth
)
ITEMS = Table(ContentItem, ITEM, Sequence("content_items_id_seq"), "module_id", "is_active", literal(0))
"""The two tables of a syllabus."""


class Stored(NamedTuple):
    """A row of the course as it is: `external_id` is None when we did not import it, the hash when it is retired."""

    id: int
    parent_id: int | None
    position: int
    depth: int
    external_id: str | None
    content_hash: bytes | None

    @property
    def place(self) -> tuple[int | None, int, int]:
        """The parent, the place among its children, the depth."""
        return self.parent_id, self.position, self.depth


class Shift(NamedTuple):
    """The new place of a row that the source does not have."""

    id: int
    sequence_index: int
    depth: int
    retire: bool


class Plan(msgspec.Struct):
    """The writes for one table: things by their ids, with the ids of their parents, and rows that make room."""

    ids: dict[str, int]
    created: list[Thing] = []
    changed: list[Thing] = []
    unchanged: int = 0
    shifts: list[Shift] = []
    retired: list[Stored] = []
    parent_ids: dict[str, int] = {}

    @property
    def written(self) -> list[Thing]:
        """What is inserted or updated, parents before children."""
        return [*self.created, *self.changed]

    def parent_id(self, thing: Thing) -> int | None:
        """The id of the thing's parent."""
        return None if thing.parent is None else self.parent_ids[thing.parent]


def make_plan(
    things: list[Thing],
    stored: list[Stored],
    new_ids: Mapping[str, int],
    parent_ids: Mapping[str, int] | None = None,
) -> Plan:
    """Compare the source with what is there. Items get their modules' ids as `parent_ids`; modules have their own.

    A thing is written when its hash or its place is another than the source's, whoever moved it.
    """
    known = {row.external_id: row for row in stored if row.external_id is not None}
    plan = Plan({thing.external_id: new_ids.get(thing.external_id, 0) for thing in things})
    plan.ids |= {name: row.id for name, row in known.items() if name in plan.ids}
    plan.parent_ids = dict(plan.ids if parent_ids is None else parent_ids)
    for thing in things:
        row = known.get(thing.external_id)
        if row is None:
            plan.created.append(thing)
        elif row.content_hash == thing.content_hash and row.place == (
            plan.parent_id(thing),
            thing.position,
            thing.depth,
        ):
            plan.unchanged += 1
        else:
            plan.changed.append(thing)
    left = [row for row in stored if row.external_id not in plan.ids]
    plan.retired = [row for row in left if row.content_hash is not None]
    plan.shifts = list(_shifts(left, things, plan, in_tree=parent_ids is None))
    return plan


def _shifts(left: list[Stored], things: list[Thing], plan: Plan, *, in_tree: bool) -> Iterator[Shift]:
    """Where rows that the source does not have must go: behind the things that it has, one level below their parent."""
    taken = Counter(plan.parent_id(thing) for thing in things)
    last = dict(taken)
    for row in left:
        last[row.parent_id] = max(last.get(row.parent_id, 0), row.position)
    depths = {plan.ids[thing.external_id]: thing.depth for thing in things} if in_tree else {}
    for row in sorted(left, key=lambda row: (row.depth, row.external_id is not None, row.position)):
        position, depth = row.position, row.depth
        if position <= taken[row.parent_id]:
            position = last[row.parent_id] = last[row.parent_id] + 1
        if in_tree:
            depth = depths[row.id] = 0 if row.parent_id is None else depths[row.parent_id] + 1
        if depth > MAX_DEPTH:
            raise too_deep(Name(MODULE, row.external_id or f"with id {row.id}"))
        if (position, depth) != (row.position, row.depth) or row.content_hash is not None:
            yield Shift(row.id, position, depth, row.content_hash is not None)
