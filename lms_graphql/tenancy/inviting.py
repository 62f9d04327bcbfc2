"""Inviting people: they become members, and hold the roles that they were given, once they accept.

Of the token that they accept with only a hash is stored; it is told once, to whoever invites, who hands it on. For each
person one invitation is open at most: another one ends it.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Interval,
    LargeBinary,
    String,
    Text,
    any_,
    bindparam,
    cast,
    column,
    func,
    insert,
    or_,
    select,
    text,
    update,
)

from lms_graphql.engine.mutations import Given
from lms_graphql.engine.rows import Row
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure
from lms_graphql.engine.work import Work
from lms_graphql.identity.models import Invitation
from lms_graphql.identity.opaque import Prefix, mint
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.tenancy.accounts import Person, accounts_of
from lms_graphql.tenancy.members import WHOM, MemberRow, member_to_change, set_status
from lms_graphql.tenancy.models import UniversityMember, UserUniversityRole, university_role_enum

MOST_ROWS = 200
MOST_ROLES = 10
MOST_DAYS = 30
_DAYS = 14


class Role(NamedTuple):
    """A role that somebody is to have."""

    name: str
    department_id: int | None


class Guest(NamedTuple):
    """Somebody who is to be invited; everything in it was checked."""

    email: str
    display_name: str
    student_number: str | None
    roles: tuple[Role, ...]


class Invited(NamedTuple):
    """What became of a guest: who they are and the token to accept with, or what their user can correct.

    The path of `failure` is the name of a field.
    """

    user_id: int | None = None
    token: str | None = None
    failure: UserFailure | None = None


_GUESTS = ("people", "names", "emails", "student_numbers")


def _arrays(*names: tuple[str, Any]) -> Any:
    """Rows from arrays side by side, in their order."""
    arrays = [bindparam(name, type_=ARRAY(type_), required=True) for name, type_ in names]
    columns: list[Any] = [column(name, type_) for name, type_ in names]
    return func.unnest(*arrays).table_valued(*columns, with_ordinality="place").render_derived(name="given")


_NEW = _arrays(("people", BigInteger), ("names", Text), ("emails", Text), ("student_numbers", Text))
_ADD_MEMBERS = Statement(
    insert(UniversityMember)
    .inline()
    .from_select(
        ["university_id", "user_id", "display_name", "email", "student_number", "status"],
        select(
            UNIVERSITY, _NEW.c.people, _NEW.c.names, _NEW.c.emails, _NEW.c.student_numbers, text("'invited'")
        ).order_by(_NEW.c.place),
    )
)
_HELD = _arrays(("people", BigInteger), ("roles", Text), ("departments", BigInteger))
_ADD_ROLES = Statement(
    insert(UserUniversityRole)
    .inline()
    .from_select(
        ["university_id", "user_id", "role", "department_id"],
        select(UNIVERSITY, _HELD.c.people, cast(_HELD.c.roles, university_role_enum), _HELD.c.departments).order_by(
            _HELD.c.place
        ),
    )
)
_OPEN = _arrays(("people", BigInteger), ("digests", LargeBinary))
_ADD_INVITATIONS = Statement(
    insert(Invitation)
    .inline()
    .from_select(
        ["university_id", "user_id", "digest", "invited_by", "expires_at"],
        select(
            UNIVERSITY,
            _OPEN.c.people,
            _OPEN.c.digests,
            bindparam("invited_by", type_=BigInteger, required=True),
            func.now() + bindparam("lasts", type_=Interval, required=True),
        ).order_by(_OPEN.c.place),
    )
)
_END = Statement(
    update(Invitation)
    .where(
        Invitation.university_id == UNIVERSITY,
        Invitation.user_id == bindparam("person", type_=BigInteger, required=True),
        Invitation.accepted_at.is_(None),
        Invitation.revoked_at.is_(None),
    )
    .values(revoked_at=func.now())
    .returning(Invitation.id)
)
_KNOWN = Statement(
    select(
        UniversityMember.user_id,
        func.lower(UniversityMember.email).label("address"),
        UniversityMember.student_number,
    ).where(
        UniversityMember.university_id == UNIVERSITY,
        or_(
            UniversityMember.user_id == any_(bindparam("people", type_=ARRAY(BigInteger), required=True)),
            func.lower(UniversityMember.email) == any_(bindparam("addresses", type_=ARRAY(Text), required=True)),
            UniversityMember.student_number == any_(bindparam("numbers", type_=ARRAY(String), required=True)),
        ),
    )
)
_QUEUE = "hashtextextended('members ' || CAST(:university_id AS bigint), 1)"
_IN_TURN = Statement(text(f"SELECT pg_advisory_xact_lock({_QUEUE}) IS NULL AS locked"))


async def invite(work: Work, guests: Sequence[Guest], lasts: timedelta, *, by: int | None) -> list[Invited]:
    """Invite these people, in a number of statements that does not depend on how many they are.

    `by` is the member who invites; None: somebody who is no member, for the platform.

    Who is a member already, or has the address or number of one, is told and left out. In each university one at a time
    invites. `work` acts in the university; the members, their roles and invitations are audited, and told.
    """
    await work.rows(_IN_TURN, Row)
    ids = await accounts_of(work, [Person(guest.email, guest.display_name) for guest in guests])
    failures = _failures(guests, ids, await _known(work, guests, ids))
    new = [(id_, guest) for id_, guest, failure in zip(ids, guests, failures, strict=True) if failure is None]
    tokens = await _added(work, new, lasts, by) if new else {}
    return [
        Invited(failure=failure) if failure is not None else Invited(id_, tokens[id_])
        for id_, failure in zip(ids, failures, strict=True)
    ]


async def _known(work: Work, guests: Sequence[Guest], ids: Sequence[int]) -> list[Row]:
    return await work.rows(
        _KNOWN,
        MemberRow,
        people=list(ids),
        addresses=[guest.email.lower() for guest in guests],
        numbers=[guest.student_number for guest in guests if guest.student_number is not None],
    )


def _failures(guests: Sequence[Guest], ids: Sequence[int], known: Sequence[Row]) -> list[UserFailure | None]:
    """What is in the way of each guest: a member, or a guest before them."""
    people = {row["user_id"] for row in known}
    addresses = {row["address"] for row in known}
    numbers = {row["student_number"] for row in known if row["student_number"] is not None}
    found: list[UserFailure | None] = []
    for guest, id_ in zip(guests, ids, strict=True):
        if id_ in people or guest.email.lower() in addresses:
            message = "somebody of this university has this address"
            found.append(UserFailure(UserErrorCode.TAKEN, message, ("email",)))
        elif guest.student_number in numbers:
            message = "somebody of this university has this number"
            found.append(UserFailure(UserErrorCode.TAKEN, message, ("studentNumber",)))
        else:
            found.append(None)
            people.add(id_)
            addresses.add(guest.email.lower())
            numbers |= {guest.student_number} - {None}
    return found


async def _added(work: Work, new: Sequence[tuple[int, Guest]], lasts: timedelta, by: int | None) -> dict[int, str]:
    """Add them, write it down and tell it; gives the tokens by person."""
    await work.rows(
        _ADD_MEMBERS,
        MemberRow,
        people=[id_ for id_, _ in new],
        names=[guest.display_name for _, guest in new],
        emails=[guest.email for _, guest in new],
        student_numbers=[guest.student_number for _, guest in new],
    )
    held = [(id_, role) for id_, guest in new for role in guest.roles]
    if held:
        await work.rows(
            _ADD_ROLES,
            MemberRow,
            people=[id_ for id_, _ in held],
            roles=[role.name for _, role in held],
            departments=[role.department_id for _, role in held],
        )
    tokens = await _open(work, [id_ for id_, _ in new], lasts, by)
    await work.audit_each("member.invite", "User", [(id_, None, _told(guest)) for id_, guest in new])
    await work.tell_each("member.invited", "User", [(id_, {}) for id_, _ in new])
    return tokens


def _told(guest: Guest) -> Mapping[str, Any]:
    return {
        "displayName": guest.display_name,
        "email": guest.email,
        "studentNumber": guest.student_number,
        "status": "invited",
        "roles": [{"role": role.name, "departmentId": role.department_id} for role in guest.roles],
    }


async def _open(work: Work, people: Sequence[int], lasts: timedelta, by: int | None) -> dict[int, str]:
    """A new invitation for each person; gives the tokens."""
    minted = [mint(Prefix.INVITATION) for _ in people]
    await work.rows(
        _ADD_INVITATIONS,
        MemberRow,
        people=list(people),
        digests=[one.digest for one in minted],
        invited_by=by,
        lasts=lasts,
    )
    return {person: one.token for person, one in zip(people, minted, strict=True)}


async def renewed(work: Work, person: int, lasts: timedelta, *, by: int | None) -> str:
    """The token of another invitation of somebody; the one that is open is good no longer."""
    await work.rows(_END, MemberRow, person=person)
    return (await _open(work, [person], lasts, by))[person]


async def resend_invitation(work: Work, given: Given) -> dict[str, Any]:
    """Another token for somebody who has not accepted; gives `user_id`, and tells `token` once."""
    lasts = lasts_of(given)
    row = await member_to_change(work, given)
    if not (row["status"] == "invited" or (row["status"] == "inactive" and row["never_came"])):
        raise Refused(UserErrorCode.CLOSED, f"this person is {row['status']} here, and waits for no invitation", WHOM)
    work.once["token"] = await renewed(work, row["id"], lasts, by=work.viewer.user_id)
    if row["status"] != "invited":
        await set_status(work, row, "member.invite", "invited")
    await work.audit("invitation.send", "User", row["id"], after={"days": lasts.days})
    return {"user_id": row["id"]}


async def revoke_invitation(work: Work, given: Given) -> dict[str, Any]:
    """Take back what somebody has not accepted yet; gives `user_id`. They are INACTIVE then."""
    row = await member_to_change(work, given)
    if row["status"] != "invited":
        raise Refused(UserErrorCode.CLOSED, f"this person is {row['status']} here: no invitation is open", WHOM)
    await work.rows(_END, MemberRow, person=row["id"])
    await set_status(work, row, "invitation.revoke", "inactive")
    return {"user_id": row["id"]}


def lasts_of(given: Given) -> timedelta:
    """For how long an invitation is good."""
    days = _DAYS if given.get("days") is None else given["days"]
    if not 1 <= days <= MOST_DAYS:
        raise Refused(UserErrorCode.INVALID, f"an invitation is good for 1 to {MOST_DAYS} days", ("input", "days"))
    return timedelta(days=days)
