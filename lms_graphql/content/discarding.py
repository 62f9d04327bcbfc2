"""Deleting an asset that nothing uses."""

from typing import Any

from sqlalchemy import BigInteger, bindparam, delete, func, select

from lms_graphql.content.asset_editing import ASSET, AssetRow, asset_to_edit, let_go
from lms_graphql.content.models import Asset, ContentItem, ContentItemAsset
from lms_graphql.content.policy import visible_uses
from lms_graphql.content.registering import written
from lms_graphql.engine.context import Standing, Viewer
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import GlobalId
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure
from lms_graphql.engine.work import Work, require_version
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

MOST_NAMED = 5
IN_USE = UserFailure(UserErrorCode.CLOSED, "content names this asset by now; look at its usage", ASSET)
"""Somebody named it between the look at its uses and the end."""
_ASSET = bindparam("asset_id", type_=BigInteger, required=True)
_COUNT = Statement(
    select(func.count().label("number")).where(
        ContentItemAsset.university_id == UNIVERSITY, ContentItemAsset.asset_id == _ASSET
    )
)


def _named(standing: Standing) -> Statement:
    """The first items that name it, of those that the viewer sees."""
    return Statement(
        select(ContentItem.title)
        .join(
            ContentItemAsset,
            (ContentItemAsset.university_id == UNIVERSITY) & (ContentItemAsset.content_item_id == ContentItem.id),
        )
        .where(
            ContentItem.university_id == UNIVERSITY,
            ContentItemAsset.asset_id == _ASSET,
            visible_uses(Viewer(standing=standing)),
        )
        .order_by(ContentItem.id)
        .limit(MOST_NAMED)
    )


_NAMED = {standing: _named(standing) for standing in (Standing.STAFF, Standing.ADMIN)}
_DELETE = Statement(delete(Asset).where(Asset.university_id == UNIVERSITY, Asset.id == _ASSET))


async def delete_asset(work: Work, given: Given) -> dict[str, Any]:
    """Delete an asset that no item names; gives `deleted_id`. CLOSED while any does, telling which."""
    row = await asset_to_edit(work, given["assetId"])
    require_version(row["version"], given.get("expectedVersion"))
    await _require_unused(work, row["id"])
    await work.rows(_DELETE, AssetRow, asset_id=row["id"])
    await let_go(work, row["upload_id"])
    before = {**written(row), "version": row["version"]}
    await work.audit("asset.delete", "Asset", row["id"], before=before)
    await work.tell("asset.deleted", "Asset", row["id"], courseId=row["course_id"])
    return {"deleted_id": str(GlobalId("Asset", row["id"], work.viewer.university_id))}


async def _require_unused(work: Work, asset_id: int) -> None:
    (found,) = await work.rows(_COUNT, AssetRow, asset_id=asset_id)
    if not found["number"]:
        return
    named = await work.rows(_NAMED[work.viewer.standing], AssetRow, asset_id=asset_id)
    titles = "".join(f", “{row['title']}”" for row in named)
    items = "1 item names it" if found["number"] == 1 else f"{found['number']} items name it"
    raise Refused(UserErrorCode.CLOSED, f"{items}{titles}: take it out of them first (see its usage)", ASSET)
