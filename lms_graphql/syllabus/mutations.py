"""The fields of Mutation about modules."""

from typing import Any

import strawberry

from lms_graphql.catalog.loaders import CourseById
from lms_graphql.catalog.policy import may_edit_some_course
from lms_graphql.catalog.types import Course
from lms_graphql.content.loaders import AssetById, ItemById
from lms_graphql.content.types import Asset, QuizContent
from lms_graphql.engine.context import Context, LoaderClass
from lms_graphql.engine.edges import optional, with_arguments
from lms_graphql.engine.mutations import Payload, changed, mutation, told, user_errors
from lms_graphql.engine.rows import Row
from lms_graphql.engine.usererrors import UserError
from lms_graphql.syllabus import copying, creating, deleting, moving, publishing
from lms_graphql.syllabus.loaders import ModuleById
from lms_graphql.syllabus.types import Module, ModuleType

_MODULE = "The global id of the module."
_EXPECTED = "`version` as it was read; then a change meanwhile is refused."
_TITLE = "One line of at most 255 characters."
_DESCRIPTION = "What it is about, in Markdown: at most 20,000 characters; null: nothing."
_PARENT = "The module that it is to stand below."
_COURSE = "The course at whose top it is to stand; instead of `parentId`."
_EDITORS = " For the instructors of the course's offerings, and its administrators."


# ---- inputs


@strawberry.input(description="A new module, at the top of a course or below another module.")
class CreateModuleInput:
    """The input of `createModule`."""

    course_id: strawberry.ID | None = optional(_COURSE)
    parent_id: strawberry.ID | None = optional(_PARENT)
    position: int | None = optional("Its place among its siblings, from 1; not given: the last.")
    module_type: ModuleType = strawberry.field(description="What it is. A COURSE_ROOT stands at the top.")
    title: str = strawberry.field(description=_TITLE)
    description: str | None = optional(_DESCRIPTION)
    is_published: bool | None = optional("Whether it is published at once; not given: no.")


@strawberry.input(description="What is to be said of a module. What is not given stays as it is.")
class UpdateModuleInput:
    """The input of `updateModule`."""

    module_id: strawberry.ID = strawberry.field(description=_MODULE)
    module_type: ModuleType | None = optional("What it is; not null.")
    title: str | None = optional(f"{_TITLE} Not null.")
    description: str | None = optional(_DESCRIPTION)
    expected_version: int | None = optional(_EXPECTED)


@strawberry.input(description="Where a module is to stand, with all that is below it.")
class MoveModuleInput:
    """The input of `moveModule`."""

    module_id: strawberry.ID = strawberry.field(description=_MODULE)
    parent_id: strawberry.ID | None = optional(
        "The module of the same course that it is to stand below; null: at the top; not given: where it is."
    )
    position: int | None = optional("Its place among its siblings, from 1; not given: as it is, or the last elsewhere.")
    expected_version: int | None = optional(_EXPECTED)


@strawberry.input(description="In which order the modules below a module, or at the top of a course, are to stand.")
class ReorderModulesInput:
    """The input of `reorderModules`."""

    course_id: strawberry.ID | None = optional("The course whose top modules these are; instead of `parentId`.")
    parent_id: strawberry.ID | None = optional(
        "The module that they are directly below. Neither of the two: wherever the first of them is."
    )
    module_ids: list[strawberry.ID] = strawberry.field(
        description="All of them, each once, in the new order; CONFLICT tells which are missing."
    )


@strawberry.input(description="What is to be copied, and where to.")
class CopyModuleInput:
    """The input of `copyModule`."""

    module_id: strawberry.ID = strawberry.field(description=_MODULE)
    course_id: strawberry.ID | None = optional("The course at whose top the copy is to stand, the same or another.")
    parent_id: strawberry.ID | None = optional(
        "The module, of the same or another course, that the copy is to stand below. Neither of the two: beside itself."
    )
    position: int | None = optional(
        "The copy's place among its siblings, from 1; not given: right behind the module beside itself, else the last."
    )
    title: str | None = optional(f"The copy's title, if it is to be another: {_TITLE.lower()}")


@strawberry.input(description="Which module it is about.")
class ModuleInput:
    """The input of what is done with a module and all below it."""

    module_id: strawberry.ID = strawberry.field(description=_MODULE)
    expected_version: int | None = optional(_EXPECTED)


@strawberry.input(description="Which module it is about, or with all below it.")
class PublishModuleInput:
    """The input of `publishModule` and `unpublishModule`."""

    module_id: strawberry.ID = strawberry.field(description=_MODULE)
    subtree: bool | None = optional("Whether all modules below it are meant too; not given: this one alone.")
    expected_version: int | None = optional(_EXPECTED)


# ---- payloads


@strawberry.type(description="What a mutation of a module gives.")
class ModulePayload:
    """The payload of what is done with one module."""

    module: Module | None = changed(ModuleById, "module_id", "The module as it is now; null: refused.")
    errors: list[UserError] = user_errors()


@strawberry.type(description="What a mutation of a module and of those below it gives.")
class ModulesPayload:
    """The payload of what is done with a module and all below it."""

    module: Module | None = changed(ModuleById, "module_id", "The module as it is now; null: refused.")
    changed_count: int | None = told("count", "How many modules were changed, this one among them; null: refused.")
    errors: list[UserError] = user_errors()


def _found(loader: LoaderClass, key: str) -> Any:
    """What the viewer sees of the rows whose ids a service returned under this name, in their order."""

    async def resolve(payload: Payload, context: Context) -> list[Row]:
        ids = payload.keys.get(key, ())
        found = await context.loader(loader).values(ids)
        return [found[row_id] for row_id in ids if found[row_id] is not None]

    return resolve


@strawberry.type(description="What `reorderModules` gives.")
class ReorderModulesPayload:
    """The payload of `reorderModules`."""

    modules: list[Module] = with_arguments(
        _found(ModuleById, "module_ids"), "The modules in their new order; empty: refused.", size=10
    )
    course: Course | None = changed(CourseById, "course_id", "Their course as it is now; null: refused.")
    errors: list[UserError] = user_errors()


@strawberry.type(description="What `copyModule` gives.")
class CopyModulePayload:
    """The payload of `copyModule`."""

    module: Module | None = changed(ModuleById, "module_id", "The copy; null: refused.")
    quizzes_without_pool: list[QuizContent] = with_arguments(
        _found(ItemById, "without_pool"),
        "The copied quizzes whose questions belong to the other course: give each a pool before it is published.",
        size=10,
    )
    assets_of_other_courses: list[Asset] = with_arguments(
        _found(AssetById, "assets"),
        "The assets that the copy names and that stay another course's: who writes this one can't change them, and of"
        " those for staff only its staff see nothing.",
        size=10,
    )
    errors: list[UserError] = user_errors()


@strawberry.type(description="What `deleteModule` gives.")
class DeleteModulePayload:
    """The payload of `deleteModule`."""

    deleted_module_id: strawberry.ID | None = told("deleted_id", "The global id that it had; null: refused.")
    deleted_modules: int | None = told("modules", "How many modules were deleted, this one among them; null: refused.")
    deleted_items: int | None = told("items", "How many content items were deleted with them; null: refused.")
    course: Course | None = changed(CourseById, "course_id", "Its course as it is now; null: refused.")
    errors: list[UserError] = user_errors()


@strawberry.type
class SyllabusMutation:
    """Joined into Mutation."""

    create_module: ModulePayload | None = mutation(
        creating.create_module, CreateModuleInput, f"Add a module.{_EDITORS}", may=may_edit_some_course
    )
    update_module: ModulePayload | None = mutation(
        creating.update_module,
        UpdateModuleInput,
        f"Change what is said of a module.{_EDITORS}",
        may=may_edit_some_course,
    )
    move_module: ModulePayload | None = mutation(
        moving.move_module,
        MoveModuleInput,
        f"Move a module with all below it, within its course.{_EDITORS}",
        may=may_edit_some_course,
    )
    reorder_modules: ReorderModulesPayload | None = mutation(
        moving.reorder_modules,
        ReorderModulesInput,
        f"Put sibling modules into another order.{_EDITORS}",
        may=may_edit_some_course,
    )
    copy_module: CopyModulePayload | None = mutation(
        copying.copy_module,
        CopyModuleInput,
        f"Copy a module with all below it, its items and their rubrics, at most {copying.MOST_COPIED} of them. The copy"
        " is not published; archived modules below it are left out; learners' records and what offerings ask stay where"
        " they are. For who may edit both courses.",
        may=may_edit_some_course,
        weight=50,
    )
    archive_module: ModulesPayload | None = mutation(
        publishing.archive_module,
        ModuleInput,
        f"Put a module away with all below it: no student sees them any more, records stay.{_EDITORS}",
        may=may_edit_some_course,
    )
    restore_module: ModulesPayload | None = mutation(
        publishing.restore_module,
        ModuleInput,
        f"Bring an archived module back with what was archived with it; nothing of it is published.{_EDITORS}",
        may=may_edit_some_course,
    )
    delete_module: DeleteModulePayload | None = mutation(
        deleting.delete_module,
        ModuleInput,
        "Delete a module with all below it and in it, for good. Refused, with how many of what, where there are"
        f" learners' records, settings of offerings or threads; archive it then.{_EDITORS}",
        may=may_edit_some_course,
    )
    publish_module: ModulesPayload | None = mutation(
        publishing.publish_module,
        PublishModuleInput,
        "Publish a module, or with all below it that is not archived. Students see it once all above it and the course"
        f" are published too.{_EDITORS}",
        may=may_edit_some_course,
    )
    unpublish_module: ModulesPayload | None = mutation(
        publishing.unpublish_module,
        PublishModuleInput,
        f"Take a module back from students, and thereby what is below it.{_EDITORS}",
        may=may_edit_some_course,
    )
