"""Audit and outbox entries of many changes at once: two statements, whatever their number."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ARRAY, BigInteger, String, Text, bindparam, cast, column, func, insert, select
from sqlalchemy.dialects.postgresql import JSONB

from lms_graphql.engine.rows import Row
from lms_graphql.engine.work import Work
from lms_graphql.storage.journal import AuditEntry, OutboxEntry
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY


class Change(NamedTuple):
    """What a row was before and after, and what others are told of it: ids and plain facts."""

    entity_id: int
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    facts: Mapping[str, Any]


_CHANGED = (
    func.unnest(
        bindparam("ids", type_=ARRAY(BigInteger)),
        bindparam("olds", type_=ARRAY(Text)),
        bindparam("news", type_=ARRAY(Text)),
    )
    .table_valued(column("entity_id", BigInteger), column("old", Text), column("new", Text))
    .render_derived(name="changed")
)
_TOLD = (
    func.unnest(bindparam("ids", type_=ARRAY(BigInteger)), bindparam("told", type_=ARRAY(Text)))
    .table_valued(column("entity_id", BigInteger), column("facts", Text))
    .render_derived(name="told")
)
_AUDIT = Statement(
    insert(AuditEntry)
    .inline()
    .from_select(
        ["university_id", "user_id", "roles", "act", "entity", "entity_id", "old_values", "new_values", "reason",
         "request_id"],
        select(
            UNIVERSITY,
            bindparam("actor_id", type_=BigInteger),
            bindparam("roles", type_=ARRAY(Text)),
            bindparam("act", type_=String),
            bindparam("entity", type_=String),
            _CHANGED.c.entity_id,
            cast(_CHANGED.c.old, JSONB),
            cast(_CHANGED.c.new, JSONB),
            bindparam("reason", type_=Text),
            bindparam("request_id", type_=String),
        ),
    )
)  # fmt: skip
_TELL = Statement(
    insert(OutboxEntry)
    .inline()
    .from_select(
        ["university_id", "topic", "entity", "entity_id", "facts"],
        select(
            UNIVERSITY,
            bindparam("topic", type_=String),
            bindparam("entity", type_=String),
            _TOLD.c.entity_id,
            cast(_TOLD.c.facts, JSONB),
        ),
    )
)


async def write_down(
    work: Work, act: str, topic: str, entity: str, changes: Sequence[Change], *, reason: str | None = None
) -> None:
    """An audit and an outbox entry for each change, in the transaction of its effect; none where there is no change."""
    if not changes:
        return
    ids = [change.entity_id for change in changes]
    await work.rows(
        _AUDIT,
        Row,
        actor_id=work.viewer.user_id,
        roles=sorted(work.viewer.roles),
        act=act,
        entity=entity,
        ids=ids,
        olds=[_json(change.before) for change in changes],
        news=[_json(change.after) for change in changes],
        reason=reason,
        request_id=work.context.request_id,
    )
    work.audited += len(changes)
    await work.rows(_TELL, Row, topic=topic, entity=entity, ids=ids, told=[_json(change.facts) for change in changes])


def _json(values: Mapping[str, Any] | None) -> str | None:
    return None if values is None else orjson.dumps(dict(values), default=str).decode()
