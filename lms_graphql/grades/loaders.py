"""Course grades."""

from typing import Any

from sqlalchemy import ColumnElement, Select, any_, select
from typing_extensions import override

from lms_graphql.engine.dataloaders import KEYS, One, Page
from lms_graphql.engine.rows import record
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.enrollment.policy import visible_enrollments
from lms_graphql.grades import policy
from lms_graphql.grades.choices import GRADE_FILTERS, GRADE_ORDERS
from lms_graphql.grades.models import CourseGrade
from lms_graphql.storage.statements import columns
from lms_graphql.storage.tenancy import UNIVERSITY

GradeRow = record("CourseGrade")


class GradeById(One[int]):
    """A course grade that the viewer may see."""

    row = GradeRow

    @override
    def query(self) -> Select[Any]:
        return select(CourseGrade.id, *columns(CourseGrade)).where(
            CourseGrade.id == any_(KEYS), policy.visible_grades(self.viewer)
        )


class GradeByEnrollment(One[int]):
    """The course grade that belongs to each enrollment."""

    row = GradeRow

    @override
    def query(self) -> Select[Any]:
        return (
            select(CourseEnrollment.id.label("key"), *columns(CourseGrade))
            .join(
                CourseGrade,
                (CourseGrade.university_id == UNIVERSITY)
                & (CourseGrade.course_offering_id == CourseEnrollment.course_offering_id)
                & (CourseGrade.user_id == CourseEnrollment.user_id),
            )
            .where(
                CourseEnrollment.id == any_(KEYS),
                visible_enrollments(self.viewer),
                policy.visible_grades(self.viewer),
            )
        )


class GradesByOffering(Page[int]):
    """The grades in each offering that the viewer may see, by id."""

    row = GradeRow
    order = (CourseGrade.id,)
    orders = GRADE_ORDERS
    filters = GRADE_FILTERS

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*columns(CourseGrade)).where(
            CourseGrade.course_offering_id == parent, policy.visible_grades(self.viewer)
        )
