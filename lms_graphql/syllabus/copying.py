"""Copying a module with all below it and in it, within its course or into another one."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import ARRAY, BigInteger, Text, any_, bindparam, cast, exists, select

from lms_graphql.assessment.copying import copy_rubrics
from lms_graphql.assessment.models import QuestionPool
from lms_graphql.catalog.editing import course_to_edit, lock_course
from lms_graphql.content.models import Asset, ContentItem, ContentItemAsset
from lms_graphql.content.planting import PARENT, ItemSeed, ModuleSeed, plant
from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement, columns
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.syllabus.creating import LONGEST_TITLE
from lms_graphql.syllabus.editing import MODULE, course_of_module, module_in
from lms_graphql.syllabus.subtree import subtree

MOST_COPIED = 5_000
_COURSE = ("input", "courseId")
_POOL = "question_pool_id"

_Row = record("Copied")
_IDS = bindparam("ids", type_=ARRAY(BigInteger), required=True)
_ITEMS = Statement(
    select(*columns(ContentItem), cast(ContentItem.data_json, Text).label("data"))
    .where(ContentItem.university_id == UNIVERSITY, ContentItem.module_id == any_(_IDS))
    .order_by(ContentItem.module_id, ContentItem.sequence_index, ContentItem.id)
)
_POOLS = Statement(
    select(QuestionPool.id, QuestionPool.course_id).where(
        QuestionPool.university_id == UNIVERSITY, QuestionPool.id == any_(_IDS)
    )
)


_ASSETS = Statement(
    select(Asset.id)
    .where(
        Asset.university_id == UNIVERSITY,
        Asset.course_id != bindparam("course_id", type_=BigInteger, required=True),
        exists().where(
            ContentItemAsset.university_id == UNIVERSITY,
            ContentItemAsset.asset_id == Asset.id,
            ContentItemAsset.content_item_id == any_(_IDS),
        ),
    )
    .order_by(Asset.id)
)


async def copy_module(work: Work, given: Given) -> dict[str, Any]:
    """Copy a module; gives `module_id` of the copy, and `without_pool`: quizzes that lost theirs on the way.

    `assets` are those that the copy names and that belong to another course.

    The copy itself is not published, whatever is below it. Archived modules below it are not copied.
    """
    source, course_id, parent = await _places(work, given)
    modules = _copied(await subtree(work, source["id"]))
    items: dict[int, list[Row]] = {}
    rows = await work.rows(_ITEMS, _Row, ids=[row["id"] for row in modules])
    if len(modules) + len(rows) > MOST_COPIED:
        message = f"at most {MOST_COPIED} modules and items are copied at once; copy its parts"
        raise Refused(UserErrorCode.LIMIT_REACHED, message, MODULE)
    for row in rows:
        items.setdefault(row["module_id"], []).append(row)
    payloads = {row["id"]: orjson.loads(row["data"]) for row in rows}
    left_out = await _without_pools(work, course_id, payloads)
    title = given.get("title")
    title = source["title"] if title is None else line(title, ("input", "title"), most=LONGEST_TITLE)
    seed = _seed(modules, items, payloads)._replace(title=title, is_published=False)
    planted = await plant(work, course_id, parent, _place(given, source, course_id, parent), [seed])
    sources = [item["id"] for module in modules for item in items.get(module["id"], ())]
    copies = dict(zip(sources, planted.item_ids, strict=True))
    await copy_rubrics(work, course_id, copies)
    assets = [row["id"] for row in await work.rows(_ASSETS, _Row, course_id=course_id, ids=planted.item_ids)]
    without_pool = [copies[item_id] for item_id in left_out]
    return {"module_id": planted.module_ids[0], "without_pool": without_pool, "assets": assets}


async def _places(work: Work, given: Given) -> tuple[Row, int, Row | None]:
    """What is copied, the course that it is copied into, and the module there; both courses locked, by their ids."""
    source_course, source_id = await course_of_module(work, given["moduleId"])
    parent, course = given.get("parentId"), given.get("courseId")
    if parent is not None and course is not None:
        raise Refused(UserErrorCode.INVALID, "give parentId or courseId, not both", PARENT)
    if parent is not None:
        target, parent_id = await course_of_module(work, parent, PARENT)
    elif course is not None:
        target, parent_id = number_of(course, "Course", work.viewer.university_id) or 0, None
    else:
        target, parent_id = source_course, None
    for course_id in sorted({source_course, target}):
        if course is not None and course_id == target:
            await course_to_edit(work, course, _COURSE)
        else:
            await lock_course(work, course_id)
    source = await module_in(work, source_course, source_id, MODULE)
    if parent is None and course is None:
        parent_id = source["parent_module_id"]
    return source, target, None if parent_id is None else await module_in(work, target, parent_id, PARENT)


def _place(given: Given, source: Row, course_id: int, parent: Row | None) -> int | None:
    """Where the copy goes: as given, else right behind what it is a copy of if it stands beside it, else last."""
    if given.get("position") is not None:
        return int(given["position"])
    parent_id = None if parent is None else parent["id"]
    beside = source["course_id"] == course_id and source["parent_module_id"] == parent_id
    return None if not beside else int(source["sequence_index"]) + 1


def _copied(tree: Sequence[Row]) -> list[Row]:
    """What of a tree is copied: all that is not archived, and of an archived module all that was archived with it."""
    wanted = tree[0]["archived_at"]
    kept: set[int] = set()
    for row in tree:
        if row["archived_at"] == wanted and (row is tree[0] or row["parent_module_id"] in kept):
            kept.add(row["id"])
    return [row for row in tree if row["id"] in kept]


def _seed(
    modules: Sequence[Row], items: Mapping[int, Sequence[Row]], payloads: Mapping[int, Mapping[str, Any]]
) -> ModuleSeed:
    children: dict[int, list[Row]] = {}
    for row in modules[1:]:
        children.setdefault(row["parent_module_id"], []).append(row)

    def made(row: Row) -> ModuleSeed:
        return ModuleSeed(
            row["module_type"],
            row["title"],
            row["description"],
            row["is_published"],
            [_item(item, payloads[item["id"]]) for item in items.get(row["id"], ())],
            [made(child) for child in children.get(row["id"], ())],
        )

    return made(modules[0])


def _item(row: Row, data: Mapping[str, Any]) -> ItemSeed:
    return ItemSeed(
        row["content_type"],
        row["title"],
        data,
        row["description"],
        row["estimated_duration_seconds"],
        row["is_active"],
    )


async def _without_pools(work: Work, course_id: int, payloads: Mapping[int, dict[str, Any]]) -> list[int]:
    """Take pools of other courses out of the payloads; gives the items that had one."""
    named = {item_id: data[_POOL] for item_id, data in payloads.items() if isinstance(data.get(_POOL), int)}
    if not named:
        return []
    good = {
        row["id"]
        for row in await work.rows(_POOLS, _Row, ids=sorted(set(named.values())))
        if row["course_id"] in {None, course_id}
    }
    left_out = [item_id for item_id, pool_id in named.items() if pool_id not in good]
    for item_id in left_out:
        del payloads[item_id][_POOL]
    return left_out
