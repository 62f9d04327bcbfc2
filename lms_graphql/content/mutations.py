"""The fields of Mutation about content items."""

import strawberry


@strawberry.type
class ContentMutation:
    """Joined into Mutation."""
