"""Question pools and questions, as services and importers write them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Integer,
    Numeric,
    String,
    Text,
    bindparam,
    cast,
    column,
    func,
    insert,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB

from lms_graphql.assessment import question_rules as rules
from lms_graphql.assessment.models import Question, QuestionKey, QuestionPool
from lms_graphql.assessment.payloads import in_json, stored
from lms_graphql.engine.inputs import line
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

LONGEST_TITLE = 255
MOST_QUESTIONS = 5_000
"""Of one pool, versions that are no longer active not counted."""

_Row = record("WrittenQuestion")


class QuestionSeed(NamedTuple):
    """A question to be added, as `questions` and `question_keys` store it; checked already (`checked_question`)."""

    type: str
    stem: str
    points: Decimal
    options: Sequence[Any]
    hints: Sequence[str]
    answer: Any
    explanation: str | None = None


class Placed(NamedTuple):
    """A question to be written: its number in the pool, and which version of it this is."""

    number: int
    version: int
    seed: QuestionSeed


def checked_question(seed: QuestionSeed, path: tuple[str, ...] = ()) -> QuestionSeed:
    """The question as it is stored; Refused with one failure for each wrong value, whose path begins with `path`."""
    found, problems = read_question(seed)
    if problems:
        raise Refused.all([failure(problem, path) for problem in problems])
    return found


def read_question(seed: QuestionSeed) -> tuple[QuestionSeed, rules.Problems]:
    """The question as it is stored, and what is wrong with it: it is good only where nothing is."""
    problems = rules.Problems()
    if seed.type not in rules.TYPES:
        problems.say(f"this must be one of {', '.join(rules.TYPES)}", "type")
        return seed, problems
    stem = problems.text(seed.stem, rules.LONGEST_STEM, "stem")
    explanation = None
    if seed.explanation is not None and seed.explanation != "":
        explanation = problems.text(seed.explanation, rules.LONGEST_STEM, "explanation")
    points, hints = rules.checked_points(seed.points, problems), rules.checked_hints(seed.hints, problems)
    options = rules.checked_options(seed.type, seed.options, problems)
    answer = rules.checked_answer(seed.type, options, seed.answer, problems)
    return QuestionSeed(seed.type, stem, points, stored(options), hints, stored(answer), explanation), problems


def failure(problem: rules.Problem, path: tuple[str, ...]) -> UserFailure:
    """A wrong value as its user is told of it: `options[2].text: …`."""
    return UserFailure(UserErrorCode.INVALID, f"{spelled(problem.where)}: {problem.message}", (*path, *problem.where))


def spelled(where: Sequence[str]) -> str:
    """A place in a question as programs write it."""
    return "".join(f"[{part}]" if part.isdecimal() else f".{part}" for part in where).removeprefix(".")


_ADD_POOL = Statement(
    insert(QuestionPool)
    .values(
        university_id=UNIVERSITY,
        course_id=bindparam("course_id", type_=BigInteger),
        title=bindparam("title", type_=String),
    )
    .returning(QuestionPool.id)
)
_QUESTION_COLUMNS = {
    "number": Integer,
    "version": Integer,
    "type": Text,
    "points": Numeric(6, 2),
    "stem": Text,
    "options": Text,
    "hints": Text,
}
_JSON = ("options", "hints")


def _given(columns: dict[str, Any]) -> Any:
    arrays = [bindparam(f"new_{name}", type_=ARRAY(type_), required=True) for name, type_ in columns.items()]
    table = func.unnest(*arrays).table_valued(*(column(name, type_) for name, type_ in columns.items()))
    return table.render_derived(name="given")


_NEW = _given(_QUESTION_COLUMNS)
_ADD_QUESTIONS = Statement(
    insert(Question)
    .from_select(
        ["university_id", "pool_id", *_QUESTION_COLUMNS],
        select(
            UNIVERSITY,
            bindparam("pool_id", type_=BigInteger, required=True),
            *(
                cast(_NEW.c[name], JSONB) if name in {"options", "hints"} else _NEW.c[name]
                for name in _QUESTION_COLUMNS
            ),
        ),
        include_defaults=False,
    )
    .returning(Question.id, Question.number)
)
_KEYS = _given({"question_id": BigInteger, "answer": Text, "explanation": Text})
_ADD_KEYS = Statement(
    insert(QuestionKey)
    .inline()
    .from_select(
        ["university_id", "question_id", "answer", "explanation"],
        select(UNIVERSITY, _KEYS.c.question_id, cast(_KEYS.c.answer, JSONB), _KEYS.c.explanation),
        include_defaults=False,
    )
)


async def add_pool(work: Work, course_id: int | None, title: str, questions: Sequence[QuestionSeed]) -> int:
    """Add a pool with its questions, numbered from 1, in a fixed number of statements; its id.

    The course, if there is one, must be locked. Everything added is in the audit log, without answers.
    """
    if len(questions) > MOST_QUESTIONS:
        message = f"a pool has at most {MOST_QUESTIONS} questions, these are {len(questions)}"
        raise Refused(UserErrorCode.LIMIT_REACHED, message, ("input",))
    title = line(title, ("input", "title"), most=LONGEST_TITLE)
    (pool,) = await work.rows(_ADD_POOL, _Row, course_id=course_id, title=title)
    await work.audit("question_pool.create", "QuestionPool", pool["id"], after={"courseId": course_id, "title": title})
    await add_questions(work, pool["id"], [Placed(number, 1, seed) for number, seed in enumerate(questions, 1)])
    return int(pool["id"])


async def add_questions(
    work: Work,
    pool_id: int,
    questions: Sequence[Placed],
    act: str = "question.create",
    replaced: tuple[Mapping[str, Any] | None, Mapping[str, Any]] = (None, {}),
) -> list[int]:
    """Write questions into a pool, in a fixed number of statements; their ids, in their order.

    Their numbers must be free, or their former versions no longer active. `replaced` goes into the audit log: what was
    there before, and what is to be told besides.
    """
    if not questions:
        return []
    seeds = [one.seed for one in questions]
    added = await work.rows(
        _ADD_QUESTIONS,
        _Row,
        pool_id=pool_id,
        new_number=[one.number for one in questions],
        new_version=[one.version for one in questions],
        new_type=[seed.type for seed in seeds],
        new_points=[seed.points for seed in seeds],
        new_stem=[seed.stem for seed in seeds],
        new_options=[in_json(seed.options) for seed in seeds],
        new_hints=[in_json(seed.hints) for seed in seeds],
    )
    by_number = {row["number"]: int(row["id"]) for row in added}
    ids = [by_number[one.number] for one in questions]
    await work.rows(
        _ADD_KEYS,
        Row,
        new_question_id=ids,
        new_answer=[in_json(seed.answer) for seed in seeds],
        new_explanation=[seed.explanation for seed in seeds],
    )
    before, more = replaced
    changes = [(id_, before, {**audited(pool_id, one), **more}) for id_, one in zip(ids, questions, strict=True)]
    await work.audit_each(act, "Question", changes)
    return ids


def audited(pool_id: int, question: Placed) -> dict[str, Any]:
    """What the audit log keeps of a question: all of it but its key."""
    seed = question.seed
    return {
        "poolId": pool_id,
        "number": question.number,
        "version": question.version,
        "isActive": True,
        "type": seed.type,
        "points": seed.points,
        "stem": seed.stem,
        "options": seed.options,
        "hints": seed.hints,
    }
