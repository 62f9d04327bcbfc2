"""What was taken out of a university with its secrets (right answers, hidden tests), and that it was: written down."""

import hashlib
from typing import NamedTuple

import orjson

from lms_graphql.engine.context import Viewer
from lms_graphql.engine.rows import Row
from lms_graphql.storage.journal import ADD_AUDIT_ENTRY
from lms_graphql.storage.transaction import Transaction


class Exported(NamedTuple):
    """A file that is to be shown once it is written down; `act` is what the audit log calls it."""

    act: str
    entity: str
    entity_id: int
    data: bytes

    @property
    def sha256(self) -> str:
        """The digest that the audit log keeps, as hexadecimal digits."""
        return hashlib.sha256(self.data).hexdigest()


async def write_down(transaction: Transaction, viewer: Viewer, exported: Exported, request_id: str) -> None:
    """Add to the audit log what was exported, by whom; without a person, by the operator. Commits."""
    told = {
        "university_id": viewer.university_id,
        "actor_id": viewer.user_id,
        "roles": sorted(viewer.roles),
        "act": exported.act,
        "entity": exported.entity,
        "entity_id": exported.entity_id,
        "old_values": None,
        "new_values": orjson.dumps({"sha256": exported.sha256, "bytes": len(exported.data)}).decode(),
        "reason": None,
        "request_id": request_id,
    }
    await transaction.fetch(ADD_AUDIT_ENTRY, told, Row)
    await transaction.commit()
