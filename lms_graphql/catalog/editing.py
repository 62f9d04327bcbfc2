"""What those who change a course begin with: the course, as they see it, locked.

All who change the modules, the content or the question pools of one course do so one after another: each locks the
course's row before it reads or changes anything else. So nobody waits for another in a circle, places among siblings
are counted by one at a time, and every change finds the tree as the one before it left it. Who only refers to the
course (an enrollment, an offering) does not wait.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import BigInteger, Select, Text, bindparam, cast, select

from lms_graphql.catalog.models import Course
from lms_graphql.catalog.policy import may_edit_course, visible_courses
from lms_graphql.engine.context import Standing, Viewer
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement, columns
from lms_graphql.storage.tenancy import UNIVERSITY

COURSE = ("input", "courseId")
EDITORS = (Standing.STAFF, Standing.ADMIN)
"""The standings that may change courses at all: see `policy.may_edit_some_course`."""

CourseRow = record("EditedCourse")
_COURSE = bindparam("course_id", type_=BigInteger, required=True)


def _course(viewer: Viewer) -> Select[Any]:
    shown = (*columns(Course), cast(Course.content_version, Text).label("version_text"))
    return (
        select(*shown).where(Course.id == _COURSE, visible_courses(viewer)).with_for_update(of=Course, key_share=True)
    )


_COURSES = {standing: Statement(_course(Viewer(standing=standing))) for standing in EDITORS}
_LOCK = Statement(
    select(*columns(Course))
    .where(Course.university_id == UNIVERSITY, Course.id == _COURSE)
    .with_for_update(of=Course, key_share=True)
)


async def course_to_edit(
    work: Work,
    text: str,
    path: tuple[str, ...] = COURSE,
    *,
    may: Callable[[Viewer, Mapping[str, Any]], bool] = may_edit_course,
) -> Row:
    """The course that a global id names, locked; NOT_FOUND if the viewer does not see it, FORBIDDEN unless `may`."""
    course_id = number_of(text, "Course", work.viewer.university_id)
    row = None if course_id is None else await work.one(_COURSES[work.viewer.standing], CourseRow, course_id=course_id)
    return allowed(work, row, path, "course", may)


async def lock_course(work: Work, course_id: int) -> Row:
    """The course with this number, locked. It must be there, and who asks must have been judged already."""
    (row,) = await work.rows(_LOCK, CourseRow, course_id=course_id)
    return row


def allowed(
    work: Work,
    row: Row | None,
    path: tuple[str, ...],
    word: str,
    may: Callable[[Viewer, Mapping[str, Any]], bool] = may_edit_course,
) -> Row:
    """A row with a course's `id` and `department_id`, if the viewer may; NOT_FOUND and FORBIDDEN if not."""
    if row is None:
        raise Refused(UserErrorCode.NOT_FOUND, f"there is no such {word} for you", path)
    if not may(work.viewer, row):
        raise Refused(UserErrorCode.FORBIDDEN, f"your roles here do not allow this for the {word}", path)
    return row
