"""Whether a course is fit to be published: what would be shown of it, and what is wrong with that.

What is shown are the active items of modules that are published with all above them. Three statements, whatever the
size of a course, and for several courses at once: the items with their payloads, the pools and the assets that these
name.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple

import msgspec
import orjson
from sqlalchemy import Text, and_, any_, cast, func, or_, select

from lms_graphql.assessment.models import Question, QuestionPool
from lms_graphql.catalog.reach import only_reached, reaches_course
from lms_graphql.content import payloads
from lms_graphql.content.checking import checked_payload
from lms_graphql.content.models import Asset, ContentItem
from lms_graphql.content.policy import visible_assets
from lms_graphql.engine.context import Viewer
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


def shown_items(viewer: Viewer) -> Any:
    """By course its published modules, each with its active items: a row without an item for one that has none."""
    reached = only_reached(viewer, Module.university_id == UNIVERSITY, reaches_course(Module.course_id))
    item = and_(
        ContentItem.university_id == UNIVERSITY, ContentItem.module_id == Module.id, ContentItem.is_active.is_(True)
    )
    return (
        select(
            Module.course_id,
            Module.id.label("module_id"),
            ContentItem.id.label("item_id"),
            cast(ContentItem.content_type, Text).label("content_type"),
            ContentItem.title,
            cast(ContentItem.data_json, Text).label("data"),
        )
        .outerjoin(ContentItem, item)
        .where(Module.course_id == any_(KEYS), Module.effective_published.is_(True), reached)
        .order_by(Module.course_id, Module.depth, Module.sequence_index, Module.id, ContentItem.sequence_index)
    )


def pool_sizes(viewer: Viewer) -> Any:
    """Pools that courses in reach can draw from, by id: whose they are, and how many active questions they have."""
    course_id: Any = QuestionPool.course_id
    mine = or_(course_id.is_(None), reaches_course(course_id))
    active = and_(
        Question.university_id == UNIVERSITY, Question.pool_id == QuestionPool.id, Question.is_active.is_(True)
    )
    return (
        select(QuestionPool.id, QuestionPool.course_id, func.count(Question.id).label("questions"))
        .outerjoin(Question, active)
        .where(QuestionPool.id == any_(KEYS), only_reached(viewer, QuestionPool.university_id == UNIVERSITY, mine))
        .group_by(QuestionPool.university_id, QuestionPool.id)
    )


def asset_numbers(viewer: Viewer) -> Any:
    """The assets of these ids that are there."""
    return select(Asset.id).where(Asset.id == any_(KEYS), visible_assets(viewer))


class Looked(NamedTuple):
    """A row of `shown_items` with an item, its payload (None: unreadable), and what is wrong with it by itself."""

    row: Any
    payload: payloads.Payload | None
    faults: Sequence[str]


def looked_at(rows: Sequence[Any]) -> list[Looked]:
    """The items of these rows with their payloads."""
    return [_looked(row) for row in rows if row["item_id"] is not None]


def _looked(row: Any) -> Looked:
    payload = payloads.decode(row["content_type"], row["data"], item_id=row["item_id"])
    if payload is None:
        return Looked(row, None, ["it can't be read"])
    try:
        checked_payload(row["content_type"], orjson.loads(row["data"]))
    except Refused as refused:
        return Looked(row, payload, [failure.message for failure in refused.failures])
    except NotImplementedError:  # the rules for writing payloads come with those who write them
        pass
    return Looked(row, payload, [])


def pools_of(items: Sequence[Looked]) -> list[int]:
    """The pools that these items name."""
    named = {_pool(item.payload) for item in items}
    return sorted(number for number in named if number is not None)


def assets_of(items: Sequence[Looked]) -> list[int]:
    """The assets that these items name."""
    return sorted({number for item in items for number in _assets(item.payload)})


_LARGEST = 2**63 - 1


def _pool(payload: payloads.Payload | None) -> int | None:
    number = payload.question_pool_id if isinstance(payload, payloads.QuizPayload) else None
    return number if number is not None and abs(number) <= _LARGEST else None


def _assets(payload: payloads.Payload | None) -> list[int]:
    if isinstance(payload, payloads.VideoPayload):
        named = [payload.asset_id]
    elif isinstance(payload, payloads.TextPayload):
        named = [block.asset_id for block in payload.blocks if isinstance(block, payloads.ImageBlock)]
    else:
        named = []
    return [number for number in named if number is not None and abs(number) <= _LARGEST]


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
    missing = [number for number in dict.fromkeys(_assets(item.payload)) if assets.get(number) is None]
    for number in missing:
        yield problem(ProblemKind.MISSING_ASSET, f"there is no asset {number}: take it out, or name another one")
    if isinstance(item.payload, payloads.QuizPayload):
        wrong = _of_quiz(course_id, item.payload, pools)
        if wrong is not None:
            yield problem(*wrong)


def _of_quiz(course_id: int, quiz: payloads.QuizPayload, pools: Mapping[int, Any]) -> tuple[ProblemKind, str] | None:
    if quiz.question_pool_id is None:
        return ProblemKind.POOL_NOT_SET, "it draws from no question pool: name one"
    pool = pools.get(quiz.question_pool_id)
    if pool is None or pool["course_id"] not in {None, course_id}:
        return ProblemKind.POOL_MISSING, f"there is no question pool {quiz.question_pool_id} for this course"
    there, asked = pool["questions"], quiz.num_questions_per_attempt
    if there == 0:
        return ProblemKind.POOL_EMPTY, "its question pool has no active question: add one"
    if asked is not None and there < asked:
        return (
            ProblemKind.POOL_TOO_SMALL,
            f"it draws {asked} questions, its pool has {there}: add some, or draw fewer",
        )
    return None
