"""Doing what a plan says to an instance, and writing down every row of it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from lms_graphql.content.records import remove_items
from lms_graphql.engine.rows import record
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement
from lms_graphql.syllabus.editing import refresh_published, renew_version
from lms_graphql.templates import statements
from lms_graphql.templates.instances import Instance, Own
from lms_graphql.templates.merging import Plan, Ref
from lms_graphql.templates.recording import ACT, ENTITY, STORED, audit_each, audit_moved, audit_orders, row_id
from lms_graphql.templates.trees import ITEM, KINDS, MODULE, Node

_Row = record("Synced")
_BEHIND = 1_000_000
"""Where new rows stand until all are placed: behind whatever is there."""
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
    for kind in KINDS:
        await audit_each(work, kind, "create", [ids[node.key] for node in plan.added if node.kind == kind])
    await audit_moved(work, instance, plan, ids)
    await audit_orders(work, instance, plan, ids)


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
    """As published as the module above, and archived if that is."""
    like: dict[Ref, Own] = {number: own for number, own in instance.modules.items()}  # noqa: C416 - other keys to mypy
    for node in nodes:  # parents come first
        like[node.key] = like[plan.places[MODULE][node.key].parent]
    await work.rows(
        statements.ADD_MODULES,
        _Row,
        course_id=course_id,
        root_id=instance.root.id,
        depth=instance.root.depth + 1,
        places=[_BEHIND + number for number, _ in enumerate(nodes)],
        showns=[like[node.key].is_shown for node in nodes],
        archiveds=[like[node.key].archived_at for node in nodes],
        **_said(ids, nodes),
    )


async def _add_items(work: Work, course_id: int, plan: Plan, ids: Mapping[str, int], nodes: Sequence[Node]) -> None:
    await work.rows(
        statements.ADD_ITEMS,
        _Row,
        course_id=course_id,
        modules=[row_id(ids, plan.places[ITEM][node.key].parent) for node in nodes],
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
        revisions: Mapping[int, int] = {}
        if kind == MODULE:
            await _change_modules(work, rows, changes)
        else:
            revisions = await _change_items(work, rows, changes)
        told = [
            (
                number,
                {**_revision(revisions, number, -1), **_named(rows[number], changed)},
                {**_revision(revisions, number, 0), **_columns(changed)},
            )
            for number, changed in changes.items()
        ]
        await work.audit_each(f"{ACT[kind]}.update", ENTITY[kind], told)


def _revision(revisions: Mapping[int, int], number: int, since: int) -> dict[str, int]:
    return {"revision": revisions[number] + since} if number in revisions else {}


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


async def _change_items(
    work: Work, rows: Mapping[int, Own], changes: Mapping[int, Mapping[str, Any]]
) -> dict[int, int]:
    """Gives the revisions that the items are now of."""
    pairs = [(rows[number], changed) for number, changed in changes.items()]
    found = await work.rows(
        statements.CHANGE_ITEMS,
        _Row,
        ids=list(changes),
        titles=[_now(own, changed, "title") for own, changed in pairs],
        descriptions=[_now(own, changed, "description") for own, changed in pairs],
        seconds=[_now(own, changed, "seconds") for own, changed in pairs],
        datas=[orjson.dumps(_now(own, changed, "data")).decode() for own, changed in pairs],
    )
    return {row["id"]: row["revision"] for row in found}


# ---- where rows stand, and which go


async def _place(work: Work, plan: Plan, ids: Mapping[str, int]) -> None:
    for kind, statement in ((MODULE, statements.PLACE_MODULES), (ITEM, statements.PLACE_ITEMS)):
        places = plan.places[kind]
        given: dict[str, list[Any]] = {
            "ids": [row_id(ids, ref) for ref in places],
            "parents": [row_id(ids, place.parent) for place in places.values()],
            "places": [place.position for place in places.values()],
        }
        if kind == MODULE:
            given["depths"] = [place.depth for place in places.values()]
        if places:
            await work.rows(statement, _Row, **given)


async def _remove(work: Work, plan: Plan) -> None:
    """Delete items before modules, with what is a part of them; let go of what stays."""
    items = [own.id for own in plan.deleted if own.kind == ITEM]
    modules = [own.id for own in plan.deleted if own.kind == MODULE]
    await audit_each(work, ITEM, "delete", items)
    await audit_each(work, MODULE, "delete", modules)
    if items:
        await remove_items(work, items)
    if modules:
        await work.rows(statements.FORGET_MODULES, _Row, ids=modules)
        await work.rows(statements.DELETE_MODULES, _Row, ids=modules)
    for kind, retire, detach, flag in (
        (MODULE, statements.RETIRE_MODULES, statements.DETACH_MODULES, "is_published"),
        (ITEM, statements.RETIRE_ITEMS, statements.DETACH_ITEMS, "is_active"),
    ):
        await _let_go(work, kind, [own for own in plan.retired if own.kind == kind], retire, flag)
        await _let_go(work, kind, [own for own in plan.detached if own.kind == kind], detach)


async def _let_go(work: Work, kind: str, rows: Sequence[Own], statement: Statement, flag: str | None = None) -> None:
    """What is no longer of the template; with a flag, hidden, and as a module archived."""
    if not rows:
        return
    ids = [own.id for own in rows]
    names = ["template_node", *([flag] if flag else []), *(["archived_at"] if flag == "is_published" else [])]
    stored = STORED[kind]
    before = {row["id"]: row for row in await work.rows(stored, _Row, ids=ids)}
    await work.rows(statement, _Row, ids=ids)
    after = {row["id"]: row for row in await work.rows(stored, _Row, ids=ids)}
    told = [
        (number, {name: before[number][name] for name in names}, {name: after[number][name] for name in names})
        for number in ids
    ]
    await work.audit_each(f"{ACT[kind]}.update", ENTITY[kind], told)
