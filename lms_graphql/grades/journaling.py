"""Audit and outbox entries of many changes at once: two statements, whatever their number."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from lms_graphql.engine.work import Work


class Change(NamedTuple):
    """What a row was before and after, and what others are told of it: ids and plain facts."""

    entity_id: int
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    facts: Mapping[str, Any]


async def write_down(
    work: Work, act: str, topic: str, entity: str, changes: Sequence[Change], *, reason: str | None = None
) -> None:
    """An audit and an outbox entry for each change, in the transaction of its effect; none where there is no change."""
    if changes:
        await work.audit_each(act, entity, [change[:3] for change in changes], reason=reason)
        await work.tell_each(topic, entity, [(change.entity_id, change.facts) for change in changes])
