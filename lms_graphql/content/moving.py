"""Moving content items: to another place, or into another module of their course."""

from collections.abc import Sequence
from typing import Any

from lms_graphql.content.creating import MOST_ITEMS
from lms_graphql.content.editing import item_number, item_to_edit
from lms_graphql.content.ordering import items_of, number
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.syllabus.editing import MODULE, module_in, module_to_edit, renew_version
from lms_graphql.syllabus.ordering import checked_place

_ORDER = ("input", "contentItemIds")


async def move_content_item(work: Work, given: Given) -> dict[str, Any]:
    """Put an item into a module of its course, at a place among the others there; gives `item_id`.

    Without a module it stays in its own; without a place it comes last. Siblings here and there are numbered anew.
    """
    item = await item_to_edit(work, given["contentItemId"])
    course_id, source = item["course_id"], item["module_id"]
    target = source
    if given.get("moduleId") is not None:
        module_id = number_of(given["moduleId"], "Module", work.viewer.university_id)
        target = (await module_in(work, course_id, module_id, MODULE))["id"]
    before = await items_of(work, source)
    left = [item_id for item_id in before if item_id != item["id"]]
    there = left if target == source else await items_of(work, target)
    if len(there) >= MOST_ITEMS:
        raise Refused(UserErrorCode.LIMIT_REACHED, f"a module has at most {MOST_ITEMS} items", MODULE)
    place = checked_place(given.get("position"), len(there))
    former = before.index(item["id"]) + 1
    if (target, place) == (source, former):
        work.nothing_changed()
        return {"item_id": item["id"]}
    await number(work, target, [*there[: place - 1], item["id"], *there[place - 1 :]])
    if target != source:
        await number(work, source, left)
    await work.audit(
        "item.move",
        "ContentItem",
        item["id"],
        before={"module_id": source, "sequence_index": former},
        after={"module_id": target, "sequence_index": place},
    )
    await work.tell("item.moved", "ContentItem", item["id"], courseId=course_id)
    await renew_version(work, course_id)
    return {"item_id": item["id"]}


async def reorder_content_items(work: Work, given: Given) -> dict[str, Any]:
    """Put all items of a module into an order; gives `module_id`. INVALID unless each of them is named once."""
    module = await module_to_edit(work, given["moduleId"])
    before = await items_of(work, module["id"])
    after = _wanted(work, given["contentItemIds"], before)
    if after == before:
        work.nothing_changed()
        return {"module_id": module["id"]}
    await number(work, module["id"], after)
    await work.audit(
        "item.reorder",
        "Module",
        module["id"],
        before={"content_item_ids": before},
        after={"content_item_ids": after},
    )
    await work.tell("items.reordered", "Module", module["id"], courseId=module["course_id"])
    await renew_version(work, module["course_id"])
    return {"module_id": module["id"]}


def _wanted(work: Work, texts: Sequence[str], there: Sequence[int]) -> list[int]:
    found = [item_number(text, work.viewer.university_id) for text in texts]
    known = set(there)
    wanted = [item_id for item_id in found if item_id is not None and item_id in known]
    if len(wanted) < len(found):
        raise Refused(UserErrorCode.NOT_FOUND, "the module has no such content item", _ORDER)
    if len(set(wanted)) < len(wanted):
        raise Refused(UserErrorCode.INVALID, "name each item once", _ORDER)
    if len(wanted) < len(there):
        left = len(there) - len(wanted)
        message = f"name all items of the module: {left} of {len(there)} are missing; it may have got more meanwhile"
        raise Refused(UserErrorCode.INVALID, message, _ORDER)
    return wanted
