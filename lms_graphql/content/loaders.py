"""Assets and content items. The payload is fetched only when the document selects a field of it."""

from collections import defaultdict
from collections.abc import Hashable
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    SQLColumnExpression,
    Text,
    any_,
    case,
    cast,
    func,
    literal,
    null,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from typing_extensions import override

from lms_graphql.catalog.models import Course
from lms_graphql.catalog.policy import visible_courses
from lms_graphql.content import payloads, policy
from lms_graphql.content.models import Asset, ContentItem
from lms_graphql.engine.context import Context
from lms_graphql.engine.dataloaders import KEYS, Loader, Many, One
from lms_graphql.engine.edges import PAYLOAD
from lms_graphql.engine.rows import Row, once, record
from lms_graphql.storage.statements import columns
from lms_graphql.syllabus.loaders import OutlineByCourse, SyllabusByCourse
from lms_graphql.syllabus.models import Module
from lms_graphql.syllabus.policy import visible_modules_of_course

AssetRow = record("Asset")
TranscriptRow = record("Transcript")

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
    seldom = frozenset({"description", "is_active", "created_at", "updated_at"})
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
        return [*self.keyed(key, ContentItem), *((self._payload(),) if self._with_payload else ())]

    def _payload(self) -> ColumnElement[Any]:
        """The payload without the transcript, which has a loader of its own, and without what only staff may see.

        Null for what is not an object: one broken row must not fail the statement.
        """
        hidden = ["transcript", *(() if self.viewer.is_staff else policy.STAFF_ONLY_KEYS)]
        keys, data = cast(literal(hidden, ARRAY(Text)), ARRAY(Text)), ContentItem.data_json
        # To look for the keys costs a tenth of taking them out, and most payloads have none (measured).
        stripped = case((data.has_any(keys), data.op("-", return_type=JSONB())(keys)), else_=data)
        return case((func.jsonb_typeof(data) == "object", stripped), else_=null()).label("payload_json")

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


class AssetById(One[int]):
    """An asset of the request's university."""

    row = AssetRow

    @override
    def query(self) -> Select[Any]:
        return select(Asset.id, *columns(Asset), Asset.meta_json).where(
            Asset.id == any_(KEYS), policy.visible_assets(self.viewer)
        )
