"""Assets, content items and what offerings ask of them. Payloads are fetched only for documents that select of them."""

from collections import defaultdict
from collections.abc import Hashable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    DateTime,
    Integer,
    Select,
    SQLColumnExpression,
    Text,
    and_,
    any_,
    bindparam,
    case,
    cast,
    column,
    exists,
    func,
    not_,
    null,
    select,
    union_all,
)
from sqlalchemy.orm import aliased
from typing_extensions import override

from lms_graphql.assessment.models import Upload
from lms_graphql.catalog.models import Course, OfferingSection
from lms_graphql.catalog.policy import visible_courses
from lms_graphql.catalog.reach import is_reached
from lms_graphql.content import payloads, policy
from lms_graphql.content.models import Asset, ContentItem, ContentItemAsset, ContentItemRevision, ContentItemSetting
from lms_graphql.content.settings import applying
from lms_graphql.engine.context import Context, Viewer
from lms_graphql.engine.dataloaders import KEYS, Loader, Many, One, Page
from lms_graphql.engine.edges import PAYLOAD
from lms_graphql.engine.filters import NO_ROW, AnyOf, Filter, Flag, moment
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, once, record
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.enrollment.policy import TAKES_PART, visible_enrollments
from lms_graphql.storage.statements import columns
from lms_graphql.storage.tenancy import UNIVERSITY, USER
from lms_graphql.syllabus.loaders import OutlineByCourse, SyllabusByCourse
from lms_graphql.syllabus.models import Module
from lms_graphql.syllabus.policy import visible_modules_of_course
from lms_graphql.tenancy.policy import shown_name

AssetRow = record("Asset")
UseRow = record("AssetUse")
TranscriptRow = record("Transcript")
SettingRow = record("ItemSetting")
DueRow = record("DueItem")
OverrideRow = record("SettingOverride", discloses="personal_settings")

_OFFERINGS = bindparam("offering_ids", type_=ARRAY(BigInteger), required=True)
"""The offering of each key of a batch."""
_REVISIONS = bindparam("revisions", type_=ARRAY(Integer), required=True)
"""The revision of each key of a batch."""

RevisionRow = record("ContentItemRevision")

TYPENAMES = {
    "video": "VideoContent",
    "quiz": "QuizContent",
    "engineering_lab": "EngineeringLabContent",
    "text": "TextContent",
    "assignment": "AssignmentContent",
    "resource": "ResourceContent",
}


class ContentRow(Row):
    """A content item; its type is told by `content_type`, its payload decoded once, when first asked for."""

    tenant = True
    seldom = frozenset({"description", "is_active", "created_at", "updated_at", "template_node"})
    label = "content_type"
    typenames = TYPENAMES

    @property
    def typename(self) -> str:  # type: ignore[override]  # of a class elsewhere, of a row here
        """The GraphQL type of this item's kind."""
        return self.typenames[self[self.label]]

    @once
    def payload(self) -> Any:
        """The payload as its struct; None when it is malformed."""
        data = self["payload_json"]
        return None if data is None else payloads.decode(self["content_type"], data, item_id=self["id"])


class _Items(Loader[Any, Any]):
    """What all loaders of content items have in common: light columns always, the payload when it is selected."""

    row = ContentRow
    _with_course = False
    """Whether the statement has the course of its items."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._with_payload = PAYLOAD in context.selects

    @classmethod
    @override
    def shapes(cls) -> list[Hashable]:
        return [False, True]

    @override
    def shape(self) -> Hashable:
        return self._with_payload

    def _columns(self, key: Any) -> list[ColumnElement[Any]]:
        if not self._with_payload:
            return self.keyed(key, ContentItem)
        reached = policy.reached_item(with_course=self._with_course)
        payload = policy.shown_payload(self.viewer, reached).label("payload_json")
        return [*self.keyed(key, ContentItem), payload, *is_reached(self.viewer, reached)]

    def _select(self, key: SQLColumnExpression[Any]) -> Select[Any]:
        return select(*self._columns(key)).where(key == any_(KEYS), policy.visible_items(self.viewer))


class ItemById(_Items, One[int]):
    """A content item that the viewer may see."""

    @override
    def query(self) -> Select[Any]:
        return self._select(ContentItem.id)


class Neighbours(NamedTuple):
    """The items before and after an item in reading order, where there are any."""

    previous: Row | None
    next: Row | None


class NeighboursByItem(_Items, Loader[tuple[int, int], Neighbours]):
    """What stands before and after each item, keyed by course and item, as the viewer sees the course.

    The order is that of the courses' outlines; the items themselves come in one statement more.
    """

    @override
    def query(self) -> Select[Any]:
        return self._select(ContentItem.id)

    @override
    async def load_batch(self, keys: list[tuple[int, int]]) -> list[Neighbours]:
        outlines = await self.context.loader(OutlineByCourse).values(course for course, _ in keys)
        beside = [(outlines[course].beside(item, -1), outlines[course].beside(item, 1)) for course, item in keys]
        wanted = list({item for pair in beside for item in pair if item is not None})
        found = {row[0]: row for row in await self.rows(wanted)} if wanted else {}
        return [Neighbours(found.get(before), found.get(after)) for before, after in beside]


class ItemsOfCourse(_Items):
    """The items of whole courses: for each course, a mapping from module to its items in order."""

    _with_course = True

    @override
    def query(self) -> Select[Any]:
        # From the course down: one probe for it, one range for its modules, one for each module's items. Judging every
        # item by its own module and course cost twice as much (measured, 200 items).
        return (
            select(*self._columns(ContentItem.course_id))
            .select_from(Course)
            .join(Module, Module.course_id == Course.id)
            .join(ContentItem, ContentItem.module_id == Module.id)
            .where(
                Course.id == any_(KEYS),
                visible_courses(self.viewer),
                visible_modules_of_course(self.viewer),
                policy.visible_items_of_module(self.viewer),
            )
            .order_by(ContentItem.sequence_index, ContentItem.id)
        )

    @override
    async def load_batch(self, keys: list[int]) -> list[dict[int, list[Row]]]:
        found: dict[int, dict[int, list[Row]]] = {key: defaultdict(list) for key in keys}
        for row in await self.rows(keys):
            found[row[0]][row["module_id"]].append(row)
        return [found[key] for key in keys]


class ItemsByModule(_Items, Many[int]):
    """The items of each module that the viewer may see, in order.

    For modules that came with their course's tree, all items of the tree are fetched at once, so that a document of any
    depth costs one statement; for others just the module's own.
    """

    @override
    def query(self) -> Select[Any]:
        return self._select(ContentItem.module_id).order_by(ContentItem.sequence_index, ContentItem.id)

    @override
    async def load_batch(self, keys: list[int]) -> list[list[Row]]:
        trees = self.context.made(SyllabusByCourse)
        course_of: dict[int, int] = trees.keys_of_rows if trees else {}
        courses = list(dict.fromkeys(course_of[key] for key in keys if key in course_of))
        found: dict[int, list[Row]] = {}
        if courses:
            items_of = await self.context.loader(ItemsOfCourse).values(courses)
            for course in courses:
                found |= items_of[course]
        alone = [key for key in keys if key not in course_of]
        if alone:
            found |= dict(zip(alone, await super().load_batch(alone), strict=True))
        return [found.get(key, []) for key in keys]


class TranscriptByItem(One[int]):
    """The transcript of each video, as the JSON of one column."""

    row = TranscriptRow

    @override
    def query(self) -> Select[Any]:
        transcript = ContentItem.data_json["transcript"].label("transcript_json")
        return select(ContentItem.id, ContentItem.university_id, transcript).where(
            ContentItem.id == any_(KEYS),
            cast(ContentItem.content_type, Text) == "video",
            policy.visible_items(self.viewer),
        )


def _editor(viewer: Viewer) -> ColumnElement[Any]:
    changed_by: Any = ContentItemRevision.changed_by
    return shown_name(viewer, changed_by).label("changed_by_name")


class RevisionsByItem(Page[int]):
    """What each item was before, oldest first."""

    row = RevisionRow
    order = (ContentItemRevision.revision,)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*columns(ContentItemRevision), _editor(self.viewer)).where(
            ContentItemRevision.content_item_id == parent, policy.visible_revisions(self.viewer)
        )


class RevisionByNumber(One[tuple[int, int]]):
    """A revision of an item, a former one or the one that it is now, with its payload, keyed by item and number."""

    row = RevisionRow

    @override
    def query(self) -> Select[Any]:
        wanted: Any = func.unnest(KEYS, _REVISIONS).table_valued(
            column("item_id", BigInteger), column("number", Integer)
        )
        wanted = wanted.render_derived(name="wanted")
        former = self._of(
            ContentItemRevision.content_item_id,
            ContentItemRevision,
            (ContentItemRevision.changed_at, ContentItemRevision.changed_by),
            _editor(self.viewer),
        ).join(
            wanted,
            and_(
                ContentItemRevision.content_item_id == wanted.c.item_id,
                ContentItemRevision.revision == wanted.c.number,
            ),
        )
        nobody = (cast(null(), DateTime(timezone=True)), cast(null(), BigInteger))
        current = self._of(ContentItem.id, ContentItem, nobody, cast(null(), Text)).join(
            wanted, and_(ContentItem.id == wanted.c.item_id, ContentItem.revision == wanted.c.number)
        )
        both = union_all(
            former.where(policy.visible_revisions(self.viewer)),
            current.where(policy.visible_current_revisions(self.viewer)),
        ).subquery("both_kinds")
        return select(both)

    def _of(self, item_id: Any, model: Any, changed: tuple[Any, Any], name: ColumnElement[Any]) -> Select[Any]:
        said = (model.revision, model.title, model.description, model.estimated_duration_seconds)
        when, who = changed
        return select(
            item_id.label("content_item_id"),
            model.university_id,
            *said,
            model.data_json.label("payload_json"),
            when.label("changed_at"),
            who.label("changed_by"),
            name.label("changed_by_name"),
        )

    @override
    async def load_batch(self, keys: list[tuple[int, int]]) -> list[Row | None]:
        rows = await self.rows([item for item, _ in keys], revisions=[number for _, number in keys])  # type: ignore[misc]
        found = {(row["content_item_id"], row["revision"]): row for row in rows}
        return [found.get(key) for key in keys]


def _asset_columns() -> list[Any]:
    """The columns of an asset, and of the upload that it is, if it is one; see `_with_upload`."""
    upload = [getattr(Upload, name).label(f"upload_{name}") for name in ("user_id", "sha256")]
    return [
        *columns(Asset),
        Asset.meta_json,
        *upload,
        *(getattr(Upload, name) for name in ("file_name", "media_type", "size_bytes")),
    ]


def _with_upload(query: Select[Any]) -> Select[Any]:
    return query.select_from(Asset).outerjoin(
        Upload, and_(Upload.university_id == UNIVERSITY, Upload.id == Asset.upload_id)
    )


class AssetById(One[int]):
    """An asset that the viewer may see."""

    row = AssetRow

    @override
    def query(self) -> Select[Any]:
        return _with_upload(select(Asset.id, *_asset_columns())).where(
            Asset.id == any_(KEYS), policy.visible_assets(self.viewer)
        )


ASSET_FILTERS: Mapping[str, Filter | AnyOf | Flag] = {
    "course": Filter(
        lambda _viewer, value: Asset.course_id == value,
        BigInteger(),
        lambda given, context: number_of(given, "Course", context.viewer.university_id) or NO_ROW,
    ),
    "kind": AnyOf(Asset.asset_type),
    "isStaffOnly": Flag(lambda _viewer: Asset.is_staff_only.is_(True), lambda _viewer: Asset.is_staff_only.is_(False)),
    "isUsed": Flag(lambda _viewer: policy.asset_is_used(), lambda _viewer: not_(policy.asset_is_used())),
}
"""Filters of assets, by the names of the fields of `AssetFilter`."""


class Assets(Page[int]):
    """The assets of the request's university for who writes courses, by id."""

    row = AssetRow
    order = (Asset.id,)
    filters = ASSET_FILTERS

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return _with_upload(select(*_asset_columns())).where(
            Asset.university_id == parent, policy.visible_library_assets(self.viewer)
        )


class OrphanAssets(Page[int]):
    """Assets of at least a day that no item names, for who writes courses, by id."""

    row = AssetRow
    order = (Asset.id,)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return _with_upload(select(*_asset_columns())).where(
            Asset.university_id == parent,
            policy.visible_library_assets(self.viewer),
            Asset.created_at < func.now() - timedelta(days=1),
            not_(policy.asset_is_used()),
        )


class UsesByAsset(Page[int]):
    """The items that name an asset and that the viewer sees, by id."""

    row = UseRow
    order = (ContentItemAsset.content_item_id,)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*columns(ContentItemAsset)).where(
            ContentItemAsset.asset_id == parent, policy.visible_uses(self.viewer)
        )


def _narrowness(setting: type[ContentItemSetting]) -> ColumnElement[int]:
    """What is set for a person counts before what is set for a section, and that before what is set for all."""
    return case((setting.user_id.is_not(None), 2), (setting.section_id.is_not(None), 1), else_=0)


def _enrollment_of(person: ColumnElement[Any]) -> ColumnElement[bool]:
    """The enrollment of a person in a setting's offering."""
    return and_(
        CourseEnrollment.university_id == UNIVERSITY,
        CourseEnrollment.course_offering_id == ContentItemSetting.course_offering_id,
        CourseEnrollment.user_id == person,
        TAKES_PART,
    )


class SettingForViewer(One[tuple[int, int]]):
    """What an offering asks of an item, as it applies to the viewer, keyed by offering and item."""

    row = SettingRow

    @override
    def query(self) -> Select[Any]:
        wanted: Any = func.unnest(KEYS, _OFFERINGS).table_valued(
            column("item_id", BigInteger), column("offering_id", BigInteger)
        )
        wanted = wanted.render_derived(name="wanted")
        return (
            select(*self.keyed(ContentItemSetting.content_item_id, ContentItemSetting))
            .select_from(ContentItemSetting)
            .join(
                wanted,
                and_(
                    ContentItemSetting.content_item_id == wanted.c.item_id,
                    ContentItemSetting.course_offering_id == wanted.c.offering_id,
                ),
            )
            .outerjoin(CourseEnrollment, _enrollment_of(USER))
            .where(
                policy.visible_settings(self.viewer),
                policy.setting_applies(ContentItemSetting, USER, CourseEnrollment.section_id),
            )
            .order_by(_narrowness(ContentItemSetting).desc())
        )

    @override
    async def load_batch(self, keys: list[tuple[int, int]]) -> list[Any]:
        found: dict[tuple[int, int], list[Row]] = defaultdict(list)
        for row in await self.rows([item for _, item in keys], offering_ids=[offering for offering, _ in keys]):  # type: ignore[misc]
            found[row["course_offering_id"], row["content_item_id"]].append(row)
        return [applying(found[key]) if key in found else None for key in keys]


class SettingById(One[int]):
    """What an offering asks of an item of all, or of a section alone."""

    row = SettingRow

    @override
    def query(self) -> Select[Any]:
        return select(*self.keyed(ContentItemSetting.id, ContentItemSetting)).where(
            ContentItemSetting.id == any_(KEYS),
            ContentItemSetting.user_id.is_(None),
            policy.visible_settings(self.viewer),
        )

    @override
    async def load_batch(self, keys: list[int]) -> list[Any]:
        return [None if row is None else applying([row]) for row in await super().load_batch(keys)]


class _Due(Page[int]):
    """Things that are due, by the date that applies to a person: never by walking a tree."""

    row = DueRow
    order = (ContentItemSetting.due_at.label("due_at"), ContentItemSetting.id)
    filters = {
        "from": Filter(lambda _viewer, at: ContentItemSetting.due_at >= at, DateTime(timezone=True), moment),
        "to": Filter(lambda _viewer, at: ContentItemSetting.due_at < at, DateTime(timezone=True), moment),
    }

    def _due(self, person: ColumnElement[Any]) -> Select[Any]:
        """What is due for a person whose enrollment the caller joins."""
        narrower = aliased(ContentItemSetting)
        overridden = exists().where(
            narrower.university_id == UNIVERSITY,
            narrower.course_offering_id == ContentItemSetting.course_offering_id,
            narrower.content_item_id == ContentItemSetting.content_item_id,
            func.num_nonnulls(narrower.unlock_at, narrower.due_at, narrower.lock_at) > 0,
            _narrowness(narrower) > _narrowness(ContentItemSetting),
            policy.setting_applies(narrower, person, CourseEnrollment.section_id),
        )
        item = and_(ContentItem.university_id == UNIVERSITY, ContentItem.id == ContentItemSetting.content_item_id)
        return (
            select(*columns(ContentItemSetting))
            .join(ContentItem, item)
            .where(
                ContentItemSetting.due_at.is_not(None),
                policy.setting_applies(ContentItemSetting, person, CourseEnrollment.section_id),
                ~overridden,
                policy.visible_settings(self.viewer),
                policy.visible_items(self.viewer),
            )
        )


class DueByUser(_Due):
    """What is due for each person in all offerings in which the person is active, soonest first."""

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        active = and_(_enrollment_of(parent), cast(CourseEnrollment.status, Text) == "active")
        return self._due(parent).join(CourseEnrollment, active).where(visible_enrollments(self.viewer))


class DueByOffering(_Due):
    """What is due in each offering, by the dates that apply to the viewer, soonest first."""

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return (
            self._due(USER)
            .outerjoin(CourseEnrollment, _enrollment_of(USER))
            .where(ContentItemSetting.course_offering_id == parent)
        )


class OverridesByOffering(Page[int]):
    """What each offering asks of single sections and people, by id; staff only."""

    row = OverrideRow
    order = (ContentItemSetting.id,)
    filters = {
        "item": Filter(
            lambda _viewer, wanted: ContentItemSetting.content_item_id == wanted,
            BigInteger(),
            lambda given, context: _item_number(given, context.viewer.university_id),
        )
    }

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        section = and_(OfferingSection.university_id == UNIVERSITY, OfferingSection.id == ContentItemSetting.section_id)
        return (
            select(*columns(ContentItemSetting), OfferingSection.code.label("section_code"))
            .outerjoin(OfferingSection, section)
            .where(
                ContentItemSetting.course_offering_id == parent,
                func.num_nonnulls(ContentItemSetting.section_id, ContentItemSetting.user_id) > 0,
                policy.visible_overrides(self.viewer),
            )
        )


class OverrideById(One[int]):
    """What an offering asks of a single section or person."""

    row = OverrideRow

    @override
    def query(self) -> Select[Any]:
        section = and_(OfferingSection.university_id == UNIVERSITY, OfferingSection.id == ContentItemSetting.section_id)
        return (
            select(*self.keyed(ContentItemSetting.id, ContentItemSetting), OfferingSection.code.label("section_code"))
            .outerjoin(OfferingSection, section)
            .where(
                ContentItemSetting.id == any_(KEYS),
                func.num_nonnulls(ContentItemSetting.section_id, ContentItemSetting.user_id) > 0,
                policy.visible_overrides(self.viewer),
            )
        )


def _item_number(given: str, university_id: int | None) -> int:
    """The number of the item of any kind that a global id names."""
    return next((found for kind in TYPENAMES.values() if (found := number_of(given, kind, university_id))), NO_ROW)
