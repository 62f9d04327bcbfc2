"""Deleting a content item that nobody has done anything with."""

from typing import Any

from lms_graphql.content.editing import ITEM, item_to_edit
from lms_graphql.content.ordering import items_of, number
from lms_graphql.content.records import records_of, remove_items
from lms_graphql.content.writing import as_said
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.syllabus.editing import renew_version


async def delete_content_item(work: Work, given: Given) -> dict[str, Any]:
    """Delete an item with its revisions and its rubric; gives `deleted_id`, the global id that it had.

    CLOSED while records hang on it, with how many of what. Its siblings are numbered anew.
    """
    item = await item_to_edit(work, given["contentItemId"])
    found = await records_of(work, [item["id"]])
    if found:
        told = ", ".join(f"{count} {name}" for name, count in found.items())
        message = f"this can't be deleted for what hangs on it ({told}): hide it with setContentItemActive"
        raise Refused(UserErrorCode.CLOSED, message, ITEM)
    before = await items_of(work, item["module_id"])
    await remove_items(work, [item["id"]])
    await number(work, item["module_id"], [item_id for item_id in before if item_id != item["id"]])
    names = ("course_id", "module_id", "content_type", "sequence_index", "is_active", "revision")
    columns = {**{name: item[name] for name in names}, **as_said(item)}
    await work.audit("item.delete", "ContentItem", item["id"], before=columns)
    await work.tell("item.deleted", "ContentItem", item["id"], courseId=item["course_id"])
    await renew_version(work, item["course_id"])
    return {"deleted_id": given["contentItemId"]}
