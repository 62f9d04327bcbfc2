"""Who may see which content, and how much of it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    SQLColumnExpression,
    Text,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    literal_column,
    null,
    or_,
)
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH

from lms_graphql.catalog.policy import may_edit_course, published_course
from lms_graphql.catalog.reach import (
    if_reached,
    only_reached,
    reaches_course,
    reaches_course_here,
    reaches_offering,
    reaches_person,
    reaches_section,
    seen_or_reached,
)
from lms_graphql.content.models import Asset, ContentItem, ContentItemAsset, ContentItemRevision, ContentItemSetting
from lms_graphql.engine.context import Viewer
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.enrollment.policy import takes_part
from lms_graphql.storage.tenancy import NOBODY, UNIVERSITY, USER
from lms_graphql.syllabus.models import Module
from lms_graphql.tenancy.policy import may_author

_STAFF_ONLY_KEYS = ("container_image", "env")
_TRANSCRIPT = "transcript"
_STUDENTS_FILES = cast(
    literal_column("""'$.files[*] ? (!(exists (@.role)) || @.role == "student_visible")'"""), JSONPATH
)
"""The files that students see, and those without a role: with them a payload is malformed, and stays so."""


def reached_item(*, with_course: bool = False) -> ColumnElement[bool]:
    """That an item is; `with_course` in a statement that has its course, so that nothing need be looked up."""
    return reaches_course_here() if with_course else reaches_course(ContentItem.course_id)


def shown_payload(viewer: Viewer, reached: ColumnElement[bool]) -> ColumnElement[Any]:
    """The payload of an item without the transcript, which has a loader of its own; null for what is not an object.

    For staff who reach the item all of it; what others must not see (image and environment of a lab, its hidden files)
    never leaves the database.
    """
    data = ContentItem.data_json
    shown = if_reached(viewer, _for_staff(data), reached, _for_students(data))
    return case((func.jsonb_typeof(data) == "object", shown), else_=null())


# To look for keys costs a tenth of taking them out, and most payloads have none (measured).


def _for_staff(data: Any) -> ColumnElement[Any]:
    return case((data.has_key(_TRANSCRIPT), _without(data, [_TRANSCRIPT])), else_=data)


def _for_students(data: Any) -> ColumnElement[Any]:
    hidden = [_TRANSCRIPT, *_STAFF_ONLY_KEYS]
    files = func.jsonb_set(
        _without(data, hidden), _texts(["files"]), func.jsonb_path_query_array(data, _STUDENTS_FILES), type_=JSONB
    )
    return case((data.has_key("files"), files), (data.has_any(_texts(hidden)), _without(data, hidden)), else_=data)


def _without(data: Any, keys: list[str]) -> ColumnElement[Any]:
    return data.op("-", return_type=JSONB())(_texts(keys))  # type: ignore[no-any-return]  # an operator of PostgreSQL's


def _texts(texts: list[str]) -> Any:
    return cast(literal(texts, ARRAY(Text)), ARRAY(Text))


def visible_items(viewer: Viewer) -> ColumnElement[bool]:
    """Active ones of modules that are published with all their ancestors; for staff all of courses in their reach."""
    here = ContentItem.university_id == UNIVERSITY
    in_visible_module = exists().where(
        Module.university_id == UNIVERSITY,
        Module.id == ContentItem.module_id,
        Module.effective_published.is_(True),
    )
    published = and_(ContentItem.is_active.is_(True), in_visible_module, published_course(ContentItem.course_id))
    return seen_or_reached(viewer, here, published, reaches_course(ContentItem.course_id))


def visible_items_of_module(viewer: Viewer) -> ColumnElement[bool]:
    """`visible_items` for a statement that has the module with its course, and judges both."""
    here = ContentItem.university_id == UNIVERSITY
    return seen_or_reached(viewer, here, ContentItem.is_active.is_(True), reaches_course_here())


def visible_assets(viewer: Viewer) -> ColumnElement[bool]:
    """Those of the library, and a course's where content that the viewer sees names them; none that is for staff only.

    Staff also see all of the library, and of the courses in their reach.
    """
    here = Asset.university_id == UNIVERSITY
    named = exists().where(
        ContentItemAsset.university_id == UNIVERSITY,
        ContentItemAsset.asset_id == Asset.id,
        ContentItem.id == ContentItemAsset.content_item_id,
        visible_items(viewer),
    )
    shown = or_(Asset.course_id.is_(None), named.correlate(Asset))
    return seen_or_reached(viewer, here, and_(Asset.is_staff_only.is_(False), shown), _reached_asset())


def visible_library_assets(viewer: Viewer) -> ColumnElement[bool]:
    """The lists of assets are for those who write courses: the library, and the courses in their reach."""
    return only_reached(viewer, Asset.university_id == UNIVERSITY, _reached_asset())


def _reached_asset() -> ColumnElement[bool]:
    of_course: Any = Asset.course_id
    return or_(of_course.is_(None), reaches_course(of_course))


def asset_is_used() -> ColumnElement[bool]:
    """That the payload of any item names the asset, whoever sees the item."""
    return (
        exists()
        .where(ContentItemAsset.university_id == UNIVERSITY, ContentItemAsset.asset_id == Asset.id)
        .correlate(Asset)
    )


def visible_uses(viewer: Viewer) -> ColumnElement[bool]:
    """Where an asset is used, as far as the viewer sees it: by items that they see."""
    here = ContentItemAsset.university_id == UNIVERSITY
    seen = exists().where(ContentItem.id == ContentItemAsset.content_item_id, visible_items(viewer))
    return and_(here, seen.correlate(ContentItemAsset))


def may_edit_asset(viewer: Viewer, asset: Mapping[str, Any]) -> bool:
    """Change it: a course's who may edit the course, and of the library who may add courses."""
    if asset["course_id"] is None:
        return may_author(viewer)
    return may_edit_course(viewer, {"id": asset["course_id"], "department_id": asset["department_id"]})


def visible_revisions(viewer: Viewer) -> ColumnElement[bool]:
    """What an item was before is for staff who reach its course."""
    item = exists().where(
        ContentItem.university_id == UNIVERSITY,
        ContentItem.id == ContentItemRevision.content_item_id,
        reaches_course(ContentItem.course_id),
    )
    return only_reached(viewer, ContentItemRevision.university_id == UNIVERSITY, item.correlate(ContentItemRevision))


def visible_current_revisions(viewer: Viewer) -> ColumnElement[bool]:
    """What an item is now, as one of its revisions: for the same people."""
    return only_reached(viewer, ContentItem.university_id == UNIVERSITY, reaches_course(ContentItem.course_id))


def visible_settings(viewer: Viewer) -> ColumnElement[bool]:
    """What applies to the viewer, of offerings that they take part in; for staff also all of offerings they reach."""
    here = ContentItemSetting.university_id == UNIVERSITY
    if not viewer.is_member:
        return and_(here, NOBODY)
    applies = setting_applies(ContentItemSetting, USER, CourseEnrollment.section_id)
    # A statement may have joined an enrollment of its own, which this one is not.
    own = takes_part(ContentItemSetting.course_offering_id, applies).correlate(ContentItemSetting)
    return seen_or_reached(viewer, here, own, reaches_offering(ContentItemSetting.course_offering_id))


def setting_applies(
    setting: type[ContentItemSetting], person: SQLColumnExpression[Any], section: SQLColumnExpression[Any]
) -> ColumnElement[bool]:
    """Whether a setting is meant for a person of a section, which is null for who is in none."""
    everybody = and_(setting.section_id.is_(None), setting.user_id.is_(None))
    return or_(everybody, setting.user_id == person, setting.section_id == section)


def visible_overrides(viewer: Viewer) -> ColumnElement[bool]:
    """What is set for single sections and people is for staff: for sections and people in their reach."""
    offering_id, here = ContentItemSetting.course_offering_id, ContentItemSetting.university_id == UNIVERSITY
    of_section = reaches_section(offering_id, ContentItemSetting.section_id)
    return only_reached(viewer, here, or_(of_section, reaches_person(offering_id, ContentItemSetting.user_id)))
