"""The fields of Mutation about what people have done with content."""

import strawberry


@strawberry.type
class ProgressMutation:
    """Joined into Mutation."""
