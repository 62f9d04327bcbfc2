"""The fields of Mutation about the platform: universities, domains and subjects."""

import strawberry


@strawberry.type
class PlatformMutation:
    """Joined into Mutation."""
