"""The syllabus tree, as clients see it."""

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from lms_graphql.catalog.loaders import CourseById
from lms_graphql.catalog.types import MODULES_OF_A_COURSE, Course
from lms_graphql.content.loaders import ItemsByModule
from lms_graphql.discussion.loaders import ThreadsByModule
from lms_graphql.engine.context import Context
from lms_graphql.engine.counts import CountedConnection
from lms_graphql.engine.edges import (
    Node,
    argument,
    column,
    computed,
    database_id,
    edge,
    entity,
    page,
    plain_list,
    with_arguments,
)
from lms_graphql.engine.relay import Connection, number_of
from lms_graphql.progress.loaders import ViewerModuleProgress
from lms_graphql.syllabus.loaders import ModuleById, OutlineByCourse, SyllabusByCourse, TemplateById
from lms_graphql.templates.loaders import (
    DraftByTemplate,
    DriftByModule,
    InstancesByTemplate,
    LatestByTemplate,
    VersionMetByModule,
    VersionsByTemplate,
    listed,
)

if TYPE_CHECKING:  # the types below this one; Strawberry finds them by name
    from lms_graphql.content.types import Content
    from lms_graphql.discussion.types import DiscussionThread, ThreadFilter, ThreadOrder
    from lms_graphql.progress.types import ModuleProgress
    from lms_graphql.templates.types import TemplateDrift, TemplateNode, TemplateVersion

_Content = Annotated["Content", strawberry.lazy("lms_graphql.content.types")]
_ModuleProgress = Annotated["ModuleProgress", strawberry.lazy("lms_graphql.progress.types")]
_Thread = Annotated["DiscussionThread", strawberry.lazy("lms_graphql.discussion.types")]
_ThreadFilter = Annotated["ThreadFilter", strawberry.lazy("lms_graphql.discussion.types")]
_ThreadOrder = Annotated["ThreadOrder", strawberry.lazy("lms_graphql.discussion.types")]
_TemplateDrift = Annotated["TemplateDrift", strawberry.lazy("lms_graphql.templates.types")]
_TemplateNode = Annotated["TemplateNode", strawberry.lazy("lms_graphql.templates.types")]
_TemplateVersion = Annotated["TemplateVersion", strawberry.lazy("lms_graphql.templates.types")]
_NODES_OF_A_TEMPLATE = 20


@strawberry.enum(description="What a module is in its course.")
class ModuleType(Enum):
    """The labels of module_type_enum."""

    COURSE_ROOT = strawberry.enum_value("course_root", description="The whole course; optional.")
    UNIT = strawberry.enum_value("unit", description="A large part of the course.")
    CHAPTER = strawberry.enum_value("chapter", description="A chapter.")
    LESSON = strawberry.enum_value("lesson", description="A lesson.")
    TOPIC = strawberry.enum_value("topic", description="A topic of a lesson.")
    SECTION = strawberry.enum_value("section", description="A section.")
    LAB = strawberry.enum_value("lab", description="A lab.")
    QUIZ = strawberry.enum_value("quiz", description="A quiz.")
    OTHER = strawberry.enum_value("other", description="None of these.")


@strawberry.enum(description="What a content item is.")
class ContentKind(Enum):
    """The labels of content_type_enum."""

    VIDEO = strawberry.enum_value("video", description="A video.")
    QUIZ = strawberry.enum_value("quiz", description="A quiz.")
    ENGINEERING_LAB = strawberry.enum_value("engineering_lab", description="A lab that runs in a container.")
    TEXT = strawberry.enum_value("text", description="An article.")
    ASSIGNMENT = strawberry.enum_value("assignment", description="Work to hand in.")
    RESOURCE = strawberry.enum_value("resource", description="A list of things to open or to read.")


@strawberry.type(description="How many items are of a kind.")
class KindCount:
    """See outline.KindCount."""

    kind: ContentKind = strawberry.field(description="The kind.")
    count: int = strawberry.field(description="How many there are, at least 1.")


@strawberry.type(description="What a part of a course adds up to; what the viewer may not see does not count.")
class SyllabusTotals:
    """See outline.Totals."""

    module_count: int = computed(
        lambda totals, _: totals.modules, "How many modules stand below, on all levels.", versioned=True
    )
    item_count: int = strawberry.field(description="How many items there are, in it and below.")
    items_by_kind: list[KindCount] = computed(
        lambda totals, _: totals.by_kind(),
        "How many items there are of each kind that there is, by the kind's name.",
        size=6,
        versioned=True,
    )
    estimated_duration_seconds: int = computed(
        lambda totals, _: totals.seconds,
        "About how long all items take together; those of unknown length count as nothing.",
        versioned=True,
    )


@entity(
    TemplateById,
    "A module to copy from: a university's own, or of the platform's library. For staff; what is of the library also"
    " for administrators of the platform.",
)
class ModuleTemplate(Node):
    """See models.ModuleTemplate."""

    database_id: strawberry.ID = database_id()
    template_type: ModuleType = strawberry.field(description="What a module made from it becomes.")
    title: str = strawberry.field(description="Its title.")
    description: str | None = strawberry.field(description="What it is for.")
    created_at: datetime = strawberry.field(description="When it was added.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")
    archived_at: datetime | None = strawberry.field(
        description="Since when no module is made from it any more; null if some may be."
    )
    edit_version: int = column(
        "version", "Counts its changes: what `expectedVersion` of mutations is compared with. No version of the tree."
    )
    latest_version: _TemplateVersion | None = edge(
        LatestByTemplate, "The newest version, from which modules are made; null before one is published."
    )
    versions: Connection[_TemplateVersion] = page(VersionsByTemplate, "All its versions, the first one first.")
    draft: list[_TemplateNode] | None = edge(
        DraftByTemplate,
        "The nodes of the next version, in the order of a version's `tree`; null where nothing waits to be published,"
        " and for who may not write templates.",
        pick=listed,
        size=_NODES_OF_A_TEMPLATE,
    )
    instances: Connection["Module"] = page(
        InstancesByTemplate,
        "The modules that were made from it and follow it, in courses within the viewer's reach, by id.",
    )


def _viewer_progress(module: Any, context: Context, offering: str) -> Any:
    number = number_of(offering, "CourseOffering", context.viewer.university_id)
    return None if number is None else context.loader(ViewerModuleProgress, number).load(module["id"])


@entity(ModuleById, "A node of a course's syllabus tree.")
class Module(Node):
    """See models.Module."""

    database_id: strawberry.ID = database_id()
    module_type: ModuleType = strawberry.field(description="What it is in its course.")
    title: str = strawberry.field(description="Its title.")
    description: str | None = strawberry.field(description="What it is about.")
    sequence_index: int = strawberry.field(description="Its place among its siblings.")
    depth: int = strawberry.field(description="How many modules stand above it.")
    is_published: bool = strawberry.field(description="Its own flag; students also need all above it published.")
    effective_published: bool = strawberry.field(
        description="Whether it and all above it are published: then students of a published course see it."
    )
    archived_at: datetime | None = strawberry.field(
        description="Since when it is put away; null: it is not. Students never see what is."
    )
    version: int = strawberry.field(
        description="Counts the changes of what it says and of where it hangs, from 1; its place among siblings is not"
        " counted. For `expectedVersion`."
    )
    created_at: datetime = strawberry.field(description="When it was added.")
    updated_at: datetime = strawberry.field(description="When what it says, or what it hangs below, was last changed.")
    course: Course | None = edge(CourseById, "The course it belongs to.", key="course_id")
    template: ModuleTemplate | None = edge(
        TemplateById, "The template it was made from; staff only.", key="module_template_id"
    )
    template_version: _TemplateVersion | None = edge(
        VersionMetByModule,
        "The version of the template that it was made from, or last brought up to; null where it follows none, as all"
        " that lies below such a module, and for who does not reach the course.",
    )
    template_drift: list[_TemplateDrift] | None = edge(
        DriftByModule,
        "In what it, and what lies below it, differs from the newest version of its template: what `syncFromTemplate`"
        " would change, and what it would keep. Null where `templateVersion` is.",
        pick=lambda drifted, _module: None if drifted is None else drifted.findings,
        size=_NODES_OF_A_TEMPLATE,
    )
    parent: "Module | None" = edge(
        SyllabusByCourse,
        "The module above it; null at the top.",
        key="course_id",
        pick=lambda tree, module: tree.rows.get(module["parent_module_id"]),
        versioned=True,
    )
    children: list["Module"] = edge(
        SyllabusByCourse,
        "The modules directly below it, in order.",
        key="course_id",
        pick=lambda tree, module: tree.children.get(module["id"], []),
        versioned=True,
        size=MODULES_OF_A_COURSE,
    )
    content_items: list[_Content] = edge(
        ItemsByModule, "What there is to learn from in it, in order.", size=4, versioned=True
    )
    viewer_progress: _ModuleProgress | None = with_arguments(
        _viewer_progress,
        "The viewer's own progress on it in an offering; null before it was begun.",
        argument("offering", strawberry.ID, "The global id of the offering."),
    )
    totals: SyllabusTotals | None = edge(
        OutlineByCourse,
        "What is in it and below it, summed up; one statement for the modules of all courses.",
        key="course_id",
        pick=lambda outline, module: outline.totals.get(module["id"]),
        versioned=True,
    )
    threads: CountedConnection[_Thread] = page(
        ThreadsByModule,
        "The threads on it that the viewer may see, in all offerings, by id; a filter picks one offering.",
        filters=_ThreadFilter,
        orders=_ThreadOrder,
    )


@strawberry.type(description="A module with its place in the whole syllabus, so that a tree can be drawn from a list.")
class SyllabusNode:
    """See outline.SyllabusNode."""

    module: Module = strawberry.field(description="The module.")
    parent_id: strawberry.ID | None = computed(
        lambda node, _: None if node.parent is None else node.parent.module.global_id(),
        "The global id of the module above it; null at the top.",
        versioned=True,
    )
    depth: int = strawberry.field(description="How many modules stand above it.")
    path: list[strawberry.ID] = computed(
        lambda node, _: node.path(), "The global ids from the top down to the module itself.", size=4, versioned=True
    )
    position: int = strawberry.field(description="Its place in this list, from 1.")
    child_count: int = strawberry.field(
        description="How many modules stand directly below it, also those too deep for this list."
    )


@strawberry.type(description="The whole syllabus of a course as one list, for clients that draw any depth of it.")
class Syllabus:
    """See outline.Syllabus."""

    modules: list[SyllabusNode] = plain_list(
        "The modules, each before those below it, siblings in order.", size=MODULES_OF_A_COURSE
    )
    totals: SyllabusTotals | None = edge(
        OutlineByCourse,
        "The whole course summed up, whatever the depth of the list.",
        key=lambda syllabus, _context: syllabus.course_id,
        pick=lambda outline, _syllabus: outline.totals[None],
        versioned=True,
    )
