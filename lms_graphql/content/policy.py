"""Who may see which content, and how much of it."""

from sqlalchemy import ColumnElement, and_, exists

from lms_graphql.catalog.policy import published_course
from lms_graphql.content.models import Asset, ContentItem
from lms_graphql.engine.context import Viewer
from lms_graphql.storage.tenancy import UNIVERSITY
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
