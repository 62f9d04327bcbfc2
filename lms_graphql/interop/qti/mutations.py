"""The fields of Mutation about questions in QTI."""

import strawberry


@strawberry.type
class QtiMutation:
    """Joined into Mutation."""
