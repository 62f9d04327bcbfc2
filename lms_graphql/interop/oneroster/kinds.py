"""The kinds of row that a roster has, but for enrollments, which follow the rules of seats (see `enrolling`)."""

from collections.abc import Sequence
from typing import Any

from typing_extensions import override

from lms_graphql.catalog.models import Course, CourseOffering, CourseOfferingInstructor, OfferingSection, Term
from lms_graphql.engine.rows import Row
from lms_graphql.interop.oneroster.state import State
from lms_graphql.interop.oneroster.tables import Kind, Table, Wanted
from lms_graphql.tenancy.accounts import Person, accounts_of
from lms_graphql.tenancy.models import Department, UniversityMember, UserUniversityRole


async def _accounts(state: State, wanted: Sequence[Wanted]) -> Sequence[int]:
    """The login identities of people whom this university does not know yet."""
    people = [Person(one.columns["email"], one.columns["display_name"]) for one in wanted]
    return await accounts_of(state.work, people)


class _Members(Table):
    """People. Who was erased stays so, who was invited stays so, and nobody shuts themselves out."""

    @override
    def forbidden(self, state: State, one: Wanted, row: Row) -> tuple[str | None, str] | None:
        if row["status"] == "erased":
            return None, "this person was erased here"
        if row["number"] == state.work.viewer.user_id and one.columns["status"] == "inactive":
            return "enabledUser", "this is who imports: another administrator must do that"
        return super().forbidden(state, one, row)

    @override
    def merged(self, name: str, value: Any, was: Any) -> Any:
        if name == "status" and was == "invited" and value == "active":
            return was
        return super().merged(name, value, was)


DEPARTMENTS = Table(
    Kind(
        "department",
        "orgs",
        "Department",
        Department,
        {"code": "code", "name": "name"},
        unique={"code": "identifier"},
    )
)
TERMS = Table(
    Kind(
        "term",
        "academicSessions",
        "Term",
        Term,
        {"code": "code", "name": "name", "starts_at": "startsAt", "ends_at": "endsAt"},
        unique={"code": "sourcedId"},
    )
)
COURSES = Table(
    Kind(
        "course",
        "courses",
        "Course",
        Course,
        {
            "code": "code",
            "title": "title",
            "department_id": "departmentId",
            "level": "level",
            "is_published": "isPublished",
        },
        unique={"code": "courseCode"},
        defaults={"level": "undergraduate", "is_published": True},
        revived={"is_published": True},
    )
)
OFFERINGS = Table(
    Kind(
        "offering",
        "classes",
        "CourseOffering",
        CourseOffering,
        {
            "course_id": "courseId",
            "term_id": "termId",
            "term_name": "termName",
            "starts_at": "startsAt",
            "ends_at": "endsAt",
            "visibility": "visibility",
            "enrollment_mode": "enrollmentMode",
            "capacity": "capacity",
            "waitlist_capacity": "waitlistCapacity",
        },
        fixed={"course_id": "courseSourcedId"},
        defaults={"visibility": "private", "enrollment_mode": "closed"},
    )
)
SECTIONS = Table(
    Kind(
        "section",
        "classes",
        "OfferingSection",
        OfferingSection,
        {"course_offering_id": "offeringId", "code": "code", "name": "name"},
        unique={"course_offering_id": "classCode", "code": "classCode"},
        fixed={"course_offering_id": "metadata.lms.offeringSourcedId"},
    )
)
MEMBERS = _Members(
    Kind(
        "member",
        "users",
        "User",
        UniversityMember,
        {"display_name": "displayName", "email": "email", "student_number": "studentNumber", "status": "status"},
        unique={"email": "email"},
        apart={"student_number": "identifier"},
        folded=frozenset({"email"}),
        number="user_id",
    ),
    _accounts,
)
ROLES = Table(
    Kind(
        "role",
        "roles",
        "RoleAssignment",
        UserUniversityRole,
        {"user_id": "userId", "role": "role", "department_id": "departmentId"},
        unique={"user_id": "role", "role": "role", "department_id": "role"},
        fixed={"user_id": "userSourcedId"},
        optional=frozenset({"department_id"}),
    )
)
INSTRUCTORS = Table(
    Kind(
        "instructor",
        "enrollments",
        "OfferingInstructor",
        CourseOfferingInstructor,
        {"course_offering_id": "offeringId", "user_id": "userId", "section_id": "sectionId", "role": "role"},
        unique={"course_offering_id": "userSourcedId", "user_id": "userSourcedId"},
        fixed={"course_offering_id": "classSourcedId", "user_id": "userSourcedId"},
    )
)
