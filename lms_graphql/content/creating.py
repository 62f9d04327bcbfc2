"""Adding a content item to a module, at a place."""

from typing import Any

from lms_graphql.content.ordering import items_of, number
from lms_graphql.content.warning import warnings_of
from lms_graphql.content.writing import add, payload_for, said
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.syllabus.editing import module_to_edit, renew_version
from lms_graphql.syllabus.ordering import checked_place

MOST_ITEMS = 500
"""In one module."""


async def create_content_item(work: Work, given: Given) -> dict[str, Any]:
    """Add an item to a module; gives `item_id`, and `warnings` of what it still needs.

    Its siblings are numbered anew from 1. INVALID and NOT_FOUND tell all that is wrong with its payload at once.
    """
    module = await module_to_edit(work, given["moduleId"])
    values = {"description": None, "estimated_duration_seconds": None, **said(given)}
    payload = await payload_for(work, module["course_id"], given["payload"])
    values |= {"data_json": payload.data, "is_active": given.get("active") is not False}
    there: list[int | None] = list(await items_of(work, module["id"]))
    if len(there) >= MOST_ITEMS:
        message = f"a module has at most {MOST_ITEMS} items; put this into another"
        raise Refused(UserErrorCode.LIMIT_REACHED, message, ("input", "moduleId"))
    place = checked_place(given.get("position"), len(there))
    await number(work, module["id"], [*there[: place - 1], None, *there[place - 1 :]])
    added = await add(work, module, place, payload.content_type, values)
    after = {name: value for name, value in added.items() if name not in {"university_id", "id"}}
    await work.audit("item.create", "ContentItem", added["id"], after={**after, "data_json": payload.data})
    await work.tell("item.created", "ContentItem", added["id"], courseId=module["course_id"])
    await renew_version(work, module["course_id"])
    warnings = await warnings_of(work, added["id"], payload.content_type, payload.data, is_new=True)
    return {"item_id": added["id"], "warnings": warnings}
