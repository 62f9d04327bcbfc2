"""Whether a course is fit to be published: what would be shown of it, and what is wrong with that.

What is shown are the active items of modules that are published with all above them. Three statements, whatever the
size of a course, and for several courses at once: the items with their payloads, the pools and the assets that these
name. Who runs them adds the policy of each.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple

import msgspec
import orjson
from sqlalchemy import Text, and_, any_, cast, func, select

from lms_graphql.assessment.models import Question, QuestionPool
from lms_graphql.content import payloads, references
from lms_graphql.content.checking import checked_payload
from lms_graphql.content.models import Asset, ContentItem
from lms_graphql.engine.dataloaders import KEYS
from lms_graphql.engine.usererrors import Refused
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.syllabus.models import Module

MOST_PROBLEMS = 100


class ProblemKind(Enum):
    """What can be wrong; `types.PublishProblemCode` shows it."""

    NO_PUBLISHED_MODULE = "no_published_module"
    NO_ACTIVE_ITEM = "no_active_item"
    BROKEN_PAYLOAD = "broken_payload"
    MISSING_ASSET = "missing_asset"
    POOL_NOT_SET = "pool_not_set"
    POOL_MISSING = "pool_missing"
    POOL_EMPTY = "pool_empty"
    POOL_TOO_SMALL = "pool_too_small"


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong, and the module and the item that it is about, where there is one."""

    code: str
    message: str
    module_id: int | None = None
    content_item_id: int | None = None


# ---- what is looked at


def shown_items() -> Any:
    """By course its published modules, each with its active items: a row without an item for one that has none."""
    item = and_(
        ContentItem.university_id == UNIVERSITY, ContentItem.module_id == Module.id, ContentItem.is_active.is_(True)
    )
    return (
        select(
            Module.course_id,
            Module.university_id,
            Module.id.label("module_id"),
            ContentItem.id.label("item_id"),
            cast(ContentItem.content_type, Text).label("content_type"),
            ContentItem.title,
            cast(ContentItem.data_json, Text).label("data"),
        )
        .outerjoin(ContentItem, item)
        .where(Module.course_id == any_(KEYS), Module.effective_published.is_(True))
        .order_by(Module.course_id, Module.depth, Module.sequence_index, Module.id, ContentItem.sequence_index)
    )


def pool_sizes() -> Any:
    """Pools by id: whose they are, and how many active questions they have."""
    active = and_(
        Question.university_id == UNIVERSITY, Question.pool_id == QuestionPool.id, Question.is_active.is_(True)
    )
    return (
        select(
            QuestionPool.id,
            QuestionPool.university_id,
            QuestionPool.course_id,
            func.count(Question.id).label("questions"),
        )
        .outerjoin(Question, active)
        .where(QuestionPool.id == any_(KEYS))
        .group_by(QuestionPool.university_id, QuestionPool.id)
    )


def asset_numbers() -> Any:
    """The assets of these ids that are there."""
    return select(Asset.id, Asset.university_id).where(Asset.id == any_(KEYS))


class Looked(NamedTuple):
    """A row of `shown_items` with an item: what is wrong with its payload by itself, and what that refers to."""

    row: Any
    faults: Sequence[str]
    assets: Sequence[int] = ()
    pool: int | None = None
    draws: int | None = None
    """How many questions a quiz draws; None: all of its pool."""


def looked_at(rows: Sequence[Any]) -> list[Looked]:
    """The items of these rows."""
    return [_looked(row) for row in rows if row["item_id"] is not None]


def _looked(row: Any) -> Looked:
    payload = payloads.decode(row["content_type"], row["data"], item_id=row["item_id"])
    if payload is None:
        return Looked(row, ["it can't be read"])
    data = orjson.loads(row["data"])
    faults: list[str] = []
    try:
        checked_payload(row["content_type"], data)
    except Refused as refused:
        faults = [failure.message for failure in refused.failures]
    assets = sorted(number for number in references.asset_ids_of(row["content_type"], data) if number <= _LARGEST_ID)
    pool = references.pool_id_of(row["content_type"], data)
    draws = payload.num_questions_per_attempt if isinstance(payload, payloads.QuizPayload) else None
    return Looked(row, faults, assets, pool, draws)


_LARGEST_ID = 2**63 - 1


def pools_of(items: Sequence[Looked]) -> list[int]:
    """The pools that these items name."""
    return sorted({item.pool for item in items if item.pool is not None and item.pool <= _LARGEST_ID})


def assets_of(items: Sequence[Looked]) -> list[int]:
    """The assets that these items name."""
    return sorted({number for item in items for number in item.assets})


# ---- what is wrong


def problems(
    course_id: int, rows: Sequence[Any], items: Sequence[Looked], pools: Mapping[int, Any], assets: Mapping[int, Any]
) -> list[Problem]:
    """What is wrong with a course, at most MOST_PROBLEMS; `rows` and `items` are its own.

    `pools` and `assets` have those that are there, by their ids; what a key has None for is not.
    """
    found = [*_of_tree(rows)]
    for item in items:
        found += _of_item(course_id, item, pools, assets)
        if len(found) >= MOST_PROBLEMS:
            break
    return found[:MOST_PROBLEMS]


def _of_tree(rows: Sequence[Any]) -> Iterator[Problem]:
    if not rows:
        message = "no module is published: publish one, with all modules above it"
        yield Problem(ProblemKind.NO_PUBLISHED_MODULE.value, message)
    elif all(row["item_id"] is None for row in rows):
        message = "the published modules have no active content: add an item, or make one active"
        yield Problem(ProblemKind.NO_ACTIVE_ITEM.value, message)


def _of_item(course_id: int, item: Looked, pools: Mapping[int, Any], assets: Mapping[int, Any]) -> Iterator[Problem]:
    def problem(kind: ProblemKind, message: str) -> Problem:
        place = (item.row["module_id"], item.row["item_id"])
        return Problem(kind.value, f"{item.row['title']}: {message}", *place)

    for fault in item.faults:
        yield problem(ProblemKind.BROKEN_PAYLOAD, f"its payload is broken: {fault}")
    for number in item.assets:
        if assets.get(number) is None:
            yield problem(ProblemKind.MISSING_ASSET, f"there is no asset {number}: take it out, or name another one")
    wrong = _of_quiz(course_id, item, pools) if item.row["content_type"] == "quiz" else None
    if wrong is not None:
        yield problem(*wrong)


def _of_quiz(course_id: int, quiz: Looked, pools: Mapping[int, Any]) -> tuple[ProblemKind, str] | None:
    if quiz.pool is None:
        return ProblemKind.POOL_NOT_SET, "it draws from no question pool: name one"
    pool = pools.get(quiz.pool)
    if pool is None or pool["course_id"] not in {None, course_id}:
        return ProblemKind.POOL_MISSING, f"there is no question pool {quiz.pool} for this course"
    there = pool["questions"]
    if there == 0:
        return ProblemKind.POOL_EMPTY, "its question pool has no active question: add one"
    if quiz.draws is not None and there < quiz.draws:
        message = f"it draws {quiz.draws} questions, its pool has {there}: add some, or draw fewer"
        return ProblemKind.POOL_TOO_SMALL, message
    return None
