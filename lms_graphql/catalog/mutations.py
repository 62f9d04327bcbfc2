"""The fields of Mutation about courses, what they ask for, and terms."""

import strawberry


@strawberry.type
class CatalogMutation:
    """Joined into Mutation."""
