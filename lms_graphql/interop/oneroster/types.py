"""Imports of rosters, as clients see them."""

from datetime import datetime
from enum import Enum
from typing import Any

import orjson
import strawberry

from lms_graphql.engine.context import Context
from lms_graphql.engine.edges import Node, computed, database_id, edge, entity, page
from lms_graphql.engine.relay import Connection
from lms_graphql.interop.oneroster.loaders import ErrorsByImport, RosterImportById
from lms_graphql.interop.oneroster.outcome import ENTITIES, Tally
from lms_graphql.jobs.loaders import JobById
from lms_graphql.jobs.types import Job


@strawberry.enum(description="How the files of a roster are meant.")
class RosterImportMode(Enum):
    """The labels of service.Mode."""

    FULL = strawberry.enum_value(
        "full", description="They are all there is: what came by an earlier roster and is not in them has left."
    )
    DIFF = strawberry.enum_value(
        "diff", description="They are changes: only what says `tobedeleted` has left, whatever the manifest says."
    )
    AS_SAID = strawberry.enum_value("as_said", description="Each file as the manifest says of it: bulk or delta.")


@strawberry.enum(description="What the rows of a roster become here.")
class RosterEntity(Enum):
    """The kinds of outcome.ENTITIES."""

    DEPARTMENT = strawberry.enum_value("department", description="Departments, from orgs.csv.")
    TERM = strawberry.enum_value("term", description="Terms, from academicSessions.csv.")
    COURSE = strawberry.enum_value("course", description="Courses, from courses.csv.")
    OFFERING = strawberry.enum_value("offering", description="Offerings, from scheduled classes of classes.csv.")
    SECTION = strawberry.enum_value("section", description="Sections of offerings, from homerooms of classes.csv.")
    MEMBER = strawberry.enum_value("member", description="People, from users.csv.")
    ROLE = strawberry.enum_value("role", description="Roles of people, from roles.csv.")
    INSTRUCTOR = strawberry.enum_value("instructor", description="Who teaches, from enrollments.csv.")
    ENROLLMENT = strawberry.enum_value("enrollment", description="Students in offerings, from enrollments.csv.")


@strawberry.type(description="What an import did with the rows of one kind; of a dry run, what it would do.")
class RosterImportCount:
    """The source is an outcome.Tally."""

    entity: RosterEntity = strawberry.field(description="The kind.")
    created: int = strawberry.field(description="How many are new.")
    updated: int = strawberry.field(description="How many were changed.")
    unchanged: int = strawberry.field(description="How many were as the roster says already.")
    deactivated: int = strawberry.field(
        description="How many had left the roster: people deactivated, enrollments dropped, roles and teaching taken"
        " away, courses unpublished, offerings closed. Nothing is deleted that anybody has learnt in."
    )
    refused: int = strawberry.field(description="How many rows could not be taken; `errors` of the import tells why.")


@strawberry.type(description="A row of a roster that could not be taken.")
class RosterImportError:
    """See models.RosterImportError."""

    file: str = strawberry.field(description="The file without `.csv`, for example users.")
    line: int = strawberry.field(description="The line that the row begins in; 1 is that of the headers.")
    field: str | None = strawberry.field(description="The header of the column; null where it is none of them.")
    message: str = strawberry.field(description="What is wrong, for people; never what stands in the row.")


def _counts(row: Any, _context: Context) -> list[Tally]:
    stored = orjson.loads(row["counts"])
    return [Tally(name, **stored[name]) for name in ENTITIES if name in stored]


@entity(RosterImportById, "An import of a roster, for the administrators of the university.")
class RosterImport(Node):
    """See models.RosterImport."""

    database_id: strawberry.ID = database_id()
    file_name: str = strawberry.field(description="What the file was called that was imported.")
    mode: RosterImportMode = strawberry.field(description="How its files were meant.")
    is_dry_run: bool = strawberry.field(description="Whether it only tells what would be done.")
    created_at: datetime = strawberry.field(description="When it was asked for.")
    job: Job | None = edge(JobById, "What does it, with its progress.", key="job_id")
    counts: list[RosterImportCount] = computed(
        _counts,
        "What was done, by kind, as far as the job has come; without kinds that had nothing.",
        size=len(ENTITIES),
    )
    errors: Connection[RosterImportError] = page(
        ErrorsByImport, "The rows that could not be taken, those first that could not be read."
    )
