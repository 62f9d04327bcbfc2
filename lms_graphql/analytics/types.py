"""Reports, as clients see them. Percentages are exact decimals from 0 to 100, rounded to two places."""

from decimal import Decimal
from typing import Any

import strawberry

from lms_graphql.analytics.loaders import (
    CourseEnrollmentCounts,
    LessonTemplateProgressByUniversity,
    OfferingProgressById,
    StudentProgressByOffering,
)
from lms_graphql.catalog.loaders import CourseById, OfferingById
from lms_graphql.catalog.types import Course, CourseOffering
from lms_graphql.engine.context import Context
from lms_graphql.engine.edges import argument, edge, optional, page, with_arguments
from lms_graphql.engine.relay import Connection, OrderDirection, number_of
from lms_graphql.enrollment.loaders import EnrollmentById
from lms_graphql.enrollment.types import Enrollment
from lms_graphql.syllabus.loaders import TemplateById
from lms_graphql.syllabus.types import ModuleTemplate
from lms_graphql.tenancy.loaders import UserById
from lms_graphql.tenancy.types import User

_WEIGHT = 20
"""What a report is priced at: it reads the records of all learners, where a page reads at most 101 rows."""


@strawberry.input(one_of=True, description="What a list of courses with their numbers is ordered by.")
class CourseEnrollmentCountOrder:
    """See loaders.CourseEnrollmentCounts."""

    enrolled: OrderDirection | None = optional("How many people take part.")


@strawberry.input(one_of=True, description="What a list of students with their averages is ordered by.")
class StudentProgressOrder:
    """See loaders.StudentProgressByOffering."""

    average_of_started: OrderDirection | None = optional("The average over the lessons that were begun.")
    average_of_all: OrderDirection | None = optional("The average over all lessons.")


@strawberry.input(one_of=True, description="What a list of lessons with their averages is ordered by.")
class LessonTemplateProgressOrder:
    """See loaders.LessonTemplateProgressByUniversity."""

    average_progress: OrderDirection | None = optional("The average progress of all who have begun it.")


@strawberry.type(description="How many people take part in a course.")
class CourseEnrollmentCount:
    """See loaders.CourseEnrollmentCounts."""

    enrolled: int = strawberry.field(
        description="The active and completed enrollments in all its offerings; not who has left, and not who waits."
    )
    course: Course | None = edge(CourseById, "The course.")


@strawberry.type(description="How far somebody is with the lessons of an offering.")
class StudentProgress:
    """See loaders.StudentProgressByOffering."""

    lessons_started: int = strawberry.field(description="The lessons that the person has begun.")
    average_of_started: Decimal | None = strawberry.field(
        description="The average percentage over the lessons that were begun; null before the first."
    )
    average_of_all: Decimal = strawberry.field(
        description="The average percentage over all lessons of the course, 0 for those that were not begun."
    )
    enrollment: Enrollment | None = edge(EnrollmentById, "The enrollment, whatever its status.")
    user: User | None = edge(UserById, "The person.", key="user_id")


@strawberry.type(description="How far the people of an offering are.")
class OfferingProgress:
    """See loaders.OfferingProgressById."""

    lessons: int = strawberry.field(description="The published lessons of the course, over which averages are taken.")
    offering: CourseOffering | None = edge(OfferingById, "The offering.")
    students: Connection[StudentProgress] = page(
        StudentProgressByOffering,
        "Everybody who is or was enrolled, by id of the enrollment.",
        orders=StudentProgressOrder,
        weight=_WEIGHT,
    )


@strawberry.type(description="How far people are with a lesson, in whatever courses it stands.")
class LessonTemplateProgress:
    """See loaders.LessonTemplateProgressByUniversity."""

    slug: str | None = strawberry.field(description="The lesson's short name, where its template has one.")
    begun: int = strawberry.field(description="How often it was begun: once for each person and offering.")
    average_progress: Decimal = strawberry.field(description="The average percentage of all who have begun it.")
    template: ModuleTemplate | None = edge(TemplateById, "The lesson, as a template.")


def _here(_viewer: Any, context: Context) -> int:
    return context.university_id()


async def _offering_progress(_viewer: Any, context: Context, offering: str) -> Any:
    number = number_of(offering, "CourseOffering", context.viewer.university_id)
    return None if number is None else await context.load_alone(OfferingProgressById, number)


@strawberry.type(description="Reports on the university of the request.")
class Analytics:
    """The source is `engine.context.Viewer`."""

    course_enrollment_counts: Connection[CourseEnrollmentCount] = page(
        CourseEnrollmentCounts,
        "The courses that the viewer reaches, with how many of the people there take part, by id.",
        key=_here,
        orders=CourseEnrollmentCountOrder,
        weight=_WEIGHT,
    )
    offering_progress: OfferingProgress | None = with_arguments(
        _offering_progress,
        "How far the people of an offering are; null where there is no such offering.",
        argument("offering", strawberry.ID, "The global id of the offering."),
    )
    lesson_templates: Connection[LessonTemplateProgress] = page(
        LessonTemplateProgressByUniversity,
        "The lessons that somebody has begun, by id of their template: where people get stuck.",
        key=_here,
        orders=LessonTemplateProgressOrder,
        weight=_WEIGHT,
    )
