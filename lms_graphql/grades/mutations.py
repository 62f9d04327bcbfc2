"""The fields of Mutation about how grades are made, and what they are."""

import strawberry


@strawberry.type
class GradesMutation:
    """Joined into Mutation."""
