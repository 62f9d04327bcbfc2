"""Adding a module, and changing what is said of one."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, String, Text, bindparam, cast, update

from lms_graphql.catalog.editing import course_to_edit
from lms_graphql.content.planting import PARENT, ModuleSeed, plant
from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.prose import prose
from lms_graphql.engine.rows import Row
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work, require_version
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.syllabus.editing import ModuleRow, module_to_edit, renew_version
from lms_graphql.syllabus.models import Module, module_type_enum

LONGEST_TITLE = 255
LONGEST_DESCRIPTION = 20_000
TYPE = ("input", "moduleType")
_SAID = ("module_type", "title", "description")
_UPDATE = Statement(
    update(Module)
    .where(Module.university_id == UNIVERSITY, Module.id == bindparam("module_id", type_=BigInteger))
    .values(
        module_type=cast(bindparam("module_type", type_=Text), module_type_enum),
        title=bindparam("title", type_=String),
        description=bindparam("description", type_=Text),
    )
    .returning(Module.version)
)


async def create_module(work: Work, given: Given) -> dict[str, Any]:
    """Add a module to a course, or below another module; gives `module_id`."""
    course_id, parent = await place_named(work, given)
    seed = ModuleSeed(given["moduleType"].value, _title(given), _description(given), bool(given.get("isPublished")))
    planted = await plant(work, course_id, parent, given.get("position"), [seed])
    return {"module_id": planted.module_ids[0]}


async def update_module(work: Work, given: Given) -> dict[str, Any]:
    """Change type, title or description of a module; gives `module_id`."""
    module = await module_to_edit(work, given["moduleId"])
    require_version(module["version"], given.get("expectedVersion"))
    wanted = {**{name: module[name] for name in _SAID}, **_wanted(given, module)}
    before = {name: module[name] for name in _SAID if module[name] != wanted[name]}
    if not before:
        work.nothing_changed()
        return {"module_id": module["id"]}
    (now,) = await work.rows(_UPDATE, ModuleRow, module_id=module["id"], **wanted)
    await work.audit(
        "module.update",
        "Module",
        module["id"],
        before={**before, "version": module["version"]},
        after={**{name: wanted[name] for name in before}, "version": now["version"]},
    )
    await work.tell("module.updated", "Module", module["id"], courseId=module["course_id"])
    await renew_version(work, module["course_id"])
    return {"module_id": module["id"]}


async def place_named(work: Work, given: Mapping[str, Any]) -> tuple[int, Row | None]:
    """The course that is named by itself or by a module of it, locked, and that module; INVALID unless one is named."""
    course, parent = given.get("courseId"), given.get("parentId")
    if (course is None) == (parent is None):
        message = "give either parentId, or courseId for a place at the top of the course"
        raise Refused(UserErrorCode.INVALID, message, PARENT)
    if course is not None:
        return (await course_to_edit(work, course))["id"], None
    module = await module_to_edit(work, str(parent), PARENT)
    return module["course_id"], module


def _wanted(given: Given, module: Row) -> dict[str, Any]:
    """The columns that are named, with their new values."""
    wanted: dict[str, Any] = {}
    for name in ("moduleType", "title"):
        if name in given and given[name] is None:
            raise Refused(UserErrorCode.INVALID, "this can't be null; leave it out to keep what it is", ("input", name))
    if "moduleType" in given:
        wanted["module_type"] = given["moduleType"].value
        if wanted["module_type"] == "course_root" and module["parent_module_id"] is not None:
            raise Refused(UserErrorCode.INVALID, "a COURSE_ROOT stands at the top; move the module there first", TYPE)
    if "title" in given:
        wanted["title"] = _title(given)
    if "description" in given:
        wanted["description"] = _description(given)
    return wanted


def _title(given: Given) -> str:
    return line(given["title"], ("input", "title"), most=LONGEST_TITLE)


def _description(given: Given) -> str | None:
    text = given.get("description")
    return None if text is None else prose(text, ("input", "description"), most=LONGEST_DESCRIPTION)
