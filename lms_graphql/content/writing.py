"""What those who create and change items share: what is said of one, read from an input, and how it is written."""

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import BigInteger, Boolean, Integer, Text, bindparam, cast, insert, update
from sqlalchemy.dialects.postgresql import JSONB

from lms_graphql.content.given_payloads import GivenPayload, given_payload
from lms_graphql.content.models import ContentItem, content_type_enum
from lms_graphql.content.resolving import require_there
from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.prose import prose
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement, columns
from lms_graphql.storage.tenancy import UNIVERSITY

LONGEST_TITLE = 255
LONGEST_DESCRIPTION = 20_000
MOST_SECONDS = 1_000_000
REVISION = ("input", "expectedRevision")

_Row = record("WrittenItem")


def _value(name: str, type_: Any) -> Any:
    return bindparam(name, type_=type_, required=True)


_SAID = {
    "title": _value("title", Text),
    "description": _value("description", Text),
    "estimated_duration_seconds": _value("seconds", Integer),
    "data_json": cast(_value("data", Text), JSONB),
}
_ADD = Statement(
    insert(ContentItem)
    .inline()
    .values(
        university_id=UNIVERSITY,
        course_id=_value("course_id", BigInteger),
        module_id=_value("module_id", BigInteger),
        content_type=cast(_value("content_type", Text), content_type_enum),
        sequence_index=_value("place", Integer),
        is_active=_value("is_active", Boolean),
        **_SAID,
    )
    .returning(*columns(ContentItem))
)
_CHANGE = Statement(
    update(ContentItem)
    .where(ContentItem.university_id == UNIVERSITY, ContentItem.id == _value("item_id", BigInteger))
    .values(**_SAID)
    .returning(ContentItem.id, ContentItem.revision)
)


def said(given: Given) -> dict[str, Any]:
    """The columns of an item that an input gives besides its payload; null clears what can be cleared."""
    found: dict[str, Any] = {}
    if "title" in given:
        found["title"] = line(given["title"] or "", ("input", "title"), most=LONGEST_TITLE)
    if "description" in given:
        text = (given["description"] or "").strip()
        path = ("input", "description")
        found["description"] = prose(text, path, most=LONGEST_DESCRIPTION) if text else None
    if "estimatedDurationSeconds" in given:
        found["estimated_duration_seconds"] = _seconds(given["estimatedDurationSeconds"])
    return found


def _seconds(value: int | None) -> int | None:
    if value is not None and not 0 <= value <= MOST_SECONDS:
        path = ("input", "estimatedDurationSeconds")
        raise Refused(UserErrorCode.INVALID, f"this must be from 0 to {MOST_SECONDS}", path)
    return value


async def payload_for(work: Work, course_id: int, given: Given, item_id: int | None = None) -> GivenPayload:
    """The payload that an input gives, good to be stored in an item of the course, None for a new one.

    Refused tells all that is wrong.

    To read Markdown takes long: it must not keep others waiting.
    """
    payload = await asyncio.to_thread(given_payload, given, work.viewer.university_id)
    await require_there(work, course_id, payload.references, item_id)
    return payload


async def add(work: Work, module: Row, place: int, content_type: str, values: Mapping[str, Any]) -> Row:
    """Add an item at a free place of a module; gives its columns without the payload."""
    (added,) = await work.rows(
        _ADD,
        _Row,
        course_id=module["course_id"],
        module_id=module["id"],
        place=place,
        content_type=content_type,
        is_active=values["is_active"],
        **_bound(values),
    )
    return added


async def change(work: Work, item_id: int, values: Mapping[str, Any]) -> int:
    """Write all that is said of an item: a new revision, unless nothing differs. Gives the number of the revision."""
    (changed,) = await work.rows(_CHANGE, _Row, item_id=item_id, **_bound(values))
    revision: int = changed["revision"]
    return revision


def _bound(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": values["title"],
        "description": values["description"],
        "seconds": values["estimated_duration_seconds"],
        "data": orjson.dumps(values["data_json"]).decode(),
    }


def as_said(item: Row) -> dict[str, Any]:
    """All that a revision of an item has, of a row with its `data`."""
    names = ("title", "description", "estimated_duration_seconds")
    return {**{name: item[name] for name in names}, "data_json": orjson.loads(item["data"])}


def require_revision(item: Row, expected: int | None) -> None:
    """Refuse a change of an item that is no longer as its user saw it; None expects nothing."""
    current: int = item["revision"]
    if expected is not None and expected != current:
        raise Refused(
            UserErrorCode.CONFLICT,
            f"this has changed: revision {current} is there, {expected} was expected",
            REVISION,
            current_version=current,
        )
