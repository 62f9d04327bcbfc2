"""Inviting as administrators of a university do it: one person, or a whole list with what became of each row."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, BigInteger, any_, bindparam, select

from lms_graphql.engine.changing import checked
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.tenancy.granting import require_grantable
from lms_graphql.tenancy.inviting import MOST_ROLES, MOST_ROWS, Guest, Invited, Role, invite, lasts_of
from lms_graphql.tenancy.members import EMAIL, NAME, STUDENT_NUMBER, MemberRow
from lms_graphql.tenancy.models import Department

_DEPARTMENTS = Statement(
    select(Department.id)
    .where(
        Department.university_id == UNIVERSITY,
        Department.id == any_(bindparam("asked", type_=ARRAY(BigInteger), required=True)),
    )
    .with_for_update(read=True, key_share=True)
)
_ROWS = ("input", "members")


async def invite_member(work: Work, given: Given) -> dict[str, Any]:
    """Invite one person; gives `user_id`, and tells `token` once."""
    lasts = lasts_of(given)
    departments = await _departments(work, [given])
    guest = _guest(work, given, departments)
    (invited,) = await invite(work, [guest], lasts, by=work.viewer.user_id)
    if invited.failure is not None:
        raise Refused.all([invited.failure._replace(path=("input", *invited.failure.path))])
    work.once["token"] = invited.token
    return {"user_id": invited.user_id}


async def bulk_invite_members(work: Work, given: Given) -> dict[str, Any]:
    """Invite many; gives `results`, one for each row in order, and tells `tokens` once, by row.

    A row that can't be done is told and left out. With `dryRun` all of it is done, told and taken back.
    """
    lasts = lasts_of(given)
    asked: Sequence[Mapping[str, Any]] = given["members"]
    if len(asked) > MOST_ROWS:
        message = f"these are {len(asked)} people, at most {MOST_ROWS} can be invited at once"
        raise Refused(UserErrorCode.LIMIT_REACHED, message, _ROWS)
    is_trial = bool(given.get("dryRun"))
    departments = await _departments(work, asked)
    found: dict[int, Guest] = {}
    results: dict[int, Invited] = {}
    for index, row in enumerate(asked):
        try:
            found[index] = _guest(work, row, departments)
        except Refused as refused:
            failure = refused.failures[0]
            results[index] = Invited(failure=failure._replace(path=failure.path[1:]))
    async with work.part(keep=not is_trial):
        invited = await invite(work, list(found.values()), lasts, by=work.viewer.user_id)
    results |= dict(zip(found, invited, strict=True))
    if is_trial or all(result.failure is not None for result in invited):
        work.nothing_changed()
    if not is_trial:
        work.once["tokens"] = {str(index): result.token for index, result in results.items() if result.token}
    return {"results": [_told(index, results[index], is_trial=is_trial) for index in range(len(asked))]}


def _told(index: int, result: Invited, *, is_trial: bool) -> dict[str, Any]:
    failure = result.failure
    error = None if failure is None else [failure.code.value, failure.message, list(failure.path)]
    return {"index": index, "user_id": None if is_trial else result.user_id, "error": error}


async def _departments(work: Work, asked: Sequence[Mapping[str, Any]]) -> Mapping[str, int]:
    """The numbers of the departments that roles name and that are there, by global id; they can't go meanwhile."""
    named = {role["departmentId"] for row in asked for role in row.get("roles") or () if role.get("departmentId")}
    numbers = {text: number_of(text, "Department", work.viewer.university_id) for text in named}
    wanted = sorted({number for number in numbers.values() if number is not None})
    there = {row["id"] for row in await work.rows(_DEPARTMENTS, MemberRow, asked=wanted)} if wanted else set()
    return {text: number for text, number in numbers.items() if number in there and number is not None}


def _guest(work: Work, given: Mapping[str, Any], departments: Mapping[str, int]) -> Guest:
    """Who is meant; Refused with a path from `input` on for what can't be taken."""
    email, name, number = (checked(field, given.get(field.name)) for field in (EMAIL, NAME, STUDENT_NUMBER))
    return Guest(email, name, number, _roles(work, given.get("roles") or (), departments))


def _roles(work: Work, asked: Sequence[Mapping[str, Any]], departments: Mapping[str, int]) -> tuple[Role, ...]:
    if len(asked) > MOST_ROLES:
        message = f"at most {MOST_ROLES} roles can be given at once"
        raise Refused(UserErrorCode.LIMIT_REACHED, message, ("input", "roles"))
    found: dict[Role, None] = {}
    for index, role in enumerate(asked):
        path, text = ("input", "roles", str(index)), role.get("departmentId")
        if text is not None and text not in departments:
            raise Refused(UserErrorCode.NOT_FOUND, "there is no such department", (*path, "departmentId"))
        made = Role(str(role["role"].value), None if text is None else departments[text])
        require_grantable(work.viewer, made.name, made.department_id, path)
        found[made] = None
    return tuple(found)


def failure_of(error: Any, index: int) -> UserFailure | None:
    """What stands against a row of `bulkInviteMembers`, with its whole path."""
    if error is None:
        return None
    code, message, path = error
    return UserFailure(UserErrorCode(code), message, (*_ROWS, str(index), *path))
