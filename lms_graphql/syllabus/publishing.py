"""Showing modules to students and hiding them, and putting them away with all that is below them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Boolean, Update, any_, bindparam, func, null, update

from lms_graphql.engine.mutations import Given
from lms_graphql.engine.rows import Row
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work, require_version
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.syllabus.editing import MODULE, ModuleRow, module_in, module_to_edit, refresh_published, renew_version
from lms_graphql.syllabus.models import Module
from lms_graphql.syllabus.subtree import subtree

_CHANGED = ("is_published", "archived_at", "version")


def _change(**values: Any) -> Statement:
    """Changes the modules that are named; gives what they are then."""
    here = (Module.university_id == UNIVERSITY, Module.id == any_(bindparam("ids", type_=ARRAY(BigInteger))))
    changing: Update = update(Module).where(*here).values(values)
    return Statement(changing.returning(Module.id, *(getattr(Module, name) for name in _CHANGED)))


_PUBLISH = _change(is_published=bindparam("published", type_=Boolean))
_ARCHIVE = _change(archived_at=func.now(), is_published=False, effective_published=False)
_RESTORE = _change(archived_at=null())


async def publish_module(work: Work, given: Given) -> dict[str, Any]:
    """Publish a module, and with `subtree` all below it that is not archived; gives `module_id`."""
    module = await _module(work, given)
    if module["archived_at"] is not None:
        raise Refused(UserErrorCode.CLOSED, "this module is archived; restore it first", MODULE)
    rows = [row for row in await _meant(work, given, module) if row["archived_at"] is None and not row["is_published"]]
    return await _publish(work, module, rows, published=True)


async def unpublish_module(work: Work, given: Given) -> dict[str, Any]:
    """Take a module back from students, and with `subtree` the flag of all below it too; gives `module_id`."""
    module = await _module(work, given)
    rows = [row for row in await _meant(work, given, module) if row["is_published"]]
    return await _publish(work, module, rows, published=False)


async def archive_module(work: Work, given: Given) -> dict[str, Any]:
    """Put a module away with all below it, which unpublishes them; gives `module_id`."""
    module = await _module(work, given)
    rows = [row for row in await subtree(work, module["id"]) if row["archived_at"] is None]
    return await _apply(work, _ARCHIVE, "archive", "archived", module, rows)


async def restore_module(work: Work, given: Given) -> dict[str, Any]:
    """Bring a module back with what was put away with it, none of it published; gives `module_id`."""
    module = await _module(work, given)
    if module["archived_at"] is not None and module["parent_module_id"] is not None:
        above = await module_in(work, module["course_id"], module["parent_module_id"], MODULE)
        if above["archived_at"] is not None:
            message = "the module above it is archived too; restore that one, or move this one out of it first"
            raise Refused(UserErrorCode.CLOSED, message, MODULE)
    rows = [
        row
        for row in await subtree(work, module["id"])
        if row["archived_at"] is not None and row["archived_at"] == module["archived_at"]
    ]
    return await _apply(work, _RESTORE, "restore", "restored", module, rows)


async def _module(work: Work, given: Given) -> Row:
    module = await module_to_edit(work, given["moduleId"])
    require_version(module["version"], given.get("expectedVersion"))
    return module


async def _meant(work: Work, given: Given, module: Row) -> list[Row]:
    return await subtree(work, module["id"]) if given.get("subtree") else [module]


async def _publish(work: Work, module: Row, rows: Sequence[Row], *, published: bool) -> dict[str, Any]:
    act, topic = ("publish", "published") if published else ("unpublish", "unpublished")
    return await _apply(work, _PUBLISH, act, topic, module, rows, published=published)


async def _apply(
    work: Work, statement: Statement, act: str, topic: str, module: Row, rows: Sequence[Row], **parameters: Any
) -> dict[str, Any]:
    """Change these modules, which are the module or below it, in one statement; tell of what they were and are."""
    keys = {"module_id": module["id"], "count": len(rows)}
    if not rows:
        work.nothing_changed()
        return keys
    ids = [row["id"] for row in rows]
    now = {row["id"]: row for row in await work.rows(statement, ModuleRow, ids=ids, **parameters)}
    changes = []
    for row in rows:
        differ = [name for name in _CHANGED if row[name] != now[row["id"]][name]]
        values = {name: row[name] for name in differ}, {name: now[row["id"]][name] for name in differ}
        changes.append((row["id"], *values))
    await refresh_published(work, module["course_id"])
    await work.audit_each(f"module.{act}", "Module", changes)
    await work.tell(f"module.{topic}", "Module", module["id"], courseId=module["course_id"], moduleIds=ids)
    await renew_version(work, module["course_id"])
    return keys
