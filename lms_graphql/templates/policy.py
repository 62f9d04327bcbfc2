"""Who may see which versions, drafts and instances of templates."""

from sqlalchemy import ColumnElement, and_, or_

from lms_graphql.catalog.reach import administers_a_department, only_reached, reaches_course
from lms_graphql.engine.context import Standing, Viewer
from lms_graphql.storage.tenancy import NOBODY, UNIVERSITY
from lms_graphql.syllabus.models import Module, ModuleTemplateVersion
from lms_graphql.syllabus.policy import visible_templates


def visible_versions(viewer: Viewer) -> ColumnElement[bool]:
    """As the templates themselves: all staff see those of their university and the platform's."""
    version = ModuleTemplateVersion
    ours = or_(version.university_id == UNIVERSITY, version.university_id.is_(None))
    return ours if viewer.is_staff else and_(ours, NOBODY)


def visible_drafts(viewer: Viewer) -> ColumnElement[bool]:
    """What is not published yet is seen by who may write templates: see `tenancy.policy.may_author`."""
    seen = visible_templates(viewer)
    return and_(seen, administers_a_department()) if viewer.standing is Standing.STAFF else seen


def visible_instances(viewer: Viewer) -> ColumnElement[bool]:
    """What was made from a template, and in what it differs: staff who reach the course."""
    return only_reached(viewer, Module.university_id == UNIVERSITY, reaches_course(Module.course_id))
