"""The fields of Query about universities, people and the viewer."""

from typing import Any

import strawberry

from lms_graphql.engine.context import Context
from lms_graphql.engine.edges import argument, page, with_arguments
from lms_graphql.engine.nodes import by_id
from lms_graphql.engine.relay import Connection
from lms_graphql.engine.rows import Row
from lms_graphql.tenancy.loaders import Universities, UniversityByShortCode
from lms_graphql.tenancy.types import University, User, ViewerObject


@strawberry.input(one_of=True, description="What names a university, besides its id.")
class UniversityBy:
    """One of several natural keys."""

    short_code: str | None = strawberry.field(default=strawberry.UNSET, description="Its short code, for example MIT.")


async def _university(_root: None, context: Context, by: dict[str, str]) -> Row | None:
    return await context.load_alone(UniversityByShortCode, by["shortCode"])  # type: ignore[no-any-return]


def _viewer(_root: None, context: Context) -> Any:
    return context.viewer if context.viewer.user_id is not None else None


@strawberry.type
class TenancyQuery:
    """Joined into Query."""

    viewer: ViewerObject | None = with_arguments(_viewer, "Who is asking; null for an anonymous request.")
    universities: Connection[University] = page(
        Universities, "All universities that are open, by id.", key=lambda _root, _context: 0
    )
    university: University | None = with_arguments(
        _university, "A university by its key.", argument("by", UniversityBy, "The key; exactly one.")
    )
    user: User | None = by_id("User", "A person of the university of the request.")
