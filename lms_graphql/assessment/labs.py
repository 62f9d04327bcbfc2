"""The lab that a submission met, as its grader needs it: what it runs in, and all its files, the hidden ones too."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, BigInteger, Integer, any_, bindparam, func, select

from lms_graphql.assessment.models import Upload
from lms_graphql.content import payloads
from lms_graphql.content.models import Asset, ContentItem, ContentItemRevision
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

_Row = record("GradingLab")
_ITEM = bindparam("item_id", type_=BigInteger, required=True)

_LAB = Statement(
    select(func.coalesce(ContentItemRevision.data_json, ContentItem.data_json).label("payload_json"))
    .select_from(ContentItem)
    .outerjoin(
        ContentItemRevision,
        (ContentItemRevision.university_id == UNIVERSITY)
        & (ContentItemRevision.content_item_id == ContentItem.id)
        & (ContentItemRevision.revision == bindparam("revision", type_=Integer, required=True)),
    )
    .where(ContentItem.university_id == UNIVERSITY, ContentItem.id == _ITEM)
)
"""As it was at the revision, and as it is now where that is the present one."""
_ASSETS = Statement(
    select(
        Asset.id.label("asset_id"),
        Asset.url,
        Upload.university_id,
        Upload.id,
        Upload.user_id,
        Upload.file_name,
        Upload.media_type,
        Upload.size_bytes,
        Upload.sha256,
    )
    .select_from(Asset)
    .outerjoin(Upload, (Upload.university_id == UNIVERSITY) & (Upload.id == Asset.upload_id))
    .where(
        Asset.university_id == UNIVERSITY,
        Asset.id == any_(bindparam("asset_ids", type_=ARRAY(BigInteger), required=True)),
    )
)


class LabFile(NamedTuple):
    """A file of the lab; `asset` is where it can be fetched, None where the container's image has it."""

    path: str
    role: str
    asset: Row | None


class Lab(NamedTuple):
    """What a grader needs to run somebody's work."""

    payload: payloads.EngineeringLabPayload
    files: Sequence[LabFile]


async def lab_of(work: Work, item_id: int, revision: int) -> Lab | None:
    """The lab as it was at a revision; None for what is no lab, or can't be read."""
    row = await work.one(_LAB, _Row, item_id=item_id, revision=revision)
    payload: Any = None if row is None else payloads.decode("engineering_lab", row["payload_json"], item_id=item_id)
    if payload is None:
        return None
    wanted = sorted({file.asset_id for file in payload.files if file.asset_id is not None})
    rows = await work.rows(_ASSETS, _Row, asset_ids=wanted) if wanted else []
    assets = {asset["asset_id"]: asset for asset in rows}
    return Lab(payload, [LabFile(file.path, file.role, assets.get(file.asset_id)) for file in payload.files])
