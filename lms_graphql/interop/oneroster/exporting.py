"""A university as a roster: what importing it elsewhere makes the same people, courses, classes and enrollments of.

What came by a roster is called as it was there; other rows by names of ours (see `keys.own_name`). Erased people are in
none, nor is who only waits for a seat or for approval: a roster says who takes part. Offerings without a term stand in
the frame of a year, since each class needs one.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Text, cast, select

from lms_graphql.catalog.models import Course as CourseModel
from lms_graphql.catalog.models import CourseOffering, CourseOfferingInstructor, OfferingSection, Term
from lms_graphql.engine.context import Context
from lms_graphql.engine.rows import Row, record
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.enrollment.policy import TAKES_PART
from lms_graphql.interop.models import ExternalKey
from lms_graphql.interop.oneroster import keys, kinds
from lms_graphql.interop.oneroster.binding import BULK, FILES, HOMEROOM, SCHEDULED
from lms_graphql.interop.oneroster.mapping import DEPARTMENT, NOBODYS_NAME, SCHOOL_YEAR
from lms_graphql.interop.oneroster.records import (
    AcademicSession,
    Class,
    Course,
    Enrollment,
    Org,
    Role,
    Roster,
    User,
)
from lms_graphql.interop.oneroster.state import HERE_NOW, Here, UniversityRow
from lms_graphql.storage.statements import Statement, columns
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.tenancy.models import Department, UniversityMember, UserUniversityRole

ExportRow = record("RosterExport")
_KEYS = Statement(
    select(ExternalKey.entity, ExternalKey.entity_id, ExternalKey.external_id).where(
        ExternalKey.university_id == UNIVERSITY, ExternalKey.system == keys.SYSTEM
    )
)
_MOST_NAME = 127


def _all(model: Any, *conditions: Any) -> Statement:
    number = model.user_id if model is UniversityMember else model.id
    return Statement(select(*columns(model)).where(model.university_id == UNIVERSITY, *conditions).order_by(number))


_DEPARTMENTS, _TERMS, _COURSES = _all(Department), _all(Term), _all(CourseModel)
_OFFERINGS, _SECTIONS = _all(CourseOffering), _all(OfferingSection)
_MEMBERS = _all(UniversityMember, UniversityMember.status != "erased")
_ROLES = _all(
    UserUniversityRole,
    UserUniversityRole.user_id.in_(
        select(UniversityMember.user_id).where(
            UniversityMember.university_id == UNIVERSITY, UniversityMember.status != "erased"
        )
    ),
)
_INSTRUCTORS = _all(CourseOfferingInstructor)
_ENROLLMENTS = Statement(
    select(
        CourseEnrollment.id,
        CourseEnrollment.user_id,
        CourseEnrollment.course_offering_id,
        CourseEnrollment.section_id,
        cast(CourseEnrollment.status, Text).label("status"),
    )
    .where(CourseEnrollment.university_id == UNIVERSITY, TAKES_PART)
    .order_by(CourseEnrollment.id)
)
_ROLE_NAMES = {
    "student": "student",
    "instructor": "teacher",
    "ta": "aide",
    "department_admin": "siteAdministrator",
    "university_admin": "systemAdministrator",
}
_TEACHING = {"instructor": "teacher", "ta": "proctor"}


async def export_roster(context: Context) -> Roster:
    """All of the request's university as it is in this moment; whose data is read is noted in the context."""
    (found,) = await context.fetch(HERE_NOW, UniversityRow, tenant=True)
    names: dict[str, dict[int, str]] = defaultdict(dict)
    for row in await context.fetch(_KEYS, ExportRow, tenant=True):
        names[row["entity"]][row["entity_id"]] = row["external_id"]
    here = Here(found["name"], found["short_code"], found["time_zone"])
    exporting = _Exporting(here, names, context.university_id())

    async def rows(statement: Statement) -> Sequence[Row]:
        return await context.fetch(statement, ExportRow, tenant=True)

    members = await rows(_MEMBERS)
    context.disclose("private_data", (row["user_id"] for row in members))
    people = {row["user_id"] for row in members}
    offerings = await rows(_OFFERINGS)
    courses = {row["id"]: row for row in await rows(_COURSES)}
    teaching = [row for row in await rows(_INSTRUCTORS) if row["user_id"] in people]
    enrolled = [row for row in await rows(_ENROLLMENTS) if row["user_id"] in people]
    return Roster(
        modes=dict.fromkeys(FILES, BULK),
        orgs=exporting.orgs(await rows(_DEPARTMENTS)),
        academic_sessions=exporting.sessions(await rows(_TERMS), offerings),
        courses=exporting.courses(courses.values()),
        classes=exporting.classes(offerings, await rows(_SECTIONS), courses),
        users=exporting.users(members),
        roles=exporting.roles(await rows(_ROLES)),
        enrollments=exporting.enrollments(teaching, enrolled),
    )


class _Exporting:
    """Makes records of rows; `names` are what rows are called in rosters, by their kind and number."""

    def __init__(self, here: Here, names: Mapping[str, Mapping[int, str]], university_id: int) -> None:
        self._here = here
        self._names = names
        self._university = keys.own_name(here.short_code, "university", university_id)

    def _name(self, entity: str, number: int) -> str:
        return self._names.get(entity, {}).get(number) or keys.own_name(self._here.short_code, entity, number)

    def _org(self, department_id: int | None) -> str:
        return self._university if department_id is None else self._name("department", department_id)

    def orgs(self, departments: Sequence[Row]) -> list[Org]:
        """The university, and its departments below it."""
        whole = Org(sourced_id=self._university, name=self._here.name, type="school", identifier=self._here.short_code)
        return [
            whole,
            *(
                Org(
                    sourced_id=self._name("department", row["id"]),
                    name=row["name"],
                    type=DEPARTMENT,
                    identifier=row["code"],
                    parent=self._university,
                )
                for row in departments
            ),
        ]

    def sessions(self, terms: Sequence[Row], offerings: Sequence[Row]) -> list[AcademicSession]:
        """The years of offerings without a term, and the terms."""
        years = sorted({self._year(row) for row in offerings if row["term_id"] is None})
        return [*(self._frame(year) for year in years), *(self._term(row) for row in terms)]

    def _year(self, offering: Row) -> int:
        return self._day(offering["starts_at"] or offering["created_at"]).year

    def _frame(self, year: int) -> AcademicSession:
        return AcademicSession(
            sourced_id=self._name_of_year(year),
            title=str(year),
            type=SCHOOL_YEAR,
            start=date(year, 1, 1),
            end=date(year + 1, 1, 1),
            school_year=year,
        )

    def _name_of_year(self, year: int) -> str:
        return keys.own_name(self._here.short_code, SCHOOL_YEAR, year)

    def _term(self, row: Row) -> AcademicSession:
        last = row["ends_at"] - timedelta(microseconds=1)
        return AcademicSession(
            sourced_id=self._name("term", row["id"]),
            title=row["name"],
            type="term",
            start=self._day(row["starts_at"]),
            end=self._day(last) + timedelta(days=1),
            school_year=self._day(last).year,
            code=row["code"],
            starts_at=row["starts_at"],
            ends_at=row["ends_at"],
        )

    def _day(self, at: datetime) -> date:
        return at.astimezone(self._here.zone).date()

    def courses(self, rows: Iterable[Row]) -> list[Course]:
        """Each of its department, or else of the university."""
        return [
            Course(
                sourced_id=self._name("course", row["id"]),
                title=row["title"],
                code=row["code"],
                org=self._org(row["department_id"]),
                level=row["level"],
                is_published=row["is_published"],
            )
            for row in rows
        ]

    def classes(self, offerings: Sequence[Row], sections: Sequence[Row], courses: Mapping[int, Row]) -> list[Class]:
        """Offerings as scheduled classes, sections as homerooms of them."""
        made = {row["id"]: self._scheduled(row, courses[row["course_id"]]) for row in offerings}
        return [*made.values(), *(self._homeroom(row, made[row["course_offering_id"]]) for row in sections)]

    def _scheduled(self, row: Row, course: Row) -> Class:
        in_term = row["term_id"] is not None
        return Class(
            sourced_id=self._name("offering", row["id"]),
            title=course["title"],
            course=self._name("course", course["id"]),
            code=course["code"][:32],
            type=SCHEDULED,
            school=self._university,
            terms=(self._name("term", row["term_id"]) if in_term else self._name_of_year(self._year(row)),),
            term_name=row["term_name"],
            starts_at=row["starts_at"],
            ends_at=row["ends_at"],
            visibility=row["visibility"],
            enrollment_mode=row["enrollment_mode"],
            capacity=row["capacity"],
            waitlist_capacity=row["waitlist_capacity"],
        )

    def _homeroom(self, row: Row, of: Class) -> Class:
        return Class(
            sourced_id=self._name("section", row["id"]),
            title=row["name"],
            course=of.course,
            code=row["code"],
            type=HOMEROOM,
            school=of.school,
            terms=of.terms,
            offering=of.sourced_id,
        )

    def users(self, members: Sequence[Row]) -> list[User]:
        """All but those who were erased; who was deactivated is not enabled."""
        return [self._user(row) for row in members]

    def _user(self, row: Row) -> User:
        given, _, family = row["display_name"].rpartition(" ")
        return User(
            sourced_id=self._name("member", row["user_id"]),
            is_enabled=row["status"] != "inactive",
            username=row["email"],
            given_name=(given.strip() or family)[:_MOST_NAME],
            family_name=(family if given.strip() else NOBODYS_NAME)[:_MOST_NAME],
            identifier=row["student_number"],
            email=row["email"],
            primary_org=self._university,
            display_name=row["display_name"],
        )

    def roles(self, rows: Sequence[Row]) -> list[Role]:
        """The first of each person is the primary one."""
        seen: set[int] = set()
        made = []
        for row in rows:
            made.append(
                Role(
                    sourced_id=self._name("role", row["id"]),
                    user=self._name("member", row["user_id"]),
                    type="secondary" if row["user_id"] in seen else "primary",
                    role=_ROLE_NAMES[row["role"]],
                    org=self._org(row["department_id"]),
                )
            )
            seen.add(row["user_id"])
        return made

    def enrollments(self, teaching: Sequence[Row], enrolled: Sequence[Row]) -> list[Enrollment]:
        """Who teaches, then who takes part; in the section where they are in one."""
        return [
            *(self._enrollment(kinds.INSTRUCTORS.kind.entity, row, _TEACHING[row["role"]]) for row in teaching),
            *(self._enrollment("enrollment", row, "student") for row in enrolled),
        ]

    def _enrollment(self, entity: str, row: Row, role: str) -> Enrollment:
        section = row["section_id"]
        return Enrollment(
            sourced_id=self._name(entity, row["id"]),
            class_=self._name("offering", row["course_offering_id"])
            if section is None
            else self._name("section", section),
            school=self._university,
            user=self._name("member", row["user_id"]),
            role=role,
        )
