"""The fields of Mutation about reviews of offerings."""

import strawberry


@strawberry.type
class ReviewsMutation:
    """Joined into Mutation."""
