"""Versions of templates, and what differs from them, as clients see them."""

from datetime import datetime
from enum import Enum
from typing import Any

import orjson
import strawberry

from lms_graphql.engine.context import Context
from lms_graphql.engine.edges import Node, computed, database_id, edge, entity
from lms_graphql.syllabus.loaders import TemplateById
from lms_graphql.syllabus.types import ContentKind, ModuleTemplate, ModuleType
from lms_graphql.templates import trees
from lms_graphql.templates.loaders import TreeByVersion, VersionById, listed
from lms_graphql.tenancy.policy import may_add_assets

NODES_OF_A_TEMPLATE = 20
"""So many nodes a template is assumed to have."""


@strawberry.enum(description="What a node of a template becomes.")
class TemplateNodeKind(Enum):
    """The kinds of trees.Node."""

    MODULE = strawberry.enum_value(trees.MODULE, description="A module.")
    ITEM = strawberry.enum_value(trees.ITEM, description="A content item.")


@strawberry.enum(description="What of a node a template says.")
class TemplateField(Enum):
    """See fields.Field."""

    NODE = strawberry.enum_value("node", description="That there is one at all.")
    TITLE = strawberry.enum_value("title", description="The title.")
    DESCRIPTION = strawberry.enum_value("description", description="The description.")
    MODULE_TYPE = strawberry.enum_value("module_type", description="What a module is in its course.")
    ESTIMATED_DURATION_SECONDS = strawberry.enum_value(
        "estimated_duration_seconds", description="About how long an item takes."
    )
    PAYLOAD = strawberry.enum_value(
        "payload", description="The payload of an item. A quiz without a pool leaves the pool to each course."
    )
    PARENT = strawberry.enum_value("parent", description="In which module it lies.")
    MODULE_ORDER = strawberry.enum_value("module_order", description="The order of the modules below a module.")
    ITEM_ORDER = strawberry.enum_value("item_order", description="The order of the items of a module.")


@strawberry.enum(description="Why something differs from its template.")
class DriftKind(Enum):
    """See drifting.Drift."""

    OUTDATED = strawberry.enum_value(
        "outdated", description="The template has changed since, and here it is as it was: it will follow."
    )
    CUSTOMISED = strawberry.enum_value("customised", description="It was changed here by hand: it stays.")
    BOTH = strawberry.enum_value("both", description="It was changed here by hand and in the template: it stays.")
    ADDED = strawberry.enum_value("added", description="The template has a new node: it will be added.")
    REMOVED = strawberry.enum_value("removed", description="The template no longer has the node: it will go.")


@strawberry.enum(description="What became, or would become, of a difference from the template.")
class SyncOutcome(Enum):
    """See merging.Outcome."""

    FOLLOWED = strawberry.enum_value("followed", description="It is as the template says.")
    KEPT = strawberry.enum_value("kept", description="It stays as it is here, since that was done by hand.")
    ADDED = strawberry.enum_value("added", description="The new node is there.")
    DELETED = strawberry.enum_value("deleted", description="The node is gone.")
    RETIRED = strawberry.enum_value(
        "retired",
        description="The node is hidden (unpublished, or inactive) and no longer of the template: there are records or"
        " settings of it that must not be lost.",
    )


def _payload(node: trees.Node, context: Context) -> str | None:
    viewer = context.viewer
    of_library = viewer.looks_after_platform and viewer.university_id is None  # in no university there is no other node
    shown = node.data is not None and (of_library or may_add_assets(viewer))
    return orjson.dumps(node.data).decode() if shown else None


@strawberry.type(description="One module or item of a template.")
class TemplateNode:
    """See trees.Node."""

    key: str = strawberry.field(description="What names the node in all versions of its template.")
    kind: TemplateNodeKind = strawberry.field(description="Whether it becomes a module or an item.")
    parent_key: str | None = computed(
        lambda node, _: node.parent, "The key of the module above it; null for the topmost one."
    )
    module_type: ModuleType | None = computed(
        lambda node, _: node.type if node.kind == trees.MODULE else None, "Of a module: what it becomes."
    )
    content_kind: ContentKind | None = computed(
        lambda node, _: node.type if node.kind == trees.ITEM else None, "Of an item: what it becomes."
    )
    title: str = strawberry.field(description="Its title.")
    description: str | None = strawberry.field(description="What it is about; null if nothing is said.")
    estimated_duration_seconds: int | None = computed(
        lambda node, _: node.seconds, "Of an item: about how long it takes; null if unknown."
    )
    payload_json: str | None = computed(
        _payload,
        "Of an item: its payload as it is stored, as the text of a JSON object. Null for staff who write no course;"
        " administrators of the platform see it in requests for no university.",
    )


@entity(VersionById, "A version of a template, which never changes. Seen as the template is.")
class TemplateVersion(Node):
    """See syllabus.models.ModuleTemplateVersion."""

    database_id: strawberry.ID = database_id()
    version: int = strawberry.field(description="Its number: 1 is the first.")
    title: str = strawberry.field(description="The topmost module's title.")
    notes: str | None = strawberry.field(
        description="What has changed, in its author's words; null if nothing is said."
    )
    node_count: int = strawberry.field(description="How many modules and items it has.")
    created_at: datetime = strawberry.field(description="When it was published.")
    template: ModuleTemplate | None = edge(TemplateById, "The template.", key="template_id")
    tree: list[TemplateNode] | None = edge(
        TreeByVersion,
        "Its nodes: a module, its items, then the modules below it, each in their order. At most 500.",
        pick=listed,
        size=NODES_OF_A_TEMPLATE,
    )


def spelled(value: Any) -> str | None:
    """A value of any field as text: a text as it is, all else as JSON."""
    return value if value is None or isinstance(value, str) else orjson.dumps(value).decode()


@strawberry.type(description="One thing in which a part of a course differs from its template.")
class TemplateDrift:
    """See drifting.Finding."""

    node_key: str = computed(lambda finding, _: finding.key, "The key of the template's node.")
    node_kind: TemplateNodeKind = computed(lambda finding, _: finding.kind, "Whether that is a module or an item.")
    title: str = strawberry.field(description="The title here; where there is nothing, the template's.")
    field: TemplateField = computed(lambda finding, _: finding.field.value, "What differs.")
    kind: DriftKind = computed(lambda finding, _: finding.drift.value, "Why it differs, and what a sync would do.")
    template_value: str | None = computed(
        lambda finding, _: spelled(finding.template_value),
        "What the newest version says: texts as they are, parents as keys, payloads and orders as JSON; null: nothing.",
    )
    own_value: str | None = computed(
        lambda finding, _: spelled(finding.own_value), "What is here, in the same way; null: nothing."
    )


@strawberry.type(description="What became, or in a dry run would become, of one difference from the template.")
class NodeSyncResult:
    """The source is a dict, as `syncing` gives it."""

    node_key: str = computed(lambda result, _: result["key"], "The key of the template's node.")
    node_kind: TemplateNodeKind = computed(lambda result, _: result["kind"], "Whether that is a module or an item.")
    title: str = computed(lambda result, _: result["title"], "The title here; where there was nothing, the template's.")
    field: TemplateField = computed(lambda result, _: result["field"], "What differed.")
    drift: DriftKind = computed(lambda result, _: result["drift"], "Why it differed.")
    outcome: SyncOutcome = computed(lambda result, _: result["outcome"], "What became of it.")
