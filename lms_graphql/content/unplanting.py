"""Taking modules and items out of a syllabus for good, as long as nothing of a learner's hangs on them."""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    delete,
    func,
    literal,
    or_,
    select,
    union_all,
)

from lms_graphql.assessment.models import LabSubmission, QuizAttempt, RubricCriterion, Upload
from lms_graphql.content.models import ContentItem, ContentItemRevision, ContentItemSetting
from lms_graphql.discussion.models import DiscussionThread
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.grades.models import GradeExemption
from lms_graphql.interop.checked import ITEM, MODULE
from lms_graphql.interop.models import ExternalKey
from lms_graphql.progress.models import UserContentProgress, UserModuleProgress
from lms_graphql.storage.statements import Statement, columns
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.syllabus.models import Module

_Row = record("Unplanted")
_MODULES = bindparam("module_ids", type_=ARRAY(BigInteger), required=True)
_ITEMS = bindparam("item_ids", type_=ARRAY(BigInteger), required=True)

RECORDS: dict[str, tuple[Any, ...]] = {
    "quiz attempts": (QuizAttempt.content_item_id,),
    "submissions": (LabSubmission.content_item_id,),
    "uploads": (Upload.content_item_id,),
    "records of progress": (UserContentProgress.content_item_id, UserModuleProgress.module_id),
    "exemptions": (GradeExemption.content_item_id,),
    "settings of offerings": (ContentItemSetting.content_item_id,),
    "threads": (DiscussionThread.content_item_id, DiscussionThread.module_id),
}
"""What keeps a module or an item from being deleted: learners' records, what offerings ask, and what was said of it."""


REMOVED: tuple[Any, ...] = (ContentItemRevision, RubricCriterion)
"""What is an item's own, and goes with it."""


def _counted(name: str, reference: Any) -> Any:
    model, named = reference.class_, any_(_MODULES if reference.key == "module_id" else _ITEMS)
    return select(literal(name, Text).label("name"), func.count().label("number")).where(
        model.university_id == UNIVERSITY, reference == named
    )


_COUNT = Statement(
    union_all(*(_counted(name, reference) for name, references in RECORDS.items() for reference in references))
)
_ITEMS_OF = Statement(
    select(ContentItem.id)
    .where(ContentItem.university_id == UNIVERSITY, ContentItem.module_id == any_(_MODULES))
    .order_by(ContentItem.id)
)
_REMOVE_OWN = tuple(
    Statement(delete(model).where(model.university_id == UNIVERSITY, model.content_item_id == any_(_ITEMS)))
    for model in REMOVED
)
_FORGET = Statement(
    delete(ExternalKey).where(
        ExternalKey.university_id == UNIVERSITY,
        or_(
            and_(ExternalKey.entity == ITEM, ExternalKey.entity_id == any_(_ITEMS)),
            and_(ExternalKey.entity == MODULE, ExternalKey.entity_id == any_(_MODULES)),
        ),
    )
)
_REMOVE_ITEMS = Statement(
    delete(ContentItem)
    .where(ContentItem.university_id == UNIVERSITY, ContentItem.id == any_(_ITEMS))
    .returning(*columns(ContentItem), cast(ContentItem.data_json, Text).label("data"))
)
_REMOVE_MODULES = Statement(
    delete(Module).where(Module.university_id == UNIVERSITY, Module.id == any_(_MODULES)).returning(*columns(Module))
)


async def unplant(work: Work, modules: Sequence[int], path: tuple[str, ...]) -> list[int]:
    """Delete these modules with all items in them; gives the items' ids.

    All that is below a module must be named with it, and the course must be locked. Siblings, flags and the content
    version are whoever's who calls. CLOSED where there are records, settings or threads, telling how many of what.
    """
    items = [row["id"] for row in await work.rows(_ITEMS_OF, _Row, module_ids=list(modules))]
    bound = {"module_ids": list(modules), "item_ids": items}
    await _require_no_records(work, bound, path)
    for statement in (*_REMOVE_OWN, _FORGET):
        await work.rows(statement, _Row, **bound)
    removed = await work.rows(_REMOVE_ITEMS, _Row, **bound) if items else []
    if removed:
        await work.audit_each("item.delete", "ContentItem", [(row["id"], _stored(row), None) for row in removed])
    gone = await work.rows(_REMOVE_MODULES, _Row, **bound)
    await work.audit_each("module.delete", "Module", [(row["id"], _stored(row), None) for row in gone])
    return items


async def _require_no_records(work: Work, bound: dict[str, list[int]], path: tuple[str, ...]) -> None:
    found: dict[str, int] = {}
    for row in await work.rows(_COUNT, _Row, **bound):
        found[row["name"]] = found.get(row["name"], 0) + row["number"]
    there = [f"{number} {name}" for name, number in found.items() if number]
    if there:
        message = f"there are {', '.join(there)} on what would be deleted; archive it instead"
        raise Refused(UserErrorCode.CLOSED, message, path)


def _stored(row: Row) -> dict[str, Any]:
    """Every column of a row, for the audit log."""
    values = {name: value for name, value in row.items() if name not in {"university_id", "id", "data"}}
    return {**values, "data_json": orjson.loads(row["data"])} if "data" in row.keys() else values  # noqa: SIM118 - a record
