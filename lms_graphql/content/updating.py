"""Changing what a content item says, and whether it is shown."""

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import BigInteger, Boolean, bindparam, update

from lms_graphql.content.editing import item_to_edit
from lms_graphql.content.given_payloads import KINDS, PAYLOAD
from lms_graphql.content.models import ContentItem
from lms_graphql.content.warning import warnings_of
from lms_graphql.content.writing import as_said, change, payload_for, require_revision, said
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.syllabus.editing import renew_version

_Row = record("ShownItem")
_SHOW = Statement(
    update(ContentItem)
    .where(
        ContentItem.university_id == UNIVERSITY,
        ContentItem.id == bindparam("item_id", type_=BigInteger, required=True),
    )
    .values(is_active=bindparam("is_active", type_=Boolean, required=True))
)


async def update_content_item(work: Work, given: Given) -> dict[str, Any]:
    """Change what is given of an item; gives `item_id` and `warnings`. The database keeps what it was before.

    CONFLICT unless it is of the expected revision; INVALID for a payload of another kind.
    """
    item = await item_to_edit(work, given["contentItemId"])
    require_revision(item, given.get("expectedRevision"))
    wanted = said(given)
    if given.get("payload") is not None:
        _require_kind(item, given["payload"])
        payload = await payload_for(work, item["course_id"], given["payload"], item["id"])
        wanted["data_json"] = _with_transcript(item, given["payload"], payload.data)
    return await say(work, item, wanted, "item.update")


async def say(work: Work, item: Row, wanted: Mapping[str, Any], act: str, reason: str | None = None) -> dict[str, Any]:
    """Write what is to be said of an item whose course is locked, if it differs; audited, told, with a new version.

    `wanted` are columns of which a revision is made, `data_json` checked already. Gives `item_id` and `warnings`.
    """
    before = as_said(item)
    after = {**before, **wanted}
    data, kind = after["data_json"], item["content_type"]
    if after == before:
        work.nothing_changed()
        return {"item_id": item["id"], "warnings": await warnings_of(work, item["id"], kind, data)}
    revision = await change(work, item["id"], after)
    differs = [name for name in after if after[name] != before[name]]
    await work.audit(
        act,
        "ContentItem",
        item["id"],
        before={"revision": item["revision"], **{name: before[name] for name in differs}},
        after={"revision": revision, **{name: after[name] for name in differs}},
        reason=reason,
    )
    await work.tell("item.updated", "ContentItem", item["id"], courseId=item["course_id"], revision=revision)
    await renew_version(work, item["course_id"])
    return {"item_id": item["id"], "warnings": await warnings_of(work, item["id"], kind, data)}


async def set_content_item_active(work: Work, given: Given) -> dict[str, Any]:
    """Show an item to students, or hide it from them; gives `item_id`."""
    item = await item_to_edit(work, given["contentItemId"])
    if item["is_active"] == given["active"]:
        work.nothing_changed()
        return {"item_id": item["id"]}
    await work.rows(_SHOW, _Row, item_id=item["id"], is_active=given["active"])
    await work.audit(
        "item.set_active",
        "ContentItem",
        item["id"],
        before={"is_active": item["is_active"]},
        after={"is_active": given["active"]},
    )
    await work.tell("item.updated", "ContentItem", item["id"], courseId=item["course_id"], revision=item["revision"])
    await renew_version(work, item["course_id"])
    return {"item_id": item["id"]}


def _require_kind(item: Row, payload: Given) -> None:
    (field,) = payload
    if KINDS[field] != item["content_type"]:
        kind = next(name for name, content_type in KINDS.items() if content_type == item["content_type"])
        message = f"the item is a {kind} and stays one: give `{kind}`, or create another item"
        raise Refused(UserErrorCode.INVALID, message, (*PAYLOAD, field))


def _with_transcript(item: Row, given: Given, data: dict[str, Any]) -> dict[str, Any]:
    """A video's payload with the transcript that it has, where none is given."""
    if item["content_type"] != "video" or "transcript" in given["video"]:
        return data
    former = orjson.loads(item["data"]).get("transcript")
    return data if former is None else {**data, "transcript": former}
