"""What a course asks for: other courses, before it or beside it.

Co-requisites count in cycles as the others do; see `service`.
"""

from typing import Any

from sqlalchemy import BigInteger, Text, bindparam, cast, delete, select, update

from lms_graphql.catalog.cataloging import versioned
from lms_graphql.catalog.editing import CourseRow, course_to_edit
from lms_graphql.catalog.entries import not_there
from lms_graphql.catalog.models import Course, CoursePrerequisite, prerequisite_type_enum
from lms_graphql.catalog.policy import may_administer_course, visible_courses, visible_prerequisites
from lms_graphql.catalog.service import ADD, CYCLES, TAKE_TURNS, Prerequisite, parameters
from lms_graphql.engine.context import Standing, Viewer
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure
from lms_graphql.engine.work import Work, require_version
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

ASKED = ("input", "prerequisiteId")
IS_ASKED_ALREADY = {
    "ux_course_prerequisites_unique": UserFailure(
        UserErrorCode.TAKEN, "the course asks for this one already: change the type of that instead", ASKED
    )
}
_Row = record("EditedPrerequisite")
_COURSE = bindparam("course_id", type_=BigInteger, required=True)
_ASKED = bindparam("asked_id", type_=BigInteger, required=True)
_EDITORS = (Standing.STAFF, Standing.ADMIN)

_SEEN = {
    standing: Statement(select(Course.id, Course.code).where(Course.id == _ASKED, visible_courses(viewer)))
    for standing, viewer in ((standing, Viewer(standing=standing)) for standing in _EDITORS)
}
_FOUND = {
    standing: Statement(
        select(
            CoursePrerequisite.id,
            CoursePrerequisite.version,
            cast(CoursePrerequisite.prerequisite_type, Text).label("prerequisite_type"),
        )
        .where(
            CoursePrerequisite.course_id == _COURSE,
            CoursePrerequisite.prerequisite_course_id == _ASKED,
            visible_prerequisites(viewer),
        )
        .with_for_update(of=CoursePrerequisite, key_share=True)
    )
    for standing, viewer in ((standing, Viewer(standing=standing)) for standing in _EDITORS)
}
_THIS = (
    CoursePrerequisite.university_id == UNIVERSITY,
    CoursePrerequisite.id == bindparam("prerequisite_id", type_=BigInteger, required=True),
)
_SET_TYPE = Statement(
    update(CoursePrerequisite)
    .where(*_THIS)
    .values(prerequisite_type=cast(bindparam("new_type", type_=Text, required=True), prerequisite_type_enum))
)
_REMOVE = Statement(delete(CoursePrerequisite).where(*_THIS))
_TAKE_TURNS, _ADD, _CYCLES = Statement(TAKE_TURNS), Statement(ADD), Statement(CYCLES)


async def add_prerequisite(work: Work, given: Given) -> dict[str, Any]:
    """Have a course ask for another; gives `course_id`. For who administers the course, of courses that they see.

    INVALID where a course would ask for itself, directly or by way of others, whatever the types. Who adds at the same
    time in the same university takes turns.
    """
    course = await versioned(work, given, may_administer_course)
    asked_id = number_of(given["prerequisiteId"], "Course", work.viewer.university_id)
    found = await work.one(_SEEN[work.viewer.standing], CourseRow, asked_id=asked_id)
    if found is None:
        raise not_there("course", ASKED)
    how = given["type"].value
    bound = parameters([Prerequisite(course["id"], found["id"], how)])
    if found["id"] == course["id"]:
        raise Refused(UserErrorCode.INVALID, "a course can't ask for itself", ASKED)
    await work.rows(_TAKE_TURNS, _Row)
    (row,) = await work.rows(_ADD, _Row, **bound)
    (counted,) = await work.rows(_CYCLES, _Row, **bound)
    if counted["cycles"]:
        message = f"{found['code']} asks for this course already, itself or by way of others: it can't be asked for"
        raise Refused(UserErrorCode.INVALID, message, ASKED)
    after = {"courseId": course["id"], "prerequisiteCourseId": found["id"], "prerequisiteType": how}
    await work.audit("prerequisite.add", "CoursePrerequisite", row["id"], after=after)
    return await _told(work, course)


async def update_prerequisite(work: Work, given: Given) -> dict[str, Any]:
    """Change how a course asks for another; gives `course_id`. Cycles stay what they were: all types count."""
    course, row = await _found(work, given)
    how = given["type"].value
    if how == row["prerequisite_type"]:
        work.nothing_changed()
        return {"course_id": course["id"]}
    await work.rows(_SET_TYPE, _Row, prerequisite_id=row["id"], new_type=how)
    before, after = {"prerequisiteType": row["prerequisite_type"]}, {"prerequisiteType": how}
    await work.audit("prerequisite.update", "CoursePrerequisite", row["id"], before=before, after=after)
    return await _told(work, course)


async def remove_prerequisite(work: Work, given: Given) -> dict[str, Any]:
    """Have a course no longer ask for another; gives `course_id`."""
    course, row = await _found(work, given)
    await work.rows(_REMOVE, _Row, prerequisite_id=row["id"])
    before = {
        "courseId": course["id"],
        "prerequisiteCourseId": row["asked_id"],
        "prerequisiteType": row["prerequisite_type"],
    }
    await work.audit("prerequisite.remove", "CoursePrerequisite", row["id"], before=before)
    return await _told(work, course)


async def _found(work: Work, given: Given) -> tuple[Row, dict[str, Any]]:
    """The course `courseId`, and that it asks for `prerequisiteId`, both locked."""
    course = await course_to_edit(work, given["courseId"], may=may_administer_course)
    asked_id = number_of(given["prerequisiteId"], "Course", work.viewer.university_id)
    bound = {"course_id": course["id"], "asked_id": asked_id}
    row = await work.one(_FOUND[work.viewer.standing], _Row, **bound)
    if row is None:
        raise not_there("prerequisite", ASKED)
    require_version(row["version"], given.get("expectedVersion"))
    return course, {**dict(row.items()), **bound}


async def _told(work: Work, course: Row) -> dict[str, Any]:
    await work.tell("course.changed", "Course", course["id"])
    return {"course_id": course["id"]}
