"""Writes an academy into a university: people, templates, courses, who takes part, how far they are. Safe to repeat.

One academy for each university: what an earlier import brought and this one does not have is retired. Courses are
unpublished, enrollments dropped, progress and roles deleted; people and templates stay and are named in the report.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from sqlalchemy import ARRAY, BigInteger, Sequence, Text, any_, bindparam, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from lms_graphql.catalog.models import Course, CourseOffering, CourseOfferingInstructor
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.interop.academy import mapping
from lms_graphql.interop.academy.mapping import SYSTEM, Mapped
from lms_graphql.interop.academy.source import Academy, User
from lms_graphql.interop.academy.versions import write_versions
from lms_graphql.interop.checked import COURSE, ITEM, MODULE, OFFERING, Name, Thing
from lms_graphql.interop.flat import FlatWriter, Kind, Retire
from lms_graphql.interop.imported import ImportReport
from lms_graphql.interop.service import ignore, import_course
from lms_graphql.interop.writer import Counts
from lms_graphql.progress.models import UserModuleProgress
from lms_graphql.syllabus.models import ModuleTemplate
from lms_graphql.tenancy.models import Country, University, UniversityMember, UserUniversityRole
from lms_graphql.tenancy.models import User as Login

USER = "user"
_MEMBERS = Kind(mapping.MEMBER, UniversityMember, ("university_id", "user_id"), id="user_id")
_ROLES = Kind(
    mapping.ROLE, UserUniversityRole, ("university_id", "user_id", "role", "department_id"), retire=Retire.DELETE
)
_TEMPLATES = Kind(mapping.TEMPLATE, ModuleTemplate, ("id",))
_COURSES = Kind(COURSE, Course, ("university_id", "code"), Retire.CHANGE, {"is_published": False})
_INSTRUCTORS = Kind(
    mapping.INSTRUCTOR,
    CourseOfferingInstructor,
    ("university_id", "course_offering_id", "user_id"),
    retire=Retire.DELETE,
)
_ENROLLMENTS = Kind(
    mapping.ENROLLMENT,
    CourseEnrollment,
    ("university_id", "user_id", "course_offering_id"),
    Retire.CHANGE,
    {"status": "dropped", "completed_at": None},
)
_PROGRESS = Kind(
    mapping.PROGRESS,
    UserModuleProgress,
    ("university_id", "course_offering_id", "user_id", "module_id"),
    retire=Retire.DELETE,
)
_STAYS = "has left the academy, and stays here"


class AcademyOutcome(msgspec.Struct):
    """What an import did, by entity, and what it mapped and left out."""

    counts: dict[str, Counts]
    report: ImportReport


async def add_university(connection: AsyncConnection, short_code: str) -> int:
    """The id of the university with this short code, which is made where there is none.

    An academy does not say in which country it is: a new one is in `ZZ`, which is how ISO 3166 leaves that open.
    """
    found = select(University.id).where(University.short_code == short_code)
    university_id = await connection.scalar(found)
    if university_id is None:
        country = {"iso_code": "ZZ", "name": "Unknown"}
        await connection.execute(insert(Country).values(country).on_conflict_do_nothing())
        country_id = select(Country.id).where(Country.iso_code == "ZZ").scalar_subquery()
        values = {"name": short_code.capitalize(), "short_code": short_code, "country_id": country_id}
        await connection.execute(insert(University).values(values).on_conflict_do_nothing())
        university_id = await connection.scalar(found)
    return int(university_id or 0)


async def import_academy(
    connection: AsyncConnection,
    university_id: int,
    academy: Academy,
    on_progress: Callable[[int, int], None] = ignore,
) -> AcademyOutcome:
    """Store an academy, or bring what an earlier import stored up to date; the caller has begun and commits.

    Expects the rights of lms_owner, since people get logins: nobody can sign in with a password. Who has a login of the
    same address keeps it as it is. `on_progress` gets how many courses are done, and of how many.

    Raises ImportRefusedError and ImportConflictError; the caller then rolls back.
    """
    mapped = Mapped(academy)
    name = f"import {university_id} {SYSTEM}"
    await connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(literal(name, Text), 0))))
    run = _Run(connection, university_id, mapped)
    await run.write_people()
    await run.write_courses(len(academy.courses), on_progress)
    await run.write_learning()
    return AcademyOutcome(run.counts, mapped.report)


class _Run:
    """One import; ids by external id are collected as they become known."""

    def __init__(self, connection: AsyncConnection, university_id: int, mapped: Mapped) -> None:
        self._connection = connection
        self._university_id = university_id
        self._mapped = mapped
        self._writer = FlatWriter(connection, university_id, SYSTEM)
        self._users: dict[str, int] = {}
        self._courses: dict[str, int] = {}
        self._offerings: dict[str, int] = {}
        self._syllabus = {entity: Counts() for entity in (COURSE, OFFERING, MODULE, ITEM)}
        self._logins = Counts()

    @property
    def counts(self) -> dict[str, Counts]:
        """By entity, people first."""
        flat = self._writer.counts
        people = {entity: flat[entity] for entity in (mapping.MEMBER, mapping.ROLE, mapping.TEMPLATE)}
        learning = {entity: flat[entity] for entity in (mapping.INSTRUCTOR, mapping.ENROLLMENT, mapping.PROGRESS)}
        return {USER: self._logins, **people, **self._syllabus, **learning}

    # ---- people ----

    async def write_people(self) -> None:
        """Logins, members, roles."""
        addresses = self._mapped.addresses()
        self._users = {
            address: user_id
            for address, user_id in (await self._writer.ids(mapping.MEMBER)).items()
            if address in addresses
        }
        self._users |= await self._found(UniversityMember, UniversityMember.user_id, addresses)
        self._users |= await self._found(Login, Login.id, addresses)
        self._logins.unchanged = len(self._users)
        new = {address: user for address, user in addresses.items() if address not in self._users}
        if new:
            self._logins.created = await self._add_logins(new)
            self._users |= await self._found(Login, Login.id, addresses)
        await self._write(_MEMBERS, self._mapped.members(self._users), "person")
        await self._writer.write(_ROLES, self._mapped.roles(self._users))

    async def _found(self, model: Any, number: Any, addresses: Mapping[str, User]) -> dict[str, int]:
        """Who of those not yet found has one of the addresses: in this university, or anywhere."""
        address = func.lower(model.email)
        missing = [one for one in addresses if one not in self._users]
        statement = select(address, number).where(address == any_(bindparam("addresses", missing, type_=ARRAY(Text))))
        if model is UniversityMember:
            statement = statement.where(UniversityMember.university_id == self._university_id)
        rows = await self._connection.execute(statement)
        return {found: user_id for found, user_id in rows}  # noqa: C416 - no dict to mypy

    async def _add_logins(self, people: Mapping[str, User]) -> int:
        rows = [
            {
                "email": Name(USER, address).text("e-mail address", user.email, 255),
                "full_name": Name(USER, address).text("name", user.full_name, 255),
                "password_hash": "!",
            }
            for address, user in people.items()
        ]
        added = await self._connection.scalars(insert(Login).on_conflict_do_nothing().returning(Login.id), rows)
        return len(list(added))

    async def _write(self, kind: Kind, things: list[Thing], what: str) -> dict[str, int]:
        """As the writer does it, for rows that stay when they have left the academy."""
        ids = await self._writer.write(kind, things)
        for external_id in self._writer.gone[kind.entity]:
            self._mapped.report.leave_out(what, external_id, _STAYS)
        return ids

    # ---- courses ----

    async def write_courses(self, total: int, on_progress: Callable[[int, int], None]) -> None:
        """Templates, then each course with its syllabus and its offering; courses that have left are unpublished."""
        templates = await self._write_templates()
        trees = self._mapped.lesson_trees(templates)
        versions = await write_versions(self._connection, self._university_id, trees)
        on_progress(0, total)
        for done, (course, is_published) in enumerate(self._mapped.courses(templates, versions), 1):
            outcome = await import_course(self._connection, self._university_id, course, publish=is_published)
            self._courses[course.external_id] = outcome.course_id
            self._offerings[course.external_id] = outcome.offering_id or 0
            for entity in self._syllabus.keys() & outcome.counts.keys():
                self._syllabus[entity].add(outcome.counts[entity])
            on_progress(done, total)
        left = await self._writer.retire_others(_COURSES, set(self._courses))
        self._syllabus[COURSE].retired += len(left)
        for slug in left:
            self._mapped.report.leave_out("course", slug, "has left the academy, and is unpublished here")

    async def _write_templates(self) -> dict[str, int]:
        things = self._mapped.templates()
        ids = await self._writer.ids(mapping.TEMPLATE)
        new = [thing.external_id for thing in things if thing.external_id not in ids]
        if new:
            numbers = func.generate_series(1, len(new)).table_valued("number")
            drawn = select(Sequence("module_templates_id_seq").next_value()).select_from(numbers)
            ids |= dict(zip(new, await self._connection.scalars(drawn), strict=True))
        for thing in things:
            thing.columns["id"] = ids[thing.external_id]
        return await self._write(_TEMPLATES, things, "lesson")

    # ---- learning ----

    async def write_learning(self) -> None:
        """Who teaches, who takes part, how far they are."""
        await self._writer.write(_INSTRUCTORS, self._mapped.instructors(self._users, self._offerings))
        await self._writer.write(_ENROLLMENTS, self._mapped.enrollments(self._users, self._offerings))
        modules = await self._writer.ids(MODULE)
        progress = self._mapped.progress(self._users, self._offerings, self._courses, modules)
        await self._writer.write(_PROGRESS, progress)
        await self._count_seats()

    async def _count_seats(self) -> None:
        """Keep `seats_taken` of the academy's offerings what it says."""
        taken = (
            select(func.count())
            .where(
                CourseEnrollment.university_id == self._university_id,
                CourseEnrollment.course_offering_id == CourseOffering.id,
                CourseEnrollment.status == "active",
            )
            .scalar_subquery()
        )
        offerings = bindparam("offerings", list((await self._writer.ids(OFFERING)).values()), type_=ARRAY(BigInteger))
        await self._connection.execute(
            update(CourseOffering)
            .where(
                CourseOffering.university_id == self._university_id,
                CourseOffering.id == any_(offerings),
                CourseOffering.seats_taken != taken,
            )
            .values(seats_taken=taken)
        )
