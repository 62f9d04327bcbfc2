"""Who may see which enrollments."""

from sqlalchemy import ColumnElement, Exists, SQLColumnExpression, Text, and_, cast, exists, or_

from lms_graphql.catalog.reach import reaches_enrollment, reaches_enrollment_of_many, seen_or_reached
from lms_graphql.engine.context import Standing, Viewer
from lms_graphql.enrollment.models import CourseEnrollment, EnrollmentEvent
from lms_graphql.storage.tenancy import UNIVERSITY, USER

TAKES_PART = or_(cast(CourseEnrollment.status, Text) == "active", cast(CourseEnrollment.status, Text) == "completed")
"""That an enrollment lets its person see what is inside an offering: what it asks, what is said in it."""


def takes_part(offering_id: SQLColumnExpression[int], *further: ColumnElement[bool]) -> Exists:
    """That the viewer takes or took part in this offering, by an enrollment that meets what is said further."""
    return exists().where(
        CourseEnrollment.university_id == UNIVERSITY,
        CourseEnrollment.course_offering_id == offering_id,
        CourseEnrollment.user_id == USER,
        TAKES_PART,
        *further,
    )


def visible_enrollments(viewer: Viewer) -> ColumnElement[bool]:
    """One's own; for staff also those in their reach."""
    here = CourseEnrollment.university_id == UNIVERSITY
    return seen_or_reached(viewer, here, CourseEnrollment.user_id == USER, reaches_enrollment())


def visible_enrollments_of_many(viewer: Viewer) -> ColumnElement[bool]:
    """`visible_enrollments` for a statement that counts those of a whole university."""
    here = CourseEnrollment.university_id == UNIVERSITY
    return seen_or_reached(viewer, here, CourseEnrollment.user_id == USER, reaches_enrollment_of_many())


def visible_events(viewer: Viewer) -> ColumnElement[bool]:
    """Those of the enrollments that the viewer sees."""
    here = EnrollmentEvent.university_id == UNIVERSITY
    if viewer.is_admin:
        return here
    seen = exists().where(CourseEnrollment.id == EnrollmentEvent.enrollment_id, visible_enrollments(viewer))
    return and_(here, seen)


# ---- who may change who takes part: from the viewer alone, then from an offering's row


def may_enroll(viewer: Viewer) -> bool:
    """Enrol, drop and withdraw for themselves: members."""
    return viewer.is_member


def may_manage_enrollments(viewer: Viewer) -> bool:
    """Settle who takes part somewhere: whoever runs any offering; which, `may_run_offering` says of its row."""
    instructs = any(taught.role == "instructor" and taught.section_id is None for taught in viewer.reach.teaching)
    return viewer.is_admin or (viewer.standing is Standing.STAFF and (bool(viewer.reach.departments) or instructs))
