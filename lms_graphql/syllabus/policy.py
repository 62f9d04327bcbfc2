"""Who may see which modules and templates."""

from sqlalchemy import ColumnElement, and_, or_

from lms_graphql.catalog.policy import published_course
from lms_graphql.engine.context import Viewer
from lms_graphql.storage.tenancy import NOBODY, UNIVERSITY
from lms_graphql.syllabus.models import Module, ModuleTemplate


def visible_modules(viewer: Viewer) -> ColumnElement[bool]:
    """Staff see all; everybody else what is published, with all its ancestors, in a published course."""
    here = Module.university_id == UNIVERSITY
    if viewer.is_staff:
        return here
    return and_(here, Module.effective_published.is_(True), published_course(Module.course_id))


def visible_modules_of_course(viewer: Viewer) -> ColumnElement[bool]:
    """`visible_modules` for a statement that has found the course, and judged it, already."""
    here = Module.university_id == UNIVERSITY
    return here if viewer.is_staff else and_(here, Module.effective_published.is_(True))


def visible_templates(viewer: Viewer) -> ColumnElement[bool]:
    """Staff see their university's templates and the platform's; templates are no business of anybody else."""
    ours = or_(ModuleTemplate.university_id == UNIVERSITY, ModuleTemplate.university_id.is_(None))
    return ours if viewer.is_staff else and_(ours, NOBODY)
