"""Handing in: numbered submissions of an enrolled person, one after another, with how late they are."""

from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import ARRAY, BigInteger, Numeric, String, Text, any_, bindparam, func, insert, select, update

from lms_graphql.assessment.asked import Asked, asked_of, item_number, offering_number, require_open
from lms_graphql.assessment.models import LabSubmission, Upload
from lms_graphql.content.models import content_type_enum
from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.enrollment.enrolled import require_enrolled
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.progress import crediting
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY, USER

MOST_FILES = 10
_LONGEST_TEXT = 100_000
_LONGEST_URL = 1024

_Row = record("Submitting")
_OFFERING = bindparam("offering_id", type_=BigInteger)
_ITEM = bindparam("item_id", type_=BigInteger)
_UPLOADS = bindparam("upload_ids", type_=ARRAY(BigInteger))

QUEUE = Statement(
    select(CourseEnrollment.id)
    .where(
        CourseEnrollment.university_id == UNIVERSITY,
        CourseEnrollment.course_offering_id == _OFFERING,
        CourseEnrollment.user_id == USER,
    )
    .with_for_update(key_share=True)
)
"""Submissions of one person in one offering follow one another, so that their numbers do."""
_LAST = Statement(
    select(func.coalesce(func.max(LabSubmission.attempt_number), 0).label("number")).where(
        LabSubmission.university_id == UNIVERSITY,
        LabSubmission.course_offering_id == _OFFERING,
        LabSubmission.user_id == USER,
        LabSubmission.content_item_id == _ITEM,
    )
)
_ADD = Statement(
    insert(LabSubmission)
    .values(
        university_id=UNIVERSITY,
        user_id=USER,
        course_offering_id=_OFFERING,
        content_item_id=_ITEM,
        course_id=bindparam("course_id", type_=BigInteger),
        content_type=bindparam("content_type", type_=content_type_enum),
        attempt_number=bindparam("number"),
        revision=bindparam("revision"),
        submitted_at=bindparam("at", type_=LabSubmission.submitted_at.type),
        body=bindparam("body", type_=Text),
        artifacts_url=bindparam("url", type_=String),
        late_seconds=bindparam("late_seconds", type_=BigInteger),
        late_penalty_percent=bindparam("late_penalty_percent", type_=Numeric),
    )
    .returning(LabSubmission.id)
)
_FILES = Statement(
    select(Upload.id, Upload.state)
    .where(
        Upload.university_id == UNIVERSITY,
        Upload.id == any_(_UPLOADS),
        Upload.user_id == USER,
        Upload.course_offering_id == _OFFERING,
        Upload.content_item_id == _ITEM,
    )
    .order_by(Upload.id)
    .with_for_update()
)
_ATTACH = Statement(
    update(Upload)
    .where(Upload.university_id == UNIVERSITY, Upload.id == any_(_UPLOADS))
    .values(state="attached", submission_id=bindparam("submission_id", type_=BigInteger))
)


async def submit_work(work: Work, given: Given) -> dict[str, Any]:
    """Hand in for a lab or an assignment; gives `submission_id`."""
    offering_id, item_id = offering_number(work, given["offeringId"]), item_number(work, given["contentItemId"])
    uploads = _uploads(work, given.get("uploadIds"))
    text, url = _text(given.get("text")), _url(given.get("url"))
    await work.rows(QUEUE, _Row, offering_id=offering_id)
    enrolled = await require_enrolled(work, offering_id, work.viewer.user_id, ("input", "offeringId"))
    asked = await asked_of(work, enrolled, item_id, ("input", "contentItemId"))
    require_open(enrolled, asked)
    _require_kinds(asked, {"text": text is not None, "url": url is not None, "file": bool(uploads)})
    here = {"offering_id": offering_id, "item_id": item_id}
    number = await _next_number(work, asked, here)
    await _require_stored(work, uploads, here)
    added = await work.one(_ADD, _Row, **here, **_values(enrolled, asked, number), body=text, url=url)
    submission_id = _id(added)
    if uploads:
        await work.rows(_ATTACH, _Row, upload_ids=uploads, submission_id=submission_id)
    await _leave_behind(work, enrolled, asked, submission_id, number, uploads)
    return {"submission_id": submission_id}


def _values(enrolled: Row, asked: Asked, number: int) -> dict[str, Any]:
    return {
        "course_id": enrolled["course_id"],
        "content_type": asked.item["content_type"],
        "number": number,
        "revision": asked.item["revision"],
        "at": asked.now,
        "late_seconds": asked.late_seconds,
        "late_penalty_percent": asked.late_penalty_percent,
    }


async def _leave_behind(
    work: Work, enrolled: Row, asked: Asked, submission_id: int, number: int, uploads: list[int]
) -> None:
    offering_id, item_id = enrolled["course_offering_id"], asked.item["id"]
    after = {
        "userId": enrolled["user_id"],
        "offeringId": offering_id,
        "contentItemId": item_id,
        "attemptNumber": number,
        "status": "submitted",
        "lateSeconds": asked.late_seconds,
        "latePenaltyPercent": asked.late_penalty_percent,
        "uploadIds": uploads,
    }
    await work.audit("submission.submit", "Submission", submission_id, after=after)
    told = {"userId": enrolled["user_id"], "offeringId": offering_id, "contentItemId": item_id}
    await work.tell("submission.submitted", "Submission", submission_id, **told)
    done = crediting.Credit(enrolled["user_id"], item_id, submitted=True)
    await crediting.credit(work, offering_id, enrolled["course_id"], [done])


async def _next_number(work: Work, asked: Asked, here: dict[str, int]) -> int:
    last = await work.one(_LAST, _Row, **here)
    number = 1 if last is None else int(last["number"]) + 1
    most = None if asked.setting is None else asked.setting.max_submissions
    if most is not None and number > most:
        message = f"this may be handed in {most} {'time' if most == 1 else 'times'}, and was"
        raise Refused(UserErrorCode.LIMIT_REACHED, message, ("input", "contentItemId"))
    return number


async def _require_stored(work: Work, uploads: list[int], here: dict[str, int]) -> None:
    """That these are the person's files for this item, sent, and in no submission yet."""
    if not uploads:
        return
    path = ("input", "uploadIds")
    found = await work.rows(_FILES, _Row, upload_ids=uploads, **here)
    if len(found) < len(uploads):
        raise Refused(UserErrorCode.NOT_FOUND, "one of these uploads is not there for this item", path)
    if any(row["state"] == "attached" for row in found):
        raise Refused(UserErrorCode.TAKEN, "one of these uploads is part of a submission already", path)
    if any(row["state"] == "pending" for row in found):
        message = "one of these uploads has not come: send it to its target, then complete it (completeUpload)"
        raise Refused(UserErrorCode.CLOSED, message, path)


def _require_kinds(asked: Asked, handed_in: dict[str, bool]) -> None:
    """INVALID unless something is handed in, and in ways that the item takes."""
    if not any(handed_in.values()):
        raise Refused(UserErrorCode.INVALID, "hand in a text, a url or files", ("input",))
    taken = asked.submission_types
    fields = {"text": "text", "url": "url", "file": "uploadIds"}
    for kind, is_there in handed_in.items():
        if is_there and taken and kind not in taken:
            message = f"this is handed in as {' or '.join(sorted(taken))}"
            raise Refused(UserErrorCode.INVALID, message, ("input", fields[kind]))


def _uploads(work: Work, given: list[str] | None) -> list[int]:
    """The numbers of the uploads, in order."""
    path = ("input", "uploadIds")
    if not given:
        return []
    if len(given) > MOST_FILES:
        raise Refused(UserErrorCode.LIMIT_REACHED, f"a submission has at most {MOST_FILES} files", path)
    found = [number_of(text, "Upload", work.viewer.university_id) for text in given]
    numbers = sorted({number for number in found if number is not None})
    if None in found:
        raise Refused(UserErrorCode.NOT_FOUND, "one of these uploads is not there for this item", path)
    return numbers


def _text(given: str | None) -> str | None:
    path = ("input", "text")
    if given is None:
        return None
    if not given.strip():
        raise Refused(UserErrorCode.INVALID, "this must not be empty", path)
    if len(given) > _LONGEST_TEXT:
        message = f"this has {len(given)} characters, at most {_LONGEST_TEXT} can be taken; hand in a file instead"
        raise Refused(UserErrorCode.INVALID, message, path)
    if "\0" in given or not _encodes(given):
        raise Refused(UserErrorCode.INVALID, "this has signs that can't be stored", path)
    return given


def _url(given: str | None) -> str | None:
    path = ("input", "url")
    if given is None:
        return None
    text = line(given, path, most=_LONGEST_URL)
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname or " " in text:
        raise Refused(UserErrorCode.INVALID, "give a whole address, beginning with https:// or http://", path)
    return text


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _id(row: Row | None) -> int:
    if row is None:
        raise AssertionError  # it returns what it inserts
    return int(row["id"])
