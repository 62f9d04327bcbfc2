"""The life of universities: added with somebody who shall administer them, closed, opened again."""

import re
from typing import Any

from sqlalchemy import BigInteger, Boolean, String, Text, bindparam, cast, exists, func, insert, select, update

from lms_graphql.engine.changing import Field, checked, made_of
from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure
from lms_graphql.engine.work import require_version
from lms_graphql.platform.working import PlatformWork
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.tenancy.inviting import Guest, Role, invite, lasts_of, renewed
from lms_graphql.tenancy.members import EMAIL, NAME, MemberRow
from lms_graphql.tenancy.models import University, UniversityMember, UserUniversityRole
from lms_graphql.tenancy.places import require_country
from lms_graphql.tenancy.policy import ADMIN_ROLE
from lms_graphql.tenancy.renaming import NAME as UNIVERSITY_NAME
from lms_graphql.tenancy.renaming import TIME_ZONE, WEB_SITE

_CODE = re.compile(r"[A-Z0-9]{2,24}")
_UNIVERSITY = ("input", "universityId")


def _short_code(value: str, path: tuple[str, ...]) -> str:
    text = line(value, path, most=24)
    if _CODE.fullmatch(text) is None:
        raise Refused(UserErrorCode.INVALID, "a short code has 2 to 24 capital letters and digits", path)
    return text


_FIELDS = (Field("shortCode", "short_code", _short_code), UNIVERSITY_NAME, TIME_ZONE, WEB_SITE)
TAKEN = {
    "ux_universities_short_code": UserFailure(
        UserErrorCode.TAKEN, "another university has this short code", ("input", "shortCode")
    )
}

_UniversityRow = record("University", tenant=False)
_ID = bindparam("number", type_=BigInteger, required=True)
_ADD = Statement(
    insert(University)
    .values(
        short_code=bindparam("short_code", type_=String, required=True),
        name=bindparam("name", type_=String, required=True),
        time_zone=bindparam("time_zone", type_=String, required=True),
        website_url=bindparam("website_url", type_=String, required=True),
        country_id=bindparam("country_id", type_=BigInteger, required=True),
    )
    .returning(University.id)
)
_LOCK = Statement(
    select(University.id, University.is_active, University.version)
    .where(University.id == _ID)
    .with_for_update(key_share=True)
)
_SET_ACTIVE = Statement(
    update(University)
    .where(University.id == _ID)
    .values(is_active=bindparam("is_active", type_=Boolean, required=True))
)
_has_role = exists(
    select(UserUniversityRole.id).where(
        UserUniversityRole.university_id == UNIVERSITY,
        UserUniversityRole.user_id == UniversityMember.user_id,
        cast(UserUniversityRole.role, Text) == ADMIN_ROLE,
    )
)
_ADMINISTRATORS = Statement(
    select(UniversityMember.user_id).where(
        UniversityMember.university_id == UNIVERSITY, UniversityMember.status == "active", _has_role
    )
)
_WAITING = Statement(
    select(UniversityMember.user_id).where(
        UniversityMember.university_id == UNIVERSITY,
        UniversityMember.status == "invited",
        func.lower(UniversityMember.email) == func.lower(bindparam("email", type_=String, required=True)),
        _has_role,
    )
)


async def create_university(work: PlatformWork, given: Given) -> dict[str, Any]:
    """Add a university and invite who shall administer it; gives `university_id`, `user_id` and the `token`."""
    lasts = lasts_of(given)
    country_id = await require_country(work, given["countryId"], ("input", "countryId"))
    values = {**made_of(given, _FIELDS), "country_id": country_id}
    guest = _administrator(given)
    (row,) = await work.rows(_ADD, _UniversityRow, **values)
    told = {**{field.name: values[field.column] for field in _FIELDS}, "countryId": country_id, "isActive": True}
    await work.audit("university.create", "University", row["id"], after=told)
    await work.enter(row["id"])
    (invited,) = await invite(work, [guest], lasts, by=None)
    await work.tell("university.created", "University", row["id"])
    return {"university_id": row["id"], "token": invited.token}


async def invite_administrator(work: PlatformWork, given: Given) -> dict[str, Any]:
    """Invite an administrator where a university has none; gives `university_id` and the `token`.

    Who was invited so, and has not come yet, gets another token.
    """
    lasts, guest = lasts_of(given), _administrator(given)
    university = await _locked(work, given)
    await work.enter(university["id"])
    if await work.rows(_ADMINISTRATORS, MemberRow):
        message = "this university has an administrator, who invites others"
        raise Refused(UserErrorCode.CLOSED, message, _UNIVERSITY)
    waiting = await work.one(_WAITING, MemberRow, email=guest.email)
    if waiting is not None:
        token = await renewed(work, waiting["user_id"], lasts, by=None)
    else:
        (invited,) = await invite(work, [guest], lasts, by=None)
        if invited.failure is not None:
            path = ("input", "administrator", *invited.failure.path)
            raise Refused.all([invited.failure._replace(path=path)])
        token = invited.token or ""
    told = {"days": lasts.days, "role": ADMIN_ROLE}
    await work.audit("university.invite_administrator", "University", university["id"], after=told)
    return {"university_id": university["id"], "token": token}


async def set_university_active(work: PlatformWork, given: Given) -> dict[str, Any]:
    """Open or close a university; gives `university_id` and `is_active`."""
    row = await _locked(work, given)
    require_version(row["version"], given.get("expectedVersion"))
    before, after = row["is_active"], given["isActive"]
    if before == after:
        work.nothing_changed()
    else:
        await work.rows(_SET_ACTIVE, _UniversityRow, number=row["id"], is_active=after)
        act = "university.open" if after else "university.close"
        await work.audit(act, "University", row["id"], before={"isActive": before}, after={"isActive": after})
    return {"university_id": row["id"], "is_active": after}


def _administrator(given: Given) -> Guest:
    """Who shall administer it."""
    person = given["administrator"]
    try:
        email, name = (checked(field, person[field.name]) for field in (EMAIL, NAME))
    except Refused as refused:
        failures = [one._replace(path=("input", "administrator", *one.path[1:])) for one in refused.failures]
        raise Refused.all(failures) from refused
    return Guest(email, name, None, (Role(ADMIN_ROLE, None),))


async def _locked(work: PlatformWork, given: Given) -> Row:
    number = number_of(given["universityId"], "University", None)
    row = None if number is None else await work.one(_LOCK, _UniversityRow, number=number)
    if row is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such university", _UNIVERSITY)
    return row
