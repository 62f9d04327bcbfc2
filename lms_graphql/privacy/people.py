"""Finding the person that a command means."""

from typing import Any

import asyncpg
import msgspec
from sqlalchemy import bindparam, func, select

from lms_graphql.storage import tenancy
from lms_graphql.storage.statements import Statement
from lms_graphql.tenancy.models import University, UniversityMember

_UNIVERSITY = Statement(select(University.id).where(University.short_code == bindparam("short_code")))
_MEMBER = Statement(
    select(UniversityMember.user_id).where(
        UniversityMember.university_id == tenancy.UNIVERSITY,
        func.lower(UniversityMember.email) == func.lower(bindparam("email")),
    )
)


class PersonUnknownError(Exception):
    """There is no such university, or nobody with this address in it; the message says which."""


class Person(msgspec.Struct, frozen=True):
    """A person of a university, by numbers."""

    university_id: int
    user_id: int


async def find_person(driver: asyncpg.Connection, short_code: str, email: str) -> Person:
    """The person with this address in the university; PersonUnknownError when there is none."""
    university_id = await _fetchval(driver, _UNIVERSITY, short_code=short_code)
    if university_id is None:
        raise PersonUnknownError(f"there is no university with the short code {short_code}")
    async with driver.transaction(readonly=True):
        await driver.execute("; ".join(tenancy.settings(university_id, None)))
        user_id = await _fetchval(driver, _MEMBER, university_id=university_id, email=email)
    if user_id is None:
        raise PersonUnknownError(f"nobody in {short_code} has the address {email}")
    return Person(university_id, user_id)


async def _fetchval(driver: asyncpg.Connection, statement: Statement, **parameters: Any) -> int | None:
    value: int | None = await driver.fetchval(statement.sql, *statement.arguments(parameters))
    return value
