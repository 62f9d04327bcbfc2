"""Doing what a plan says to an instance, and writing down every row of it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.work import Work
from lms_graphql.syllabus.editing import refresh_published, renew_version
from lms_graphql.templates import statements
from lms_graphql.templates.instances import Instance, Own
from lms_graphql.templates.merging import Plan, Ref
from lms_graphql.templates.trees import ITEM, KINDS, MODULE, Node

_Row = record("Synced")
_BEHIND = 1_000_000
"""Where new rows stand until all are placed: behind whatever is there."""
_ENTITY = {MODULE: "Module", ITEM: "ContentItem"}
_ACT = {MODULE: "module", ITEM: "item"}
_COLUMN = {"type": "module_type", "seconds": "estimated_duration_seconds", "data": "data_json"}
"""What columns are called where nodes call it otherwise."""


async def write(work: Work, course_id: int, instance: Instance, plan: Plan, version: int) -> None:
    """Bring the rows of an instance to what the plan says: the course must be locked.

    Published is what was: a new module is as its parent is. Whatever is done is in the audit log, row by row.
    """
    ids = await _add(work, course_id, instance, plan)
    await _change(work, instance, plan)
    await _place(work, plan, ids)
    await _remove(work, plan)
    await work.rows(statements.MEET, _Row, root_id=instance.root.id, version_met=version)
    await refresh_published(work, course_id)
    await renew_version(work, course_id)
    await _audit_added(work, plan, ids)
    await _audit_moved(work, instance, plan, ids)


def _row_id(ids: Mapping[str, int], ref: Ref) -> int:
    return ids[ref] if isinstance(ref, str) else ref


# ---- new rows


async def _add(work: Work, course_id: int, instance: Instance, plan: Plan) -> dict[str, int]:
    """Add the new nodes' rows; gives their numbers by key."""
    modules = [node for node in plan.added if node.kind == MODULE]
    items = [node for node in plan.added if node.kind == ITEM]
    if not plan.added:
        return {}
    (drawn,) = await work.rows(statements.DRAW, _Row, modules=len(modules), items_=len(items))
    ids = {node.key: number for node, number in zip(modules, drawn["modules"], strict=True)}
    ids |= {node.key: number for node, number in zip(items, drawn["content_items"], strict=True)}
    if modules:
        await _add_modules(work, course_id, instance, plan, ids, modules)
    if items:
        await _add_items(work, course_id, plan, ids, items)
    return ids


async def _add_modules(
    work: Work, course_id: int, instance: Instance, plan: Plan, ids: Mapping[str, int], nodes: Sequence[Node]
) -> None:
    shown: dict[Ref, bool] = {number: own.is_shown for number, own in instance.modules.items()}
    for node in nodes:  # parents come first
        shown[node.key] = shown[plan.places[MODULE][node.key].parent]
    await work.rows(
        statements.ADD_MODULES,
        _Row,
        course_id=course_id,
        root_id=instance.root.id,
        depth=instance.root.depth + 1,
        places=[_BEHIND + number for number, _ in enumerate(nodes)],
        showns=[shown[node.key] for node in nodes],
        **_said(ids, nodes),
    )


async def _add_items(work: Work, course_id: int, plan: Plan, ids: Mapping[str, int], nodes: Sequence[Node]) -> None:
    await work.rows(
        statements.ADD_ITEMS,
        _Row,
        course_id=course_id,
        modules=[_row_id(ids, plan.places[ITEM][node.key].parent) for node in nodes],
        places=[_BEHIND + number for number, _ in enumerate(nodes)],
        seconds=[node.seconds for node in nodes],
        datas=[orjson.dumps(node.data).decode() for node in nodes],
        **_said(ids, nodes),
    )


def _said(ids: Mapping[str, int], nodes: Sequence[Node]) -> dict[str, Any]:
    return {
        "ids": [ids[node.key] for node in nodes],
        "types": [node.type for node in nodes],
        "titles": [node.title for node in nodes],
        "descriptions": [node.description for node in nodes],
        "nodes": [node.key for node in nodes],
    }


# ---- what rows say


async def _change(work: Work, instance: Instance, plan: Plan) -> None:
    for kind in KINDS:
        changes = {number: changed for (of, number), changed in plan.changes.items() if of == kind}
        if not changes:
            continue
        rows = {number: instance.own(kind, number) for number in changes}
        if kind == MODULE:
            await _change_modules(work, rows, changes)
        else:
            await _change_items(work, rows, changes)
        told = [(number, _named(rows[number], changed), _columns(changed)) for number, changed in changes.items()]
        await work.audit_each(f"{_ACT[kind]}.update", _ENTITY[kind], told)


def _columns(changed: Mapping[str, Any]) -> dict[str, Any]:
    return {_COLUMN.get(name, name): value for name, value in changed.items()}


def _named(own: Own, changed: Iterable[str]) -> dict[str, Any]:
    return _columns({name: getattr(own, name) for name in changed})


def _now(own: Own, changed: Mapping[str, Any], name: str) -> Any:
    return changed[name] if name in changed else getattr(own, name)


async def _change_modules(work: Work, rows: Mapping[int, Own], changes: Mapping[int, Mapping[str, Any]]) -> None:
    given = {
        f"{name}s": [_now(rows[number], changed, name) for number, changed in changes.items()]
        for name in ("type", "title", "description")
    }
    await work.rows(statements.CHANGE_MODULES, _Row, ids=list(changes), **given)


async def _change_items(work: Work, rows: Mapping[int, Own], changes: Mapping[int, Mapping[str, Any]]) -> None:
    revised = [not changed.keys().isdisjoint({"title", "data"}) for changed in changes.values()]
    again = [number for number, is_revised in zip(changes, revised, strict=True) if is_revised]
    if again:
        await work.rows(statements.KEEP_REVISIONS, _Row, ids=again)
    pairs = [(rows[number], changed) for number, changed in changes.items()]
    await work.rows(
        statements.CHANGE_ITEMS,
        _Row,
        ids=list(changes),
        titles=[_now(own, changed, "title") for own, changed in pairs],
        descriptions=[_now(own, changed, "description") for own, changed in pairs],
        seconds=[_now(own, changed, "seconds") for own, changed in pairs],
        datas=[orjson.dumps(_now(own, changed, "data")).decode() for own, changed in pairs],
        reviseds=revised,
    )


# ---- where rows stand, and which go


async def _place(work: Work, plan: Plan, ids: Mapping[str, int]) -> None:
    for kind, statement in ((MODULE, statements.PLACE_MODULES), (ITEM, statements.PLACE_ITEMS)):
        places = plan.places[kind]
        given: dict[str, list[Any]] = {
            "ids": [_row_id(ids, ref) for ref in places],
            "parents": [_row_id(ids, place.parent) for place in places.values()],
            "places": [place.position for place in places.values()],
        }
        if kind == MODULE:
            given["depths"] = [place.depth for place in places.values()]
        if places:
            await work.rows(statement, _Row, **given)


async def _remove(work: Work, plan: Plan) -> None:
    """Delete items before modules; let go of what stays."""
    deleted = {kind: [own.id for own in plan.deleted if own.kind == kind] for kind in KINDS}
    if deleted[ITEM]:
        await work.rows(statements.FORGET_REVISIONS, _Row, ids=deleted[ITEM])
        await work.rows(statements.DELETE_ITEMS, _Row, ids=deleted[ITEM])
    if deleted[MODULE]:
        await work.rows(statements.DELETE_MODULES, _Row, ids=deleted[MODULE])
    for kind, retire, detach, flag in (
        (MODULE, statements.RETIRE_MODULES, statements.DETACH_MODULES, "is_published"),
        (ITEM, statements.RETIRE_ITEMS, statements.DETACH_ITEMS, "is_active"),
    ):
        if gone := [own for own in plan.deleted if own.kind == kind]:
            told = [(own.id, _whole(own), None) for own in gone]
            await work.audit_each(f"{_ACT[kind]}.delete", _ENTITY[kind], told)
        await _let_go(work, kind, [own for own in plan.retired if own.kind == kind], retire, {flag: False})
        await _let_go(work, kind, [own for own in plan.detached if own.kind == kind], detach, {})


async def _let_go(work: Work, kind: str, rows: Sequence[Own], statement: Any, changes: Mapping[str, Any]) -> None:
    """What is no longer of the template; with a flag in `changes`, hidden."""
    if not rows:
        return
    await work.rows(statement, _Row, ids=[own.id for own in rows])
    told = [
        (
            own.id,
            {"template_node": own.key, **dict.fromkeys(changes, own.is_shown)},
            {"template_node": None, **changes},
        )
        for own in rows
    ]
    await work.audit_each(f"{_ACT[kind]}.update", _ENTITY[kind], told)


def _whole(own: Own) -> dict[str, Any]:
    names = ("title", "description", "type") if own.kind == MODULE else ("title", "description", "seconds", "data")
    kind = {} if own.kind == MODULE else {"content_type": own.type}
    parent = "parent_module_id" if own.kind == MODULE else "module_id"
    return {**kind, **_named(own, names), parent: own.parent, "position": own.position, "template_node": own.key}


# ---- the audit log


async def _audit_added(work: Work, plan: Plan, ids: Mapping[str, int]) -> None:
    """Every column of the new rows, as they are stored once everything is in its place."""
    for kind, statement in ((MODULE, statements.STORED_MODULES), (ITEM, statements.STORED_ITEMS)):
        numbers = [ids[node.key] for node in plan.added if node.kind == kind]
        if numbers:
            rows = await work.rows(statement, _Row, ids=numbers)
            await work.audit_each(
                f"{_ACT[kind]}.create", _ENTITY[kind], [(row["id"], None, _stored(row)) for row in rows]
            )


def _stored(row: Row) -> dict[str, Any]:
    stored = {name: value for name, value in row.items() if name not in {"university_id", "id", "data"}}
    return {**stored, "data_json": orjson.loads(row["data"])} if "data" in row else stored


async def _audit_moved(work: Work, instance: Instance, plan: Plan, ids: Mapping[str, int]) -> None:
    """Where those that were there before have come to stand otherwise than they did: parent and place."""
    gone = {(own.kind, own.id) for own in plan.deleted}
    for kind in KINDS:
        name = "parent_module_id" if kind == MODULE else "module_id"
        told = []
        for ref, place in plan.places[kind].items():
            if isinstance(ref, str) or (kind, ref) in gone:
                continue
            own, parent = instance.own(kind, ref), _row_id(ids, place.parent)
            if (own.parent, own.position) != (parent, place.position):
                before = {name: own.parent, "position": own.position}
                told.append((own.id, before, {name: parent, "position": place.position}))
        if told:
            await work.audit_each(f"{_ACT[kind]}.move", _ENTITY[kind], told)
