"""Who may see whose certificates. What a stranger learns of one is `verify_certificate`'s business, in the database."""

from sqlalchemy import ColumnElement, and_

from lms_graphql.certificates.models import Certificate
from lms_graphql.engine.context import Viewer
from lms_graphql.storage.tenancy import UNIVERSITY, USER


def visible_certificates(viewer: Viewer) -> ColumnElement[bool]:
    """Staff see all of their university, everybody else their own."""
    here = Certificate.university_id == UNIVERSITY
    return here if viewer.is_staff else and_(here, Certificate.user_id == USER)
