"""The fields of Mutation about certificates."""

import strawberry


@strawberry.type
class CertificatesMutation:
    """Joined into Mutation."""
