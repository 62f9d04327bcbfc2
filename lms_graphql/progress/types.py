"""Progress, as clients see it. Percentages are exact decimals from 0 to 100."""

from datetime import datetime
from decimal import Decimal

import strawberry

from lms_graphql.content.loaders import ItemById
from lms_graphql.content.types import Content
from lms_graphql.engine.edges import edge, optional
from lms_graphql.engine.filters import FILTER_RULE
from lms_graphql.syllabus.loaders import ModuleById
from lms_graphql.syllabus.types import Module


@strawberry.type(description="How far a person has come with a whole course in an offering.")
class CourseProgress:
    """See loaders.CourseProgressByEnrollment."""

    progress_percent: Decimal = strawberry.field(
        description="The share of the items that are completed, from 0 to 100 with two decimals; 0 without items."
    )
    item_count: int = strawberry.field(description="How many items the course has that students see.")
    completed_item_count: int = strawberry.field(description="How many of these are completed.")
    last_interacted_at: datetime | None = strawberry.field(
        description="When the person last did something with one of these; null before that."
    )


@strawberry.type(description="How far a person has come with a module in an offering.")
class ModuleProgress:
    """See models.UserModuleProgress."""

    progress_percent: Decimal = strawberry.field(description="From 0 to 100.")
    started_at: datetime | None = strawberry.field(description="When it was begun.")
    completed_at: datetime | None = strawberry.field(description="When it was finished; null until then.")
    module: Module | None = edge(ModuleById, "The module; null when the viewer may not see it now.", key="module_id")


@strawberry.input(description=f"Which progress is wanted: what meets every field given. {FILTER_RULE}")
class ContentProgressFilter:
    """See choices.CONTENT_PROGRESS_FILTERS."""

    progress_from: Decimal | None = optional("At least this percentage.")
    progress_to: Decimal | None = optional("At most this percentage.")


@strawberry.type(description="How far a person has come with a content item in an offering.")
class ContentProgress:
    """See models.UserContentProgress."""

    progress_percent: Decimal = strawberry.field(description="From 0 to 100.")
    attempts_count: int = strawberry.field(description="How often it was tried.")
    first_started_at: datetime | None = strawberry.field(description="When it was first opened.")
    last_interacted_at: datetime | None = strawberry.field(description="When the person last did something with it.")
    completed_at: datetime | None = strawberry.field(description="When it was finished; null until then.")
    content_item: Content | None = edge(
        ItemById, "The item; null when the viewer may not see it now.", key="content_item_id"
    )
