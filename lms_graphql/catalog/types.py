"""The catalog, as clients see it."""

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from lms_graphql.assessment.loaders import (
    AttemptsByOffering,
    NeedsGradingByOffering,
    PoolsByCourse,
    SubmissionsByOffering,
)
from lms_graphql.catalog.loaders import (
    CourseById,
    DomainById,
    OfferingById,
    OfferingsByCourse,
    SubjectById,
    SubjectsByCourse,
    SubjectsByDomain,
)
from lms_graphql.engine.counts import CountedConnection
from lms_graphql.engine.edges import Node, argument, column, database_id, edge, entity, optional, page
from lms_graphql.engine.errors import bad_input
from lms_graphql.engine.filters import FILTER_RULE
from lms_graphql.engine.relay import Connection, OrderDirection
from lms_graphql.enrollment.loaders import EnrollmentsByOffering, ViewerEnrollmentByOffering
from lms_graphql.grades.loaders import GradesByOffering
from lms_graphql.syllabus.loaders import SyllabusByCourse
from lms_graphql.syllabus.outline import DEEPEST, flat
from lms_graphql.tenancy.loaders import DepartmentById, UniversityById
from lms_graphql.tenancy.types import Department, University

if TYPE_CHECKING:  # the types below this one; Strawberry finds them by name
    from lms_graphql.assessment.types import QuestionPool, QuizAttempt, Submission, SubmissionFilter
    from lms_graphql.enrollment.types import Enrollment, EnrollmentFilter, EnrollmentOrder
    from lms_graphql.grades.types import CourseGrade, GradeFilter, GradeOrder
    from lms_graphql.syllabus.types import Module, Syllabus

_Enrollment = Annotated["Enrollment", strawberry.lazy("lms_graphql.enrollment.types")]
_Grade = Annotated["CourseGrade", strawberry.lazy("lms_graphql.grades.types")]
_EnrollmentFilter = Annotated["EnrollmentFilter", strawberry.lazy("lms_graphql.enrollment.types")]
_EnrollmentOrder = Annotated["EnrollmentOrder", strawberry.lazy("lms_graphql.enrollment.types")]
_GradeFilter = Annotated["GradeFilter", strawberry.lazy("lms_graphql.grades.types")]
_GradeOrder = Annotated["GradeOrder", strawberry.lazy("lms_graphql.grades.types")]
_Module = Annotated["Module", strawberry.lazy("lms_graphql.syllabus.types")]
_QuestionPool = Annotated["QuestionPool", strawberry.lazy("lms_graphql.assessment.types")]
_QuizAttempt = Annotated["QuizAttempt", strawberry.lazy("lms_graphql.assessment.types")]
_Submission = Annotated["Submission", strawberry.lazy("lms_graphql.assessment.types")]
_SubmissionFilter = Annotated["SubmissionFilter", strawberry.lazy("lms_graphql.assessment.types")]
_Syllabus = Annotated["Syllabus", strawberry.lazy("lms_graphql.syllabus.types")]

MODULES_OF_A_COURSE = 100
"""The modules that the tree of a course is assumed to have, on all levels together."""


@strawberry.enum(description="The academic level of a course.")
class CourseLevel(Enum):
    """The labels of course_level_enum."""

    UNDERGRADUATE = strawberry.enum_value("undergraduate", description="For a first degree.")
    GRADUATE = strawberry.enum_value("graduate", description="For a master's degree.")
    POSTGRADUATE = strawberry.enum_value("postgraduate", description="Beyond a master's degree.")
    CERTIFICATE = strawberry.enum_value("certificate", description="For a certificate, not a degree.")
    OTHER = strawberry.enum_value("other", description="None of these.")


@strawberry.enum(description="How much a course asks for, whatever its academic level.")
class CourseDifficulty(Enum):
    """What courses.difficulty holds."""

    BEGINNER = strawberry.enum_value("beginner", description="Asks for nothing.")
    INTERMEDIATE = strawberry.enum_value("intermediate", description="Asks for the basics.")
    ADVANCED = strawberry.enum_value("advanced", description="Asks for a good command of its subject.")


@strawberry.enum(description="Who may find an offering.")
class OfferingVisibility(Enum):
    """What course_offerings.visibility holds."""

    PRIVATE = strawberry.enum_value("private", description="Staff and those who are enrolled.")
    MEMBERS = strawberry.enum_value("members", description="Every member of the university.")
    PUBLIC = strawberry.enum_value("public", description="Everybody.")


@strawberry.input(
    one_of=True, description="An order of courses: exactly one. Courses that are equal in it stand by id."
)
class CourseOrder:
    """See choices.COURSE_ORDERS."""

    code: OrderDirection | None = optional("By code.")
    title: OrderDirection | None = optional("By title, whatever its accents and capitals.")
    created_at: OrderDirection | None = optional("By the time they were added.")
    updated_at: OrderDirection | None = optional("By the time they were last changed.")
    enrollments: OrderDirection | None = optional("By the number of enrollments that the viewer may see.")


@strawberry.input(description=f"Which courses are wanted: those that meet every field given. {FILTER_RULE}")
class CourseFilter:
    """See choices.COURSE_FILTERS."""

    text: str | None = optional(
        "Has these words in its code, title or description, in whatever form they have in its language. As in a search "
        'engine: "in quotes" one after the other, or between two that will do, - before one that must not be there. '
        "A text without words is met by none."
    )
    subject: strawberry.ID | None = optional("Belongs to this subject or to one below it, at any depth.")
    level: list[CourseLevel] | None = optional("Is of one of these levels.")
    difficulty: list[CourseDifficulty] | None = optional("Is of one of these difficulties.")
    language: list[str] | None = optional("Is taught in one of these languages, as ISO 639 codes.")
    department: strawberry.ID | None = optional("Is offered by this department.")
    term: strawberry.ID | None = optional("Has an offering in this term that the viewer may see.")
    open_for_enrollment: bool | None = optional(
        "Whether it has an offering that the viewer may see and that people may enrol in now; seats are not looked at."
    )


@strawberry.input(
    one_of=True, description="An order of offerings: exactly one. Those that are equal in it stand by id."
)
class OfferingOrder:
    """See choices.OFFERING_ORDERS."""

    starts_at: OrderDirection | None = optional("By their first day; self-paced ones have none.")
    created_at: OrderDirection | None = optional("By the time they were added.")
    enrollments: OrderDirection | None = optional("By the number of enrollments that the viewer may see.")


@strawberry.input(description=f"Which offerings are wanted: those that meet every field given. {FILTER_RULE}")
class OfferingFilter:
    """See choices.OFFERING_FILTERS."""

    term: strawberry.ID | None = optional("Runs in this term.")
    open_for_enrollment: bool | None = optional(
        "Whether people may enrol now: by its enrollment dates and its end; seats are not looked at."
    )
    starts_from: datetime | None = optional("Begins at this time or later; self-paced ones don't.")
    starts_before: datetime | None = optional("Begins before this time; self-paced ones don't.")


@entity(DomainById, "A field of knowledge at the highest level, for example mathematics.")
class Domain(Node):
    """See models.Domain."""

    database_id: strawberry.ID = database_id()
    code: str = strawberry.field(description="Its code, unique on the platform.")
    name: str = strawberry.field(description="Its name.")
    description: str | None = strawberry.field(description="What it covers.")
    subjects: Connection["Subject"] = page(SubjectsByDomain, "Its subjects, by id.")


@entity(SubjectById, "An academic subject; subjects form a tree and are shared by all universities.")
class Subject(Node):
    """See models.Subject."""

    database_id: strawberry.ID = database_id()
    code: str = strawberry.field(description="Its code, unique on the platform, for example MECH_THERMO.")
    name: str = strawberry.field(description="Its name.")
    description: str | None = strawberry.field(description="What it covers.")
    depth: int = strawberry.field(description="How many subjects stand above it.")
    domain: Domain | None = edge(DomainById, "The domain it belongs to.", key="domain_id")
    parent: "Subject | None" = edge(SubjectById, "The subject above it.", key="parent_subject_id")


def _max_depth(maxDepth: int | None = None) -> int:  # noqa: N803 - arguments arrive under their GraphQL names
    if maxDepth is not None and not 0 <= maxDepth <= DEEPEST:
        raise bad_input(f"maxDepth must be from 0 to {DEEPEST}")
    return DEEPEST if maxDepth is None else maxDepth


@entity(CourseById, "A course as the catalog defines it; an offering is one run of it.")
class Course(Node):
    """See models.Course."""

    database_id: strawberry.ID = database_id()
    code: str = strawberry.field(description="Its code, unique in the university, for example ME101.")
    title: str = strawberry.field(description="Its title.")
    description: str | None = strawberry.field(description="What it is about.")
    level: CourseLevel = strawberry.field(description="Its academic level.")
    language_code: str = strawberry.field(description="The language it is taught in, as an ISO 639 code.")
    credit_hours: Decimal | None = strawberry.field(description="What it counts for; null where credits are not used.")
    is_published: bool = strawberry.field(description="Whether it is open to others than staff.")
    created_at: datetime = strawberry.field(description="When it was added.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")
    university: University | None = edge(UniversityById, "The university that offers it.", key="university_id")
    department: Department | None = edge(DepartmentById, "The department that offers it.", key="department_id")
    primary_subject: Subject | None = edge(SubjectById, "Its main subject.", key="primary_subject_id")
    subjects: list[Subject] = edge(SubjectsByCourse, "The subjects it is tagged with, the primary one first.", size=3)
    offerings: CountedConnection["CourseOffering"] = page(
        OfferingsByCourse, "Its offerings, by id.", filters=OfferingFilter, orders=OfferingOrder
    )
    modules: list[_Module] = edge(
        SyllabusByCourse,
        "The top of its syllabus tree, in order: the modules without a parent.",
        pick=lambda tree, _course: tree.children.get(None, []),
        size=MODULES_OF_A_COURSE,
        version="content_version",
    )
    question_pools: CountedConnection[_QuestionPool] = page(
        PoolsByCourse, "The question pools of this course alone, by id; none for everybody but staff."
    )
    syllabus: _Syllabus | None = edge(
        SyllabusByCourse,
        "Its syllabus tree as one list, at any depth, from the statement that `modules` has.",
        pick=flat,
        arguments=[
            argument(
                "max_depth", int | None, f"How deep to go, from 0, the top, to {DEEPEST}; null: to the very bottom."
            )
        ],
        option=_max_depth,
        version="content_version",
    )


@entity(OfferingById, "One run of a course.")
class CourseOffering(Node):
    """See models.CourseOffering."""

    database_id: strawberry.ID = database_id()
    term_name: str | None = strawberry.field(description="The term, for example Fall 2026.")
    starts_at: datetime | None = strawberry.field(description="When it begins; null for a self-paced one.")
    ends_at: datetime | None = strawberry.field(description="When it ends; null when it stays open.")
    enrollment_starts_at: datetime | None = column("enrollment_start", "From when people may enrol; null: at any time.")
    enrollment_ends_at: datetime | None = column("enrollment_end", "Until when people may enrol; null: at any time.")
    visibility: OfferingVisibility = strawberry.field(description="Who may find it.")
    created_at: datetime = strawberry.field(description="When it was added.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")
    course: Course | None = edge(CourseById, "The course; null when the viewer may not see it.", key="course_id")
    university: University | None = edge(UniversityById, "The university that offers it.", key="university_id")
    viewer_enrollment: _Enrollment | None = edge(
        ViewerEnrollmentByOffering, "The viewer's own enrollment; null without one."
    )
    enrollments: CountedConnection[_Enrollment] = page(
        EnrollmentsByOffering,
        "The enrollments that the viewer may see, by id: staff all, a student the own one.",
        filters=_EnrollmentFilter,
        orders=_EnrollmentOrder,
    )
    grades: Connection[_Grade] = page(
        GradesByOffering,
        "The grades that the viewer may see, by id: staff all, a student the own one.",
        filters=_GradeFilter,
        orders=_GradeOrder,
    )
    quiz_attempts: CountedConnection[_QuizAttempt] = page(
        AttemptsByOffering,
        "The attempts that the viewer may see, by person, quiz and number: staff all, a student the own.",
    )
    submissions: CountedConnection[_Submission] = page(
        SubmissionsByOffering,
        "The submissions that the viewer may see, by id: staff all, a student the own.",
        filters=_SubmissionFilter,
    )
    needs_grading: CountedConnection[_Submission] = page(
        NeedsGradingByOffering,
        "The submissions that nobody has graded, the oldest first; none for everybody but staff.",
        filters=_SubmissionFilter,
    )
