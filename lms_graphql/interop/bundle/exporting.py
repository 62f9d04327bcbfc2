"""A course as an archive, for who may change it: read from one moment, and that it was read is written down."""

import asyncio
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import BigInteger, bindparam, select

from lms_graphql.catalog.models import Course
from lms_graphql.catalog.policy import COURSE_ACTS, visible_courses
from lms_graphql.engine.context import Context, Standing, Viewer
from lms_graphql.engine.errors import Code, RequestError
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import record
from lms_graphql.interop.bundle.archive import MOST_BYTES, Bundle, write_bundle
from lms_graphql.interop.bundle.reading import Source, read_course
from lms_graphql.interop.exported import Exported
from lms_graphql.storage.files import Files, StoreUnreachableError
from lms_graphql.storage.statements import Statement

_Row = record("ExportedCourse")
_SEEN = {
    standing: Statement(
        select(Course.id, Course.department_id).where(
            Course.id == bindparam("course_id", type_=BigInteger, required=True),
            visible_courses(Viewer(standing=standing)),
        )
    )
    for standing in Standing
}


async def export_course(context: Context, course: str) -> Exported:
    """The archive of the course that a global id names, as it is at one moment.

    Hidden tests and keys of questions are in it: who may change a course sees them. It must be written down
    (`exported.write_down`) before it is shown. RequestError with UNIVERSITY_UNKNOWN (404) for a course that is not
    there or not seen, FORBIDDEN for who may not export it, UNAVAILABLE where a file of an asset can't be had.
    """
    number = number_of(course, "Course", context.university_id())
    statement = _SEEN[context.viewer.standing]
    found = [] if number is None else await context.fetch(statement, _Row, tenant=True, course_id=number)
    if not found:
        raise RequestError(Code.UNIVERSITY_UNKNOWN, "there is no such course, or not for you")
    if not COURSE_ACTS["export"](context.viewer, found[0]):
        raise RequestError(Code.FORBIDDEN, "your roles in this course do not allow this")
    return await archived(context, found[0]["id"])


async def archived(context: Context, course_id: int) -> Exported:
    """The archive of a course; who asks must have been judged."""
    read = await read_course(partial(context.fetch, tenant=True), context.viewer, course_id)
    await context.renew()  # its connection is others' while the store is asked
    files = await _files(context, read)
    now = datetime.now(UTC).replace(microsecond=0)
    data = await asyncio.to_thread(write_bundle, Bundle(read.course, files), now)  # of a large course it takes a while
    return Exported("course.export", "Course", course_id, data)


async def _files(context: Context, read: Source) -> dict[str, bytes]:
    """The files of its assets, by their paths; RequestError with UNAVAILABLE where they can't be had."""
    total = sum(file.size_bytes for file, _ in read.files.values())
    if total > MOST_BYTES:
        raise RequestError(Code.UNAVAILABLE, f"the files of the course have {total} bytes, more than an archive may")
    found = {}
    for path, (file, sha256) in read.files.items():
        try:
            data = await context.service(Files).store.whole(file, sha256)
        except StoreUnreachableError as error:
            message = "the store of files can't be reached at the moment; try again"
            raise RequestError(Code.UNAVAILABLE, message) from error
        if data is None:
            raise RequestError(
                Code.UNAVAILABLE, f"the file {file.file_name!r} of an asset is gone: replace it, then export"
            )
        found[path] = data
    return found
