"""Opening a course to others than staff, once it is fit for them, and closing it."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, bindparam, func, update

from lms_graphql.catalog import soundness
from lms_graphql.catalog.cataloging import versioned
from lms_graphql.catalog.editing import COURSE, EDITORS
from lms_graphql.catalog.models import Course
from lms_graphql.catalog.policy import visible_drafts, visible_pool_sizes
from lms_graphql.content.policy import visible_assets
from lms_graphql.engine.context import Viewer
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.rows import record
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

_Row = record("PublishedCourse")
# With another content version: what was shown of the syllabus before, and to whom, is no longer so.
_SET = Statement(
    update(Course)
    .where(Course.university_id == UNIVERSITY, Course.id == bindparam("course_id", type_=BigInteger, required=True))
    .values(
        is_published=bindparam("new_is_published", type_=Boolean, required=True),
        content_version=func.gen_random_uuid(),
    )
)
_VIEWERS = [Viewer(standing=standing) for standing in EDITORS]
_ITEMS = {viewer.standing: Statement(soundness.shown_items().where(visible_drafts(viewer))) for viewer in _VIEWERS}
_POOLS = {viewer.standing: Statement(soundness.pool_sizes().where(visible_pool_sizes(viewer))) for viewer in _VIEWERS}
_ASSETS = {viewer.standing: Statement(soundness.asset_numbers().where(visible_assets(viewer))) for viewer in _VIEWERS}


async def publish_course(work: Work, given: Given) -> dict[str, Any]:
    """Open a course to others than staff; gives `course_id`.

    CLOSED, once for each thing that is wrong with what would be shown (see `soundness`), or where it is archived.
    """
    course = await versioned(work, given)
    if course["is_published"]:
        work.nothing_changed()
        return {"course_id": course["id"]}
    if course["archived_at"] is not None:
        raise Refused(UserErrorCode.CLOSED, "the course is archived: restore it first", COURSE)
    found = await problems_of(work, course["id"])
    if found:
        failures = [UserFailure(UserErrorCode.CLOSED, f"{one.code}: {one.message}", COURSE) for one in found]
        raise Refused.all(failures)
    return await _set(work, course["id"], "course.publish", is_published=True)


async def unpublish_course(work: Work, given: Given) -> dict[str, Any]:
    """Close a course to all but staff; gives `course_id`. Who is enrolled keeps offering and records."""
    course = await versioned(work, given)
    if not course["is_published"]:
        work.nothing_changed()
        return {"course_id": course["id"]}
    return await _set(work, course["id"], "course.unpublish", is_published=False)


async def problems_of(work: Work, course_id: int) -> list[soundness.Problem]:
    """What is wrong with a course that the viewer may edit, in at most three statements."""
    standing = work.viewer.standing
    rows = await work.rows(_ITEMS[standing], _Row, keys=[course_id])
    items = soundness.looked_at(rows)
    pools, assets = soundness.pools_of(items), soundness.assets_of(items)
    found_pools = await work.rows(_POOLS[standing], _Row, keys=pools) if pools else []
    found_assets = await work.rows(_ASSETS[standing], _Row, keys=assets) if assets else []
    return soundness.problems(
        course_id, rows, items, {row["id"]: row for row in found_pools}, {row["id"]: row for row in found_assets}
    )


async def _set(work: Work, course_id: int, act: str, *, is_published: bool) -> dict[str, Any]:
    await work.rows(_SET, _Row, course_id=course_id, new_is_published=is_published)
    before, after = {"isPublished": not is_published}, {"isPublished": is_published}
    await work.audit(act, "Course", course_id, before=before, after=after)
    await work.tell("course.changed", "Course", course_id)
    return {"course_id": course_id}
