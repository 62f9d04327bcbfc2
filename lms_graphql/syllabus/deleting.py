"""Deleting a module with all that is below it and in it."""

from typing import Any

from lms_graphql.content.unplanting import unplant
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import GlobalId
from lms_graphql.engine.work import Work, require_version
from lms_graphql.syllabus.editing import MODULE, module_to_edit, renew_version
from lms_graphql.syllabus.ordering import number, siblings
from lms_graphql.syllabus.subtree import subtree


async def delete_module(work: Work, given: Given) -> dict[str, Any]:
    """Delete a module with all below it, as long as nothing of a learner's hangs on it; gives `deleted_id`."""
    module = await module_to_edit(work, given["moduleId"])
    require_version(module["version"], given.get("expectedVersion"))
    tree = [row["id"] for row in await subtree(work, module["id"])]
    items = await unplant(work, tree, MODULE)
    await number(work, await siblings(work, module["course_id"], module["parent_module_id"]))
    facts = {"courseId": module["course_id"], "moduleIds": tree, "contentItemIds": items}
    await work.tell("module.deleted", "Module", module["id"], **facts)
    await renew_version(work, module["course_id"])
    deleted = str(GlobalId("Module", module["id"], work.viewer.university_id))
    return {"deleted_id": deleted, "course_id": module["course_id"], "modules": len(tree), "items": len(items)}
