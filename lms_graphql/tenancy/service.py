"""Who a request acts for: from a person's id and a university's short code to the viewer, in one statement."""

from typing import Any

import msgspec
from sqlalchemy import ARRAY, BigInteger, Select, String, Text, bindparam, cast, func, literal, select, true

from lms_graphql.catalog.models import CourseOffering, CourseOfferingInstructor
from lms_graphql.engine.context import Principal, Reach, Standing, Teaching, Viewer
from lms_graphql.engine.errors import Code, RequestError
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.storage.snapshot import Snapshot
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY, USER
from lms_graphql.tenancy import viewing
from lms_graphql.tenancy.models import PlatformAdministrator, University, UniversityMember, User, UserUniversityRole
from lms_graphql.tenancy.policy import ADMIN_ROLE

STAFF_ROLES = frozenset({"instructor", "ta", "department_admin"})
"""The roles that make staff of somebody, as does every offering or section that they are named for."""

_Identity = record("Identity", tenant=False)


def _person() -> Any:
    """The person of the request, on the platform: one row, or none."""
    is_platform_admin = PlatformAdministrator.user_id.is_not(None).label("is_platform_admin")
    return (
        select(User.is_active, is_platform_admin)
        .outerjoin(PlatformAdministrator, PlatformAdministrator.user_id == User.id)
        .where(User.id == USER)
        .subquery("person")
    )


def _given() -> Any:
    """The roles that the person has in a university, and the departments that they administer: always one row."""
    role = cast(UserUniversityRole.role, Text)
    departments = func.array_agg(UserUniversityRole.department_id, type_=ARRAY(BigInteger))
    return (
        select(
            func.array_agg(role, type_=ARRAY(Text)).label("roles"),
            departments.filter(role == "department_admin").label("departments"),
        )
        .where(
            UserUniversityRole.university_id == University.id, UserUniversityRole.user_id == UniversityMember.user_id
        )
        .lateral("given")
    )


def _taught() -> Any:
    """What the person teaches in a university, as arrays side by side: always one row."""
    taught = CourseOfferingInstructor
    return (
        select(
            func.array_agg(taught.course_offering_id).label("offerings"),
            func.array_agg(CourseOffering.course_id).label("courses"),
            func.array_agg(taught.role).label("teaching_roles"),
            func.array_agg(taught.section_id).label("sections"),
        )
        .join(
            CourseOffering,
            (CourseOffering.university_id == University.id) & (CourseOffering.id == taught.course_offering_id),
        )
        .where(taught.university_id == University.id, taught.user_id == UniversityMember.user_id)
        .lateral("taught")
    )


_ACTIVE_MEMBER = (
    (UniversityMember.university_id == University.id)
    & (UniversityMember.user_id == USER)
    & (UniversityMember.status == "active")
)


def _viewers() -> Select[Any]:
    """Universities with what the person is, has and teaches in each; all of it only for active members.

    Row-level security shows people their own memberships and roles everywhere, but what they teach only in the
    university that the transaction acts in.
    """
    person, given, taught = _person(), _given(), _taught()
    shown: list[Any] = [
        University.id,
        University.is_active,
        func.coalesce(person.c.is_active, literal(False)).label("user_is_active"),
        func.coalesce(person.c.is_platform_admin, literal(False)).label("is_platform_admin"),
        UniversityMember.user_id.is_not(None).label("is_member"),
        *given.c,
        *taught.c,
    ]
    return (
        select(*shown)
        .outerjoin(UniversityMember, _ACTIVE_MEMBER)
        .outerjoin(person, true())
        .outerjoin(given, true())
        .outerjoin(taught, true())
    )


_NAMED = University.short_code == bindparam("short_code", type_=String)
_BY_SHORT_CODE = Statement(_viewers().where(_NAMED))
_FOR_ANYBODY = Statement(select(University.id, University.is_active).where(_NAMED))
_BY_ID = Statement(_viewers().where(University.id == UNIVERSITY))
_OF_USER = Statement(
    select(UniversityMember.university_id)
    .join(University, University.id == UniversityMember.university_id)
    .where(UniversityMember.user_id == USER, UniversityMember.status == "active", University.is_active)
    .order_by(UniversityMember.university_id)
    .limit(2)
)
_PERSON = Statement(select(*_person().c))


class Identities:
    """Finds the viewer of each request. Remembers only which id a short code had, and that is checked every time."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    async def identify(self, snapshot: Snapshot, principal: Principal, short_code: str | None) -> Viewer:
        """The viewer that a principal is, with the snapshot set to act for them.

        Raises UNIVERSITY_UNKNOWN for a university that is not there (or is closed, for all but its staff), and
        UNAUTHENTICATED for a person who is not there any more.
        """
        viewer = await self._person(snapshot, principal.user_id, short_code)
        if principal.session_id is None and not principal.service_scopes:
            return viewer
        return msgspec.structs.replace(
            viewer,
            session_id=principal.session_id,
            service_scopes=principal.service_scopes,
            submission_ids=principal.submission_ids,
            service_token_id=principal.service_token_id,
        )

    async def _person(self, snapshot: Snapshot, user_id: int | None, short_code: str | None) -> Viewer:
        if short_code is None:
            return Viewer() if user_id is None else await self._in_only_university(snapshot, user_id)
        viewer = await self._by_short_code(snapshot, user_id, short_code)
        if viewer is None:
            self._known.pop(short_code, None)
            raise RequestError(Code.UNIVERSITY_UNKNOWN, "there is no such university")
        return viewer

    async def look_as(self, snapshot: Snapshot, viewer: Viewer, person: str, request_id: str) -> Viewer:
        """The viewer that the person with this global id is here, once it is written down who looks as them.

        FORBIDDEN unless the viewer is staff, reaches the person, and sees more than they do.
        """
        wanted = number_of(person, "User", viewer.university_id)
        if wanted is None:
            raise viewing.forbidden()
        await viewing.require_reached(snapshot, viewer, wanted)
        # As nobody: people's rows in other universities are shown to themselves alone.
        await snapshot.act_for(viewer.university_id, None)
        bound = {"user_id": wanted, "university_id": viewer.university_id}
        (row,) = await snapshot.fetch(_BY_ID, bound, _Identity)
        other = _viewer(row, wanted) if row["user_is_active"] else None
        if other is None:
            raise viewing.forbidden()
        seen = viewing.seen_by(viewer, other)
        await snapshot.renew()  # its connection is wanted for the writing
        await viewing.write_down(snapshot, seen, request_id)
        return seen

    async def _by_short_code(self, snapshot: Snapshot, user_id: int | None, short_code: str) -> Viewer | None:
        known = self._known.get(short_code)
        given = {"user_id": user_id, "short_code": short_code}
        statement = _FOR_ANYBODY if user_id is None else _BY_SHORT_CODE
        await snapshot.act_for(known, user_id)
        rows = await snapshot.fetch(statement, given, _Identity)
        if rows and rows[0]["id"] != known:
            self._known[short_code] = rows[0]["id"]
            await snapshot.act_for(rows[0]["id"], user_id)
            if user_id is not None:  # what they teach did not show before
                rows = await snapshot.fetch(statement, given, _Identity)
        if not rows:
            return None
        return _anybody(rows[0]) if user_id is None else _viewer(rows[0], user_id)

    async def _in_only_university(self, snapshot: Snapshot, user_id: int) -> Viewer:
        """The viewer in their only open university; nowhere if they have none or several."""
        await snapshot.act_for(None, user_id)
        found = await snapshot.fetch(_OF_USER, {"user_id": user_id}, _Identity)
        if len(found) == 1:
            university_id = found[0]["university_id"]
            await snapshot.act_for(university_id, user_id)
            (row,) = await snapshot.fetch(_BY_ID, {"user_id": user_id, "university_id": university_id}, _Identity)
            return _viewer(row, user_id) or Viewer(user_id=user_id)
        person = await snapshot.fetch(_PERSON, {"user_id": user_id}, _Identity)
        if not (person and person[0]["is_active"]):
            raise _signed_out()
        return Viewer(user_id=user_id, is_platform_admin=person[0]["is_platform_admin"])


def _anybody(row: Row) -> Viewer | None:
    """Who is not signed in; None in a closed university."""
    return Viewer(university_id=row["id"]) if row["is_active"] else None


def _viewer(row: Row, user_id: int) -> Viewer | None:
    """The viewer that a row of `_viewers` describes; None in a closed university for all but its staff."""
    if not row["user_is_active"]:
        raise _signed_out()
    roles = frozenset(row["roles"] or ())
    reach = Reach(tuple(sorted(row["departments"] or ())), _teaching(row))
    standing = _standing(roles, reach, is_member=row["is_member"])
    viewer = Viewer(user_id, row["id"], roles, standing, reach, row["is_platform_admin"])
    return viewer if row["is_active"] or viewer.is_staff else None


def _teaching(row: Row) -> tuple[Teaching, ...]:
    arrays = [row[name] or () for name in ("offerings", "courses", "teaching_roles", "sections")]
    return tuple(Teaching(*one) for one in sorted(zip(*arrays, strict=True), key=lambda one: one[0]))


def _standing(roles: frozenset[str], reach: Reach, *, is_member: bool) -> Standing:
    if not is_member:
        return Standing.ANONYMOUS
    if ADMIN_ROLE in roles:
        return Standing.ADMIN
    return Standing.STAFF if roles & STAFF_ROLES or reach.teaching else Standing.MEMBER


def _signed_out() -> RequestError:
    return RequestError(Code.UNAUTHENTICATED, "the person of this token can't sign in any more")
