"""The fields of Mutation about offerings, their sections and who teaches them."""

import strawberry


@strawberry.type
class OfferingMutation:
    """Joined into Mutation."""
