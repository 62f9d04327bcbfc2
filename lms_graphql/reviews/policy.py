"""Who may see which reviews."""

from sqlalchemy import ColumnElement, and_, exists

from lms_graphql.catalog.models import CourseOffering
from lms_graphql.catalog.policy import visible_offerings
from lms_graphql.engine.context import Viewer
from lms_graphql.reviews.models import CourseReview
from lms_graphql.storage.tenancy import UNIVERSITY


def visible_reviews(viewer: Viewer) -> ColumnElement[bool]:
    """Reviews are public opinions: whoever sees the offering sees all that is written about it."""
    here = CourseReview.university_id == UNIVERSITY
    if viewer.is_admin:
        return here
    of_visible_offering = (
        exists()
        .where(CourseOffering.id == CourseReview.course_offering_id, visible_offerings(viewer))
        .correlate(CourseReview)
    )
    return and_(here, of_visible_offering)


def visible_reviews_of_offering(_viewer: Viewer) -> ColumnElement[bool]:
    """`visible_reviews` for a statement that has found the offering, and judged it, already."""
    return CourseReview.university_id == UNIVERSITY
