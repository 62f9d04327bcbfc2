"""Who may see whose certificates. What a stranger learns of one is `verify_certificate`'s business, in the database."""

from sqlalchemy import ColumnElement

from lms_graphql.catalog.reach import reaches_person, seen_or_reached
from lms_graphql.certificates.models import Certificate
from lms_graphql.engine.context import Viewer
from lms_graphql.storage.tenancy import UNIVERSITY, USER


def may_manage_certificates(viewer: Viewer) -> bool:
    """Staff may; of which offerings, `catalog.policy.may_run_offering` says of each."""
    return viewer.is_staff


def visible_certificates(viewer: Viewer) -> ColumnElement[bool]:
    """One's own; for staff also those of the people in their reach."""
    here = Certificate.university_id == UNIVERSITY
    reached = reaches_person(Certificate.course_offering_id, Certificate.user_id)
    return seen_or_reached(viewer, here, Certificate.user_id == USER, reached)
