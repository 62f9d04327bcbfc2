"""Alembic's environment: migrates as `lms_owner`, in one transaction for each revision; down, in one for all.

`lms_graphql.storage.migrations` hands over an open connection. Called by the alembic command instead, it connects to
LMS_OWNER_DATABASE_URL.
"""

import asyncio

from alembic import context
from sqlalchemy import Connection

from lms_graphql import tables
from lms_graphql.storage import migrations


def run(connection: Connection) -> None:
    """Run the revisions that Alembic has chosen on this connection."""
    context.configure(
        connection=connection,
        target_metadata=tables.metadata,
        # Defaults, primary keys, CHECKs and labels are compared by the test of the catalog, not here.
        compare_type=True,
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
