"""What a command's work in a university runs its statements with, as `engine.work` is for a mutation's."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import asyncpg
import orjson

from lms_graphql.engine.rows import Row
from lms_graphql.storage.journal import ADD_AUDIT_ENTRIES, ADD_OUTBOX_ENTRIES
from lms_graphql.storage.statements import Statement

R = TypeVar("R", bound=Row)


class Operator:
    """Statements in a driver's transaction that is set to act in the university; the audit log names the operator."""

    def __init__(self, driver: asyncpg.Connection, university_id: int, request_id: str) -> None:
        self._driver = driver
        self._university_id = university_id
        self._request_id = request_id

    async def one(self, statement: Statement, parameters: Mapping[str, Any]) -> Any:
        """The first row of a statement with exactly these parameters, None when there is none."""
        return await self._driver.fetchrow(statement.sql, *statement.arguments(parameters))

    async def rows(self, statement: Statement, row: type[R], **parameters: Any) -> list[R]:
        """The rows that a statement gives; the university is bound."""
        arguments = statement.arguments({"university_id": self._university_id, **parameters})
        found: list[R] = await self._driver.fetch(statement.sql, *arguments, record_class=row)
        return found

    async def audit_each(
        self,
        act: str,
        entity: str,
        changes: Sequence[tuple[int, Mapping[str, Any] | None, Mapping[str, Any] | None]],
        *,
        reason: str | None = None,
    ) -> None:
        """Write down what became of each row (its id, what it was, what it is), done by nobody of the university."""
        await self.rows(
            ADD_AUDIT_ENTRIES,
            Row,
            actor_id=None,
            roles=["operator"],
            act=act,
            entity=entity,
            entity_ids=[number for number, _, _ in changes],
            old_values=[_json(before) for _, before, _ in changes],
            new_values=[_json(after) for _, _, after in changes],
            reason=reason,
            request_id=self._request_id,
        )

    async def tell_each(self, topic: str, entity: str, events: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
        """Tell others of each row: its id and facts."""
        facts = [_json(facts) for _, facts in events]
        ids = [number for number, _ in events]
        await self.rows(ADD_OUTBOX_ENTRIES, Row, topic=topic, entity=entity, entity_ids=ids, facts=facts)


def _json(values: Mapping[str, Any] | None) -> str | None:
    return None if values is None else orjson.dumps(dict(values)).decode()
