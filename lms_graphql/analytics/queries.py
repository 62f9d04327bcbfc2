"""The field of Query about reports."""

from typing import Any

import strawberry

from lms_graphql.analytics.policy import sees_reports
from lms_graphql.analytics.types import Analytics
from lms_graphql.engine.context import Context
from lms_graphql.engine.edges import computed


def _analytics(_root: None, context: Context) -> Any:
    context.university_id()  # or the request is refused
    return context.viewer if sees_reports(context.viewer) else None


@strawberry.type
class AnalyticsQuery:
    """Joined into Query."""

    analytics: Analytics | None = computed(
        _analytics, "Reports on the university of the request, for staff: on what is in their reach."
    )
