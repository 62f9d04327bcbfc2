"""Modules and templates. The tree of a course is loaded whole: one statement, whatever its depth."""

from collections import defaultdict
from typing import Any

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, Text, and_, any_, cast, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from typing_extensions import override

from lms_graphql.catalog.models import Course
from lms_graphql.catalog.policy import visible_courses
from lms_graphql.content.models import ContentItem
from lms_graphql.content.policy import visible_items_of_module
from lms_graphql.engine.dataloaders import KEYS, Loader, One, Page, Trees
from lms_graphql.engine.rows import Row, record
from lms_graphql.storage.statements import columns
from lms_graphql.syllabus import policy
from lms_graphql.syllabus.models import Module, ModuleTemplate
from lms_graphql.syllabus.outline import Outline, outline

ModuleRow = record(
    "Module",
    seldom=(
        *("depth", "parent_depth", "is_published", "effective_published", "created_at", "updated_at"),
        *("version", "archived_at", "template_version", "template_node"),
    ),
)
TemplateRow = record("ModuleTemplate", tenant=False)
TotalsRow = record("SyllabusTotals")


class ModuleById(One[int]):
    """A module that the viewer may see."""

    row = ModuleRow

    @override
    def query(self) -> Select[Any]:
        return select(*self.keyed(Module.id, Module)).where(
            Module.id == any_(KEYS), policy.visible_modules(self.viewer)
        )


class SyllabusByCourse(Trees[int]):
    """All modules of each course that the viewer may see, as a tree."""

    row = ModuleRow
    parent = "parent_module_id"

    @override
    def query(self) -> Select[Any]:
        return (
            select(*self.keyed(Module.course_id, Module))
            .select_from(Course)
            .join(Module, Module.course_id == Course.id)
            .where(
                Course.id == any_(KEYS),
                visible_courses(self.viewer),
                policy.visible_modules_of_course(self.viewer),
            )
            .order_by(Module.sequence_index, Module.id)
        )


def _in_order(value: SQLColumnExpression[Any]) -> ColumnElement[Any]:
    """The values of a module's items, in order; null for a module without items."""
    together = func.array_agg(aggregate_order_by(value, ContentItem.sequence_index, ContentItem.id))
    return together.filter(ContentItem.id.is_not(None))


class OutlineByCourse(Loader[int, Outline]):
    """The outline of each course as the viewer sees it, from a row for each module: one statement for all of it."""

    row = TotalsRow

    @override
    def query(self) -> Select[Any]:
        theirs = and_(ContentItem.module_id == Module.id, visible_items_of_module(self.viewer))
        whole: Select[Any] = select(
            Module.course_id,
            Module.university_id,
            Module.id,
            Module.parent_module_id,
            Module.effective_published,
            _in_order(ContentItem.id).label("item_ids"),
            _in_order(cast(ContentItem.content_type, Text)).label("kinds"),
            _in_order(ContentItem.is_active).label("active"),
            func.coalesce(func.sum(ContentItem.estimated_duration_seconds), 0).label("seconds"),
        )
        return (
            whole.select_from(Course)
            .join(Module, Module.course_id == Course.id)
            .outerjoin(ContentItem, theirs)
            .where(
                Course.id == any_(KEYS),
                visible_courses(self.viewer),
                policy.visible_modules_of_course(self.viewer),
            )
            .group_by(Module.university_id, Module.id)
            .order_by(Module.sequence_index, Module.id)
        )

    @override
    async def load_batch(self, keys: list[int]) -> list[Outline]:
        found: dict[int, list[Row]] = defaultdict(list)
        for row in await self.rows(keys):
            found[row[0]].append(row)
        return [outline(found[key]) for key in keys]


class TemplateById(One[int]):
    """A template that the viewer may see."""

    row = TemplateRow
    reads_tenant = True
    of_platform = True

    @override
    def query(self) -> Select[Any]:
        return select(ModuleTemplate.id, *columns(ModuleTemplate)).where(
            ModuleTemplate.id == any_(KEYS), policy.visible_templates(self.viewer)
        )


class Templates(Page[int]):
    """The templates of the request's university and the platform's, by id; the key says nothing."""

    row = TemplateRow
    reads_tenant = True
    of_platform = True
    order = (ModuleTemplate.id,)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*columns(ModuleTemplate)).where(policy.visible_templates(self.viewer))
