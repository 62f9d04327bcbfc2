"""The field of Mutation about personal data."""

from datetime import datetime
from typing import Any

import strawberry

from lms_graphql.engine.context import Context
from lms_graphql.engine.edges import computed
from lms_graphql.engine.mutations import Payload, changed, mutation, user_errors
from lms_graphql.engine.usererrors import UserError
from lms_graphql.privacy import administering, policy
from lms_graphql.tenancy.loaders import UserById
from lms_graphql.tenancy.types import User


@strawberry.input(description="Who is to be erased for good, and why.")
class ErasePersonInput:
    """The input of `erasePerson`."""

    user_id: strawberry.ID = strawberry.field(description="The global id of a user of the request's university.")
    reason: str = strawberry.field(
        description="Why, in one line of at most 255 characters. It is kept, so it must say nothing of the person."
    )


def _erased_at(payload: Payload, _context: Context) -> Any:
    """From text, since the keys of a payload may have been kept as JSON under an Idempotency-Key."""
    text = payload.keys.get("erased_at")
    return None if text is None else datetime.fromisoformat(text)


@strawberry.type(description="What `erasePerson` gives.")
class ErasePersonPayload:
    """The payload of `erasePerson`."""

    user: User | None = changed(UserById, "user_id", "What is left of the person; null where it was refused.")
    erased_at: datetime | None = computed(
        _erased_at, "When the person was erased, which may have been before; null where it was refused."
    )
    errors: list[UserError] = user_errors()


@strawberry.type
class PrivacyMutation:
    """Joined into Mutation."""

    erase_person: ErasePersonPayload | None = mutation(
        administering.erase_person,
        ErasePersonInput,
        "Erase a person of the university for good, for its administrators: name, address and words go, the record"
        " stays. Nobody can erase themselves or another administrator. What they still take part in is dropped.",
        may=policy.may_erase_people,
    )
