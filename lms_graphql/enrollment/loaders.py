"""Enrollments."""

from typing import Any

from sqlalchemy import ColumnElement, Select, any_, select
from typing_extensions import override

from lms_graphql.engine.dataloaders import KEYS, One, Page
from lms_graphql.engine.rows import record
from lms_graphql.enrollment import policy
from lms_graphql.enrollment.choices import ENROLLMENT_FILTERS, ENROLLMENT_ORDERS, OWN_ENROLLMENT_ORDERS
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.storage.statements import columns
from lms_graphql.storage.tenancy import USER

EnrollmentRow = record("Enrollment")


class EnrollmentById(One[int]):
    """An enrollment that the viewer may see."""

    row = EnrollmentRow

    @override
    def query(self) -> Select[Any]:
        return select(CourseEnrollment.id, *columns(CourseEnrollment)).where(
            CourseEnrollment.id == any_(KEYS), policy.visible_enrollments(self.viewer)
        )


class ViewerEnrollmentByOffering(One[int]):
    """The viewer's own enrollment in each offering."""

    row = EnrollmentRow

    @override
    def query(self) -> Select[Any]:
        return select(CourseEnrollment.course_offering_id, *columns(CourseEnrollment)).where(
            CourseEnrollment.course_offering_id == any_(KEYS),
            CourseEnrollment.user_id == USER,
            policy.visible_enrollments(self.viewer),
        )


class EnrollmentsByOffering(Page[int]):
    """The enrollments in each offering that the viewer may see, by id."""

    row = EnrollmentRow
    order = (CourseEnrollment.id,)
    orders = ENROLLMENT_ORDERS
    filters = ENROLLMENT_FILTERS

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*columns(CourseEnrollment)).where(
            CourseEnrollment.course_offering_id == parent, policy.visible_enrollments(self.viewer)
        )


class EnrollmentsByUser(Page[int]):
    """The enrollments of each person in the request's university that the viewer may see, by id."""

    row = EnrollmentRow
    order = (CourseEnrollment.id,)
    orders = OWN_ENROLLMENT_ORDERS
    filters = ENROLLMENT_FILTERS

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*columns(CourseEnrollment)).where(
            CourseEnrollment.user_id == parent, policy.visible_enrollments(self.viewer)
        )
