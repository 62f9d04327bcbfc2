"""Login identities by their addresses: found, or made for who has none yet."""

from collections.abc import Sequence
from typing import NamedTuple

from lms_graphql.engine.work import Work


class Person(NamedTuple):
    """Somebody who is to be known to a university; the address in the spelling that it will have there."""

    email: str
    full_name: str


async def accounts_of(work: Work, people: Sequence[Person]) -> list[int]:
    """The user ids of these people, in their order, in one statement; accounts are made for those who have none.

    Whether somebody had an account is not told: it would tell a university who is known elsewhere. No membership is
    made.
    """
    raise NotImplementedError
