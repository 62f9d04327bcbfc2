"""Whether a payload is good to be stored: by the same rules whoever writes it, the API or an importer."""

from collections.abc import Mapping
from typing import Any


def checked_payload(content_type: str, data: Mapping[str, Any], path: tuple[str, ...] = ()) -> dict[str, Any]:
    """The payload of an item of this kind as it is stored, with its `schema_version`.

    `data` has the names of `content_items.data_json`. Raises Refused with one failure for each wrong value, whose path
    leads behind `path` to it (`blocks`, `3`, `latex`) and whose message names it (`blocks[3].latex: …`).
    """
    raise NotImplementedError
