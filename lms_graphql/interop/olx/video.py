"""A video block as a `video` payload with its transcript."""

import json
import math
import re
from typing import Any

import msgspec

from lms_graphql.interop.imported import ImportedItem
from lms_graphql.interop.olx.source import Block, Source
from lms_graphql.interop.olx.text import RefusedUrlError, clean, safe_url, title
from lms_graphql.interop.olx.transcript import read_subtitles

MAX_TRANSCRIPT_BYTES = 4 * 1024 * 1024
_YOUTUBE_ID = re.compile(r"[A-Za-z0-9_-]{6,20}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(?:(\d{1,3}):)?(\d{1,7}(?:\.\d{1,6})?)")
_MAX_SECONDS = 1_000_000


def video_item(source: Source, block: Block) -> ImportedItem | None:
    """The item of a video block; None when nothing in it can be played (reported)."""
    place = _place(source, block)
    if place is None:
        source.report.leave_out(block.tag, block.external_id, "it names no video that can be played")
        return None
    transcript = _transcript(source, block)
    duration = _duration(block, transcript)
    if block.attributes.get("start_time", "") not in ("", "00:00:00", "0", "0.0"):
        source.report.leave_out(
            "video clip", block.external_id, "start and end time are dropped: the whole video plays"
        )
    payload = place | ({"duration_seconds": duration} if duration else {})
    return ImportedItem(
        external_id=block.external_id,
        content_type="video",
        title=title(block.attributes.get("display_name", ""), "Untitled video"),
        payload=payload | ({"transcript": transcript} if transcript else {}),
        estimated_duration_seconds=duration,
        is_active=not block.is_hidden,
    )


def _place(source: Source, block: Block) -> dict[str, Any] | None:
    """Where the video is played from, in the names of the payload."""
    if video_id := _youtube_id(block):
        url = f"https://www.youtube.com/watch?v={video_id}"
        return {"provider": "youtube", "video_id": video_id, "url": url}
    for address in _html5_sources(block):
        try:
            url = safe_url(address)
        except RefusedUrlError as refused:
            source.report.leave_out("video source", block.external_id, str(refused))
            continue
        source.note_assets([url])
        return {"provider": "internal", "url": url}
    return None


def _youtube_id(block: Block) -> str | None:
    """The id at normal speed: `youtube_id_1_0`, else from `youtube`, a list of «speed:id» joined by commas."""
    speeds = dict(pair.split(":", 1) for pair in block.attributes.get("youtube", "").split(",") if ":" in pair)
    at_normal_speed = next((name for speed, name in speeds.items() if speed.strip() in ("1.0", "1.00", "1")), "")
    for candidate in (block.attributes.get("youtube_id_1_0", ""), at_normal_speed):
        if _YOUTUBE_ID.fullmatch(candidate.strip()):
            return candidate.strip()
    return None


def _html5_sources(block: Block) -> list[str]:
    listed = _json(block.attributes.get("html5_sources", ""))
    named = [address for address in listed if isinstance(address, str)] if isinstance(listed, list) else []
    named += [element.get("src", "") for element in block.element.iter("source")]
    named += [element.get("url", "") for element in block.element.iter("encoded_video")]
    return [clean(address).strip() for address in named if address.strip()]


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _duration(block: Block, transcript: dict[str, Any] | None) -> int | None:
    """Whole seconds: the measured length, else the end of the last subtitle, else the length of the clip."""
    for asset in block.element.iter("video_asset"):
        if measured := _seconds(asset.get("duration", "")):
            return math.ceil(measured)
    if transcript:
        return math.ceil(max(segment["end"] for segment in transcript["segments"])) or None
    clip = _seconds(block.attributes.get("end_time", "")) - _seconds(block.attributes.get("start_time", ""))
    return math.ceil(clip) if clip > 0 else None


def _seconds(clock: str) -> float:
    """Seconds of «hh:mm:ss», «mm:ss» or plain seconds; 0 when it is none of these."""
    match = _CLOCK.fullmatch(clock.strip())
    if match is None:
        return 0
    first, second, seconds = match.groups()
    hours, minutes = (first, second) if second is not None else (None, first)
    return min(int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds), _MAX_SECONDS)


def _transcript(source: Source, block: Block) -> dict[str, Any] | None:
    """One language's subtitles: English if there is a readable English file, else the first; the rest is reported."""
    kept: dict[str, Any] | None = None
    languages = _transcript_files(block)
    for language in sorted(languages, key=lambda code: not code.lower().startswith("en")):
        if kept is None:
            kept = _read_transcript(source, block, language, languages[language])
        else:
            _leave_out(source, block, f"the transcript in {language}: one language is kept, {kept['language']}")
    return kept


def _transcript_files(block: Block) -> dict[str, list[str]]:
    """Language → the files that may hold its subtitles, in order of preference."""
    files: dict[str, list[str]] = {}

    def add(language: str, name: str) -> None:
        if name.strip() and _LANGUAGE.fullmatch(language):
            files.setdefault(language, []).append(f"static/{name.strip()}")

    for element in block.element.findall("transcript"):
        add(element.get("language", ""), element.get("src", ""))
    listed = _json(block.attributes.get("transcripts", ""))
    for language, name in (listed if isinstance(listed, dict) else {}).items():
        add(language, name if isinstance(name, str) else "")
    if sub := block.attributes.get("sub", "").strip():
        add("en", f"subs_{sub}.srt.sjson")
        add("en", f"{sub}.srt")
    return files


def _read_transcript(source: Source, block: Block, language: str, paths: list[str]) -> dict[str, Any] | None:
    path = next((path for path in paths if path in source.files), None)
    if path is None:
        return _leave_out(source, block, f"the transcript in {language}: the file {paths[0]} is missing")
    if len(source.files[path]) > MAX_TRANSCRIPT_BYTES:
        return _leave_out(source, block, f"the transcript in {language}: {path} is too large")
    segments, broken = read_subtitles(path, source.files[path])
    if broken:
        _leave_out(source, block, f"{broken} broken cues of {path}")
    return {"language": language, "segments": msgspec.to_builtins(segments)} if segments else None


def _leave_out(source: Source, block: Block, reason: str) -> dict[str, Any] | None:
    source.report.leave_out("video transcript", block.external_id, reason)
    return None
