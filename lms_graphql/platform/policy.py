"""Who may see what is counted over all universities, and change what belongs to none of them."""

from sqlalchemy import ColumnElement, true

from lms_graphql.engine.context import Viewer
from lms_graphql.storage.tenancy import NOBODY


def sees_platform(viewer: Viewer) -> bool:
    """Administrators of the platform, who look after no university's people by that."""
    return viewer.looks_after_platform


def visible_universities_of_platform(viewer: Viewer) -> ColumnElement[bool]:
    """All, open and closed; nothing for others."""
    return true() if sees_platform(viewer) else NOBODY


def may_administer_platform(viewer: Viewer) -> bool:
    """Add universities, open and close them, and change what all of them share."""
    return sees_platform(viewer)
