"""A course as an importer hands it over: plain values, not yet rows; whatever the format, the writer sees only these.

`external_id` names a thing in the system it comes from and stays the same from one import to the next, which is what
makes an import safe to repeat. Lists are in syllabus order.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from lms_graphql.assessment.payloads import Answer, Option


class ImportedQuestion(msgspec.Struct):
    """One question; `type` is a `QuestionType` of `assessment.payloads`. Its texts are Markdown."""

    external_id: str
    type: str
    stem: str
    answer: Answer
    points: Decimal = Decimal(1)
    options: list[Option] = []
    hints: list[str] = []
    explanation: str | None = None


class ImportedPool(msgspec.Struct):
    """The questions that one item draws from. Their place in the list is their number, as long as that is free here."""

    external_id: str
    title: str
    questions: list[ImportedQuestion] = []


class ImportedItem(msgspec.Struct):
    """One content item. `payload` is the JSON object for its kind, in the names of `content.payloads`.

    With a pool (of a quiz) the payload gets its id as `question_pool_id` when it is stored.
    """

    external_id: str
    content_type: str
    title: str
    payload: dict[str, Any]
    description: str | None = None
    estimated_duration_seconds: int | None = None
    is_active: bool = True
    pool: ImportedPool | None = None
    template_node: str | None = None


class ImportedModule(msgspec.Struct):
    """One node of the syllabus tree; `module_type` is a label of module_type_enum, `template_id` the row it is made of.

    With it go the version of the template, and the node of it that this is; items name theirs too. A course whose
    modules have no templates leaves those alone that people gave them here.
    """

    external_id: str
    module_type: str
    title: str
    description: str | None = None
    is_published: bool = True
    children: "list[ImportedModule]" = []
    items: list[ImportedItem] = []
    template_id: int | None = None
    template_version: int | None = None
    template_node: str | None = None


class ImportedRun(msgspec.Struct):
    """One run of the course, which becomes an offering. Times are aware; `visibility` is for the first import only."""

    external_id: str
    term_name: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    enrollment_start: datetime | None = None
    enrollment_end: datetime | None = None
    visibility: str = "private"


class ImportedCourse(msgspec.Struct):
    """A whole course with its tree and its run; `system` is the first part of its external keys, for example `olx`.

    A source that knows neither `level` nor `difficulty` leaves both to people.
    """

    system: str
    external_id: str
    code: str
    title: str
    description: str | None = None
    language_code: str = "en"
    modules: list[ImportedModule] = []
    run: ImportedRun | None = None
    level: str | None = None
    difficulty: str | None = None


class LeftOut(msgspec.Struct, frozen=True):
    """Something of the source that has no place in this product, and why."""

    kind: str
    external_id: str
    reason: str


class ImportReport(msgspec.Struct):
    """What an import mapped (counts by «source kind → ours») and what it left out or changed on the way."""

    mapped: dict[str, int] = {}
    left_out: list[LeftOut] = []

    def count(self, source: str, target: str) -> None:
        """One more thing of kind `source` has become a `target`."""
        key = f"{source} → {target}"
        self.mapped[key] = self.mapped.get(key, 0) + 1

    def leave_out(self, kind: str, external_id: str, reason: str) -> None:
        """Remember something that was not taken over."""
        self.left_out.append(LeftOut(kind, external_id, reason))
