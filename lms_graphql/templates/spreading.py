"""Bringing everything that was made from a template up to date, behind the answer: a few instances at a time."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, BigInteger, any_, bindparam, select

from lms_graphql.catalog.editing import EDITORS, lock_course
from lms_graphql.catalog.models import Course
from lms_graphql.catalog.policy import may_edit_course
from lms_graphql.engine.context import Viewer
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.jobs.queueing import enqueue
from lms_graphql.jobs.running import Step
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.syllabus.models import Module
from lms_graphql.templates.finding import TEMPLATE, template_to_use, version_of
from lms_graphql.templates.policy import visible_instances
from lms_graphql.templates.reading import Root
from lms_graphql.templates.syncing import brought_up_to_date

SYNC_EVERYWHERE = "templates.sync"
"""The kind of the job."""
_AT_ONCE = 5

_Row = record("Instance")


def _instances(viewer: Viewer) -> Any:
    """The instances of a template that staff of a standing reach, by course: the order in which courses are locked."""
    return (
        select(Module.id.label("module_id"), Course.id, Course.department_id)
        .join(Course, (Course.university_id == UNIVERSITY) & (Course.id == Module.course_id))
        .where(
            Module.module_template_id == bindparam("template_id", type_=BigInteger),
            Module.template_version.is_not(None),
            visible_instances(viewer),
        )
        .order_by(Course.id, Module.id)
    )


_INSTANCES = {standing: Statement(_instances(Viewer(standing=standing))) for standing in EDITORS}
_PART = Statement(
    select(Module.id, Module.course_id, Module.module_template_id, Module.template_version)
    .where(Module.university_id == UNIVERSITY, Module.id == any_(bindparam("ids", type_=ARRAY(BigInteger))))
    .order_by(Module.course_id, Module.id)
)


async def sync_template_everywhere(work: Work, given: Given) -> dict[str, Any]:
    """Have all instances that the viewer may edit brought up to the newest version; gives `template_id`, `job_id`."""
    template = await template_to_use(work, given["templateId"])
    version = await version_of(work, template["id"])
    if version is None:
        raise Refused(UserErrorCode.CLOSED, "this template has no version yet: publish its draft first", TEMPLATE)
    rows = await work.rows(_INSTANCES[work.viewer.standing], _Row, template_id=template["id"])
    ids = [row["module_id"] for row in rows if may_edit_course(work.viewer, row)]
    wanted = {"template_id": template["id"], "version": version["version"], "module_ids": ids}
    job_id = await enqueue(work, SYNC_EVERYWHERE, wanted, len(ids))
    await work.audit("template.sync_everywhere", "ModuleTemplate", template["id"], after={**wanted, "job": job_id})
    return {"template_id": template["id"], "job_id": job_id}


async def sync_part(work: Work, given: Mapping[str, Any], place: int) -> Step:
    """The step of the job: the next instances, in the order of their courses.

    What is gone, or follows no template any more, is passed over; what can't be done is told to the outbox.
    """
    ids: Sequence[int] = given["module_ids"][place : place + _AT_ONCE]
    courses = {row["id"]: row["course_id"] for row in await _rows(work, ids)}
    for course_id in sorted(set(courses.values())):
        await lock_course(work, course_id)
    for row in await _rows(work, ids):  # as they are now that nobody else changes them
        if row["course_id"] == courses[row["id"]]:
            await _sync(work, row, given)
    is_last = place + _AT_ONCE >= len(given["module_ids"])
    return Step(len(ids), None if is_last else place + _AT_ONCE)


async def _rows(work: Work, ids: Sequence[int]) -> list[Row]:
    return await work.rows(_PART, _Row, ids=list(ids))


async def _sync(work: Work, row: Row, given: Mapping[str, Any]) -> None:
    if row["module_template_id"] != given["template_id"] or row["template_version"] is None:
        return
    root = Root(row["id"], row["course_id"], row["module_template_id"], row["template_version"], given["version"])
    try:
        async with work.part():
            await brought_up_to_date(work, root)
    except Refused as refused:
        await work.tell("template.sync_refused", "Module", root.id, reason=str(refused))
