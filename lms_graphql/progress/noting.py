"""What services note of people and content items: read under a lock, changed in memory, kept in one statement.

For any number of people and items of one offering: the lock, what is known, what is new, and the roll-up, which is left
out where nothing was begun or completed.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    DateTime,
    Integer,
    Numeric,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    case,
    cast,
    column,
    func,
    literal_column,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from lms_graphql.assessment.models import LabSubmission, QuizAttempt
from lms_graphql.catalog.policy import published_course
from lms_graphql.content.models import ContentItem, ContentItemSetting
from lms_graphql.content.policy import setting_applies
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.work import Work
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.progress import policy
from lms_graphql.progress.facts import NOTHING, Known, Target
from lms_graphql.progress.models import UserContentProgress
from lms_graphql.progress.rollup import COURSE, OFFERING, PEOPLE, ROLL_UP
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.syllabus.models import Module

Pair = tuple[int, int]
"""A person and an item, by their numbers."""

_Row = record("ContentProgress")


class Place(NamedTuple):
    """Where something is noted: an offering and its course, by their numbers."""

    offering_id: int
    course_id: int


class Change(NamedTuple):
    """What is known of a person and an item, before and after."""

    before: Known
    after: Known


_LOCK = Statement(
    select(
        CourseEnrollment.id,
        CourseEnrollment.user_id,
        CourseEnrollment.enrolled_at,
        cast(CourseEnrollment.status, Text).label("status"),
        func.now().label("now"),
    )
    .where(
        CourseEnrollment.university_id == UNIVERSITY,
        CourseEnrollment.course_offering_id == OFFERING,
        CourseEnrollment.user_id == any_(PEOPLE),
    )
    .order_by(CourseEnrollment.id)
    .with_for_update(key_share=True)
)


def _array(name: str, type_: Any) -> Any:
    return bindparam(name, type_=ARRAY(type_), required=True)


_ITEMS = _array("items", BigInteger)


def _rule(enrollment: Any) -> Any:
    """The narrowest setting with a rule, for the person of an enrollment: theirs, then their section's, then all's."""
    setting = aliased(ContentItemSetting)
    return (
        select(setting.completion_rule, setting.min_score)
        .where(
            setting.university_id == UNIVERSITY,
            setting.course_offering_id == OFFERING,
            setting.content_item_id == ContentItem.id,
            setting.completion_rule.is_not(None),
            setting_applies(setting, enrollment.user_id, enrollment.section_id),
        )
        .order_by(setting.user_id, setting.section_id)  # nulls stand last
        .limit(1)
        .lateral("rule")
    )


def _points(enrollment: Any) -> Any:
    setting = aliased(ContentItemSetting)
    return (
        select(setting.points)
        .where(
            setting.university_id == UNIVERSITY,
            setting.course_offering_id == OFFERING,
            setting.content_item_id == ContentItem.id,
            setting.points.is_not(None),
            setting_applies(setting, enrollment.user_id, enrollment.section_id),
        )
        .order_by(setting.user_id, setting.section_id)
        .limit(1)
        .scalar_subquery()
    )


def _known(enrollment: Any) -> Any:
    """What is known of the person of an enrollment and an item; looked up by the whole key, pair by pair.

    The limit keeps PostgreSQL from making a join of it: in the first minutes of an offering, which it has no statistics
    of, it would read everybody's progress there for each pair (measured: 15 ms for 50 pairs, not 1).
    """
    known = UserContentProgress
    return (
        select(
            known.progress_percent,
            known.first_started_at,
            known.last_interacted_at,
            known.completed_at,
            known.attempts_count,
        )
        .where(
            known.university_id == UNIVERSITY,
            known.course_offering_id == OFFERING,
            known.user_id == enrollment.user_id,
            known.content_item_id == ContentItem.id,
        )
        .limit(1)
        .lateral("known")
    )


def _tries(model: Any, enrollment: Any) -> Any:
    return (
        select(func.count())
        .where(
            model.university_id == UNIVERSITY,
            model.course_offering_id == OFFERING,
            model.user_id == enrollment.user_id,
            model.content_item_id == ContentItem.id,
        )
        .scalar_subquery()
    )


def _targets(*, counting: bool) -> Select[Any]:
    """What is asked and known of pairs; with `counting`, how often each was tried, too."""
    pairs: Any = func.unnest(PEOPLE, _ITEMS).table_valued(column("user_id", BigInteger), column("item_id", BigInteger))
    pairs = pairs.render_derived(name="pairs")
    enrolled = CourseEnrollment
    known, rule, points = _known(enrolled), _rule(enrolled), _points(enrolled)
    shown = and_(policy.COUNTED, published_course(ContentItem.course_id))
    tries = (
        _tries(QuizAttempt, enrolled) + _tries(LabSubmission, enrolled) if counting else literal_column("0", Integer)
    )
    return (
        select(
            enrolled.user_id,
            ContentItem.id.label("item_id"),
            cast(ContentItem.content_type, Text).label("kind"),
            shown.label("is_shown"),
            rule.c.completion_rule,
            rule.c.min_score,
            case((rule.c.completion_rule == "min_score", points)).label("points"),
            known.c.progress_percent,
            known.c.first_started_at,
            known.c.last_interacted_at,
            known.c.completed_at,
            known.c.attempts_count,
            tries.label("tries"),
        )
        .select_from(pairs)
        .join(
            enrolled,
            and_(
                enrolled.university_id == UNIVERSITY,
                enrolled.course_offering_id == OFFERING,
                enrolled.user_id == pairs.c.user_id,
            ),
        )
        .join(
            ContentItem,
            and_(
                ContentItem.university_id == UNIVERSITY,
                ContentItem.course_id == COURSE,
                ContentItem.id == pairs.c.item_id,
            ),
        )
        .join(Module, and_(Module.university_id == UNIVERSITY, Module.id == ContentItem.module_id))
        .outerjoin(rule, true())
        .outerjoin(known, true())
    )


_TARGETS = {counting: Statement(_targets(counting=counting)) for counting in (False, True)}

_VALUES: dict[str, Any] = {
    "user_id": BigInteger(),
    "content_item_id": BigInteger(),
    "progress_percent": Numeric(5, 2),
    "first_started_at": DateTime(timezone=True),
    "last_interacted_at": DateTime(timezone=True),
    "completed_at": DateTime(timezone=True),
    "attempts_count": Integer(),
}


def _keep() -> Any:
    arrays = [_array(f"new_{name}", type_) for name, type_ in _VALUES.items()]
    given: Any = func.unnest(*arrays).table_valued(*(column(name, type_) for name, type_ in _VALUES.items()))
    given = given.render_derived(name="given")
    adding = insert(UserContentProgress).from_select(
        ["university_id", "course_offering_id", "course_id", *_VALUES],
        select(UNIVERSITY, OFFERING, COURSE, *given.c),
    )
    new, old = adding.excluded, UserContentProgress
    return adding.on_conflict_do_update(
        index_elements=["university_id", "course_offering_id", "user_id", "content_item_id"],
        # These pass over nulls, and never take anything back.
        set_={
            "progress_percent": func.greatest(old.progress_percent, new.progress_percent),
            "first_started_at": func.least(old.first_started_at, new.first_started_at),
            "last_interacted_at": func.greatest(old.last_interacted_at, new.last_interacted_at),
            "completed_at": func.least(old.completed_at, new.completed_at),
            "attempts_count": func.greatest(old.attempts_count, new.attempts_count),
        },
    )


_KEEP = Statement(_keep())
_ROLL_UP = Statement(ROLL_UP)


_REOPEN = Statement(
    update(UserContentProgress)
    .where(
        UserContentProgress.university_id == UNIVERSITY,
        UserContentProgress.course_offering_id == OFFERING,
        UserContentProgress.user_id == bindparam("person_id", type_=BigInteger, required=True),
        UserContentProgress.content_item_id == bindparam("item_id", type_=BigInteger, required=True),
    )
    .values(completed_at=None, progress_percent=NOTHING)
)


async def locked(work: Work, offering_id: int, people: Iterable[int]) -> list[Row]:
    """The enrollments of these people in an offering, locked in the order of their ids until the transaction ends.

    So what is noted of one person is noted by one transaction at a time, and those of different people never wait for
    each other. The rows have id, user_id, enrolled_at, status, and the transaction's `now`.
    """
    return await work.rows(_LOCK, _Row, offering_id=offering_id, people=sorted(set(people)))


async def targets(work: Work, place: Place, pairs: Sequence[Pair], *, counting: bool = False) -> dict[Pair, Target]:
    """What is asked and known of each pair, where the person is enrolled and the item is one of the course.

    With `counting` what is known has as many attempts as there are; ask after `locked`.
    """
    rows = await work.rows(
        _TARGETS[counting],
        _Row,
        **place._asdict(),
        people=[person for person, _ in pairs],
        items=[item for _, item in pairs],
    )
    return {(row["user_id"], row["item_id"]): _target(row) for row in rows}


def _target(row: Row) -> Target:
    is_known = row["progress_percent"] is not None
    known = Known(
        row["progress_percent"],
        row["first_started_at"],
        row["last_interacted_at"],
        row["completed_at"],
        row["attempts_count"],
    )
    return Target(
        kind=row["kind"],
        is_shown=row["is_shown"],
        rule=row["completion_rule"],
        min_score=row["min_score"],
        points=row["points"],
        tries=row["tries"],
        known=known if is_known else Known(),
    )


async def keep(work: Work, place: Place, changes: Mapping[Pair, Change]) -> None:
    """Keep what is new, in the order of people and items, and roll it up to all modules above."""
    pairs = sorted(changes)
    new = [changes[pair].after for pair in pairs]
    await work.rows(
        _KEEP,
        _Row,
        **place._asdict(),
        new_user_id=[person for person, _ in pairs],
        new_content_item_id=[item for _, item in pairs],
        new_progress_percent=[known.percent for known in new],
        new_first_started_at=[known.first_started_at for known in new],
        new_last_interacted_at=[known.last_interacted_at for known in new],
        new_completed_at=[known.completed_at for known in new],
        new_attempts_count=[known.attempts for known in new],
    )
    further = sorted({person for (person, _), change in changes.items() if _is_further(change)})
    if further:
        await work.rows(_ROLL_UP, _Row, **place._asdict(), people=further)


async def reopen(work: Work, place: Place, pair: Pair) -> None:
    """Take back that a person has completed an item, behind `locked`, and roll it up: nothing else lowers anything."""
    person, item = pair
    await work.rows(_REOPEN, _Row, **place._asdict(), person_id=person, item_id=item)
    await work.rows(_ROLL_UP, _Row, **place._asdict(), people=[person])


def _is_further(change: Change) -> bool:
    """Whether modules may be further by it: they follow from what was begun and completed, not from percentages."""
    before, after = change
    return (before.first_started_at, before.completed_at) != (after.first_started_at, after.completed_at) or (
        before == Known()
    )


def completed(changes: Mapping[Pair, Change]) -> list[int]:
    """The items that were completed by it, each once, in order."""
    return sorted(
        {
            item
            for (_, item), change in changes.items()
            if change.before.completed_at is None and change.after.completed_at
        }
    )


def written_down(changes: Mapping[Pair, Change], side: int) -> list[dict[str, Any]]:
    """The rows of one side of changes (0 before, 1 after) for the audit log: what is known of each person and item."""
    return [
        {"userId": person, "contentItemId": item, **_spelled(changes[person, item][side])}
        for person, item in sorted(changes)
    ]


def _spelled(known: Known) -> dict[str, Any]:
    return {
        "progressPercent": str(known.percent),
        "firstStartedAt": _moment(known.first_started_at),
        "lastInteractedAt": _moment(known.last_interacted_at),
        "completedAt": _moment(known.completed_at),
        "attemptsCount": known.attempts,
    }


def _moment(given: datetime | None) -> str | None:
    return None if given is None else given.isoformat()
