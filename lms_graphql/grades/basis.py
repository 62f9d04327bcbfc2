"""What grades are worked out from: the policy of each offering, what is graded there, and what people have got.

Three statements, whatever the number of people. Of a quiz the best graded attempt counts, of a lab or an assignment the
latest submission that is graded, as in the gradebook; what is hidden or inactive does not count. Nothing here asks who
may see it: who calls has decided whose scores are wanted, and for whom only those that are posted.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    Numeric,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    column,
    false,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import distinct_on

from lms_graphql.assessment.models import LabSubmission, QuizAttempt
from lms_graphql.catalog.models import CourseOffering
from lms_graphql.content.models import ContentItem, ContentItemSetting
from lms_graphql.engine.rows import Row, record
from lms_graphql.grades import scheme
from lms_graphql.grades.calculation import Breakdown, Category, Item, ItemKey, Policy, Score, breakdown
from lms_graphql.grades.gradebook import GRADE_ITEM, GRADED_KINDS
from lms_graphql.grades.models import GradeCategory, GradeExemption, GradeItem, GradeItemScore, GradingPolicy
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.syllabus.models import Module

Person = tuple[int, int]
"""An offering, and who takes part in it."""

_BasisRow = record("GradeBasis")
_OFFERINGS: Any = bindparam("basis_offerings", type_=ARRAY(BigInteger))
_WANTED = (
    func.unnest(
        bindparam("wanted_offerings", type_=ARRAY(BigInteger)),
        bindparam("wanted_people", type_=ARRAY(BigInteger)),
        bindparam("wanted_posted", type_=ARRAY(Boolean)),
    )
    .table_valued(column("offering_id", BigInteger), column("person_id", BigInteger), column("only_posted", Boolean))
    .render_derived(name="wanted")
)


class Fetch(Protocol):
    """How a statement is asked: as loaders do, or as services do."""

    async def __call__(self, statement: Statement, row: type[Row], **parameters: Any) -> list[Row]:
        """The rows."""


class Course(NamedTuple):
    """How an offering is graded: its policy, None where there is none, and what is graded in it."""

    policy: Policy | None
    items: list[Item]


class Basis(NamedTuple):
    """The courses by offering, and the scores of each person in each."""

    courses: Mapping[int, Course]
    scores: Mapping[Person, Mapping[ItemKey, Score]]

    def breakdown(self, person: Person, given: Mapping[ItemKey, Score] | None = None) -> Breakdown | None:
        """The grade of a person, as if they had also what is given; None where there is no policy."""
        policy, items = self.courses[person[0]]
        if policy is None:
            return None
        return breakdown(policy, items, {**self.scores.get(person, {}), **(given or {})})


async def basis_of(fetch: Fetch, people: Mapping[Person, bool]) -> Basis:
    """What the grades of these people are worked out from; those with True only from what is posted."""
    offerings = sorted({offering for offering, _ in people})
    courses = await _courses(fetch, offerings)
    wanted = list(people)
    rows = await fetch(
        _SCORES,
        _BasisRow,
        wanted_offerings=[offering for offering, _ in wanted],
        wanted_people=[person for _, person in wanted],
        wanted_posted=[people[one] for one in wanted],
    )
    kinds = {
        offering: {item.number: item.kind for item in _contents(courses[offering].items)} for offering in offerings
    }
    scores: dict[Person, dict[ItemKey, Score]] = defaultdict(dict)
    for row in rows:
        offering = row["offering_id"]
        kind = kinds[offering].get(row["number"]) if row["is_item"] else GRADE_ITEM
        if kind is None:
            continue
        mine, key = scores[offering, row["person_id"]], (kind, row["number"])
        before = mine.get(key, Score(None))
        if row["is_excused"]:
            mine[key] = before._replace(is_excused=True)
        else:
            mine[key] = Score(row["score"], row["max_score"], before.is_excused)
    return Basis(courses, scores)


def _contents(items: Iterable[Item]) -> Iterable[Item]:
    return (item for item in items if item.kind != GRADE_ITEM)


async def _courses(fetch: Fetch, offerings: Sequence[int]) -> dict[int, Course]:
    policies = _policies(await fetch(_POLICIES, _BasisRow, basis_offerings=offerings))
    items: dict[int, list[Item]] = defaultdict(list)
    for row in await fetch(_ITEMS, _BasisRow, basis_offerings=offerings):
        policy = policies.get(row["offering_id"])
        by_name = {} if policy is None else {category.name: category.id for category in policy.categories}
        category = by_name.get(row["category"])
        items[row["offering_id"]].append(Item(row["kind"], row["number"], row["title"], row["points"], category))
    return {offering: Course(policies.get(offering), items[offering]) for offering in offerings}


def _policies(rows: Iterable[Row]) -> dict[int, Policy]:
    categories: dict[int, list[Category]] = defaultdict(list)
    first: dict[int, Row] = {}
    for row in rows:
        offering = row["offering_id"]
        first.setdefault(offering, row)
        if row["category_id"] is not None:
            categories[offering].append(
                Category(
                    row["category_id"],
                    row["name"],
                    row["weight"],
                    row["drop_lowest"],
                    row["drop_highest"],
                    row["min_count"],
                    row["extra_credit"],
                )
            )
    return {
        offering: Policy(
            row["pass_mark"],
            row["version"],
            [
                (letter.lowest_score, letter.letter)
                for letter in scheme.letters(row["letter_scheme"], policy_id=row["policy_id"])
            ],
            categories[offering],
        )
        for offering, row in first.items()
    }


# ---- statements


def _policies_query() -> Select[Any]:
    """The policy of each offering, its own or else its course's, with a row for each category."""
    its = and_(
        GradingPolicy.university_id == UNIVERSITY,
        GradingPolicy.course_id == CourseOffering.course_id,
        or_(GradingPolicy.course_offering_id.is_(None), GradingPolicy.course_offering_id == CourseOffering.id),
    )
    chosen = (
        select(
            CourseOffering.id.label("offering_id"),
            GradingPolicy.id.label("policy_id"),
            GradingPolicy.pass_mark,
            GradingPolicy.version,
            GradingPolicy.letter_scheme,
        )
        .ext(distinct_on(CourseOffering.id))
        .select_from(CourseOffering)
        .join(GradingPolicy, its)
        .where(CourseOffering.university_id == UNIVERSITY, CourseOffering.id == any_(_OFFERINGS))
        .order_by(CourseOffering.id, GradingPolicy.course_offering_id.nulls_last())
        .subquery("chosen")
    )
    of_policy = and_(GradeCategory.university_id == UNIVERSITY, GradeCategory.policy_id == chosen.c.policy_id)
    return (
        select(
            *chosen.c,
            GradeCategory.id.label("category_id"),
            GradeCategory.name,
            GradeCategory.weight,
            GradeCategory.drop_lowest,
            GradeCategory.drop_highest,
            GradeCategory.min_count,
            GradeCategory.extra_credit,
        )
        .select_from(chosen)
        .outerjoin(GradeCategory, of_policy)
        .order_by(chosen.c.offering_id, GradeCategory.position)
    )


def _items_query() -> Select[Any]:
    """What is graded in each offering, in the order in which it is due, with the name of the category it counts in.

    By name, so that an offering that has got a policy of its own counts what was put into those of its course.
    """
    both = union_all(_content_items(), _grade_items()).subquery("both")
    category = and_(GradeCategory.university_id == UNIVERSITY, GradeCategory.id == both.c.grade_category_id)
    return (
        select(*both.c, GradeCategory.name.label("category"))
        .select_from(both)
        .outerjoin(GradeCategory, category)
        .order_by(both.c.offering_id, both.c.due_at.nulls_last(), both.c.kind, both.c.number)
    )


def _content_items() -> Select[Any]:
    kinds = cast(literal(list(GRADED_KINDS), ARRAY(Text)), ARRAY(Text))
    module = and_(
        Module.university_id == UNIVERSITY, Module.id == ContentItem.module_id, Module.effective_published.is_(True)
    )
    asked = and_(
        ContentItemSetting.university_id == UNIVERSITY,
        ContentItemSetting.course_offering_id == CourseOffering.id,
        ContentItemSetting.content_item_id == ContentItem.id,
        ContentItemSetting.section_id.is_(None),
        ContentItemSetting.user_id.is_(None),
    )
    items = and_(
        ContentItem.university_id == UNIVERSITY,
        ContentItem.course_id == CourseOffering.course_id,
        ContentItem.is_active.is_(True),
        cast(ContentItem.content_type, Text) == any_(kinds),
    )
    wanted: list[Any] = [
        CourseOffering.id.label("offering_id"),
        cast(ContentItem.content_type, Text).label("kind"),
        ContentItem.id.label("number"),
        ContentItem.title,
        ContentItemSetting.points,
        ContentItemSetting.due_at,
        ContentItemSetting.grade_category_id,
    ]
    return (
        select(*wanted)
        .select_from(CourseOffering)
        .join(ContentItem, items)
        .join(Module, module)
        .outerjoin(ContentItemSetting, asked)
        .where(CourseOffering.university_id == UNIVERSITY, CourseOffering.id == any_(_OFFERINGS))
    )


def _grade_items() -> Select[Any]:
    wanted: list[Any] = [
        GradeItem.course_offering_id.label("offering_id"),
        literal(GRADE_ITEM, Text).label("kind"),
        GradeItem.id.label("number"),
        GradeItem.title,
        GradeItem.points,
        GradeItem.held_at.label("due_at"),
        GradeItem.grade_category_id,
    ]
    return select(*wanted).where(
        GradeItem.university_id == UNIVERSITY, GradeItem.course_offering_id == any_(_OFFERINGS)
    )


def _scores_query() -> Select[Any]:
    both = union_all(_attempts(), _submissions(), _item_scores(), _exemptions()).subquery("both")
    return select(*both.c)


def _of_wanted(model: Any, number: Any, score: Any, highest: Any, *, is_item: Any, is_excused: Any) -> Select[Any]:
    its = and_(
        model.university_id == UNIVERSITY,
        model.course_offering_id == _WANTED.c.offering_id,
        model.user_id == _WANTED.c.person_id,
    )
    return (
        select(
            _WANTED.c.offering_id,
            _WANTED.c.person_id,
            is_item.label("is_item"),
            number.label("number"),
            cast(score, Numeric).label("score"),
            cast(highest, Numeric).label("max_score"),
            is_excused.label("is_excused"),
        )
        .select_from(_WANTED)
        .join(model, its)
    )


def _attempts() -> Select[Any]:
    score, highest = QuizAttempt.score_obtained, QuizAttempt.max_score
    rows = _of_wanted(
        QuizAttempt, QuizAttempt.content_item_id, score, highest, is_item=true(), is_excused=false()
    ).where(QuizAttempt.status == "graded", score.is_not(None))
    share = score / func.nullif(highest, 0)
    return _first_of_each(rows, QuizAttempt, share.desc().nulls_last(), score.desc(), QuizAttempt.attempt_number.desc())


def _submissions() -> Select[Any]:
    score = LabSubmission.score_obtained
    rows = _of_wanted(
        LabSubmission, LabSubmission.content_item_id, score, LabSubmission.max_score, is_item=true(), is_excused=false()
    ).where(LabSubmission.graded_at.is_not(None), score.is_not(None), _is_shown(LabSubmission))
    return _first_of_each(rows, LabSubmission, LabSubmission.attempt_number.desc())


def _item_scores() -> Select[Any]:
    return _of_wanted(
        GradeItemScore,
        GradeItemScore.grade_item_id,
        GradeItemScore.score,
        null(),
        is_item=false(),
        is_excused=false(),
    ).where(_is_shown(GradeItemScore))


def _exemptions() -> Select[Any]:
    return _of_wanted(
        GradeExemption,
        func.coalesce(GradeExemption.content_item_id, GradeExemption.grade_item_id),
        null(),
        null(),
        is_item=GradeExemption.content_item_id.is_not(None),
        is_excused=true(),
    )


def _is_shown(model: Any) -> ColumnElement[bool]:
    return or_(not_(_WANTED.c.only_posted), model.posted_at <= func.now())


def _first_of_each(rows: Select[Any], model: Any, *order: Any) -> Select[Any]:
    """Of each person and item, the row that comes first."""
    each = (_WANTED.c.offering_id, _WANTED.c.person_id, model.content_item_id)
    return rows.ext(distinct_on(*each)).order_by(*each, *order)


_POLICIES = Statement(_policies_query())
_ITEMS = Statement(_items_query())
_SCORES = Statement(_scores_query())
