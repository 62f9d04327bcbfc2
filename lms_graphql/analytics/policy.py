"""Who may see what is worked out of many people's records."""

from sqlalchemy import ColumnElement, true

from lms_graphql.engine.context import Viewer
from lms_graphql.storage.tenancy import NOBODY


def sees_aggregates(viewer: Viewer) -> bool:
    """Staff of the university. They may see each record too, so no cohort is too small to be shown to them."""
    return viewer.is_staff


def visible_aggregates(viewer: Viewer) -> ColumnElement[bool]:
    """Whether there is any row for the viewer; the statement itself binds the university on all that it reads."""
    return true() if sees_aggregates(viewer) else NOBODY
