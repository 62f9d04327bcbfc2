"""Publishing the draft of a template as its next version; archiving templates and taking that back."""

from typing import Any

from sqlalchemy import BigInteger, Integer, Text, bindparam, cast, func, insert, null, update
from sqlalchemy.dialects.postgresql import JSONB

from lms_graphql.engine.mutations import Given
from lms_graphql.engine.rows import record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work, require_version
from lms_graphql.storage.statements import Statement
from lms_graphql.syllabus.models import ModuleTemplate, ModuleTemplateVersion, module_type_enum
from lms_graphql.templates.checking import text
from lms_graphql.templates.finding import OWN_TEMPLATE, OWNER, TEMPLATE, template_to_edit, version_of
from lms_graphql.templates.trees import read, spelled

_LONGEST_NOTES = 2000

_Row = record("EditedTemplate", tenant=False)
_TEMPLATE = bindparam("template_id", type_=BigInteger)
_ADD = Statement(
    insert(ModuleTemplateVersion)
    .inline()
    .values(
        template_id=_TEMPLATE,
        university_id=OWNER,
        version=bindparam("number", type_=Integer),
        title=bindparam("title", type_=Text),
        notes=bindparam("notes", type_=Text),
        tree=cast(bindparam("tree", type_=Text), JSONB),
        node_count=bindparam("node_count", type_=Integer),
    )
    .returning(ModuleTemplateVersion.id)
)
_PUBLISHED = Statement(
    update(ModuleTemplate)
    .where(*OWN_TEMPLATE)
    .values(
        draft=null(),
        title=bindparam("title", type_=Text),
        description=bindparam("description", type_=Text),
        template_type=cast(bindparam("type", type_=Text), module_type_enum),
    )
)
_ARCHIVE = Statement(update(ModuleTemplate).where(*OWN_TEMPLATE).values(archived_at=func.now()))
_RESTORE = Statement(update(ModuleTemplate).where(*OWN_TEMPLATE).values(archived_at=null()))


async def publish_template_version(work: Work, given: Given) -> dict[str, Any]:
    """Make the draft the next version; gives `template_id` and `version_id`. CLOSED where there is nothing new."""
    template = await template_to_edit(work, given["templateId"])
    require_version(template["version"], given.get("expectedVersion"))
    notes = text(given.get("notes"), ("input", "notes"), most=_LONGEST_NOTES)
    if template["draft_text"] is None:
        raise Refused(UserErrorCode.CLOSED, "nothing has changed since the newest version", TEMPLATE)
    tree, before = read(template["draft_text"]), await version_of(work, template["id"])
    root, number = tree.root, 1 if before is None else before["version"] + 1
    (added,) = await work.rows(
        _ADD,
        _Row,
        template_id=template["id"],
        owner_id=work.university_id,
        number=number,
        title=root.title,
        notes=notes,
        tree=spelled(tree),
        node_count=len(tree.nodes),
    )
    await work.rows(
        _PUBLISHED,
        _Row,
        template_id=template["id"],
        owner_id=work.university_id,
        title=root.title,
        description=root.description,
        type=root.type,
    )
    await work.audit(
        "template.publish",
        "ModuleTemplate",
        template["id"],
        before={"version": None if before is None else before["version"]},
        after={"version": number, "version_id": added["id"], "notes": notes, "tree": [_told(n) for n in tree.listed()]},
    )
    if work.university_id is not None:  # what is told is told in a university
        await work.tell("template.published", "ModuleTemplate", template["id"], version=number)
    return {"template_id": template["id"], "version_id": added["id"]}


def _told(node: Any) -> dict[str, Any]:
    return {name: getattr(node, name) for name in node.__struct_fields__}


async def archive_template(work: Work, given: Given) -> dict[str, Any]:
    """Let nothing be made from a template any more; what was made stays, and can still be brought up to date."""
    return await _set_archived(work, given, archived=True)


async def restore_template(work: Work, given: Given) -> dict[str, Any]:
    """Let modules be made from an archived template again."""
    return await _set_archived(work, given, archived=False)


async def _set_archived(work: Work, given: Given, *, archived: bool) -> dict[str, Any]:
    template = await template_to_edit(work, given["templateId"])
    require_version(template["version"], given.get("expectedVersion"))
    if (template["archived_at"] is not None) == archived:
        work.nothing_changed()
        return {"template_id": template["id"]}
    await work.rows(_ARCHIVE if archived else _RESTORE, _Row, template_id=template["id"], owner_id=work.university_id)
    act = "template.archive" if archived else "template.restore"
    before, after = {"archived": not archived}, {"archived": archived}
    await work.audit(act, "ModuleTemplate", template["id"], before=before, after=after)
    return {"template_id": template["id"]}
