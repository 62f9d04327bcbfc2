"""The fields of Mutation about labs and assignments: handing in and grading."""

import strawberry


@strawberry.type
class SubmissionMutation:
    """Joined into Mutation."""
