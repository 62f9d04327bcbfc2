"""How a course, or one offering of it, is graded: the whole policy is replaced."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Integer,
    Numeric,
    String,
    Text,
    any_,
    bindparam,
    cast,
    column,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from lms_graphql.catalog.models import Course
from lms_graphql.catalog.policy import may_edit_course, may_run_offering, visible_courses
from lms_graphql.content.models import ContentItemSetting
from lms_graphql.engine.context import Standing, Viewer
from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure
from lms_graphql.engine.work import Work, require_version
from lms_graphql.grades import scheme
from lms_graphql.grades.models import GradeCategory, GradeItem, GradingPolicy
from lms_graphql.grades.numbers import exact
from lms_graphql.grades.offerings import not_found, number, require_offering, require_open
from lms_graphql.grades.regrading import regrade
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

SCOPE_TAKEN = {
    "uq_grading_policies_scope": UserFailure(
        UserErrorCode.CONFLICT, "somebody else has just made this policy: read it again, then decide", ("input",)
    )
}
"""What the database refuses."""
MOST_CATEGORIES, MOST_LETTERS, _MOST_COUNT = 50, 50, 1000
_NOTHING, _WHOLE, _MOST_SCORE = Decimal(0), Decimal(100), Decimal("9999.99")

_CourseRow = record("Course")
_PolicyRow = record("GradingPolicy")
_CategoryRow = record("GradeCategory")
_COURSE: Any = bindparam("course_id", type_=BigInteger)
_OFFERING: Any = bindparam("offering_id", type_=BigInteger)
_POLICY = bindparam("policy_id", type_=BigInteger)
_REMOVED: Any = bindparam("removed", type_=ARRAY(BigInteger))
_COURSES = {
    standing: Statement(
        select(Course.id, Course.department_id).where(Course.id == _COURSE, visible_courses(Viewer(standing=standing)))
    )
    for standing in Standing
}
_FOUND = Statement(
    select(GradingPolicy.id, GradingPolicy.version, GradingPolicy.pass_mark, GradingPolicy.letter_scheme)
    .where(
        GradingPolicy.university_id == UNIVERSITY,
        GradingPolicy.course_id == _COURSE,
        GradingPolicy.course_offering_id.is_not_distinct_from(_OFFERING),
    )
    .with_for_update()
)
_VALUES = {
    "pass_mark": bindparam("pass_mark", type_=Numeric),
    "letter_scheme": cast(bindparam("letter_scheme", type_=Text), JSONB),
}
_ADD = Statement(
    insert(GradingPolicy)
    .inline()
    .values(university_id=UNIVERSITY, course_id=_COURSE, course_offering_id=_OFFERING, **_VALUES)
    .returning(GradingPolicy.id, GradingPolicy.version)
)
_REPLACE = Statement(
    update(GradingPolicy)
    .where(GradingPolicy.university_id == UNIVERSITY, GradingPolicy.id == _POLICY)
    .values(version=GradingPolicy.version + 1, **_VALUES)
    .returning(GradingPolicy.id, GradingPolicy.version)
)
_HERE = (GradeCategory.university_id == UNIVERSITY, GradeCategory.policy_id == _POLICY)
_CATEGORIES = Statement(
    select(
        GradeCategory.id,
        GradeCategory.name,
        GradeCategory.weight,
        GradeCategory.drop_lowest,
        GradeCategory.drop_highest,
        GradeCategory.min_count,
        GradeCategory.extra_credit,
    )
    .where(*_HERE)
    .order_by(GradeCategory.position)
)
_LEAVE = [
    Statement(
        update(model)
        .where(model.university_id == UNIVERSITY, model.grade_category_id == any_(_REMOVED))
        .values(grade_category_id=None)
    )
    for model in (ContentItemSetting, GradeItem)
]
_REMOVE = Statement(delete(GradeCategory).where(*_HERE, GradeCategory.id == any_(_REMOVED)))
_MAKE_WAY = Statement(
    update(GradeCategory)
    .where(*_HERE)
    .values(position=GradeCategory.position + 1_000_000, name=literal("\x01", String) + cast(GradeCategory.id, String))
)
"""Names and places are unique at every moment, and two categories may change theirs with one another."""
_GIVEN = (
    func.unnest(
        bindparam("ids", type_=ARRAY(BigInteger)),
        bindparam("names", type_=ARRAY(Text)),
        bindparam("weights", type_=ARRAY(Numeric)),
        bindparam("lowest", type_=ARRAY(Integer)),
        bindparam("highest", type_=ARRAY(Integer)),
        bindparam("counts", type_=ARRAY(Integer)),
        bindparam("extras", type_=ARRAY(Boolean)),
        bindparam("positions", type_=ARRAY(Integer)),
    )
    .table_valued(
        column("id", BigInteger),
        column("name", Text),
        column("weight", Numeric),
        column("drop_lowest", Integer),
        column("drop_highest", Integer),
        column("min_count", Integer),
        column("extra_credit", Boolean),
        column("position", Integer),
    )
    .render_derived(name="given")
)
_SETTLED = ("name", "weight", "drop_lowest", "drop_highest", "min_count", "extra_credit")
_STORED = (*_SETTLED, "position")
_KEEP = Statement(
    update(GradeCategory)
    .where(*_HERE, GradeCategory.id == _GIVEN.c.id)
    .values({name: _GIVEN.c[name] for name in _STORED})
)
_MAKE = Statement(
    insert(GradeCategory)
    .inline()
    .from_select(
        ["university_id", "policy_id", *_STORED],
        select(UNIVERSITY, _POLICY, *(_GIVEN.c[name] for name in _STORED)).where(_GIVEN.c.id.is_(None)),
    )
)


async def update_grading_policy(work: Work, given: Given) -> dict[str, Any]:
    """Replace a policy, or make the first one; gives `policy_id`, and the `job_id` of what works the grades out anew.

    Categories are those of before by their ids, or else by their names; one that is not given any more is removed, and
    what was in it counts nowhere until it is put into another.
    """
    course_id, offering_id = await _scope(work, given)
    places = [("input", "categories", str(place)) for place in range(len(given["categories"]))]
    numbers = [_category_number(work, one, path) for one, path in zip(given["categories"], places, strict=True)]
    new = _new(given)
    before = await work.one(_FOUND, _PolicyRow, course_id=course_id, offering_id=offering_id)
    require_version(0 if before is None else before["version"], given.get("expectedVersion"))
    old = [] if before is None else await work.rows(_CATEGORIES, _CategoryRow, policy_id=before["id"])
    ids = _matched(old, numbers, new["categories"], places)
    letters = orjson.dumps([[str(lowest), letter] for lowest, letter in new["letters"]]).decode()
    values = {"pass_mark": new["pass_mark"], "letter_scheme": letters}
    if before is None:
        (row,) = await work.rows(_ADD, _PolicyRow, course_id=course_id, offering_id=offering_id, **values)
    else:
        (row,) = await work.rows(_REPLACE, _PolicyRow, policy_id=before["id"], **values)
    await _settle(work, row["id"], old, ids, new["categories"])
    told = {"courseId": course_id, "offeringId": offering_id}
    await work.audit(
        "grading_policy.update",
        "GradingPolicy",
        row["id"],
        before=None if before is None else {**told, **_told_of_rows(before, old)},
        after={**told, **_told(row["version"], new["pass_mark"], new["letters"], new["categories"])},
    )
    await work.tell("grading_policy.updated", "GradingPolicy", row["id"], **told)
    job_id = await regrade(work, course_id, offering_id, f"Grading policy, version {row['version']}.")
    return {"policy_id": row["id"], "job_id": job_id}


async def _scope(work: Work, given: Given) -> tuple[int, int | None]:
    """The course, and the offering if it is for one alone; that the viewer may settle how it is graded."""
    course, offering = given.get("courseId"), given.get("offeringId")
    course_id = None if course is None else number(work, course, "Course", "courseId")
    offering_id = None if offering is None else number(work, offering, "CourseOffering", "offeringId")
    if (course_id is None) == (offering_id is None):
        raise Refused(UserErrorCode.INVALID, "name exactly one of courseId and offeringId", ("input",))
    if offering_id is not None:
        row = await require_offering(work, offering_id, may_run_offering, "offeringId")
        await require_open(work, offering_id)
        return row["course_id"], offering_id
    found = await work.one(_COURSES[work.viewer.standing], _CourseRow, course_id=course_id)
    if found is None:
        raise not_found("courseId")
    if not may_edit_course(work.viewer, found):
        raise Refused(UserErrorCode.FORBIDDEN, "your roles in this course do not allow this", ("input", "courseId"))
    return found["id"], None


def _category_number(work: Work, category: Mapping[str, Any], path: tuple[str, ...]) -> int | None:
    text = category.get("id")
    if text is None:
        return None
    found = number_of(text, "GradeCategory", work.context.university_id())
    if found is None:
        raise not_found(*path[1:], "id")
    return found


def _new(given: Given) -> dict[str, Any]:
    """The values of an input, checked."""
    categories, letters = given["categories"], given["letterScheme"]
    for name, rows, most in (("categories", categories, MOST_CATEGORIES), ("letterScheme", letters, MOST_LETTERS)):
        if len(rows) > most:
            raise Refused(UserErrorCode.LIMIT_REACHED, f"at most {most} can be taken", ("input", name))
    made = [_category(one, ("input", "categories", str(place))) for place, one in enumerate(categories)]
    _require_unlike([one["name"] for one in made], "categories", "name")
    return {
        "pass_mark": exact(given["passMark"], ("input", "passMark"), least=_NOTHING, most=_WHOLE),
        "letters": _letters(letters),
        "categories": made,
    }


def _letters(given: Sequence[Mapping[str, Any]]) -> list[tuple[Decimal, str]]:
    pairs = []
    for place, one in enumerate(given):
        path = ("input", "letterScheme", str(place))
        lowest = exact(one["lowestScore"], (*path, "lowestScore"), least=_NOTHING, most=_MOST_SCORE)
        pairs.append((lowest, line(one["letter"], (*path, "letter"), most=8)))
    _require_unlike([letter for _, letter in pairs], "letterScheme", "letter")
    _require_unlike([lowest for lowest, _ in pairs], "letterScheme", "lowestScore")
    return sorted(pairs, reverse=True)


def _category(given: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    def count(name: str) -> int:
        value: int = given.get(name) or 0
        if not 0 <= value <= _MOST_COUNT:
            raise Refused(UserErrorCode.INVALID, f"this must be from 0 to {_MOST_COUNT}", (*path, name))
        return value

    return {
        "name": line(given["name"], (*path, "name"), most=255),
        "weight": exact(given["weight"], (*path, "weight"), least=_NOTHING, most=_WHOLE),
        "drop_lowest": count("dropLowest"),
        "drop_highest": count("dropHighest"),
        "min_count": count("minCount"),
        "extra_credit": bool(given.get("extraCredit")),
    }


def _require_unlike(values: Sequence[Any], *path: str) -> None:
    seen: set[Any] = set()
    for place, value in enumerate(values):
        if value in seen:
            raise Refused(UserErrorCode.INVALID, "this is given twice", ("input", path[0], str(place), path[1]))
        seen.add(value)


def _matched(
    old: Sequence[Row],
    numbers: Sequence[int | None],
    new: Sequence[Mapping[str, Any]],
    places: Sequence[tuple[str, ...]],
) -> list[int | None]:
    """The ids of the given categories: those named, or of those with the same names; None for a new one."""
    known, named = {row["id"] for row in old}, set(numbers)
    by_name = {row["name"]: row["id"] for row in old if row["id"] not in named}
    ids: list[int | None] = []
    for one, chosen, path in zip(new, numbers, places, strict=True):
        if chosen is not None and (chosen not in known or chosen in ids):
            raise not_found(*path[1:], "id")
        ids.append(chosen if chosen is not None else by_name.get(one["name"]))
    return ids


async def _settle(
    work: Work, policy_id: int, old: Sequence[Row], ids: Sequence[int | None], new: Sequence[Mapping[str, Any]]
) -> None:
    removed = sorted({row["id"] for row in old} - set(ids))
    if removed:
        for statement in _LEAVE:
            await work.rows(statement, _CategoryRow, removed=removed)
        await work.rows(_REMOVE, _CategoryRow, policy_id=policy_id, removed=removed)
    given = {
        "policy_id": policy_id,
        "ids": list(ids),
        "names": [one["name"] for one in new],
        "weights": [one["weight"] for one in new],
        "lowest": [one["drop_lowest"] for one in new],
        "highest": [one["drop_highest"] for one in new],
        "counts": [one["min_count"] for one in new],
        "extras": [one["extra_credit"] for one in new],
        "positions": list(range(1, len(new) + 1)),
    }
    await work.rows(_MAKE_WAY, _CategoryRow, policy_id=policy_id)
    await work.rows(_KEEP, _CategoryRow, **given)
    await work.rows(_MAKE, _CategoryRow, **given)


def _told_of_rows(policy: Row, categories: Sequence[Row]) -> dict[str, Any]:
    letters = scheme.letters(policy["letter_scheme"], policy_id=policy["id"])
    pairs = [(one.lowest_score, one.letter) for one in letters]
    rows = [{name: row[name] for name in _SETTLED} for row in categories]
    return _told(policy["version"], policy["pass_mark"], pairs, rows)


def _told(
    version: int, pass_mark: Decimal, letters: Sequence[tuple[Decimal, str]], categories: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    return {
        "version": version,
        "passMark": pass_mark,
        "letterScheme": [[lowest, letter] for lowest, letter in letters],
        "categories": [dict(one) for one in categories],
    }
