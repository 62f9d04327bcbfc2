"""The inputs of payloads: each kind as its type shows it, with ids in place of what is referred to.

What each field may be, `kinds` says; how its value is stored, `given_payloads`.
"""

from enum import Enum

import strawberry

from lms_graphql.engine.edges import optional


@strawberry.enum(description="Who keeps a video.")
class VideoProvider(Enum):
    """Those of a video's payload."""

    YOUTUBE = strawberry.enum_value("youtube", description="YouTube; the video has its `videoId` there.")
    VIMEO = strawberry.enum_value("vimeo", description="Vimeo; the video has its `videoId` there.")
    INTERNAL = strawberry.enum_value("internal", description="The university itself: an asset, or a file at a URL.")


@strawberry.enum(description="What a quiz is for.")
class QuizMode(Enum):
    """Those of a quiz's payload."""

    PRACTICE = strawberry.enum_value("practice", description="To learn.")
    EXAM = strawberry.enum_value("exam", description="To be examined.")


@strawberry.enum(description="Whom a file of a lab is for.")
class LabFileRole(Enum):
    """Those of a lab's payload."""

    STUDENT_VISIBLE = strawberry.enum_value("student_visible", description="For all who see the lab.")
    HIDDEN_TEST = strawberry.enum_value("hidden_test", description="For staff and what grades; students don't see it.")


@strawberry.enum(description="How work can be handed in.")
class SubmissionType(Enum):
    """Those of an assignment's payload."""

    TEXT = strawberry.enum_value("text", description="As a text.")
    URL = strawberry.enum_value("url", description="As an address where it can be fetched.")
    FILE = strawberry.enum_value("file", description="As files.")


@strawberry.enum(description="What a resource is.")
class ResourceKind(Enum):
    """Those of a resource's payload."""

    PDF = strawberry.enum_value("pdf", description="A document to read or to print.")
    ARTICLE = strawberry.enum_value("article", description="A page to read.")
    VIDEO = strawberry.enum_value("video", description="A film.")
    AUDIO = strawberry.enum_value("audio", description="Something to listen to.")
    BOOK = strawberry.enum_value("book", description="A book.")
    DATASET = strawberry.enum_value("dataset", description="Data to work with.")
    CODE = strawberry.enum_value("code", description="A program, or its source.")
    TOOL = strawberry.enum_value("tool", description="A program to be used where it is.")
    LINK = strawberry.enum_value("link", description="A page of any kind.")
    OTHER = strawberry.enum_value("other", description="Something else.")


@strawberry.input(description="One subtitle of a transcript.")
class TranscriptSegmentInput:
    """One segment."""

    start_seconds: float = strawberry.field(description="From when it is spoken, in seconds from 0 to 1,000,000.")
    end_seconds: float = strawberry.field(description="Until when, in seconds; not before it begins.")
    text: str = strawberry.field(description="What is said: one line of at most 2000 characters.")


@strawberry.input(description="The spoken text of a video; `setTranscript` takes it as subtitles, too.")
class TranscriptInput:
    """A transcript."""

    language: str = strawberry.field(description="Its language as an ISO 639 code, for example en or pt-BR.")
    segments: list[TranscriptSegmentInput] = strawberry.field(
        description="1 to 20,000 segments, none beginning before the one above it."
    )


@strawberry.input(
    description="A video. With YOUTUBE or VIMEO it has a `videoId`, with INTERNAL an `assetId` or a `url`."
)
class VideoPayloadInput:
    """The payload of a VideoContent."""

    provider: VideoProvider = strawberry.field(description="Who keeps it.")
    video_id: str | None = optional("Its id at the provider, at most 128 characters.")
    url: str | None = optional(
        "Where it can be seen: http or https, at most 1024 characters; or the path of a file of an imported course."
    )
    duration_seconds: int | None = optional("Its length, from 0 to 1,000,000 seconds.")
    thumbnail_url: str | None = optional("A still picture of it; as `url`.")
    asset_id: strawberry.ID | None = optional("The asset that holds it: of the library, or of this course.")
    transcript: TranscriptInput | None = optional(
        "What is said in it. Unlike all other fields, left out it stays as it is; null takes it away."
    )


@strawberry.input(description="The rule by which a practice quiz is mastered.")
class MasteryInput:
    """The mastery of a quiz."""

    points: int | None = optional("What mastering it is worth, from 0 to 10,000.")
    threshold_correct_in_row: int | None = optional("So many right answers in a row master it, from 1 to 100.")
    max_attempts: int | None = optional("So many attempts are allowed, from 1 to 1,000,000; without it any number.")


@strawberry.input(description="A quiz, whose questions are drawn from a pool.")
class QuizPayloadInput:
    """The payload of a QuizContent."""

    question_pool_id: strawberry.ID | None = optional(
        "The pool that its questions are drawn from: of this course, or one that all courses share. Without one it"
        " can't be taken yet."
    )
    quiz_mode: QuizMode = strawberry.field(description="What it is for.")
    num_questions_per_attempt: int | None = optional(
        "How many questions are drawn, from 1 to 500; without it all of the pool."
    )
    randomize_order: bool | None = optional("Whether they come in random order; they do unless this is false.")
    time_limit_seconds: int | None = optional(
        "How long an attempt may take, from 1 to 604,800 seconds, a week; without it any time."
    )
    mastery: MasteryInput | None = optional("The rule by which it is mastered.")


@strawberry.input(description="A variable of a lab's environment. Staff see it, students do not.")
class EnvironmentVariableInput:
    """One variable."""

    name: str = strawberry.field(
        description="Letters, digits and _, not beginning with a digit, at most 128; each name once."
    )
    value: str = strawberry.field(description="At most 4096 characters.")


@strawberry.input(description="A file of a lab.")
class LabFileInput:
    """One file."""

    path: str = strawberry.field(
        description="Its path below the lab's folder, with slashes, at most 255 characters; each path once."
    )
    role: LabFileRole = strawberry.field(description="Whom it is for.")
    asset_id: strawberry.ID | None = optional(
        "The asset that holds it, of the library or of this course; without one the container's image has the file. A"
        " HIDDEN_TEST can only be an asset that is for staff alone."
    )


@strawberry.input(description="How a lab is graded.")
class LabGradingInput:
    """The grading of a lab."""

    type: str | None = optional("By what it is graded, for example unit_tests: at most 64 characters.")
    max_points: float | None = optional("What a perfect solution is worth, from 0 to 9999.99.")


@strawberry.input(description="A lab that runs in a container.")
class EngineeringLabPayloadInput:
    """The payload of an EngineeringLabContent."""

    lab_type: str | None = optional("What kind of work it is, for example code: at most 64 characters.")
    runtime: str | None = optional("What it runs on, for example python-datascience: at most 64 characters.")
    container_image: str | None = optional("The image that it runs in, for example registry/image:tag; for staff only.")
    cpu_limit: str | None = optional('How many processors it gets: "1", "0.5" or "500m"; at most 64.')
    memory_limit: str | None = optional("How much memory it gets, with Mi, Gi, M or G: from 1Mi to 256Gi.")
    timeout_seconds: int | None = optional("How long it may run, from 1 to 86,400 seconds, a day.")
    entrypoint: str | None = optional("What is started in it: one line of at most 1024 characters.")
    env: list[EnvironmentVariableInput] | None = optional("At most 100 variables of its environment; for staff only.")
    files: list[LabFileInput] | None = optional("At most 200 files.")
    grading: LabGradingInput | None = optional("How it is graded.")


@strawberry.input(description="A heading within an article.")
class HeadingBlockInput:
    """A heading."""

    level: int | None = optional("From 1, the highest, to 6; without it 2.")
    text: str = strawberry.field(description="The heading: one line of at most 1000 characters.")


@strawberry.input(description="A paragraph, a list, a quotation or a piece of code.")
class ParagraphBlockInput:
    """A paragraph."""

    text: str = strawberry.field(
        description="Markdown of at most 20,000 characters, without HTML; links lead to http, https, mailto or tel."
    )


@strawberry.input(description="A formula set off from the text.")
class MathBlockInput:
    """A formula."""

    latex: str = strawberry.field(
        description="LaTeX without delimiters, of at most 10,000 characters: whole, and without commands that read"
        " files, lead elsewhere or define others."
    )


@strawberry.input(description="An image: an asset, or one at an address of its own.")
class ImageBlockInput:
    """An image."""

    asset_id: strawberry.ID | None = optional("The asset, of the library or of this course; this or `url`.")
    url: str | None = optional("Where it is: http or https, or the path of a file of an imported course.")
    alt_text: str | None = optional("What it shows, for those who can't see it: one line of at most 2000 characters.")
    caption: str | None = optional("The line below it, of at most 2000 characters.")


@strawberry.input(description="A link with its label.")
class LinkInput:
    """A link."""

    label: str = strawberry.field(description="What it is called: one line of at most 1000 characters.")
    url: str = strawberry.field(description="Where it leads: http or https, at most 1024 characters.")


@strawberry.input(description="A list of links.")
class LinkListBlockInput:
    """A list of links."""

    links: list[LinkInput] = strawberry.field(description="1 to 100 links, in order.")


@strawberry.input(one_of=True, description="One block of an article.")
class TextBlockInput:
    """A block, told by its kind."""

    heading: HeadingBlockInput | None = optional("A heading.")
    paragraph: ParagraphBlockInput | None = optional("A paragraph.")
    math: MathBlockInput | None = optional("A formula.")
    image: ImageBlockInput | None = optional("An image.")
    link_list: LinkListBlockInput | None = optional("A list of links.")


@strawberry.input(description="An article: in blocks, or as one Markdown text of which blocks are made.")
class TextPayloadInput:
    """The payload of a TextContent."""

    layout: str | None = optional(
        "How the blocks are meant to be laid out, at most 64 characters; without it rich_text_v1."
    )
    heading: str | None = optional("The heading above the text: one line of at most 255 characters.")
    blocks: list[TextBlockInput] | None = optional("At most 500 blocks, in order; this or `markdown`.")
    markdown: str | None = optional(
        "CommonMark of at most 60,000 characters, without HTML: headings; paragraphs, lists, quotations and code; "
        "formulas between lines of $$; images in paragraphs of their own, with the address of one or asset:ID; "
        "a list of nothing but links makes a list of links. What has no block is refused, with its line."
    )


@strawberry.input(description="Work that a person hands in and a person grades.")
class AssignmentPayloadInput:
    """The payload of an AssignmentContent."""

    instructions: str | None = optional("What is to be done, in Markdown of at most 60,000 characters, without HTML.")
    submission_types: list[SubmissionType] | None = optional(
        "How it may be handed in, each way once; without any in all of them."
    )
    max_points: float | None = optional("What perfect work is worth, from 0 to 9999.99.")


@strawberry.input(description="One thing to open or to read.")
class ResourceLinkInput:
    """One resource."""

    label: str = strawberry.field(description="What it is called: one line of at most 1000 characters.")
    url: str = strawberry.field(description="Where it is: http or https, at most 1024 characters.")
    kind: ResourceKind | None = optional("What it is.")


@strawberry.input(description="A list of things to open or to read.")
class ResourcePayloadInput:
    """The payload of a ResourceContent."""

    resources: list[ResourceLinkInput] = strawberry.field(description="At most 200 things, in order.")


@strawberry.input(one_of=True, description="What an item holds, by its kind; at most 1 MiB as JSON.")
class ContentPayloadInput:
    """The payload of an item of any kind."""

    video: VideoPayloadInput | None = optional("A video.")
    quiz: QuizPayloadInput | None = optional("A quiz.")
    engineering_lab: EngineeringLabPayloadInput | None = optional("A lab.")
    text: TextPayloadInput | None = optional("An article.")
    assignment: AssignmentPayloadInput | None = optional("An assignment.")
    resource: ResourcePayloadInput | None = optional("A list of resources.")
