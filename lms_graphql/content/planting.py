"""Adding modules with all that is below them and in them to a syllabus, in a fixed number of statements."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ARRAY, BigInteger, Integer, Text, bindparam, cast, column, func, insert, select, text
from sqlalchemy.dialects.postgresql import ENUM, JSONB
from sqlalchemy.types import TypeEngine

from lms_graphql.content.models import ContentItem
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement, columns
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.syllabus.editing import renew_version
from lms_graphql.syllabus.models import Module
from lms_graphql.syllabus.ordering import checked_place, number, siblings
from lms_graphql.syllabus.outline import DEEPEST

PARENT = ("input", "parentId")


class ItemSeed(NamedTuple):
    """A content item to be added; `data` is its payload as it is stored, checked already."""

    content_type: str
    title: str
    data: Mapping[str, Any]
    description: str | None = None
    estimated_duration_seconds: int | None = None
    is_active: bool = True
    columns: Mapping[str, Any] = {}
    """Further columns of content_items, the same ones in all seeds of one planting."""


class ModuleSeed(NamedTuple):
    """A module to be added, with its items and the modules below it, both in their order."""

    module_type: str
    title: str
    description: str | None = None
    is_published: bool = False
    items: Sequence[ItemSeed] = ()
    children: Sequence["ModuleSeed"] = ()
    columns: Mapping[str, Any] = {}
    """Further columns of modules, the same ones in all seeds of one planting."""


class Planted(NamedTuple):
    """The ids of what was added, in the order of the seeds: a module before what is below it, items by module."""

    module_ids: list[int]
    item_ids: list[int]


class _Placed(NamedTuple):
    """A seed where it will stand; `above` is the number of the seed above it, None for the ones at the top."""

    seed: ModuleSeed
    above: int | None
    sequence_index: int
    depth: int
    visible: bool


_Row = record("Planted")
_COURSE = bindparam("course_id", type_=BigInteger, required=True)
_DRAW = Statement(
    text(
        "SELECT ARRAY(SELECT nextval('modules_id_seq') FROM generate_series(1, :modules)) AS modules,"
        " ARRAY(SELECT nextval('content_items_id_seq') FROM generate_series(1, :items_)) AS items_"
    ).bindparams(bindparam("modules", type_=Integer), bindparam("items_", type_=Integer))
)
_MODULE = ("id", "parent_module_id", "module_type", "title", "description", "sequence_index", "depth", "is_published",
           "effective_published")  # fmt: skip
_ITEM = ("id", "module_id", "content_type", "title", "description", "sequence_index", "estimated_duration_seconds",
         "data_json", "is_active")  # fmt: skip


@cache
def _adding(model: Any, names: tuple[str, ...]) -> Statement:
    """Adds rows of arrays, one for each column; JSON and labels travel as text. Gives them back, without JSON."""
    kinds = [model.__table__.c[name].type for name in names]
    arrays = [bindparam(f"{name}_", type_=ARRAY(_on_wire(kind))) for name, kind in zip(names, kinds, strict=True)]
    given = func.unnest(*arrays).table_valued(
        *(column(name, _on_wire(kind)) for name, kind in zip(names, kinds, strict=True))
    )
    rows = given.render_derived(name="given")
    values = [cast(rows.c[name], kind) for name, kind in zip(names, kinds, strict=True)]
    return Statement(
        insert(model)
        .from_select(
            ["university_id", "course_id", *names], select(UNIVERSITY, _COURSE, *values), include_defaults=False
        )
        .returning(*columns(model))
    )


def _on_wire(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    return Text() if isinstance(kind, (ENUM, JSONB)) else kind


async def plant(
    work: Work, course_id: int, parent: Row | None, place: int | None, seeds: Sequence[ModuleSeed]
) -> Planted:
    """Add these modules below `parent` (None: at the top), the first at `place` (1 is first, None: behind the last).

    The course must be locked. Siblings are numbered anew from 1, `effective_published` is kept, the course gets another
    content version, and everything added is in the audit log. LIMIT_REACHED where the tree would get too deep, CLOSED
    below an archived module, INVALID for a place that there is not, and for a course_root not at the top.
    """
    if not seeds:
        work.nothing_changed()
        return Planted([], [])
    if parent is not None and parent["archived_at"] is not None:
        raise Refused(UserErrorCode.CLOSED, "this module is archived; restore it first", PARENT)
    parent_id = None if parent is None else parent["id"]
    there: list[int | None] = list(await siblings(work, course_id, parent_id))
    first = checked_place(place, len(there))
    placed = list(_placed(seeds, parent, first))
    items = [item for one in placed for item in one.seed.items]
    (drawn,) = await work.rows(_DRAW, _Row, modules=len(placed), items_=len(items))
    await number(work, [*there[: first - 1], *[None] * len(seeds), *there[first - 1 :]])
    await _add_modules(work, course_id, parent_id, placed, drawn["modules"])
    await _add_items(work, course_id, placed, drawn["modules"], drawn["items_"])
    await renew_version(work, course_id)
    top = [(module_id, {"courseId": course_id}) for module_id, one in zip(drawn["modules"], placed, strict=True)
           if one.above is None]  # fmt: skip
    await work.tell_each("module.created", "Module", top)
    return Planted(drawn["modules"], drawn["items_"])


def _placed(seeds: Sequence[ModuleSeed], parent: Row | None, first: int) -> Iterator[_Placed]:
    """The seeds in their order, each before what is below it, where they will stand."""
    count = 0

    def under(
        seeds: Sequence[ModuleSeed], above: int | None, first: int, depth: int, *, shown: bool
    ) -> Iterator[_Placed]:
        nonlocal count
        for sequence_index, seed in enumerate(seeds, first):
            _require_place(seed, depth)
            mine, visible = count, shown and seed.is_published
            count += 1
            yield _Placed(seed, above, sequence_index, depth, visible)
            yield from under(seed.children, mine, 1, depth + 1, shown=visible)

    depth, shown = (0, True) if parent is None else (parent["depth"] + 1, parent["effective_published"])
    return under(seeds, None, first, depth, shown=shown)


def _require_place(seed: ModuleSeed, depth: int) -> None:
    if depth > DEEPEST:
        message = f"a module has at most {DEEPEST} others above it; put this higher up"
        raise Refused(UserErrorCode.LIMIT_REACHED, message, PARENT)
    if seed.module_type == "course_root" and depth:
        raise Refused(UserErrorCode.INVALID, "a COURSE_ROOT stands at the top: leave parentId out", PARENT)


async def _add_modules(
    work: Work, course_id: int, parent_id: int | None, placed: Sequence[_Placed], ids: Sequence[int]
) -> None:
    rows = [
        (
            module_id,
            parent_id if one.above is None else ids[one.above],
            one.seed.module_type,
            one.seed.title,
            one.seed.description,
            one.sequence_index,
            one.depth,
            one.seed.is_published,
            one.visible,
        )
        for module_id, one in zip(ids, placed, strict=True)
    ]
    added = await _add(work, Module, course_id, _MODULE, rows, [one.seed.columns for one in placed])
    await work.audit_each("module.create", "Module", [(i, None, _stored(added[i])) for i in ids])


async def _add_items(
    work: Work, course_id: int, placed: Sequence[_Placed], module_ids: Sequence[int], ids: Sequence[int]
) -> None:
    if not ids:
        return
    seeds = [
        (module_id, sequence_index, item)
        for module_id, one in zip(module_ids, placed, strict=True)
        for sequence_index, item in enumerate(one.seed.items, 1)
    ]
    rows = [
        (
            item_id,
            module_id,
            item.content_type,
            item.title,
            item.description,
            sequence_index,
            item.estimated_duration_seconds,
            orjson.dumps(dict(item.data)).decode(),
            item.is_active,
        )
        for item_id, (module_id, sequence_index, item) in zip(ids, seeds, strict=True)
    ]
    added = await _add(work, ContentItem, course_id, _ITEM, rows, [item.columns for _, _, item in seeds])
    changes = [
        (item_id, None, {**_stored(added[item_id]), "data_json": dict(item.data)})
        for item_id, (_, _, item) in zip(ids, seeds, strict=True)
    ]
    await work.audit_each("item.create", "ContentItem", changes)


async def _add(
    work: Work,
    model: Any,
    course_id: int,
    names: Sequence[str],
    rows: Sequence[Sequence[Any]],
    further: Sequence[Mapping[str, Any]],
) -> dict[int, Row]:
    """Add rows with these columns, and the further ones of each; gives what is stored, by id."""
    more = tuple(sorted(further[0]))
    given = {f"{name}_": list(values) for name, values in zip(names, zip(*rows, strict=True), strict=True)}
    given |= {f"{name}_": [_sent(model, name, one[name]) for one in further] for name in more}
    added = await work.rows(_adding(model, (*names, *more)), _Row, course_id=course_id, **given)
    return {row["id"]: row for row in added}


def _sent(model: Any, name: str, value: Any) -> Any:
    is_json = isinstance(model.__table__.c[name].type, JSONB)
    return orjson.dumps(value).decode() if is_json and value is not None else value


def _stored(row: Row) -> dict[str, Any]:
    """Every column of a row that was added, for the audit log; what is JSON stands apart."""
    return {name: value for name, value in row.items() if name not in {"university_id", "id"}}
