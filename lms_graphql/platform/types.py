"""All universities in numbers, as administrators of the platform see them."""

from datetime import datetime

import strawberry

from lms_graphql.engine.edges import edge, page
from lms_graphql.engine.relay import Connection
from lms_graphql.platform.loaders import UniversitiesOfPlatform
from lms_graphql.tenancy.loaders import UniversityById
from lms_graphql.tenancy.types import University

_WEIGHT = 50
"""What a page of it is priced at: it counts whole tables."""


@strawberry.type(description="How much there is in a university; nothing of anybody.")
class UniversityNumbers:
    """See loaders.UniversitiesOfPlatform."""

    university: University | None = edge(UniversityById, "The university; null if it is closed.", key="id")
    short_code: str = strawberry.field(description="Its short code.")
    name: str = strawberry.field(description="Its name.")
    is_active: bool = strawberry.field(description="Whether it is open.")
    created_at: datetime = strawberry.field(description="When it came to the platform.")
    members: int = strawberry.field(description="Its active members.")
    courses: int = strawberry.field(description="Its courses, published or not.")
    offerings: int = strawberry.field(description="Its offerings, whenever they are.")
    active_enrollments: int = strawberry.field(description="The enrollments that are active now.")


@strawberry.type(description="The platform as a whole, for its administrators.")
class Platform:
    """The source is the viewer."""

    universities: Connection[UniversityNumbers] = page(
        UniversitiesOfPlatform,
        "All universities, open and closed, by id.",
        key=lambda _viewer, _context: 0,
        weight=_WEIGHT,
    )
