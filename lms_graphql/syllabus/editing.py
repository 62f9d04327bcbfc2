"""What those who change a syllabus begin and end with: a module, its course locked; and the course's new version."""

from typing import Any

from sqlalchemy import BigInteger, bindparam, select

from lms_graphql.catalog.editing import EDITORS, allowed, lock_course
from lms_graphql.catalog.models import Course
from lms_graphql.engine.context import Viewer
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement, columns
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.syllabus.models import Module
from lms_graphql.syllabus.policy import visible_modules
from lms_graphql.syllabus.service import refreshing_published, renewing_version

MODULE = ("input", "moduleId")

ModuleRow = record("EditedModule")
_CourseRow = record("CourseOfModule")
_MODULE = bindparam("module_id", type_=BigInteger, required=True)
_COURSE = bindparam("course_id", type_=BigInteger, required=True)


def _course_of(viewer: Viewer) -> Any:
    """The course of a module that the viewer sees: what `may_edit_course` asks for."""
    return (
        select(Course.id, Course.department_id)
        .join(Module, (Module.university_id == UNIVERSITY) & (Module.course_id == Course.id))
        .where(Course.university_id == UNIVERSITY, Module.id == _MODULE, visible_modules(viewer))
    )


_COURSES = {standing: Statement(_course_of(Viewer(standing=standing))) for standing in EDITORS}
_READ = Statement(select(*columns(Module)).where(Module.university_id == UNIVERSITY, Module.id == _MODULE))
_RENEW = Statement(renewing_version(UNIVERSITY, _COURSE))
_REFRESH = Statement(refreshing_published(UNIVERSITY, _COURSE))


async def course_of_module(work: Work, text: str, path: tuple[str, ...] = MODULE) -> tuple[int, int]:
    """The numbers of the course, which is not locked yet, and of the module that a global id names.

    NOT_FOUND if the viewer does not see the module; FORBIDDEN if they may not edit its course.
    """
    module_id = number_of(text, "Module", work.viewer.university_id)
    standing = work.viewer.standing
    course = None if module_id is None else await work.one(_COURSES[standing], _CourseRow, module_id=module_id)
    course = allowed(work, course, path, "module")
    return course["id"], module_id or 0


async def module_to_edit(work: Work, text: str, path: tuple[str, ...] = MODULE) -> Row:
    """The module that a global id names, with its columns, once its course is locked.

    NOT_FOUND if the viewer does not see it, or if it is gone when the lock is there; FORBIDDEN if they may not edit
    its course.
    """
    course_id, module_id = await course_of_module(work, text, path)
    await lock_course(work, course_id)
    return await module_in(work, course_id, module_id, path)


async def module_in(work: Work, course_id: int, module_id: int | None, path: tuple[str, ...]) -> Row:
    """A module of a course that is locked; NOT_FOUND if it has no such module."""
    row = None if module_id is None else await work.one(_READ, ModuleRow, module_id=module_id)
    if row is None or row["course_id"] != course_id:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such module in this course", path)
    return row


async def renew_version(work: Work, course_id: int) -> None:
    """Give the course another content version: every service that changes its modules or its items ends with it."""
    await work.rows(_RENEW, _CourseRow, course_id=course_id)


async def refresh_published(work: Work, course_id: int) -> None:
    """Recompute `effective_published` of the course's modules, once a flag or the tree has changed."""
    await work.rows(_REFRESH, _CourseRow, course_id=course_id)
