"""Whether two servers gave the same answer, whatever each calls its ids and enums."""

import base64
import binascii
import re
from datetime import datetime
from typing import Any

_KINDS = {
    "video": "VideoContent",
    "quiz": "QuizContent",
    "text": "TextContent",
    "engineering_lab": "EngineeringLabContent",
    "resource": "ResourceContent",
}
_PAYLOADS = {
    "video": ("provider", "video_id", "url", "duration_seconds", "thumbnail_url"),
    "quiz": ("quiz_mode", "num_questions_per_attempt", "time_limit_seconds", "mastery"),
    "text": ("layout", "blocks"),
    "engineering_lab": ("lab_type", "runtime", "entrypoint", "files"),
    "resource": ("resources",),
}
_ENUMS = {"moduleType", "level", "visibility", "status"}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


def canonical(value: Any, key: str = "") -> Any:
    """An answer of ours or of a plain peer with ids as numbers, enums in small letters, moments as moments."""
    if isinstance(value, dict):
        return {name: canonical(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [canonical(inner, key) for inner in value]
    if isinstance(value, str):
        return _scalar(value, key)
    return value


def _scalar(value: str, key: str) -> Any:
    if key == "id":
        return _row(value)
    if key in _ENUMS:
        return value.lower()
    if _MOMENT.match(value):
        text = value.replace("Z", "+00:00")
        return datetime.fromisoformat(text + ":00" if re.search(r"[+-]\d\d$", text) else text)
    return value


def _row(identifier: str) -> int:
    if identifier.isdecimal():
        return int(identifier)
    try:
        text = base64.urlsafe_b64decode(identifier + "=" * (-len(identifier) % 4)).decode()
        return int(text.rpartition(":")[2])
    except (binascii.Error, ValueError) as error:
        raise RuntimeError(f"{identifier} is no id") from error


def from_postgraphile(value: Any) -> Any:
    """PostGraphile's answer to its own form of the syllabus, as the others say it; payloads are taken apart here."""
    if isinstance(value, list):
        return [from_postgraphile(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"nodes"}:
        return from_postgraphile(value["nodes"])
    if "dataJson" in value:
        return _item(value)
    return {"id" if name == "rowId" else name: from_postgraphile(inner) for name, inner in value.items()}


def _item(value: dict[str, Any]) -> dict[str, Any]:
    kind = value["contentType"].lower()
    shared = {name: value[name] for name in ("title", "sequenceIndex", "estimatedDurationSeconds")}
    payload = {_camel(name): _camelled(value["dataJson"][name]) for name in _PAYLOADS[kind]}
    if kind == "text":
        names = {"math": "MathBlock", "paragraph": "ParagraphBlock"}
        payload["blocks"] = [
            {"__typename": names[block.pop("type")], **block} for block in map(dict, value["dataJson"]["blocks"])
        ]
    return {"__typename": _KINDS[kind], "id": value["rowId"], **shared, **payload}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def _camelled(value: Any) -> Any:
    return {_camel(name): inner for name, inner in value.items()} if isinstance(value, dict) else value
