"""Enrollments, as clients see them."""

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from lms_graphql.assessment.loaders import AttemptsByEnrollment, SubmissionsByEnrollment
from lms_graphql.catalog.loaders import CourseById, OfferingById, SectionById
from lms_graphql.catalog.types import Course, CourseOffering, OfferingSection
from lms_graphql.certificates.loaders import CertificateByEnrollment
from lms_graphql.engine.edges import Node, database_id, edge, entity, optional, page, plain_list
from lms_graphql.engine.filters import FILTER_RULE
from lms_graphql.engine.relay import Connection, OrderDirection
from lms_graphql.enrollment.loaders import (
    EnrollmentById,
    EventById,
    EventsByEnrollment,
    WaitlistPositionByEnrollment,
    waitlist_position,
)
from lms_graphql.grades.breakdown_loaders import BreakdownByEnrollment, ChangesByEnrollment
from lms_graphql.grades.loaders import GradeByEnrollment, ScoresByEnrollment
from lms_graphql.progress.loaders import (
    ContentProgressByEnrollment,
    CourseProgressByEnrollment,
    ModuleProgressByEnrollment,
    ResumePointByEnrollment,
)
from lms_graphql.tenancy.loaders import UserById
from lms_graphql.tenancy.types import User

if TYPE_CHECKING:  # the types below this one; Strawberry finds them by name
    from lms_graphql.assessment.types import QuizAttempt, Submission
    from lms_graphql.certificates.types import Certificate
    from lms_graphql.content.types import Content
    from lms_graphql.grades.types import CourseGrade, GradeBreakdown, GradeChange, GradeItemScore
    from lms_graphql.progress.types import ContentProgress, ContentProgressFilter, CourseProgress, ModuleProgress

_Certificate = Annotated["Certificate", strawberry.lazy("lms_graphql.certificates.types")]
_CourseProgress = Annotated["CourseProgress", strawberry.lazy("lms_graphql.progress.types")]
_Content = Annotated["Content", strawberry.lazy("lms_graphql.content.types")]
_Grade = Annotated["CourseGrade", strawberry.lazy("lms_graphql.grades.types")]
_GradeBreakdown = Annotated["GradeBreakdown", strawberry.lazy("lms_graphql.grades.types")]
_GradeChange = Annotated["GradeChange", strawberry.lazy("lms_graphql.grades.types")]
_GradeItemScore = Annotated["GradeItemScore", strawberry.lazy("lms_graphql.grades.types")]
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


@strawberry.enum(description="What speaks against enrolling.")
class EligibilityReasonKind(Enum):
    """See eligibility.Reason."""

    STRICT_PREREQUISITE = strawberry.enum_value(
        "strict_prerequisite", description="The viewer has not passed a course that must be completed before."
    )
    RECOMMENDED_PREREQUISITE = strawberry.enum_value(
        "recommended_prerequisite",
        description="A warning: the viewer has not passed a course that is better completed before.",
    )
    CO_REQUISITE = strawberry.enum_value(
        "co_requisite",
        description="The viewer neither has passed nor now takes a course that must be taken at the same time.",
    )
    NOT_YET_OPEN = strawberry.enum_value("not_yet_open", description="The enrollment dates begin later.")
    CLOSED = strawberry.enum_value("closed", description="The enrollment dates, or the offering, have ended.")
    FULL = strawberry.enum_value("full", description="All seats are taken, and so is the waitlist.")
    WAITLIST = strawberry.enum_value(
        "waitlist", description="A warning: all seats are taken, but there is room on the waitlist."
    )
    ALREADY_ENROLLED = strawberry.enum_value(
        "already_enrolled", description="The viewer has an enrollment that is not dropped."
    )
    WITHDRAWN = strawberry.enum_value(
        "withdrawn", description="The viewer has withdrawn from it: only its staff can enrol them again."
    )
    BY_STAFF_ONLY = strawberry.enum_value(
        "by_staff_only", description="Nobody can enrol themselves: it is private, or its mode is CLOSED."
    )
    NEEDS_APPROVAL = strawberry.enum_value(
        "needs_approval", description="A warning: who enrols waits until its staff have decided."
    )


@strawberry.enum(description="How far the viewer has come with a course that is asked for.")
class PrerequisiteStanding(Enum):
    """See eligibility.Standing; what is passed is no reason."""

    NOT_TAKEN = strawberry.enum_value("not_taken", description="Neither taken nor being taken.")
    IN_PROGRESS = strawberry.enum_value("in_progress", description="Taken now, and not passed before.")
    FAILED = strawberry.enum_value("failed", description="Completed, but the grade is not a pass.")


@strawberry.type(description="One thing that speaks against enrolling.")
class EligibilityReason:
    """See eligibility.Reason."""

    kind: EligibilityReasonKind = strawberry.field(description="What it is.")
    is_blocking: bool = strawberry.field(description="Whether it keeps the viewer from enrolling; else a warning.")
    standing: PrerequisiteStanding | None = strawberry.field(
        description="How far the viewer has come with the course; null for what is no matter of another course."
    )
    course: Course | None = edge(
        CourseById,
        "The course that is asked for; null for what is no matter of another course.",
        key=lambda reason, _context: reason.course_id,
    )


@strawberry.type(description="Whether the viewer could enrol, and what speaks against it.")
class Eligibility:
    """See eligibility.EligibilityOf."""

    is_eligible: bool = strawberry.field(description="Whether nothing blocks it; warnings may be left.")
    reasons: list[EligibilityReason] = plain_list("What speaks against it.", size=3)


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
    updated_at: datetime = strawberry.field(description="When it was last changed.")
    section: OfferingSection | None = edge(
        SectionById, "The section it belongs to; null where the offering has none.", key="section_id"
    )
    waitlisted_at: datetime | None = strawberry.field(
        description="Since when the person waits, or has waited, for a seat; null for who never did."
    )
    withdrawn_at: datetime | None = strawberry.field(
        description="When the person withdrew, which stays on the record; null for who did not. The status is DROPPED."
    )
    waitlist_position: int | None = edge(
        WaitlistPositionByEnrollment,
        "The place on the waitlist, from 1; null for who does not wait.",
        pick=waitlist_position,
    )
    course_progress: _CourseProgress | None = edge(
        CourseProgressByEnrollment, "How far the person has come with the whole course."
    )
    events: Connection["EnrollmentEvent"] = page(EventsByEnrollment, "Its changes of status, the first one first.")
    resume_point: _Content | None = edge(
        ResumePointByEnrollment,
        "The item to go on with: what was begun last and is not done, else the first in reading order that is not done;"
        " null when all is done, and for who does not take part.",
    )
    grade_item_scores: list[_GradeItemScore] = edge(
        ScoresByEnrollment, "What the person got for grade items, once it is posted; staff see all.", size=5
    )
    quiz_attempts: Connection[_QuizAttempt] = page(
        AttemptsByEnrollment, "The person's attempts at quizzes, by quiz and number."
    )
    submissions: Connection[_Submission] = page(
        SubmissionsByEnrollment, "What the person handed in for labs and assignments, by item and number."
    )
    certificate: _Certificate | None = edge(
        CertificateByEnrollment, "The certificate, unless it was revoked; null until there is one."
    )
    grade_breakdown: _GradeBreakdown | None = edge(
        BreakdownByEnrollment,
        "How the grade comes about; null where no policy says how the offering is graded.",
        weight=20,
    )
    grade_history: Connection[_GradeChange] = page(
        ChangesByEnrollment, "How the final grade has changed, first to last."
    )


@entity(EventById, "That an enrollment went from one status to another. Seen by staff and by the person enrolled.")
class EnrollmentEvent(Node):
    """See models.EnrollmentEvent."""

    database_id: strawberry.ID = database_id()
    old_status: EnrollmentStatus | None = strawberry.field(description="How it stood before; null when it was made.")
    new_status: EnrollmentStatus = strawberry.field(description="How it stood from then on.")
    reason: str | None = strawberry.field(description="Why, where somebody has said.")
    occurred_at: datetime = strawberry.field(description="When it happened.")
    changed_by: User | None = edge(
        UserById, "Who did it; null where nobody did, and where the viewer may not see the person.", key="changed_by"
    )
    enrollment: Enrollment | None = edge(EnrollmentById, "The enrollment.", key="enrollment_id")
