"""Who may see which content, and how much of it."""

from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, exists, or_

from lms_graphql.catalog.policy import published_course
from lms_graphql.content.models import Asset, ContentItem, ContentItemSetting
from lms_graphql.engine.context import Viewer
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.enrollment.policy import takes_part
from lms_graphql.storage.tenancy import NOBODY, UNIVERSITY, USER
from lms_graphql.syllabus.models import Module

STAFF_ONLY_KEYS = ("container_image", "env")
"""Keys of a payload that never leave the database for anybody but staff."""


def visible_items(viewer: Viewer) -> ColumnElement[bool]:
    """Staff see all; everybody else active items of modules that are published with all their ancestors."""
    here = ContentItem.university_id == UNIVERSITY
    if viewer.is_staff:
        return here
    in_visible_module = exists().where(
        Module.university_id == UNIVERSITY,
        Module.id == ContentItem.module_id,
        Module.effective_published.is_(True),
    )
    return and_(here, ContentItem.is_active.is_(True), in_visible_module, published_course(ContentItem.course_id))


def visible_items_of_module(viewer: Viewer) -> ColumnElement[bool]:
    """`visible_items` for a statement that has found the module, and judged it, already."""
    here = ContentItem.university_id == UNIVERSITY
    return here if viewer.is_staff else and_(here, ContentItem.is_active.is_(True))


def visible_assets(_viewer: Viewer) -> ColumnElement[bool]:
    """All of the request's university: an asset is found only through what refers to it, or by its id."""
    return Asset.university_id == UNIVERSITY


def visible_settings(viewer: Viewer) -> ColumnElement[bool]:
    """Staff see all; who takes part in the offering sees what applies to them; nobody else any."""
    here = ContentItemSetting.university_id == UNIVERSITY
    if viewer.is_staff:
        return here
    if not viewer.is_member:
        return and_(here, NOBODY)
    applies = setting_applies(ContentItemSetting, USER, CourseEnrollment.section_id)
    # A statement may have joined an enrollment of its own, which this one is not.
    return and_(here, takes_part(ContentItemSetting.course_offering_id, applies).correlate(ContentItemSetting))


def setting_applies(
    setting: type[ContentItemSetting], person: ColumnElement[Any], section: SQLColumnExpression[Any]
) -> ColumnElement[bool]:
    """Whether a setting is meant for a person of a section, which is null for who is in none."""
    everybody = and_(setting.section_id.is_(None), setting.user_id.is_(None))
    return or_(everybody, setting.user_id == person, setting.section_id == section)


def visible_overrides(viewer: Viewer) -> ColumnElement[bool]:
    """Staff see what is set for single sections and people; nobody else sees it as such."""
    here = ContentItemSetting.university_id == UNIVERSITY
    return here if viewer.is_staff else and_(here, NOBODY)
