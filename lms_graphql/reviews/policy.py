"""Who may see which reviews, and do what with them."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_

from lms_graphql.catalog.models import CourseOffering
from lms_graphql.catalog.policy import visible_offerings
from lms_graphql.catalog.reach import administers, department_of_offering, reaches_department
from lms_graphql.engine.context import Standing, Viewer
from lms_graphql.reviews.models import CourseReview
from lms_graphql.storage.tenancy import UNIVERSITY, USER


def visible_reviews(viewer: Viewer) -> ColumnElement[bool]:
    """Reviews are public opinions: whoever sees the offering sees all that is written about it, but what is hidden."""
    here = CourseReview.university_id == UNIVERSITY
    if viewer.is_admin:
        return here
    of_visible_offering = (
        exists()
        .where(CourseOffering.id == CourseReview.course_offering_id, visible_offerings(viewer))
        .correlate(CourseReview)
    )
    return and_(here, _told(viewer), of_visible_offering)


def visible_reviews_of_offering(viewer: Viewer) -> ColumnElement[bool]:
    """`visible_reviews` for a statement that has found the offering, and judged it, already."""
    here = CourseReview.university_id == UNIVERSITY
    return here if viewer.is_admin else and_(here, _told(viewer))


def _told(viewer: Viewer) -> ColumnElement[bool]:
    """A hidden one is there for who wrote it and who administers the course: not for who teaches it."""
    told = or_(CourseReview.hidden_at.is_(None), CourseReview.user_id == USER)
    if viewer.standing is not Standing.STAFF:
        return told
    return or_(told, reaches_department(department_of_offering(CourseReview.course_offering_id)))


# ---- what may be done with a review


def department_of_review(viewer: Viewer) -> tuple[ColumnElement[int | None], ...]:
    """The column `department_id` of a review, its course's: what its row needs for hiding, for staff."""
    if viewer.standing is not Standing.STAFF:
        return ()
    return (department_of_offering(CourseReview.course_offering_id).label("department_id"),)


def may_hide(viewer: Viewer, review: Mapping[str, Any]) -> bool:
    """Hide it: who administers the course. Who teaches it does not choose what is said of that."""
    return viewer.is_admin or (viewer.standing is Standing.STAFF and administers(viewer, review["department_id"]))


def may_review(viewer: Viewer) -> bool:
    """Write and delete own reviews at all: members. Of what, the enrollment says."""
    return viewer.is_member


def may_hide_any(viewer: Viewer) -> bool:
    """Hide any review at all: staff. Which, the course says."""
    return viewer.is_staff
