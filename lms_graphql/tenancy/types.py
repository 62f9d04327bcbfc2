"""Universities and people, as clients see them."""

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from lms_graphql.assessment.loaders import PoolsByUniversity
from lms_graphql.catalog.loaders import (
    CoursesByDepartment,
    CoursesByUniversity,
    OfferingsByInstructor,
    OfferingsByUniversity,
    TermsByUniversity,
)
from lms_graphql.certificates.loaders import CertificatesByUser
from lms_graphql.content.loaders import DueByUser
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
    plain_list,
    with_arguments,
)
from lms_graphql.engine.errors import Code, RequestError
from lms_graphql.engine.filters import FILTER_RULE
from lms_graphql.engine.relay import Connection, OrderDirection
from lms_graphql.engine.rows import Row
from lms_graphql.enrollment.loaders import EnrollmentsByUser
from lms_graphql.identity.loaders import InvitationsByUniversity
from lms_graphql.privacy.loaders import DisclosuresByUser
from lms_graphql.tenancy.acts import UniversityAct
from lms_graphql.tenancy.loaders import (
    AdministratorsByDepartment,
    CountryById,
    DepartmentById,
    DepartmentsByUniversity,
    MembersByUniversity,
    MembershipsOfViewer,
    RolesByUser,
    UniversityById,
    UserById,
)
from lms_graphql.tenancy.policy import PRIVATE, UNIVERSITY_ACTS

if TYPE_CHECKING:  # the types below this one; Strawberry finds them by name
    from lms_graphql.assessment.types import QuestionPool
    from lms_graphql.catalog.types import (
        Course,
        CourseFilter,
        CourseOffering,
        CourseOrder,
        OfferingFilter,
        OfferingOrder,
        Term,
        TermOrder,
    )
    from lms_graphql.certificates.types import Certificate
    from lms_graphql.content.types import DueItem
    from lms_graphql.enrollment.types import Enrollment, EnrollmentFilter, OwnEnrollmentOrder
    from lms_graphql.identity.types import Invitation
    from lms_graphql.privacy.types import Disclosure

_DueItem = Annotated["DueItem", strawberry.lazy("lms_graphql.content.types")]
_Course = Annotated["Course", strawberry.lazy("lms_graphql.catalog.types")]
_CourseFilter = Annotated["CourseFilter", strawberry.lazy("lms_graphql.catalog.types")]
_CourseOrder = Annotated["CourseOrder", strawberry.lazy("lms_graphql.catalog.types")]
_OfferingFilter = Annotated["OfferingFilter", strawberry.lazy("lms_graphql.catalog.types")]
_OfferingOrder = Annotated["OfferingOrder", strawberry.lazy("lms_graphql.catalog.types")]
_Offering = Annotated["CourseOffering", strawberry.lazy("lms_graphql.catalog.types")]
_Term = Annotated["Term", strawberry.lazy("lms_graphql.catalog.types")]
_TermOrder = Annotated["TermOrder", strawberry.lazy("lms_graphql.catalog.types")]
_EnrollmentFilter = Annotated["EnrollmentFilter", strawberry.lazy("lms_graphql.enrollment.types")]
_OwnEnrollmentOrder = Annotated["OwnEnrollmentOrder", strawberry.lazy("lms_graphql.enrollment.types")]
_Certificate = Annotated["Certificate", strawberry.lazy("lms_graphql.certificates.types")]
_Disclosure = Annotated["Disclosure", strawberry.lazy("lms_graphql.privacy.types")]
_Invitation = Annotated["Invitation", strawberry.lazy("lms_graphql.identity.types")]
_Enrollment = Annotated["Enrollment", strawberry.lazy("lms_graphql.enrollment.types")]
_QuestionPool = Annotated["QuestionPool", strawberry.lazy("lms_graphql.assessment.types")]


@strawberry.enum(description="What somebody may do in a university.")
class UniversityRole(Enum):
    """The labels of university_role_enum that a university gives."""

    STUDENT = strawberry.enum_value("student", description="Takes courses.")
    INSTRUCTOR = strawberry.enum_value("instructor", description="Teaches.")
    TA = strawberry.enum_value("ta", description="Helps an instructor teach.")
    DEPARTMENT_ADMIN = strawberry.enum_value("department_admin", description="Looks after one department.")
    UNIVERSITY_ADMIN = strawberry.enum_value("university_admin", description="Looks after the university.")


@strawberry.enum(description="How a membership of a university stands.")
class MemberStatus(Enum):
    """What university_members.status holds."""

    INVITED = strawberry.enum_value("invited", description="Has been asked to join.")
    ACTIVE = strawberry.enum_value("active", description="Is a member.")
    INACTIVE = strawberry.enum_value("inactive", description="Was a member; can do nothing there any more.")
    ERASED = strawberry.enum_value("erased", description="Was a member, of whom nothing is kept but what must be.")


@entity(CountryById, "A country or region.")
class Country(Node):
    """See models.Country."""

    database_id: strawberry.ID = database_id()
    iso_code: str = strawberry.field(description="ISO 3166-1 alpha-2 code.")
    name: str = strawberry.field(description="The country's name in English.")
    region_name: str | None = strawberry.field(description="The part of the world it lies in.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")


@strawberry.input(one_of=True, description="An order of people: exactly one. Those that are equal in it stand by id.")
class MemberOrder:
    """See choices.MEMBER_ORDERS."""

    name: OrderDirection | None = optional("By name, whatever its accents and capitals.")
    joined_at: OrderDirection | None = optional("By the time they became members.")


@strawberry.input(description=f"Which people are wanted: those that meet every field given. {FILTER_RULE}")
class MemberFilter:
    """See choices.MEMBER_FILTERS."""

    name_begins: str | None = optional("Has a name that begins so, whatever its accents and capitals.")
    text: str | None = optional(
        "Has, for each of these words, a word in the name that begins so; without words it is met by none."
    )


def own_university(row: Row, context: Context) -> int:
    """The row's id if it is the university of the request: the data of another one needs a request of its own."""
    university_id: int = row["id"]
    if university_id != context.university_id():
        raise RequestError(
            Code.UNIVERSITY_REQUIRED,
            f"this request is for another university: send one to /u/{row['short_code']}/graphql",
        )
    return university_id


@entity(UniversityById, "A university; each is a tenant of its own.")
class University(Node):
    """See models.University. What belongs to the tenant is null, with a code, in a request for another university."""

    database_id: strawberry.ID = database_id()
    name: str = strawberry.field(description="The university's name.")
    short_code: str = strawberry.field(description="The code that stands in URLs: /u/<short code>/graphql.")
    time_zone: str = strawberry.field(description="The IANA time zone that its dates are meant in.")
    website_url: str | None = strawberry.field(description="Its web site.")
    is_active: bool = strawberry.field(description="Whether it is open; a closed one is seen by its staff only.")
    created_at: datetime = strawberry.field(description="When it was added.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")
    version: int = strawberry.field(description="Counts the changes; what a mutation takes as `expectedVersion`.")
    country: Country = edge(CountryById, "The country it is in.", key="country_id")
    departments: list["Department"] | None = edge(
        DepartmentsByUniversity, "Its departments, by code.", key=own_university, size=20
    )
    courses: CountedConnection[_Course] | None = page(
        CoursesByUniversity,
        "Its courses, by id.",
        key=own_university,
        filters=_CourseFilter,
        orders=_CourseOrder,
    )
    offerings: CountedConnection[_Offering] | None = page(
        OfferingsByUniversity,
        "The offerings of all its courses, by id.",
        key=own_university,
        filters=_OfferingFilter,
        orders=_OfferingOrder,
    )
    members: CountedConnection["User"] | None = page(
        MembersByUniversity,
        "Its people, by id: who teaches, and the viewer; for staff also who is enrolled in their reach, for "
        "administrators all.",
        key=own_university,
        filters=MemberFilter,
        orders=MemberOrder,
    )
    invitations: CountedConnection[_Invitation] | None = page(
        InvitationsByUniversity,
        "Who is invited and has neither accepted nor been told otherwise, by the id of the person; empty for all but"
        " administrators.",
        key=own_university,
    )
    question_pools: CountedConnection[_QuestionPool] | None = page(
        PoolsByUniversity, "Its question pools, by id; none for everybody but staff.", key=own_university
    )
    terms: Connection[_Term] | None = page(
        TermsByUniversity, "Its terms, the earliest first.", key=own_university, orders=_TermOrder
    )


@entity(DepartmentById, "A department of a university.")
class Department(Node):
    """See models.Department."""

    database_id: strawberry.ID = database_id()
    name: str = strawberry.field(description="The department's name.")
    code: str = strawberry.field(description="Its code, unique in the university.")
    created_at: datetime = strawberry.field(description="When it was added.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")
    version: int = strawberry.field(description="Counts the changes; what a mutation takes as `expectedVersion`.")
    university: University | None = edge(UniversityById, "The university it belongs to.", key="university_id")
    courses: CountedConnection[_Course] = page(
        CoursesByDepartment, "Its courses, by id.", filters=_CourseFilter, orders=_CourseOrder
    )
    administrators: list["User"] = edge(
        AdministratorsByDepartment,
        "Who looks after it, by name; empty for all but them and the administrators of the university.",
        size=2,
    )


@strawberry.type(description="A role that somebody has in the university of the request.")
class RoleAssignment:
    """See models.UserUniversityRole."""

    role: UniversityRole = strawberry.field(description="The role.")
    department: Department | None = edge(
        DepartmentById, "The department it is limited to; null: the whole university.", key="department_id"
    )
    since: datetime = column("created_at", "When it was given.")


def _private(name: str, description: str) -> Any:
    """A column of a member that only the person and staff who reach the person see."""
    place = PRIVATE.index(name)

    def read(row: Row, _context: Context) -> Any:
        return None if row["private_data"] is None else row["private_data"][place]

    return computed(read, description)


@entity(UserById, "A person of the university of the request.")
class User(Node):
    """See models.UniversityMember."""

    database_id: strawberry.ID = database_id()
    display_name: str = strawberry.field(description="The name that this university knows the person by.")
    email: str | None = _private("email", "The address at this university; null for all but staff and the person.")
    student_number: str | None = _private(
        "student_number", "The matriculation number; null where there is none, and for all but staff and the person."
    )
    joined_at: datetime = strawberry.field(description="When the person became a member.")
    roles: list[RoleAssignment] = edge(
        RolesByUser, "The person's roles; empty for all but staff and the person.", key="user_id", size=3
    )
    enrollments: Connection[_Enrollment] = page(
        EnrollmentsByUser,
        "The person's enrollments, by id; empty for all but staff and the person.",
        key="user_id",
        filters=_EnrollmentFilter,
        orders=_OwnEnrollmentOrder,
    )
    certificates: CountedConnection[_Certificate] = page(
        CertificatesByUser, "The person's certificates, by id; empty for all but staff and the person.", key="user_id"
    )
    member_status: MemberStatus | None = _private(
        "status", "How the membership stands; null for all but staff and the person."
    )
    disclosures: Connection[_Disclosure] = page(
        DisclosuresByUser,
        "Who has seen the person's record, the first one first; empty for all but university administrators and the"
        " person.",
        key="user_id",
    )
    updated_at: datetime = strawberry.field(description="When what the university knows of the person last changed.")
    version: int = strawberry.field(description="Counts the changes; what a mutation takes as `expectedVersion`.")
    teaching: Connection[_Offering] = page(
        OfferingsByInstructor,
        "The offerings that the person teaches, or helps to, and that the viewer may see, by id.",
        key="user_id",
        filters=_OfferingFilter,
        orders=_OfferingOrder,
    )


@strawberry.type(description="That the viewer is a member of a university.")
class Membership:
    """One of the viewer's universities: how a client finds where to send its requests."""

    university: University | None = edge(UniversityById, "The university.", key="university_id")
    display_name: str = strawberry.field(description="The name that the university knows the viewer by.")
    roles: list[UniversityRole] = plain_list("The viewer's roles there.", size=3)


def due_between() -> list[Any]:
    """The arguments of lists of what is due."""
    return [
        argument("from", datetime | None, "Only what is due from this time on; null: from the beginning."),
        argument("to", datetime | None, "Only what is due before this time; null: to the end."),
    ]


def _here(viewer: Any, _context: Context) -> int | None:
    return viewer.user_id if viewer.university_id is not None else None


@strawberry.type(name="Viewer", description="Who is asking, and in which university.")
class ViewerObject:
    """The source is `engine.context.Viewer`."""

    user: User | None = edge(UserById, "The viewer as a person of the university of the request.", key=_here)
    university: University | None = edge(
        UniversityById, "The university of the request; null when it names none.", key=lambda v, _: v.university_id
    )
    roles: list[UniversityRole] = computed(
        lambda viewer, _: sorted(viewer.roles), "The viewer's roles in the university of the request.", size=3
    )
    is_platform_admin: bool = strawberry.field(
        description="Whether the viewer looks after the platform, which gives nothing in any university."
    )
    can: bool = with_arguments(
        lambda viewer, _context, act: UNIVERSITY_ACTS[act.value](viewer),
        "Whether the viewer may do this in the university of the request.",
        argument("act", UniversityAct, "What is to be done."),
    )
    memberships: list[Membership] = edge(
        MembershipsOfViewer, "All universities that the viewer is a member of.", key=lambda v, _: v.user_id, size=3
    )
    enrollments: Connection[_Enrollment] = page(
        EnrollmentsByUser,
        "The viewer's enrollments in the university of the request, by id.",
        key=lambda v, _: v.user_id,
        filters=_EnrollmentFilter,
        orders=_OwnEnrollmentOrder,
    )
    upcoming: Connection[_DueItem] = page(
        DueByUser,
        "What is due in all offerings in which the viewer is active, soonest first, by the dates that apply to the"
        " viewer.",
        key=lambda v, _: v.user_id,
        arguments=due_between(),
    )
