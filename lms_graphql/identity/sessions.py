"""Sessions: what a sign-in began, kept alive by pairs of tokens that replace one another.

An access token is good for 15 minutes, a refresh token for 12 hours and once, a session for 7 days at most. Who shows a
refresh token that was used before has a copy, or lost the answer: within 30 s, while the pair that came of it lies
unused, the pair is issued again; after that nobody knows who the thief is, and the whole session ends.

All times are the database's. The lock of the session's row makes those who refresh at the same moment take turns.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import BigInteger, LargeBinary, String, bindparam, delete, exists, func, insert, select, update
from sqlalchemy.orm import aliased

from lms_graphql.identity.credentials import Credentials, Transaction
from lms_graphql.identity.models import Session, SessionToken
from lms_graphql.identity.opaque import Minted, Prefix, digest, mint
from lms_graphql.storage.statements import Statement
from lms_graphql.tenancy.models import User

_ACCESS = timedelta(minutes=15)
_IDLE = timedelta(hours=12)
_ABSOLUTE = timedelta(days=7)
_GRACE = timedelta(seconds=30)
_KEPT = timedelta(days=1)
_FORGET_AFTER = 100

_digest = bindparam("digest", type_=LargeBinary)
_session = bindparam("session_id", type_=BigInteger)
_user = bindparam("user_id", type_=BigInteger)
_is_alive = Session.revoked_at.is_(None) & (Session.expires_at > func.now())
_successor = aliased(SessionToken)

_RECOGNISE = Statement(
    select(Session.id, Session.user_id)
    .join(SessionToken, SessionToken.session_id == Session.id)
    .where(
        SessionToken.access_digest == _digest,
        SessionToken.access_expires_at > func.now(),
        SessionToken.replaced_at.is_(None),
        _is_alive,
    )
)
_STILL = Statement(
    select(User.id)
    .where(User.id == _user, User.password_hash == bindparam("password_hash", type_=String))
    .with_for_update(read=True)
)
"""Whoever changes the password waits for this transaction, and then ends its session; or this one finds it changed."""
_BEGIN = Statement(insert(Session).values(user_id=_user, expires_at=func.now() + _ABSOLUTE).returning(Session.id))
_ISSUE = Statement(
    insert(SessionToken)
    .from_select(
        ["session_id", "generation", "access_digest", "access_expires_at", "refresh_digest", "refresh_expires_at"],
        select(
            Session.id,
            select(func.coalesce(func.max(SessionToken.generation), 0) + 1)
            .where(SessionToken.session_id == Session.id, SessionToken.replaced_at.is_(None))
            .scalar_subquery(),
            bindparam("access", type_=LargeBinary),
            func.least(func.now() + _ACCESS, Session.expires_at),
            bindparam("refresh", type_=LargeBinary),
            func.least(func.now() + _IDLE, Session.expires_at),
        ).where(Session.id == _session),
    )
    .returning(SessionToken.access_expires_at, SessionToken.refresh_expires_at)
)
_LOCK = Statement(
    select(Session.id)
    .where(
        Session.id == select(SessionToken.session_id).where(SessionToken.refresh_digest == _digest).scalar_subquery()
    )
    .with_for_update()
)
_PRESENTED = Statement(
    select(
        SessionToken.id,
        SessionToken.session_id,
        SessionToken.generation,
        SessionToken.used_at,
        SessionToken.replaced_at,
        (_is_alive & (SessionToken.refresh_expires_at > func.now()) & User.is_active.is_(True)).label("is_good"),
        func.coalesce(
            (SessionToken.used_at > func.now() - _GRACE)
            & ~exists().where(
                _successor.session_id == SessionToken.session_id,
                _successor.generation == SessionToken.generation + 1,
                _successor.used_at.is_not(None),
            ),
            False,
        ).label("may_be_lost"),
        Session.user_id,
    )
    .join(Session, Session.id == SessionToken.session_id)
    .join(User, User.id == Session.user_id)
    .where(SessionToken.refresh_digest == _digest)
)
_USE = Statement(
    update(SessionToken)
    .where(SessionToken.id == bindparam("token_id", type_=BigInteger), SessionToken.used_at.is_(None))
    .values(used_at=func.now())
)
_REPLACE = Statement(
    update(SessionToken)
    .where(
        SessionToken.session_id == _session,
        SessionToken.generation > bindparam("after", type_=BigInteger),
        SessionToken.replaced_at.is_(None),
    )
    .values(replaced_at=func.now())
)
_REVOKE = Statement(
    update(Session)
    .where(Session.id == _session, Session.revoked_at.is_(None))
    .values(revoked_at=func.now())
    .returning(Session.id)
)
_REVOKE_OTHERS = Statement(
    update(Session)
    .where(Session.user_id == _user, Session.id != _session, _is_alive)
    .values(revoked_at=func.now())
    .returning(Session.id)
)
_FORGET = Statement(delete(Session).where(Session.expires_at < func.now() - _KEPT))


class Tokens(NamedTuple):
    """A pair of tokens, told once, and until when each is good."""

    user_id: int
    access_token: str
    access_expires_at: datetime
    refresh_token: str
    refresh_expires_at: datetime

    def __repr__(self) -> str:
        """Without the tokens: this may stand in a traceback."""
        return f"Tokens(user_id={self.user_id})"


class Recognised(NamedTuple):
    """Whom an access token speaks of, and in which session."""

    user_id: int
    session_id: int


class Sessions:
    """All sessions; one statement recognises a token, so that what ended is dead for the next request."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._begun = 0

    async def recognise(self, token: str) -> Recognised | None:
        """Whom an access token speaks of; None if it is not good, or not any more."""
        known = digest(token, Prefix.ACCESS)
        row = None if known is None else await self._credentials.row(_RECOGNISE, digest=known)
        return None if row is None else Recognised(row["user_id"], row["id"])

    async def begin(self, user_id: int, password_hash: str) -> Tokens | None:
        """The first pair of a new session; None if the password that was shown is not the person's any more."""
        self._begun += 1
        async with self._credentials.transaction() as transaction:
            if await transaction.row(_STILL, user_id=user_id, password_hash=password_hash) is None:
                return None
            if self._begun % _FORGET_AFTER == 0:
                await transaction.row(_FORGET)
            row = await transaction.row(_BEGIN, user_id=user_id)
            return await _issue(transaction, row["id"] if row is not None else 0, user_id)

    async def refresh(self, token: str) -> Tokens | None:
        """The next pair; None for a token that is not good, with the end of its session if it was used before."""
        known = digest(token, Prefix.REFRESH)
        if known is None:
            return None
        async with self._credentials.transaction() as transaction:
            await transaction.row(_LOCK, digest=known)
            shown = await transaction.row(_PRESENTED, digest=known)
            if shown is None or not shown["is_good"]:
                return None
            if shown["replaced_at"] is not None or (shown["used_at"] is not None and not shown["may_be_lost"]):
                await transaction.row(_REVOKE, session_id=shown["session_id"])
                return None
            await transaction.row(_REPLACE, session_id=shown["session_id"], after=shown["generation"])
            await transaction.row(_USE, token_id=shown["id"])
            return await _issue(transaction, shown["session_id"], shown["user_id"])

    async def revoke(self, session_id: int) -> int:
        """End a session; how many have ended."""
        return int(await self._credentials.row(_REVOKE, session_id=session_id) is not None)

    async def revoke_all(self, user_id: int) -> int:
        """End all sessions of a person; how many have ended."""
        async with self._credentials.transaction() as transaction:
            return await revoke_others(transaction, user_id, None)


async def revoke_others(transaction: Transaction, user_id: int, session_id: int | None) -> int:
    """End all sessions of a person but this one; how many have ended."""
    return len(await transaction.fetch(_REVOKE_OTHERS, user_id=user_id, session_id=session_id or 0))


async def _issue(transaction: Transaction, session_id: int, user_id: int) -> Tokens:
    access, refresh = mint(Prefix.ACCESS), mint(Prefix.REFRESH)
    row = await _store(transaction, session_id, access, refresh)
    return Tokens(user_id, access.token, row[0], refresh.token, row[1])


async def _store(
    transaction: Transaction, session_id: int, access: Minted, refresh: Minted
) -> tuple[datetime, datetime]:
    rows = await transaction.fetch(_ISSUE, session_id=session_id, access=access.digest, refresh=refresh.digest)
    return rows[0][0], rows[0][1]
