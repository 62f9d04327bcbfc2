"""From when on grades are seen, and from when on they stay."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, BigInteger, DateTime, Text, and_, any_, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from lms_graphql.assessment.models import LabSubmission
from lms_graphql.catalog.policy import may_run_offering
from lms_graphql.certificates import issuing
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.grades.journaling import Change, write_down
from lms_graphql.grades.models import CourseGrade, GradeFreeze, GradeItemScore
from lms_graphql.grades.offerings import MOST_PEOPLE, lock_people, not_found, number, require_offering
from lms_graphql.grades.overriding import reason_of
from lms_graphql.grades.recording import grades_changed
from lms_graphql.grades.regrading import regrade
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY, USER

_GradeRow = record("CourseGrade")
_OFFERING = bindparam("offering_id", type_=BigInteger)
_PEOPLE: Any = bindparam("people", type_=ARRAY(BigInteger))
_OF_PEOPLE = (
    CourseGrade.university_id == UNIVERSITY,
    CourseGrade.course_offering_id == _OFFERING,
    CourseGrade.user_id == any_(_PEOPLE),
)
_GRADES = Statement(
    select(CourseGrade.id, CourseGrade.user_id, CourseGrade.posted_at).where(*_OF_PEOPLE).order_by(CourseGrade.id)
)
_POST = Statement(
    update(CourseGrade)
    .where(*_OF_PEOPLE, CourseGrade.final_score.is_not(None), _NOT_SEEN := or_(
        CourseGrade.posted_at.is_(None), CourseGrade.posted_at > func.now()
    ))
    .values(posted_at=func.now())
    .returning(CourseGrade.id, CourseGrade.user_id, CourseGrade.posted_at)
)  # fmt: skip
_UNPOST = Statement(
    update(CourseGrade)
    .where(*_OF_PEOPLE, CourseGrade.posted_at.is_not(None))
    .values(posted_at=None)
    .returning(CourseGrade.id, CourseGrade.user_id, CourseGrade.posted_at)
)


def _hidden(model: Any, *further: Any) -> Any:
    """The people who have a score of this kind that they do not see."""
    return select(model.user_id).where(
        model.university_id == UNIVERSITY,
        model.course_offering_id == _OFFERING,
        model.user_id == any_(_PEOPLE),
        or_(model.posted_at.is_(None), model.posted_at > func.now()),
        *further,
    )


_HIDDEN = Statement(
    _hidden(GradeItemScore).union(
        _hidden(LabSubmission, LabSubmission.graded_at.is_not(None), LabSubmission.score_obtained.is_not(None))
    )
)


async def _people(work: Work, given: Given) -> tuple[Row, list[int]]:
    """The offering and the people that an input names, locked; everybody where it names none."""
    offering_id = number(work, given["offeringId"], "CourseOffering", "offeringId")
    texts = given.get("userIds")
    if texts is not None and len(texts) > MOST_PEOPLE:
        message = f"{len(texts)} people are named; at most {MOST_PEOPLE} can be, or all by naming none"
        raise Refused(UserErrorCode.LIMIT_REACHED, message, ("input", "userIds"))
    wanted = None if texts is None else [number(work, text, "User", "userIds") for text in texts]
    offering = await require_offering(work, offering_id, may_run_offering, "offeringId")
    found = await lock_people(work, offering, wanted)
    if wanted is not None and set(wanted) - set(found):
        raise not_found("userIds")
    return offering, list(found)


async def post_grades(work: Work, given: Given) -> dict[str, Any]:
    """Let people see their final grades; gives `offering_id`, the `count` of grades posted now, `certificate_count`.

    CLOSED while one of them has a score that is hidden: the final grade would tell it.
    """
    offering, people = await _people(work, given)
    hidden = await work.rows(_HIDDEN, _GradeRow, offering_id=offering["id"], people=people)
    if hidden:
        message = f"{len(hidden)} of these people have scores that are not posted yet: post those first"
        raise Refused(UserErrorCode.CLOSED, message, ("input",))
    await grades_changed(work, offering["id"], people)
    before = await _posted(work, offering, people)
    changed = await work.rows(_POST, _GradeRow, offering_id=offering["id"], people=people)
    await _write_down(work, "grade.post", "grade.posted", offering, before, changed)
    certificates = await issuing.issue_to_passed(work, offering["id"], [row["user_id"] for row in changed])
    return {
        "offering_id": offering["id"],
        "count": len(changed),
        "certificate_count": len(certificates),
    }


async def unpost_grades(work: Work, given: Given) -> dict[str, Any]:
    """Hide final grades again; gives `offering_id` and `count`."""
    offering, people = await _people(work, given)
    reason = reason_of(given)
    before = await _posted(work, offering, people)
    changed = await work.rows(_UNPOST, _GradeRow, offering_id=offering["id"], people=people)
    await _write_down(work, "grade.unpost", "grade.unposted", offering, before, changed, reason)
    await grades_changed(work, offering["id"], people)
    return {"offering_id": offering["id"], "count": len(changed)}


async def _posted(work: Work, offering: Row, people: Sequence[int]) -> dict[int, Row]:
    rows = await work.rows(_GRADES, _GradeRow, offering_id=offering["id"], people=people)
    return {row["user_id"]: row for row in rows}


async def _write_down(
    work: Work,
    act: str,
    topic: str,
    offering: Row,
    before: Mapping[int, Row],
    changed: Sequence[Row],
    reason: str | None = None,
) -> None:
    changes = [
        Change(
            row["id"],
            {"userId": row["user_id"], "postedAt": before[row["user_id"]]["posted_at"]},
            {"userId": row["user_id"], "postedAt": row["posted_at"]},
            {"offeringId": offering["id"], "userId": row["user_id"]},
        )
        for row in changed
    ]
    await write_down(work, act, topic, "CourseGrade", changes, reason=reason)
    if not changes:
        work.nothing_changed()


# ---- freezing

_FreezeRow = record("GradeFreeze")
_OF_OFFERING = and_(GradeFreeze.university_id == UNIVERSITY, GradeFreeze.course_offering_id == _OFFERING)
_FOUND = Statement(select(GradeFreeze.frozen_at).where(_OF_OFFERING))
_THAW = Statement(delete(GradeFreeze).where(_OF_OFFERING).returning(GradeFreeze.frozen_at))


def _freeze() -> Any:
    given = {
        "frozen_at": func.coalesce(bindparam("frozen_at", type_=DateTime(timezone=True)), func.clock_timestamp()),
        "frozen_by": USER,
        "reason": bindparam("reason", type_=Text),
    }
    rows = upsert(GradeFreeze).values(university_id=UNIVERSITY, course_offering_id=_OFFERING, **given)
    return rows.on_conflict_do_update(
        index_elements=["university_id", "course_offering_id"], set_={name: rows.excluded[name] for name in given}
    ).returning(GradeFreeze.frozen_at)


_FREEZE = Statement(_freeze())


async def freeze_grades(work: Work, given: Given) -> dict[str, Any]:
    """Let no final grade of an offering change from now, or from a time, on; gives `offering_id` and `frozen_at`.

    Who is changing one is waited for: their locks come first, or they find it frozen.
    """
    offering_id = number(work, given["offeringId"], "CourseOffering", "offeringId")
    offering = await require_offering(work, offering_id, may_run_offering, "offeringId")
    reason = reason_of(given)
    await lock_people(work, offering, None)
    before = await work.one(_FOUND, _FreezeRow, offering_id=offering_id)
    (row,) = await work.rows(_FREEZE, _FreezeRow, offering_id=offering_id, frozen_at=given.get("at"), reason=reason)
    told = None if before is None else {"frozenAt": before["frozen_at"]}
    await work.audit(
        "grade.freeze", "CourseOffering", offering_id, before=told, after={"frozenAt": row["frozen_at"]}, reason=reason
    )
    await work.tell("grades.frozen", "CourseOffering", offering_id)
    return {"offering_id": offering_id, "frozen_at": row["frozen_at"].isoformat()}


async def unfreeze_grades(work: Work, given: Given) -> dict[str, Any]:
    """Let grades change again; gives `offering_id`, and the `job_id` of what works them out as they are by now."""
    offering_id = number(work, given["offeringId"], "CourseOffering", "offeringId")
    offering = await require_offering(work, offering_id, may_run_offering, "offeringId")
    reason = reason_of(given)
    row = await work.one(_THAW, _FreezeRow, offering_id=offering_id)
    if row is None:
        work.nothing_changed()
        return {"offering_id": offering_id}
    before = {"frozenAt": row["frozen_at"]}
    await work.audit("grade.unfreeze", "CourseOffering", offering_id, before=before, after=None, reason=reason)
    await work.tell("grades.unfrozen", "CourseOffering", offering_id)
    return {"offering_id": offering_id, "job_id": await regrade(work, offering["course_id"], offering_id, reason)}
