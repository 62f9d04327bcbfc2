"""Posting and hiding: from when on the people of an offering see what they got for a lab or an assignment."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, BigInteger, Boolean, any_, bindparam, func, or_, select, update

from lms_graphql.assessment import scoring
from lms_graphql.assessment.asked import item_number, offering_number
from lms_graphql.assessment.models import LabSubmission
from lms_graphql.catalog.models import CourseOffering
from lms_graphql.catalog.policy import may_run_offering, visible_offerings
from lms_graphql.catalog.reach import department_of_course
from lms_graphql.content.models import ContentItem
from lms_graphql.engine.context import Standing, Viewer
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Change, Work
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

MOST_PEOPLE = 1000

_Row = record("Posting")
_OFFERING = bindparam("offering_id", type_=BigInteger)
_ITEM = bindparam("item_id", type_=BigInteger)
_PEOPLE = bindparam("user_ids", type_=ARRAY(BigInteger))
_IDS = bindparam("submission_ids", type_=ARRAY(BigInteger))


def _seen(standing: Standing) -> Statement:
    """The offering that staff of a standing see, with its department."""
    department = department_of_course(CourseOffering.course_id).label("department_id")
    return Statement(
        select(CourseOffering.id, CourseOffering.course_id, department).where(
            CourseOffering.id == _OFFERING, visible_offerings(Viewer(standing=standing))
        )
    )


_SEEN = {standing: _seen(standing) for standing in (Standing.STAFF, Standing.ADMIN)}
_OF_COURSE = Statement(
    select(ContentItem.id).where(
        ContentItem.university_id == UNIVERSITY,
        ContentItem.id == _ITEM,
        ContentItem.course_id == bindparam("course_id", type_=BigInteger),
    )
)
_ENROLLED = Statement(
    select(CourseEnrollment.user_id).where(
        CourseEnrollment.university_id == UNIVERSITY,
        CourseEnrollment.course_offering_id == _OFFERING,
        CourseEnrollment.user_id == any_(_PEOPLE),
    )
)
_POSTED = LabSubmission.posted_at <= func.now()
_COLUMNS = (
    LabSubmission.id,
    LabSubmission.user_id,
    LabSubmission.content_item_id,
    LabSubmission.status,
    LabSubmission.raw_score,
    LabSubmission.score_obtained,
    LabSubmission.max_score,
    LabSubmission.late_penalty_percent,
    LabSubmission.graded_by,
    LabSubmission.graded_at,
    LabSubmission.posted_at,
)


def _locked(*wanted: Any) -> Statement:
    """The graded submissions of an item in an offering whose posting is to change, locked in order."""
    return Statement(
        select(*_COLUMNS)
        .where(
            LabSubmission.university_id == UNIVERSITY,
            LabSubmission.course_offering_id == _OFFERING,
            LabSubmission.content_item_id == _ITEM,
            LabSubmission.graded_at.is_not(None),
            or_(bindparam("everybody", type_=Boolean), LabSubmission.user_id == any_(_PEOPLE)),
            *wanted,
        )
        .order_by(LabSubmission.id)
        .with_for_update(key_share=True)
    )


_TO_POST = _locked(func.coalesce(_POSTED, False).is_(False))
_TO_HIDE = _locked(LabSubmission.posted_at.is_not(None))
_HERE = (LabSubmission.university_id == UNIVERSITY, LabSubmission.id == any_(_IDS))
_POST = Statement(update(LabSubmission).where(*_HERE).values(posted_at=func.now()).returning(*_COLUMNS))
_HIDE = Statement(update(LabSubmission).where(*_HERE).values(posted_at=None).returning(*_COLUMNS))


class _Act(NamedTuple):
    """Posting or hiding: how the log and the outbox call it, which submissions it is for, and what it writes."""

    name: str
    topic: str
    wanted: Statement
    write: Statement


_RELEASE = _Act("submission.post", "submissions.posted", _TO_POST, _POST)
_CONCEAL = _Act("submission.hide", "submissions.hidden", _TO_HIDE, _HIDE)


async def release_grades(work: Work, given: Given) -> dict[str, Any]:
    """Let the people see what they got, from now on; gives `offering_id` and `count`, how many submissions changed."""
    return await _change(work, given, _RELEASE)


async def hide_grades(work: Work, given: Given) -> dict[str, Any]:
    """Let the people see nothing of what they got any more; gives `offering_id` and `count`."""
    return await _change(work, given, _CONCEAL)


async def _change(work: Work, given: Given, act: _Act) -> dict[str, Any]:
    offering_id, item_id = offering_number(work, given["offeringId"]), item_number(work, given["contentItemId"])
    people = _people(work, given.get("userIds"))
    offering = await _offering(work, offering_id)
    if not await work.rows(_OF_COURSE, _Row, item_id=item_id, course_id=offering["course_id"]):
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such lab or assignment", ("input", "contentItemId"))
    await _require_enrolled(work, offering_id, people)
    rows = await work.rows(
        act.wanted, _Row, offering_id=offering_id, item_id=item_id, everybody=people is None, user_ids=people or []
    )
    if not rows:
        work.nothing_changed()
        return {"offering_id": offering_id, "count": 0}
    written = await work.rows(act.write, _Row, submission_ids=[row["id"] for row in rows])
    after = {row["id"]: row for row in written}
    changes = [Change(row["id"], scoring.as_audited(row), scoring.as_audited(after[row["id"]])) for row in rows]
    await work.audit_each(act.name, "Submission", changes)
    told = {"contentItemId": item_id, "submissionIds": [row["id"] for row in rows]}
    await work.tell(act.topic, "CourseOffering", offering_id, **told)
    await scoring.follow(work, offering_id, offering["course_id"], rows)
    return {"offering_id": offering_id, "count": len(rows)}


async def _offering(work: Work, offering_id: int) -> Row:
    offering = await work.one(_SEEN[work.viewer.standing], _Row, offering_id=offering_id)
    path = ("input", "offeringId")
    if offering is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such offering", path)
    if not may_run_offering(work.viewer, offering):
        raise Refused(UserErrorCode.FORBIDDEN, "the instructors of this offering settle when grades are seen", path)
    return offering


def _people(work: Work, given: Sequence[str] | None) -> list[int] | None:
    """The numbers of the people; None for everybody."""
    path = ("input", "userIds")
    if given is None:
        return None
    if not 0 < len(given) <= MOST_PEOPLE:
        raise Refused(UserErrorCode.INVALID, f"name 1 to {MOST_PEOPLE} people, or give no list for all", path)
    found = [number_of(text, "User", work.viewer.university_id) for text in given]
    if None in found:
        raise Refused(UserErrorCode.NOT_FOUND, "one of these people is not enrolled here", path)
    return sorted({number for number in found if number is not None})


async def _require_enrolled(work: Work, offering_id: int, people: list[int] | None) -> None:
    if people is None:
        return
    found = await work.rows(_ENROLLED, _Row, offering_id=offering_id, user_ids=people)
    if len(found) < len(people):
        raise Refused(UserErrorCode.NOT_FOUND, "one of these people is not enrolled here", ("input", "userIds"))
