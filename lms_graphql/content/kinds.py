"""What a payload of each kind may hold: the names of `content_items.data_json`, each with its check.

A quiz may have no pool yet, and an imported video or picture may be a file of its course package: what else must be
there, is `required` or a rule.
"""

import re
from collections.abc import Mapping
from typing import Any

from lms_graphql.content.addresses import address
from lms_graphql.content.formulas import latex
from lms_graphql.content.lab_kind import LAB
from lms_graphql.content.markup import markdown
from lms_graphql.content.values import (
    MOST_POINTS,
    Each,
    Object,
    Place,
    Problems,
    flag,
    line,
    number,
    one_of,
    reference,
    required,
    whole,
    written,
)

MOST_BLOCKS = 500
MOST_SEGMENTS = 20_000
MOST_SECONDS = 1_000_000
LONGEST_PARAGRAPH = 20_000
LONGEST_INSTRUCTIONS = 60_000
MODES = ("practice", "exam")
PROVIDERS = ("youtube", "vimeo", "internal")
SUBMISSION_TYPES = ("text", "url", "file")
RESOURCE_KINDS = ("pdf", "article", "video", "audio", "book", "dataset", "code", "tool", "link", "other")
_WEEK_SECONDS = 604_800
_VIDEO_IDS = {"youtube": re.compile(r"[A-Za-z0-9_-]{6,20}"), "vimeo": re.compile(r"[0-9]{6,12}(?:/[0-9a-f]{6,20})?")}

# video


def _times(problems: Problems, place: Place, segment: Mapping[str, Any]) -> None:
    if segment["end"] < segment["start"]:
        problems.tell((*place, "end"), "this ends before it begins")


def _in_order(problems: Problems, place: Place, segments: list[Any]) -> None:
    for index in range(1, len(segments)):
        if segments[index]["start"] < segments[index - 1]["start"]:
            problems.tell((*place, str(index), "start"), "this begins before the segment above it does")


def _playable(problems: Problems, place: Place, video: Mapping[str, Any]) -> None:
    form = _VIDEO_IDS.get(video["provider"])
    if form is not None and form.fullmatch(video.get("video_id", "")) is None:
        problems.tell((*place, "video_id"), f"{video['provider']} needs the id that it gave the video")
    if form is None and "asset_id" not in video and "url" not in video:
        problems.tell((*place, "asset_id"), "a video of the university's own needs an asset, or the address of a file")


_SEGMENT = Object(
    {
        "start": required(number(0, MOST_SECONDS)),
        "end": required(number(0, MOST_SECONDS)),
        "text": required(line(2000)),
    },
    _times,
)
TRANSCRIPT = Object(
    {
        "language": required(
            written(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*", "this is no code of a language, such as en", most=35)
        ),
        "segments": required(Each(_SEGMENT, most=MOST_SEGMENTS, least=1, rule=_in_order)),
    }
)
_VIDEO = Object(
    {
        "provider": required(one_of(*PROVIDERS)),
        "video_id": line(128),
        "url": address(relative=True),
        "duration_seconds": whole(0, MOST_SECONDS),
        "thumbnail_url": address(relative=True),
        "asset_id": reference("asset"),
        "transcript": TRANSCRIPT,
    },
    _playable,
)

# quiz

_MASTERY = Object(
    {
        "points": whole(0, 10_000),
        "threshold_correct_in_row": whole(1, 100),
        "max_attempts": whole(1, 1_000_000),
    }
)
_QUIZ = Object(
    {
        "question_pool_id": reference("question pool"),
        "quiz_mode": required(one_of(*MODES)),
        "num_questions_per_attempt": whole(1, 500),
        "randomize_order": flag,
        "time_limit_seconds": whole(1, _WEEK_SECONDS),
        "mastery": _MASTERY,
    }
)

# text


def _one_place(problems: Problems, place: Place, image: Mapping[str, Any]) -> None:
    if ("asset_id" in image) == ("url" in image):
        problems.tell(place, "an image has an asset or an address, one of the two")


_LINK = Object({"label": required(line(1000)), "url": required(address())})
_BLOCKS: Mapping[str, Mapping[str, Any]] = {
    "heading": {"text": required(line(1000)), "level": whole(1, 6)},
    "paragraph": {"text": required(markdown(LONGEST_PARAGRAPH))},
    "math": {"latex": required(latex)},
    "image": {
        "asset_id": reference("asset"),
        "url": address(relative=True),
        "alt_text": line(2000),
        "caption": line(2000),
    },
    "link_list": {"items": required(Each(_LINK, most=100, least=1))},
}
_block_type = one_of(*_BLOCKS)
BLOCKS = {
    kind: Object({"type": _block_type, **fields}, *([_one_place] if kind == "image" else []))
    for kind, fields in _BLOCKS.items()
}


def _block(problems: Problems, place: Place, value: Any) -> Any:
    kind = value.get("type") if isinstance(value, Mapping) else None
    if not isinstance(kind, str) or kind not in BLOCKS:
        wanted = (*place, "type") if isinstance(value, Mapping) else place
        return problems.tell(wanted, f"a block's type is one of {', '.join(BLOCKS)}")
    return BLOCKS[kind](problems, place, value)


_TEXT = Object({"layout": line(64), "title": line(255), "blocks": required(Each(_block, most=MOST_BLOCKS))})

# assignment and resource


def _different(problems: Problems, place: Place, labels: list[Any]) -> None:
    for index, label in enumerate(labels):
        if label in labels[:index]:
            problems.tell((*place, str(index)), "this is named twice")


def _instructions(problems: Problems, place: Place, value: Any) -> Any:
    return value if value == "" else _some_instructions(problems, place, value)


_some_instructions = markdown(LONGEST_INSTRUCTIONS)
_ASSIGNMENT = Object(
    {
        "instructions": _instructions,
        "submission_types": Each(one_of(*SUBMISSION_TYPES), most=len(SUBMISSION_TYPES), rule=_different),
        "max_points": number(0, MOST_POINTS),
    }
)
_RESOURCE = Object(
    {
        "resources": required(
            Each(
                Object({"label": required(line(1000)), "url": required(address()), "kind": one_of(*RESOURCE_KINDS)}),
                most=200,
            )
        )
    }
)

KINDS: Mapping[str, Object] = {
    "video": _VIDEO,
    "quiz": _QUIZ,
    "engineering_lab": LAB,
    "text": _TEXT,
    "assignment": _ASSIGNMENT,
    "resource": _RESOURCE,
}
"""The check of each kind of `content_items.content_type`."""
