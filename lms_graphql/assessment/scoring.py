"""What a score of a submission is, exactly, and what follows when one is given, posted or hidden."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import ARRAY, BigInteger, ColumnElement, any_, bindparam, func, select

from lms_graphql.assessment.models import LabSubmission
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.grades import recording
from lms_graphql.progress import crediting
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

MOST_POINTS = Decimal("9999.99")

_Row = record("Scoring")
_BEST = Statement(
    select(
        LabSubmission.user_id,
        LabSubmission.content_item_id,
        func.max(func.trunc(LabSubmission.score_obtained * 100 / func.nullif(LabSubmission.max_score, 0), 2))
        .filter(LabSubmission.posted_at <= func.now())
        .label("percent"),
    )
    .where(
        LabSubmission.university_id == UNIVERSITY,
        LabSubmission.course_offering_id == bindparam("offering_id", type_=BigInteger),
        LabSubmission.user_id == any_(bindparam("user_ids", type_=ARRAY(BigInteger))),
        LabSubmission.content_item_id == any_(bindparam("item_ids", type_=ARRAY(BigInteger))),
    )
    .group_by(LabSubmission.user_id, LabSubmission.content_item_id)
    .order_by(LabSubmission.user_id, LabSubmission.content_item_id)
)
"""The best score of each person for each item that they may know; cut off, so that nothing is reached by rounding."""


def penalised(raw: Any, penalty_percent: Any) -> ColumnElement[Decimal]:
    """The score that is left after the penalty, in hundredths, a half rounded up; the database checks it by the same.

    NUMERIC throughout.
    """
    return func.round(raw * (100 - penalty_percent) / 100, 2)


def checked_score(given: Decimal, most: Decimal, path: tuple[str, ...]) -> Decimal:
    """A score from 0 to `most` in whole hundredths; INVALID for another."""
    if not given.is_finite() or not 0 <= given <= most:
        raise Refused(UserErrorCode.INVALID, f"a score here is from 0 to {most}", path)
    if given != given.quantize(Decimal("0.01")):
        raise Refused(UserErrorCode.INVALID, "a score has at most two decimal places", path)
    return given


def as_audited(row: Mapping[str, Any]) -> dict[str, Any]:
    """What the audit log keeps of a submission's grade: all of it but words, which are the person's to have erased."""
    return {
        "status": row["status"],
        "rawScore": row["raw_score"],
        "latePenaltyPercent": row["late_penalty_percent"],
        "score": row["score_obtained"],
        "maxScore": row["max_score"],
        "gradedBy": row["graded_by"],
        "gradedAt": row["graded_at"],
        "postedAt": row["posted_at"],
    }


async def follow(work: Work, offering_id: int, course_id: int, submissions: Sequence[Row]) -> None:
    """Credit the people of these submissions of one offering with their posted scores, and work out their grades."""
    people = sorted({row["user_id"] for row in submissions})
    items = sorted({row["content_item_id"] for row in submissions})
    best = await work.rows(_BEST, _Row, offering_id=offering_id, user_ids=people, item_ids=items)
    done = [
        crediting.Credit(row["user_id"], row["content_item_id"], submitted=True, score_percent=row["percent"])
        for row in best
    ]
    await crediting.credit(work, offering_id, course_id, done)
    await recording.scores_changed(work, offering_id, people)
