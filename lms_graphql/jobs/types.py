"""Jobs, as clients see them."""

from datetime import datetime
from enum import Enum

import strawberry

from lms_graphql.engine.edges import Node, database_id, edge, entity
from lms_graphql.jobs.loaders import JobById
from lms_graphql.tenancy.loaders import UserById
from lms_graphql.tenancy.types import User


@strawberry.enum(description="How a job stands.")
class JobState(Enum):
    """See models.Job."""

    QUEUED = strawberry.enum_value("queued", description="Waits for its turn, or to be tried again.")
    RUNNING = strawberry.enum_value("running", description="Is being done.")
    DONE = strawberry.enum_value("done", description="All of it is done.")
    FAILED = strawberry.enum_value("failed", description="Was given up; what was done until then stays.")


@entity(JobById, "Something that is done behind an answer, in steps. Seen by who asked for it, and by administrators.")
class Job(Node):
    """See models.Job."""

    database_id: strawberry.ID = database_id()
    kind: str = strawberry.field(description="What is done, for example grades.regrade.")
    state: JobState = strawberry.field(description="How it stands.")
    total: int = strawberry.field(description="How many parts it has, for example people; once it is done, had.")
    done: int = strawberry.field(description="How many of them are done.")
    error: str | None = strawberry.field(description="Why it was given up, for people; null unless it was.")
    created_at: datetime = strawberry.field(description="When it was asked for.")
    started_at: datetime | None = strawberry.field(description="When it was begun; null until then.")
    finished_at: datetime | None = strawberry.field(description="When it was done or given up; null until then.")
    created_by: User | None = edge(UserById, "Who asked for it.", key="created_by")
