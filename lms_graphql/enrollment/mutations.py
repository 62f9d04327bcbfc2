"""The fields of Mutation about who takes part in offerings."""

import strawberry


@strawberry.type
class EnrollmentMutation:
    """Joined into Mutation."""
