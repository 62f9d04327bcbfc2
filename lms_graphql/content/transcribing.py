"""The transcript of a video, set from its subtitles."""

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson

from lms_graphql.content.checking import SCHEMA_VERSION
from lms_graphql.content.editing import ITEM, item_to_edit
from lms_graphql.content.kinds import TRANSCRIPT
from lms_graphql.content.subtitles import MOST_BYTES, Subtitles, read_srt, read_vtt
from lms_graphql.content.updating import say
from lms_graphql.content.values import Problems
from lms_graphql.content.writing import require_revision
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure
from lms_graphql.engine.work import Work

_SUBTITLES = ("input", "subtitles")
_READERS = {"srt": read_srt, "vtt": read_vtt}


async def set_transcript(work: Work, given: Given) -> dict[str, Any]:
    """Put a transcript in place of the one that a video has, null for none; gives `item_id` and `warnings`.

    INVALID tells of every line of the subtitles that can't be read; the video gets another revision.
    """
    item = await item_to_edit(work, given["contentItemId"])
    require_revision(item, given.get("expectedRevision"))
    if item["content_type"] != "video":
        raise Refused(UserErrorCode.INVALID, "only a video has a transcript", ITEM)
    data = {name: value for name, value in orjson.loads(item["data"]).items() if name != "transcript"}
    if given.get("subtitles") is not None:
        transcript = await asyncio.to_thread(_transcript, given.get("language"), given["subtitles"])
        data = {"schema_version": SCHEMA_VERSION, **data, "transcript": transcript}
    return await say(work, item, {"data_json": data}, "item.set_transcript")


def _transcript(language: str | None, given: Mapping[str, str]) -> dict[str, Any]:
    ((form, text),) = given.items()
    path = (*_SUBTITLES, form)
    size = len(text.encode(errors="replace"))
    if size > MOST_BYTES:
        raise Refused(UserErrorCode.INVALID, f"this has {size} bytes, at most {MOST_BYTES} can be taken", path)
    found: Subtitles = _READERS[form](text)
    problems = Problems(("input",))
    kept = TRANSCRIPT(problems, (), {"language": language, "segments": found.segments or None})
    failures = [failure for failure in problems.found if failure.path == ("input", "language")]
    failures += [UserFailure(UserErrorCode.INVALID, f"line {line}: {said}", path) for line, said in found.wrong]
    if not failures:  # what subtitles let through and a transcript does not
        failures = [failure._replace(path=path) for failure in problems.found]
    if failures:
        raise Refused.all(failures)
    transcript: dict[str, Any] = kept
    return transcript
