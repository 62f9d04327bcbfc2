"""The fields of Mutation about courses as archives."""

import strawberry


@strawberry.type
class BundleMutation:
    """Joined into Mutation."""
