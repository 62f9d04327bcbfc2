"""Changing the draft of a template: nodes are added, changed, moved and removed, one change after another."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Text, bindparam, cast, null, update
from sqlalchemy.dialects.postgresql import JSONB

from lms_graphql.content.resolving import require_there
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work, require_version
from lms_graphql.storage.statements import Statement
from lms_graphql.syllabus.models import ModuleTemplate
from lms_graphql.templates.checking import OF_NO_COURSE, check_size
from lms_graphql.templates.finding import OWN_TEMPLATE, template_to_edit, version_of
from lms_graphql.templates.growing import Path, References, changes_of, item_node, module_nodes
from lms_graphql.templates.trees import ITEM, MODULE, Node, Tree, read, spelled

CHANGES = ("input", "changes")
MOST_CHANGES = 100

_Row = record("EditedTemplate", tenant=False)
_DRAFT = Statement(
    update(ModuleTemplate).where(*OWN_TEMPLATE).values(draft=cast(bindparam("draft", type_=Text), JSONB))
)
_NO_DRAFT = Statement(update(ModuleTemplate).where(*OWN_TEMPLATE).values(draft=null()))


async def update_template(work: Work, given: Given) -> dict[str, Any]:
    """Change the draft of a template, which begins as the newest version; gives `template_id`.

    All changes are made, or none. A draft that has come to be what the newest version is, is none any more.
    """
    template = await template_to_edit(work, given["templateId"])
    require_version(template["version"], given.get("expectedVersion"))
    if len(given["changes"]) > MOST_CHANGES:
        raise Refused(UserErrorCode.LIMIT_REACHED, f"at most {MOST_CHANGES} changes can be made at once", CHANGES)
    before = await _begun(work, template)
    published = spelled(before[1])
    tree = read(before[0])
    making = _Making(tree, work.university_id, [])
    for index, change in enumerate(given["changes"]):
        ((name, wanted),) = change.items()
        _CHANGES[name](making, wanted, (*CHANGES, str(index), name))
    check_size(tree, CHANGES)
    await require_there(work, OF_NO_COURSE, making.references)
    after = spelled(tree)
    if after == before[0]:
        work.nothing_changed()
        return {"template_id": template["id"]}
    own = {"template_id": template["id"], "owner_id": work.university_id}
    if after == published:
        await work.rows(_NO_DRAFT, _Row, **own)
    else:
        await work.rows(_DRAFT, _Row, **own, draft=after)
    told = _differences(read(before[0]), tree)
    await work.audit("template.update", "ModuleTemplate", template["id"], before=told[0], after=told[1])
    return {"template_id": template["id"]}


async def _begun(work: Work, template: Row) -> tuple[str, Tree]:
    """The tree that is changed, as it is stored, and that of the newest version, empty before there is one."""
    newest = await version_of(work, template["id"])
    published = Tree() if newest is None else read(newest["tree"])
    draft = template["draft_text"]
    return spelled(published if draft is None else read(draft)), published


def _differences(before: Tree, after: Tree) -> tuple[dict[str, Any], dict[str, Any]]:
    """The nodes that differ, by key, before and after, each with its place; for the audit log."""
    told = _with_places(before), _with_places(after)
    keys = [key for key in {**told[0], **told[1]} if told[0].get(key) != told[1].get(key)]
    return {key: told[0].get(key) for key in keys}, {key: told[1].get(key) for key in keys}


def _with_places(tree: Tree) -> dict[str, dict[str, Any]]:
    return {
        node.key: {
            **{name: getattr(node, name) for name in node.__struct_fields__},
            "position": tree.children(node.kind, node.parent).index(node.key) + 1,
        }
        for node in tree.listed()
    }


# ---- the changes


class _Making(NamedTuple):
    """The draft that is changed, and what the new payloads refer to."""

    tree: Tree
    university_id: int | None
    references: References


def _node(tree: Tree, key: str, path: Path, kind: str | None = None) -> Node:
    """The node with this key, of this kind; NOT_FOUND if there is none."""
    node = tree.nodes.get(key)
    if node is None or kind not in {None, node.kind}:
        what = "node" if kind is None else kind
        raise Refused(UserErrorCode.NOT_FOUND, f"there is no such {what} in the draft; read its keys again", path)
    return node


def _place(tree: Tree, kind: str, parent: str, position: int | None, path: Path, *, besides: str = "") -> int | None:
    """The place from 0; INVALID for one that there is not."""
    count = len([key for key in tree.children(kind, parent) if key != besides])
    if position is None:
        return None
    if not 1 <= position <= count + 1:
        message = f"this must be from 1 to {count + 1}, the last place there"
        raise Refused(UserErrorCode.INVALID, message, (*path, "position"))
    return position - 1


def _add_module(making: _Making, wanted: Mapping[str, Any], path: Path) -> None:
    tree = making.tree
    parent = _node(tree, wanted["parentKey"], (*path, "parentKey"), MODULE)
    place = _place(tree, MODULE, parent.key, wanted.get("position"), path)
    first, *below = module_nodes(
        wanted["module"], parent.key, making.university_id, (*path, "module"), making.references
    )
    tree.add(first, place)
    for node in below:
        tree.add(node)


def _add_item(making: _Making, wanted: Mapping[str, Any], path: Path) -> None:
    tree = making.tree
    parent = _node(tree, wanted["moduleKey"], (*path, "moduleKey"), MODULE)
    place = _place(tree, ITEM, parent.key, wanted.get("position"), path)
    tree.add(item_node(wanted["item"], parent.key, making.university_id, (*path, "item"), making.references), place)


def _change_module(making: _Making, wanted: Mapping[str, Any], path: Path) -> None:
    tree = making.tree
    node = _node(tree, wanted["key"], (*path, "key"), MODULE)
    tree.change(node.key, changes_of(node, wanted, making.university_id, path, making.references))


def _change_item(making: _Making, wanted: Mapping[str, Any], path: Path) -> None:
    tree = making.tree
    node = _node(tree, wanted["key"], (*path, "key"), ITEM)
    tree.change(node.key, changes_of(node, wanted, making.university_id, path, making.references))


def _move(making: _Making, wanted: Mapping[str, Any], path: Path) -> None:
    tree = making.tree
    node = _node(tree, wanted["key"], (*path, "key"))
    if node.parent is None:
        raise Refused(UserErrorCode.INVALID, "the topmost module can't be moved", (*path, "key"))
    parent = _node(tree, wanted.get("parentKey") or node.parent, (*path, "parentKey"), MODULE)
    if node.kind == MODULE and tree.is_below(parent.key, node.key):
        raise Refused(UserErrorCode.INVALID, "a module can't come to lie below itself", (*path, "parentKey"))
    place = _place(tree, node.kind, parent.key, wanted.get("position"), path, besides=node.key)
    tree.move(node.key, parent.key, place)


def _remove(making: _Making, wanted: Mapping[str, Any], path: Path) -> None:
    tree = making.tree
    node = _node(tree, wanted["key"], (*path, "key"))
    if node.parent is None:
        message = "the topmost module can't be removed: archive the template instead"
        raise Refused(UserErrorCode.INVALID, message, (*path, "key"))
    tree.remove(node.key)


_CHANGES: Mapping[str, Callable[[_Making, Mapping[str, Any], Path], None]] = {
    "addModule": _add_module,
    "addItem": _add_item,
    "changeModule": _change_module,
    "changeItem": _change_item,
    "move": _move,
    "remove": _remove,
}
