"""What a mutation leaves behind in its own transaction: who changed what (audit_log), what others shall hear (outbox).

Both are only ever added to: lms_app may INSERT, and nobody but their owner may do more. They are partitioned by time
(see `storage.partitions`), so no row is deleted by itself, and they refer to nothing by key but their university: what
they tell stays true when the person or the row is gone.
"""

from typing import Any

from sqlalchemy import ARRAY, BigInteger, Index, String, Text, bindparam, cast, column, func, insert, select, text
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


def _each(*names: str) -> Any:
    """Rows of an id and texts of JSON, from arrays of the names; in the order that they stand in."""
    arrays = [bindparam("entity_ids", type_=ARRAY(BigInteger)), *(bindparam(name, type_=ARRAY(Text)) for name in names)]
    columns: list[Any] = [column("entity_id", BigInteger), *(column(name, Text) for name in names)]
    return func.unnest(*arrays).table_valued(*columns, with_ordinality="place").render_derived(name="each")


_CHANGES, _EVENTS = _each("old_values", "new_values"), _each("facts")
ADD_AUDIT_ENTRIES = Statement(
    insert(AuditEntry)
    .inline()
    .from_select(
        [
            "university_id",
            "user_id",
            "roles",
            "act",
            "entity",
            "entity_id",
            "old_values",
            "new_values",
            "reason",
            "request_id",
        ],
        select(
            UNIVERSITY,
            bindparam("actor_id", type_=BigInteger),
            bindparam("roles", type_=ARRAY(Text)),
            bindparam("act", type_=String),
            bindparam("entity", type_=String),
            _CHANGES.c.entity_id,
            cast(_CHANGES.c.old_values, JSONB),
            cast(_CHANGES.c.new_values, JSONB),
            bindparam("reason", type_=Text),
            bindparam("request_id", type_=String),
        ).order_by(_CHANGES.c.place),
    )
)
"""As ADD_AUDIT_ENTRY, an entry for each of entity_ids, with its JSON of old_values and new_values."""

ADD_OUTBOX_ENTRIES = Statement(
    insert(OutboxEntry)
    .inline()
    .from_select(
        ["university_id", "topic", "entity", "entity_id", "facts"],
        select(
            UNIVERSITY,
            bindparam("topic", type_=String),
            bindparam("entity", type_=String),
            _EVENTS.c.entity_id,
            cast(_EVENTS.c.facts, JSONB),
        ).order_by(_EVENTS.c.place),
    )
)
"""As ADD_OUTBOX_ENTRY, an event for each of entity_ids, with its JSON of facts."""
