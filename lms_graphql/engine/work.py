"""What the service of a mutation works with: statements in one transaction, and what it leaves behind there."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, TypeVar

import asyncpg
import orjson
from sqlalchemy import text

from lms_graphql.engine.context import Context, Viewer
from lms_graphql.engine.rows import Row
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.storage.journal import ADD_AUDIT_ENTRIES, ADD_AUDIT_ENTRY, ADD_OUTBOX_ENTRIES, ADD_OUTBOX_ENTRY
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.transaction import Transaction

R = TypeVar("R", bound=Row)

_SAVE = Statement(text("SAVEPOINT part"))
_KEEP = Statement(text("RELEASE SAVEPOINT part"))
_TAKE_BACK = Statement(text("ROLLBACK TO SAVEPOINT part"))


class Change(NamedTuple):
    """What became of one of the rows that an act changed, for the audit log."""

    entity_id: int
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


class Work:
    """One try of one mutation. Services execute and never commit; a try that meets another may be repeated."""

    def __init__(self, context: Context, transaction: Transaction) -> None:
        self.context = context
        self.audited = 0
        """How many entries it has written into the audit log; a service that leaves it at 0 fails."""
        self.once: dict[str, Any] = {}
        """What the payload tells this one time, and nothing keeps: who sends the same key again is not told it."""
        self.brought: Any = None
        """What was fetched before the transaction began; see `mutations.mutation`, `before`."""
        self._transaction = transaction

    @property
    def viewer(self) -> Viewer:
        """Who acts."""
        return self.context.viewer

    @property
    def university_id(self) -> int | None:
        """The university that it is done in; None for what an administrator of the platform does, in none."""
        return self.context.university_id()

    async def rows(self, statement: Statement, row: type[R], **parameters: Any) -> list[R]:
        """The rows that a statement gives; the university and the viewer are bound by name in every one."""
        return await self._transaction.fetch(statement, {**self.context.bound(), **parameters}, row)

    async def one(self, statement: Statement, row: type[R], **parameters: Any) -> R | None:
        """The only row that a statement gives, None if it gives none."""
        found = await self.rows(statement, row, **parameters)
        return found[0] if found else None

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
        """Write down who did what, in the transaction of its effect; no mutation may do without."""
        self.audited += 1
        told = {
            "actor_id": self.viewer.user_id,
            "roles": self._roles(),
            "act": act,
            "entity": entity,
            "entity_id": entity_id,
            "old_values": _json(before),
            "new_values": _json(after),
            "reason": reason,
            "request_id": self.context.request_id,
        }
        await self.rows(ADD_AUDIT_ENTRY, Row, **told)

    async def audit_each(
        self,
        act: str,
        entity: str,
        changes: Sequence[tuple[int, Mapping[str, Any] | None, Mapping[str, Any] | None]],
        *,
        reason: str | None = None,
    ) -> None:
        """`audit` for many rows at once, in one statement."""
        self.audited += len(changes)
        told = {
            "actor_id": self.viewer.user_id,
            "roles": self._roles(),
            "act": act,
            "entity": entity,
            "entity_ids": [number for number, _, _ in changes],
            "old_values": [_json(before) for _, before, _ in changes],
            "new_values": [_json(after) for _, _, after in changes],
            "reason": reason,
            "request_id": self.context.request_id,
        }
        await self.rows(ADD_AUDIT_ENTRIES, Row, **told)

    def _roles(self) -> list[str]:
        """In what roles somebody acts; of a service, by which token."""
        token_id = self.viewer.service_token_id
        return sorted(self.viewer.roles) if token_id is None else [f"service_token:{token_id}"]

    @asynccontextmanager
    async def part(self, *, keep: bool = True) -> AsyncIterator[None]:
        """A part of the work whose effect is taken back where it is refused, and with `keep` False (a dry run) always.

        Audit and outbox entries written in it go with it. Parts must not be nested.
        """
        await self.rows(_SAVE, Row)
        try:
            yield
        except (Refused, asyncpg.IntegrityConstraintViolationError):
            await self.rows(_TAKE_BACK, Row)
            raise
        await self.rows(_KEEP if keep else _TAKE_BACK, Row)

    def nothing_changed(self) -> None:
        """Say that everything was as it was asked to be already, so that there is nothing to write down."""
        self.audited += 1

    async def tell(self, topic: str, entity: str, entity_id: int | None, **facts: Any) -> None:
        """Tell others of what happened, once it is kept: ids and plain facts, nothing that is secret."""
        told = {"topic": topic, "entity": entity, "entity_id": entity_id, "facts": _json(facts)}
        await self.rows(ADD_OUTBOX_ENTRY, Row, **told)

    async def tell_each(self, topic: str, entity: str, events: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
        """`tell` for many rows at once, in one statement: the id of each and its facts."""
        told = {
            "topic": topic,
            "entity": entity,
            "entity_ids": [number for number, _ in events],
            "facts": [_json(facts) for _, facts in events],
        }
        await self.rows(ADD_OUTBOX_ENTRIES, Row, **told)


def require_version(current: int, expected: int | None) -> None:
    """Refuse a change of something that is no longer as its user saw it; None expects nothing."""
    if expected is not None and expected != current:
        raise Refused(
            UserErrorCode.CONFLICT,
            f"this has changed: version {current} is there, {expected} was expected",
            ("input", "expectedVersion"),
            current_version=current,
        )


def _json(values: Mapping[str, Any] | None) -> str | None:
    return None if values is None else orjson.dumps(dict(values), default=str).decode()
