"""Creating templates: from what an author writes, or from a module that is there."""

from typing import Any

from sqlalchemy import Text, bindparam, cast, insert, select
from sqlalchemy.dialects.postgresql import JSONB

from lms_graphql.content.references import pool_id_of
from lms_graphql.content.resolving import require_there
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement
from lms_graphql.syllabus.editing import module_to_edit
from lms_graphql.syllabus.models import ModuleTemplate, module_type_enum
from lms_graphql.templates.checking import OF_NO_COURSE, check_size, shared_pools
from lms_graphql.templates.finding import OWNER
from lms_graphql.templates.growing import References, module_nodes, tree_of
from lms_graphql.templates.instances import Instance
from lms_graphql.templates.reading import module_with_content
from lms_graphql.templates.trees import Tree, spelled

FROM_MODULE = ("input", "fromModuleId")
FROM_TREE = ("input", "module")

_Row = record("EditedTemplate", tenant=False)
_ADD = Statement(
    insert(ModuleTemplate)
    .from_select(
        ["university_id", "template_type", "title", "description", "draft"],
        select(
            OWNER,
            cast(bindparam("type", type_=Text), module_type_enum),
            bindparam("title", type_=Text),
            bindparam("description", type_=Text),
            cast(bindparam("draft", type_=Text), JSONB),
        ),
        include_defaults=False,
    )
    .returning(ModuleTemplate.id)
)


async def create_template(work: Work, given: Given) -> dict[str, Any]:
    """Add a template of the university, whose tree is a draft until it is published.

    Gives `template_id`, and under `without_pool` the titles of quizzes that had a pool of their course alone.
    """
    source, module = given.get("fromModuleId"), given.get("module")
    if (source is None) == (module is None):
        message = "give either fromModuleId or module, exactly one of both"
        raise Refused(UserErrorCode.INVALID, message, ("input",))
    left_out: list[str] = []
    if source is not None:
        tree, left_out = await _from_module(work, source)
        check_size(tree, FROM_MODULE)
    else:
        tree = await _from_input(work, module or {})
    return {"template_id": await _add(work, tree, {"from_module": source}), "without_pool": left_out}


async def create_library_template(work: Work, given: Given) -> dict[str, Any]:
    """Add a template of the platform's library, as a draft too; gives `template_id`.

    What it refers to would be some university's: it refers to nothing.
    """
    return {"template_id": await _add(work, await _from_input(work, given["module"]), {})}


async def _add(work: Work, tree: Tree, told: dict[str, Any]) -> int:
    """Keep a template with this draft; gives its number."""
    (added,) = await work.rows(_ADD, _Row, **_said(tree), owner_id=work.university_id)
    after = {**_said(tree), "draft": [_told(node) for node in tree.listed()], **told}
    await work.audit("template.create", "ModuleTemplate", added["id"], after=after)
    number: int = added["id"]
    return number


def _said(tree: Tree) -> dict[str, Any]:
    root = tree.root
    return {"type": root.type, "title": root.title, "description": root.description, "draft": spelled(tree)}


def _told(node: Any) -> dict[str, Any]:
    return {name: getattr(node, name) for name in node.__struct_fields__}


async def _from_input(work: Work, module: Given) -> Tree:
    references: References = []
    tree = Tree(module_nodes(module, None, work.university_id, FROM_TREE, references))
    check_size(tree, FROM_TREE)
    await require_there(work, OF_NO_COURSE, references)
    return tree


async def _from_module(work: Work, source: str) -> tuple[Tree, list[str]]:
    row: Row = await module_to_edit(work, source, FROM_MODULE)
    instance: Instance = await module_with_content(work.rows, row["id"], row["course_id"])
    named = (pool_id_of(item.type, item.data or {}) for item in instance.items.values())
    pools = {pool for pool in named if pool is not None}
    return tree_of(instance, await shared_pools(work, pools) if pools else set())
