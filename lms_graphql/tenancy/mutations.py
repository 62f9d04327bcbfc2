"""The fields of Mutation about a university and its people: the viewer's own profile, and what the others hold."""

import strawberry

from lms_graphql.engine.edges import optional
from lms_graphql.engine.mutations import changed, mutation, user_errors
from lms_graphql.engine.usererrors import UserError
from lms_graphql.tenancy import policy, profile
from lms_graphql.tenancy.loaders import UserById
from lms_graphql.tenancy.member_mutations import MemberMutation
from lms_graphql.tenancy.types import User
from lms_graphql.tenancy.university_mutations import UniversityMutation


@strawberry.input(description="What the viewer wants to be called in the university of the request.")
class UpdateProfileInput:
    """The input of `updateProfile`."""

    display_name: str = strawberry.field(description="The new name, one line of at most 255 characters.")
    expected_version: int | None = optional("`version` of the user as it was read; then a change meanwhile is refused.")


@strawberry.type(description="What `updateProfile` gives.")
class UpdateProfilePayload:
    """The payload of `updateProfile`."""

    user: User | None = changed(UserById, "user_id", "The viewer as they are now; null where it was refused.")
    errors: list[UserError] = user_errors()


@strawberry.type
class TenancyMutation(MemberMutation, UniversityMutation):
    """Joined into Mutation."""

    update_profile: UpdateProfilePayload | None = mutation(
        profile.update_profile,
        UpdateProfileInput,
        "Change the name by which the university of the request knows the viewer.",
        may=policy.may_update_profile,
    )
