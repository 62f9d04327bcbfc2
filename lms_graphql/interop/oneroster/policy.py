"""Who may import rosters, and see what came of it."""

from sqlalchemy import ColumnElement, and_, exists
from sqlalchemy.orm import aliased

from lms_graphql.engine.context import Viewer
from lms_graphql.interop.oneroster.models import RosterImport, RosterImportError
from lms_graphql.storage.tenancy import NOBODY, UNIVERSITY


def may_import_rosters(viewer: Viewer) -> bool:
    """The university's administrators: a roster says who its people are and what they may."""
    return viewer.is_admin


def visible_imports(viewer: Viewer) -> ColumnElement[bool]:
    """All of the university, for its administrators."""
    here = RosterImport.university_id == UNIVERSITY
    return here if viewer.is_admin else and_(here, NOBODY)


def visible_errors(viewer: Viewer) -> ColumnElement[bool]:
    """Those of the imports that the viewer sees."""
    here = RosterImportError.university_id == UNIVERSITY
    if not viewer.is_admin:
        return and_(here, NOBODY)
    of = aliased(RosterImport)
    return and_(here, exists().where(of.university_id == UNIVERSITY, of.id == RosterImportError.import_id))
