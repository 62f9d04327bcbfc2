"""Subtitles as people hand them in, SubRip (.srt) and WebVTT (.vtt): every line read, or told what is wrong with it.

Importers, who take what they can get, share the smaller parts.
"""

import html
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

MOST_BYTES = 200 * 1024
MOST_SECONDS = 1_000_000
CUE = re.compile(
    r"^[ \t]*(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,6}))?[ \t]*-->"
    r"[ \t]*(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,6}))?(?:[ \t][^\n]*)?$",
    re.MULTILINE,
)
"""The line of a cue's times; its groups are hours, minutes, seconds and their fraction, twice."""
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<\d[\d:.]*>|\{\\[^{}]*\}")
_TAG_START = re.compile(r"<(?=[A-Za-z/!?])")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_MOST_WRONG = 100
_MINUTE = 60
_LONGEST_TEXT = 2000
_NOT_CUES = ("NOTE", "STYLE", "REGION")


class Subtitles(NamedTuple):
    """The segments as a payload stores them, and what is wrong, by the number of the line from 1."""

    segments: list[dict[str, Any]]
    wrong: list[tuple[int, str]]


def read_srt(text: str) -> Subtitles:
    """The cues of a SubRip file."""
    return _read(_blocks(text))


def read_vtt(text: str) -> Subtitles:
    """The cues of a WebVTT file; its notes, styles and regions are no cues, and left out."""
    blocks = _blocks(text)
    if not blocks or re.fullmatch(r"WEBVTT(?:[ \t].*)?", blocks[0][1][0]) is None:
        return Subtitles([], [(1, "a WebVTT file begins with the line WEBVTT")])
    (number, header), *others = blocks
    if any("-->" in line for line in header):
        return Subtitles([], [(number, "an empty line must stand between WEBVTT and the first cue")])
    return _read([block for block in others if block[1][0].split(" ")[0] not in _NOT_CUES])


def seconds(hours: str | None, minutes: str, whole: str, fraction: str | None) -> float:
    """A time of a cue in seconds, to the millisecond."""
    return round(int(hours or 0) * 3600 + int(minutes) * 60 + int(whole) + float(f"0.{fraction or 0}"), 3)


def words(raw: str) -> str:
    """What a cue says, on one line and without its markup; what still looks like a tag is a half one, and text."""
    text = _TAG.sub("", html.unescape(raw))
    return " ".join(_TAG_START.sub("", _UNSTORABLE.sub("", text)).split())


_Block = tuple[int, list[str]]
"""Lines between empty ones, and the number of the first."""


def _blocks(text: str) -> list[_Block]:
    blocks: list[_Block] = []
    before = ""
    for number, line in enumerate(text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        if line.strip():
            if not before.strip():
                blocks.append((number, []))
            blocks[-1][1].append(line)
        before = line
    return blocks


def _read(blocks: Sequence[_Block]) -> Subtitles:
    found = Subtitles([], [])
    end = 0.0
    for number, lines in blocks:
        if len(found.wrong) >= _MOST_WRONG:
            break
        at = next((index for index, line in enumerate(lines[:2]) if "-->" in line), None)
        if at is None:
            found.wrong.append((number, "the times of a cue are missing, such as 00:00:01,000 --> 00:00:02,500"))
            continue
        segment, wrong = _cue(lines[at], lines[at + 1 :], end)
        if wrong is not None:
            found.wrong.append((number + at + wrong[0], wrong[1]))
        if segment is not None:
            end = segment["end"]
            found.segments.append(segment)
    if not found.segments and not found.wrong:
        found.wrong.append((1, "there is no cue"))
    return found


def _cue(times: str, lines: Sequence[str], after: float) -> tuple[dict[str, Any] | None, tuple[int, str] | None]:
    """The segment of one cue, and what is wrong with it: how many lines below its times, and what."""
    match = CUE.fullmatch(times)
    if match is None:
        return None, (0, "these are no times of a cue, such as 00:00:01,000 --> 00:00:02,500")
    start, end = seconds(*match.groups()[:4]), seconds(*match.groups()[4:])
    segment = {"start": start, "end": end, "text": words("\n".join(lines))}
    return segment, _wrong(match.groups(), segment, lines, after)


def _wrong(
    times: Sequence[str | None], segment: dict[str, Any], lines: Sequence[str], after: float
) -> tuple[int, str] | None:
    if any(int(part or 0) >= _MINUTE for part in (times[1], times[2], times[5], times[6])):
        return 0, "minutes and seconds are from 0 to 59"
    if segment["end"] > MOST_SECONDS:
        return 0, f"a video ends within {MOST_SECONDS} seconds"
    if segment["end"] < segment["start"]:
        return 0, "the cue ends before it begins"
    if segment["start"] < after:
        return 0, "the cue begins before the one above it ends"
    second = next((index for index, line in enumerate(lines, 1) if "-->" in line), None)
    if second is not None:
        return second, "an empty line must stand between two cues"
    if not segment["text"]:
        return 0, "the cue says nothing"
    if len(segment["text"]) > _LONGEST_TEXT:
        return 1, f"the cue has {len(segment['text'])} characters, at most {_LONGEST_TEXT} can be taken"
    return None
