"""Writing down who has seen whose record: before the answer is sent, or there is none."""

from collections.abc import Collection

import asyncpg
from sqlalchemy import ARRAY, BigInteger, String, Text, bindparam, column, func, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from lms_graphql.engine.context import Viewer
from lms_graphql.privacy.models import Disclosure
from lms_graphql.storage import tenancy
from lms_graphql.storage.errors import DatabaseUnreachableError, StorageError
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.transaction import Transaction

_SEEN = (
    func.unnest(bindparam("people", type_=ARRAY(BigInteger)), bindparam("kinds", type_=ARRAY(Text)))
    .table_valued(column("person", BigInteger), column("kind", Text))
    .render_derived(name="seen")
)
_ADD = Statement(
    insert(Disclosure).from_select(
        ["university_id", "user_id", "viewer_id", "kind", "request_id"],
        select(tenancy.UNIVERSITY, _SEEN.c.person, tenancy.USER, _SEEN.c.kind, bindparam("request_id", type_=String)),
    )
)


async def record_disclosures(
    engine: AsyncEngine, viewer: Viewer, disclosed: Collection[tuple[str, int]], request_id: str
) -> None:
    """Write down what the viewer has read of whose record, in a transaction of its own and one statement.

    DatabaseUnreachableError when it can't be told that this was kept: then nothing may be shown of what was read.
    """
    seen = sorted(disclosed)
    parameters = {
        "university_id": viewer.university_id,
        "user_id": viewer.person_id,
        "people": [person for _, person in seen],
        "kinds": [kind for kind, _ in seen],
        "request_id": request_id,
    }
    try:
        async with Transaction(engine, tenancy.settings(viewer.university_id, viewer.user_id)) as transaction:
            await transaction.fetch(_ADD, parameters, asyncpg.Record)
            await transaction.commit()
    except (StorageError, asyncpg.PostgresError) as error:
        raise DatabaseUnreachableError(f"what was read can't be written down: {error}") from error
