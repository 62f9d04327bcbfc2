"""Who may sign in and out, and who may let services in."""

from sqlalchemy import ColumnElement, and_

from lms_graphql.engine.context import Viewer
from lms_graphql.identity.models import Invitation, ServiceToken
from lms_graphql.storage.tenancy import NOBODY, UNIVERSITY


def may_sign_in(_viewer: Viewer) -> bool:
    """Anybody may try."""
    return True


def is_person(viewer: Viewer) -> bool:
    """People may end their sessions and change their passwords."""
    return viewer.user_id is not None


def may_issue_service_tokens(viewer: Viewer) -> bool:
    """The university's administrators let services in and out."""
    return viewer.is_admin


def visible_invitations(viewer: Viewer) -> ColumnElement[bool]:
    """The university's administrators see who is invited, nobody else does."""
    here = Invitation.university_id == UNIVERSITY
    return here if viewer.is_admin else and_(here, NOBODY)


def visible_service_tokens(viewer: Viewer) -> ColumnElement[bool]:
    """The university's administrators see which services may come in, nobody else does."""
    here = ServiceToken.university_id == UNIVERSITY
    return here if viewer.is_admin else and_(here, NOBODY)
