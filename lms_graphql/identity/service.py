"""Local accounts: signing in with a password, and changing it."""

import logging

from sqlalchemy import BigInteger, String, bindparam, func, select, update

from lms_graphql.identity.attempts import Attempts
from lms_graphql.identity.credentials import Credentials
from lms_graphql.identity.passwords import Passwords
from lms_graphql.identity.sessions import Sessions, Tokens, revoke_others
from lms_graphql.storage.statements import Statement
from lms_graphql.tenancy.models import User

logger = logging.getLogger(__name__)

_LONGEST_ADDRESS = 255

_id = bindparam("user_id", type_=BigInteger)
_hash = bindparam("password_hash", type_=String)
_BY_ADDRESS = Statement(
    select(User.id, User.password_hash, User.is_active).where(
        func.lower(User.email) == func.lower(bindparam("email", type_=String))
    )
)
_BY_ID = Statement(select(User.email, User.password_hash, User.is_active).where(User.id == _id))
_REHASH = Statement(
    update(User)
    .where(User.id == _id, User.password_hash == bindparam("known", type_=String))
    .values(password_hash=_hash)
    .returning(User.id)
)
_SET = Statement(update(User).where(User.id == _id).values(password_hash=_hash).returning(User.id))


class WrongCredentialsError(Exception):
    """No account has this address and this password; which of them is wrong is not told."""


class LocalAccounts:
    """Accounts with a password of ours."""

    def __init__(self, credentials: Credentials, sessions: Sessions, passwords: Passwords) -> None:
        self._credentials = credentials
        self._sessions = sessions
        self._passwords = passwords
        self._attempts = Attempts(credentials)

    async def login(self, email: str, password: str, network: str) -> Tokens:
        """A new session. Raises WrongCredentialsError, or ThrottledError without having looked at the password."""
        account = email.strip().lower()
        await self._attempts.take(account, network)
        row = await self._credentials.row(_BY_ADDRESS, email=account) if _can_be_stored(account) else None
        is_right = await self._passwords.verify(password, None if row is None else row["password_hash"])
        if row is None or not is_right or not row["is_active"]:
            raise WrongCredentialsError
        stored = row["password_hash"]
        await self._attempts.succeeded(account, network)
        if self._passwords.is_outdated(stored):
            renewed = await self._passwords.rehash(password)
            if await self._credentials.row(_REHASH, user_id=row["id"], known=stored, password_hash=renewed):
                stored = renewed
        tokens = await self._sessions.begin(row["id"], stored)
        if tokens is None:  # it was changed while we looked
            raise WrongCredentialsError
        return tokens

    async def change_password(
        self, user_id: int, session_id: int | None, *, current: str, new: str, network: str
    ) -> int:
        """Change somebody's password and end all other sessions of theirs; how many have ended.

        Raises WrongCredentialsError for the current one, PasswordLengthError for the new, and ThrottledError.
        """
        row = await self._credentials.row(_BY_ID, user_id=user_id)
        account = "" if row is None else row["email"].strip().lower()
        renewed = await self._passwords.hash(new)
        await self._attempts.take(account, network)
        stored = None if row is None else row["password_hash"]
        if row is None or not await self._passwords.verify(current, stored) or not row["is_active"]:
            raise WrongCredentialsError
        await self._attempts.succeeded(account, network)
        async with self._credentials.transaction() as transaction:
            changed = await transaction.row(_REHASH, user_id=user_id, known=stored, password_hash=renewed)
            if changed is None:  # somebody else was faster, and this password is not the current one any more
                raise WrongCredentialsError
            ended = await revoke_others(transaction, user_id, session_id)
        logger.info("the password of user %d was changed", user_id)
        return ended

    async def set_password(self, user_id: int, new: str) -> bool:
        """Give somebody a password and end all their sessions, for who administers accounts; whether they are there."""
        renewed = await self._passwords.hash(new)
        async with self._credentials.transaction() as transaction:
            found = await transaction.row(_SET, user_id=user_id, password_hash=renewed)
            await revoke_others(transaction, user_id, None)
        return found is not None


async def by_address(credentials: Credentials, email: str) -> int | None:
    """The id of whose address this is."""
    account = email.strip().lower()
    row = await credentials.row(_BY_ADDRESS, email=account) if _can_be_stored(account) else None
    return None if row is None else int(row["id"])


def _can_be_stored(account: str) -> bool:
    """Whether this can be an address in the database at all; PostgreSQL would take offence at the rest."""
    return 0 < len(account) <= _LONGEST_ADDRESS and account.isprintable()
