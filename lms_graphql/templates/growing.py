"""The nodes that an author's input makes, and the tree of a module that is there."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from lms_graphql.content.given_payloads import KINDS, Reference, given_payload
from lms_graphql.content.references import pool_id_of
from lms_graphql.engine.inputs import line
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.templates.checking import LONGEST_TITLE, seconds, text
from lms_graphql.templates.instances import Instance
from lms_graphql.templates.trees import ITEM, MODULE, Node, Tree, new_key

Path = tuple[str, ...]
References = list[Reference]


def module_nodes(
    given: Mapping[str, Any], parent: str | None, university_id: int | None, path: Path, references: References
) -> Iterator[Node]:
    """The nodes of a module with its items and the modules below it; `references` gets what its payloads refer to."""
    module = Node(
        new_key(),
        MODULE,
        parent,
        given["moduleType"].value,
        line(given["title"], (*path, "title"), most=LONGEST_TITLE),
        text(given.get("description"), (*path, "description")),
    )
    yield module
    for index, item in enumerate(given.get("contentItems") or ()):
        yield item_node(item, module.key, university_id, (*path, "contentItems", str(index)), references)
    for index, child in enumerate(given.get("children") or ()):
        yield from module_nodes(child, module.key, university_id, (*path, "children", str(index)), references)


def item_node(
    given: Mapping[str, Any], parent: str, university_id: int | None, path: Path, references: References
) -> Node:
    """The node of an item."""
    payload = given_payload(given["payload"], university_id, (*path, "payload"))
    references += payload.references
    return Node(
        new_key(),
        ITEM,
        parent,
        payload.content_type,
        line(given["title"], (*path, "title"), most=LONGEST_TITLE),
        text(given.get("description"), (*path, "description")),
        seconds(given.get("estimatedDurationSeconds"), (*path, "estimatedDurationSeconds")),
        payload.data,
    )


def changes_of(
    node: Node, given: Mapping[str, Any], university_id: int | None, path: Path, references: References
) -> dict[str, Any]:
    """What a node is to say otherwise; what is not given stays."""
    changes: dict[str, Any] = {}
    if given.get("title") is not None:
        changes["title"] = line(given["title"], (*path, "title"), most=LONGEST_TITLE)
    if "description" in given:
        changes["description"] = text(given["description"], (*path, "description"))
    if given.get("moduleType") is not None:
        changes["type"] = given["moduleType"].value
    if "estimatedDurationSeconds" in given:
        changes["seconds"] = seconds(given["estimatedDurationSeconds"], (*path, "estimatedDurationSeconds"))
    if given.get("payload") is not None:
        changes["data"] = _replaced(node, given["payload"], university_id, (*path, "payload"), references)
    return changes


def _replaced(
    node: Node, given: Mapping[str, Any], university_id: int | None, path: Path, references: References
) -> dict[str, Any]:
    """A payload in place of a node's; a video without a transcript keeps the one that it has."""
    payload = given_payload(given, university_id, path)
    if payload.content_type != node.type:
        (field,) = given
        kind = next(name for name, content_type in KINDS.items() if content_type == node.type)
        message = f"the item is a {kind} and stays one: give `{kind}`, or add another item"
        raise Refused(UserErrorCode.INVALID, message, (*path, field))
    references += payload.references
    former = (node.data or {}).get("transcript")
    if node.type != "video" or former is None or "transcript" in given["video"]:
        return payload.data
    return {**payload.data, "transcript": former}


def tree_of(instance: Instance, shared: Collection[int]) -> tuple[Tree, list[str]]:
    """A module with all below it, but for inactive items, as a tree of new nodes.

    Also the titles of quizzes whose pool other courses do not have: it is left out.
    """
    tree, left_out = Tree(), []
    keys: dict[int, str] = {}
    todo = [instance.root.id]
    while todo:
        number = todo.pop(0)
        own = instance.modules[number]
        key = keys[number] = new_key()
        parent = None if own is instance.root else keys[own.parent or 0]
        tree.add(Node(key, MODULE, parent, own.type, own.title, own.description))
        for item in (instance.items[row] for row in instance.below[ITEM][number]):
            if not item.is_shown:
                continue
            data = dict(item.data or {})
            if (pool := pool_id_of(item.type, data)) is not None and pool not in shared:
                del data["question_pool_id"]
                left_out.append(item.title)
            tree.add(Node(new_key(), ITEM, key, item.type, item.title, item.description, item.seconds, data))
        todo += instance.below[MODULE][number]
    return tree, left_out
