"""Login identities by their addresses: found, or made for who has none yet."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ARRAY, BigInteger, Text, bindparam, column, func, select

from lms_graphql.engine.rows import record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement
from lms_graphql.tenancy.addresses import is_address

_AccountRow = record("Account", tenant=False)


class Person(NamedTuple):
    """Somebody who is to be known to a university; the address in the spelling that it will have there."""

    email: str
    full_name: str


def _accounts() -> Statement:
    arrays = [bindparam(name, type_=ARRAY(Text)) for name in ("addresses", "names")]
    found = func.accounts_of(*arrays).table_valued(column("place", BigInteger), column("user_id", BigInteger))
    return Statement(select(found.c.user_id).order_by(found.c.place))


_ACCOUNTS = _accounts()


async def accounts_of(work: Work, people: Sequence[Person]) -> list[int]:
    """The user ids of these people, in their order, in one statement; accounts are made for those who have none.

    Whether somebody had an account is not told: it would tell a university who is known elsewhere. No membership is
    made. One address twice, in capitals or not, is one account. Check addresses and names first (`addresses.address`,
    `inputs.line`): here an address that is none refuses everything, and the path does not say which.
    """
    for person in people:
        if not is_address(person.email):
            raise Refused(UserErrorCode.INVALID, f"{person.email!r} is no e-mail address", ("input",))
    rows = await work.rows(
        _ACCOUNTS,
        _AccountRow,
        addresses=[person.email for person in people],
        names=[person.full_name for person in people],
    )
    return [row["user_id"] for row in rows]
