"""Who a request acts for: from a person's id and a university's short code to the viewer, in one statement."""

from typing import Any

import msgspec
from sqlalchemy import ARRAY, Select, String, Text, bindparam, cast, func, literal, select

from lms_graphql.engine.context import Principal, Standing, Viewer
from lms_graphql.engine.errors import Code, RequestError
from lms_graphql.engine.rows import Row, record
from lms_graphql.storage.snapshot import Snapshot
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import USER
from lms_graphql.tenancy.models import University, UniversityMember, User, UserUniversityRole

STAFF_ROLES = frozenset({"instructor", "ta", "department_admin", "university_admin"})
_Membership = record("Membership", tenant=False)


def _memberships() -> Select[int, bool, Any, bool, Any]:
    """Universities with what the person is in each: row-level security shows people their own rows everywhere."""
    roles = (
        select(func.array_agg(cast(UserUniversityRole.role, Text), type_=ARRAY(Text)))
        .where(UserUniversityRole.university_id == University.id, UserUniversityRole.user_id == USER)
        .scalar_subquery()
    )
    active_user = select(User.is_active).where(User.id == USER).scalar_subquery()
    member = UniversityMember.user_id.is_not(None)
    return select(
        University.id,
        University.is_active,
        func.coalesce(active_user, literal(False)).label("user_is_active"),
        member.label("is_member"),
        func.coalesce(roles, literal([], ARRAY(Text))).label("roles"),
    ).outerjoin(
        UniversityMember,
        (UniversityMember.university_id == University.id)
        & (UniversityMember.user_id == USER)
        & (UniversityMember.status == "active"),
    )


_BY_SHORT_CODE = Statement(_memberships().where(University.short_code == bindparam("short_code", type_=String)))
_OF_USER = Statement(_memberships().where(UniversityMember.user_id.is_not(None)).order_by(University.id).limit(2))
_ACTIVE_USER = Statement(select(User.is_active).where(User.id == USER))


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
        )

    async def _person(self, snapshot: Snapshot, user_id: int | None, short_code: str | None) -> Viewer:
        if user_id is None and short_code is None:
            return Viewer()
        if short_code is None:
            return await self._in_only_university(snapshot, user_id)
        known = self._known.get(short_code)
        await snapshot.act_for(known, user_id)
        rows = await snapshot.fetch(_BY_SHORT_CODE, {"user_id": user_id or 0, "short_code": short_code}, _Membership)
        viewer = _viewer(rows[0], user_id) if rows else None
        if viewer is None:
            self._known.pop(short_code, None)
            raise RequestError(Code.UNIVERSITY_UNKNOWN, "there is no such university")
        if viewer.university_id != known:
            self._known[short_code] = viewer.university_id or 0
            await snapshot.act_for(viewer.university_id, user_id)
        return viewer

    async def _in_only_university(self, snapshot: Snapshot, user_id: int | None) -> Viewer:
        """The viewer in their only university; nowhere if they have none or several."""
        await snapshot.act_for(None, user_id)
        rows = await snapshot.fetch(_OF_USER, {"user_id": user_id}, _Membership)
        viewer = _viewer(rows[0], user_id) if len(rows) == 1 else None
        if viewer is not None:
            await snapshot.act_for(viewer.university_id, user_id)
            return viewer
        active = await snapshot.fetch(_ACTIVE_USER, {"user_id": user_id}, _Membership)
        if not (active and active[0]["is_active"]):
            raise _signed_out()
        return Viewer(user_id=user_id)


def _viewer(row: Row, user_id: int | None) -> Viewer | None:
    if user_id is not None and not row["user_is_active"]:
        raise _signed_out()
    roles = frozenset(row["roles"]) if row["is_member"] else frozenset()
    standing = Standing.MEMBER if row["is_member"] else Standing.ANONYMOUS
    if roles & STAFF_ROLES:
        standing = Standing.STAFF
    if not row["is_active"] and standing is not Standing.STAFF:
        return None
    return Viewer(user_id=user_id, university_id=row["id"], roles=roles, standing=standing)


def _signed_out() -> RequestError:
    return RequestError(Code.UNAUTHENTICATED, "the person of this token can't sign in any more")
