"""Who may see which versions, drafts and instances of templates."""

from sqlalchemy import ColumnElement, and_, or_

from lms_graphql.catalog.reach import administers_a_department, only_reached, reaches_course
from lms_graphql.engine.context import Standing, Viewer
from lms_graphql.storage.tenancy import ADMINISTERS_PLATFORM, UNIVERSITY
from lms_graphql.syllabus.models import Module, ModuleTemplate, ModuleTemplateVersion


def visible_versions(viewer: Viewer) -> ColumnElement[bool]:
    """As the templates themselves: see `visible_templates`."""
    library = ModuleTemplateVersion.university_id.is_(None)
    if viewer.is_staff:
        return or_(ModuleTemplateVersion.university_id == UNIVERSITY, library)
    return and_(library, ADMINISTERS_PLATFORM)


def visible_drafts(viewer: Viewer) -> ColumnElement[bool]:
    """What is not published yet is seen by who may write it: see `tenancy.policy.may_author`.

    What is to come in the platform's library is seen by who administers the platform alone.
    """
    own = ModuleTemplate.university_id == UNIVERSITY
    library = and_(ModuleTemplate.university_id.is_(None), ADMINISTERS_PLATFORM)
    if viewer.standing is Standing.STAFF:
        return or_(and_(own, administers_a_department()), library)
    return or_(own, library) if viewer.is_admin else library


def visible_instances(viewer: Viewer) -> ColumnElement[bool]:
    """What was made from a template, and in what it differs: staff who reach the course."""
    return only_reached(viewer, Module.university_id == UNIVERSITY, reaches_course(Module.course_id))
