"""A copy of a course in the same university: read and written as a bundle is, in one transaction."""

import asyncio
from typing import Any

import msgspec

from lms_graphql.catalog.editing import course_to_edit
from lms_graphql.catalog.policy import may_administer_course
from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.work import Work
from lms_graphql.interop.bundle import finding
from lms_graphql.interop.bundle.bringing import bring
from lms_graphql.interop.bundle.checking import checked_course
from lms_graphql.interop.bundle.reading import read_course
from lms_graphql.interop.bundle.writing import Entry, There

_PATH = ("input", "courseId")


async def clone_course(work: Work, given: Given) -> dict[str, Any]:
    """Copy a course with all that is its own under another code; gives `course_id`, `notices` and `counts`.

    Assets, shared pools and templates are not copied: both courses refer to the same ones, and what follows a template
    in one does so in the other.
    """
    source = await course_to_edit(work, given["courseId"], _PATH, may=may_administer_course)
    code = line(given["code"], finding.CODE, most=128)
    title = given.get("title")
    department_id = await finding.department_for(work, given.get("departmentId"), source["department_id"])
    read = await read_course(work.rows, work.viewer, source["id"])
    course = read.course if given.get("includeOfferings") else msgspec.structs.replace(read.course, offerings=[])
    entry = Entry(code, source["title"] if title is None else line(title, ("input", "title"), most=255), department_id)
    checked = await asyncio.to_thread(checked_course, course, _PATH)  # of a large one it takes a second
    there = There(read.asset_ids, read.shared_pool_ids, read.template_ids, read.nodes)
    brought = await bring(work, checked, entry, there)
    await work.audit(
        "course.clone", "Course", brought.course_id, after={"sourceCourseId": source["id"], "code": entry.code}
    )
    await work.tell("course.created", "Course", brought.course_id, sourceCourseId=source["id"])
    return {"course_id": brought.course_id, **brought.told()}
