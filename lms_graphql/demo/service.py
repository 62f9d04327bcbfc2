"""Loads the demo: two universities that share one student, so that tenancy can be seen, and an imported academy."""

from collections.abc import Callable
from datetime import datetime

import msgspec
from sqlalchemy import Text, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lms_graphql.certificates.credentials import Signer
from lms_graphql.demo import university as data
from lms_graphql.demo.academy import ACADEMY, TEACHER, academy
from lms_graphql.demo.campus import Campus
from lms_graphql.demo.reference import add_country, add_subjects, add_university, add_users, address, everybody
from lms_graphql.demo.rows import Rows
from lms_graphql.demo.signing import Signing
from lms_graphql.demo.university import DEMO, LAKE
from lms_graphql.interop.academy.service import import_academy
from lms_graphql.interop.service import ignore
from lms_graphql.syllabus.models import ModuleTemplate
from lms_graphql.tenancy.models import University, User


class DemoExistsError(Exception):
    """The demo, or something in its place, is already here; nothing was changed."""


class DemoPerson(msgspec.Struct):
    """Somebody to act as: the short code of a university, or None for who looks after the platform."""

    label: str
    role: str
    user_id: int
    university: str | None


class DemoSummary(msgspec.Struct):
    """One person for each role, students first, and the code of the course to show first."""

    people: list[DemoPerson]
    course_code: str


async def load_demo(
    connection: AsyncConnection, on_progress: Callable[[int, int], None] = ignore, signer: Signer | None = None
) -> DemoSummary:
    """Write all three universities; the caller has begun the transaction as lms_owner, and commits.

    Dates are relative to now, and the codes of certificates are nobody's to guess; everything else is the same each
    time. Certificates are signed where there is a `signer` that can. `on_progress` gets how many steps are done, and
    of how many. Raises DemoExistsError before anything is written.
    """
    await _refuse_if_loaded(connection)
    now: datetime = (await connection.scalars(select(func.date_trunc("day", func.now())))).one()
    reference = Rows(connection)
    country_id = await add_country(connection)
    subjects = await add_subjects(reference)
    users = await add_users(reference)
    await reference.put(ModuleTemplate, data.PLATFORM_TEMPLATES)

    total = 2 + len(data.COURSES) + len(data.LAKE_COURSES)
    on_progress(1, total)
    demo = Campus(
        connection,
        await add_university(reference, country_id, DEMO, "Demo University"),
        DEMO,
        users,
        now,
        Signing(signer, "Demo University"),
    )
    await demo.add_people(data.PEOPLE, data.DEPARTMENTS)
    await demo.add_templates()
    for done, (code, taught) in enumerate(data.COURSES.items(), 2):
        await demo.add_course(code, taught, subjects)
        on_progress(done, total)
    await demo.add_prerequisites()
    await demo.add_discussion()
    await demo.add_reviews()

    lake = Campus(
        connection,
        await add_university(reference, country_id, LAKE, "Lakeside College"),
        LAKE,
        users,
        now,
        Signing(signer, "Lakeside College"),
    )
    await lake.add_people([person for person in data.PEOPLE if person.name == data.IN_BOTH], {"LIB": "Liberal Arts"})
    for code, taught in data.LAKE_COURSES.items():
        await lake.add_course(code, taught, subjects)
    on_progress(total - 1, total)

    await import_academy(connection, await add_university(reference, country_id, ACADEMY, "Academy"), academy(now))
    on_progress(total, total)
    users["academy"] = (await connection.scalars(select(User.id).where(User.email == TEACHER))).one()
    return DemoSummary(_representatives(users), data.FIRST_COURSE)


async def _refuse_if_loaded(connection: AsyncConnection) -> None:
    """Also waits for another process that is loading the demo just now."""
    await connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(literal("demo", Text), 0))))
    emails = [address(person.name) for person in everybody()]
    universities = select(University.short_code).where(University.short_code.in_([DEMO, LAKE, ACADEMY]))
    people = select(User.email).where(func.lower(User.email).in_(emails))
    if found := list(await connection.scalars(universities.union_all(people))):
        first = DEMO if DEMO in found else min(found)
        raise DemoExistsError(f"the demo is already here ({first}); nothing was changed")


def _representatives(users: dict[str, int]) -> list[DemoPerson]:
    """The first person of each role; the student of both universities stands second, there; who teaches the academy."""
    first: dict[str, DemoPerson] = {}
    for person in data.PEOPLE:
        for role, _ in person.roles:
            first.setdefault(role, DemoPerson(person.label, role, users[person.name], DEMO))
    student, *staff = first.values()
    both = next(person for person in data.PEOPLE if person.name == data.IN_BOTH)
    platform = data.PLATFORM_ADMINISTRATOR
    return [
        student,
        DemoPerson(f"{both.label}, also at {DEMO}", "student", users[both.name], LAKE),
        *staff,
        DemoPerson(platform.label, "platform_admin", users[platform.name], None),
        DemoPerson("Instructor of the academy", "instructor", users["academy"], ACADEMY),
    ]
