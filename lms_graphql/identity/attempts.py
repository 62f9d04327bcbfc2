"""How often somebody may fail to sign in, counted in PostgreSQL, so that more workers are not more guesses.

An attempt takes its place in three buckets before the password is looked at, and gives it back if the password was
right: a hundred attempts at the same moment count as a hundred. One that is refused counts nowhere, or whoever is
throttled at one address could lock everybody else out of the account.
"""

from datetime import timedelta
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import Integer, Interval, String, bindparam, case, cast, delete, extract, func, update
from sqlalchemy.dialects.postgresql import insert

from lms_graphql.identity.credentials import Credentials
from lms_graphql.identity.models import LoginAttempts
from lms_graphql.storage.statements import Statement

_FORGET_AFTER = 1000
_MINUTES_15, _HOUR = timedelta(minutes=15), timedelta(hours=1)


class ThrottledError(Exception):
    """Too many failures; `seconds` until the next attempt is looked at."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"too many failed attempts; try again in {seconds} s")
        self.seconds = seconds


class _Bucket(NamedTuple):
    name: str
    most: int
    window: timedelta


def _buckets(account: str, network: str) -> list[_Bucket]:
    """The buckets of an attempt, always in this order, so that two attempts never wait for each other."""
    hashed = sha256(account.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return [
        _Bucket(f"pair {hashed} {network[:48]}", 10, _MINUTES_15),
        _Bucket(f"account {hashed}", 100, _HOUR),
        _Bucket(f"network {network[:48]}", 1000, _HOUR),
    ]


_NAME = bindparam("name", type_=String)


def _take() -> Statement:
    """One more failure in a bucket; one whose window is over begins anew."""
    window = bindparam("window", type_=Interval)
    fresh = insert(LoginAttempts).values(bucket=_NAME, failures=1, ends_at=func.now() + window)
    is_over = LoginAttempts.ends_at <= func.now()
    seconds = extract("epoch", LoginAttempts.ends_at - func.now())
    return Statement(
        fresh.on_conflict_do_update(
            index_elements=[LoginAttempts.bucket],
            set_={
                "failures": case((is_over, 1), else_=LoginAttempts.failures + 1),
                "ends_at": case((is_over, func.now() + window), else_=LoginAttempts.ends_at),
            },
        ).returning(LoginAttempts.failures, cast(func.ceil(seconds), Integer).label("seconds"))
    )


_TAKE = _take()
_GIVE_BACK = Statement(
    update(LoginAttempts)
    .where(LoginAttempts.bucket == _NAME)
    .values(failures=func.greatest(LoginAttempts.failures - 1, 0))
)
_EMPTY = Statement(delete(LoginAttempts).where(LoginAttempts.bucket == _NAME))
_FORGET = Statement(delete(LoginAttempts).where(LoginAttempts.ends_at < func.now()))


class Attempts:
    """The failures of all accounts and networks. An account is what was typed, whether there is such or not."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._taken = 0

    async def take(self, account: str, network: str) -> None:
        """Count an attempt as failed, before it is looked at; ThrottledError, and nothing counted, if it is not to be.

        At most 10 fail in 15 minutes for an account from a network, 100 an hour for an account, 1,000 for a network.
        """
        self._taken += 1
        async with self._credentials.transaction() as transaction:
            for bucket in _buckets(account, network):
                row = await transaction.row(_TAKE, name=bucket.name, window=bucket.window)
                if row is not None and row["failures"] > bucket.most:
                    raise ThrottledError(max(1, row["seconds"]))
        if self._taken % _FORGET_AFTER == 0:
            await self._credentials.row(_FORGET)

    async def succeeded(self, account: str, network: str) -> None:
        """Take back what `take` counted, and what failed before from there."""
        pair, *wider = _buckets(account, network)
        async with self._credentials.transaction() as transaction:
            await transaction.row(_EMPTY, name=pair.name)
            for bucket in wider:
                await transaction.row(_GIVE_BACK, name=bucket.name)
