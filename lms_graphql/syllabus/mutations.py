"""The fields of Mutation about modules."""

import strawberry


@strawberry.type
class SyllabusMutation:
    """Joined into Mutation."""
