"""Content items, as clients see them: six types behind one union and one interface.

Payload scalars are null and payload lists empty where the stored payload is malformed: it costs the item's own payload
fields, without an error.
"""

import asyncio
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import strawberry

from lms_graphql.assessment.loaders import CriteriaByItem, PoolById, ViewerAttempts, ViewerSubmissions
from lms_graphql.catalog.loaders import CourseById, OfferingById
from lms_graphql.catalog.reach import row_is_reached
from lms_graphql.catalog.types import Course, CourseOffering
from lms_graphql.content import payloads
from lms_graphql.content.differing import Difference, difference
from lms_graphql.content.loaders import (
    AssetById,
    ContentRow,
    ItemById,
    NeighboursByItem,
    RevisionByNumber,
    RevisionsByItem,
    SettingForViewer,
    TranscriptByItem,
    UsesByAsset,
)
from lms_graphql.content.payloads import STUDENT_VISIBLE
from lms_graphql.discussion.loaders import ThreadsByItem
from lms_graphql.engine.context import Context, LoaderClass
from lms_graphql.engine.counts import CountedConnection
from lms_graphql.engine.edges import (
    Node,
    argument,
    attribute,
    column,
    computed,
    database_id,
    edge,
    entity,
    optional,
    page,
    plain_list,
    with_arguments,
)
from lms_graphql.engine.filters import FILTER_RULE
from lms_graphql.engine.relay import Connection, number_of
from lms_graphql.grades.loaders import CategoryById
from lms_graphql.grades.types import GradeCategory
from lms_graphql.progress.loaders import ViewerContentProgress
from lms_graphql.storage.files import Files, StoredFile
from lms_graphql.syllabus.loaders import ModuleById
from lms_graphql.syllabus.types import Module
from lms_graphql.tenancy.loaders import UserById
from lms_graphql.tenancy.types import User

if TYPE_CHECKING:  # the types below this one; Strawberry finds them by name
    from lms_graphql.assessment.types import QuestionPool, QuizAttempt, RubricCriterion, Submission
    from lms_graphql.discussion.types import DiscussionThread, ThreadFilter, ThreadOrder
    from lms_graphql.progress.types import ContentProgress

_AssetUse = Annotated["AssetUse", strawberry.lazy("lms_graphql.content.types")]
_ContentProgress = Annotated["ContentProgress", strawberry.lazy("lms_graphql.progress.types")]
_QuestionPool = Annotated["QuestionPool", strawberry.lazy("lms_graphql.assessment.types")]
_QuizAttempt = Annotated["QuizAttempt", strawberry.lazy("lms_graphql.assessment.types")]
_RubricCriterion = Annotated["RubricCriterion", strawberry.lazy("lms_graphql.assessment.types")]
_Submission = Annotated["Submission", strawberry.lazy("lms_graphql.assessment.types")]
_Thread = Annotated["DiscussionThread", strawberry.lazy("lms_graphql.discussion.types")]
_ThreadFilter = Annotated["ThreadFilter", strawberry.lazy("lms_graphql.discussion.types")]
_ThreadOrder = Annotated["ThreadOrder", strawberry.lazy("lms_graphql.discussion.types")]


def payload(name: str, description: str, *, empty: Any = None, size: int | None = None) -> Any:
    """A field of the item's payload struct; `empty` where the payload is malformed; `size` as of any list."""
    return attribute(("payload", name), description, empty=empty, heavy=True, size=size)


# assets


def _meta(name: str, description: str) -> Any:
    """A key of the asset's metadata; null where there is none."""
    return computed(lambda row, _context: getattr(payloads.decode_asset_meta(row["meta_json"]), name), description)


@strawberry.enum(description="What kind of file an asset is.")
class AssetKind(Enum):
    """What authors can say; an asset that was imported may be called anything else."""

    IMAGE = strawberry.enum_value("image", description="An image.")
    PDF = strawberry.enum_value("pdf", description="A PDF.")
    AUDIO = strawberry.enum_value("audio", description="Sound.")
    VIDEO = strawberry.enum_value("video", description="A video.")
    OTHER = strawberry.enum_value("other", description="None of these: a data set, a program, an archive.")


def _asset_url(row: Any, context: Context) -> str:
    """Its own address, or of an upload one of the store, good for a short time."""
    if row["upload_id"] is None:
        return str(row["url"])
    file = StoredFile(
        row["university_id"], row["upload_id"], row["upload_user_id"], *(row[name] for name in _OF_UPLOAD)
    )
    return context.service(Files).store.url(file, row["upload_sha256"])


_OF_UPLOAD = ("file_name", "media_type", "size_bytes")


@entity(
    AssetById,
    "A file of the university's library, which everybody may see, or of a course, which is seen with the content that"
    " names it. What is for staff only is null for everybody else, wherever it is named.",
)
class Asset(Node):
    """See models.Asset."""

    database_id: strawberry.ID = database_id()
    url: str = computed(
        _asset_url, "Where it is. For a file that was uploaded, where it can be fetched by GET for 10 minutes from now."
    )
    asset_type: str = strawberry.field(
        description="What it is: image, pdf, audio, video, other, or another word for what was imported."
    )
    title: str | None = strawberry.field(description="What it is called in the library; null: nothing.")
    alt_text: str | None = _meta("alt_text", "What it shows, for those who can't see it.")
    width_pixels: int | None = _meta("width", "The width of an image in pixels.")
    height_pixels: int | None = _meta("height", "The height of an image in pixels.")
    license: str | None = _meta("license", "Under which terms it may be used.")
    file_name: str | None = strawberry.field(
        description="What the file that was uploaded is called; null for an address."
    )
    media_type: str | None = strawberry.field(description="Its media type; null for an address.")
    size_bytes: int | None = strawberry.field(description="Its size in bytes; null for an address.")
    is_staff_only: bool = strawberry.field(description="Whether nobody but staff may have it.")
    course: Course | None = edge(
        CourseById, "The course that it belongs to; null: the university's library.", key="course_id"
    )
    usage: CountedConnection[_AssetUse] = page(
        UsesByAsset, "The items that name it in their payloads and that the viewer sees, by id."
    )
    version: int = strawberry.field(description="Counts its changes, from 1. For `expectedVersion`.")
    created_at: datetime = strawberry.field(description="When it was added.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")


@strawberry.input(description=f"Which assets are wanted. {FILTER_RULE}")
class AssetFilter:
    """See loaders.ASSET_FILTERS."""

    course: strawberry.ID | None = optional("Belongs to this course.")
    kind: list[AssetKind] | None = optional("Is one of these.")
    is_staff_only: bool | None = optional("Whether it is for staff only.")
    is_used: bool | None = optional("Whether any item names it.")


# what the viewer did with an item


def _of_viewer(loader: LoaderClass, description: str) -> Any:
    """The viewer's own rows of an item in an offering; none for what names no offering of the request's university."""

    def resolve(item: Any, context: Context, offering: str) -> Any:
        number = number_of(offering, "CourseOffering", context.viewer.university_id)
        return [] if number is None else context.loader(loader, number).load(item["id"])

    about = argument("offering", strawberry.ID, "The global id of the offering.")
    return with_arguments(resolve, description, about, size=3)


def _viewer_submissions() -> Any:
    return _of_viewer(ViewerSubmissions, "What the viewer handed in for it in an offering, by number.")


# what all kinds have


def _viewer_progress(item: Any, context: Context, offering: str) -> Any:
    number = number_of(offering, "CourseOffering", context.viewer.university_id)
    return None if number is None else context.loader(ViewerContentProgress, number).load(item["id"])


def _setting(item: Any, context: Context, offering: str) -> Any:
    number = number_of(offering, "CourseOffering", context.viewer.university_id)
    return None if number is None else context.load(SettingForViewer, (number, item["id"]))


def _with_course(item: Any, _context: Context) -> tuple[int, int]:
    return item["course_id"], item["id"]


@strawberry.enum(description="What makes an item count as done.")
class CompletionRule(Enum):
    """What content_item_settings.completion_rule holds."""

    VIEW = strawberry.enum_value("view", description="To have opened it.")
    SUBMIT = strawberry.enum_value("submit", description="To have handed something in.")
    MIN_SCORE = strawberry.enum_value("min_score", description="To have reached `minScore`.")
    MANUAL = strawberry.enum_value("manual", description="That the person says so, or who grades them.")


@strawberry.type(
    description="What an offering asks of an item, as it applies to the viewer: what is set for the person counts"
    " before what is set for a section, and that before what is set for all. The dates come together from the first"
    " of the three that has any, the rule with its score likewise."
)
class ItemSetting:
    """See settings.ItemSetting."""

    unlock_at: datetime | None = strawberry.field(description="From when it can be worked on; null: at any time.")
    due_at: datetime | None = strawberry.field(description="Until when it should be done.")
    lock_at: datetime | None = strawberry.field(description="From when nothing is accepted any more; null: never.")
    points: Decimal | None = strawberry.field(description="What it is worth; null where it is not graded.")
    completion_rule: CompletionRule | None = strawberry.field(description="What makes it count as done.")
    min_score: Decimal | None = strawberry.field(description="The score in points that MIN_SCORE asks for.")
    extra_time_seconds: int | None = strawberry.field(
        description="How much longer than the quiz says an attempt may take, in seconds; null: no longer."
    )
    extra_attempts: int | None = strawberry.field(
        description="How many attempts there are besides those of the quiz; null: none."
    )
    grade_category: GradeCategory | None = edge(
        CategoryById,
        "The part of the grading policy that it counts in.",
        key=lambda setting, _context: setting.grade_category_id,
    )
    max_submissions: int | None = strawberry.field(
        description="So many times a lab or an assignment may be handed in; null: without a limit."
    )
    late_penalty_percent_per_day: Decimal | None = strawberry.field(
        description="What each day that begins after `dueAt` takes from the score, in percent of it; null: nothing."
    )


@strawberry.interface(description="Something to learn from, in a module.")
class ContentItem(Node):
    """See models.ContentItem."""

    database_id: strawberry.ID = database_id()
    title: str = strawberry.field(description="Its title.")
    description: str | None = strawberry.field(description="What it is about.")
    sequence_index: int = strawberry.field(description="Its place in its module.")
    estimated_duration_seconds: int | None = strawberry.field(description="About how long it takes.")
    is_active: bool = strawberry.field(description="Whether others than staff see it.")
    revision: int = strawberry.field(
        description="How often its title, its description, its duration or its payload was changed, from 1: what"
        " `expectedRevision` compares."
    )
    revisions: "Connection[ContentItemRevision]" = page(
        RevisionsByItem,
        "What it was before, oldest first, so that `last` gives the newest; for staff who reach its course, and empty"
        " for everybody else.",
    )
    created_at: datetime = strawberry.field(description="When it was added.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")
    module: Module | None = edge(ModuleById, "The module it stands in.", key="module_id")
    course: Course | None = edge(CourseById, "The course it belongs to.", key="course_id")
    viewer_progress: _ContentProgress | None = with_arguments(
        _viewer_progress,
        "The viewer's own progress on it in an offering; null before it was begun.",
        argument("offering", strawberry.ID, "The global id of the offering."),
    )
    previous: "Content | None" = edge(
        NeighboursByItem,
        "The item before it in the course's reading order, as the viewer sees the course; null at the beginning.",
        key=_with_course,
        pick=lambda neighbours, _item: neighbours.previous,
        versioned=True,
    )
    next: "Content | None" = edge(
        NeighboursByItem,
        "The item after it in the course's reading order, as the viewer sees the course; null at the end.",
        key=_with_course,
        pick=lambda neighbours, _item: neighbours.next,
        versioned=True,
    )
    threads: CountedConnection[_Thread] = page(
        ThreadsByItem,
        "The threads on it that the viewer may see, in all offerings, by id; a filter picks one offering.",
        filters=_ThreadFilter,
        orders=_ThreadOrder,
    )
    setting: "ItemSetting | None" = with_arguments(
        _setting,
        "What an offering asks of it, as it applies to the viewer; null where it asks for nothing, and for who does not"
        " take part.",
        argument("offering", strawberry.ID, "The global id of the offering."),
    )


def _rubric() -> Any:
    return edge(CriteriaByItem, "What it is graded by, in order; empty without a rubric.", size=10)


# video


@strawberry.type(description="One subtitle.")
class TranscriptSegment:
    """See payloads.TranscriptSegment."""

    start_seconds: float = computed(lambda segment, _: segment.start, "From when it is spoken, in seconds.")
    end_seconds: float = computed(lambda segment, _: segment.end, "Until when it is spoken, in seconds.")
    text: str = strawberry.field(description="What is said.")


def _segments(
    transcript: payloads.Transcript,
    _context: Context,
    fromSeconds: float | None = None,  # noqa: N803 - arguments arrive under their GraphQL names
    toSeconds: float | None = None,  # noqa: N803
    search: str | None = None,
) -> list[payloads.TranscriptSegment]:
    wanted = (search or "").casefold()
    return [
        segment
        for segment in transcript.segments
        if segment.end > (fromSeconds or 0.0)
        and segment.start < (float("inf") if toSeconds is None else toSeconds)
        and wanted in segment.text.casefold()
    ]


@strawberry.type(description="The spoken text of a video.")
class Transcript:
    """See payloads.Transcript."""

    language: str | None = strawberry.field(description="Its language, as an ISO 639 code.")
    segments: list[TranscriptSegment] = with_arguments(
        _segments,
        "Its segments in order of time.",
        argument("from_seconds", float | None, "Only what ends after this moment."),
        argument("to_seconds", float | None, "Only what begins before this moment."),
        argument("search", str | None, "Only segments that contain this text, whatever the case."),
        size=50,
    )


async def _transcript(item: ContentRow, context: Context) -> payloads.Transcript | None:
    row = await context.load(TranscriptByItem, item["id"])
    return None if row is None else payloads.decode_transcript(row["transcript_json"], item_id=item["id"])


def _asset_id(row: ContentRow, _context: Context) -> int | None:
    return None if row.payload is None else row.payload.asset_id


@entity(ItemById, "A video.")
class VideoContent(ContentItem):
    """See payloads.VideoPayload."""

    provider: str | None = payload("provider", "Who keeps the video: youtube, vimeo, internal.")
    video_id: str | None = payload("video_id", "Its id at the provider.")
    url: str | None = payload("url", "Where it can be seen.")
    duration_seconds: int | None = payload("duration_seconds", "Its length.")
    thumbnail_url: str | None = payload("thumbnail_url", "A still picture of it.")
    asset: Asset | None = edge(AssetById, "The file, if the university keeps it itself.", key=_asset_id, heavy=True)
    transcript: Transcript | None = with_arguments(_transcript, "What is said in it; null without a transcript.")


# quiz


@strawberry.type(description="The rule by which a practice quiz is mastered.")
class Mastery:
    """See payloads.Mastery."""

    points: int | None = strawberry.field(description="What mastering it is worth.")
    threshold_correct_in_row: int | None = strawberry.field(description="So many right answers in a row master it.")
    max_attempts: int | None = strawberry.field(description="So many attempts are allowed.")


def _pool_id(row: ContentRow, context: Context) -> int | None:
    return row.payload.question_pool_id if row.payload is not None and row_is_reached(context.viewer, row) else None


@entity(ItemById, "A quiz, whose questions are drawn from a pool.")
class QuizContent(ContentItem):
    """See payloads.QuizPayload."""

    quiz_mode: str | None = payload("quiz_mode", "practice or exam.")
    num_questions_per_attempt: int | None = payload("num_questions_per_attempt", "How many questions are drawn.")
    randomize_order: bool | None = payload("randomize_order", "Whether they come in random order.")
    time_limit_seconds: int | None = payload("time_limit_seconds", "How long an attempt may take; null: no limit.")
    mastery: Mastery | None = payload("mastery", "The rule by which it is mastered; null without one.")
    viewer_attempts: list[_QuizAttempt] = _of_viewer(
        ViewerAttempts, "The viewer's own attempts at it in an offering, by number."
    )
    question_pool: _QuestionPool | None = edge(
        PoolById, "The pool that its questions are drawn from; null for everybody but staff.", key=_pool_id, heavy=True
    )


# engineering lab


@strawberry.type(description="A file of a lab.")
class LabFile:
    """See payloads.LabFile."""

    path: str = strawberry.field(description="Its path in the lab's folder.")
    role: str = strawberry.field(description="student_visible, or hidden_test for staff.")
    asset: Asset | None = edge(
        AssetById,
        "The asset that holds it; null where the container's image has the file.",
        key=lambda file, _context: file.asset_id,
    )


@strawberry.type(description="How a lab is graded.")
class LabGrading:
    """See payloads.LabGrading."""

    type: str | None = strawberry.field(description="By what it is graded, for example unit_tests.")
    max_points: float | None = strawberry.field(description="What a perfect solution is worth.")


@strawberry.type(description="A variable of a lab's environment.")
class EnvironmentVariable:
    """The source is a pair."""

    name: str = computed(lambda pair, _: pair[0], "Its name.", versioned=True)
    value: str = computed(lambda pair, _: pair[1], "Its value.", versioned=True)


@strawberry.type(description="What only staff may know of a lab.")
class LabStaffDetails:
    """The source is payloads.EngineeringLabPayload."""

    container_image: str | None = strawberry.field(description="The image that it runs in.")
    env: list[EnvironmentVariable] = computed(
        lambda lab, _: sorted(lab.env.items()), "The variables of its environment, by name.", size=5, versioned=True
    )
    hidden_files: list[LabFile] = computed(
        lambda lab, _: [file for file in lab.files if file.role != STUDENT_VISIBLE],
        "The files that students don't see.",
        size=3,
        versioned=True,
    )


def _visible_files(row: ContentRow, _context: Context) -> list[payloads.LabFile]:
    return [] if row.payload is None else [file for file in row.payload.files if file.role == STUDENT_VISIBLE]


def _staff_details(row: ContentRow, context: Context) -> Any:
    return row.payload if row_is_reached(context.viewer, row) else None


@entity(ItemById, "A lab that runs in a container.")
class EngineeringLabContent(ContentItem):
    """See payloads.EngineeringLabPayload."""

    lab_type: str | None = payload("lab_type", "What kind of work it is, for example code.")
    runtime: str | None = payload("runtime", "What it runs on, for example python-datascience.")
    cpu_limit: str | None = payload("cpu_limit", "How many processors it gets.")
    memory_limit: str | None = payload("memory_limit", "How much memory it gets, for example 2Gi.")
    timeout_seconds: int | None = payload("timeout_seconds", "How long it may run.")
    entrypoint: str | None = payload("entrypoint", "What is started in it.")
    files: list[LabFile] = computed(_visible_files, "The files that students see.", heavy=True, size=3, versioned=True)
    grading: LabGrading | None = payload("grading", "How it is graded.")
    staff_details: LabStaffDetails | None = computed(
        _staff_details, "What only staff may know; null for everybody else.", heavy=True, versioned=True
    )
    viewer_submissions: list[_Submission] = _viewer_submissions()
    rubric: list[_RubricCriterion] = _rubric()


# text


@strawberry.type(description="A heading within an article.")
class HeadingBlock:
    """See payloads.HeadingBlock."""

    level: int = strawberry.field(description="From 1, the highest, to 6.")
    text: str = strawberry.field(description="The heading.")


@strawberry.type(description="A paragraph.")
class ParagraphBlock:
    """See payloads.ParagraphBlock."""

    text: str = strawberry.field(description="Markdown: emphasis, links, lists, inline code; never HTML.")


@strawberry.type(description="A formula set off from the text.")
class MathBlock:
    """See payloads.MathBlock."""

    latex: str = strawberry.field(description="LaTeX, without delimiters.")


@strawberry.type(description="An image.")
class ImageBlock:
    """See payloads.ImageBlock."""

    url: str | None = strawberry.field(description="Where it is, when it is not an asset.")
    alt_text: str | None = strawberry.field(description="What it shows, for those who can't see it.")
    caption: str | None = strawberry.field(description="The line below it.")
    asset: Asset | None = edge(AssetById, "The image, when it is an asset.", key=lambda block, _context: block.asset_id)


@strawberry.type(description="A link with its label.")
class Link:
    """See payloads.Link."""

    label: str = strawberry.field(description="What it is called.")
    url: str = strawberry.field(description="Where it leads.")


@strawberry.type(description="A list of links.")
class LinkListBlock:
    """See payloads.LinkListBlock."""

    links: list[Link] = plain_list("The links, in order.", size=3)


@strawberry.type(description="A block of a kind that this version does not know; clients skip it.")
class UnknownBlock:
    """See payloads.UnknownBlock."""

    type: str | None = strawberry.field(description="What it calls itself.")


TextBlock = Annotated[
    HeadingBlock | ParagraphBlock | MathBlock | ImageBlock | LinkListBlock | UnknownBlock,
    strawberry.union("TextBlock", description="A part of an article."),
]


@entity(ItemById, "An article in blocks.")
class TextContent(ContentItem):
    """See payloads.TextPayload."""

    layout: str | None = payload("layout", "How the blocks are meant to be laid out, for example rich_text_v1.")
    heading: str | None = payload("heading", "The heading above the text.")
    blocks: list[TextBlock] = payload("blocks", "Its blocks, in order.", empty=(), size=6)


# assignment and resource


@entity(ItemById, "Work that a person hands in and a person grades.")
class AssignmentContent(ContentItem):
    """See payloads.AssignmentPayload."""

    instructions: str | None = payload("instructions", "What is to be done, in Markdown.")
    submission_types: list[str] = payload(
        "submission_types", "How it may be handed in, for example file, text.", empty=(), size=2
    )
    max_points: float | None = payload("max_points", "What perfect work is worth.")
    viewer_submissions: list[_Submission] = _viewer_submissions()
    rubric: list[_RubricCriterion] = _rubric()


@strawberry.type(description="One thing to open or to read.")
class ResourceLink:
    """See payloads.ResourceLink."""

    label: str = strawberry.field(description="What it is called.")
    url: str = strawberry.field(description="Where it is.")
    kind: str | None = strawberry.field(description="What it is, for example pdf, article, video, tool.")


@entity(ItemById, "A list of things to open or to read.")
class ResourceContent(ContentItem):
    """See payloads.ResourcePayload."""

    resources: list[ResourceLink] = payload("resources", "The things, in order.", empty=(), size=3)


Content = Annotated[
    VideoContent | QuizContent | EngineeringLabContent | TextContent | AssignmentContent | ResourceContent,
    strawberry.union("Content", description="Something to learn from, as one of six kinds."),
]


# what items were


@strawberry.type(description="One value of a content item that differs between two revisions.")
class ContentChange:
    """See differing.Change."""

    path: str = strawberry.field(
        description="Where it is, for example title, or payload.blocks[3].latex in the names of what is stored."
    )
    before: str | None = strawberry.field(
        description="What was there: a text as it is, anything else as JSON, at most 4000 characters; null for nothing."
    )
    after: str | None = strawberry.field(description="What is there instead, likewise; null for nothing.")


@strawberry.type(description="What differs between two revisions of a content item.")
class ContentDifference:
    """See differing.Difference."""

    against: int = strawberry.field(description="The revision that it was compared with.")
    changes: list[ContentChange] = plain_list("The values that differ, at most 500, in order.", size=10)
    is_whole: bool = strawberry.field(description="Whether these are all; false where there are more than 500.")


def _said(row: Any) -> dict[str, Any]:
    names = ("title", "description", "estimated_duration_seconds")
    return {**{name: row[name] for name in names}, "payload": orjson.loads(row["payload_json"])}


async def _diff(row: Any, context: Context, against: int) -> Difference | None:
    """What differs from another revision; None where that is not there."""
    item_id = row["content_item_id"]
    former, this = await asyncio.gather(
        context.load(RevisionByNumber, (item_id, against)), context.load(RevisionByNumber, (item_id, row["revision"]))
    )
    return None if former is None or this is None else difference(against, _said(former), _said(this))


@strawberry.type(
    description="What a content item was at one of its revisions: a former one, or the one that it is now. Staff only."
)
class ContentItemRevision:
    """See models.ContentItemRevision."""

    revision: int = strawberry.field(description="Its number, from 1.")
    title: str = strawberry.field(description="The title that the item had.")
    description: str | None = strawberry.field(description="What it was about.")
    estimated_duration_seconds: int | None = strawberry.field(description="About how long it took, in seconds.")
    replaced_at: datetime | None = column(
        "changed_at", "When it was changed into something else; null for the one that the item is now."
    )
    replaced_by_name: str | None = column(
        "changed_by_name", "The name of who changed it; null for the present one, and where an importer did."
    )
    replaced_by: User | None = edge(UserById, "Who changed it, likewise.", key="changed_by")
    content_item: Content | None = edge(ItemById, "The item, as it is now.", key="content_item_id")
    diff: ContentDifference | None = with_arguments(
        _diff,
        "What differs in it from another revision of the item, which counts as the one before; null where there is no"
        " such revision.",
        argument("against", int, "The number of the other revision: a former one, or the one that the item is now."),
        weight=5,
    )


# where assets are used


@strawberry.type(description="Where an asset is used.")
class AssetUse:
    """See models.ContentItemAsset."""

    content_item: Content | None = edge(ItemById, "The item whose payload names it.", key="content_item_id")


# what offerings ask


def _offering_and_item(row: Any, _context: Context) -> tuple[int, int]:
    return row["course_offering_id"], row["content_item_id"]


@strawberry.type(description="Something that is due.")
class DueItem:
    """See models.ContentItemSetting."""

    due_at: datetime = strawberry.field(description="Until when it should be done.")
    setting: ItemSetting | None = edge(
        SettingForViewer, "All that the offering asks of it, as it applies to the viewer.", key=_offering_and_item
    )
    content_item: Content | None = edge(ItemById, "What is due.", key="content_item_id")
    offering: CourseOffering | None = edge(OfferingById, "Where it is due.", key="course_offering_id")


@strawberry.type(
    description="What an offering asks of a section or a person instead of what it asks of all; null: as of all. Staff"
    " only."
)
class SettingOverride:
    """See models.ContentItemSetting."""

    unlock_at: datetime | None = strawberry.field(description="From when it can be worked on.")
    due_at: datetime | None = strawberry.field(description="Until when it should be done.")
    lock_at: datetime | None = strawberry.field(description="From when nothing is accepted any more.")
    points: Decimal | None = strawberry.field(description="What it is worth.")
    completion_rule: CompletionRule | None = strawberry.field(description="What makes it count as done.")
    min_score: Decimal | None = strawberry.field(description="The score in points that MIN_SCORE asks for.")
    extra_time_seconds: int | None = strawberry.field(
        description="How much longer than the quiz says an attempt may take, in seconds; null: no longer."
    )
    extra_attempts: int | None = strawberry.field(
        description="How many attempts there are besides those of the quiz; null: none."
    )
    section_code: str | None = strawberry.field(description="The section that it is for; null: it is for a person.")
    user: User | None = edge(UserById, "The person whom it is for; null where it is for a section.", key="user_id")
    content_item: Content | None = edge(ItemById, "The item.", key="content_item_id")
