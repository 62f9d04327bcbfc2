"""Instances with what they are compared with: three statements, for any number of them and of any size."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import ARRAY, BigInteger, Integer, Text, any_, bindparam, cast, column, func, select

from lms_graphql.content.models import ContentItem
from lms_graphql.engine.rows import Row, record
from lms_graphql.storage.statements import Statement, columns
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.syllabus.models import Module, ModuleTemplateVersion
from lms_graphql.templates.instances import Instance, instances_of
from lms_graphql.templates.trees import Tree, read

Fetch: TypeAlias = Callable[..., Awaitable[list[Row]]]
"""What runs a statement for rows of a class: `Work.rows`, or a loader's own."""

_Row = record("TemplateInstance")
_COURSES = bindparam("course_ids", type_=ARRAY(BigInteger))
_TEMPLATES, _VERSIONS = bindparam("template_ids", type_=ARRAY(BigInteger)), bindparam("versions", type_=ARRAY(Integer))

_MODULES = Statement(
    select(*columns(Module))
    .where(Module.university_id == UNIVERSITY, Module.course_id == any_(_COURSES))
    .order_by(Module.sequence_index, Module.id)
)
_ITEMS = Statement(
    select(*columns(ContentItem), cast(ContentItem.data_json, Text).label("data"))
    .where(
        ContentItem.university_id == UNIVERSITY,
        ContentItem.module_id == any_(bindparam("module_ids", type_=ARRAY(BigInteger))),
    )
    .order_by(ContentItem.sequence_index, ContentItem.id)
)
_WANTED = (
    func.unnest(_TEMPLATES, _VERSIONS)
    .table_valued(column("template_id", BigInteger), column("version", Integer))
    .render_derived(name="wanted")
)
_TREES = Statement(
    select(
        ModuleTemplateVersion.template_id,
        ModuleTemplateVersion.version,
        cast(ModuleTemplateVersion.tree, Text).label("tree"),
    ).join(
        _WANTED,
        (ModuleTemplateVersion.template_id == _WANTED.c.template_id)
        & (ModuleTemplateVersion.version == _WANTED.c.version),
    )
)


class Root(NamedTuple):
    """The topmost module of an instance: where it is, what it follows, the version it has met and the wanted one."""

    id: int
    course_id: int
    template_id: int
    met: int
    wanted: int


class Compared(NamedTuple):
    """An instance, the tree that it has met, and the one that it is compared with."""

    instance: Instance
    met: Tree
    wanted: Tree


async def compared_instances(fetch: Fetch, roots: Sequence[Root]) -> dict[int, Compared]:
    """The instances with these topmost modules, by their numbers; whoever asks has judged who may see them."""
    if not roots:
        return {}
    modules = await fetch(_MODULES, _Row, course_ids=sorted({root.course_id for root in roots}))
    inside = _inside(roots, modules)
    items = await fetch(_ITEMS, _Row, module_ids=inside)
    trees = await read_trees(fetch, {(r.template_id, version) for r in roots for version in (r.met, r.wanted)})
    made = instances_of((root.id for root in roots), modules, items)
    return {
        root.id: Compared(made[root.id], trees[root.template_id, root.met], trees[root.template_id, root.wanted])
        for root in roots
        if root.id in made
    }


async def read_trees(fetch: Fetch, wanted: set[tuple[int, int]]) -> dict[tuple[int, int], Tree]:
    """The trees of these templates and versions."""
    pairs = sorted(wanted)
    rows = await fetch(
        _TREES, _Row, template_ids=[template for template, _ in pairs], versions=[version for _, version in pairs]
    )
    return {(row["template_id"], row["version"]): read(row["tree"]) for row in rows}


def _inside(roots: Sequence[Root], modules: Sequence[Any]) -> list[int]:
    """The numbers of the modules of all instances."""
    below: dict[int | None, list[int]] = {}
    for row in modules:
        below.setdefault(row["parent_module_id"], []).append(row["id"])
    found, todo = set(), [root.id for root in roots]
    while todo:
        number = todo.pop()
        if number not in found:
            found.add(number)
            todo += below.get(number, ())
    return sorted(found)


async def module_with_content(fetch: Fetch, module_id: int, course_id: int) -> Instance:
    """A module of a course with all below it, whether it follows a template or not: two statements."""
    modules = await fetch(_MODULES, _Row, course_ids=[course_id])
    inside = _inside([Root(module_id, course_id, 0, 0, 0)], modules)
    items = await fetch(_ITEMS, _Row, module_ids=inside)
    return instances_of([module_id], modules, items)[module_id]
