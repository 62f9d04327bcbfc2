"""Who may see which modules and templates."""

from sqlalchemy import ColumnElement, and_, exists, or_

from lms_graphql.catalog.policy import published_course
from lms_graphql.catalog.reach import reaches_course, reaches_course_here, seen_or_reached
from lms_graphql.engine.context import Viewer
from lms_graphql.storage.tenancy import ADMINISTERS_PLATFORM, UNIVERSITY
from lms_graphql.syllabus.models import Module, ModuleTemplate, ModuleTemplateVersion


def visible_modules(viewer: Viewer) -> ColumnElement[bool]:
    """What is published with all its ancestors in a published course; for staff also all of courses in their reach."""
    here = Module.university_id == UNIVERSITY
    published = and_(Module.effective_published.is_(True), published_course(Module.course_id))
    return seen_or_reached(viewer, here, published, reaches_course(Module.course_id))


def visible_modules_of_course(viewer: Viewer) -> ColumnElement[bool]:
    """`visible_modules` for a statement that has the course, and judges it by `visible_courses`."""
    here = Module.university_id == UNIVERSITY
    return seen_or_reached(viewer, here, Module.effective_published.is_(True), reaches_course_here())


def visible_templates(viewer: Viewer) -> ColumnElement[bool]:
    """All staff see their university's templates, and those of the platform's library that are published.

    Who administers the platform sees all of its library.
    """
    library = ModuleTemplate.university_id.is_(None)
    if not viewer.is_staff:
        return and_(library, ADMINISTERS_PLATFORM)
    published = exists().where(
        ModuleTemplateVersion.university_id.is_(None), ModuleTemplateVersion.template_id == ModuleTemplate.id
    )
    return or_(ModuleTemplate.university_id == UNIVERSITY, and_(library, or_(ADMINISTERS_PLATFORM, published)))
