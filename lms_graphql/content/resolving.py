"""Whether what a payload refers to is there: assets, and a pool that the course may draw from.

An asset is of the university's library, of the course itself, or one that the item names already: who names another
course's asset would show it to their students.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, BigInteger, any_, bindparam, exists, or_, select

from lms_graphql.assessment.models import QuestionPool
from lms_graphql.content.given_payloads import Reference, missing
from lms_graphql.content.models import Asset, ContentItemAsset
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

_Row = record("Referred")
_COURSE = bindparam("course_id", type_=BigInteger, required=True)
_ITEM = bindparam("item_id", type_=BigInteger, required=True)
_OPEN_TO_STUDENTS = "students can get at this asset: name one that is for staff alone (`isStaffOnly`)"


def _found(model: Any, columns: Sequence[Any], *conditions: Any) -> Statement:
    """The rows with these ids, which stay there until the item is kept that refers to them."""
    ids = bindparam("ids", type_=ARRAY(BigInteger), required=True)
    return Statement(
        select(model.id, *columns)
        .where(model.university_id == UNIVERSITY, model.id == any_(ids), or_(model.course_id.is_(None), *conditions))
        .order_by(model.id)
        .with_for_update(read=True, key_share=True, of=model)
    )


_NAMED_ALREADY = exists().where(
    ContentItemAsset.university_id == UNIVERSITY,
    ContentItemAsset.content_item_id == _ITEM,
    ContentItemAsset.asset_id == Asset.id,
)
_THERE = {
    "Asset": _found(Asset, [Asset.is_staff_only], Asset.course_id == _COURSE, _NAMED_ALREADY),
    "QuestionPool": _found(QuestionPool, [], QuestionPool.course_id == _COURSE),
}


async def require_there(
    work: Work, course_id: int, references: Sequence[Reference], item_id: int | None = None
) -> None:
    """Refuse references of an item (None: of a new one) to what is not there, NOT_FOUND; all of them at once.

    INVALID where a file that students must not see is an asset that they can get at.
    """
    there: dict[tuple[str, int], Row] = {}
    for typename in sorted({one.typename for one in references}):
        ids = sorted({one.number for one in references if one.typename == typename})
        bound = {"course_id": course_id, "item_id": item_id or 0}
        for row in await work.rows(_THERE[typename], _Row, ids=ids, **bound):
            there[typename, row["id"]] = row
    failures = [failure for one in references if (failure := _failure(one, there)) is not None]
    if failures:
        raise Refused.all(failures)


def _failure(one: Reference, there: dict[tuple[str, int], Row]) -> UserFailure | None:
    row = there.get((one.typename, one.number))
    if row is None:
        return UserFailure(UserErrorCode.NOT_FOUND, f"{one.spoken}: {missing(one.typename)}", one.path)
    if one.is_hidden and not row["is_staff_only"]:
        return UserFailure(UserErrorCode.INVALID, f"{one.spoken}: {_OPEN_TO_STUDENTS}", one.path)
    return None
