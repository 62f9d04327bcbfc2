"""Versions of templates, their trees, and what was made from them."""

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, Text, any_, cast, func, select
from sqlalchemy.orm import aliased
from typing_extensions import override

from lms_graphql.engine.dataloaders import KEYS, Loader, One, Page
from lms_graphql.engine.rows import Row, record
from lms_graphql.storage.statements import Statement, columns
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.syllabus.loaders import ModuleRow
from lms_graphql.syllabus.models import Module, ModuleTemplate, ModuleTemplateVersion
from lms_graphql.templates import policy
from lms_graphql.templates.drifting import Finding, drift
from lms_graphql.templates.reading import Root, compared_instances
from lms_graphql.templates.trees import Node, Tree, read

VersionRow = record("TemplateVersion", tenant=False)
TreeRow = record("TemplateNode", tenant=False)
RootRow = record("TemplateDrift")
_VERSION = columns(ModuleTemplateVersion)


def listed(tree: Tree | None, _row: Any) -> list[Node] | None:
    """The nodes of a tree that a loader gave, in its order; what an edge picks."""
    return None if tree is None else list(tree.listed())


class VersionById(One[int]):
    """A version of a template."""

    row = VersionRow
    reads_tenant = True
    of_platform = True

    @override
    def query(self) -> Select[Any]:
        return select(*_VERSION).where(ModuleTemplateVersion.id == any_(KEYS), policy.visible_versions(self.viewer))


class VersionsByTemplate(Page[int]):
    """The versions of each template, the first one first."""

    row = VersionRow
    reads_tenant = True
    of_platform = True
    order = (ModuleTemplateVersion.id,)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*_VERSION).where(
            ModuleTemplateVersion.template_id == parent, policy.visible_versions(self.viewer)
        )


class LatestByTemplate(One[int]):
    """The newest version of each template; None before the first is published."""

    row = VersionRow
    reads_tenant = True
    of_platform = True

    @override
    def query(self) -> Select[Any]:
        other = aliased(ModuleTemplateVersion)
        newest = select(func.max(other.version)).where(other.template_id == ModuleTemplateVersion.template_id)
        return select(ModuleTemplateVersion.template_id, *(one for one in _VERSION if one.key != "template_id")).where(
            ModuleTemplateVersion.template_id == any_(KEYS),
            ModuleTemplateVersion.version == newest.correlate(ModuleTemplateVersion).scalar_subquery(),
            policy.visible_versions(self.viewer),
        )


class VersionMetByModule(One[int]):
    """The version of its template that each module, the topmost one of an instance, has met."""

    row = VersionRow
    reads_tenant = True

    @override
    def query(self) -> Select[Any]:
        met = (ModuleTemplateVersion.template_id == Module.module_template_id) & (
            ModuleTemplateVersion.version == Module.template_version
        )
        return (
            select(Module.id.label("module_id"), *_VERSION)
            .select_from(Module)
            .join(ModuleTemplateVersion, met)
            .where(Module.id == any_(KEYS), policy.visible_instances(self.viewer), policy.visible_versions(self.viewer))
        )


class _Trees(Loader[int, Tree | None]):
    """The tree of each key; None where there is none."""

    row = TreeRow
    reads_tenant = True
    of_platform = True

    @override
    async def load_batch(self, keys: list[int]) -> list[Tree | None]:
        found = {row[0]: read(row["tree"]) for row in await self.rows(keys)}
        return [found.get(key) for key in keys]


class TreeByVersion(_Trees):
    """The tree of each version."""

    @override
    def query(self) -> Select[Any]:
        id_: ColumnElement[Any] = ModuleTemplateVersion.id.expression
        return select(id_, cast(ModuleTemplateVersion.tree, Text).label("tree")).where(
            ModuleTemplateVersion.id == any_(KEYS), policy.visible_versions(self.viewer)
        )


class DraftByTemplate(_Trees):
    """What will be the next version of each template."""

    @override
    def query(self) -> Select[Any]:
        id_: ColumnElement[Any] = ModuleTemplate.id.expression
        return select(id_, cast(ModuleTemplate.draft, Text).label("tree")).where(
            ModuleTemplate.id == any_(KEYS), ModuleTemplate.draft.is_not(None), policy.visible_drafts(self.viewer)
        )


class InstancesByTemplate(Page[int]):
    """The topmost modules of what was made from each template, in courses that the viewer reaches, by id."""

    row = ModuleRow
    order = (Module.id,)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*self.columns(Module)).where(
            Module.module_template_id == parent,
            Module.template_version.is_not(None),
            policy.visible_instances(self.viewer),
        )


class Drifted(NamedTuple):
    """In what an instance differs from the newest version of its template."""

    findings: list[Finding]


class DriftByModule(Loader[int, Drifted | None]):
    """In what each instance differs from the newest version of its template; None for what is no instance.

    Four statements for all of them.
    """

    row = RootRow

    @override
    def query(self) -> Select[Any]:
        newest = (
            select(func.max(ModuleTemplateVersion.version))
            .where(ModuleTemplateVersion.template_id == Module.module_template_id, policy.visible_versions(self.viewer))
            .correlate(Module)
            .scalar_subquery()
        )
        return select(
            Module.id,
            Module.university_id,
            Module.course_id,
            Module.module_template_id,
            Module.template_version,
            newest.label("newest"),
        ).where(
            Module.university_id == UNIVERSITY,
            Module.id == any_(KEYS),
            Module.template_version.is_not(None),
            policy.visible_instances(self.viewer),
        )

    @override
    async def load_batch(self, keys: list[int]) -> list[Drifted | None]:
        roots = [Root(key, *row) for key, _university, *row in await self.rows(keys)]
        found = await compared_instances(self._fetch, roots)
        made = {key: Drifted(drift(one.met, one.wanted, one.instance)) for key, one in found.items()}
        return [made.get(key) for key in keys]

    async def _fetch(self, statement: Statement, row: type[Row], **parameters: Any) -> list[Row]:
        return await self.context.fetch(statement, row, tenant=True, **parameters)
