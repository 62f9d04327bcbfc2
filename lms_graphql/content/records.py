"""What hangs on content items: what must not go with them, and what goes."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, BigInteger, any_, bindparam, delete, func, literal, select, union_all

from lms_graphql.assessment.models import LabSubmission, QuizAttempt, RubricCriterion, Upload
from lms_graphql.content.models import ContentItem, ContentItemRevision, ContentItemSetting
from lms_graphql.discussion.models import DiscussionThread
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.work import Work
from lms_graphql.grades.models import GradeExemption
from lms_graphql.interop.models import ExternalKey
from lms_graphql.progress.models import UserContentProgress
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

RECORDS: Mapping[str, Any] = {
    "quiz attempts": QuizAttempt,
    "submissions": LabSubmission,
    "uploads": Upload,
    "records of progress": UserContentProgress,
    "exemptions": GradeExemption,
    "settings of offerings": ContentItemSetting,
    "threads": DiscussionThread,
}
"""What keeps an item from being deleted: what people did with it, what offerings ask of it, what was said of it."""
PARTS = (RubricCriterion, ContentItemRevision)
"""What is nothing without its item, and goes with it."""

_Row = record("RecordsOfItems")
_ITEMS = bindparam("item_ids", type_=ARRAY(BigInteger), required=True)


def _of_items(model: Any) -> tuple[Any, Any]:
    return model.university_id == UNIVERSITY, model.content_item_id == any_(_ITEMS)


_COUNT = Statement(
    union_all(
        *(
            select(literal(name).label("name"), func.count().label("number"))
            .select_from(model)
            .where(*_of_items(model))
            for name, model in RECORDS.items()
        )
    )
)
_REMOVE = [
    *(Statement(delete(model).where(*_of_items(model))) for model in PARTS),
    Statement(
        delete(ExternalKey).where(
            ExternalKey.university_id == UNIVERSITY,
            ExternalKey.entity == "content_item",
            ExternalKey.entity_id == any_(_ITEMS),
        )
    ),
    Statement(delete(ContentItem).where(ContentItem.university_id == UNIVERSITY, ContentItem.id == any_(_ITEMS))),
]


async def records_of(work: Work, item_ids: Sequence[int]) -> dict[str, int]:
    """How many records of each kind (see `RECORDS`) hang on these items, without kinds of which there are none."""
    rows: list[Row] = await work.rows(_COUNT, _Row, item_ids=list(item_ids))
    return {row["name"]: row["number"] for row in rows if row["number"]}


async def remove_items(work: Work, item_ids: Sequence[int]) -> None:
    """Delete these items with their parts, in a fixed number of statements; `records_of` must have found nothing.

    Their course must be locked. Places among siblings and the audit log are the caller's matter.
    """
    for statement in _REMOVE:
        await work.rows(statement, _Row, item_ids=list(item_ids))
