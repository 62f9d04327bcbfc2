"""Enrollments, as clients see them."""

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from lms_graphql.assessment.loaders import AttemptsByEnrollment, SubmissionsByEnrollment
from lms_graphql.catalog.loaders import OfferingById
from lms_graphql.catalog.types import CourseOffering
from lms_graphql.engine.edges import Node, database_id, edge, entity, optional, page
from lms_graphql.engine.filters import FILTER_RULE
from lms_graphql.engine.relay import Connection, OrderDirection
from lms_graphql.enrollment.loaders import EnrollmentById
from lms_graphql.grades.loaders import GradeByEnrollment
from lms_graphql.progress.loaders import ContentProgressByEnrollment, ModuleProgressByEnrollment
from lms_graphql.tenancy.loaders import UserById
from lms_graphql.tenancy.types import User

if TYPE_CHECKING:  # the types below this one; Strawberry finds them by name
    from lms_graphql.assessment.types import QuizAttempt, Submission
    from lms_graphql.grades.types import CourseGrade
    from lms_graphql.progress.types import ContentProgress, ContentProgressFilter, ModuleProgress

_Grade = Annotated["CourseGrade", strawberry.lazy("lms_graphql.grades.types")]
_ModuleProgress = Annotated["ModuleProgress", strawberry.lazy("lms_graphql.progress.types")]
_ContentProgressFilter = Annotated["ContentProgressFilter", strawberry.lazy("lms_graphql.progress.types")]
_ContentProgress = Annotated["ContentProgress", strawberry.lazy("lms_graphql.progress.types")]
_QuizAttempt = Annotated["QuizAttempt", strawberry.lazy("lms_graphql.assessment.types")]
_Submission = Annotated["Submission", strawberry.lazy("lms_graphql.assessment.types")]


@strawberry.enum(description="How an enrollment stands.")
class EnrollmentStatus(Enum):
    """The labels of enrollment_status_enum."""

    ACTIVE = strawberry.enum_value("active", description="Taking part.")
    COMPLETED = strawberry.enum_value("completed", description="Has finished the course.")
    DROPPED = strawberry.enum_value("dropped", description="Has left.")
    PENDING = strawberry.enum_value("pending", description="Waits for approval.")
    WAITLISTED = strawberry.enum_value("waitlisted", description="Waits for a seat.")


@strawberry.input(description=f"Which enrollments are wanted: those that meet every field given. {FILTER_RULE}")
class EnrollmentFilter:
    """See choices.ENROLLMENT_FILTERS."""

    status: list[EnrollmentStatus] | None = optional("Stands so.")
    progress_from: Decimal | None = optional(
        "Has at least this progress, from 0 to 100: the average of the modules that were begun, 0 without any."
    )
    progress_to: Decimal | None = optional("Has at most this progress.")
    score_from: Decimal | None = optional("Has a course grade, which the viewer may see, of at least this score.")
    score_to: Decimal | None = optional("Has a course grade, which the viewer may see, of at most this score.")


@strawberry.input(one_of=True, description="An order of enrollments: exactly one. Equal ones stand by id.")
class EnrollmentOrder:
    """See choices.ENROLLMENT_ORDERS."""

    enrolled_at: OrderDirection | None = optional("By the time they were made.")
    name: OrderDirection | None = optional("By the person's name, whatever its accents and capitals.")
    progress: OrderDirection | None = optional("By progress, as the filter has it.")
    grade: OrderDirection | None = optional("By the course grade's score; those without one are below all others.")


@strawberry.input(one_of=True, description="An order of one person's enrollments: exactly one. Equal ones stand by id.")
class OwnEnrollmentOrder:
    """See choices.OWN_ENROLLMENT_ORDERS."""

    enrolled_at: OrderDirection | None = optional("By the time they were made.")


@entity(EnrollmentById, "That a person takes part in an offering.")
class Enrollment(Node):
    """See models.CourseEnrollment."""

    database_id: strawberry.ID = database_id()
    status: EnrollmentStatus = strawberry.field(description="How it stands.")
    enrolled_at: datetime = strawberry.field(description="When it was made.")
    completed_at: datetime | None = strawberry.field(description="When the course was finished; null until then.")
    user: User | None = edge(UserById, "The person.", key="user_id")
    offering: CourseOffering | None = edge(OfferingById, "The offering.", key="course_offering_id")
    module_progress: list[_ModuleProgress] = edge(
        ModuleProgressByEnrollment, "The progress on the modules that were begun.", size=50
    )
    content_progress: Connection[_ContentProgress] = page(
        ContentProgressByEnrollment,
        "The progress on the items that were begun, by item.",
        filters=_ContentProgressFilter,
    )
    grade: _Grade | None = edge(GradeByEnrollment, "The course grade; null until there is one.")
    quiz_attempts: Connection[_QuizAttempt] = page(
        AttemptsByEnrollment, "The person's attempts at quizzes, by quiz and number."
    )
    submissions: Connection[_Submission] = page(
        SubmissionsByEnrollment, "What the person handed in for labs and assignments, by item and number."
    )
