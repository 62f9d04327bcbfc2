"""Reports: each list works out its numbers for all of its rows in one grouped statement, whatever the page.

A lesson is a published module of that type; progress on other modules is rolled up from lessons and would count twice.
"""

from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Integer,
    Numeric,
    Select,
    and_,
    any_,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
)
from typing_extensions import override

from lms_graphql.analytics import policy
from lms_graphql.catalog.models import Course, CourseOffering
from lms_graphql.engine.dataloaders import KEYS, One, Page
from lms_graphql.engine.rows import record
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.progress.models import UserModuleProgress
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.syllabus.models import Module, ModuleTemplate
from lms_graphql.syllabus.policy import visible_templates

CourseEnrollmentCountRow = record("CourseEnrollmentCount")
OfferingProgressRow = record("OfferingProgress")
StudentProgressRow = record("StudentProgress")
LessonTemplateProgressRow = record("LessonTemplateProgress")

# Labels of enums stand in the text: as parameters they would make the driver ask for their type on every connection.
_LESSON: ColumnElement[str] = literal_column("'lesson'")
_ACTIVE: ColumnElement[str] = literal_column("'active'")
_COMPLETED: ColumnElement[str] = literal_column("'completed'")

# What the part `measured` of each statement has. Columns of a mapping of orders must be the same objects in every
# statement, so they are named here and not taken from it. It is materialized: joined without statistics of new tables,
# PostgreSQL would work it out again for each row (measured: 16 s for 100 people).
_ENROLLED = literal_column("measured.enrolled", Integer)
_AVERAGE = literal_column("measured.average", Numeric)
_SHARE = literal_column("measured.share", Numeric)
_PARENT = literal_column("parents.key", BigInteger)
"""The key that a page is for, as every page's statement calls it; from within a part of the statement."""
_NO_AVERAGE = literal(1000, Numeric)
"""Stands where PostgreSQL puts a null: behind every percentage."""


def _lessons() -> ColumnElement[bool]:
    return and_(Module.university_id == UNIVERSITY, Module.module_type == _LESSON, Module.effective_published.is_(True))


def _takes_part() -> ColumnElement[bool]:
    """Neither who has left nor who still waits."""
    return or_(CourseEnrollment.status == _ACTIVE, CourseEnrollment.status == _COMPLETED)


def _rounded(value: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.round(value, 2, type_=Numeric)


class CourseEnrollmentCounts(Page[int]):
    """All courses of the request's university with how many people take part in their offerings, by id."""

    row = CourseEnrollmentCountRow
    order = (Course.id,)
    orders = {"enrolled": (func.coalesce(_ENROLLED, 0, type_=Integer), Course.id)}

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        measured = (
            select(CourseOffering.course_id, func.count().label("enrolled"))
            .join(
                CourseEnrollment,
                and_(
                    CourseEnrollment.university_id == UNIVERSITY,
                    CourseEnrollment.course_offering_id == CourseOffering.id,
                    _takes_part(),
                ),
            )
            .where(CourseOffering.university_id == UNIVERSITY)
            .group_by(CourseOffering.course_id)
            .cte("measured")
            .prefix_with("MATERIALIZED")
        )
        columns: list[Any] = [Course.university_id, Course.id]
        return (
            select(*columns, func.coalesce(_ENROLLED, 0, type_=Integer).label("enrolled"))
            .outerjoin(measured, measured.c.course_id == Course.id)
            .where(
                Course.university_id == parent,
                Course.university_id == UNIVERSITY,
                policy.visible_aggregates(self.viewer),
            )
        )


class OfferingProgressById(One[int]):
    """An offering with the number of its course's lessons."""

    row = OfferingProgressRow

    @override
    def query(self) -> Select[Any]:
        lessons = select(func.count()).where(_lessons(), Module.course_id == CourseOffering.course_id).scalar_subquery()
        return select(CourseOffering.id, CourseOffering.university_id, lessons.label("lessons")).where(
            CourseOffering.id == any_(KEYS),
            CourseOffering.university_id == UNIVERSITY,
            policy.visible_aggregates(self.viewer),
        )


class StudentProgressByOffering(Page[int]):
    """All enrollments in each offering, whatever their status, with averages over the course's lessons, by id."""

    row = StudentProgressRow
    order = (CourseEnrollment.id,)
    orders = {
        "averageOfStarted": (func.coalesce(_AVERAGE, _NO_AVERAGE, type_=Numeric), CourseEnrollment.id),
        "averageOfAll": (func.coalesce(_SHARE, 0, type_=Numeric), CourseEnrollment.id),
    }

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        measured = _measured_people()
        return (
            select(
                CourseEnrollment.university_id,
                CourseEnrollment.id,
                CourseEnrollment.user_id,
                func.coalesce(literal_column("measured.started", Integer), 0, type_=Integer).label("lessons_started"),
                _AVERAGE.label("average_of_started"),
                func.coalesce(_SHARE, 0, type_=Numeric).label("average_of_all"),
            )
            .outerjoin(measured, measured.c.user_id == CourseEnrollment.user_id)
            .where(
                CourseEnrollment.course_offering_id == parent,
                CourseEnrollment.university_id == UNIVERSITY,
                policy.visible_aggregates(self.viewer),
            )
        )


def _measured_people() -> CTE:
    """For everybody with progress in the offering of the parent: over how many lessons, and both averages."""
    course = (
        select(func.count().label("lessons"))
        .select_from(Module)
        .join(CourseOffering, CourseOffering.course_id == Module.course_id)
        .where(_lessons(), CourseOffering.university_id == UNIVERSITY, CourseOffering.id == _PARENT)
        .cte("course", nesting=True)
        .prefix_with("MATERIALIZED")
    )
    return (
        select(
            UserModuleProgress.user_id,
            func.count().label("started"),
            _rounded(func.avg(UserModuleProgress.progress_percent)).label("average"),
            _rounded(func.sum(UserModuleProgress.progress_percent) / course.c.lessons).label("share"),
        )
        .join(Module, and_(_lessons(), Module.id == UserModuleProgress.module_id))
        .join(course, true())
        .where(UserModuleProgress.university_id == UNIVERSITY, UserModuleProgress.course_offering_id == _PARENT)
        .group_by(UserModuleProgress.user_id, course.c.lessons)
        .cte("measured", nesting=True)
        .prefix_with("MATERIALIZED")
    )


class LessonTemplateProgressByUniversity(Page[int]):
    """The lesson templates that somebody has begun, wherever they stand, with the average of their progress, by id."""

    row = LessonTemplateProgressRow
    order = (ModuleTemplate.id,)
    orders = {"averageProgress": (func.coalesce(_AVERAGE, 0, type_=Numeric), ModuleTemplate.id)}

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        measured = (
            select(
                Module.university_id,
                Module.module_template_id,
                func.count().label("begun"),
                _rounded(func.avg(UserModuleProgress.progress_percent)).label("average"),
            )
            .join(
                UserModuleProgress,
                and_(UserModuleProgress.university_id == UNIVERSITY, UserModuleProgress.module_id == Module.id),
            )
            .where(_lessons(), Module.module_template_id.is_not(None))
            .group_by(Module.university_id, Module.module_template_id)
            .cte("measured")
            .prefix_with("MATERIALIZED")
        )
        return (
            select(
                measured.c.university_id,
                ModuleTemplate.id,
                ModuleTemplate.default_data["slug"].astext.label("slug"),
                literal_column("measured.begun", Integer).label("begun"),
                _AVERAGE.label("average_progress"),
            )
            .join(measured, measured.c.module_template_id == ModuleTemplate.id)
            .where(
                measured.c.university_id == parent,
                visible_templates(self.viewer),
                policy.visible_aggregates(self.viewer),
            )
        )
