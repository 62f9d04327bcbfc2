"""Making a content item what it was at an earlier revision: as a new one, so that nothing is lost."""

from typing import Any

import orjson
from sqlalchemy import BigInteger, Integer, Text, bindparam, cast, select

from lms_graphql.content.editing import item_to_edit
from lms_graphql.content.given_payloads import Reference
from lms_graphql.content.models import ContentItemRevision
from lms_graphql.content.references import asset_ids_of, pool_id_of
from lms_graphql.content.resolving import require_there
from lms_graphql.content.updating import say
from lms_graphql.content.writing import as_said, require_revision
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.rows import record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement, columns
from lms_graphql.storage.tenancy import UNIVERSITY

_PATH = ("input", "revision")

_Row = record("FormerItem")
_FORMER = Statement(
    select(*columns(ContentItemRevision), cast(ContentItemRevision.data_json, Text).label("data")).where(
        ContentItemRevision.university_id == UNIVERSITY,
        ContentItemRevision.content_item_id == bindparam("item_id", type_=BigInteger, required=True),
        ContentItemRevision.revision == bindparam("revision", type_=Integer, required=True),
    )
)


async def restore_content_item_revision(work: Work, given: Given) -> dict[str, Any]:
    """Say of an item again all that one of its revisions said; gives `item_id` and `warnings`.

    NOT_FOUND for a revision that there is not, and where an asset or the pool that it refers to is gone.
    """
    item = await item_to_edit(work, given["contentItemId"])
    require_revision(item, given.get("expectedRevision"))
    former = await work.one(_FORMER, _Row, item_id=item["id"], revision=given["revision"])
    if former is None:
        raise Refused(UserErrorCode.NOT_FOUND, "the content item has no such former revision", _PATH)
    wanted = as_said(former)
    await require_there(work, item["course_id"], _references(item["content_type"], former["data"]), item["id"])
    return await say(work, item, wanted, "item.restore", reason=f"revision {given['revision']}")


def _references(content_type: str, text: str) -> list[Reference]:
    data = orjson.loads(text)
    numbers = [("Asset", number) for number in sorted(asset_ids_of(content_type, data))]
    pool_id = pool_id_of(content_type, data)
    if pool_id is not None:
        numbers.append(("QuestionPool", pool_id))
    return [Reference(typename, number, _PATH, "what it refers to") for typename, number in numbers]
