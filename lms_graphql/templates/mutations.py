"""The fields of Mutation about templates."""

import strawberry


@strawberry.type
class TemplateMutation:
    """Joined into Mutation."""
