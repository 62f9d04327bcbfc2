"""What the services about enrollments are asked about: offerings, enrollments and people, as the viewer sees them.

What the viewer may not see is NOT_FOUND, as what is not there. Nothing here is locked.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Text,
    and_,
    any_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
)

from lms_graphql.catalog.models import CourseOffering, CoursePrerequisite, OfferingSection
from lms_graphql.catalog.policy import may_grade_in_section, may_run_offering, offering_department, visible_offerings
from lms_graphql.engine.context import Standing, Viewer
from lms_graphql.engine.dataloaders import KEYS
from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure
from lms_graphql.engine.work import Work
from lms_graphql.enrollment.eligibility import PEOPLE, Reason, asked_of_people, offering_states, unmet
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.enrollment.policy import visible_enrollments
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.tenancy.models import UniversityMember
from lms_graphql.tenancy.policy import visible_members

OFFERING = ("input", "offeringId")
ENROLLMENT = ("input", "enrollmentId")
SECTION = ("input", "sectionId")
_LONGEST_REASON = 255

FoundRow = record("Found")


def _of_standing(build: Any) -> dict[Standing, Statement]:
    """A statement for each standing that may change anything."""
    standings = (Standing.MEMBER, Standing.STAFF, Standing.ADMIN)
    return {standing: Statement(build(Viewer(standing=standing))) for standing in standings}


# ---- what the input says


def id_of(work: Work, given: Given, name: str, typename: str) -> int | None:
    """The number that an id of the input names; None where it was not given, NOT_FOUND where it names nothing."""
    text = given.get(name)
    if text is None:
        return None
    number = number_of(text, typename, work.viewer.university_id)
    if number is None:
        raise missing(name, typename)
    return number


def missing(name: str, typename: str) -> Refused:
    """That what an id of the input names is not there, or not for the viewer."""
    return Refused(UserErrorCode.NOT_FOUND, f"there is no such {_WORDS[typename]} for you", ("input", name))


_WORDS = {"CourseOffering": "offering", "Enrollment": "enrollment", "OfferingSection": "section", "User": "person"}


def reason_of(given: Given) -> str | None:
    """The reason that the input gives, one line; None where it gives none."""
    text = given.get("reason")
    return None if text is None else line(text, ("input", "reason"), most=_LONGEST_REASON)


# ---- offerings

_asks = exists().where(
    CoursePrerequisite.university_id == UNIVERSITY, CoursePrerequisite.course_id == CourseOffering.course_id
)


def _section(name: str) -> Any:
    """Whether the section that is asked for is one of the offering's; true where none is."""
    section_id = bindparam("section_id", type_=BigInteger, required=True)
    is_there = exists().where(
        OfferingSection.university_id == UNIVERSITY,
        OfferingSection.course_offering_id == CourseOffering.id,
        OfferingSection.id == section_id,
    )
    return or_(section_id.is_(None), is_there).label(name)


_STATE = _of_standing(
    lambda viewer: offering_states(visible_offerings(viewer)).add_columns(_asks.label("asks"), _section("has_section"))
)
_OFFERING = _of_standing(
    lambda viewer: select(
        CourseOffering.id,
        CourseOffering.course_id,
        CourseOffering.capacity,
        CourseOffering.waitlist_capacity,
        CourseOffering.enrollment_mode,
        CourseOffering.drop_until,
        _asks.label("asks"),
        _section("has_section"),
        *offering_department(viewer),
    ).where(CourseOffering.id == any_(KEYS), visible_offerings(viewer))
)


async def state_of(work: Work, given: Given) -> tuple[Row, int | None]:
    """The offering `offeringId` as it stands for the viewer, and the section `sectionId`; see `offering_states`."""
    return await _offering(work, given, _STATE[work.viewer.standing])


async def offering_to_run(work: Work, given: Given) -> tuple[Row, int | None]:
    """The offering `offeringId`, which the viewer must run, and the section `sectionId`."""
    offering, section_id = await _offering(work, given, _OFFERING[work.viewer.standing])
    if not may_run_offering(work.viewer, offering):
        raise Refused(UserErrorCode.FORBIDDEN, "only who runs this offering may do this", OFFERING)
    return offering, section_id


async def _offering(work: Work, given: Given, statement: Statement) -> tuple[Row, int | None]:
    offering_id = id_of(work, given, "offeringId", "CourseOffering")
    section_id = id_of(work, given, "sectionId", "OfferingSection")
    row = await work.one(statement, FoundRow, keys=[offering_id], section_id=section_id)
    if row is None:
        raise missing("offeringId", "CourseOffering")
    if not row["has_section"]:
        raise missing("sectionId", "OfferingSection")
    return row, section_id


# ---- enrollments


def _enrollments(viewer: Viewer) -> Any:
    now = func.clock_timestamp()
    return (
        select(
            CourseEnrollment.id,
            CourseEnrollment.user_id,
            CourseEnrollment.course_offering_id,
            CourseEnrollment.section_id,
            CourseOffering.course_id,
            cast(CourseEnrollment.status, Text).label("status"),
            func.coalesce(CourseOffering.starts_at <= now, literal(True)).label("has_begun"),
            func.coalesce(CourseOffering.ends_at <= now, literal(False)).label("has_ended"),
            func.coalesce(CourseOffering.drop_until <= now, literal(False)).label("is_past_dropping"),
            _section("has_section"),
            *offering_department(viewer),
        )
        .join(
            CourseOffering,
            and_(CourseOffering.university_id == UNIVERSITY, CourseOffering.id == CourseEnrollment.course_offering_id),
        )
        .where(CourseEnrollment.id == any_(KEYS), visible_enrollments(viewer))
    )


_ENROLLMENT = _of_standing(_enrollments)


async def enrollment_of(work: Work, given: Given) -> tuple[Row, int | None]:
    """The enrollment `enrollmentId` with the dates of its offering, and the section `sectionId` of that offering."""
    enrollment_id = id_of(work, given, "enrollmentId", "Enrollment")
    section_id = id_of(work, given, "sectionId", "OfferingSection")
    row = await work.one(_ENROLLMENT[work.viewer.standing], FoundRow, keys=[enrollment_id], section_id=section_id)
    if row is None:
        raise missing("enrollmentId", "Enrollment")
    if not row["has_section"]:
        raise missing("sectionId", "OfferingSection")
    return row, section_id


def runs(viewer: Viewer, enrollment: Row) -> bool:
    """Whether the viewer runs the offering of an enrollment that was found here."""
    return may_run_offering(viewer, _offering_of(viewer, enrollment))


def grades(viewer: Viewer, enrollment: Row) -> bool:
    """Whether the viewer grades the person of an enrollment that was found here."""
    return may_grade_in_section(viewer, _offering_of(viewer, enrollment), enrollment["section_id"])


def _offering_of(viewer: Viewer, enrollment: Row) -> dict[str, Any]:
    offering = {"id": enrollment["course_offering_id"]}
    if viewer.standing is Standing.STAFF:
        offering["department_id"] = enrollment["department_id"]
    return offering


async def enrollment_to_manage(work: Work, given: Given) -> tuple[Row, int | None]:
    """As `enrollment_of`, of an offering that the viewer must run."""
    enrollment, section_id = await enrollment_of(work, given)
    if not runs(work.viewer, enrollment):
        raise Refused(UserErrorCode.FORBIDDEN, "only who runs this offering may do this", ENROLLMENT)
    return enrollment, section_id


_STATUSES = Statement(
    select(CourseEnrollment.user_id, cast(CourseEnrollment.status, Text).label("status")).where(
        CourseEnrollment.university_id == UNIVERSITY,
        CourseEnrollment.course_offering_id == bindparam("offering_id", type_=BigInteger, required=True),
        CourseEnrollment.user_id == any_(PEOPLE),
    )
)


async def statuses_in(work: Work, offering_id: int, people: Sequence[int]) -> dict[int, str]:
    """How these people's enrollments in an offering stand; without those who have none."""
    rows = await work.rows(_STATUSES, FoundRow, offering_id=offering_id, people=list(people))
    return {row["user_id"]: row["status"] for row in rows}


# ---- people


def _people(viewer: Viewer) -> Any:
    """Active members by their numbers, as far as the viewer sees them; by their whole address, all."""
    ids, emails = bindparam("ids", type_=ARRAY(BigInteger)), bindparam("emails", type_=ARRAY(Text))
    email = func.lower(UniversityMember.email)
    by_id = and_(UniversityMember.user_id == any_(ids), visible_members(viewer))
    return select(
        UniversityMember.user_id, case((email == any_(emails), email)).label("email"), by_id.label("by_id")
    ).where(
        UniversityMember.university_id == UNIVERSITY,
        UniversityMember.status == "active",
        or_(by_id, email == any_(emails)),
    )


_PEOPLE = _of_standing(_people)


class People:
    """Active members, by what names them in an input."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._ids = {row["user_id"] for row in rows if row["by_id"]}
        self._emails = {row["email"]: row["user_id"] for row in rows if row["email"] is not None}

    def named(self, number: int | None, email: str | None) -> int | None:
        """Whom a number or an address names; None for nobody whom the viewer may enrol."""
        if email is not None:
            return self._emails.get(email)
        return number if number in self._ids else None


async def people(work: Work, ids: Sequence[int], emails: Sequence[str]) -> People:
    """The active members of these numbers, whom the viewer must see, and of these addresses (in small letters).

    Who knows somebody's address may enrol them without seeing them: that is how a university names a new student.
    """
    rows = await work.rows(_PEOPLE[work.viewer.standing], FoundRow, ids=list(ids), emails=list(emails))
    return People(rows)


# ---- what a course asks of people

_ASKED = _of_standing(asked_of_people)


async def asked_of(
    work: Work, offering: Row, people: Sequence[int], *, as_members: bool = False
) -> dict[int, list[tuple[Reason, str]]]:
    """What of what the offering's course asks for each person does not have: reasons, and the codes of the courses.

    Of courses that the viewer may not see nothing is asked; with `as_members`, of those that no member sees.
    """
    found: dict[int, list[tuple[Reason, str]]] = {person: [] for person in people}
    if not offering["asks"] or not people:
        return found
    statement = _ASKED[Standing.MEMBER if as_members else work.viewer.standing]
    for row in await work.rows(statement, FoundRow, course_id=offering["course_id"], people=list(people)):
        reason = unmet(row)
        if reason is not None:
            found[row["user_id"]].append((reason, row["code"]))
    return found


_CODES = {
    "not_yet_open": UserErrorCode.CLOSED,
    "closed": UserErrorCode.CLOSED,
    "by_staff_only": UserErrorCode.CLOSED,
    "full": UserErrorCode.LIMIT_REACHED,
}
_MESSAGES = {
    "already_enrolled": "there is an enrollment in this offering already, which is not dropped",
    "withdrawn": "you have withdrawn from this offering: only its staff can enrol you again",
    "by_staff_only": "nobody can enrol themselves here: ask its staff",
    "not_yet_open": "the enrollment dates have not begun yet",
    "closed": "the enrollment dates, or the offering, have ended",
    "full": "all seats are taken, and so is the waitlist",
}
_ASKED_FOR = {
    "strict_prerequisite": "{code} must be passed before",
    "co_requisite": "{code} must be passed before, or taken at the same time",
}


def failure(reason: Reason, code: str | None = None) -> UserFailure:
    """A blocking reason as a user's error, with the code of the course that it is about."""
    if code is None:
        return UserFailure(
            _CODES.get(reason.kind, UserErrorCode.NOT_ELIGIBLE), f"{reason.kind}: {_MESSAGES[reason.kind]}", OFFERING
        )
    standing = (reason.standing or "").replace("_", " ")
    message = f"{reason.kind}: {_ASKED_FOR[reason.kind].format(code=code)}; it is {standing}"
    return UserFailure(UserErrorCode.NOT_ELIGIBLE, message, OFFERING)


def blocking(asked: Sequence[tuple[Reason, str]]) -> list[UserFailure]:
    """What of what is asked for blocks, as users' errors."""
    return [failure(reason, code) for reason, code in asked if reason.is_blocking]
