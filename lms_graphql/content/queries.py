"""The fields of Query about content items."""

import strawberry

from lms_graphql.content.loaders import ContentRow
from lms_graphql.content.types import Content
from lms_graphql.engine.context import Context
from lms_graphql.engine.edges import argument, with_arguments
from lms_graphql.engine.nodes import find
from lms_graphql.engine.rows import Row


async def _content_item(_root: None, context: Context, id: str) -> Row | None:  # noqa: A002 - the argument's name
    row = await find(context, id)
    return row if isinstance(row, ContentRow) else None


@strawberry.type
class ContentQuery:
    """Joined into Query."""

    content_item: Content | None = with_arguments(
        _content_item, "A content item of any kind.", argument("id", strawberry.ID, "The global id.")
    )
