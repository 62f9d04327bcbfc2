"""Jobs."""

from typing import Any

from sqlalchemy import Select, any_, select
from typing_extensions import override

from lms_graphql.engine.dataloaders import KEYS, One
from lms_graphql.engine.rows import record
from lms_graphql.jobs import policy
from lms_graphql.jobs.models import Job

JobRow = record("Job")


class JobById(One[int]):
    """A job that the viewer may see."""

    row = JobRow

    @override
    def query(self) -> Select[Any]:
        wanted: tuple[Any, ...] = (
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
        return select(Job.id, *wanted).where(Job.id == any_(KEYS), policy.visible_jobs(self.viewer))
