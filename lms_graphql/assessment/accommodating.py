"""What an offering asks of an item of one person alone: other dates, more time, more attempts."""

from typing import Any

from lms_graphql.assessment import deadlines, scopes
from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.enrollment import finding

_LONGEST_REASON = 255
_NUMBERS = {"extraTimeSeconds": ("extra_time_seconds", 604_800), "extraAttempts": ("extra_attempts", 1000)}


async def set_item_override(work: Work, given: Given) -> dict[str, Any]:
    """Write what is set for one person; gives `override_id`. An open attempt gets the deadline that follows."""
    person_id = number_of(given["userId"], "User", work.viewer.university_id)
    offering, _ = await finding.offering_to_run(work, given)
    item = await scopes.item_of(work, given, offering["course_id"])
    scope = scopes.Scope(
        offering["id"], offering["course_id"], item["id"], person_id=await _person(work, person_id, offering["id"])
    )
    reason = line(given["reason"], ("input", "reason"), most=_LONGEST_REASON)
    wanted = _wanted(work, given)
    await deadlines.lock_people(work, scope)
    before = await scopes.current(work, scope)
    after = before.values | wanted
    if before.id is not None and after == before.values:
        work.nothing_changed()
        return {"override_id": before.id}
    written = await scopes.write(work, scope, before, after)
    moved = await deadlines.move_deadlines(work, scope, item)
    await work.audit(
        "override.set",
        "SettingOverride",
        written,
        before=None if before.id is None else {**scope.audited, **before.values},
        after={**scope.audited, **after, "movedAttempts": moved},
        reason=reason,
    )
    await work.tell("override.set", "SettingOverride", written, **scope.audited)
    return {"override_id": written}


async def _person(work: Work, person_id: int | None, offering_id: int) -> int:
    """Somebody who is or was enrolled in the offering."""
    known = {} if person_id is None else await finding.statuses_in(work, offering_id, [person_id])
    if person_id is None or person_id not in known:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such person in the offering", ("input", "userId"))
    return person_id


def _wanted(work: Work, given: Given) -> dict[str, Any]:
    """The columns that are to be changed, with their new values."""
    for name, (_, most) in _NUMBERS.items():
        value = given.get(name)
        if value is not None and not 0 <= value <= most:
            raise Refused(UserErrorCode.INVALID, f"this must be from 0 to {most}", ("input", name))
    numbers = {column: given[name] for name, (column, _) in _NUMBERS.items() if name in given}
    wanted = scopes.dates(work, given) | numbers
    scopes.require_any(wanted)
    return wanted
