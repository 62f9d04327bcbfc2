"""The fields of Mutation about rosters."""

import strawberry

from lms_graphql.engine.edges import optional
from lms_graphql.engine.mutations import changed, mutation, user_errors
from lms_graphql.engine.usererrors import UserError
from lms_graphql.interop.oneroster import policy, service
from lms_graphql.interop.oneroster.loaders import RosterImportById
from lms_graphql.interop.oneroster.types import RosterImport, RosterImportMode
from lms_graphql.jobs.loaders import JobById
from lms_graphql.jobs.types import Job


@strawberry.input(description="A roster that is to be imported: a zip of CSV files as OneRoster 1.2 has them.")
class ImportRosterInput:
    """The input of `importRoster`."""

    upload_id: strawberry.ID = strawberry.field(
        description="The zip, as `requestFileUpload` gave it for an import; it must have been sent and completed."
    )
    mode: RosterImportMode | None = optional("How its files are meant; AS_SAID if not given.")
    dry_run: bool | None = optional(
        "Only tell what would be done: everything is done, counted and taken back. False if not given."
    )
    most_dropped_percent: int | None = optional(
        "How many percent of what came by earlier rosters, of any kind, may leave at once, 0 to 100; 20 if not given."
        " A roster in which more are missing is refused."
    )
    confirm_drops: bool | None = optional("Let them leave however many they are; false if not given.")


@strawberry.type(description="What `importRoster` gives.")
class ImportRosterPayload:
    """The payload of `importRoster`."""

    roster_import: RosterImport | None = changed(
        RosterImportById, "import_id", "The import, with its counts and errors as they come; null where it was refused."
    )
    job: Job | None = changed(JobById, "job_id", "What does it behind the answer; null where it was refused.")
    errors: list[UserError] = user_errors()


@strawberry.type
class RosterMutation:
    """Joined into Mutation."""

    import_roster: ImportRosterPayload | None = mutation(
        service.import_roster,
        ImportRosterInput,
        "Import a roster: people, roles, departments, terms, courses, classes and who takes part in them or teaches"
        " them. Safe to repeat. Rows that can't be taken are left out and told; a zip that is no roster is refused.",
        may=policy.may_import_rosters,
        before=service.read_roster,
        weight=500,
    )
