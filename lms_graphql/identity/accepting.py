"""Accepting an invitation: by somebody who is signed in, or who gives their account its first password with it.

The token is told to whoever invites, so by itself it must not open an account that is anybody's already: it sets a
password only where nobody can sign in yet, and the account takes part in nothing and looks after nothing. An account
that has been used is accepted for by who is signed in to it.

Done as `lms_auth`: who accepts may not be known to the university yet, and has no rights there.
"""

import logging
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg
import orjson
from sqlalchemy import BigInteger, LargeBinary, String, bindparam, exists, func, select, text, update

from lms_graphql.identity.attempts import Attempts
from lms_graphql.identity.credentials import Credentials, Transaction
from lms_graphql.identity.models import ExternalIdentity, Invitation
from lms_graphql.identity.opaque import Prefix, digest
from lms_graphql.identity.passwords import Passwords
from lms_graphql.storage.journal import ADD_AUDIT_ENTRY, ADD_OUTBOX_ENTRY
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.tenancy.models import PlatformAdministrator, University, UniversityMember, User

logger = logging.getLogger(__name__)

_digest = bindparam("digest", type_=LargeBinary, required=True)
_user = bindparam("user_id", type_=BigInteger, required=True)
_invitation = bindparam("invitation_id", type_=BigInteger, required=True)
_is_open = Invitation.accepted_at.is_(None) & Invitation.revoked_at.is_(None) & (Invitation.expires_at > func.now())

_FIND = Statement(
    select(Invitation.id, Invitation.university_id, Invitation.user_id)
    .join(University, University.id == Invitation.university_id)
    .join(User, User.id == Invitation.user_id)
    .where(Invitation.digest == _digest, _is_open, University.is_active, User.is_active)
)
_ACT_FOR = Statement(
    text(
        "SELECT set_config('lms.university_id', CAST(CAST(:university_id AS bigint) AS text), true),"
        " set_config('lms.user_id', CAST(CAST(:user_id AS bigint) AS text), true)"
    )
)
_HERE = (UniversityMember.university_id == UNIVERSITY, UniversityMember.user_id == _user)
_LOCK = Statement(select(UniversityMember.status).where(*_HERE).with_for_update())
_IS_NOBODYS = (
    User.password_hash.not_like("$argon2%"),
    ~exists().where(ExternalIdentity.user_id == User.id),
    ~exists().where(PlatformAdministrator.user_id == User.id),
    ~exists().where(UniversityMember.user_id == User.id, UniversityMember.status == "active"),
)
"""Of an account that nobody can sign in to, and that is not one of somebody's; of memberships people's own show."""
_SET_PASSWORD = Statement(
    update(User)
    .where(User.id == _user, *_IS_NOBODYS)
    .values(password_hash=bindparam("password_hash", type_=String, required=True))
    .returning(User.id)
)
_ACCEPT = Statement(
    update(Invitation)
    .where(Invitation.university_id == UNIVERSITY, Invitation.id == _invitation, _is_open)
    .values(accepted_at=func.now())
    .returning(Invitation.id)
)
_JOIN = Statement(
    update(UniversityMember)
    .where(*_HERE, UniversityMember.status == "invited")
    .values(status="active", joined_at=func.now())
    .returning(UniversityMember.joined_at)
)


class InvitationError(Exception):
    """The token is not good, or not any more; which, is not told."""


class AnothersInvitationError(Exception):
    """Somebody else was invited than who is signed in."""


class AccountInUseError(Exception):
    """The account is somebody's: its person must sign in."""


class PasswordNeededError(Exception):
    """Nobody is signed in, and no password came along."""


class Accepted(NamedTuple):
    """Who has become a member, and of what."""

    university_id: int
    user_id: int


class Invitations:
    """Accepts invitations."""

    def __init__(self, credentials: Credentials, passwords: Passwords) -> None:
        self._credentials = credentials
        self._passwords = passwords
        self._attempts = Attempts(credentials)

    async def accept(
        self, token: str, *, viewer: int | None, password: str | None, network: str, request_id: str
    ) -> Accepted:
        """Make the person a member; with `password`, which nobody needs who is signed in, give the account one.

        Raises one of the errors above, PasswordLengthError, or ThrottledError before anything was looked at.
        """
        known = digest(token, Prefix.INVITATION)
        account = "invitation" if known is None else known.hex()
        await self._attempts.take(account, network)
        found = None if known is None else await self._credentials.row(_FIND, digest=known)
        if found is None:
            raise InvitationError
        if viewer is not None and viewer != found["user_id"]:
            raise AnothersInvitationError
        if viewer is None and password is None:
            raise PasswordNeededError
        hashed = None if viewer is not None or password is None else await self._passwords.hash(password)
        async with self._credentials.transaction() as transaction:
            await _joined(transaction, found, hashed, request_id)
        await self._attempts.succeeded(account, network)
        logger.info("user %d has accepted an invitation of university %d", found["user_id"], found["university_id"])
        return Accepted(found["university_id"], found["user_id"])


async def _joined(transaction: Transaction, found: asyncpg.Record, hashed: str | None, request_id: str) -> None:
    """All of it, or nothing."""
    who = {"university_id": found["university_id"], "user_id": found["user_id"]}
    await transaction.row(_ACT_FOR, **who)
    await transaction.row(_LOCK, **who)  # first, as whoever invites or revokes does
    if (
        hashed is not None
        and await transaction.row(_SET_PASSWORD, user_id=who["user_id"], password_hash=hashed) is None
    ):
        raise AccountInUseError
    if await transaction.row(_ACCEPT, **who, invitation_id=found["id"]) is None:
        raise InvitationError
    member = await transaction.row(_JOIN, **who)
    if member is None:
        raise InvitationError
    await _written_down(transaction, who, member["joined_at"], request_id)


async def _written_down(transaction: Transaction, who: dict[str, Any], joined_at: datetime, request_id: str) -> None:
    await transaction.row(
        ADD_AUDIT_ENTRY,
        university_id=who["university_id"],
        actor_id=who["user_id"],
        roles=[],
        act="invitation.accept",
        entity="User",
        entity_id=who["user_id"],
        old_values=orjson.dumps({"status": "invited"}).decode(),
        new_values=orjson.dumps({"status": "active", "joinedAt": joined_at}).decode(),
        reason=None,
        request_id=request_id,
    )
    await transaction.row(
        ADD_OUTBOX_ENTRY,
        university_id=who["university_id"],
        topic="member.changed",
        entity="User",
        entity_id=who["user_id"],
        facts=orjson.dumps({"status": "active"}).decode(),
    )
