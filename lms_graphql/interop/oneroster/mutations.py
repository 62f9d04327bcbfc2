"""The fields of Mutation about rosters."""

import strawberry


@strawberry.type
class RosterMutation:
    """Joined into Mutation."""
