"""What a mutation leaves behind in its own transaction: who changed what (audit_log), what others shall hear (outbox).

Both are only ever added to: lms_app may INSERT, and nobody but their owner may do more. They are partitioned by time
(see `storage.partitions`), so no row is deleted by itself, and they refer to nothing by key but their university: what
they tell stays true when the person or the row is gone.
"""

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Index,
    String,
    Text,
    bindparam,
    cast,
    column,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lms_graphql.storage.metadata import BigInt, Id, Model, TenantOwned, Time
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY


class AuditEntry(TenantOwned, Model):
    """One act: who did it, in which roles, to what, and what the row was before and after."""

    __tablename__ = "audit_log"
    __table_args__ = (
        Index("ix_audit_log_entity", "university_id", "entity", "entity_id", "at"),
        Index("ix_audit_log_user_id", "university_id", "user_id", "at"),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    at: Mapped[Time] = mapped_column(primary_key=True, server_default=func.now())
    id: Mapped[Id]
    user_id: Mapped[BigInt | None]
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    act: Mapped[str] = mapped_column(String(64))
    entity: Mapped[str] = mapped_column(String(64))
    entity_id: Mapped[BigInt | None]
    old_values: Mapped[Any | None] = mapped_column(JSONB)
    new_values: Mapped[Any | None] = mapped_column(JSONB)
    reason: Mapped[str | None] = mapped_column(Text)
    request_id: Mapped[str] = mapped_column(String(64))


class OutboxEntry(TenantOwned, Model):
    """One committed event, for whoever tells others about it, in the order of `transaction` and `id`."""

    __tablename__ = "outbox"
    __table_args__ = ({"postgresql_partition_by": "RANGE (at)"},)

    at: Mapped[Time] = mapped_column(primary_key=True, server_default=func.now())
    id: Mapped[Id]
    transaction: Mapped[BigInt] = mapped_column(server_default=text("pg_current_xact_id()::text::bigint"))
    """The number of the transaction, never used twice: rows below pg_snapshot_xmin() are complete."""
    topic: Mapped[str] = mapped_column(String(64))
    entity: Mapped[str] = mapped_column(String(64))
    entity_id: Mapped[BigInt | None]
    facts: Mapped[Any] = mapped_column(JSONB, server_default=text("'{}'"))


ADD_AUDIT_ENTRY = Statement(
    insert(AuditEntry)
    .inline()
    .values(
        university_id=UNIVERSITY,
        user_id=bindparam("actor_id", type_=BigInteger),
        roles=bindparam("roles", type_=ARRAY(Text)),
        act=bindparam("act", type_=String),
        entity=bindparam("entity", type_=String),
        entity_id=bindparam("entity_id", type_=BigInteger),
        old_values=bindparam("old_values", type_=JSONB),
        new_values=bindparam("new_values", type_=JSONB),
        reason=bindparam("reason", type_=Text),
        request_id=bindparam("request_id", type_=String),
    )
)
"""Parameters besides the university: actor_id, roles, act, entity, entity_id, old_values, new_values, reason,
request_id."""

_CHANGES = func.unnest(
    bindparam("entity_ids", type_=ARRAY(BigInteger)),
    bindparam("old_values", type_=ARRAY(Text)),
    bindparam("new_values", type_=ARRAY(Text)),
).table_valued(column("entity_id", BigInteger), column("old", Text), column("new", Text))
_CHANGE = _CHANGES.render_derived(name="change")
ADD_AUDIT_ENTRIES = Statement(
    insert(AuditEntry)
    .inline()
    .from_select(
        ["university_id", "user_id", "roles", "act", "entity", "request_id", "entity_id", "old_values", "new_values"],
        select(
            cast(UNIVERSITY, BigInteger),
            bindparam("actor_id", type_=BigInteger),
            bindparam("roles", type_=ARRAY(Text)),
            bindparam("act", type_=String),
            bindparam("entity", type_=String),
            bindparam("request_id", type_=String),
            _CHANGE.c.entity_id,
            cast(_CHANGE.c.old, JSONB),
            cast(_CHANGE.c.new, JSONB),
        ).select_from(_CHANGE),
        include_defaults=False,
    )
)
"""As ADD_AUDIT_ENTRY, for many rows that one act changed: arrays entity_ids, old_values and new_values, and no reason.
"""

ADD_OUTBOX_ENTRY = Statement(
    insert(OutboxEntry)
    .inline()
    .values(
        university_id=UNIVERSITY,
        topic=bindparam("topic", type_=String),
        entity=bindparam("entity", type_=String),
        entity_id=bindparam("entity_id", type_=BigInteger),
        facts=bindparam("facts", type_=JSONB),
    )
)
"""Parameters besides the university: topic, entity, entity_id, facts."""
