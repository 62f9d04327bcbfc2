"""Whether what a payload refers to is there: assets of the university, and a pool that the course may draw from."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, BigInteger, any_, bindparam, or_, select

from lms_graphql.assessment.models import QuestionPool
from lms_graphql.content.given_payloads import Reference, missing
from lms_graphql.content.models import Asset
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

_Row = record("Referred")
_COURSE = bindparam("course_id", type_=BigInteger, required=True)


def _found(model: Any, *conditions: Any) -> Statement:
    """The rows with these ids, which stay there until the item is kept that refers to them."""
    ids = bindparam("ids", type_=ARRAY(BigInteger), required=True)
    return Statement(
        select(model.id)
        .where(model.university_id == UNIVERSITY, model.id == any_(ids), *conditions)
        .order_by(model.id)
        .with_for_update(read=True, key_share=True)
    )


_THERE = {
    "Asset": _found(Asset),
    "QuestionPool": _found(QuestionPool, or_(QuestionPool.course_id.is_(None), QuestionPool.course_id == _COURSE)),
}


async def require_there(work: Work, course_id: int, references: Sequence[Reference]) -> None:
    """Refuse references to what is not there; all of them at once, NOT_FOUND."""
    there: dict[tuple[str, int], Row] = {}
    for typename in sorted({one.typename for one in references}):
        ids = sorted({one.number for one in references if one.typename == typename})
        for row in await work.rows(_THERE[typename], _Row, course_id=course_id, ids=ids):
            there[typename, row["id"]] = row
    failures = [
        UserFailure(UserErrorCode.NOT_FOUND, f"{one.spoken}: {missing(one.typename)}", one.path)
        for one in references
        if (one.typename, one.number) not in there
    ]
    if failures:
        raise Refused.all(failures)
