"""What a payload refers to: assets of the library, and the pool of a quiz."""

from collections.abc import Iterator, Mapping
from typing import Any

_LISTS = {"text": "blocks", "engineering_lab": "files"}
"""Kinds that refer to assets in a list of objects: its name."""


def asset_ids_of(content_type: str, data: Mapping[str, Any]) -> set[int]:
    """The assets that a payload in the names of `content_items.data_json` refers to; whatever it holds is read."""
    return {number for number in _asset_ids(content_type, data) if _is_number(number)}


def pool_id_of(content_type: str, data: Mapping[str, Any]) -> int | None:
    """The question pool that a payload refers to; None for none, and for what is no quiz."""
    number = data.get("question_pool_id") if content_type == "quiz" else None
    return number if _is_number(number) else None


def _asset_ids(content_type: str, data: Mapping[str, Any]) -> Iterator[Any]:
    if content_type == "video":
        yield data.get("asset_id")
    listed = data.get(_LISTS.get(content_type, ""))
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, Mapping):
            yield one.get("asset_id")


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
