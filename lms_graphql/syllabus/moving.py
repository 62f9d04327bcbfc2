"""Moving modules: below another one, or among their siblings. A move is one UPDATE, however much is below."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, BigInteger, Integer, bindparam, column, func, or_, update

from lms_graphql.content.planting import PARENT
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import GlobalId, number_of
from lms_graphql.engine.rows import Row
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work, require_version
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.syllabus.creating import place_named
from lms_graphql.syllabus.editing import ModuleRow, module_in, module_to_edit, refresh_published, renew_version
from lms_graphql.syllabus.models import Module
from lms_graphql.syllabus.ordering import checked_place, number, siblings
from lms_graphql.syllabus.outline import DEEPEST
from lms_graphql.syllabus.subtree import subtree

_IDS = ("input", "moduleIds")
_MOST_NAMED = 10
"""So many missing modules a message names."""


class _Place(NamedTuple):
    """Where a module is to stand."""

    id: int
    parent_id: int | None
    place: int
    depth: int


_GIVEN = (
    func.unnest(
        bindparam("ids", type_=ARRAY(BigInteger)),
        bindparam("parents", type_=ARRAY(BigInteger)),
        bindparam("places", type_=ARRAY(Integer)),
        bindparam("depths", type_=ARRAY(Integer)),
    )
    .table_valued(
        column("id", BigInteger), column("parent", BigInteger), column("place", Integer), column("depth", Integer)
    )
    .render_derived(name="given")
)
_MOVE = Statement(
    update(Module)
    .where(
        Module.university_id == UNIVERSITY,
        Module.id == _GIVEN.c.id,
        or_(
            Module.parent_module_id.is_distinct_from(_GIVEN.c.parent),
            Module.sequence_index != _GIVEN.c.place,
            Module.depth != _GIVEN.c.depth,
        ),
    )
    .values(parent_module_id=_GIVEN.c.parent, sequence_index=_GIVEN.c.place, depth=_GIVEN.c.depth)
    .returning(Module.id)
)


async def move_module(work: Work, given: Given) -> dict[str, Any]:
    """Put a module with all below it somewhere else in its course; gives `module_id`."""
    module = await module_to_edit(work, given["moduleId"])
    require_version(module["version"], given.get("expectedVersion"))
    tree = await subtree(work, module["id"])
    parent = await _parent(work, given, module, tree)
    parent_id = None if parent is None else parent["id"]
    before = await siblings(work, module["course_id"], module["parent_module_id"])
    stays = parent_id == module["parent_module_id"]
    others = [
        i for i in (before if stays else await siblings(work, module["course_id"], parent_id)) if i != module["id"]
    ]
    place = _wanted_place(given, before.index(module["id"]) + 1 if stays else None, len(others))
    after = [*others[: place - 1], module["id"], *others[place - 1 :]]
    if stays and after == before:
        work.nothing_changed()
        return {"module_id": module["id"]}
    left = [] if stays else [i for i in before if i != module["id"]]
    await _write(work, module, tree, parent, after, left)
    if not stays:
        await refresh_published(work, module["course_id"])
    await work.audit(
        "module.move",
        "Module",
        module["id"],
        before={"parent_module_id": module["parent_module_id"], "sequence_index": before.index(module["id"]) + 1},
        after={"parent_module_id": parent_id, "sequence_index": place},
    )
    await work.tell("module.moved", "Module", module["id"], courseId=module["course_id"])
    await renew_version(work, module["course_id"])
    return {"module_id": module["id"]}


async def _parent(work: Work, given: Given, module: Row, tree: Sequence[Row]) -> Row | None:
    """The module that it shall hang below: as now if none is given, none for null; refused where it can't hang."""
    if "parentId" not in given:
        current = module["parent_module_id"]
        return None if current is None else await module_in(work, module["course_id"], current, PARENT)
    if given["parentId"] is None:
        return None
    parent_id = number_of(given["parentId"], "Module", work.viewer.university_id)
    parent = await module_in(work, module["course_id"], parent_id, PARENT)
    if parent["id"] in {row["id"] for row in tree}:
        raise Refused(UserErrorCode.INVALID, "a module can't stand below itself", PARENT)
    if module["module_type"] == "course_root":
        raise Refused(UserErrorCode.INVALID, "a COURSE_ROOT stays at the top", PARENT)
    if parent["archived_at"] is not None and module["parent_module_id"] != parent["id"]:
        raise Refused(UserErrorCode.CLOSED, "this module is archived; restore it first", PARENT)
    if parent["depth"] + 1 + max(row["depth"] for row in tree) - module["depth"] > DEEPEST:
        message = f"what is below it would get more than {DEEPEST} modules above it; put it higher up"
        raise Refused(UserErrorCode.LIMIT_REACHED, message, PARENT)
    return parent


def _wanted_place(given: Given, now: int | None, others: int) -> int:
    """Its place among so many others: the one that is given, else the one that it has, else the last."""
    place = given.get("position")
    return checked_place(now if place is None else place, others)


async def _write(
    work: Work, module: Row, tree: Sequence[Row], parent: Row | None, after: Sequence[int], left: Sequence[int]
) -> None:
    """Give all their places: the tree below its parent, and the siblings, old and new. The keys are checked once."""
    depth = 0 if parent is None else parent["depth"] + 1
    sunk = depth - module["depth"]
    places = [_Place(i, None if parent is None else parent["id"], place, depth) for place, i in enumerate(after, 1)]
    places += [_Place(i, module["parent_module_id"], place, module["depth"]) for place, i in enumerate(left, 1)]
    if sunk:
        places += [
            _Place(row["id"], row["parent_module_id"], row["sequence_index"], row["depth"] + sunk) for row in tree[1:]
        ]
    ids, parents, numbers, depths = map(list, zip(*places, strict=True))
    await work.rows(_MOVE, ModuleRow, ids=ids, parents=parents, places=numbers, depths=depths)


async def reorder_modules(work: Work, given: Given) -> dict[str, Any]:
    """Put all modules below a module, or at the top of a course, in this order; gives `module_ids`, and `course_id`."""
    course_id, parent_id = await _shared_parent(work, given)
    before = await siblings(work, course_id, parent_id)
    wanted = _named(work, given["moduleIds"], before)
    keys = {"module_ids": wanted, "course_id": course_id}
    if wanted == before:
        work.nothing_changed()
        return keys
    await number(work, wanted)
    entity, entity_id = ("Course", course_id) if parent_id is None else ("Module", parent_id)
    await work.audit("modules.reorder", entity, entity_id, before={"module_ids": before}, after={"module_ids": wanted})
    await work.tell("modules.reordered", entity, entity_id, courseId=course_id)
    await renew_version(work, course_id)
    return keys


async def _shared_parent(work: Work, given: Given) -> tuple[int, int | None]:
    """The course, locked, and the module that all stand below: what is named, else that of the first of them."""
    if given.get("courseId") is None and given.get("parentId") is None:
        if not given["moduleIds"]:
            raise Refused(UserErrorCode.INVALID, "name the modules in their new order", _IDS)
        first = await module_to_edit(work, given["moduleIds"][0], _IDS)
        return first["course_id"], first["parent_module_id"]
    course_id, parent = await place_named(work, given)
    return course_id, None if parent is None else parent["id"]


def _named(work: Work, texts: Sequence[str], there: Sequence[int]) -> list[int]:
    """The modules that are named; INVALID for what is none of those that are there, CONFLICT unless all of them are."""
    university_id = work.viewer.university_id
    wanted = [number_of(text, "Module", university_id) for text in texts]
    known, counts = set(there), Counter(wanted)
    for index, module_id in enumerate(wanted):
        if module_id not in known:
            message = "this is none of the modules there; it may have been moved or deleted meanwhile"
            raise Refused(UserErrorCode.INVALID, message, (*_IDS, str(index)))
        if counts[module_id] > 1:
            raise Refused(UserErrorCode.INVALID, "this is named more than once", (*_IDS, str(index)))
    missing = [module_id for module_id in there if module_id not in counts]
    if missing:
        names = ", ".join(str(GlobalId("Module", module_id, university_id)) for module_id in missing[:_MOST_NAMED])
        more = f" and {len(missing) - _MOST_NAMED} more" if len(missing) > _MOST_NAMED else ""
        raise Refused(UserErrorCode.CONFLICT, f"name all modules that are there; missing: {names}{more}", _IDS)
    return [module_id for module_id in wanted if module_id is not None]
