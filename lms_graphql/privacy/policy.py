"""Who may see who has seen whose record, and who may have people erased."""

from sqlalchemy import ColumnElement, and_

from lms_graphql.engine.context import Viewer
from lms_graphql.privacy.models import Disclosure
from lms_graphql.storage.tenancy import NOBODY, UNIVERSITY, USER


def visible_disclosures(viewer: Viewer) -> ColumnElement[bool]:
    """The person sees who has seen hers, a university's administrator sees all, nobody else sees any."""
    here = Disclosure.university_id == UNIVERSITY
    if viewer.is_admin:
        return here
    return and_(here, Disclosure.user_id == USER if viewer.is_member else NOBODY)


def may_erase_people(viewer: Viewer) -> bool:
    """The university's administrators may; whom, the service decides."""
    return viewer.is_admin
