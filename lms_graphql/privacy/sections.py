"""What an export tells about a person: one section for every way in which a row may hang on somebody.

A test reads all foreign keys to a person from the database's catalog: each needs a section or an exemption here.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    DateTime,
    Text,
    case,
    cast,
    column,
    exists,
    func,
    null,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ENUM, JSONB
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.selectable import TableValuedAlias

from lms_graphql.storage.tenancy import UNIVERSITY, USER
from lms_graphql.tables import metadata

_Columns = ReadOnlyColumnCollection[str, ColumnElement[Any]]


def columns_of(table: str) -> _Columns:
    """The columns of a table by their names."""
    return metadata.tables[table].c


class Through(msgspec.Struct, frozen=True):
    """How rows that don't name a person hang on one: by `column`, which is the `id` of a person's row elsewhere.

    That row names the person in its column `person`, or hangs on one itself.
    """

    column: str
    table: str
    person: "str | Through" = "user_id"


def hanging_on(table: Any, person: str | Through, number: Any) -> ColumnElement[bool]:
    """That a row of a table names this person, or hangs on one that does."""
    if isinstance(person, str):
        named: ColumnElement[bool] = table[person] == number
        return named
    other = columns_of(person.table)
    theirs = select(other.id).where(other.university_id == UNIVERSITY, hanging_on(other, person.person, number))
    hangs: ColumnElement[bool] = table[person.column].in_(theirs)
    return hangs


class Section(msgspec.Struct, frozen=True):
    """Rows of `table` whose column `person` names the person, or that hang on one; all columns but those withheld.

    With `only`, for what the person did to other people's records, just these. `when_posted` are null before a grade is
    made known, of which `posted` is the time; with `posted_only` there is no row before that.
    """

    name: str
    table: str
    person: str | Through = "user_id"
    only: tuple[str, ...] = ()
    withheld: Mapping[str, str] = {}
    """Columns that are not told, each with the reason."""
    when_posted: tuple[str, ...] = ()
    posted_only: bool = False

    def where(self) -> ColumnElement[bool]:
        """Which rows of the table are told."""
        table = columns_of(self.table)
        here = table.university_id == UNIVERSITY
        if self.posted_only:
            here &= self._is_posted()
        return here & hanging_on(table, self.person, USER)

    def columns(self) -> list[ColumnElement[Any]]:
        """What is told of a row; enums come as text."""
        table = columns_of(self.table)
        names = self.only or tuple(
            column.name for column in metadata.tables[self.table].columns if self._is_told(column.name)
        )
        return [self._posted(table, name) if name in self.when_posted else as_text(table[name]) for name in names]

    def _is_told(self, name: str) -> bool:
        is_key = "is_key" in metadata.tables[self.table].columns[name].info
        return not is_key and name not in {"university_id", *self.withheld}

    def _posted(self, table: _Columns, name: str) -> ColumnElement[Any]:
        return case((table.posted_at <= func.now(), table[name]), else_=null()).label(name)

    def _is_posted(self) -> ColumnElement[bool]:
        """By the row's own time; where it has none by that of the person's grade in the same offering."""
        table, grades = columns_of(self.table), columns_of("course_grades")
        if "posted_at" in table:
            return table.posted_at <= func.now()
        return exists().where(
            grades.university_id == UNIVERSITY,
            grades.course_offering_id == table.course_offering_id,
            grades.user_id == table.user_id,
            grades.posted_at <= func.now(),
        )


def as_text(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """An enum as text, anything else as it is."""
    if not isinstance(column.type, ENUM):
        return column
    text: ColumnElement[Any] = cast(column, Text).label(column.key)
    return text


_IN_ATTEMPT = Through("attempt_id", "quiz_attempts")
IN_JOB = Through("job_id", "jobs", "created_by")
"""What a job did hangs on who asked for it."""
_HIDDEN = "of hidden tests, which belong to the course"

SECTIONS = (
    Section("profile", "university_members"),
    Section("roles", "user_university_roles"),
    Section("teaching", "course_offering_instructors"),
    Section("enrollments", "course_enrollments"),
    Section("enrollment_events", "enrollment_events", Through("enrollment_id", "course_enrollments")),
    Section("personal_settings", "content_item_settings"),
    Section("module_progress", "user_module_progress"),
    Section("content_progress", "user_content_progress"),
    Section(
        "quiz_attempts",
        "quiz_attempts",
        withheld={"seed": "what the next draw could be foretold by", "content_type": "always quiz"},
    ),
    Section("quiz_attempt_questions", "quiz_attempt_questions", _IN_ATTEMPT),
    Section("quiz_attempt_answers", "quiz_attempt_answers", _IN_ATTEMPT),
    Section(
        "submissions",
        "lab_submissions",
        withheld={"hidden_results": _HIDDEN, "auto_grade_json": _HIDDEN, "graded_by": "staff see it, as in the API"},
        when_posted=("score_obtained", "max_score", "instructor_feedback", "raw_score", "rubric_result"),
    ),
    Section("uploads", "uploads"),
    Section(
        "grading_runs",
        "grading_runs",
        Through("submission_id", "lab_submissions"),
        only=("id", "submission_id", "state", "claimed_at", "reported_at"),
    ),
    Section("grades", "course_grades", posted_only=True),
    Section("grade_scores", "grade_item_scores", posted_only=True),
    Section("grade_overrides", "grade_overrides", posted_only=True),
    Section("grade_history", "grade_history", posted_only=True),
    Section("certificates", "certificates"),
    Section("threads", "discussion_threads", "created_by_user_id"),
    Section("posts", "discussion_posts"),
    Section("read_marks", "thread_read_marks"),
    Section("reviews", "course_reviews"),
    Section("post_revisions", "post_revisions", Through("post_id", "discussion_posts")),
    Section("posts_reported", "post_reports"),
    Section("disclosures", "disclosures"),
    Section("exemptions", "grade_exemptions"),
    Section("invitations", "invitations", withheld={"digest": "what the token is recognised by"}),
    # What the person did to the records of others, whom it is not for this document to tell of.
    Section(
        "enrollments_changed",
        "enrollment_events",
        "changed_by",
        only=("id", "enrollment_id", "old_status", "new_status", "occurred_at"),
    ),
    Section(
        "content_changed", "content_item_revisions", "changed_by", only=("content_item_id", "revision", "changed_at")
    ),
    Section("submissions_graded", "lab_submissions", "graded_by", only=("id", "content_item_id", "graded_at")),
    Section("scores_given", "grade_item_scores", "graded_by", only=("grade_item_id", "graded_at")),
    Section("grades_overridden", "grade_overrides", "overridden_by", only=("course_offering_id", "created_at")),
    Section("grades_changed", "grade_history", "changed_by", only=("id", "course_offering_id", "changed_at")),
    Section("posts_changed", "post_revisions", "replaced_by", only=("id", "post_id", "version", "replaced_at")),
    Section("people_excused", "grade_exemptions", "excused_by", only=("id", "course_offering_id", "created_at")),
    Section("grades_frozen", "grade_freezes", "frozen_by", only=("course_offering_id", "frozen_at")),
    Section("jobs", "jobs", "created_by", only=("id", "kind", "state", "created_at", "finished_at")),
    Section("people_invited", "invitations", "invited_by", only=("id", "created_at", "expires_at")),
    Section("rosters_imported", "roster_imports", IN_JOB, only=("id", "job_id", "mode", "is_dry_run", "created_at")),
    Section(
        "rows_of_rosters_refused",
        "roster_import_errors",
        Through("import_id", "roster_imports", IN_JOB),
        only=("id", "import_id", "file", "line"),
    ),
    Section("records_seen", "disclosures", "viewer_id", only=("at", "kind", "request_id")),
    Section(
        "service_tokens_issued",
        "service_tokens",
        "issued_by",
        only=("id", "scopes", "submission_ids", "created_at", "expires_at", "revoked_at"),
    ),
)

_OF_LOGIN = "own_identity() of the database tells it, as it tells of users"
ELSEWHERE = {
    "platform_administrators_user_id_fkey": _OF_LOGIN,
    "external_identities_user_id_fkey": _OF_LOGIN,
    "sessions_user_id_fkey": _OF_LOGIN,
    "erasures_user_id_fkey": "of an erased person there is nothing left to tell",
    "erasures_erased_by_fkey": "an act of the university's, whose ledger it stands in",
}
"""Foreign keys to a person that need no section, by their names, each with the reason."""


def lookups() -> Mapping[str, tuple[str, ColumnElement[bool]]]:
    """By section, a table and the rows of it that the sections above name by number: what makes them readable."""
    offerings, courses, items = columns_of("course_offerings"), columns_of("courses"), columns_of("content_items")
    members, disclosures = columns_of("university_members"), columns_of("disclosures")

    def named(column: str, *tables: str) -> list[ColumnElement[bool]]:
        found = columns_of("course_offerings" if column == "course_offering_id" else "content_items")
        return [
            found.id.in_(
                select(columns_of(table)[column]).where(
                    columns_of(table).university_id == UNIVERSITY, columns_of(table).user_id == USER
                )
            )
            for table in tables
        ]

    in_offerings = or_(*named("course_offering_id", "course_enrollments", "course_offering_instructors"))
    of_offerings = select(offerings.course_id).where(offerings.university_id == UNIVERSITY, in_offerings)
    have_seen = select(disclosures.viewer_id).where(
        disclosures.university_id == UNIVERSITY, disclosures.user_id == USER
    )
    in_items = or_(*named("content_item_id", "user_content_progress", "quiz_attempts", "lab_submissions"))
    return {
        "offerings": ("course_offerings", (offerings.university_id == UNIVERSITY) & in_offerings),
        "courses": ("courses", (courses.university_id == UNIVERSITY) & courses.id.in_(of_offerings)),
        "items": ("content_items", (items.university_id == UNIVERSITY) & in_items),
        "viewers": ("university_members", (members.university_id == UNIVERSITY) & members.user_id.in_(have_seen)),
    }


LOOKED_UP = {
    "offerings": ("id", "course_id", "term_name", "starts_at", "ends_at"),
    "courses": ("id", "code", "title"),
    "items": ("id", "course_id", "content_type", "title"),
    "viewers": ("user_id", "display_name"),
}
"""What is told of the rows that sections name by number."""


def external_keys_of_person() -> ColumnElement[bool]:
    """The names that other systems have for the person; no foreign key leads from them."""
    keys = columns_of("external_keys")
    return (keys.university_id == UNIVERSITY) & (keys.entity == "member") & (keys.entity_id == cast(USER, BigInteger))


def acts_of_person() -> TableValuedAlias:
    """What the audit log has of the person's acts, and of changes of their profile; lms_app may not read it itself."""
    return func.own_acts().table_valued(
        column("at", DateTime(timezone=True)),
        column("act", Text),
        column("entity", Text),
        column("entity_id", BigInteger),
        column("own", Boolean),
        column("old_values", JSONB),
        column("new_values", JSONB),
        column("request_id", Text),
    )
