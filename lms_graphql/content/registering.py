"""Putting files into the library or into a course, saying other things of them, and putting others in their place."""

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import BigInteger, Boolean, String, Text, bindparam, cast, func, insert, select, update
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH

from lms_graphql.content.asset_editing import AssetRow, Source, asset_to_edit, let_go, owner_named, taken_source
from lms_graphql.content.models import Asset, ContentItem, ContentItemAsset
from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.prose import prose
from lms_graphql.engine.rows import Row
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work, require_version
from lms_graphql.storage.statements import Statement, columns
from lms_graphql.storage.tenancy import UNIVERSITY

LONGEST_TEXT = 1_000
MOST_PIXELS = 100_000
_LONGEST_LINE = 255
_META = {"altText": "alt_text", "license": "license", "widthPixels": "width", "heightPixels": "height"}
"""What `assets.meta_json` holds, by the names of inputs."""
_WRITTEN = ("course_id", "url", "upload_id", "asset_type", "title", "is_staff_only", "meta_json")

_VALUES: dict[str, Any] = {
    "course_id": bindparam("course_id", type_=BigInteger),
    "url": bindparam("url", type_=String),
    "upload_id": bindparam("upload_id", type_=BigInteger),
    "asset_type": bindparam("asset_type", type_=String),
    "title": bindparam("title", type_=String),
    "is_staff_only": bindparam("is_staff_only", type_=Boolean),
    "meta_json": cast(bindparam("meta_json", type_=Text), JSONB),
}
_ADD = Statement(insert(Asset).values(university_id=UNIVERSITY, **_VALUES).returning(*columns(Asset)))
_ASSET = bindparam("asset_id", type_=BigInteger, required=True)
_CHANGE = Statement(
    update(Asset).where(Asset.university_id == UNIVERSITY, Asset.id == _ASSET).values(_VALUES).returning(Asset.version)
)
_HIDDEN = cast('$.files[*] ? (@.role != "student_visible" && @.asset_id == $id)', JSONPATH)
_IS_HIDDEN = Statement(
    select(ContentItem.id)
    .join(
        ContentItemAsset,
        (ContentItemAsset.university_id == UNIVERSITY) & (ContentItemAsset.content_item_id == ContentItem.id),
    )
    .where(
        ContentItem.university_id == UNIVERSITY,
        ContentItemAsset.asset_id == _ASSET,
        func.jsonb_path_exists(ContentItem.data_json, _HIDDEN, func.jsonb_build_object("id", _ASSET)),
    )
    .limit(1)
)


async def register_asset(work: Work, given: Given) -> dict[str, Any]:
    """Add an asset; gives `asset_id`."""
    course_id = await owner_named(work, given.get("courseId"))
    said = _said(given)
    source = await taken_source(work, given["source"])
    after = {
        "course_id": course_id,
        **_of_source(source, given),
        "title": said.pop("title", None),
        "is_staff_only": said.pop("is_staff_only", False),
        "meta_json": {name: value for name, value in said.items() if value is not None},
    }
    (row,) = await work.rows(_ADD, AssetRow, **_bound(after))
    stored: dict[str, Any] = {name: value for name, value in row.items() if name not in {"university_id", "id"}}
    await work.audit("asset.register", "Asset", row["id"], after={**stored, "meta_json": after["meta_json"]})
    await work.tell("asset.registered", "Asset", row["id"], courseId=course_id)
    return {"asset_id": row["id"]}


async def update_asset(work: Work, given: Given) -> dict[str, Any]:
    """Change what is said of an asset, and for whom it is; gives `asset_id`."""
    row = await asset_to_edit(work, given["assetId"])
    require_version(row["version"], given.get("expectedVersion"))
    before, said = written(row), _said(given)
    after: dict[str, Any] = {**before, **{name: said.pop(name) for name in ("title", "is_staff_only") if name in said}}
    if "courseId" in given:
        after["course_id"] = await owner_named(work, given["courseId"])
    if given.get("kind") is not None:
        after["asset_type"] = _kind(given["kind"].value, None if row["upload_id"] is None else row["asset_type"])
    meta = {**before["meta_json"], **said}
    after["meta_json"] = {name: value for name, value in meta.items() if value is not None}
    if before["is_staff_only"] and not after["is_staff_only"]:
        await _require_not_hidden(work, row["id"])
    return await _change(work, "update", row, before, after)


async def replace_asset(work: Work, given: Given) -> dict[str, Any]:
    """Put another file behind an asset, wherever it is used; gives `asset_id`. The former one is left to be swept."""
    row = await asset_to_edit(work, given["assetId"])
    require_version(row["version"], given.get("expectedVersion"))
    before = written(row)
    pixels = {_META[name]: _pixels(given, name) for name in ("widthPixels", "heightPixels")}
    source = await taken_source(work, given["source"])
    meta = {**before["meta_json"], **pixels}
    after = {
        **before,
        **_of_source(source, {"kind": given.get("kind")}, otherwise=row["asset_type"]),
        "meta_json": {name: value for name, value in meta.items() if value is not None},
    }
    keys = await _change(work, "replace", row, before, after)
    await let_go(work, row["upload_id"])
    return keys


async def _change(
    work: Work, act: str, row: Row, before: Mapping[str, Any], after: Mapping[str, Any]
) -> dict[str, Any]:
    keys = {"asset_id": row["id"]}
    differ = [name for name in _WRITTEN if before[name] != after[name]]
    if not differ:
        work.nothing_changed()
        return keys
    (now,) = await work.rows(_CHANGE, AssetRow, asset_id=row["id"], **_bound(after))
    await work.audit(
        f"asset.{act}",
        "Asset",
        row["id"],
        before={**{name: before[name] for name in differ}, "version": row["version"]},
        after={**{name: after[name] for name in differ}, "version": now["version"]},
    )
    await work.tell(f"asset.{act}d", "Asset", row["id"], courseId=after["course_id"])
    return keys


def written(row: Row) -> dict[str, Any]:
    """What mutations write of an asset, as it is."""
    meta = {} if row["meta"] is None else orjson.loads(row["meta"])
    return {**{name: row[name] for name in _WRITTEN[:-1]}, "meta_json": meta if isinstance(meta, dict) else {}}


def _bound(values: Mapping[str, Any]) -> dict[str, Any]:
    return {**values, "meta_json": orjson.dumps(values["meta_json"]).decode()}


def _of_source(source: Source, given: Mapping[str, Any], otherwise: str = "other") -> dict[str, Any]:
    """The columns that a source settles; INVALID for a kind that the file is not."""
    kind = given.get("kind")
    named = None if kind is None else _kind(kind.value, source.kind)
    return {"url": source.url, "upload_id": source.upload_id, "asset_type": named or source.kind or otherwise}


def _kind(named: str, of_file: str | None) -> str:
    """A kind that is named, of a file that is of this kind by its media type, if that tells."""
    if of_file is not None and named != of_file:
        message = f"the file that was sent is {of_file.upper()}, by its media type"
        raise Refused(UserErrorCode.INVALID, message, ("input", "kind"))
    return named


def _said(given: Given) -> dict[str, Any]:
    """What is said of an asset, by the names that it is kept under; null clears."""
    said: dict[str, Any] = {}
    if "title" in given:
        said["title"] = _line(given, "title")
    if given.get("isStaffOnly") is not None:
        said["is_staff_only"] = given["isStaffOnly"]
    if "altText" in given:
        text = given["altText"]
        said["alt_text"] = None if text is None else prose(text, ("input", "altText"), most=LONGEST_TEXT)
    if "license" in given:
        said["license"] = _line(given, "license")
    for name in ("widthPixels", "heightPixels"):
        if name in given:
            said[_META[name]] = _pixels(given, name)
    return said


def _line(given: Given, name: str) -> str | None:
    return None if given[name] is None else line(given[name], ("input", name), most=_LONGEST_LINE)


def _pixels(given: Given, name: str) -> int | None:
    value = given.get(name)
    if value is not None and not 1 <= value <= MOST_PIXELS:
        raise Refused(UserErrorCode.INVALID, f"this must be from 1 to {MOST_PIXELS}", ("input", name))
    return None if value is None else int(value)


async def _require_not_hidden(work: Work, asset_id: int) -> None:
    if await work.rows(_IS_HIDDEN, AssetRow, asset_id=asset_id):
        message = "this is a hidden file of a lab; take it out of the lab first"
        raise Refused(UserErrorCode.CLOSED, message, ("input", "isStaffOnly"))
