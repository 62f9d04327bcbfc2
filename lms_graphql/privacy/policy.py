"""Who may see who has seen whose record, and who may have people erased."""

from sqlalchemy import ColumnElement, Text, and_, cast, exists, or_

from lms_graphql.engine.context import Viewer
from lms_graphql.privacy.models import Disclosure
from lms_graphql.storage.tenancy import NOBODY, UNIVERSITY, USER
from lms_graphql.tenancy.models import UserUniversityRole


def visible_disclosures(viewer: Viewer) -> ColumnElement[bool]:
    """The person sees who has seen hers, a university's administrator sees all, nobody else sees any."""
    here = Disclosure.university_id == UNIVERSITY
    if not viewer.is_member:
        return and_(here, NOBODY)
    administers = exists().where(
        UserUniversityRole.university_id == UNIVERSITY,
        UserUniversityRole.user_id == USER,
        cast(UserUniversityRole.role, Text) == "university_admin",
    )
    return and_(here, or_(Disclosure.user_id == USER, administers))


def may_erase_people(viewer: Viewer) -> bool:
    """The university's administrators may; whom, the service decides."""
    return viewer.is_admin
