"""The order of the items of a module: read, and numbered anew from 1, whatever it was."""

from collections.abc import Sequence

from sqlalchemy import ARRAY, BigInteger, Integer, bindparam, column, func, select, update

from lms_graphql.content.models import ContentItem
from lms_graphql.engine.rows import record
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

_Row = record("ItemInOrder")
_MODULE = bindparam("module_id", type_=BigInteger, required=True)
_ITEMS = Statement(
    select(ContentItem.id)
    .where(ContentItem.university_id == UNIVERSITY, ContentItem.module_id == _MODULE)
    .order_by(ContentItem.sequence_index, ContentItem.id)
)
_GIVEN = (
    func.unnest(bindparam("ids", type_=ARRAY(BigInteger)), bindparam("places", type_=ARRAY(Integer)))
    .table_valued(column("id", BigInteger), column("place", Integer))
    .render_derived(name="given")
)
_NUMBER = Statement(
    update(ContentItem)
    .where(
        ContentItem.university_id == UNIVERSITY,
        ContentItem.id == _GIVEN.c.id,
        (ContentItem.sequence_index != _GIVEN.c.place) | (ContentItem.module_id != _MODULE),
    )
    .values(sequence_index=_GIVEN.c.place, module_id=_MODULE)
)


async def items_of(work: Work, module_id: int) -> list[int]:
    """The ids of a module's items, in order."""
    return [row["id"] for row in await work.rows(_ITEMS, _Row, module_id=module_id)]


async def number(work: Work, module_id: int, ids: Sequence[int | None]) -> None:
    """Give a module these items at these places, the first 1; a None keeps a place free. Only what differs is written.

    An item of another module of the course comes into this one.
    """
    places = [place for place, item_id in enumerate(ids, 1) if item_id is not None]
    known = [item_id for item_id in ids if item_id is not None]
    await work.rows(_NUMBER, _Row, module_id=module_id, ids=known, places=places)
