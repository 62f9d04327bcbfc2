"""What those who work with templates begin with: the template, as they see it, and its versions."""

from typing import Any

from sqlalchemy import BigInteger, BindParameter, Integer, Text, bindparam, cast, func, select

from lms_graphql.catalog.editing import EDITORS
from lms_graphql.engine.context import Viewer
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement, columns
from lms_graphql.syllabus.models import ModuleTemplate, ModuleTemplateVersion
from lms_graphql.syllabus.policy import visible_templates
from lms_graphql.tenancy.policy import may_author

TEMPLATE = ("input", "templateId")
VERSION = ("input", "version")

_Row = record("EditedTemplate", tenant=False)
_TEMPLATE = bindparam("template_id", type_=BigInteger)
_WANTED: Any = bindparam("wanted_version", type_=Integer)


def _seen(viewer: Viewer) -> Any:
    return select(*columns(ModuleTemplate)).where(ModuleTemplate.id == _TEMPLATE, visible_templates(viewer))


_SEEN = {standing: Statement(_seen(Viewer(standing=standing))) for standing in EDITORS}
OWNER: BindParameter[int | None] = bindparam("owner_id", type_=BigInteger, required=True)
"""Whose a template is that somebody writes: `Work.university_id`, null for the platform's library."""
OWN_TEMPLATE = (ModuleTemplate.university_id.is_not_distinct_from(OWNER), ModuleTemplate.id == _TEMPLATE)
_LOCK = Statement(
    select(*columns(ModuleTemplate), cast(ModuleTemplate.draft, Text).label("draft_text"))
    .where(*OWN_TEMPLATE)
    .with_for_update(key_share=True)
)
_VERSION = Statement(
    select(*columns(ModuleTemplateVersion), cast(ModuleTemplateVersion.tree, Text).label("tree"))
    .where(
        ModuleTemplateVersion.template_id == _TEMPLATE,
        ModuleTemplateVersion.version
        == func.coalesce(
            _WANTED,
            select(func.max(ModuleTemplateVersion.version))
            .where(ModuleTemplateVersion.template_id == _TEMPLATE)
            .scalar_subquery(),
        ),
    )
    .limit(1)
)


async def template_to_use(work: Work, text: str, path: tuple[str, ...] = TEMPLATE) -> Row:
    """The template that a global id names; NOT_FOUND if the viewer does not see it."""
    number = number_of(text, "ModuleTemplate", None)
    row = None if number is None else await work.one(_SEEN[work.viewer.standing], _Row, template_id=number)
    if row is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such template for you", path)
    return row


async def template_to_edit(work: Work, text: str, path: tuple[str, ...] = TEMPLATE) -> Row:
    """The template that a global id names, locked, with `draft_text`; FORBIDDEN if it is not the viewer's to change.

    Work in no university is an administrator's of the platform, for whom there are its library's templates alone.
    """
    number = number_of(text, "ModuleTemplate", None)
    if work.university_id is not None:
        number = await _own_template(work, text, path)
    bound = {"template_id": number, "owner_id": work.university_id}
    row = None if number is None else await work.one(_LOCK, _Row, **bound)
    if row is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such template for you", path)
    return row


async def _own_template(work: Work, text: str, path: tuple[str, ...]) -> int:
    """The number of a template that the viewer, in a university, may change."""
    seen = await template_to_use(work, text, path)
    if not may_author(work.viewer):
        raise Refused(UserErrorCode.FORBIDDEN, "your roles here do not allow this for the template", path)
    if seen["university_id"] is None:
        raise Refused(
            UserErrorCode.FORBIDDEN,
            "this template is of the platform's library, which no university changes: make a module from it, and your"
            " own template from that",
            path,
        )
    number: int = seen["id"]
    return number


async def version_of(
    work: Work, template_id: int, wanted: int | None = None, path: tuple[str, ...] = VERSION
) -> Row | None:
    """A version of a template with its `tree`, the newest if none is named; None where none is published at all.

    NOT_FOUND for a version that there is not.
    """
    row = await work.one(_VERSION, _Row, template_id=template_id, wanted_version=wanted)
    if row is None and wanted is not None:
        raise Refused(UserErrorCode.NOT_FOUND, f"the template has no version {wanted}", path)
    return row
