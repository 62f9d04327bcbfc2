"""Scores of grade items, many at once: each row is taken or refused by itself."""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Boolean, Numeric, any_, bindparam, case, column, delete, func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from lms_graphql.catalog.policy import may_grade
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure
from lms_graphql.engine.work import Work
from lms_graphql.grades.journaling import Change, write_down
from lms_graphql.grades.models import GradeItem, GradeItemScore
from lms_graphql.grades.numbers import exact
from lms_graphql.grades.offerings import MOST_PEOPLE, lock_people, not_found, number, require_offering, require_open
from lms_graphql.grades.recording import scores_changed
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY, USER

_ItemRow = record("GradeItem")
_ScoreRow = record("GradeItemScore")
_ITEM = bindparam("item_id", type_=BigInteger)
_PEOPLE: Any = bindparam("people", type_=ARRAY(BigInteger))
_NOTHING, _MOST_SCORE = Decimal(0), Decimal("9999.99")
_FOUND_ITEM = Statement(
    select(GradeItem.id, GradeItem.course_offering_id).where(
        GradeItem.university_id == UNIVERSITY, GradeItem.id == _ITEM
    )
)
_BEFORE = Statement(
    select(GradeItemScore.user_id, GradeItemScore.score, GradeItemScore.posted_at).where(
        GradeItemScore.university_id == UNIVERSITY,
        GradeItemScore.grade_item_id == _ITEM,
        GradeItemScore.user_id == any_(_PEOPLE),
    )
)
_TAKE_BACK = Statement(
    delete(GradeItemScore).where(
        GradeItemScore.university_id == UNIVERSITY,
        GradeItemScore.grade_item_id == _ITEM,
        GradeItemScore.user_id == any_(_PEOPLE),
    )
)
_NEW = (
    func.unnest(_PEOPLE, bindparam("scores", type_=ARRAY(Numeric)))
    .table_valued(column("user_id", BigInteger), column("score", Numeric))
    .render_derived(name="new")
)


def _record() -> Any:
    post = bindparam("post", type_=Boolean)
    rows = upsert(GradeItemScore).from_select(
        ["university_id", "grade_item_id", "course_offering_id", "user_id", "score", "graded_by", "posted_at"],
        select(
            UNIVERSITY,
            _ITEM,
            bindparam("offering_id", type_=BigInteger),
            _NEW.c.user_id,
            _NEW.c.score,
            USER,
            case((post, func.now())),
        ),
    )
    return rows.on_conflict_do_update(
        index_elements=["university_id", "grade_item_id", "user_id"],
        set_={
            "score": rows.excluded.score,
            "graded_by": rows.excluded.graded_by,
            "graded_at": func.now(),
            "posted_at": func.coalesce(GradeItemScore.posted_at, rows.excluded.posted_at),
        },
    ).returning(GradeItemScore.user_id, GradeItemScore.score, GradeItemScore.posted_at)


_RECORD = Statement(_record())


async def record_scores(work: Work, given: Given) -> dict[str, Any]:
    """Record what people got for a grade item; gives `grade_item_id`, and `results` with one for each row.

    A row that can't be taken is told and the others are; a dry run tells the same, and keeps nothing. A fixed number of
    statements, whatever the number of rows.
    """
    item_id = number(work, given["gradeItemId"], "GradeItem", "gradeItemId")
    item = await work.one(_FOUND_ITEM, _ItemRow, item_id=item_id)
    if item is None:
        raise not_found("gradeItemId")
    offering = await require_offering(work, item["course_offering_id"], may_grade, "gradeItemId")
    rows: Sequence[Mapping[str, Any]] = given["scores"]
    if not 1 <= len(rows) <= MOST_PEOPLE:
        message = f"{len(rows)} rows are given; from 1 to {MOST_PEOPLE} can be taken at once"
        raise Refused(UserErrorCode.LIMIT_REACHED, message, ("input", "scores"))
    numbers = [number_of(row["userId"], "User", work.context.university_id()) for row in rows]
    known = await lock_people(work, offering, [person for person in numbers if person is not None])
    await require_open(work, offering["id"])
    times = Counter(numbers)
    failures = [
        _failure(row, person, place, known=person in known, times=times[person])
        for place, (row, person) in enumerate(zip(rows, numbers, strict=True))
    ]
    taken = {
        person: row.get("score")
        for row, person, failure in zip(rows, numbers, failures, strict=True)
        if failure is None and person is not None
    }
    dry_run = bool(given.get("dryRun"))
    async with work.part(keep=not dry_run):
        before, after = await _take(work, item, taken, post=bool(given.get("post")))
    if dry_run:
        work.nothing_changed()
    results = [
        _result(row["userId"], failure, before.get(person or 0), after.get(person or 0))
        for row, person, failure in zip(rows, numbers, failures, strict=True)
    ]
    return {"grade_item_id": item_id, "results": results, "dry_run": dry_run}


def _failure(row: Mapping[str, Any], person: int | None, place: int, *, known: bool, times: int) -> UserFailure | None:
    """Why a row can't be taken."""
    path = ("input", "scores", str(place))
    if person is None or not known:
        return not_found("scores", str(place), "userId").failures[0]
    if times > 1:
        return UserFailure(UserErrorCode.INVALID, "this person is named more than once", (*path, "userId"))
    score = row.get("score")
    try:
        if score is not None:
            exact(score, (*path, "score"), least=_NOTHING, most=_MOST_SCORE)
    except Refused as refused:
        return refused.failures[0]
    return None


async def _take(
    work: Work, item: Row, taken: Mapping[int, Decimal | None], *, post: bool
) -> tuple[dict[int, Row], dict[int, Row]]:
    """Record and take back; gives the rows before and after by person."""
    people = sorted(taken)
    before = {row["user_id"]: row for row in await work.rows(_BEFORE, _ScoreRow, item_id=item["id"], people=people)}
    given = {
        person: score
        for person in people
        if (score := taken[person]) is not None and not _is_so(before.get(person), score, post=post)
    }
    gone = [person for person in people if taken[person] is None and person in before]
    recorded = await work.rows(
        _RECORD,
        _ScoreRow,
        item_id=item["id"],
        offering_id=item["course_offering_id"],
        people=list(given),
        scores=list(given.values()),
        post=post,
    )
    if gone:
        await work.rows(_TAKE_BACK, _ScoreRow, item_id=item["id"], people=gone)
    changed = {row["user_id"]: row for row in recorded}
    after = {person: row for person, row in {**before, **changed}.items() if person not in gone}
    await _write_down(work, item, [*changed, *gone], before, after)
    if not changed and not gone:
        work.nothing_changed()
    await scores_changed(work, item["course_offering_id"], [*changed, *gone])
    return before, after


def _is_so(before: Row | None, score: Decimal, *, post: bool) -> bool:
    return before is not None and before["score"] == score and (before["posted_at"] is not None or not post)


async def _write_down(
    work: Work, item: Row, people: Sequence[int], before: Mapping[int, Row], after: Mapping[int, Row]
) -> None:
    changes = [
        Change(
            item["id"],
            _told(item, before.get(person)),
            _told(item, after.get(person)),
            {"offeringId": item["course_offering_id"], "userId": person},
        )
        for person in people
    ]
    await write_down(work, "score.record", "score.changed", "GradeItemScore", changes)


def _told(item: Row, row: Row | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {"gradeItemId": item["id"], "userId": row["user_id"], "score": row["score"], "postedAt": row["posted_at"]}


def _result(user_id: str, failure: UserFailure | None, before: Row | None, after: Row | None) -> dict[str, Any]:
    """One row's outcome, as what can be kept under an Idempotency-Key: exact numbers as text."""
    shown = failure is None
    return {
        "user_id": user_id,
        "old_score": None if before is None or not shown else str(before["score"]),
        "score": None if after is None or not shown else str(after["score"]),
        "failure": None if failure is None else [failure.code.name, failure.message, list(failure.path)],
    }
