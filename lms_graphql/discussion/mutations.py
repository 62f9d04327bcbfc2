"""The fields of Mutation about threads and posts."""

import strawberry


@strawberry.type
class DiscussionMutation:
    """Joined into Mutation."""
