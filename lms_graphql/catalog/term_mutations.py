"""The fields of Mutation about the terms of a university."""

from datetime import datetime

import strawberry

from lms_graphql.catalog import policy, terms
from lms_graphql.catalog.loaders import TermById
from lms_graphql.catalog.types import Term
from lms_graphql.engine.edges import optional
from lms_graphql.engine.mutations import changed, mutation, told, user_errors
from lms_graphql.engine.usererrors import UserError

_VERSION = "`version` of the term as it was read; then a change meanwhile is refused."
_TERM = "The global id of a term of the request's university."
_CODE = "The code, of at most 32 characters, unique in the university, for example 2026-FALL"
_NAME = "The name, one line of at most 255 characters, for example Fall 2026"


@strawberry.input(description="A new term.")
class CreateTermInput:
    """The input of `createTerm`."""

    code: str = strawberry.field(description=f"{_CODE}.")
    name: str = strawberry.field(description=f"{_NAME}.")
    starts_at: datetime = strawberry.field(description="When it begins.")
    ends_at: datetime = strawberry.field(description="When it ends, later than it begins.")


@strawberry.input(description="What a term is to be. A field that is left out stays, and none can be cleared.")
class UpdateTermInput:
    """The input of `updateTerm`."""

    term_id: strawberry.ID = strawberry.field(description=_TERM)
    code: str | None = optional(f"{_CODE}.")
    name: str | None = optional(f"{_NAME}.")
    starts_at: datetime | None = optional("When it begins.")
    ends_at: datetime | None = optional("When it ends, later than it begins.")
    expected_version: int | None = optional(_VERSION)


@strawberry.input(description="The term that is to go.")
class DeleteTermInput:
    """The input of `deleteTerm`."""

    term_id: strawberry.ID = strawberry.field(description=_TERM)
    expected_version: int | None = optional(_VERSION)


@strawberry.type(description="What a change of a term gives.")
class TermPayload:
    """The payload of `createTerm` and `updateTerm`."""

    term: Term | None = changed(TermById, "term_id", "The term as it is now; null where it was refused.")
    errors: list[UserError] = user_errors()


@strawberry.type(description="What `deleteTerm` gives.")
class DeleteTermPayload:
    """The payload of `deleteTerm`."""

    deleted_id: strawberry.ID | None = told("deleted_id", "The global id that it had; null where it was refused.")
    errors: list[UserError] = user_errors()


@strawberry.type
class TermMutation:
    """Joined into Mutation."""

    create_term: TermPayload | None = mutation(
        terms.create_term,
        CreateTermInput,
        "Add a term, for the university's administrators.",
        may=policy.may_manage_terms,
        refusals=terms.TAKEN,
    )
    update_term: TermPayload | None = mutation(
        terms.update_term,
        UpdateTermInput,
        "Change a term, for the university's administrators. Offerings keep their own dates.",
        may=policy.may_manage_terms,
        refusals=terms.TAKEN,
    )
    delete_term: DeleteTermPayload | None = mutation(
        terms.delete_term,
        DeleteTermInput,
        "Remove a term that no offering runs in, for the university's administrators.",
        may=policy.may_manage_terms,
        refusals=terms.IN_USE,
    )
