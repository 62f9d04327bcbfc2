"""Making a module from a template, with all that is below it."""

from typing import Any

from lms_graphql.catalog.editing import course_to_edit
from lms_graphql.content.planting import ItemSeed, ModuleSeed, plant
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.syllabus.editing import module_in
from lms_graphql.templates.finding import TEMPLATE, template_to_use, version_of
from lms_graphql.templates.trees import ITEM, MODULE, Node, Tree, read

PARENT = ("input", "parentId")


async def instantiate_template(work: Work, given: Given) -> dict[str, Any]:
    """Make a module from a version of a template, the newest if none is named; gives `module_id`.

    It is unpublished, as is all below it. CLOSED for a template that is archived or not published yet.
    """
    template = await template_to_use(work, given["templateId"])
    course = await course_to_edit(work, given["courseId"])
    parent = None
    if given.get("parentId") is not None:
        parent_id = number_of(given["parentId"], "Module", work.viewer.university_id)
        parent = await module_in(work, course["id"], parent_id, PARENT)
    if template["archived_at"] is not None:
        raise Refused(UserErrorCode.CLOSED, "this template is archived: nothing is made from it any more", TEMPLATE)
    version = await version_of(work, template["id"], given.get("version"))
    if version is None:
        raise Refused(UserErrorCode.CLOSED, "this template has no version yet: publish its draft first", TEMPLATE)
    seed = _module(read(version["tree"]), template["id"], version["version"])
    planted = await plant(work, course["id"], parent, given.get("position"), [seed])
    module_id = planted.module_ids[0]
    after = {"module": module_id, "course": course["id"], "version": version["version"]}
    await work.audit("template.instantiate", "ModuleTemplate", template["id"], after=after)
    return {"module_id": module_id}


def _module(tree: Tree, template_id: int, version: int) -> ModuleSeed:
    """The seed of the topmost module, which alone knows of the template."""

    def seed(node: Node, knows: dict[str, int | None]) -> ModuleSeed:
        below: dict[str, int | None] = {"module_template_id": None, "template_version": None}
        return ModuleSeed(
            node.type,
            node.title,
            node.description,
            items=[_item(tree.nodes[key]) for key in tree.children(ITEM, node.key)],
            children=[seed(tree.nodes[key], below) for key in tree.children(MODULE, node.key)],
            columns={**knows, "template_node": node.key},
        )

    return seed(tree.root, {"module_template_id": template_id, "template_version": version})


def _item(node: Node) -> ItemSeed:
    return ItemSeed(
        node.type,
        node.title,
        node.data or {},
        node.description,
        node.seconds,
        columns={"template_node": node.key},
    )
