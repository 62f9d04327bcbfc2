"""Where a payload refers to something outside of its item, and putting keys there for ids, or ids for keys."""

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

ASSET, POOL = "asset_id", "question_pool_id"
"""The names of what refers to an asset, and to a question pool."""
_LISTS = {"text": "blocks", "engineering_lab": "files"}


def places(content_type: str, payload: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """The objects of a payload that refer to something, each with the name under which it does."""
    if content_type == "quiz" and payload.get(POOL) is not None:
        yield payload, POOL
    if content_type == "video" and payload.get(ASSET) is not None:
        yield payload, ASSET
    parts = payload.get(_LISTS.get(content_type, ""))
    for part in parts if isinstance(parts, list) else ():
        if isinstance(part, dict) and part.get(ASSET) is not None:
            yield part, ASSET


def referred(content_type: str, payload: dict[str, Any], name: str) -> list[Any]:
    """What a payload refers to under this name, in order."""
    return [holder[name] for holder, found in places(content_type, payload) if found == name]


def exchanged(
    content_type: str, payload: Mapping[str, Any], known: Mapping[str, Mapping[Any, Any]]
) -> tuple[dict[str, Any], list[Any]]:
    """A copy of the payload with what `known` has for each reference, by its name, and the references it lacks.

    One that it lacks is taken out: it refers to nothing.
    """
    made, lacking = copy.deepcopy(dict(payload)), []
    for holder, name in list(places(content_type, made)):
        found = _found(known[name].get, holder[name])
        if found is None:
            lacking.append(holder.pop(name))
        else:
            holder[name] = found
    return made, lacking


def _found(get: Callable[[Any], Any], reference: Any) -> Any:
    """None also for what can be no reference, such as a list."""
    return get(reference) if type(reference) in (int, str) else None
