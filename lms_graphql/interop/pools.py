"""What is to be done to the question pools of a course: the source, compared with what is stored.

A question is never rewritten: attempts refer to the version that was drawn. One that changed gets a new version, and
the one before is no longer active; one that left the source is no longer active either.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple, get_args

import msgspec

from lms_graphql.assessment.payloads import QuestionType, stored
from lms_graphql.assessment.pooling import QuestionSeed, checked_question
from lms_graphql.engine.usererrors import Refused
from lms_graphql.interop.checked import POOL, QUESTION, Name, Thing, pools_of
from lms_graphql.interop.imported import ImportedCourse, ImportedQuestion


def pool_things(course: ImportedCourse) -> list[Thing]:
    """Every pool of the course."""
    names = ((Name(POOL, pool.external_id), pool) for pool in pools_of(course))
    return [name.thing({"title": name.text("title", pool.title, 255)}) for name, pool in names]


def question_things(course: ImportedCourse) -> list[Thing]:
    """Every question of the course; its parent is its pool, its position the number that it has in the source."""
    return [
        _question(question, pool.external_id, number)
        for pool in pools_of(course)
        for number, question in enumerate(pool.questions, 1)
    ]


def _question(question: ImportedQuestion, pool: str, number: int) -> Thing:
    name = Name(QUESTION, question.external_id)
    name.label("type", question.type, get_args(QuestionType))
    options, answer = stored(question.options), stored(question.answer)
    for what, value in (("list of options", options), ("list of hints", question.hints), ("answer", answer)):
        name.json(what, value)
    try:
        kept = checked_question(
            QuestionSeed(
                question.type,
                name.text("stem", question.stem) or "",
                question.points,
                options,
                question.hints,
                answer,
                name.text("explanation", question.explanation),
            )
        )
    except Refused as refused:
        raise name.refused_by("question", refused) from None
    columns = {
        "type": kept.type,
        "points": kept.points.quantize(Decimal("0.01")),
        "stem": kept.stem,
        "options": name.json("list of options", kept.options),
        "hints": name.json("list of hints", kept.hints),
        "answer": name.json("answer", kept.answer),
        "explanation": kept.explanation,
    }
    thing = name.thing(columns, pool)
    thing.position = number  # not hashed: a question that only comes earlier or later is the same question
    return thing


class StoredKey(NamedTuple):
    """What a row is called in the source, and the hash of what was stored; without a hash when it is retired."""

    external_id: str
    content_hash: bytes | None


class StoredQuestion(NamedTuple):
    """A version of a question as it is."""

    id: int
    pool_id: int
    number: int
    version: int
    is_active: bool
    key: StoredKey | None


class StoredPools(NamedTuple):
    """The pools of a course as they are, by id (None: made by people), and every version of their questions."""

    pools: dict[int, StoredKey | None]
    questions: list[StoredQuestion]


class NewVersion(NamedTuple):
    """A row of `questions` to be inserted."""

    id: int
    pool_id: int
    number: int
    version: int
    thing: Thing


class PoolPlan(msgspec.Struct):
    """The writes: pools, new versions of questions, rows that are no longer active, and what is retired.

    `retired` are the entity, the external id and the row id of things whose keys lose their hash.
    """

    pool_ids: dict[str, int]
    created: list[Thing] = []
    changed: list[Thing] = []
    unchanged: int = 0
    new_questions: list[NewVersion] = []
    changed_questions: list[NewVersion] = []
    unchanged_questions: int = 0
    inactive: list[int] = []
    retired: list[tuple[str, str, int]] = []

    def retired_of(self, entity: str) -> int:
        """How many pools, or questions, have left the source."""
        return sum(kind == entity for kind, _, _ in self.retired)


def missing(things: list[Thing], keys: Iterable[StoredKey | None]) -> list[str]:
    """The external ids of the things that no key names."""
    known = {key.external_id for key in keys if key is not None}
    return [thing.external_id for thing in things if thing.external_id not in known]


def rewritten(questions: list[Thing], here: StoredPools) -> list[str]:
    """The external ids of the questions that need a new row: those that are new and those that changed."""
    hashes = {row.key.external_id: row.key.content_hash for row in here.questions if row.key is not None}
    return [thing.external_id for thing in questions if hashes.get(thing.external_id) != thing.content_hash]


def make_pool_plan(
    pools: list[Thing],
    questions: list[Thing],
    here: StoredPools,
    new_pool_ids: Mapping[str, int],
    new_question_ids: Mapping[str, int],
) -> PoolPlan:
    """Compare the source with what is there; the new ids are for what `missing` and `rewritten` named."""
    known = {key.external_id: (pool_id, key) for pool_id, key in here.pools.items() if key is not None}
    plan = PoolPlan({thing.external_id: new_pool_ids.get(thing.external_id, 0) for thing in pools})
    for thing in pools:
        if thing.external_id not in known:
            plan.created.append(thing)
            continue
        plan.pool_ids[thing.external_id], key = known[thing.external_id]
        if key.content_hash == thing.content_hash:
            plan.unchanged += 1
        else:
            plan.changed.append(thing)
    plan.retired = [
        (POOL, name, pool_id)
        for name, (pool_id, key) in known.items()
        if name not in plan.pool_ids and key.content_hash is not None
    ]
    _Questions(plan, here).compare(questions, new_question_ids)
    return plan


class _Questions:
    """The part of the plan that is about questions."""

    def __init__(self, plan: PoolPlan, here: StoredPools) -> None:
        self._plan = plan
        self._here = here
        self._versions: defaultdict[int, dict[int, int]] = defaultdict(dict)
        self._active: dict[tuple[int, int], int] = {}
        for row in here.questions:
            numbers = self._versions[row.pool_id]
            numbers[row.number] = max(row.version, numbers.get(row.number, 0))
            if row.is_active:
                self._active[row.pool_id, row.number] = row.id

    def compare(self, questions: list[Thing], new_ids: Mapping[str, int]) -> None:
        """Plan every question of the source, and those that have left it."""
        known = {row.key.external_id: row for row in self._here.questions if row.key is not None}
        for thing in questions:
            row, pool_id = known.get(thing.external_id), self._plan.pool_ids[thing.parent or ""]
            if thing.external_id not in new_ids:
                self._plan.unchanged_questions += 1
            elif row is None:
                self._create(thing, pool_id, new_ids[thing.external_id])
            else:
                self._end(row)
                self._renew(thing, row, pool_id, new_ids[thing.external_id])
        names = {thing.external_id for thing in questions}
        for name, row in known.items():
            if name not in names and row.key is not None and row.key.content_hash is not None:
                self._plan.retired.append((QUESTION, name, row.id))
                self._end(row)

    def _create(self, thing: Thing, pool_id: int, new_id: int) -> None:
        """Under the number that it has in the source; where people have one of that number, behind theirs."""
        numbers = self._versions[pool_id]
        number = thing.position if thing.position not in numbers else max(numbers) + 1
        numbers[number] = 1
        self._plan.new_questions.append(NewVersion(new_id, pool_id, number, 1, thing))

    def _renew(self, thing: Thing, row: StoredQuestion, pool_id: int, new_id: int) -> None:
        if row.pool_id != pool_id:
            self._create(thing, pool_id, new_id)
            return
        version = self._versions[pool_id][row.number] + 1
        self._versions[pool_id][row.number] = version
        self._plan.changed_questions.append(NewVersion(new_id, pool_id, row.number, version, thing))

    def _end(self, row: StoredQuestion) -> None:
        """No version of this question is active any more, also none that people made."""
        active = self._active.pop((row.pool_id, row.number), None)
        if active is not None:
            self._plan.inactive.append(active)
