"""What is written down of the rows that a plan has changed: enough to do the same again."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.work import Work
from lms_graphql.templates import statements
from lms_graphql.templates.instances import Instance
from lms_graphql.templates.merging import Plan, Ref
from lms_graphql.templates.trees import ITEM, MODULE

ENTITY = {MODULE: "Module", ITEM: "ContentItem"}
ACT = {MODULE: "module", ITEM: "item"}
STORED = {MODULE: statements.STORED_MODULES, ITEM: statements.STORED_ITEMS}

_Row = record("Recorded")


def row_id(ids: Mapping[str, int], ref: Ref) -> int:
    """The number of a row, which a new one has by its key."""
    return ids[ref] if isinstance(ref, str) else ref


async def audit_each(work: Work, kind: str, act: str, ids: Sequence[int]) -> None:
    """Every column of rows that were added, once all is in its place, or that are about to be deleted."""
    if ids:
        rows = [(row["id"], _stored(row)) for row in await work.rows(STORED[kind], _Row, ids=list(ids))]
        is_gone = act == "delete"
        told = [(number, stored if is_gone else None, None if is_gone else stored) for number, stored in rows]
        await work.audit_each(f"{ACT[kind]}.{act}", ENTITY[kind], told)


def _stored(row: Row) -> dict[str, Any]:
    stored = {name: value for name, value in row.items() if name not in {"university_id", "id", "data"}}
    return {**stored, "data_json": orjson.loads(row["data"])} if "data" in row else stored


async def audit_moved(work: Work, instance: Instance, plan: Plan, ids: Mapping[str, int]) -> None:
    """What has come into another module than it was in."""
    for kind, name in ((MODULE, "parent_module_id"), (ITEM, "module_id")):
        told = []
        for ref, place in plan.places[kind].items():
            if isinstance(ref, int) and instance.own(kind, ref).parent != (parent := row_id(ids, place.parent)):
                own = instance.own(kind, ref)
                before = {name: own.parent, "sequence_index": own.position}
                told.append((own.id, before, {name: parent, "sequence_index": place.position}))
        if told:
            await work.audit_each(f"{ACT[kind]}.move", ENTITY[kind], told)


async def audit_orders(work: Work, instance: Instance, plan: Plan, ids: Mapping[str, int]) -> None:
    """What lies in each module in which that has changed, or its order: all of it, in order."""
    for kind, act, name in ((MODULE, "modules.reorder", "module_ids"), (ITEM, "item.reorder", "content_item_ids")):
        after = _contents(plan, kind, ids)
        before = {**{number: [] for number in ids.values()}, **instance.below[kind]}
        left = {own.id for own in plan.deleted if own.kind == MODULE}
        told = [
            (number, {name: before[number]}, {name: after[number]})
            for number in after
            if number not in left and before[number] != after[number]
        ]
        if told:
            await work.audit_each(act, "Module", told)


def _contents(plan: Plan, kind: str, ids: Mapping[str, int]) -> dict[int, list[int]]:
    """By module the numbers of what lies in it, in order."""
    gone = {own.id for own in plan.deleted if own.kind == kind}
    found: dict[int, list[int]] = {}
    for ref, place in plan.places[kind].items():
        if ref not in gone:
            found.setdefault(row_id(ids, place.parent), []).append(row_id(ids, ref))
    return found
