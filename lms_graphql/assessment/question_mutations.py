"""The fields of Mutation about question pools and questions."""

import strawberry


@strawberry.type
class QuestionMutation:
    """Joined into Mutation."""
