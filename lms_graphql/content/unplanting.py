"""Taking modules with all items in them out of a syllabus for good, as long as nothing of a learner's hangs on them."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import ARRAY, BigInteger, Text, any_, bindparam, cast, delete, func, literal, select, union_all

from lms_graphql.content.models import ContentItem
from lms_graphql.content.records import records_of, remove_items
from lms_graphql.discussion.models import DiscussionThread
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.interop.checked import MODULE
from lms_graphql.interop.models import ExternalKey
from lms_graphql.progress.models import UserModuleProgress
from lms_graphql.storage.statements import Statement, columns
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.syllabus.models import Module

RECORDS: Mapping[str, Any] = {"records of progress": UserModuleProgress, "threads": DiscussionThread}
"""What keeps a module from being deleted, besides what `records` has of the items in it."""

_Row = record("Unplanted")
_MODULES = bindparam("module_ids", type_=ARRAY(BigInteger), required=True)
_COUNT = Statement(
    union_all(
        *(
            select(literal(name, Text).label("name"), func.count().label("number"))
            .select_from(model)
            .where(model.university_id == UNIVERSITY, model.module_id == any_(_MODULES))
            for name, model in RECORDS.items()
        )
    )
)
_ITEMS = Statement(
    select(*columns(ContentItem), cast(ContentItem.data_json, Text).label("data"))
    .where(ContentItem.university_id == UNIVERSITY, ContentItem.module_id == any_(_MODULES))
    .order_by(ContentItem.id)
)
_FORGET = Statement(
    delete(ExternalKey).where(
        ExternalKey.university_id == UNIVERSITY, ExternalKey.entity == MODULE, ExternalKey.entity_id == any_(_MODULES)
    )
)
_REMOVE = Statement(
    delete(Module).where(Module.university_id == UNIVERSITY, Module.id == any_(_MODULES)).returning(*columns(Module))
)


async def unplant(work: Work, module_ids: Sequence[int], path: tuple[str, ...]) -> list[int]:
    """Delete these modules with all items in them; gives the items' ids.

    All that is below a module must be named with it, and the course must be locked. Siblings, flags and the content
    version are whoever's who calls. CLOSED where there are records, settings or threads, telling how many of what.
    """
    ids = list(module_ids)
    items = await work.rows(_ITEMS, _Row, module_ids=ids)
    item_ids = [row["id"] for row in items]
    await _require_no_records(work, ids, item_ids, path)
    if items:
        await remove_items(work, item_ids)
        await work.audit_each("item.delete", "ContentItem", [(row["id"], _with_payload(row), None) for row in items])
    await work.rows(_FORGET, _Row, module_ids=ids)
    gone = await work.rows(_REMOVE, _Row, module_ids=ids)
    await work.audit_each("module.delete", "Module", [(row["id"], _stored(row), None) for row in gone])
    return item_ids


async def _require_no_records(work: Work, ids: list[int], item_ids: list[int], path: tuple[str, ...]) -> None:
    found = await records_of(work, item_ids)
    for row in await work.rows(_COUNT, _Row, module_ids=ids):
        if row["number"]:
            found[row["name"]] = found.get(row["name"], 0) + row["number"]
    if found:
        told = ", ".join(f"{number} {name}" for name, number in found.items())
        message = f"this can't be deleted for what hangs on it ({told}): archive it with archiveModule"
        raise Refused(UserErrorCode.CLOSED, message, path)


def _stored(row: Row) -> dict[str, Any]:
    """Every column of a row, for the audit log."""
    return {name: value for name, value in row.items() if name not in {"university_id", "id", "data"}}


def _with_payload(row: Row) -> dict[str, Any]:
    return {**_stored(row), "data_json": orjson.loads(row["data"])}
