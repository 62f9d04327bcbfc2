"""Open attempts get the deadlines that follow from what their offering asks by now: three statements for any number."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, BigInteger, DateTime, and_, bindparam, column, func, or_, select, update

from lms_graphql.assessment.conditions import Conditions, read_quiz
from lms_graphql.assessment.models import QuizAttempt
from lms_graphql.assessment.scopes import COLUMNS, Scope
from lms_graphql.content.models import ContentItemSetting
from lms_graphql.content.settings import ItemSetting, applying
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.work import Work
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

_AttemptRow = record("QuizAttempt")
_SettingRow = record("ItemSetting")


def _number(name: str) -> Any:
    return bindparam(name, type_=BigInteger, required=True)


_OFFERING, _ITEM, _SECTION, _PERSON = (_number(f"{name}_id") for name in ("offering", "item", "section", "person"))
_in_scope = and_(
    CourseEnrollment.university_id == UNIVERSITY,
    CourseEnrollment.course_offering_id == _OFFERING,
    or_(_SECTION.is_(None), CourseEnrollment.section_id == _SECTION),
    or_(_PERSON.is_(None), CourseEnrollment.user_id == _PERSON),
)
_LOCK = Statement(
    select(CourseEnrollment.id).where(_in_scope).order_by(CourseEnrollment.id).with_for_update(key_share=True)
)
_OPEN = Statement(
    select(
        QuizAttempt.id,
        QuizAttempt.user_id,
        QuizAttempt.started_at,
        QuizAttempt.deadline_at,
        CourseEnrollment.section_id,
    )
    .join(
        CourseEnrollment,
        and_(
            CourseEnrollment.university_id == UNIVERSITY,
            CourseEnrollment.course_offering_id == QuizAttempt.course_offering_id,
            CourseEnrollment.user_id == QuizAttempt.user_id,
        ),
    )
    .where(
        QuizAttempt.university_id == UNIVERSITY,
        QuizAttempt.course_offering_id == _OFFERING,
        QuizAttempt.content_item_id == _ITEM,
        QuizAttempt.submitted_at.is_(None),
        _in_scope,
    )
    .order_by(QuizAttempt.id)
    .with_for_update(key_share=True, of=QuizAttempt)
)
_SETTINGS = Statement(
    select(
        ContentItemSetting.section_id,
        ContentItemSetting.user_id,
        *(getattr(ContentItemSetting, name) for name in COLUMNS),
    )
    .where(
        ContentItemSetting.university_id == UNIVERSITY,
        ContentItemSetting.course_offering_id == _OFFERING,
        ContentItemSetting.content_item_id == _ITEM,
    )
    .order_by(ContentItemSetting.user_id, ContentItemSetting.section_id)  # nulls stand last
)
_MOVED = (
    func.unnest(
        bindparam("attempt_ids", type_=ARRAY(BigInteger)), bindparam("ends", type_=ARRAY(DateTime(timezone=True)))
    )
    .table_valued(column("id", BigInteger), column("ends_at", DateTime(timezone=True)))
    .render_derived(name="moved")
)
_MOVE = Statement(
    update(QuizAttempt)
    .where(QuizAttempt.university_id == UNIVERSITY, QuizAttempt.id == _MOVED.c.id)
    .values(deadline_at=_MOVED.c.ends_at)
)


async def lock_people(work: Work, scope: Scope) -> None:
    """Lock the enrollments of a scope by id: who begins an attempt in it waits, and sees what is set by then."""
    await work.rows(_LOCK, _AttemptRow, **scope._asdict())


async def move_deadlines(work: Work, scope: Scope, item: Row) -> list[dict[str, Any]]:
    """Move those of the open attempts of a scope, behind `lock_people`; gives what the audit log has of them.

    Nothing is moved of what is no quiz, and of one whose payload is malformed.
    """
    quiz = read_quiz(item["payload_json"], item["id"]) if item["content_type"] == "quiz" else None
    attempts = [] if quiz is None else await work.rows(_OPEN, _AttemptRow, **scope._asdict())
    if quiz is None or not attempts:
        return []
    settings = await work.rows(_SETTINGS, _SettingRow, **scope._asdict())
    deadlines = {
        attempt["id"]: Conditions(quiz, _for(attempt, settings)).deadline(attempt["started_at"]) for attempt in attempts
    }
    moved = [attempt for attempt in attempts if attempt["deadline_at"] != deadlines[attempt["id"]]]
    if moved:
        ids = [attempt["id"] for attempt in moved]
        await work.rows(_MOVE, _AttemptRow, attempt_ids=ids, ends=[deadlines[number] for number in ids])
    return [
        {"attemptId": one["id"], "deadlineBefore": one["deadline_at"], "deadlineAt": deadlines[one["id"]]}
        for one in moved
    ]


def _for(attempt: Row, settings: Sequence[Row]) -> ItemSetting:
    """What applies to the person of an attempt, as `content.policy.setting_applies` says it."""
    mine = [
        row
        for row in settings
        if row["user_id"] == attempt["user_id"]
        or (row["user_id"] is None and row["section_id"] in {None, attempt["section_id"]})
    ]
    return applying(mine) if mine else ItemSetting()
