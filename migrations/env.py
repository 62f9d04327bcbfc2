"""Alembic's environment: migrates as `lms_owner`, in one transaction for each revision; down, in one for all.

`lms_graphql.storage.migrations` hands over an open connection. Called by the alembic command instead, it connects to
LMS_OWNER_DATABASE_URL.
"""

import asyncio
import re

from alembic import context
from sqlalchemy import Connection

from lms_graphql import tables
from lms_graphql.storage import migrations

_PARTITION = re.compile(r"(audit_log|outbox|idempotency_keys|disclosures)_(default|\d{8})")


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Whether a name is a model's: partitions come and go with time."""
    return kind != "table" or name is None or _PARTITION.fullmatch(name) is None


def run(connection: Connection) -> None:
    """Run the revisions that Alembic has chosen on this connection."""
    context.configure(
        connection=connection,
        target_metadata=tables.metadata,
        # Defaults, primary keys, CHECKs and labels are compared by the test of the catalog, not here.
        compare_type=True,
        include_name=_is_ours,
        transaction_per_migration=context.config.attributes.get("transaction_per_migration", True),
    )
    with context.begin_transaction():
        context.run_migrations()


connection = context.config.attributes.get("connection")
if connection is not None:
    run(connection)
elif context.is_offline_mode():
    raise SystemExit("offline SQL is not supported: revision 0002 reads the data before it changes anything")
else:
    asyncio.run(migrations.on_owner_connection(migrations.owner_url_from_environment(), run))
