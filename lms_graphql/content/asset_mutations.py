"""The fields of Mutation about assets."""

import strawberry


@strawberry.type
class AssetMutation:
    """Joined into Mutation."""
