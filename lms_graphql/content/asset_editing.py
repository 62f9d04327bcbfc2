"""What those who change assets begin with: the asset, locked; the library or the course; the file that was sent."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Text, bindparam, cast, func, select, update

from lms_graphql.assessment.models import Upload
from lms_graphql.catalog.editing import course_to_edit
from lms_graphql.catalog.reach import department_of_course
from lms_graphql.content.addresses import LONGEST, fault
from lms_graphql.content.models import Asset
from lms_graphql.content.policy import may_edit_asset, visible_assets
from lms_graphql.engine.context import Standing, Viewer
from lms_graphql.engine.inputs import line
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement, columns
from lms_graphql.storage.tenancy import UNIVERSITY, USER
from lms_graphql.tenancy.policy import may_author

ASSET = ("input", "assetId")
COURSE = ("input", "courseId")
SOURCE = ("input", "source")

AssetRow = record("EditedAsset")
_UPLOAD = bindparam("upload_id", type_=BigInteger, required=True)


def _asset(standing: Standing) -> Statement:
    course_id: Any = Asset.course_id
    return Statement(
        select(
            *columns(Asset),
            cast(Asset.meta_json, Text).label("meta"),
            department_of_course(course_id).label("department_id"),
        )
        .where(
            Asset.id == bindparam("asset_id", type_=BigInteger, required=True),
            visible_assets(Viewer(standing=standing)),
        )
        .with_for_update(of=Asset)
    )


_ASSETS = {standing: _asset(standing) for standing in (Standing.STAFF, Standing.ADMIN)}
_TAKE = Statement(
    update(Upload)
    .where(
        Upload.university_id == UNIVERSITY,
        Upload.id == _UPLOAD,
        Upload.user_id == USER,
        Upload.purpose == "asset",
        Upload.state == "stored",
        Upload.expires_at > func.now(),
    )
    .values(state="attached")
    .returning(Upload.id, Upload.media_type)
)
_OWN = Statement(
    select(Upload.state).where(
        Upload.university_id == UNIVERSITY, Upload.id == _UPLOAD, Upload.user_id == USER, Upload.purpose == "asset"
    )
)
_LET_GO = Statement(
    update(Upload)
    .where(Upload.university_id == UNIVERSITY, Upload.id == _UPLOAD)
    .values(state="stored", expires_at=func.now())
)
_LET_GO_OF_COURSE = Statement(
    update(Upload)
    .where(
        Upload.university_id == UNIVERSITY,
        Upload.id.in_(
            select(Asset.upload_id).where(
                Asset.university_id == UNIVERSITY,
                Asset.course_id == bindparam("course_id", type_=BigInteger, required=True),
                Asset.upload_id.is_not(None),
            )
        ),
    )
    .values(state="stored", expires_at=func.now())
)
_KINDS = {"application/pdf": "pdf"}


class Source(NamedTuple):
    """What an asset is: an address, or an upload; and the kind that it is by its media type, if that tells."""

    url: str | None
    upload_id: int | None
    kind: str | None


async def asset_to_edit(work: Work, text: str) -> Row:
    """The asset that a global id names, locked, with `meta` as JSON; NOT_FOUND, FORBIDDEN."""
    asset_id = number_of(text, "Asset", work.viewer.university_id)
    row = None if asset_id is None else await work.one(_ASSETS[work.viewer.standing], AssetRow, asset_id=asset_id)
    if row is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such asset for you", ASSET)
    if not may_edit_asset(work.viewer, row):
        raise Refused(UserErrorCode.FORBIDDEN, "your roles here do not allow this for the asset", ASSET)
    return row


async def owner_named(work: Work, course: str | None) -> int | None:
    """The course that an asset shall belong to; None for the library, which is for those who may add courses."""
    if course is not None:
        return int((await course_to_edit(work, course, COURSE))["id"])
    if not may_author(work.viewer):
        message = "only administrators add to the library that all courses share; name a course of yours"
        raise Refused(UserErrorCode.FORBIDDEN, message, COURSE)
    return None


async def taken_source(work: Work, given: Mapping[str, Any]) -> Source:
    """The address, checked, or the viewer's own upload, which is the asset's from now on."""
    if given.get("url") is not None:
        return Source(_address(given["url"]), None, None)
    path = (*SOURCE, "uploadId")
    upload_id = number_of(given["uploadId"], "Upload", work.viewer.university_id)
    taken = None if upload_id is None else await work.one(_TAKE, AssetRow, upload_id=upload_id)
    if taken is not None:
        return Source(None, upload_id, _kind_of(taken["media_type"]))
    own = None if upload_id is None else await work.one(_OWN, AssetRow, upload_id=upload_id)
    if own is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such file of yours that is to be an asset", path)
    if own["state"] == "attached":
        raise Refused(UserErrorCode.TAKEN, "this file is another asset's already", path)
    message = "this file has not come, or too long ago: send it to its target, then complete it (completeUpload)"
    raise Refused(UserErrorCode.CLOSED, message, path)


async def let_go(work: Work, upload_id: int | None) -> None:
    """Leave the file of an asset to be swept away, if it was an upload."""
    if upload_id is not None:
        await work.rows(_LET_GO, AssetRow, upload_id=upload_id)


async def let_go_of_course(work: Work, course_id: int) -> None:
    """Leave the files of all assets of a course to be swept away, as far as they were uploads."""
    await work.rows(_LET_GO_OF_COURSE, AssetRow, course_id=course_id)


def _kind_of(media_type: str) -> str:
    family = media_type.partition("/")[0]
    return _KINDS.get(media_type, family if family in {"image", "audio", "video"} else "other")


def _address(text: str) -> str:
    path = (*SOURCE, "url")
    url = line(text, path, most=LONGEST)
    wrong = fault(url) or (None if url.startswith("https://") else "this must begin with https://")
    if wrong is not None:
        raise Refused(UserErrorCode.INVALID, wrong, path)
    return url
