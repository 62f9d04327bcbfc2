"""Trying again what PostgreSQL could not do at that moment: a try keeps all of it, or nothing."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg

from lms_graphql.storage.errors import DatabaseBusyError, DatabaseUnreachableError, OutcomeUnknownError

T = TypeVar("T")

_MOST_TRIES = 5
_FIRST_PAUSE_SECONDS = 0.05
_AGAIN = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    DatabaseUnreachableError,
)
"""SQLSTATE 40001, 40P01, 55P03, and no connection, or one that broke while nothing was kept yet."""


async def repeated(once: Callable[[bool], Awaitable[T]], *, finds_out: bool) -> T:
    """What a try gives, repeated where PostgreSQL asks for it; `once` is told whether this is another try.

    With `finds_out` also where nobody told how one ended: the next finds that out by itself. Else OutcomeUnknownError.
    """
    pause = _FIRST_PAUSE_SECONDS
    for number in range(1, _MOST_TRIES + 1):
        try:
            return await once(number > 1)
        except OutcomeUnknownError:
            if not finds_out or number == _MOST_TRIES:
                raise
        except DatabaseBusyError:  # it has waited; to wait again would keep others from their turn
            raise
        except _AGAIN:
            if number == _MOST_TRIES:
                raise
        # Those who met go on at different times.
        await asyncio.sleep(pause * (0.5 + random.random()))  # noqa: S311 - not a secret
        pause *= 2
    raise AssertionError  # the last try has returned or raised
