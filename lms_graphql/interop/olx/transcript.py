"""Subtitles: SubRip (.srt) as people write it, and the .sjson of Open edX. Times in seconds."""

import html
import json
import math
import re
from itertools import pairwise
from typing import NamedTuple

from lms_graphql.content.payloads import TranscriptSegment
from lms_graphql.interop.olx.text import TAG_START, clean

_CUE = re.compile(
    r"^[ \t]*(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,6}))?[ \t]*-->"
    r"[ \t]*(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,6}))?(?:[ \t][^\n]*)?$",
    re.MULTILINE,
)
_NUMBER_LINE = re.compile(r"\n[ \t]*\d+[ \t]*\n\Z")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<\d[\d:.]*>|\{\\[^{}]*\}")
_MAX_SECONDS = 1_000_000


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
    marks = list(_CUE.finditer(text))
    bounds = [mark.start() for mark in marks] + [len(text)]
    broken = text.count("-->") - len(marks)
    segments = []
    for mark, (_, until) in zip(marks, pairwise(bounds), strict=True):
        body = text[mark.end() : until]
        if until < len(text):
            # A number on the line just above a time line counts the next cue; it is not this one's text.
            body = _NUMBER_LINE.sub("", body)
        segment = _segment(_seconds(*mark.groups()[:4]), _seconds(*mark.groups()[4:]), body)
        if segment is None:
            broken += 1
        else:
            segments.append(segment)
    if not marks and text.strip():
        broken = max(broken, 1)
    return Subtitles(sorted(segments, key=_start), broken)


def _seconds(hours: str | None, minutes: str, seconds: str, fraction: str | None) -> float:
    whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    return round(whole + float(f"0.{fraction or 0}"), 3)


def _segment(start: float, end: float, raw: str) -> TranscriptSegment | None:
    """One cue, or None when its times or its text make no sense."""
    text = _without_tags(raw)
    if not text or not 0 <= start <= end <= _MAX_SECONDS:
        return None
    return TranscriptSegment(start, end, text)


def _without_tags(raw: str) -> str:
    text = _TAG.sub("", html.unescape(raw))
    # What still looks like a tag is a half one; without its bracket it is text.
    return " ".join(TAG_START.sub("", clean(text)).split())


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
    if not all(abs(time) <= _MAX_SECONDS * 1000 and math.isfinite(time) for time in (start, end)):
        return None
    return _segment(round(start / 1000, 3), round(end / 1000, 3), text)
