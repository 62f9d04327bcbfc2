"""What no university owns, and the universities themselves."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from lms_graphql.catalog.models import Domain, Subject
from lms_graphql.demo import university as data
from lms_graphql.demo.rows import Rows
from lms_graphql.demo.university import DEMO, Person
from lms_graphql.tenancy.models import Country, PlatformAdministrator, University, User


def address(person: str, short_code: str = DEMO) -> str:
    """The e-mail address that a university knows a person by."""
    return f"{person}@{short_code.lower()}.example.edu"


def everybody() -> list[Person]:
    """All who get a login: the people of the universities, and who looks after the platform."""
    return [*data.PEOPLE, data.PLATFORM_ADMINISTRATOR]


async def add_country(connection: AsyncConnection) -> int:
    """The country of both, which may be there already. Gives its id."""
    values = {"iso_code": "US", "name": "United States", "region_name": "North America"}
    await connection.execute(insert(Country).values(values).on_conflict_do_nothing())
    return int(await connection.scalar(select(Country.id).where(Country.iso_code == "US")) or 0)


async def add_subjects(rows: Rows) -> dict[str, int]:
    """Domains and the tree of subjects; those that are there already are taken as they are. Gives ids by code."""
    domains = [
        {"code": code, "name": name, "description": description} for code, (name, description) in data.DOMAINS.items()
    ]
    domain_ids = await _ids(rows, Domain, domains)
    depths: dict[str | None, int] = {None: -1}
    for code, _, _, parent in data.SUBJECTS:
        depths[code] = depths[parent] + 1
    names = {code: name for code, name, _, _ in data.SUBJECTS}
    ids: dict[str, int] = {}
    for depth in range(max(depths.values()) + 1):
        subjects = [
            {
                "code": code,
                "name": name,
                "description": f"A part of {(names[parent] if parent else data.DOMAINS[domain][0]).lower()}.",
                "domain_id": domain_ids[domain],
                "parent_subject_id": ids[parent] if parent else None,
                "depth": depth,
            }
            for code, name, domain, parent in data.SUBJECTS
            if depths[code] == depth
        ]
        ids |= await _ids(rows, Subject, subjects)
    return ids


async def _ids(rows: Rows, model: Any, wanted: list[dict[str, Any]]) -> dict[str, int]:
    """Insert what is not there yet, and give the ids of all of it by code."""
    await rows.connection.execute(insert(model).on_conflict_do_nothing(), wanted)
    codes = [row["code"] for row in wanted]
    found = await rows.connection.execute(select(model.code, model.id).where(model.code.in_(codes)))
    return {code: row_id for code, row_id in found}  # noqa: C416 - dict() of rows is no dict to mypy


async def add_users(rows: Rows) -> dict[str, int]:
    """Ids by the name in the address. Nobody can sign in with a password."""
    people = everybody()
    ids = await rows.add(
        User,
        [
            {
                "email": address(person.name),
                "full_name": person.label,
                "password_hash": "!",
                "time_zone": "America/New_York",
            }
            for person in people
        ],
    )
    users = {person.name: user_id for person, user_id in zip(people, ids, strict=True)}
    await rows.put(PlatformAdministrator, [{"user_id": users[data.PLATFORM_ADMINISTRATOR.name]}])
    return users


async def add_university(rows: Rows, country_id: int, short_code: str, name: str) -> int:
    """A university. Gives its id."""
    values = {
        "name": name,
        "short_code": short_code,
        "country_id": country_id,
        "time_zone": "America/New_York",
        "website_url": f"https://{short_code.lower()}.example.edu",
    }
    (university_id,) = await rows.add(University, [values])
    return university_id
