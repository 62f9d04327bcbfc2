"""Reports: each list works out its numbers for all of its rows in one grouped statement, whatever the page.

A lesson is a published module of that type; progress on other modules is rolled up from lessons and would count twice.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Numeric,
    Select,
    TableClause,
    Text,
    and_,
    any_,
    column,
    func,
    literal,
    literal_column,
    or_,
    select,
    table,
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
StudentProgressRow = record("StudentProgress", discloses="progress")
LessonTemplateProgressRow = record("LessonTemplateProgress")

# Labels of enums stand in the text: as parameters they would make the driver ask for their type on every connection.
_LESSON: ColumnElement[str] = literal_column("'lesson'")
_ACTIVE: ColumnElement[str] = literal_column("'active'")
_COMPLETED: ColumnElement[str] = literal_column("'completed'")

_PARENT = literal_column("parents.key", BigInteger)
"""The key that a page is for, as every page's statement calls it; from within a part of the statement."""
_NO_AVERAGE = literal(1000, Numeric)
"""Stands where PostgreSQL puts a null: behind every percentage."""

# What the part `measured` of each statement has. It is materialized, and alone what a page is taken from: joined, and
# without statistics of new tables, PostgreSQL would work it out again for each row (measured: 16 s for 100 people).
_COURSES = table("measured", column("university_id", BigInteger), column("id", BigInteger), column("enrolled", Integer))
_PEOPLE = table(
    "measured",
    column("university_id", BigInteger),
    column("id", BigInteger),
    column("user_id", BigInteger),
    column("lessons_started", Integer),
    column("average_of_started", Numeric),
    column("average_of_all", Numeric),
)
_TEMPLATES = table(
    "measured",
    column("university_id", BigInteger),
    column("id", BigInteger),
    column("slug", Text),
    column("begun", Integer),
    column("average_progress", Numeric),
)


def _page_of(measured: TableClause, statement: Select[Any]) -> Select[Any]:
    """The rows of a part of the statement that is worked out once for each parent."""
    part = statement.cte("measured").prefix_with("MATERIALIZED")
    return select(*measured.c).add_cte(part, nest_here=True)


def _lessons() -> ColumnElement[bool]:
    return and_(Module.university_id == UNIVERSITY, Module.module_type == _LESSON, Module.effective_published.is_(True))


def _takes_part() -> ColumnElement[bool]:
    """Neither who has left nor who still waits."""
    return or_(CourseEnrollment.status == _ACTIVE, CourseEnrollment.status == _COMPLETED)


def _rounded(value: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.round(value, 2, type_=Numeric)


class CourseEnrollmentCounts(Page[int]):
    """The courses that the viewer reaches, with how many of the people there take part in their offerings, by id."""

    row = CourseEnrollmentCountRow
    order = (_COURSES.c.id,)
    orders = {"enrolled": (_COURSES.c.enrolled, _COURSES.c.id)}

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        course: list[Any] = [Course.university_id, Course.id]
        measured = (
            select(*course, func.count(CourseEnrollment.id).label("enrolled"))
            .outerjoin(
                CourseOffering,
                and_(CourseOffering.university_id == UNIVERSITY, CourseOffering.course_id == Course.id),
            )
            .outerjoin(
                CourseEnrollment,
                and_(
                    CourseEnrollment.university_id == UNIVERSITY,
                    CourseEnrollment.course_offering_id == CourseOffering.id,
                    _takes_part(),
                    policy.visible_enrollments_of_reports(self.viewer),
                ),
            )
            .where(policy.visible_courses_of_reports(self.viewer))
            .group_by(*course)
        )
        return _page_of(_COURSES, measured).where(_COURSES.c.university_id == parent)


class OfferingProgressById(One[int]):
    """An offering with the number of its course's lessons."""

    row = OfferingProgressRow

    @override
    def query(self) -> Select[Any]:
        lessons = select(func.count()).where(_lessons(), Module.course_id == CourseOffering.course_id).scalar_subquery()
        return select(CourseOffering.id, CourseOffering.university_id, lessons.label("lessons")).where(
            CourseOffering.id == any_(KEYS), policy.visible_offerings_of_reports(self.viewer)
        )


class StudentProgressByOffering(Page[int]):
    """All enrollments in each offering, whatever their status, with averages over the course's lessons, by id."""

    row = StudentProgressRow
    order = (_PEOPLE.c.id,)
    orders = {
        "averageOfStarted": (
            func.coalesce(_PEOPLE.c.average_of_started, _NO_AVERAGE, type_=Numeric),
            _PEOPLE.c.id,
        ),
        "averageOfAll": (_PEOPLE.c.average_of_all, _PEOPLE.c.id),
    }

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        measured = _measured_people().where(policy.visible_enrollments_of_reports(self.viewer))
        return _page_of(_PEOPLE, measured).where(_PEOPLE.c.university_id == UNIVERSITY)


def _measured_people() -> Select[Any]:
    """For every enrollment in the offering of the parent: how many lessons were begun, and both averages."""
    course = (
        select(func.count().label("lessons"))
        .select_from(Module)
        .join(CourseOffering, CourseOffering.course_id == Module.course_id)
        .where(_lessons(), CourseOffering.university_id == UNIVERSITY, CourseOffering.id == _PARENT)
        .cte("course", nesting=True)
        .prefix_with("MATERIALIZED")
    )
    begun = Module.id.is_not(None)
    percent = UserModuleProgress.progress_percent
    share = func.sum(percent).filter(begun) / course.c.lessons
    return (
        select(
            CourseEnrollment.university_id,
            CourseEnrollment.id,
            CourseEnrollment.user_id,
            func.count(Module.id).label("lessons_started"),
            _rounded(func.avg(percent).filter(begun)).label("average_of_started"),
            func.coalesce(_rounded(share), 0, type_=Numeric).label("average_of_all"),
        )
        .outerjoin(
            UserModuleProgress,
            and_(
                UserModuleProgress.university_id == UNIVERSITY,
                UserModuleProgress.course_offering_id == CourseEnrollment.course_offering_id,
                UserModuleProgress.user_id == CourseEnrollment.user_id,
            ),
        )
        .outerjoin(Module, and_(_lessons(), Module.id == UserModuleProgress.module_id))
        .join(course, true())
        .where(CourseEnrollment.university_id == UNIVERSITY, CourseEnrollment.course_offering_id == _PARENT)
        .group_by(CourseEnrollment.university_id, CourseEnrollment.id, course.c.lessons)
    )


class LessonTemplateProgressByUniversity(Page[int]):
    """The lesson templates that somebody has begun, wherever they stand, with the average of their progress, by id."""

    row = LessonTemplateProgressRow
    order = (_TEMPLATES.c.id,)
    orders = {"averageProgress": (_TEMPLATES.c.average_progress, _TEMPLATES.c.id)}

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        measured = (
            select(
                Module.university_id,
                ModuleTemplate.id,
                ModuleTemplate.default_data["slug"].astext.label("slug"),
                func.count().label("begun"),
                _rounded(func.avg(UserModuleProgress.progress_percent)).label("average_progress"),
            )
            .join(ModuleTemplate, ModuleTemplate.id == Module.module_template_id)
            .join(
                UserModuleProgress,
                and_(UserModuleProgress.university_id == UNIVERSITY, UserModuleProgress.module_id == Module.id),
            )
            .where(_lessons(), visible_templates(self.viewer), policy.visible_progress_of_reports(self.viewer))
            .group_by(Module.university_id, ModuleTemplate.id)
        )
        return _page_of(_TEMPLATES, measured).where(_TEMPLATES.c.university_id == parent)
