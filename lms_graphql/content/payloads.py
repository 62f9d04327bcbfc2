"""The payload of a content item: what `content_items.data_json` holds for each kind, as typed structs.

Rows written by anybody are read: every field is optional, an unknown key is skipped. A value of the wrong type makes
the payload of that one item unreadable (`decode` returns None and logs it); an unknown or broken block of an article
becomes an `UnknownBlock`. Times and durations are in seconds. The names are those of the comment on the column.
"""

import logging
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, TypeAlias

import msgspec

logger = logging.getLogger(__name__)

Int = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
"""A number that fits GraphQL's Int."""
Points = Annotated[float, msgspec.Meta(ge=0, le=1e9)]


class TranscriptSegment(msgspec.Struct, gc=False):
    """One subtitle: from `start` to `end` seconds of the video."""

    start: Annotated[float, msgspec.Meta(ge=0, le=1e9)]
    end: Annotated[float, msgspec.Meta(ge=0, le=1e9)]
    text: str


class Transcript(msgspec.Struct):
    """The spoken text of a video; segments in order of time."""

    language: str | None = None
    segments: list[TranscriptSegment] = []


class VideoPayload(msgspec.Struct):
    """A video kept by a provider or, with `asset_id`, by the university itself."""

    provider: str | None = None
    video_id: str | None = None
    url: str | None = None
    duration_seconds: Int | None = None
    thumbnail_url: str | None = None
    asset_id: int | None = None


class Mastery(msgspec.Struct, gc=False):
    """The rule by which a practice quiz is mastered."""

    points: Int | None = None
    threshold_correct_in_row: Int | None = None
    max_attempts: Int | None = None


class QuizPayload(msgspec.Struct):
    """How questions are drawn from a pool and asked."""

    question_pool_id: int | None = None
    quiz_mode: str | None = None
    num_questions_per_attempt: Int | None = None
    randomize_order: bool | None = None
    time_limit_seconds: Int | None = None
    mastery: Mastery | None = None


STUDENT_VISIBLE = "student_visible"


class LabFile(msgspec.Struct, gc=False):
    """A file of a lab; its role is `student_visible` or, for the grader's eyes only, `hidden_test`.

    With `asset_id` it is in the asset library; else the container's image has it.
    """

    path: str
    role: str
    asset_id: int | None = None


class LabGrading(msgspec.Struct, gc=False):
    """How a lab is graded."""

    type: str | None = None
    max_points: Points | None = None


class EngineeringLabPayload(msgspec.Struct):
    """A lab that runs in a container. `container_image`, `env` and hidden files are for staff only."""

    lab_type: str | None = None
    runtime: str | None = None
    container_image: str | None = None
    cpu_limit: str | None = None
    memory_limit: str | None = None
    timeout_seconds: Int | None = None
    entrypoint: str | None = None
    env: dict[str, str] = {}
    files: list[LabFile] = []
    grading: LabGrading | None = None


class HeadingBlock(msgspec.Struct, gc=False, tag_field="type", tag="heading"):
    """A heading within an article; level 1 is the highest, 6 the lowest."""

    typename: ClassVar[str] = "HeadingBlock"
    text: str
    level: Int = 2


class ParagraphBlock(msgspec.Struct, gc=False, tag_field="type", tag="paragraph"):
    """A paragraph; emphasis, links, lists and inline code are Markdown."""

    typename: ClassVar[str] = "ParagraphBlock"
    text: str


class MathBlock(msgspec.Struct, gc=False, tag_field="type", tag="math"):
    """A formula set off from the text, in LaTeX without delimiters."""

    typename: ClassVar[str] = "MathBlock"
    latex: str


class ImageBlock(msgspec.Struct, gc=False, tag_field="type", tag="image"):
    """An image of the asset library or, without `asset_id`, at a URL of its own."""

    typename: ClassVar[str] = "ImageBlock"
    asset_id: int | None = None
    url: str | None = None
    alt_text: str | None = None
    caption: str | None = None


class Link(msgspec.Struct, gc=False):
    """One entry of a list of links."""

    label: str
    url: str


class LinkListBlock(msgspec.Struct, tag_field="type", tag="link_list"):
    """A list of links; the wire calls them `items`, a name that a mapping already has."""

    typename: ClassVar[str] = "LinkListBlock"
    links: list[Link] = msgspec.field(name="items", default_factory=list)


class UnknownBlock(msgspec.Struct, gc=False):
    """A block of a kind that this version does not know, or one that is broken."""

    typename: ClassVar[str] = "UnknownBlock"
    type: str | None = None


Block: TypeAlias = HeadingBlock | ParagraphBlock | MathBlock | ImageBlock | LinkListBlock | UnknownBlock
_KnownBlock: TypeAlias = HeadingBlock | ParagraphBlock | MathBlock | ImageBlock | LinkListBlock


class TextPayload(msgspec.Struct):
    """An article in blocks. The wire's `title` is the heading above the text."""

    layout: str | None = None
    heading: str | None = msgspec.field(name="title", default=None)
    blocks: list[Block] = []


class AssignmentPayload(msgspec.Struct):
    """Work that a person hands in and a person grades."""

    instructions: str | None = None
    submission_types: list[str] = []
    max_points: Points | None = None


class ResourceLink(msgspec.Struct, gc=False):
    """One thing to open or to read; kind is for example `pdf`, `article`, `video`, `tool`."""

    label: str
    url: str
    kind: str | None = None


class ResourcePayload(msgspec.Struct):
    """A list of things to open or to read."""

    resources: list[ResourceLink] = []


Payload: TypeAlias = (
    VideoPayload | QuizPayload | EngineeringLabPayload | TextPayload | AssignmentPayload | ResourcePayload
)


class _StrictText(msgspec.Struct):
    layout: str | None = None
    heading: str | None = msgspec.field(name="title", default=None)
    blocks: list[_KnownBlock] = []


class _LooseText(msgspec.Struct):
    layout: str | None = None
    heading: str | None = msgspec.field(name="title", default=None)
    blocks: list[msgspec.Raw] = []


_decode_strict_text = msgspec.json.Decoder(_StrictText).decode
_decode_loose_text = msgspec.json.Decoder(_LooseText).decode
_decode_block = msgspec.json.Decoder(_KnownBlock).decode


class _TypeOnly(msgspec.Struct):
    type: str | None = None


_decode_type = msgspec.json.Decoder(_TypeOnly).decode


def _block(raw: msgspec.Raw) -> Block:
    try:
        return _decode_block(raw)  # type: ignore[no-any-return]
    except msgspec.DecodeError:
        pass
    try:
        return UnknownBlock(_decode_type(raw).type)
    except msgspec.DecodeError:
        return UnknownBlock()


def _text(data: str) -> TextPayload:
    """Decode an article: in one pass when every block is known, block by block otherwise."""
    try:
        strict = _decode_strict_text(data)
    except msgspec.DecodeError:
        loose = _decode_loose_text(data)
        return TextPayload(loose.layout, loose.heading, [_block(raw) for raw in loose.blocks])
    return TextPayload(strict.layout, strict.heading, list(strict.blocks))


_DECODERS: dict[str, Callable[[str], Any]] = {
    "video": msgspec.json.Decoder(VideoPayload).decode,
    "quiz": msgspec.json.Decoder(QuizPayload).decode,
    "engineering_lab": msgspec.json.Decoder(EngineeringLabPayload).decode,
    "text": _text,
    "assignment": msgspec.json.Decoder(AssignmentPayload).decode,
    "resource": msgspec.json.Decoder(ResourcePayload).decode,
}


def decode(content_type: str, data: str, *, item_id: int) -> Payload | None:
    """The payload of one item, or None when its JSON does not fit its kind (logged by id, without the content)."""
    try:
        return _DECODERS[content_type](data)  # type: ignore[no-any-return]
    except msgspec.DecodeError as error:
        logger.warning("content item %s: unreadable %s payload: %s", item_id, content_type, error)
        return None


class AssetMeta(msgspec.Struct):
    """What is known of an asset besides its address; width and height in pixels."""

    alt_text: str | None = None
    width: Int | None = None
    height: Int | None = None
    license: str | None = None


_decode_asset_meta = msgspec.json.Decoder(AssetMeta).decode


def decode_asset_meta(data: str | None) -> AssetMeta:
    """The metadata of an asset; empty when there is none or it is unreadable."""
    try:
        return AssetMeta() if data is None else _decode_asset_meta(data)
    except msgspec.DecodeError:
        return AssetMeta()


_decode_transcript = msgspec.json.Decoder(Transcript).decode


def decode_transcript(data: str | None, *, item_id: int) -> Transcript | None:
    """The transcript of one video, or None when there is none or it is unreadable (logged)."""
    if data is None:
        return None
    try:
        return _decode_transcript(data)
    except msgspec.DecodeError as error:
        logger.warning("content item %s: unreadable transcript: %s", item_id, error)
        return None
