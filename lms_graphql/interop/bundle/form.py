"""The shape of a course as one document: `course.json` of a bundle, version 1 (described in FORMAT.md).

Nothing of it is an id of a database: things name one another by keys that mean something only within the document, and
what lies outside of it (subjects, terms, other courses, templates) by codes and titles. A key that this version does
not know is refused, not skipped, so that nothing is lost silently. Points and weights are exact: decimals as strings.
"""

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec

NAME: Final = "lms-graphql-course"
VERSION: Final = 1
MOST_ITEMS = 5_000
MOST_MODULES = 5_000
MOST_QUESTIONS = 20_000
MOST_SETTINGS = 50_000
FILE_PATH = re.compile(r"assets/[a-z0-9]{1,16}(?:\.[a-z0-9]{1,16})?")
MOST_DEPTH = 32
"""How many levels modules may lie below the first."""

Key: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[a-z][0-9]{1,9}$")]
"""The name of something within the document, for example m1."""
Line: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Code: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
ShortCode: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
Time: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
Seconds: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Digest: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
ModuleType = Literal["course_root", "unit", "chapter", "lesson", "topic", "section", "lab", "quiz", "other"]
ContentType = Literal["video", "quiz", "engineering_lab", "text", "assignment", "resource"]


class Part(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A part of the document: an unknown key is refused, and a key with its default value is left out.

    No text has a default: msgspec tells a default by its identity, so that it would be left out at times.
    """


class Template(Part):
    """A module template, by what it is called: of the platform's library, or of the university."""

    title: Line
    template_type: ModuleType
    is_of_platform: bool = False


class Rating(Part):
    """A degree to which a criterion can be met."""

    title: Line
    points: Decimal


class Criterion(Part):
    """One thing that a lab or an assignment is graded by."""

    title: Line
    points: Decimal
    description: str | None = None
    ratings: Annotated[list[Rating], msgspec.Meta(max_length=10)] = []


class Item(Part):
    """A content item; `payload` is as the API stores it, with keys of the document where it refers to something."""

    key: Key
    content_type: ContentType
    title: Line
    payload: dict[str, Any]
    description: str | None = None
    estimated_duration_seconds: Seconds | None = None
    is_active: bool = True
    rubric: Annotated[list[Criterion], msgspec.Meta(max_length=20)] = []


class Module(Part):
    """A module with its items, and the modules below it; both in their order."""

    key: Key
    module_type: ModuleType
    title: Line
    description: str | None = None
    is_published: bool = False
    archived_at: Time | None = None
    template: Template | None = None
    items: list[Item] = []
    modules: list["Module"] = []


class Question(Part):
    """A question with its key: `options` and `answer` are as the API stores them."""

    key: Key
    type: str
    stem: str
    points: Decimal
    answer: Any
    options: list[Any] = []
    hints: list[str] = []
    explanation: str | None = None


class Pool(Part):
    """A question pool; `is_shared` where it is no course's own."""

    key: Key
    title: Line
    is_shared: bool = False
    questions: list[Question] = []


class File(Part):
    """A file of the archive."""

    path: Annotated[str, msgspec.Meta(pattern=f"^{FILE_PATH.pattern}$")]
    sha256: Digest
    size_bytes: Count
    media_type: Annotated[str, msgspec.Meta(min_length=1, max_length=127)]
    file_name: Line


class Asset(Part):
    """Something that items show, at an address of its own or a file of the archive; of the course or the library."""

    key: Key
    asset_type: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    url: Annotated[str, msgspec.Meta(min_length=1, max_length=1024)] | None = None
    file: File | None = None
    meta: dict[str, Any] = {}
    title: Line | None = None
    is_of_course: bool = False
    is_staff_only: bool = False


class Letter(Part):
    """A letter, and the lowest score in percent that earns it."""

    letter: Annotated[str, msgspec.Meta(min_length=1, max_length=8)]
    lowest_score: Decimal


class Category(Part):
    """A part of a grade, with its weight in percent."""

    key: Key
    name: Line
    weight: Decimal
    drop_lowest: Count = 0
    drop_highest: Count = 0
    min_count: Count = 0
    extra_credit: bool = False


class Policy(Part):
    """How a grade is worked out; categories in their order."""

    pass_mark: Decimal
    letters: Annotated[list[Letter], msgspec.Meta(max_length=50)] = []
    categories: Annotated[list[Category], msgspec.Meta(max_length=50)] = []


class GradeItem(Part):
    """Something graded that is no content item; `category` is a key."""

    title: Line
    points: Decimal
    category: Key | None = None
    held_at: Time | None = None


class Setting(Part):
    """What an offering asks of an item, of all or of a section (by its code); never of a person."""

    item: Key
    section: ShortCode | None = None
    unlock_at: Time | None = None
    due_at: Time | None = None
    lock_at: Time | None = None
    points: Decimal | None = None
    completion_rule: Literal["view", "submit", "min_score", "manual"] | None = None
    min_score: Decimal | None = None
    category: Key | None = None
    extra_time_seconds: Count | None = None
    extra_attempts: Count | None = None
    max_submissions: Count | None = None
    late_penalty_percent_per_day: Decimal | None = None


class Section(Part):
    """A group of an offering's people."""

    code: ShortCode
    name: Line


class Offering(Part):
    """A run of the course as it is defined; never who takes part in it, or what they did. `term` is a code."""

    key: Key
    visibility: Literal["private", "members", "public"]
    enrollment_mode: Literal["open", "approval", "closed"]
    term: ShortCode | None = None
    term_name: Line | None = None
    starts_at: Time | None = None
    ends_at: Time | None = None
    enrollment_start: Time | None = None
    enrollment_end: Time | None = None
    drop_until: Time | None = None
    capacity: Count | None = None
    waitlist_capacity: Count | None = None
    certificate_valid_days: Annotated[int, msgspec.Meta(ge=1, le=36_500)] | None = None
    sections: Annotated[list[Section], msgspec.Meta(max_length=1000)] = []
    grading_policy: Policy | None = None
    grade_items: Annotated[list[GradeItem], msgspec.Meta(max_length=1000)] = []
    settings: list[Setting] = []


class Subject(Part):
    """A subject that the course belongs to, by its code."""

    code: Code
    is_primary: bool = False


class Prerequisite(Part):
    """A course that this one asks for, by its code."""

    course: Code
    type: Literal["strict", "recommended", "co_requisite"]


class Course(Part):
    """A course with all that is its own."""

    code: Code
    title: Line
    level: Literal["undergraduate", "graduate", "postgraduate", "certificate", "other"]
    language_code: Annotated[str, msgspec.Meta(min_length=1, max_length=8)]
    description: str | None = None
    credit_hours: Decimal | None = None
    difficulty: Literal["beginner", "intermediate", "advanced"] | None = None
    primary_subject: Code | None = None
    subjects: Annotated[list[Subject], msgspec.Meta(max_length=100)] = []
    prerequisites: Annotated[list[Prerequisite], msgspec.Meta(max_length=100)] = []
    assets: list[Asset] = []
    pools: list[Pool] = []
    modules: list[Module] = []
    grading_policy: Policy | None = None
    offerings: Annotated[list[Offering], msgspec.Meta(max_length=1000)] = []


class Document(Part):
    """`course.json`. `sha256` is of the canonical spelling of `course` (see `spelled`)."""

    format: Literal["lms-graphql-course"]
    version: Literal[1]
    produced_at: Time
    sha256: Digest
    course: Course


def json_schema() -> dict[str, Any]:
    """The JSON Schema of `course.json`, as schema.json beside this file has it."""
    return msgspec.json.schema(Document)


def spelled(value: Any) -> bytes:
    """The canonical spelling of something: JSON with its keys in order and without space."""
    return msgspec.json.encode(value, order="sorted")
