"""Asking for work to be done behind the answer."""

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import ARRAY, Integer, String, Text, bindparam, insert
from sqlalchemy.dialects.postgresql import JSONB

from lms_graphql.engine.rows import record
from lms_graphql.engine.work import Work
from lms_graphql.jobs.models import Job
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY, USER

_JobRow = record("Job")
_ADD = Statement(
    insert(Job)
    .inline()
    .values(
        university_id=UNIVERSITY,
        kind=bindparam("kind", type_=String),
        given=bindparam("given", type_=JSONB),
        total=bindparam("total", type_=Integer),
        roles=bindparam("roles", type_=ARRAY(Text)),
        created_by=USER,
    )
    .returning(Job.id)
)


async def enqueue(work: Work, kind: str, given: Mapping[str, Any], total: int) -> int:
    """Queue a job of a kind that `lms_graphql.app` knows, in the transaction of the work; gives its id.

    It is begun once the transaction is kept, and acts for the viewer in the viewer's university. `given` is what the
    kind needs, as JSON; `total` how many parts it has, as far as that is known.
    """
    (row,) = await work.rows(
        _ADD,
        _JobRow,
        kind=kind,
        given=orjson.dumps(dict(given)).decode(),
        total=total,
        roles=sorted(work.viewer.roles),
    )
    job_id: int = row["id"]
    return job_id
