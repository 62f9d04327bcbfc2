"""Enrollments, as clients see them."""

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from lms_graphql.catalog.loaders import OfferingById
from lms_graphql.catalog.types import CourseOffering
from lms_graphql.engine.edges import Node, database_id, edge, entity, page
from lms_graphql.engine.relay import Connection
from lms_graphql.enrollment.loaders import EnrollmentById
from lms_graphql.grades.loaders import GradeByEnrollment, ScoresByEnrollment
from lms_graphql.progress.loaders import (
    ContentProgressByEnrollment,
    ModuleProgressByEnrollment,
    ResumePointByEnrollment,
)
from lms_graphql.tenancy.loaders import UserById
from lms_graphql.tenancy.types import User

if TYPE_CHECKING:  # the types below this one; Strawberry finds them by name
    from lms_graphql.content.types import Content
    from lms_graphql.grades.types import CourseGrade, GradeItemScore
    from lms_graphql.progress.types import ContentProgress, ModuleProgress

_Content = Annotated["Content", strawberry.lazy("lms_graphql.content.types")]
_Grade = Annotated["CourseGrade", strawberry.lazy("lms_graphql.grades.types")]
_GradeItemScore = Annotated["GradeItemScore", strawberry.lazy("lms_graphql.grades.types")]
_ModuleProgress = Annotated["ModuleProgress", strawberry.lazy("lms_graphql.progress.types")]
_ContentProgress = Annotated["ContentProgress", strawberry.lazy("lms_graphql.progress.types")]


@strawberry.enum(description="How an enrollment stands.")
class EnrollmentStatus(Enum):
    """The labels of enrollment_status_enum."""

    ACTIVE = strawberry.enum_value("active", description="Taking part.")
    COMPLETED = strawberry.enum_value("completed", description="Has finished the course.")
    DROPPED = strawberry.enum_value("dropped", description="Has left.")
    PENDING = strawberry.enum_value("pending", description="Waits for approval.")
    WAITLISTED = strawberry.enum_value("waitlisted", description="Waits for a seat.")


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
        ContentProgressByEnrollment, "The progress on the items that were begun, by item."
    )
    grade: _Grade | None = edge(GradeByEnrollment, "The course grade; null until there is one.")
    resume_point: _Content | None = edge(
        ResumePointByEnrollment,
        "The item to go on with: what was begun last and is not done, else the first in reading order that is not done;"
        " null when all is done, and for who does not take part.",
    )
    grade_item_scores: list[_GradeItemScore] = edge(
        ScoresByEnrollment, "What the person got for grade items, once it is posted; staff see all.", size=5
    )
