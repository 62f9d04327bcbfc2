"""The order of modules among their siblings: read, and numbered anew from 1, whatever it was."""

from collections.abc import Sequence

from sqlalchemy import ARRAY, BigInteger, Integer, bindparam, column, func, select, update

from lms_graphql.engine.rows import record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.syllabus.models import Module

POSITION = ("input", "position")

_Row = record("Sibling")
_COURSE = bindparam("course_id", type_=BigInteger, required=True)
_PARENT = bindparam("parent_id", type_=BigInteger, required=True)
_SIBLINGS = Statement(
    select(Module.id)
    .where(
        Module.university_id == UNIVERSITY,
        Module.course_id == _COURSE,
        Module.parent_module_id.is_not_distinct_from(_PARENT),
    )
    .order_by(Module.sequence_index, Module.id)
)
_GIVEN = (
    func.unnest(bindparam("ids", type_=ARRAY(BigInteger)), bindparam("places", type_=ARRAY(Integer)))
    .table_valued(column("id", BigInteger), column("place", Integer))
    .render_derived(name="given")
)
_NUMBER = Statement(
    update(Module)
    .where(
        Module.university_id == UNIVERSITY,
        Module.id == _GIVEN.c.id,
        Module.sequence_index.is_distinct_from(_GIVEN.c.place),
    )
    .values(sequence_index=_GIVEN.c.place)
)


async def siblings(work: Work, course_id: int, parent_id: int | None) -> list[int]:
    """The ids of the modules directly below a module (None: at the top of the course), in order."""
    return [row["id"] for row in await work.rows(_SIBLINGS, _Row, course_id=course_id, parent_id=parent_id)]


def checked_place(place: int | None, count: int) -> int:
    """The place from 1 of something that is put among so many others, None: behind the last; INVALID for no place."""
    if place is None:
        return count + 1
    if not 1 <= place <= count + 1:
        raise Refused(UserErrorCode.INVALID, f"this must be from 1 to {count + 1}, the last place there", POSITION)
    return place


async def number(work: Work, ids: Sequence[int | None]) -> None:
    """Give the siblings their places, the first 1; a None keeps a place free. Only what differs is written."""
    places = [place for place, module_id in enumerate(ids, 1) if module_id is not None]
    await work.rows(_NUMBER, _Row, ids=[module_id for module_id in ids if module_id is not None], places=places)
