"""What administrators may do with the data of their people: have somebody erased."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, Text, bindparam, cast, exists, select

from lms_graphql.engine.context import Context
from lms_graphql.engine.errors import Code, RequestError
from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.enrollment import promoting
from lms_graphql.privacy.erasing import entry_of
from lms_graphql.privacy.ledger import Entry, Ledger, LedgerError
from lms_graphql.privacy.models import Erasure
from lms_graphql.privacy.service import Erasing, erase
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.tenancy.models import University, UniversityMember, UserUniversityRole

logger = logging.getLogger(__name__)

_WHOM = ("input", "userId")
_LONGEST_REASON = 255

_Person = record("User")
_PERSON = bindparam("person", type_=BigInteger, required=True)
_LOCK = Statement(
    select(UniversityMember.user_id)
    .where(UniversityMember.university_id == UNIVERSITY, UniversityMember.user_id == _PERSON)
    .with_for_update()
)
_administers = exists().where(
    UserUniversityRole.university_id == UNIVERSITY,
    UserUniversityRole.user_id == _PERSON,
    cast(UserUniversityRole.role, Text) == "university_admin",
)
# Apart from the lock: what another transaction did while it was waited for shows to the next statement only.
_LOOK = Statement(
    select(University.short_code, Erasure.erased_at, _administers.label("administers"))
    .outerjoin(Erasure, (Erasure.university_id == UNIVERSITY) & (Erasure.user_id == _PERSON))
    .where(University.id == UNIVERSITY)
)


async def erase_person(work: Work, given: Given) -> dict[str, Any]:
    """Erase a person of the university for good; gives `user_id`, and `erased_at` as ISO 8601.

    Who is erased already stays as they are. What they still take part in or wait for is dropped, and their seats go to
    those who wait; what they have completed stays.

    The ledger gets its line at the end, before the transaction is committed. If the commit fails, the line stays, and
    the next try writes another one: of a person's lines the last counts.
    """
    reason = line(given["reason"], ("input", "reason"), most=_LONGEST_REASON)
    person = number_of(given["userId"], "User", work.viewer.university_id)
    if person is None or await work.one(_LOCK, _Person, person=person) is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such person in this university", _WHOM)
    found = await work.one(_LOOK, _Person, person=person)
    if found is None:
        raise RuntimeError("the university of the request is gone")
    _require_erasable(work, person, found)
    if found["erased_at"] is not None:
        work.nothing_changed()
        return {"user_id": person, "erased_at": found["erased_at"].isoformat()}
    entry = await _erased(work, person, found["short_code"], reason)
    await _write_down(work.context, entry)
    return {"user_id": person, "erased_at": entry.erased_at.isoformat()}


def _require_erasable(work: Work, person: int, found: Row) -> None:
    if person == work.viewer.user_id:
        raise Refused(UserErrorCode.FORBIDDEN, "nobody may erase themselves", _WHOM)
    if found["administers"]:
        message = "this person administers the university: take that role from them first"
        raise Refused(UserErrorCode.FORBIDDEN, message, _WHOM)


async def _erased(work: Work, person: int, university: str, reason: str) -> Entry:
    """Do it and audit it; gives the ledger's entry."""
    asked = Erasing(
        university_id=work.context.university_id(),
        user_id=person,
        erased_by=work.viewer.user_id,
        reason=reason,
        request_id=work.context.request_id,
    )
    erased = await erase(_Reader(work), asked)
    if erased is None:
        raise RuntimeError("a locked person is gone")
    await work.audit("person.erase", "User", person, reason=reason)
    await work.tell("person.erased", "User", person)
    for offering_id in erased.freed:
        await promoting.promote(work, offering_id)
    return entry_of(university, asked, erased)


class _Reader:
    """The service's reader in the transaction of a mutation."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def one(self, statement: Statement, parameters: Mapping[str, Any]) -> Row | None:
        return await self._work.one(statement, Row, **parameters)


async def _write_down(context: Context, entry: Entry) -> None:
    """Put the entry on the disk, or raise UNAVAILABLE: then nobody is erased."""
    try:
        # Not on the event loop: a disk takes its time to sync, and another process may have the file's lock.
        await asyncio.to_thread(context.service(Ledger).add, entry)
    except KeyError as error:
        message = "nobody can be erased here: this installation has no place for the ledger of erasures"
        raise RequestError(Code.UNAVAILABLE, message) from error
    except LedgerError as error:
        logger.error("request %s: %s", context.request_id, error)  # noqa: TRY400 - one line says it
        message = "the ledger of erasures can't be written at the moment, so nobody was erased; try again"
        raise RequestError(Code.UNAVAILABLE, message) from error
