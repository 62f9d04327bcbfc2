"""A course from an archive that was sent: taken whole, in one transaction, or not at all."""

import hashlib
from typing import Any

import msgspec

from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.usererrors import Refused
from lms_graphql.engine.work import Work
from lms_graphql.files.receiving import file_to_import
from lms_graphql.interop.bundle import finding
from lms_graphql.interop.bundle.bringing import Brought, bring
from lms_graphql.interop.bundle.preparing import Prepared
from lms_graphql.interop.bundle.writing import Entry, There


async def import_course(work: Work, given: Given) -> dict[str, Any]:
    """Add the course of an archive, which `preparing.read_course_import` has brought.

    Gives `course_id` (None in a dry run), `notices` and `counts`.
    """
    department_id = await finding.department_for(work, given.get("departmentId"))
    code = given.get("code")
    if code is not None:
        code = line(code, finding.CODE, most=128)
    work.brought, prepared = work.brought
    file = await file_to_import(work, given["uploadId"])
    is_trial = bool(given.get("dryRun"))
    async with work.part(keep=not is_trial):
        with_offerings = given.get("includeOfferings") is not False
        brought = await take_bundle(work, file.data, prepared, code, department_id, with_offerings=with_offerings)
    if is_trial:
        work.nothing_changed()
    return {"course_id": None if is_trial else brought.course_id, **brought.told()}


async def take_bundle(
    work: Work, data: bytes, prepared: Prepared, code: str | None, department_id: int | None, *, with_offerings: bool
) -> Brought:
    """Add the course of an archive under this code, or its own; who may must have been asked.

    Refused as `bring` says, and for an archive that is none.
    """
    checked = prepared.checked
    if checked is None:
        raise Refused.all(prepared.failures)
    if not with_offerings:
        checked = checked._replace(course=msgspec.structs.replace(checked.course, offerings=[]))
    course = checked.course
    entry = Entry(course.code if code is None else code, course.title, department_id)
    brought = await bring(work, checked, entry, There(upload_ids=prepared.upload_ids))
    after = {"code": entry.code, "sha256": hashlib.sha256(data).hexdigest(), **msgspec.to_builtins(brought.counts)}
    await work.audit("course.import", "Course", brought.course_id, after=after)
    await work.tell("course.created", "Course", brought.course_id)
    return brought
