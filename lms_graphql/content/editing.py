"""What those who change content begin with: an item, its course locked."""

from typing import Any

from sqlalchemy import BigInteger, Text, bindparam, cast, select

from lms_graphql.catalog.editing import EDITORS, allowed, lock_course
from lms_graphql.catalog.models import Course
from lms_graphql.content.loaders import TYPENAMES
from lms_graphql.content.models import ContentItem
from lms_graphql.content.policy import visible_items
from lms_graphql.engine.context import Viewer
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement, columns
from lms_graphql.storage.tenancy import UNIVERSITY

ITEM = ("input", "contentItemId")

ItemRow = record("EditedItem")
_CourseRow = record("CourseOfItem")
_ITEM = bindparam("item_id", type_=BigInteger, required=True)


def _course_of(viewer: Viewer) -> Any:
    return (
        select(Course.id, Course.department_id)
        .join(ContentItem, (ContentItem.university_id == UNIVERSITY) & (ContentItem.course_id == Course.id))
        .where(Course.university_id == UNIVERSITY, ContentItem.id == _ITEM, visible_items(viewer))
    )


_COURSES = {standing: Statement(_course_of(Viewer(standing=standing))) for standing in EDITORS}
_READ = Statement(
    select(*columns(ContentItem), cast(ContentItem.data_json, Text).label("data")).where(
        ContentItem.university_id == UNIVERSITY, ContentItem.id == _ITEM
    )
)


def item_number(text: str, university_id: int | None) -> int | None:
    """The number of the item of any kind that a global id names; None when it names something else."""
    found = (number_of(text, typename, university_id) for typename in TYPENAMES.values())
    return next((number for number in found if number is not None), None)


async def item_to_edit(work: Work, text: str, path: tuple[str, ...] = ITEM) -> Row:
    """The item that a global id names, with its columns and `data` (its payload as JSON), once its course is locked.

    NOT_FOUND if the viewer does not see it, FORBIDDEN if they may not edit its course.
    """
    item_id = item_number(text, work.viewer.university_id)
    standing = work.viewer.standing
    course = None if item_id is None else await work.one(_COURSES[standing], _CourseRow, item_id=item_id)
    course = allowed(work, course, path, "content item")
    await lock_course(work, course["id"])
    row = await work.one(_READ, ItemRow, item_id=item_id)
    if row is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such content item any more", path)
    return row
