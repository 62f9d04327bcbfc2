"""The field of Query about jobs."""

from typing import Any

import strawberry

from lms_graphql.engine.context import Context
from lms_graphql.engine.edges import argument, page, with_arguments
from lms_graphql.engine.relay import Connection, number_of
from lms_graphql.jobs.loaders import JobById, Jobs
from lms_graphql.jobs.types import Job


async def _job(_root: None, context: Context, id: str) -> Any:  # noqa: A002 - the argument's name
    number = number_of(id, "Job", context.university_id())
    return None if number is None else await context.load_alone(JobById, number)


@strawberry.type
class JobsQuery:
    """Joined into Query."""

    job: Job | None = with_arguments(
        _job,
        "How a job stands; null where there is none of this id, or not for the viewer.",
        argument("id", strawberry.ID, "The global id that the mutation gave which asked for it."),
    )
    jobs: Connection[Job] = page(
        Jobs,
        "The jobs that the viewer has asked for, by id; for administrators all of the request's university.",
        key=lambda _root, _context: 0,
    )
