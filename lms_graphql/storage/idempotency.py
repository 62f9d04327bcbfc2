"""What became of a mutation that was sent under a key: kept with its effect, so that a retry finds it.

A key is good for a day. It belongs to a person in a university and to one place in the answer, since a document may
have several mutations. Kept are ids and users' errors, never what the client was shown: that is read again.
"""

from datetime import datetime
from typing import Any, NamedTuple

import asyncpg
import orjson
from sqlalchemy import DateTime, LargeBinary, String, bindparam, func, insert, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lms_graphql.storage.metadata import BigInt, Model, TenantOwned
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY, USER
from lms_graphql.storage.transaction import Transaction

KEPT_HOURS = 24


class IdempotencyKey(TenantOwned, Model):
    """A mutation that was done, or refused for what its user can correct, under a key."""

    __tablename__ = "idempotency_keys"
    __table_args__ = ({"postgresql_partition_by": "RANGE (at)"},)

    user_id: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    path: Mapped[str] = mapped_column(String(255), primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True, server_default=func.now())
    mutation: Mapped[str] = mapped_column(String(64))
    argument_hash: Mapped[bytes] = mapped_column(LargeBinary)
    result: Mapped[Any] = mapped_column(JSONB)


class Place(NamedTuple):
    """Where a key stands: the viewer's, and the response key of the mutation that it is for."""

    university_id: int
    user_id: int
    key: str
    path: str

    def parameters(self) -> dict[str, Any]:
        """What every statement here binds."""
        return {**self._asdict(), "lock": f"{self.university_id} {self.user_id} {self.path} {self.key}"}


class Kept(NamedTuple):
    """What was kept under a key: which mutation, a hash of its arguments, and what became of it."""

    mutation: str
    argument_hash: bytes
    result: Any


_HERE = (
    IdempotencyKey.university_id == UNIVERSITY,
    IdempotencyKey.user_id == USER,
    IdempotencyKey.key == bindparam("key", type_=String),
    IdempotencyKey.path == bindparam("path", type_=String),
    IdempotencyKey.at > func.now() - text(f"interval '{KEPT_HOURS} hours'"),
)
# No unique key can span partitions of different days; so who has the lock looks, and then adds.
_LOCK = Statement(
    select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("lock", type_=String), 0)).is_(None))
)
_FIND = Statement(
    select(IdempotencyKey.mutation, IdempotencyKey.argument_hash, IdempotencyKey.result)
    .where(*_HERE)
    .order_by(IdempotencyKey.at.desc())
    .limit(1)
)
_KEEP = Statement(
    insert(IdempotencyKey)
    .inline()
    .values(
        university_id=UNIVERSITY,
        user_id=USER,
        key=bindparam("key", type_=String),
        path=bindparam("path", type_=String),
        mutation=bindparam("mutation", type_=String),
        argument_hash=bindparam("argument_hash", type_=LargeBinary),
        result=bindparam("result", type_=JSONB),
    )
)


async def claim(transaction: Transaction, place: Place) -> Kept | None:
    """What was kept under the key, else None, and then nobody else gets so far until the transaction ends."""
    await transaction.fetch(_LOCK, place.parameters(), asyncpg.Record)
    rows = await transaction.fetch(_FIND, place.parameters(), asyncpg.Record)
    if not rows:
        return None
    found: Any = rows[0]
    return Kept(found["mutation"], found["argument_hash"], orjson.loads(found["result"]))


async def keep(transaction: Transaction, place: Place, kept: Kept) -> None:
    """Keep what became of the mutation, in the transaction of its effect."""
    told = {**place.parameters(), **kept._asdict(), "result": orjson.dumps(kept.result).decode()}
    await transaction.fetch(_KEEP, told, asyncpg.Record)
