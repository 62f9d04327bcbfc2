"""A course from an archive that was sent: taken whole, in one transaction, or not at all."""

import asyncio
import hashlib
from typing import Any

import msgspec

from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.files.receiving import file_to_import
from lms_graphql.interop.bundle import finding, form
from lms_graphql.interop.bundle.archive import BundleError, read_bundle
from lms_graphql.interop.bundle.bringing import Brought, bring
from lms_graphql.interop.bundle.writing import Entry

_PATH = ("input", "uploadId")


async def import_course(work: Work, given: Given) -> dict[str, Any]:
    """Add the course of an archive; gives `course_id` (None in a dry run), `notices` and `counts`."""
    department_id = await finding.department_for(work, given.get("departmentId"))
    code = given.get("code")
    if code is not None:
        code = line(code, finding.CODE, most=128)
    file = await file_to_import(work, given["uploadId"])
    is_trial = bool(given.get("dryRun"))
    async with work.part(keep=not is_trial):
        brought = await take_bundle(
            work, file.data, code, department_id, with_offerings=given.get("includeOfferings") is not False
        )
    if is_trial:
        work.nothing_changed()
    return {"course_id": None if is_trial else brought.course_id, **brought.told()}


async def take_bundle(
    work: Work, data: bytes, code: str | None, department_id: int | None, *, with_offerings: bool = True
) -> Brought:
    """Add the course of an archive under this code, or its own; who may must have been asked.

    Refused as `bring` says, and with INVALID for an archive that is none.
    """
    try:
        bundle = await asyncio.to_thread(read_bundle, data)
    except BundleError as error:
        raise Refused(UserErrorCode.INVALID, str(error), _PATH) from error
    course: form.Course = bundle.course
    if not with_offerings:
        course = msgspec.structs.replace(course, offerings=[])
    entry = Entry(course.code if code is None else code, course.title, department_id)
    brought = await bring(work, course, entry, _PATH)
    after = {"code": entry.code, "sha256": hashlib.sha256(data).hexdigest(), **msgspec.to_builtins(brought.counts)}
    await work.audit("course.import", "Course", brought.course_id, after=after)
    await work.tell("course.created", "Course", brought.course_id)
    return brought
