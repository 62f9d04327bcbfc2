"""The fields of Mutation about attempts at quizzes."""

import strawberry


@strawberry.type
class QuizMutation:
    """Joined into Mutation."""
