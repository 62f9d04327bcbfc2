"""The fields of Mutation about files that are sent to be assets, or to be imported."""

import strawberry


@strawberry.type
class FilesMutation:
    """Joined into Mutation."""
