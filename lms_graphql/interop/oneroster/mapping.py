"""What the records of a roster are here: for each kind the rows that are wanted, with what they refer to found.

orgs of type department → departments; any other org is the university itself
academicSessions → terms; those of type schoolYear are only the frame of terms
courses → courses
classes, scheduled → offerings, each of its course; homeroom → sections of such an offering
users → members, known by their e-mail address
roles → roles: student, teacher (instructor), aide (ta), and administrators of the university or of a department
enrollments of teachers, aides and proctors → instructors; those of students: see `enrolling`
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from hashlib import blake2b

from sqlalchemy import ARRAY, BigInteger, any_, bindparam, select

from lms_graphql.catalog.models import OfferingSection
from lms_graphql.engine.rows import record
from lms_graphql.interop.oneroster.binding import HOMEROOM
from lms_graphql.interop.oneroster.checking import address_of, offering_of
from lms_graphql.interop.oneroster.kinds import COURSES, DEPARTMENTS, MEMBERS, OFFERINGS, SECTIONS, TERMS
from lms_graphql.interop.oneroster.records import AcademicSession, Class, Course, Enrollment, Org, Role, User
from lms_graphql.interop.oneroster.state import State
from lms_graphql.interop.oneroster.tables import Wanted
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

DEPARTMENT, SCHOOL_YEAR = "department", "schoolYear"
NOBODYS_NAME = "."
"""Stands where a name has one part only: OneRoster asks for two."""
_MOST_CODE = {"term": 32, "department": 64, "section": 32}
_ROLES = {"student": "student", "teacher": "instructor", "aide": "ta"}
_ADMINISTRATORS = frozenset({"districtAdministrator", "principal", "siteAdministrator", "systemAdministrator"})
_TEACHING = {"teacher": "instructor", "aide": "ta", "proctor": "ta", "ext:aide": "ta"}
_GONE = "there is no such thing here, or its own row was left out"
_SectionRow = record("RosterSection")
_OFFERINGS_OF = Statement(
    select(OfferingSection.id, OfferingSection.course_offering_id).where(
        OfferingSection.university_id == UNIVERSITY,
        OfferingSection.id == any_(bindparam("ids", type_=ARRAY(BigInteger), required=True)),
    )
)


def short(text: str, entity: str) -> str:
    """A text as a code: cut where it is too long, and still told from others."""
    most = _MOST_CODE[entity]
    if len(text) <= most:
        return text
    return f"{text[: most - 9]}-{blake2b(text.encode(), digest_size=4).hexdigest()}"


async def departments(_state: State, orgs: Sequence[Org]) -> list[Wanted]:
    """Their code is their identifier, or else their sourced id."""
    return [
        Wanted(org, {"code": org.identifier or short(org.sourced_id, "department"), "name": org.name})
        for org in orgs
        if org.type == DEPARTMENT
    ]


async def terms(state: State, sessions: Sequence[AcademicSession]) -> list[Wanted]:
    """Dates are days where the university is."""
    return [
        Wanted(
            session,
            {
                "code": session.code or short(session.sourced_id, "term"),
                "name": session.title,
                "starts_at": session.starts_at or _midnight(state, session.start),
                "ends_at": session.ends_at or _midnight(state, session.end),
            },
        )
        for session in sessions
        if session.type != SCHOOL_YEAR
    ]


def _midnight(state: State, day: date) -> datetime:
    return datetime.combine(day, time(), state.here.zone)


async def courses(state: State, records: Sequence[Course]) -> list[Wanted]:
    """A course of an org that is no department has none."""
    found = await DEPARTMENTS.ids(state, (course.org for course in records))
    return [
        Wanted(
            course,
            {
                "code": course.code or course.sourced_id[:128],
                "title": course.title,
                "department_id": found.get(course.org),
                "level": course.level,
                "is_published": course.is_published,
            },
        )
        for course in records
    ]


async def offerings(state: State, classes: Sequence[Class]) -> list[Wanted]:
    """With the term that is named first, from the first day of all of them to the last."""
    scheduled = [class_ for class_ in classes if class_.type != HOMEROOM]
    of_courses = await COURSES.ids(state, (class_.course for class_ in scheduled))
    of_terms = await TERMS.ids(state, (name for class_ in scheduled for name in class_.terms))
    sessions = {session.sourced_id: session for session in state.roster.academic_sessions}
    wanted = []
    for class_ in scheduled:
        if class_.course not in of_courses:
            state.refuse("offering", "classes", class_, "courseSourcedId", _GONE)
            continue
        named = [sessions[name] for name in class_.terms if name in sessions]
        says_dates = class_.visibility is not None  # as our own exports do
        wanted.append(
            Wanted(
                class_,
                {
                    "course_id": of_courses[class_.course],
                    "term_id": next((of_terms[name] for name in class_.terms if name in of_terms), None),
                    "term_name": class_.term_name or (None if says_dates else _term_name(named)),
                    "starts_at": class_.starts_at or (None if says_dates else _first(state, named)),
                    "ends_at": class_.ends_at or (None if says_dates else _last(state, named)),
                    "visibility": class_.visibility,
                    "enrollment_mode": class_.enrollment_mode,
                    "capacity": class_.capacity,
                    "waitlist_capacity": class_.waitlist_capacity,
                },
            )
        )
    return wanted


def _term_name(sessions: Sequence[AcademicSession]) -> str | None:
    return sessions[0].title if sessions else None


def _first(state: State, sessions: Sequence[AcademicSession]) -> datetime | None:
    return min((one.starts_at or _midnight(state, one.start) for one in sessions), default=None)


def _last(state: State, sessions: Sequence[AcademicSession]) -> datetime | None:
    return max((one.ends_at or _midnight(state, one.end) for one in sessions), default=None)


async def sections(state: State, classes: Sequence[Class]) -> list[Wanted]:
    """Each of the offering that its homeroom belongs to."""
    homerooms = [class_ for class_ in classes if class_.type == HOMEROOM]
    named = offering_of(state.roster.classes)
    found = await OFFERINGS.ids(state, (named[class_.sourced_id] or "" for class_ in homerooms))
    wanted = []
    for class_ in homerooms:
        offering = found.get(named[class_.sourced_id] or "")
        if offering is None:
            state.refuse("section", "classes", class_, "metadata.lms.offeringSourcedId", _GONE)
            continue
        code = class_.code or short(class_.sourced_id, "section")
        wanted.append(Wanted(class_, {"course_offering_id": offering, "code": code, "name": class_.title}))
    return wanted


async def members(state: State, users: Sequence[User]) -> list[Wanted]:
    """Who has no e-mail address can't be known here."""
    wanted = []
    for user in users:
        email = address_of(user)
        if email is None:
            state.refuse("member", "users", user, "email", "a person needs an e-mail address")
            continue
        wanted.append(
            Wanted(
                user,
                {
                    "display_name": user.display_name or _name(user),
                    "email": email,
                    "student_number": user.identifier,
                    "status": "active" if user.is_enabled else "inactive",
                },
            )
        )
    return wanted


def _name(user: User) -> str:
    parts = (user.preferred_given_name or user.given_name, user.preferred_family_name or user.family_name)
    return " ".join(part for part in parts if part != NOBODYS_NAME) or NOBODYS_NAME


async def roles(state: State, records: Sequence[Role]) -> list[Wanted]:
    """An administrator's org must be known for what it is: of an unknown one nobody is made administrator."""
    people = await MEMBERS.ids(state, (role.user for role in records))
    of_orgs = await DEPARTMENTS.ids(state, (role.org for role in records))
    universities = {org.sourced_id for org in state.roster.orgs if org.type != DEPARTMENT}
    wanted = []
    for role in records:
        department = of_orgs.get(role.org)
        if role.user not in people:
            state.refuse("role", "roles", role, "userSourcedId", _GONE)
        elif role.role in _ADMINISTRATORS and department is None and role.org not in universities:
            state.refuse("role", "roles", role, "orgSourcedId", "orgs.csv must say what this org is")
        elif role.role not in _ROLES and role.role not in _ADMINISTRATORS:
            state.refuse("role", "roles", role, "role", "there is no such role here; the person stays without it")
        else:
            own = "university_admin" if department is None else "department_admin"
            name = _ROLES.get(role.role, own)
            wanted.append(Wanted(role, {"user_id": people[role.user], "role": name, "department_id": department}))
    return wanted


async def places_of(state: State, names: Iterable[str]) -> dict[str, tuple[int, int | None]]:
    """The offering, and the section if it is one, that each class is, by its sourced id."""
    wanted = list(dict.fromkeys(names))
    found: dict[str, tuple[int, int | None]] = {
        name: (number, None) for name, number in (await OFFERINGS.ids(state, wanted)).items()
    }
    of_sections = await SECTIONS.ids(state, [name for name in wanted if name not in found])
    if of_sections:
        rows = await state.work.rows(_OFFERINGS_OF, _SectionRow, ids=list(of_sections.values()))
        offering = {row["id"]: row["course_offering_id"] for row in rows}
        found |= {name: (offering[number], number) for name, number in of_sections.items() if number in offering}
    return found


async def instructors(state: State, records: Sequence[Enrollment]) -> list[Wanted]:
    """Who teaches, a section alone where the class is one."""
    teaching = [one for one in records if one.role != "student"]
    people = await MEMBERS.ids(state, (one.user for one in teaching))
    places = await places_of(state, (one.class_ for one in teaching))
    wanted = []
    for one in teaching:
        if one.role not in _TEACHING:
            state.refuse("instructor", "enrollments", one, "role", "there is no such role in a class here")
        elif one.user not in people:
            state.refuse("instructor", "enrollments", one, "userSourcedId", _GONE)
        elif one.class_ not in places:
            state.refuse("instructor", "enrollments", one, "classSourcedId", _GONE)
        else:
            offering, section = places[one.class_]
            columns = {"course_offering_id": offering, "user_id": people[one.user], "section_id": section}
            wanted.append(Wanted(one, {**columns, "role": _TEACHING[one.role]}))
    return wanted
