"""The field of Query about the platform as a whole."""

from typing import Any

import strawberry

from lms_graphql.engine.context import Context
from lms_graphql.engine.edges import computed
from lms_graphql.platform.policy import sees_platform
from lms_graphql.platform.types import Platform


def _platform(_root: None, context: Context) -> Any:
    return context.viewer if sees_platform(context.viewer) else None


@strawberry.type
class PlatformQuery:
    """Joined into Query."""

    platform: Platform | None = computed(_platform, "The platform as a whole; null for all but its administrators.")
