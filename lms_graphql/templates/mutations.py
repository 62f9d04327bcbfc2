"""The fields of Mutation about templates."""

from typing import Any

import strawberry

from lms_graphql.catalog.policy import may_edit_some_course
from lms_graphql.content.payload_inputs import ContentPayloadInput
from lms_graphql.engine.edges import computed, optional
from lms_graphql.engine.mutations import changed, mutation, told, user_errors
from lms_graphql.engine.usererrors import UserError
from lms_graphql.jobs.loaders import JobById
from lms_graphql.jobs.types import Job
from lms_graphql.syllabus.loaders import ModuleById, TemplateById
from lms_graphql.syllabus.types import Module, ModuleTemplate, ModuleType
from lms_graphql.templates import creating, drafting, instantiating, publishing, spreading, syncing
from lms_graphql.templates.loaders import VersionById
from lms_graphql.templates.types import NodeSyncResult, TemplateVersion
from lms_graphql.tenancy.policy import may_author

_TITLE = "One line of at most 255 characters."
_DESCRIPTION = "What it is about, at most 20,000 characters."
_SECONDS = "About how long it takes, in seconds."
_POSITION = "Its place among its siblings, 1 is the first; left out, behind the last."
_EXPECTED = "The `editVersion` that the change is meant for; CONFLICT if the template has changed since."
_PAYLOAD = (
    "What it holds: its kind stays that in all versions. A quiz without a pool leaves the pool to each course; with one"
    " it needs a pool that all courses share."
)


def _template() -> Any:
    return changed(TemplateById, "template_id", "The template; null where it was refused.")


@strawberry.input(description="An item of a template.")
class TemplateItemInput:
    """What becomes a node."""

    title: str = strawberry.field(description=_TITLE)
    description: str | None = optional(_DESCRIPTION)
    estimated_duration_seconds: int | None = optional(_SECONDS)
    payload: ContentPayloadInput = strawberry.field(description=_PAYLOAD)


@strawberry.input(description="A module of a template, with what is in it and below it.")
class TemplateModuleInput:
    """What becomes a node, and nodes below it."""

    module_type: ModuleType = strawberry.field(description="What it becomes.")
    title: str = strawberry.field(description=_TITLE)
    description: str | None = optional(_DESCRIPTION)
    content_items: list[TemplateItemInput] | None = optional("Its items, in their order.")
    children: list["TemplateModuleInput"] | None = optional("The modules below it, in their order.")


@strawberry.input(description="A new template: from a tree, or from a module that is there. Exactly one of both.")
class CreateTemplateInput:
    """The input of `createTemplate`."""

    module: TemplateModuleInput | None = optional(
        "The topmost module with all below it: at most 500 modules and items, on 16 levels."
    )
    from_module_id: strawberry.ID | None = optional(
        "A module of a course that the viewer may edit, to be taken with all below it, but for inactive items."
    )


@strawberry.type(description="What `createTemplate` gives.")
class CreateTemplatePayload:
    """The payload of `createTemplate`."""

    template: ModuleTemplate | None = _template()
    quizzes_without_pool: list[str] = computed(
        lambda payload, _context: payload.keys.get("without_pool", []),
        "The titles of quizzes whose pool belongs to their course alone: in the template they have none.",
        size=10,
    )
    errors: list[UserError] = user_errors()


@strawberry.input(description="A module to be added to a draft.")
class AddTemplateModuleInput:
    """A change of a draft."""

    parent_key: str = strawberry.field(description="The key of the module above it.")
    position: int | None = optional(_POSITION)
    module: TemplateModuleInput = strawberry.field(description="The module, with all below it.")


@strawberry.input(description="An item to be added to a draft.")
class AddTemplateItemInput:
    """A change of a draft."""

    module_key: str = strawberry.field(description="The key of its module.")
    position: int | None = optional(_POSITION)
    item: TemplateItemInput = strawberry.field(description="The item.")


@strawberry.input(description="What a module of a draft is to say; what is left out stays.")
class ChangeTemplateModuleInput:
    """A change of a draft."""

    key: str = strawberry.field(description="The key of the module.")
    title: str | None = optional(_TITLE)
    description: str | None = optional(f"{_DESCRIPTION} Null takes it away.")
    module_type: ModuleType | None = optional("What it becomes.")


@strawberry.input(description="What an item of a draft is to say; what is left out stays.")
class ChangeTemplateItemInput:
    """A change of a draft."""

    key: str = strawberry.field(description="The key of the item.")
    title: str | None = optional(_TITLE)
    description: str | None = optional(f"{_DESCRIPTION} Null takes it away.")
    estimated_duration_seconds: int | None = optional(f"{_SECONDS} Null: unknown.")
    payload: ContentPayloadInput | None = optional(
        f"{_PAYLOAD} It replaces the whole payload; a video without a transcript keeps the one that it has."
    )


@strawberry.input(description="Where a node of a draft is to stand.")
class MoveTemplateNodeInput:
    """A change of a draft."""

    key: str = strawberry.field(description="The key of the node.")
    parent_key: str | None = optional("The key of the module that it is to lie in; left out, where it lies.")
    position: int | None = optional(_POSITION)


@strawberry.input(description="A node to be taken out of a draft, with all below it.")
class RemoveTemplateNodeInput:
    """A change of a draft."""

    key: str = strawberry.field(description="The key of the node.")


@strawberry.input(one_of=True, description="One change of a draft: exactly one of these.")
class TemplateChangeInput:
    """A change of a draft."""

    add_module: AddTemplateModuleInput | None = optional("Add a module with all below it.")
    add_item: AddTemplateItemInput | None = optional("Add an item.")
    change_module: ChangeTemplateModuleInput | None = optional("Let a module say something else.")
    change_item: ChangeTemplateItemInput | None = optional("Let an item say something else.")
    move: MoveTemplateNodeInput | None = optional("Put a node elsewhere.")
    remove: RemoveTemplateNodeInput | None = optional("Take a node out, with all below it.")


@strawberry.input(description="Changes of the draft of a template, which begins as its newest version.")
class UpdateTemplateInput:
    """The input of `updateTemplate` and `updateLibraryTemplate`."""

    template_id: strawberry.ID = strawberry.field(description="The template.")
    expected_version: int | None = optional(_EXPECTED)
    changes: list[TemplateChangeInput] = strawberry.field(
        description="At most 100 changes, made one after another: each finds the draft as those before it left it."
    )


@strawberry.type(description="What a mutation of a template gives.")
class TemplatePayload:
    """The payload of `updateTemplate`, `archiveTemplate`, `restoreTemplate`, and their like for the library."""

    template: ModuleTemplate | None = _template()
    errors: list[UserError] = user_errors()


@strawberry.input(description="A template whose draft is to be its next version.")
class PublishTemplateVersionInput:
    """The input of `publishTemplateVersion` and `publishLibraryTemplateVersion`."""

    template_id: strawberry.ID = strawberry.field(description="The template.")
    expected_version: int | None = optional(_EXPECTED)
    notes: str | None = optional("What has changed, for those who use the template: at most 2000 characters.")


@strawberry.type(description="What publishing a version of a template gives.")
class PublishTemplateVersionPayload:
    """The payload of `publishTemplateVersion` and `publishLibraryTemplateVersion`."""

    template: ModuleTemplate | None = _template()
    version: TemplateVersion | None = changed(VersionById, "version_id", "The new version; null where it was refused.")
    errors: list[UserError] = user_errors()


@strawberry.input(description="A template that is to be archived, or no longer to be so.")
class ArchiveTemplateInput:
    """The input of `archiveTemplate` and of `restoreTemplate`, and of their like for the library."""

    template_id: strawberry.ID = strawberry.field(description="The template.")
    expected_version: int | None = optional(_EXPECTED)


@strawberry.input(description="A module to be made from a template.")
class InstantiateTemplateInput:
    """The input of `instantiateTemplate`."""

    template_id: strawberry.ID = strawberry.field(description="The template.")
    version: int | None = optional("The number of the version; left out, the newest.")
    course_id: strawberry.ID = strawberry.field(description="The course that gets it.")
    parent_id: strawberry.ID | None = optional("The module of the course that it comes below; left out, the top.")
    position: int | None = optional(_POSITION)


@strawberry.type(description="What `instantiateTemplate` gives.")
class InstantiateTemplatePayload:
    """The payload of `instantiateTemplate`."""

    module: Module | None = changed(
        ModuleById, "module_id", "The topmost module of what was made, unpublished; null where it was refused."
    )
    errors: list[UserError] = user_errors()


@strawberry.input(description="A part of a course to be brought up to a version of its template.")
class SyncFromTemplateInput:
    """The input of `syncFromTemplate`."""

    module_id: strawberry.ID = strawberry.field(
        description="The topmost module of what was made from the template: the one with a `templateVersion`."
    )
    version: int | None = optional("The number of the version; left out, the newest.")
    dry_run: bool | None = optional("Whether to change nothing, and only tell what would be changed.")


@strawberry.type(description="What `syncFromTemplate` gives.")
class SyncFromTemplatePayload:
    """The payload of `syncFromTemplate`."""

    module: Module | None = changed(ModuleById, "module_id", "The module as it is now; null where it was refused.")
    version: int | None = told("version", "The number of the version that it was brought to, or would be.")
    is_dry_run: bool | None = told("dry_run", "Whether nothing was changed; null where it was refused.")
    results: list[NodeSyncResult] = computed(
        lambda payload, _context: payload.keys.get("results", []),
        "One for each difference that there was, node by node in the template's order; none where all was the same.",
        size=20,
    )
    errors: list[UserError] = user_errors()


@strawberry.input(description="A template whose instances are to be brought up to date.")
class SyncTemplateEverywhereInput:
    """The input of `syncTemplateEverywhere`."""

    template_id: strawberry.ID = strawberry.field(description="The template.")


@strawberry.type(description="What `syncTemplateEverywhere` gives.")
class SyncTemplateEverywherePayload:
    """The payload of `syncTemplateEverywhere`."""

    template: ModuleTemplate | None = _template()
    job: Job | None = changed(
        JobById, "job_id", "The job that does it, one part for each instance; null where it was refused."
    )
    errors: list[UserError] = user_errors()


@strawberry.type
class TemplateMutation:
    """Joined into Mutation."""

    create_template: CreateTemplatePayload | None = mutation(
        creating.create_template,
        CreateTemplateInput,
        "Add a template of the university, for who may write templates. Its tree is a draft until it is published.",
        may=may_author,
        weight=50,
    )
    update_template: TemplatePayload | None = mutation(
        drafting.update_template,
        UpdateTemplateInput,
        "Change the draft of a template, for who may write templates. What was made from it does not change by that.",
        may=may_author,
        weight=50,
    )
    publish_template_version: PublishTemplateVersionPayload | None = mutation(
        publishing.publish_template_version,
        PublishTemplateVersionInput,
        "Make the draft of a template its next version. CLOSED where nothing has changed since the newest.",
        may=may_author,
        weight=50,
    )
    archive_template: TemplatePayload | None = mutation(
        publishing.archive_template,
        ArchiveTemplateInput,
        "Let nothing be made from a template any more. What was made stays, and can still be brought up to date.",
        may=may_author,
    )
    restore_template: TemplatePayload | None = mutation(
        publishing.restore_template,
        ArchiveTemplateInput,
        "Let modules be made from an archived template again.",
        may=may_author,
    )
    instantiate_template: InstantiateTemplatePayload | None = mutation(
        instantiating.instantiate_template,
        InstantiateTemplateInput,
        "Make a module with all below it from a template, for who may edit the course. It is unpublished, and follows"
        " the template: see `Module.templateDrift`.",
        may=may_edit_some_course,
        weight=100,
    )
    sync_from_template: SyncFromTemplatePayload | None = mutation(
        syncing.sync_from_template,
        SyncFromTemplateInput,
        "Bring what was made from a template up to a version of it, for who may edit the course. What was changed by"
        " hand stays. New modules are as published as the one that they come below. What the template no longer has is"
        " deleted, hidden where there are records or settings of it, and kept where it was changed by hand.",
        may=may_edit_some_course,
        weight=100,
    )
    sync_template_everywhere: SyncTemplateEverywherePayload | None = mutation(
        spreading.sync_template_everywhere,
        SyncTemplateEverywhereInput,
        "Bring everything that was made from a template up to its newest version, behind the answer, in all courses"
        " that the viewer may edit.",
        may=may_edit_some_course,
        weight=100,
    )
