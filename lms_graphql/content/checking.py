"""Whether a payload is good to be stored: by the same rules whoever writes it, the API or an importer."""

from collections.abc import Mapping
from typing import Any

import msgspec

from lms_graphql.content.kinds import KINDS
from lms_graphql.content.values import Object, Problems, whole
from lms_graphql.engine.usererrors import Refused

SCHEMA_VERSION = 1
MOST_BYTES = 1024 * 1024

_version = whole(SCHEMA_VERSION, SCHEMA_VERSION)
_CHECKS = {kind: Object({"schema_version": _version, **check.fields}, *check.rules) for kind, check in KINDS.items()}


def checked_payload(content_type: str, data: Mapping[str, Any], path: tuple[str, ...] = ()) -> dict[str, Any]:
    """The payload of an item of this kind as it is stored, with its `schema_version`.

    `data` has the names of `content_items.data_json`; a null in it is as if the key were not there. Raises Refused with
    one failure for each wrong value (100 at most), whose path leads behind `path` to it (`blocks`, `3`, `latex`) and
    whose message names it (`blocks[3].latex: …`). Whether the assets and the pool that it names are there is not asked:
    see `references`.
    """
    problems = Problems(path)
    kept = _CHECKS[content_type](problems, (), data)
    if not problems.found:
        size = len(msgspec.json.encode(kept))
        if size > MOST_BYTES:
            problems.tell((), f"this has {size} bytes as JSON, at most {MOST_BYTES} can be taken")
    if problems.found:
        raise Refused.all(problems.found)
    return {"schema_version": SCHEMA_VERSION, **kept}
