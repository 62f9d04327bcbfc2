"""The fields of Query about content items."""

import strawberry

from lms_graphql.content.editing import item_number
from lms_graphql.content.loaders import Assets, ContentRow, OrphanAssets, RevisionByNumber
from lms_graphql.content.types import Asset, AssetFilter, Content, ContentItemRevision
from lms_graphql.engine.context import Context
from lms_graphql.engine.counts import CountedConnection
from lms_graphql.engine.edges import argument, page, with_arguments
from lms_graphql.engine.nodes import find
from lms_graphql.engine.rows import Row


async def _content_item(_root: None, context: Context, id: str) -> Row | None:  # noqa: A002 - the argument's name
    row = await find(context, id)
    return row if isinstance(row, ContentRow) else None


async def _revision(_root: None, context: Context, contentItem: str, revision: int) -> Row | None:  # noqa: N803
    item_id = item_number(contentItem, context.viewer.university_id)
    return None if item_id is None else await context.load(RevisionByNumber, (item_id, revision))


def _university(_root: None, context: Context) -> int:
    return context.university_id()


@strawberry.type
class ContentQuery:
    """Joined into Query."""

    content_item: Content | None = with_arguments(
        _content_item, "A content item of any kind.", argument("id", strawberry.ID, "The global id.")
    )
    content_item_revision: ContentItemRevision | None = with_arguments(
        _revision,
        "What a content item was at one of its revisions, a former one or the present one; null for everybody but staff"
        " who reach its course.",
        argument("content_item", strawberry.ID, "The global id of the item, of any kind."),
        argument("revision", int, "The number of the revision."),
    )
    assets: CountedConnection[Asset] = page(
        Assets,
        "The library's files, and those of the courses in the viewer's reach, by id; staff only, empty for others.",
        key=_university,
        filters=AssetFilter,
    )
    orphan_assets: CountedConnection[Asset] = page(
        OrphanAssets,
        "Those of them that are a day old and that no item names, by id: they can be deleted. Staff only, empty for"
        " others.",
        key=_university,
    )
