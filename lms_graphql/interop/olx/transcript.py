"""Subtitles: SubRip (.srt) as people write it, and the .sjson of Open edX. Times in seconds."""

import json
import math
import re
from itertools import pairwise
from typing import NamedTuple

from lms_graphql.content.payloads import TranscriptSegment
from lms_graphql.content.subtitles import CUE, MOST_SECONDS, seconds, words

_NUMBER_LINE = re.compile(r"\n[ \t]*\d+[ \t]*\n\Z")


class Subtitles(NamedTuple):
    """The readable cues in order of time, and how many were broken."""

    segments: list[TranscriptSegment]
    broken: int


def read_subtitles(name: str, data: bytes) -> Subtitles:
    """The cues of one file, by the ending of its name; a file in no known form counts as one broken cue."""
    if name.endswith(".sjson"):
        return _read_sjson(data)
    return _read_srt(data.decode("utf-8-sig", errors="replace"))


def _read_srt(text: str) -> Subtitles:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    marks = list(CUE.finditer(text))
    bounds = [mark.start() for mark in marks] + [len(text)]
    broken = text.count("-->") - len(marks)
    segments = []
    for mark, (_, until) in zip(marks, pairwise(bounds), strict=True):
        body = text[mark.end() : until]
        if until < len(text):
            # A number on the line just above a time line counts the next cue; it is not this one's text.
            body = _NUMBER_LINE.sub("", body)
        segment = _segment(seconds(*mark.groups()[:4]), seconds(*mark.groups()[4:]), body)
        if segment is None:
            broken += 1
        else:
            segments.append(segment)
    if not marks and text.strip():
        broken = max(broken, 1)
    return Subtitles(sorted(segments, key=_start), broken)


def _segment(start: float, end: float, raw: str) -> TranscriptSegment | None:
    """One cue, or None when its times or its text make no sense."""
    text = words(raw)
    if not text or not 0 <= start <= end <= MOST_SECONDS:
        return None
    return TranscriptSegment(start, end, text)


def _start(segment: TranscriptSegment) -> float:
    return segment.start


def _read_sjson(data: bytes) -> Subtitles:
    """Three lists of one length: `start` and `end` in milliseconds, and `text`."""
    try:
        content = json.loads(data)
        columns = [content["start"], content["end"], content["text"]]
        rows = list(zip(*columns, strict=True))
    except (ValueError, LookupError, TypeError, RecursionError):
        return Subtitles([], 1)
    segments = [segment for row in rows if (segment := _row(*row)) is not None]
    return Subtitles(sorted(segments, key=_start), len(rows) - len(segments))


def _row(start: object, end: object, text: object) -> TranscriptSegment | None:
    if not isinstance(start, int | float) or not isinstance(end, int | float) or not isinstance(text, str):
        return None
    if not all(abs(time) <= MOST_SECONDS * 1000 and math.isfinite(time) for time in (start, end)):
        return None
    return _segment(round(start / 1000, 3), round(end / 1000, 3), text)
