"""What administrators change of the people of their university: what it knows them by, and whether they take part.

Who is deactivated keeps what they have: enrollments with their seats, roles, grades. None of it lets them do anything
any more, from their next request on; services that they let in are let out. Their sessions stay, which may be for other
universities, and are good for nothing in this one.
"""

from typing import Any

from sqlalchemy import BigInteger, String, bindparam, func, select, update

from lms_graphql.engine.changing import Field, changes_of
from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure
from lms_graphql.engine.work import Work, require_version
from lms_graphql.identity.models import Invitation, ServiceToken
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.tenancy.addresses import address
from lms_graphql.tenancy.administrators import require_others
from lms_graphql.tenancy.models import UniversityMember

WHOM = ("input", "userId")
NAME = Field("displayName", "display_name", lambda value, path: line(value, path, most=255))
EMAIL = Field("email", "email", address)
STUDENT_NUMBER = Field(
    "studentNumber", "student_number", lambda value, path: line(value, path, most=64), may_clear=True
)
_FIELDS = (NAME, EMAIL, STUDENT_NUMBER)
TAKEN = {
    "ux_university_members_email": UserFailure(
        UserErrorCode.TAKEN, "another member of this university has this address", ("input", "email")
    ),
    "ux_university_members_student_number": UserFailure(
        UserErrorCode.TAKEN, "another member of this university has this number", ("input", "studentNumber")
    ),
}

MemberRow = record("User")
_PERSON = bindparam("person", type_=BigInteger, required=True)
_HERE = (UniversityMember.university_id == UNIVERSITY, UniversityMember.user_id == _PERSON)
# By name: it may not read all columns of the table.
_theirs = select(Invitation.id).where(Invitation.university_id == UNIVERSITY, Invitation.user_id == _PERSON)
_never_came = _theirs.exists() & ~_theirs.where(Invitation.accepted_at.is_not(None)).exists()
_LOCK = Statement(
    select(
        UniversityMember.user_id.label("id"),
        UniversityMember.display_name,
        UniversityMember.email,
        UniversityMember.student_number,
        UniversityMember.status,
        UniversityMember.version,
        _never_came.label("never_came"),
    )
    .where(*_HERE)
    .with_for_update(of=UniversityMember)
)
_CHANGE = Statement(
    update(UniversityMember)
    .where(*_HERE)
    .values(
        display_name=bindparam("display_name", type_=String),
        email=bindparam("email", type_=String),
        student_number=bindparam("student_number", type_=String),
    )
)
_SET_STATUS = Statement(update(UniversityMember).where(*_HERE).values(status=bindparam("status", type_=String)))
_LET_OUT = Statement(
    update(ServiceToken)
    .where(
        ServiceToken.university_id == UNIVERSITY,
        ServiceToken.issued_by == _PERSON,
        ServiceToken.revoked_at.is_(None),
        ServiceToken.expires_at > func.now(),
    )
    .values(revoked_at=func.now())
    .returning(ServiceToken.id)
)


async def update_member(work: Work, given: Given) -> dict[str, Any]:
    """Change what the university knows of somebody; gives `user_id`. How they sign in stays as it is."""
    row = await member_to_change(work, given)
    changes = changes_of(given, row, _FIELDS)
    if not changes.after:
        work.nothing_changed()
    else:
        await work.rows(_CHANGE, MemberRow, person=row["id"], **changes.values)
        await work.audit("member.update", "User", row["id"], before=changes.before, after=changes.after)
        await work.tell("member.updated", "User", row["id"])
    return {"user_id": row["id"]}


async def deactivate_member(work: Work, given: Given) -> dict[str, Any]:
    """Put an active member out; gives `user_id`, and `revoked_service_tokens`, of those that they had issued."""
    row = await member_to_change(work, given)
    if row["id"] == work.viewer.user_id:
        raise Refused(UserErrorCode.FORBIDDEN, "nobody may deactivate themselves", WHOM)
    if row["status"] == "invited":
        raise Refused(UserErrorCode.CLOSED, "this person has not come yet: revoke the invitation", WHOM)
    if row["status"] == "inactive":
        work.nothing_changed()
        return {"user_id": row["id"], "revoked_service_tokens": 0}
    await require_others(work, row["id"], WHOM)
    await set_status(work, row, "member.deactivate", "inactive", reason=reason_of(given))
    tokens = await work.rows(_LET_OUT, MemberRow, person=row["id"])
    if tokens:
        await work.audit_each("service_token.revoke", "ServiceToken", [(token["id"], None, None) for token in tokens])
    return {"user_id": row["id"], "revoked_service_tokens": len(tokens)}


async def reactivate_member(work: Work, given: Given) -> dict[str, Any]:
    """Let somebody in again who was put out; gives `user_id`."""
    row = await member_to_change(work, given)
    if row["never_came"] and row["status"] != "active":
        message = "this person has never accepted an invitation: send it again (`resendInvitation`)"
        raise Refused(UserErrorCode.CLOSED, message, WHOM)
    if row["status"] == "active":
        work.nothing_changed()
    else:
        await set_status(work, row, "member.reactivate", "active", reason=reason_of(given))
    return {"user_id": row["id"]}


async def set_status(work: Work, row: Row, act: str, status: str, *, reason: str | None = None) -> None:
    """Let a membership stand otherwise, audited and told."""
    await work.rows(_SET_STATUS, MemberRow, person=row["id"], status=status)
    await work.audit(act, "User", row["id"], before={"status": row["status"]}, after={"status": status}, reason=reason)
    await work.tell("member.changed", "User", row["id"], status=status)


async def member_to_change(work: Work, given: Given) -> Row:
    """The member whom the input names, locked, as its user expects them; erased ones are left in peace."""
    person = number_of(given["userId"], "User", work.viewer.university_id)
    row = None if person is None else await work.one(_LOCK, MemberRow, person=person)
    if row is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such person in this university", WHOM)
    if row["status"] == "erased":
        raise Refused(UserErrorCode.CLOSED, "this person was erased: nothing of them can be changed", WHOM)
    require_version(row["version"], given.get("expectedVersion"))
    return row


def reason_of(given: Given) -> str | None:
    """Why, for the audit log; None where it is not said."""
    reason = given.get("reason")
    return None if reason is None else line(reason, ("input", "reason"), most=255)
