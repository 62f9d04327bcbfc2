"""What a template says of the modules and items that are made from it, field by field, and how it is compared."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

from lms_graphql.templates.trees import MODULE, Node


class Field(Enum):
    """The values are what drift and results call them."""

    NODE = "node"
    TITLE = "title"
    DESCRIPTION = "description"
    MODULE_TYPE = "module_type"
    DURATION = "estimated_duration_seconds"
    PAYLOAD = "payload"
    PARENT = "parent"
    MODULE_ORDER = "module_order"
    ITEM_ORDER = "item_order"


SAID_OF_MODULES: Mapping[Field, str] = {
    Field.TITLE: "title",
    Field.DESCRIPTION: "description",
    Field.MODULE_TYPE: "type",
}
SAID_OF_ITEMS: Mapping[Field, str] = {
    Field.TITLE: "title",
    Field.DESCRIPTION: "description",
    Field.DURATION: "seconds",
    Field.PAYLOAD: "data",
}
"""The fields that a node of the kind has, and where it has them."""

_NOT_SAID = ("schema_version",)
_POOL = "question_pool_id"


def said(kind: str) -> Mapping[Field, str]:
    """The fields of nodes of a kind."""
    return SAID_OF_MODULES if kind == MODULE else SAID_OF_ITEMS


def is_same(field: Field, template: Any, own: Any) -> bool:
    """Whether what is there is what the template says.

    Of a payload the number of its schema says nothing, and a quiz without a pool leaves that to each course.
    """
    if field is not Field.PAYLOAD:
        return bool(template == own)
    left, right = dict(template or {}), dict(own or {})
    ignored = [*_NOT_SAID, *([] if left.get(_POOL) else [_POOL])]
    for key in ignored:
        left.pop(key, None)
        right.pop(key, None)
    return left == right


def followed(field: Field, template: Any, own: Any) -> Any:
    """What the template says, put in place of what is there: of a quiz without a pool, with the pool that is there."""
    if field is not Field.PAYLOAD or template.get(_POOL) or not (own or {}).get(_POOL):
        return template
    return {**template, _POOL: own[_POOL]}


def value_of(node: Node | None, attribute: str) -> Any:
    """What a node says; None where there is none."""
    return None if node is None else getattr(node, attribute)
