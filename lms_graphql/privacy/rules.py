"""What erasing a person does to each column that may hold something of them: one table, read from top to bottom.

Kept is what a university must be able to show later: that somebody took part, what they got, who decided it, that a
certificate was issued. Whatever they wrote, handed in or were told in words goes. A test goes through the database's
catalog: every column of text, JSON or bytes in a table that hangs on a person needs a rule here; closed lists of words
(enums), generated columns, numbers and times are kept without one.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from lms_graphql.privacy.sections import IN_JOB, Through


class Keep(msgspec.Struct, frozen=True):
    """The column stays as it is."""

    reason: str


class Put(msgspec.Struct, frozen=True):
    """The column gets this value, in a text with the person's number for `{user_id}`; where it has one, if `filled`."""

    value: Any = None
    filled: bool = False


class End(msgspec.Struct, frozen=True):
    """The column is when something ended: where that is not yet, it gets the time of the erasure."""


Change = Put | End
Rule = Keep | Change


class Rules(msgspec.Struct, frozen=True):
    """Of the rows of a table that are about the person: those whose column `person` is theirs, or that hang on such.

    With `rows_go`, the reason, the rows are deleted, but for those that have the values of `kept`, which are not about
    the person but of what they did for the university. Otherwise `columns` says what becomes of each.
    """

    person: str | Through = "user_id"
    columns: Mapping[str, Rule] = {}
    rows_go: str = ""
    kept: Mapping[str, str] = {}


NAME = "Erased person {user_id}"
ADDRESS = "erased-{user_id}@erased.invalid"
"""Of a domain that can't exist (RFC 2606)."""

_GONE = Put()
_WORD = Keep("a word from a closed list")
_COURSE = Keep("of the course, not of the person")
_RECORD = Keep("the record that the university must keep")
_IN_ATTEMPT = Through("attempt_id", "quiz_attempts")

RULES: Mapping[str, Rules] = {
    "user_university_roles": Rules(rows_go="nobody can act in them any more"),
    "thread_read_marks": Rules(rows_go="what somebody has read is nobody else's business"),
    "content_item_settings": Rules(rows_go="other dates for one person may tell why, and are of no use any more"),
    "enrollment_events": Rules(Through("enrollment_id", "course_enrollments"), {"reason": _GONE}),
    "course_enrollments": Rules(),
    "course_offering_instructors": Rules(columns={"role": _WORD}),
    "user_module_progress": Rules(),
    "user_content_progress": Rules(),
    "quiz_attempt_answers": Rules(_IN_ATTEMPT, {"response": Put({})}),
    "quiz_attempt_questions": Rules(_IN_ATTEMPT, {"snapshot": _COURSE}),
    "quiz_attempts": Rules(columns={"status": _WORD, "raw_response_json": _GONE}),
    "grading_runs": Rules(
        Through("submission_id", "lab_submissions"),
        {"state": _WORD, "report_digest": Keep("a digest, of what is not here any more")},
    ),
    "uploads": Rules(
        rows_go="what they handed in goes; `lms-graphql maintain` deletes files that have no row",
        kept={"purpose": "asset", "state": "attached"},
    ),
    "lab_submissions": Rules(
        columns={
            "status": _WORD,
            "artifacts_url": _GONE,
            "body": _GONE,
            "rubric_result": _GONE,
            "instructor_feedback": _GONE,
            "public_results": _GONE,
            "hidden_results": _GONE,
            "auto_grade_json": _GONE,
        }
    ),
    "course_grades": Rules(columns={"letter_grade": _RECORD}),
    "grade_item_scores": Rules(),
    "grade_overrides": Rules(columns={"letter_grade": _RECORD, "reason": Put("erased")}),
    "grade_history": Rules(columns={"reason": _GONE}),
    "grade_exemptions": Rules(columns={"reason": Put("erased")}),
    "grade_freezes": Rules("frozen_by", {"reason": _RECORD}),
    "jobs": Rules(
        "created_by",
        {
            "kind": _WORD,
            "state": _WORD,
            "given": Keep("numbers of rows, and what was to be said of the act"),
            "error": Keep("words of ours"),
            "roles": _WORD,
        },
    ),
    "roster_import_errors": Rules(
        Through("import_id", "roster_imports", IN_JOB),
        {"file": _WORD, "field": _WORD, "message": Keep("words of ours, which repeat nothing of a row")},
    ),
    "roster_imports": Rules(
        IN_JOB,
        {
            "file_name": Put("roster.zip"),
            "mode": _WORD,
            "document": Keep("of the university, until its job has ended; who was erased is refused then"),
            "counts": Keep("numbers"),
        },
    ),
    "certificates": Rules(
        columns={
            "certificate_code": _RECORD,
            "course_code": _COURSE,
            "course_title": _COURSE,
            "letter_grade": _RECORD,
            "recipient_name": _GONE,
            "metadata_json": _GONE,
            "revocation_reason": Put("erased", filled=True),
            "key_id": Keep("of the key, not of the person"),
            "credential_jwt": _GONE,
        }
    ),
    "discussion_threads": Rules("created_by_user_id", {"title": _GONE}),
    "discussion_posts": Rules(
        columns={"body": Put(""), "is_deleted": Put(value=True), "hidden_reason": Put("erased", filled=True)}
    ),
    "post_revisions": Rules(
        Through("post_id", "discussion_posts"), rows_go="they hold nothing but what the person wrote before"
    ),
    "post_reports": Rules(columns={"kind": _WORD, "reason": Put("erased"), "outcome": _WORD}),
    "course_reviews": Rules(columns={"review_text": _GONE, "hidden_reason": Put("erased", filled=True)}),
    "content_item_revisions": Rules("changed_by", dict.fromkeys(("title", "description", "data_json"), _COURSE)),
    "service_tokens": Rules(
        "issued_by",
        {
            "digest": Keep("of a token that is good for nothing any more"),
            "scopes": _WORD,
            "submission_ids": Keep("numbers of submissions, which have rules of their own"),
            "revoked_at": End(),
        },
    ),
    "invitations": Rules(rows_go="nobody comes in by them any more"),
    "disclosures": Rules(columns={"kind": _WORD, "request_id": Keep("a number of ours, not of the person")}),
    "erasures": Rules(columns={"reason": _RECORD, "request_id": Keep("a number of ours, not of the person")}),
    "university_members": Rules(
        columns={
            "display_name": Put(NAME),
            "email": Put(ADDRESS),
            "student_number": _GONE,
            "status": Put("erased"),
        }
    ),
}
"""By table, in the order in which it is done."""

IDENTITY: Mapping[str, Put] = {
    "email": Put(ADDRESS),
    "full_name": Put(NAME),
    "password_hash": Put("!"),
    "locale": Put("en"),
    "time_zone": Put("UTC"),
    "is_active": Put(value=False),
}
"""Of the login in `users`: what `erase_identity` of the database does, unless another university has the person."""

WITH_LOGIN = ("external_identities", "session_tokens", "sessions")
"""Tables of which `erase_identity` deletes the person's rows when it erases the login."""

ELSEWHERE = {
    "users": "see IDENTITY",
    **dict.fromkeys(WITH_LOGIN, "see WITH_LOGIN"),
    "platform_administrators": "who looks after the platform is no matter of one university's",
    "assets": "files of courses, whoever sent them; what somebody sent is told by uploads",
    "content_item_assets": "which items name which files of courses",
}
"""Tables that hang on a person and have no rules above, each with the reason."""
