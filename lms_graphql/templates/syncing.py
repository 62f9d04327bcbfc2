"""Bringing what was made from a template up to a version of it: what was changed by hand stays."""

from typing import Any, NamedTuple

from lms_graphql.engine.mutations import Given
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.syllabus.editing import MODULE, module_to_edit
from lms_graphql.templates.finding import version_of
from lms_graphql.templates.merging import Outcome, Plan, TooDeepError, merged, removable
from lms_graphql.templates.reading import Root, compared_instances
from lms_graphql.templates.records import recorded
from lms_graphql.templates.writing import write

SYNC = "template.sync"


class Synced(NamedTuple):
    """What was, or would be, done: a dict for each difference, and whether anything changes at all."""

    results: list[dict[str, Any]]
    changes: bool


async def sync_from_template(work: Work, given: Given) -> dict[str, Any]:
    """Bring a module that was made from a template up to a version of it, or only tell what that would change.

    Gives `module_id`, `version`, `results` and `dry_run`.
    """
    module = await module_to_edit(work, given["moduleId"])
    if module["template_version"] is None:
        message = "this module follows no template: name the topmost module of what was made from one"
        raise Refused(UserErrorCode.INVALID, message, MODULE)
    version = await version_of(work, module["module_template_id"], given.get("version"))
    wanted = module["template_version"] if version is None else version["version"]
    root = Root(module["id"], module["course_id"], module["module_template_id"], module["template_version"], wanted)
    is_dry = bool(given.get("dryRun"))
    synced = await brought_up_to_date(work, root, keep=not is_dry)
    if is_dry or not synced.changes:
        work.nothing_changed()
    return {"module_id": root.id, "version": wanted, "results": synced.results, "dry_run": is_dry}


async def brought_up_to_date(work: Work, root: Root, *, keep: bool = True) -> Synced:
    """Bring an instance to the wanted version; with `keep` False only work out what that would be.

    The course must be locked, and who asks must have been judged. CLOSED for one that is archived, LIMIT_REACHED
    where a module would lie too deep.
    """
    instance, met, wanted = (await compared_instances(work.rows, [root]))[root.id]
    if instance.root.archived_at is not None:
        raise Refused(UserErrorCode.CLOSED, "this module is archived; restore it first", MODULE)
    try:
        plan = merged(met, wanted, instance, await recorded(work, removable(met, wanted, instance)))
    except TooDeepError as error:
        message = f"the module {error.args[0]!r} would lie too deep: move {instance.root.title!r} higher up first"
        raise Refused(UserErrorCode.LIMIT_REACHED, message, MODULE) from None
    results = _told(plan)
    changes = root.met != root.wanted or any(outcome is not Outcome.KEPT for _, outcome in plan.results)
    changes = changes or bool(plan.detached)
    if keep and changes:
        await write(work, root.course_id, instance, plan, root.wanted)
        after = {"template_version": root.wanted, "results": results}
        await work.audit(SYNC, "Module", root.id, before={"template_version": root.met}, after=after)
        await work.tell("template.synced", "Module", root.id, courseId=root.course_id, version=root.wanted)
    return Synced(results, changes)


def _told(plan: Plan) -> list[dict[str, Any]]:
    return [
        {
            "key": finding.key,
            "kind": finding.kind,
            "title": finding.title,
            "field": finding.field.value,
            "drift": finding.drift.value,
            "outcome": outcome.value,
        }
        for finding, outcome in plan.results
    ]
