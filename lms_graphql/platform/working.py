"""Mutations of what belongs to no university, for administrators of the platform, each in one transaction of its own.

Only such a transaction has the setting that lets lms_app write to the tables that everybody reads. What it does is
written down in the platform's own log. A key that makes a mutation happen once belongs to a university, so here it says
nothing: what can't be done twice is kept from it by its codes.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import asyncpg
import orjson
from sqlalchemy import BigInteger, String, bindparam, insert, text
from sqlalchemy.dialects.postgresql import JSONB
from typing_extensions import override

from lms_graphql.engine.context import Context
from lms_graphql.engine.errors import Code, RequestError
from lms_graphql.engine.mutations import Given, Keys, own_mutation
from lms_graphql.engine.rows import Row
from lms_graphql.engine.tries import repeated
from lms_graphql.engine.usererrors import Refused, UserFailure
from lms_graphql.engine.work import Work
from lms_graphql.platform import policy
from lms_graphql.platform.models import PlatformAuditEntry
from lms_graphql.storage.errors import OutcomeUnknownError
from lms_graphql.storage.statements import Statement

R = TypeVar("R", bound=Row)

_WRITE_DOWN = Statement(
    insert(PlatformAuditEntry)
    .inline()
    .values(
        user_id=bindparam("actor_id", type_=BigInteger, required=True),
        act=bindparam("act", type_=String, required=True),
        entity=bindparam("entity", type_=String, required=True),
        entity_id=bindparam("entity_id", type_=BigInteger, required=True),
        old_values=bindparam("old_values", type_=JSONB, required=True),
        new_values=bindparam("new_values", type_=JSONB, required=True),
        request_id=bindparam("request_id", type_=String, required=True),
    )
)
_ENTER = Statement(
    text("SELECT set_config('lms.university_id', CAST(CAST(:university_id AS bigint) AS text), true) AS entered")
)


class PlatformWork(Work):
    """What the service of such a mutation works with; `audit` writes into the platform's log."""

    _university_id = 0

    @property
    @override
    def university_id(self) -> int | None:
        return self._university_id or None

    @override
    async def rows(self, statement: Statement, row: type[R], **parameters: Any) -> list[R]:
        return await super().rows(statement, row, **{"university_id": self._university_id, **parameters})

    @override
    async def audit(
        self,
        act: str,
        entity: str,
        entity_id: int | None,
        *,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
        reason: str | None = None,
    ) -> None:
        self.audited += 1
        told = {
            "actor_id": self.viewer.user_id,
            "act": act,
            "entity": entity,
            "entity_id": entity_id,
            "old_values": _json(before),
            "new_values": _json(after),
            "request_id": self.context.request_id,
        }
        await self.rows(_WRITE_DOWN, Row, **told)

    async def enter(self, university_id: int) -> None:
        """Act in this university from here on: its rows are bound, and its second wall lets them through."""
        self._university_id = university_id
        await self.rows(_ENTER, Row)


PlatformService = Callable[[PlatformWork, Given], Awaitable[dict[str, Any]]]


def platform_mutation(
    service: PlatformService,
    input_type: Any,
    description: str,
    *,
    refusals: Mapping[str, UserFailure] | None = None,
    weight: int | None = None,
) -> Any:
    """A field of Mutation for administrators of the platform; `refusals` and `weight` as in `mutations.mutation`."""

    async def act(context: Context, given: Given) -> Keys:
        try:
            return await repeated(lambda _again: _once(service, context, given, refusals or {}), finds_out=False)
        except OutcomeUnknownError as error:
            message = "the connection broke while this was being kept: look whether it was done"
            raise RequestError(Code.OUTCOME_UNKNOWN, message) from error

    return own_mutation(act, input_type, description, may=policy.may_administer_platform, weight=weight)


async def _once(
    service: PlatformService, context: Context, given: Given, refusals: Mapping[str, UserFailure]
) -> dict[str, Any]:
    async with context.snapshot.platform_transaction(context.viewer.user_id or 0) as transaction:
        work = PlatformWork(context, transaction)
        try:
            keys = await service(work, given)
        except asyncpg.IntegrityConstraintViolationError as error:
            known = refusals.get(error.constraint_name or "")
            if known is None:
                raise
            raise Refused.all([known]) from error
        if not work.audited:
            raise RuntimeError(f"{service.__name__} wrote nothing into the audit log")
        await transaction.commit()
        return keys


def _json(values: Mapping[str, Any] | None) -> str | None:
    return None if values is None else orjson.dumps(dict(values), default=str).decode()
