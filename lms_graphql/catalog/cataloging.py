"""A course's entry in the catalog: added, changed, taken out of the lists, and put back."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import BigInteger, Numeric, Text, bindparam, case, cast, func, insert, null, select, update
from sqlalchemy.types import Boolean

from lms_graphql.catalog.editing import CourseRow, course_to_edit
from lms_graphql.catalog.entries import CATALOG_COLUMNS, COURSE_FIELDS, not_there, path_of, told_as, values_of
from lms_graphql.catalog.models import Course, course_level_enum
from lms_graphql.catalog.policy import may_administer_course, may_edit_course
from lms_graphql.catalog.reach import administers
from lms_graphql.engine.context import Viewer
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.rows import Row
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure
from lms_graphql.engine.work import Work, require_version
from lms_graphql.storage.statements import Statement, columns
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.tenancy.models import Department

DEPARTMENT = ("input", "departmentId")
CODE_IS_TAKEN = {
    "ux_courses_university_code": UserFailure(
        UserErrorCode.TAKEN, "another course of the university has this code: choose another one", ("input", "code")
    )
}
_DEFAULTS: Mapping[str, Any] = {
    "description": None,
    "difficulty": None,
    "language_code": "en",
    "department_id": None,
    "level": "undergraduate",
    "credit_hours": None,
}
_TYPES: Mapping[str, Any] = {"department_id": BigInteger(), "credit_hours": Numeric(4, 2)}


def _bound(name: str) -> Any:
    value = bindparam(f"new_{name}", type_=_TYPES.get(name, Text()), required=True)
    return cast(value, course_level_enum) if name == "level" else value


_VALUES = {field.column: _bound(field.column) for field in COURSE_FIELDS.values()}
_HERE = (Course.university_id == UNIVERSITY, Course.id == bindparam("course_id", type_=BigInteger, required=True))
_ADD = Statement(insert(Course).values(university_id=UNIVERSITY, **_VALUES).returning(*columns(Course)))
_CHANGE = Statement(update(Course).where(*_HERE).values(**_VALUES))
_ARCHIVE = Statement(
    update(Course)
    .where(*_HERE)
    .values(archived_at=case((bindparam("archives", type_=Boolean, required=True), func.now()), else_=null()))
    .returning(Course.archived_at)
)
_DEPARTMENT = Statement(
    select(Department.id).where(
        Department.university_id == UNIVERSITY,
        Department.id == bindparam("department_id", type_=BigInteger, required=True),
    )
)


async def create_course(work: Work, given: Given) -> dict[str, Any]:
    """Add a course that is not published, and has no modules; gives `course_id`.

    An administrator of a department adds it to a department of theirs. TAKEN where its code is another course's.
    """
    values = {**_DEFAULTS, **values_of(work, given, COURSE_FIELDS)}
    await _require_department(work, values["department_id"])
    (row,) = await work.rows(_ADD, CourseRow, **_as_new(values))
    await work.audit("course.create", "Course", row["id"], after=told_as(dict(row.items())))
    await work.tell("course.changed", "Course", row["id"])
    return {"course_id": row["id"]}


async def update_course(work: Work, given: Given) -> dict[str, Any]:
    """Change what is given of a course's entry; gives `course_id`.

    Its instructors change what it says (title, description, difficulty, language), who administers it also the rest:
    FORBIDDEN for others, also where the department that it is to belong to is not theirs.
    """
    course = await course_to_edit(work, given["courseId"])
    require_version(course["version"], given.get("expectedVersion"))
    values = values_of(work, given, COURSE_FIELDS)
    new = {name: value for name, value in values.items() if value != course[name]}
    if not new:
        work.nothing_changed()
        return {"course_id": course["id"]}
    for name in CATALOG_COLUMNS & set(new):
        if not may_administer_course(work.viewer, course):
            message = "only who administers the course in the catalog may change this"
            raise Refused(UserErrorCode.FORBIDDEN, message, path_of(COURSE_FIELDS, name))
    if "department_id" in new:
        await _require_department(work, new["department_id"])
    whole = {name: new.get(name, course[name]) for name in _VALUES}
    await work.rows(_CHANGE, CourseRow, course_id=course["id"], **_as_new(whole))
    await work.audit("course.update", "Course", course["id"], before=told_as(course, new), after=told_as(new))
    await work.tell("course.changed", "Course", course["id"])
    return {"course_id": course["id"]}


async def archive_course(work: Work, given: Given) -> dict[str, Any]:
    """Take a course out of the lists of the catalog, with everything in it left as it is; gives `course_id`."""
    return await _archived(work, given, archives=True)


async def restore_course(work: Work, given: Given) -> dict[str, Any]:
    """Put an archived course back into the lists of the catalog; gives `course_id`."""
    return await _archived(work, given, archives=False)


async def _archived(work: Work, given: Given, *, archives: bool) -> dict[str, Any]:
    course = await versioned(work, given, may_administer_course)
    if archives is (course["archived_at"] is not None):
        work.nothing_changed()
        return {"course_id": course["id"]}
    (row,) = await work.rows(_ARCHIVE, CourseRow, course_id=course["id"], archives=archives)
    act = "course.archive" if archives else "course.restore"
    before, after = {"archivedAt": course["archived_at"]}, {"archivedAt": row["archived_at"]}
    await work.audit(act, "Course", course["id"], before=before, after=after)
    await work.tell("course.changed", "Course", course["id"])
    return {"course_id": course["id"]}


async def versioned(
    work: Work, given: Given, may: Callable[[Viewer, Mapping[str, Any]], bool] = may_edit_course
) -> Row:
    """The course `courseId`, locked, in the version that is expected."""
    course = await course_to_edit(work, given["courseId"], may=may)
    require_version(course["version"], given.get("expectedVersion"))
    return course


def _as_new(values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"new_{name}": value for name, value in values.items()}


async def _require_department(work: Work, department_id: int | None) -> None:
    """That there is such a department, and that the viewer may add courses to it; None: to none."""
    if department_id is not None and not await work.rows(_DEPARTMENT, CourseRow, department_id=department_id):
        raise not_there("department", DEPARTMENT)
    if not administers(work.viewer, department_id):
        message = "name a department that you administer: others, or none, only the university's administrators name"
        raise Refused(UserErrorCode.FORBIDDEN, message, DEPARTMENT)
