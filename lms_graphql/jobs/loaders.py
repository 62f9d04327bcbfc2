"""Jobs."""

from typing import Any

from sqlalchemy import ColumnElement, Select, any_, select
from typing_extensions import override

from lms_graphql.engine.dataloaders import KEYS, One, Page
from lms_graphql.engine.rows import record
from lms_graphql.jobs import policy
from lms_graphql.jobs.models import Job

JobRow = record("Job")


_SHOWN: tuple[Any, ...] = (
    Job.university_id,
    Job.kind,
    Job.state,
    Job.total,
    Job.done,
    Job.error,
    Job.created_by,
    Job.created_at,
    Job.started_at,
    Job.finished_at,
)
"""All but what the job was given and the places that it has come to."""


class JobById(One[int]):
    """A job that the viewer may see."""

    row = JobRow

    @override
    def query(self) -> Select[Any]:
        return select(Job.id, *_SHOWN).where(Job.id == any_(KEYS), policy.visible_jobs(self.viewer))


class Jobs(Page[int]):
    """The jobs of the request's university that the viewer may see, by id; the key says nothing."""

    row = JobRow
    reads_tenant = True
    order = (Job.id,)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(Job.id, *_SHOWN).where(policy.visible_jobs(self.viewer))
