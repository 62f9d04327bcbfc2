"""Who may see what is worked out of many people's records: who may see the records. So no cohort is too small."""

from sqlalchemy import ColumnElement

from lms_graphql.catalog.models import Course, CourseOffering
from lms_graphql.catalog.reach import (
    only_reached,
    reaches_course_here,
    reaches_enrollment,
    reaches_offering_here,
    reaches_person,
)
from lms_graphql.engine.context import Viewer
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.progress.models import UserModuleProgress
from lms_graphql.storage.tenancy import UNIVERSITY


def sees_reports(viewer: Viewer) -> bool:
    """All staff; the rows are those of their reach, worked out from the records that they may see."""
    return viewer.is_staff


def visible_courses_of_reports(viewer: Viewer) -> ColumnElement[bool]:
    """The courses that staff reach, published or not."""
    return only_reached(viewer, Course.university_id == UNIVERSITY, reaches_course_here())


def visible_offerings_of_reports(viewer: Viewer) -> ColumnElement[bool]:
    """The offerings that staff reach."""
    return only_reached(viewer, CourseOffering.university_id == UNIVERSITY, reaches_offering_here())


def visible_enrollments_of_reports(viewer: Viewer) -> ColumnElement[bool]:
    """The people that staff reach, where they reach them."""
    return only_reached(viewer, CourseEnrollment.university_id == UNIVERSITY, reaches_enrollment())


def visible_progress_of_reports(viewer: Viewer) -> ColumnElement[bool]:
    """What these people have done."""
    reached = reaches_person(UserModuleProgress.course_offering_id, UserModuleProgress.user_id)
    return only_reached(viewer, UserModuleProgress.university_id == UNIVERSITY, reached)
