"""Giving and taking roles of members; `policy.GRANTS` says who may give which, and where."""

from typing import Any

from sqlalchemy import BigInteger, Text, bindparam, cast, delete, select
from sqlalchemy.dialects.postgresql import insert

from lms_graphql.engine.context import Standing, Viewer
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.tenancy.administrators import require_others
from lms_graphql.tenancy.departments import require_department
from lms_graphql.tenancy.models import UniversityMember, UserUniversityRole, university_role_enum
from lms_graphql.tenancy.policy import ADMIN_ROLE, ROLE_SCOPES, Scope, may_grant, visible_members

_WHOM, _ROLE, _WHERE = ("input", "userId"), ("input", "role"), ("input", "departmentId")
_WRONG_SCOPE = {
    "department_admin": "a department_admin looks after one department: name it",
    "student": "this role is the whole university's: leave the department out",
    "university_admin": "this role is the whole university's: leave the department out",
}
_PERSON = bindparam("person", type_=BigInteger, required=True)
_DEPARTMENT = bindparam("department_id", type_=BigInteger, required=True)
_ROLE_NAME = cast(bindparam("role", type_=Text, required=True), university_role_enum)
_RoleRow = record("Role")
_PLACE = {"university_id": UNIVERSITY, "user_id": _PERSON, "role": _ROLE_NAME, "department_id": _DEPARTMENT}
_GRANT = Statement(
    insert(UserUniversityRole).values(**_PLACE).on_conflict_do_nothing().returning(UserUniversityRole.id)
)
_REVOKE = Statement(
    delete(UserUniversityRole)
    .where(
        UserUniversityRole.university_id == UNIVERSITY,
        UserUniversityRole.user_id == _PERSON,
        UserUniversityRole.role == _ROLE_NAME,
        UserUniversityRole.department_id.is_not_distinct_from(_DEPARTMENT),
    )
    .returning(UserUniversityRole.id)
)


def _member(viewer: Viewer) -> Statement:
    """The person, if the viewer sees them, locked so that they are not erased or put out meanwhile."""
    return Statement(
        select(UniversityMember.user_id.label("id"), UniversityMember.status)
        .where(UniversityMember.user_id == _PERSON, visible_members(viewer))
        .with_for_update(read=True, of=UniversityMember)
    )


_MEMBERS = {standing: _member(Viewer(standing=standing)) for standing in (Standing.STAFF, Standing.ADMIN)}


async def grant_role(work: Work, given: Given) -> dict[str, Any]:
    """Give somebody a role; gives `user_id`. Who has it already keeps it."""
    asked = await _asked(work, given)
    if asked["status"] not in {"active", "invited"}:
        raise Refused(UserErrorCode.CLOSED, f"this person is {asked['status']} here, and can't be given roles", _WHOM)
    row = await work.one(_GRANT, _RoleRow, **asked["place"])
    if row is None:
        work.nothing_changed()
    else:
        await work.audit("role.grant", "RoleAssignment", row["id"], after=asked["told"])
        await work.tell("role.granted", "User", asked["place"]["person"], **asked["told"])
    return {"user_id": asked["place"]["person"]}


async def revoke_role(work: Work, given: Given) -> dict[str, Any]:
    """Take a role from somebody; gives `user_id`. It does nothing any more in their next request."""
    asked = await _asked(work, given)
    if asked["place"]["role"] == ADMIN_ROLE:
        await require_others(work, asked["place"]["person"], _ROLE)
    row = await work.one(_REVOKE, _RoleRow, **asked["place"])
    if row is None:
        work.nothing_changed()
    else:
        await work.audit("role.revoke", "RoleAssignment", row["id"], before=asked["told"])
        await work.tell("role.revoked", "User", asked["place"]["person"], **asked["told"])
    return {"user_id": asked["place"]["person"]}


async def _asked(work: Work, given: Given) -> dict[str, Any]:
    """Whose role is meant and which: `place` for statements, `told` for the audit log, `status` of the person."""
    person = number_of(given["userId"], "User", work.viewer.university_id)
    row = None if person is None else await work.one(_MEMBERS[work.viewer.standing], _RoleRow, person=person)
    if row is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such person for you", _WHOM)
    department = given.get("departmentId")
    department_id = None if department is None else await require_department(work, department, _WHERE)
    role = str(given["role"].value)
    require_grantable(work.viewer, role, department_id)
    return {
        "status": row["status"],
        "place": {"person": person, "role": role, "department_id": department_id},
        "told": {"userId": person, "role": role, "departmentId": department_id},
    }


def require_grantable(viewer: Viewer, role: str, department_id: int | None, path: tuple[str, ...] = ("input",)) -> None:
    """INVALID for a role in a scope where it makes no sense, FORBIDDEN for one that the viewer may not give or take."""
    scope = Scope.UNIVERSITY if department_id is None else Scope.DEPARTMENT
    if scope not in ROLE_SCOPES[role]:
        raise Refused(UserErrorCode.INVALID, _WRONG_SCOPE[role], (*path, "departmentId"))
    if not may_grant(viewer, role, department_id):
        message = "you may give and take the roles instructor and ta, in the departments that you administer"
        raise Refused(UserErrorCode.FORBIDDEN, message, path)
