"""The fields of Mutation about the platform's library of templates: what `templates` does, done in no university."""

import strawberry

from lms_graphql.engine.mutations import changed, user_errors
from lms_graphql.engine.usererrors import UserError
from lms_graphql.platform.working import platform_mutation
from lms_graphql.syllabus.loaders import TemplateById
from lms_graphql.syllabus.types import ModuleTemplate
from lms_graphql.templates import creating, drafting, publishing
from lms_graphql.templates.mutations import (
    ArchiveTemplateInput,
    PublishTemplateVersionInput,
    PublishTemplateVersionPayload,
    TemplateModuleInput,
    TemplatePayload,
    UpdateTemplateInput,
)

_FOR_WHOM = "for administrators of the platform"


@strawberry.input(description="A new template of the platform's library.")
class CreateLibraryTemplateInput:
    """The input of `createLibraryTemplate`."""

    module: TemplateModuleInput = strawberry.field(
        description="The topmost module with all below it: at most 500 modules and items, on 16 levels. Payloads name"
        " no assets and no pools, which are a university's."
    )


@strawberry.type(description="What `createLibraryTemplate` gives.")
class CreateLibraryTemplatePayload:
    """The payload of `createLibraryTemplate`."""

    template: ModuleTemplate | None = changed(TemplateById, "template_id", "The template; null where it was refused.")
    errors: list[UserError] = user_errors()


@strawberry.type
class LibraryMutation:
    """Joined into Mutation. An Idempotency-Key says nothing to these."""

    create_library_template: CreateLibraryTemplatePayload | None = platform_mutation(
        creating.create_library_template,
        CreateLibraryTemplateInput,
        f"Add a template that all universities may use, {_FOR_WHOM}. Its tree is a draft until it is published. Sent"
        " again, it adds another.",
        weight=50,
    )
    update_library_template: TemplatePayload | None = platform_mutation(
        drafting.update_template,
        UpdateTemplateInput,
        f"Change the draft of a template of the platform's library, {_FOR_WHOM}. What was made from it does not change"
        " by that.",
        weight=50,
    )
    publish_library_template_version: PublishTemplateVersionPayload | None = platform_mutation(
        publishing.publish_template_version,
        PublishTemplateVersionInput,
        f"Make the draft of a template of the platform's library its next version, {_FOR_WHOM}. CLOSED where nothing"
        " has changed since the newest.",
        weight=50,
    )
    archive_library_template: TemplatePayload | None = platform_mutation(
        publishing.archive_template,
        ArchiveTemplateInput,
        f"Let nothing be made from a template of the platform's library any more, in any university, {_FOR_WHOM}. What"
        " was made stays, and can still be brought up to date.",
    )
    restore_library_template: TemplatePayload | None = platform_mutation(
        publishing.restore_template,
        ArchiveTemplateInput,
        f"Let modules be made from an archived template of the platform's library again, {_FOR_WHOM}.",
    )
