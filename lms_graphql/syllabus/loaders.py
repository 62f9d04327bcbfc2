"""Modules and templates. The tree of a course is loaded whole: one statement, whatever its depth."""

from typing import Any

from sqlalchemy import ColumnElement, Select, any_, select
from typing_extensions import override

from lms_graphql.catalog.models import Course
from lms_graphql.catalog.policy import visible_courses
from lms_graphql.engine.dataloaders import KEYS, One, Page, Trees
from lms_graphql.engine.rows import record
from lms_graphql.storage.statements import columns
from lms_graphql.syllabus import policy
from lms_graphql.syllabus.models import Module, ModuleTemplate

ModuleRow = record(
    "Module", seldom=("depth", "parent_depth", "is_published", "effective_published", "created_at", "updated_at")
)
TemplateRow = record("ModuleTemplate", tenant=False)


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


class TemplateById(One[int]):
    """A template that the viewer may see."""

    row = TemplateRow
    reads_tenant = True

    @override
    def query(self) -> Select[Any]:
        return select(ModuleTemplate.id, *columns(ModuleTemplate)).where(
            ModuleTemplate.id == any_(KEYS), policy.visible_templates(self.viewer)
        )


class Templates(Page[int]):
    """The templates of the request's university and the platform's, by id; the key says nothing."""

    row = TemplateRow
    reads_tenant = True
    order = (ModuleTemplate.id,)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*columns(ModuleTemplate)).where(policy.visible_templates(self.viewer))
