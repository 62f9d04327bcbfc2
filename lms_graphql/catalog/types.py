"""The catalog, as clients see it."""

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from lms_graphql.assessment.loaders import (
    AttemptsByOffering,
    NeedsGradingByOffering,
    PoolsByCourse,
    SubmissionsByOffering,
)
from lms_graphql.catalog.acts import CourseAct, OfferingAct
from lms_graphql.catalog.loaders import (
    AllPrerequisitesByCourse,
    CourseById,
    CoursesBySubject,
    CoursesBySubtree,
    DependentsByCourse,
    DomainById,
    InstructorById,
    InstructorsByOffering,
    InstructorsBySection,
    OfferingById,
    OfferingsByCourse,
    OfferingsByTerm,
    PrerequisitesByCourse,
    PublishProblemsByCourse,
    SectionById,
    SectionsByOffering,
    SubjectAncestors,
    SubjectById,
    SubjectDescendants,
    SubjectsByCourse,
    SubjectsByDomain,
    SubjectsByParent,
    TermById,
)
from lms_graphql.catalog.policy import COURSE_ACTS, OFFERING_ACTS, may_edit_course, may_see_records
from lms_graphql.catalog.soundness import MOST_PROBLEMS
from lms_graphql.certificates.loaders import CertificatesByOffering
from lms_graphql.content.loaders import DueByOffering, ItemById, OverridesByOffering
from lms_graphql.discussion.loaders import ReportedPostsByOffering, ThreadsByOffering
from lms_graphql.engine.context import Context
from lms_graphql.engine.counts import CountedConnection
from lms_graphql.engine.edges import (
    Node,
    argument,
    column,
    computed,
    database_id,
    edge,
    entity,
    optional,
    page,
    with_arguments,
)
from lms_graphql.engine.errors import bad_input
from lms_graphql.engine.filters import FILTER_RULE
from lms_graphql.engine.relay import Connection, OrderDirection
from lms_graphql.enrollment.loaders import (
    EligibilityByCourse,
    EligibilityByOffering,
    EnrollmentsByOffering,
    EnrollmentsBySection,
    OfferingStates,
    ViewerEnrollmentByOffering,
    ViewerWaitlistPosition,
    waitlist_position,
)
from lms_graphql.grades.loaders import GradeItemsByOffering, GradesByOffering, PolicyByCourse, PolicyByOffering
from lms_graphql.reviews.loaders import (
    ReviewsByCourse,
    ReviewsByOffering,
    ReviewSummaryByCourse,
    ReviewSummaryByOffering,
)
from lms_graphql.syllabus.loaders import ModuleById, SyllabusByCourse
from lms_graphql.syllabus.outline import DEEPEST, flat
from lms_graphql.tenancy.loaders import DepartmentById, UniversityById, UserById
from lms_graphql.tenancy.types import Department, University, User, due_between

if TYPE_CHECKING:  # the types below this one; Strawberry finds them by name
    from lms_graphql.assessment.types import QuestionPool, QuizAttempt, Submission, SubmissionFilter
    from lms_graphql.certificates.types import Certificate
    from lms_graphql.content.types import Content, DueItem, SettingOverride
    from lms_graphql.discussion.types import DiscussionPost, DiscussionThread, ThreadFilter, ThreadOrder
    from lms_graphql.enrollment.types import Eligibility, Enrollment, EnrollmentFilter, EnrollmentOrder
    from lms_graphql.grades.types import CourseGrade, Gradebook, GradeFilter, GradeItem, GradeOrder, GradingPolicy
    from lms_graphql.reviews.types import CourseReview, ReviewFilter, ReviewOrder, ReviewSummary
    from lms_graphql.syllabus.types import Module, Syllabus

_Eligibility = Annotated["Eligibility", strawberry.lazy("lms_graphql.enrollment.types")]
_Enrollment = Annotated["Enrollment", strawberry.lazy("lms_graphql.enrollment.types")]
_Grade = Annotated["CourseGrade", strawberry.lazy("lms_graphql.grades.types")]
_Gradebook = Annotated["Gradebook", strawberry.lazy("lms_graphql.grades.types")]
_GradeItem = Annotated["GradeItem", strawberry.lazy("lms_graphql.grades.types")]
_GradingPolicy = Annotated["GradingPolicy", strawberry.lazy("lms_graphql.grades.types")]
_Content = Annotated["Content", strawberry.lazy("lms_graphql.content.types")]
_DueItem = Annotated["DueItem", strawberry.lazy("lms_graphql.content.types")]
_Override = Annotated["SettingOverride", strawberry.lazy("lms_graphql.content.types")]
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
_Certificate = Annotated["Certificate", strawberry.lazy("lms_graphql.certificates.types")]
_Review = Annotated["CourseReview", strawberry.lazy("lms_graphql.reviews.types")]
_ReviewFilter = Annotated["ReviewFilter", strawberry.lazy("lms_graphql.reviews.types")]
_ReviewOrder = Annotated["ReviewOrder", strawberry.lazy("lms_graphql.reviews.types")]
_Post = Annotated["DiscussionPost", strawberry.lazy("lms_graphql.discussion.types")]
_Thread = Annotated["DiscussionThread", strawberry.lazy("lms_graphql.discussion.types")]
_ThreadFilter = Annotated["ThreadFilter", strawberry.lazy("lms_graphql.discussion.types")]
_ThreadOrder = Annotated["ThreadOrder", strawberry.lazy("lms_graphql.discussion.types")]
_ReviewSummary = Annotated["ReviewSummary", strawberry.lazy("lms_graphql.reviews.types")]

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


@strawberry.enum(description="How people enrol themselves in an offering. Its staff can always enrol them.")
class OfferingEnrollmentMode(Enum):
    """What course_offerings.enrollment_mode holds."""

    OPEN = strawberry.enum_value("open", description="They get a seat, or a place on the waitlist.")
    APPROVAL = strawberry.enum_value("approval", description="They ask, and its staff decide.")
    CLOSED = strawberry.enum_value("closed", description="They can't.")


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
    archived: bool | None = optional("True: it is archived, as no course is of a list that does not ask for this.")


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


@strawberry.enum(description="How a course asks for another.")
class PrerequisiteType(Enum):
    """The labels of prerequisite_type_enum."""

    STRICT = strawberry.enum_value("strict", description="It must have been completed before.")
    RECOMMENDED = strawberry.enum_value("recommended", description="It is better to have completed it before.")
    CO_REQUISITE = strawberry.enum_value(
        "co_requisite", description="It must have been completed before or be taken at the same time."
    )


@strawberry.enum(description="What somebody does in teaching an offering.")
class TeachingRole(Enum):
    """What course_offering_instructors.role holds."""

    INSTRUCTOR = strawberry.enum_value("instructor", description="Teaches.")
    TA = strawberry.enum_value("ta", description="Helps an instructor teach.")


@strawberry.input(
    one_of=True, description="An order of subjects: exactly one. Subjects that are equal in it stand by id."
)
class SubjectOrder:
    """See choices.SUBJECT_ORDERS."""

    code: OrderDirection | None = optional("By code.")
    name: OrderDirection | None = optional("By name.")


@strawberry.input(description=f"Which subjects are wanted: those that meet every field given. {FILTER_RULE}")
class SubjectFilter:
    """See choices.SUBJECT_FILTERS."""

    domain: strawberry.ID | None = optional("Belongs to this domain.")
    parent: strawberry.ID | None = optional("Stands directly below this subject.")
    is_root: bool | None = optional("Whether no subject stands above it.")


@strawberry.input(one_of=True, description="An order of terms: exactly one. Terms that are equal in it stand by id.")
class TermOrder:
    """See choices.TERM_ORDERS."""

    starts_at: OrderDirection | None = optional("By their first day.")
    code: OrderDirection | None = optional("By code.")


@entity(DomainById, "A field of knowledge at the highest level, for example mathematics.")
class Domain(Node):
    """See models.Domain."""

    database_id: strawberry.ID = database_id()
    code: str = strawberry.field(description="Its code, unique on the platform.")
    name: str = strawberry.field(description="Its name.")
    description: str | None = strawberry.field(description="What it covers.")
    subjects: Connection["Subject"] = page(SubjectsByDomain, "Its subjects, by id.")
    created_at: datetime = strawberry.field(description="When it was added.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")
    version: int = strawberry.field(description="Counts the changes; what a mutation takes as `expectedVersion`.")


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
    ancestors: list["Subject"] = edge(SubjectAncestors, "All subjects above it, the root first.", size=4)
    children: list["Subject"] = edge(SubjectsByParent, "The subjects directly below it, by code.", size=10)
    descendants: list["Subject"] = edge(
        SubjectDescendants,
        "All subjects below it, at any depth, in one list: each is followed by those below it; siblings by code.",
        size=30,
    )
    courses: CountedConnection["Course"] = page(
        CoursesBySubject,
        "The courses of the request's university that belong to it, as their main subject or another, by id.",
        filters=CourseFilter,
        orders=CourseOrder,
    )
    all_courses: CountedConnection["Course"] = page(
        CoursesBySubtree,
        "The courses of the request's university that belong to it or to any subject below it, by id.",
        filters=CourseFilter,
        orders=CourseOrder,
    )
    created_at: datetime = strawberry.field(description="When it was added.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")
    version: int = strawberry.field(description="Counts the changes; what a mutation takes as `expectedVersion`.")


@strawberry.type(description="That a course asks for another one directly.")
class CoursePrerequisite:
    """See models.CoursePrerequisite."""

    type: PrerequisiteType = column("prerequisite_type", "How it asks for it.")
    version: int = strawberry.field(description="Counts the changes of its type, for `expectedVersion`.")
    course: Annotated["Course", strawberry.lazy("lms_graphql.catalog.types")] | None = edge(
        CourseById, "The course that is asked for.", key="prerequisite_course_id"
    )


@strawberry.type(description="That a course asks for another one, directly or by way of others.")
class TransitivePrerequisite:
    """See loaders.AllPrerequisitesByCourse."""

    depth: int = strawberry.field(description="How many steps away it is on the shortest way; 1: directly.")
    is_strict: bool = strawberry.field(description="Whether a way leads there on which every step is STRICT.")
    course: Annotated["Course", strawberry.lazy("lms_graphql.catalog.types")] | None = edge(
        CourseById, "The course that is asked for.", key="course_id"
    )


@strawberry.enum(description="What keeps a course from being published.")
class PublishProblemCode(Enum):
    """The values of soundness.ProblemKind."""

    NO_PUBLISHED_MODULE = strawberry.enum_value(
        "no_published_module", description="No module is published with all modules above it."
    )
    NO_ACTIVE_ITEM = strawberry.enum_value("no_active_item", description="No published module has an active item.")
    BROKEN_PAYLOAD = strawberry.enum_value(
        "broken_payload", description="An item's payload can't be read, or has a value that can't be taken."
    )
    MISSING_ASSET = strawberry.enum_value("missing_asset", description="An item names an asset that is not there.")
    POOL_NOT_SET = strawberry.enum_value("pool_not_set", description="A quiz names no question pool.")
    POOL_MISSING = strawberry.enum_value(
        "pool_missing", description="A quiz names a question pool that is not there, or is another course's."
    )
    POOL_EMPTY = strawberry.enum_value("pool_empty", description="A quiz's question pool has no active question.")
    POOL_TOO_SMALL = strawberry.enum_value(
        "pool_too_small", description="A quiz draws more questions than its pool has active ones."
    )


@strawberry.type(description="One thing that keeps a course from being published.")
class PublishProblem:
    """See soundness.Problem."""

    code: PublishProblemCode = strawberry.field(description="What is wrong, for programs.")
    message: str = strawberry.field(description="What is wrong and what would help, for people, in English.")
    module: _Module | None = edge(
        ModuleById, "The module it is about; null: the whole course.", key=lambda problem, _context: problem.module_id
    )
    content_item: _Content | None = edge(
        ItemById, "The item it is about; null: none.", key=lambda problem, _context: problem.content_item_id
    )


def _of_editor(course: Any, context: Context) -> int | None:
    """The course's id, for a viewer who may edit it."""
    return course["id"] if may_edit_course(context.viewer, course) else None


def _of_member(row: Any, context: Context) -> int | None:
    """The row's id, for a viewer who is a person of the university."""
    return row["id"] if context.viewer.is_member else None


async def _prerequisites(
    course: Any,
    context: Context,
    type: Enum | None = None,  # noqa: A002 - the argument's name
) -> list[Any]:
    found = await context.load(PrerequisitesByCourse, course["id"])
    return list(found) if type is None else [row for row in found if row["prerequisite_type"] == type.value]


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
    archived_at: datetime | None = strawberry.field(
        description="Since when it is in no list of courses that does not ask for it; null: it is in the catalog."
    )
    created_at: datetime = strawberry.field(description="When it was added.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")
    version: int = strawberry.field(
        description="Counts the changes of this entry, for `expectedVersion`; those of modules and items it does not."
    )
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
    difficulty: CourseDifficulty | None = strawberry.field(
        description="How much it asks for; null where nobody has said."
    )
    prerequisites: list[CoursePrerequisite] = with_arguments(
        _prerequisites,
        "What it asks for directly, by code; without courses that the viewer may not see.",
        argument("type", PrerequisiteType | None, "Only what is asked for in this way; null: in any."),
        size=3,
    )
    all_prerequisites: list[TransitivePrerequisite] = edge(
        AllPrerequisitesByCourse,
        "What it asks for directly or by way of others, the nearest first, each course once; without courses that the "
        "viewer may not see, and without what only they ask for.",
        size=10,
    )
    dependents: Connection["Course"] = page(DependentsByCourse, "The courses that ask for it directly, by id.")
    eligibility: _Eligibility | None = edge(
        EligibilityByCourse,
        "Whether the viewer has what it asks for; null for who is no member of the university.",
        key=_of_member,
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
    reviews: CountedConnection[_Review] = page(
        ReviewsByCourse,
        "What people think of those of its offerings that the viewer may see, by id.",
        filters=_ReviewFilter,
        orders=_ReviewOrder,
    )
    review_summary: _ReviewSummary | None = edge(
        ReviewSummaryByCourse, "What these reviews come to; null where there is none."
    )
    grading_policy: _GradingPolicy | None = edge(
        PolicyByCourse, "How its grade is worked out where an offering does not say otherwise; null without a policy."
    )
    publish_problems: list[PublishProblem] | None = edge(
        PublishProblemsByCourse,
        f"What keeps it from being published, at most {MOST_PROBLEMS} things, of the highest modules first: empty "
        "where it is fit. It is about what would be shown: active items of published modules. Null for all but its "
        "editors.",
        key=_of_editor,
        pick=lambda found, _course: found,
        size=10,
        weight=20,
    )
    viewer_can: bool = with_arguments(
        lambda course, context, act: COURSE_ACTS[act.value](context.viewer, course),
        "Whether the viewer may do this with it.",
        argument("act", CourseAct, "What is to be done."),
    )


@entity(TermById, "A stretch of a university's year in which offerings run.")
class Term(Node):
    """See models.Term."""

    database_id: strawberry.ID = database_id()
    code: str = strawberry.field(description="Its code, unique in the university, for example 2026-FALL.")
    name: str = strawberry.field(description="Its name, for example Fall 2026.")
    starts_at: datetime = strawberry.field(description="When it begins.")
    ends_at: datetime = strawberry.field(description="When it ends.")
    created_at: datetime = strawberry.field(description="When it was added.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")
    version: int = strawberry.field(description="Counts the changes; what a mutation takes as `expectedVersion`.")
    offerings: CountedConnection["CourseOffering"] = page(
        OfferingsByTerm, "The offerings that run in it, by id.", filters=OfferingFilter, orders=OfferingOrder
    )


@entity(SectionById, "A group of an offering's people who meet together, for example on Tuesdays.")
class OfferingSection(Node):
    """See models.OfferingSection."""

    database_id: strawberry.ID = database_id()
    code: str = strawberry.field(description="Its code, unique in the offering.")
    name: str = strawberry.field(description="Its name.")
    created_at: datetime = strawberry.field(description="When it was added.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")
    version: int = strawberry.field(description="Counts its changes, for `expectedVersion`.")
    offering: Annotated["CourseOffering", strawberry.lazy("lms_graphql.catalog.types")] | None = edge(
        OfferingById, "The offering.", key="course_offering_id"
    )
    instructors: list["OfferingInstructor"] = edge(
        InstructorsBySection, "Who teaches this section, and not the whole offering; instructors first.", size=2
    )
    enrollments: Connection[_Enrollment] = page(
        EnrollmentsBySection,
        "The enrollments in it that the viewer may see, by id: staff those in their reach, a student the own one.",
    )


@entity(InstructorById, "Somebody who teaches an offering, or one section of it.")
class OfferingInstructor(Node):
    """See models.CourseOfferingInstructor."""

    database_id: strawberry.ID = database_id()
    role: TeachingRole = strawberry.field(description="What the person does.")
    display_name: str = strawberry.field(
        description="The name that the university knows the person by, for whoever sees the offering."
    )
    user: User | None = edge(UserById, "The person; null for who is no member of the university.", key="user_id")
    section: OfferingSection | None = edge(
        SectionById, "The section that is taught; null: the whole offering.", key="section_id"
    )
    offering: Annotated["CourseOffering", strawberry.lazy("lms_graphql.catalog.types")] | None = edge(
        OfferingById, "The offering.", key="course_offering_id"
    )


def _seats_left(offering: Any, _context: Context) -> int | None:
    capacity = offering["capacity"]
    return None if capacity is None else max(0, capacity - offering["seats_taken"])


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
    version: int = strawberry.field(
        description="Counts the changes of what its staff set, for `expectedVersion`; that people enrol it does not."
    )
    course: Course | None = edge(CourseById, "The course; null when the viewer may not see it.", key="course_id")
    university: University | None = edge(UniversityById, "The university that offers it.", key="university_id")
    viewer_enrollment: _Enrollment | None = edge(
        ViewerEnrollmentByOffering, "The viewer's own enrollment; null without one."
    )
    enrollments: CountedConnection[_Enrollment] = page(
        EnrollmentsByOffering,
        "The enrollments that the viewer may see, by id: staff those in their reach, a student the own one.",
        filters=_EnrollmentFilter,
        orders=_EnrollmentOrder,
    )
    grades: Connection[_Grade] = page(
        GradesByOffering,
        "The grades that the viewer may see, by id: staff those in their reach, a student the own one.",
        filters=_GradeFilter,
        orders=_GradeOrder,
    )
    quiz_attempts: CountedConnection[_QuizAttempt] = page(
        AttemptsByOffering,
        "The attempts that the viewer may see, by person, quiz and number: staff those in their reach, a student the "
        "own.",
    )
    submissions: CountedConnection[_Submission] = page(
        SubmissionsByOffering,
        "The submissions that the viewer may see, by id: staff those in their reach, a student the own.",
        filters=_SubmissionFilter,
    )
    needs_grading: CountedConnection[_Submission] = page(
        NeedsGradingByOffering,
        "The submissions that nobody has graded, the oldest first; none for everybody but staff.",
        filters=_SubmissionFilter,
    )
    reviews: CountedConnection[_Review] = page(
        ReviewsByOffering, "What people think of it, by id.", filters=_ReviewFilter, orders=_ReviewOrder
    )
    review_summary: _ReviewSummary | None = edge(
        ReviewSummaryByOffering, "What its reviews come to; null where there is none."
    )
    threads: CountedConnection[_Thread] = page(
        ThreadsByOffering,
        "Its discussion, by id: empty for all but staff and those whose enrollment is active or completed.",
        filters=_ThreadFilter,
        orders=_ThreadOrder,
    )
    reported_posts: CountedConnection[_Post] = page(
        ReportedPostsByOffering,
        "The posts of its discussion with a report that nobody has settled, by id; none for all but who keeps order.",
    )
    certificates: CountedConnection[_Certificate] = page(
        CertificatesByOffering,
        "The certificates that the viewer may see, by id: staff those in their reach, a student the own ones.",
    )
    certificate_valid_days: int | None = strawberry.field(
        description="For how many days those of its certificates hold that are issued now; null: for ever."
    )
    term: Term | None = edge(TermById, "The term it runs in; null where the university keeps none.", key="term_id")
    capacity: int | None = strawberry.field(description="How many may take part; null: any number.")
    waitlist_capacity: int | None = strawberry.field(description="How many may wait for a seat; null: any number.")
    seats_taken: int = strawberry.field(description="How many take part: its active enrollments.")
    enrollment_mode: OfferingEnrollmentMode = strawberry.field(
        description="How people enrol themselves; nobody can where it is private, whatever this says."
    )
    drop_until: datetime | None = strawberry.field(
        description="Until when people may drop it without a record; null: until it ends."
    )
    seats_left: int | None = computed(_seats_left, "How many more may take part; null: any number.")
    is_open_for_enrollment: bool = edge(
        OfferingStates,
        "Whether people may enrol now: by its enrollment dates, its end and the database's clock; seats are not looked "
        "at.",
        pick=lambda state, _offering: state["is_open"],
    )
    sections: list[OfferingSection] = edge(SectionsByOffering, "Its sections, by code.", size=4)
    instructors: list[OfferingInstructor] = edge(
        InstructorsByOffering, "Who teaches it, or a section of it; instructors first.", size=4
    )
    viewer_waitlist_position: int | None = edge(
        ViewerWaitlistPosition,
        "The viewer's place on the waitlist, from 1; null for who is not on it.",
        pick=waitlist_position,
    )
    eligibility: _Eligibility | None = edge(
        EligibilityByOffering,
        "Whether the viewer could enrol now: what the course asks for, the dates and the seats; null for who is no "
        "member of the university.",
        key=_of_member,
    )
    upcoming: Connection[_DueItem] = page(
        DueByOffering,
        "What is due, soonest first, by the dates that apply to the viewer; empty for who does not take part.",
        arguments=due_between(),
    )
    overrides: Connection[_Override] | None = page(
        OverridesByOffering,
        "What it asks of single sections and people instead of all, by id; null for all but staff.",
        key=lambda offering, context: offering["id"] if may_see_records(context.viewer, offering) else None,
        arguments=[argument("item", strawberry.ID | None, "Only what is set for this item.")],
    )
    grading_policy: _GradingPolicy | None = edge(
        PolicyByOffering, "How its grade is worked out, by its own policy or else the course's; null without one."
    )
    grade_items: list[_GradeItem] = edge(
        GradeItemsByOffering, "What is graded in it besides content items, by day.", size=5
    )
    gradebook: _Gradebook | None = computed(
        lambda offering, context: offering if may_see_records(context.viewer, offering) else None,
        "What everybody has got for everything; null for all but its staff, who see their section or all.",
    )
    viewer_can: bool = with_arguments(
        lambda offering, context, act: OFFERING_ACTS[act.value](context.viewer, offering),
        "Whether the viewer may do this with it.",
        argument("act", OfferingAct, "What is to be done."),
    )
