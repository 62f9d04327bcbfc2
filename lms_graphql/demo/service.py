"""Loads the demo: two universities that share one student, so that tenancy can be seen."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from lms_graphql.catalog.models import (
    Course,
    CourseOffering,
    CourseOfferingInstructor,
    CoursePrerequisite,
    CourseSubject,
    Domain,
    Subject,
)
from lms_graphql.certificates.models import Certificate
from lms_graphql.content.models import Asset
from lms_graphql.demo import university as data
from lms_graphql.demo.learning import Item, Learner, record_progress, visible_items
from lms_graphql.demo.rows import Rows
from lms_graphql.demo.university import DEMO, FAILED, LAKE, Offered, Person, Taught
from lms_graphql.discussion.models import DiscussionPost, DiscussionThread
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.grades.models import CourseGrade
from lms_graphql.interop.service import ignore, import_course
from lms_graphql.reviews.models import CourseReview
from lms_graphql.syllabus.models import ModuleTemplate
from lms_graphql.tenancy.models import (
    Country,
    Department,
    PlatformAdministrator,
    University,
    UniversityMember,
    User,
    UserUniversityRole,
)

_SPANS = {"past": (-230, -140), "current": (-70, 20), "upcoming": (30, 120)}
"""First and last day of an offering, counted from today."""
_SCHEME = [(93, "A"), (85, "B"), (75, "C"), (60, "D")]


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


async def load_demo(connection: AsyncConnection, on_progress: Callable[[int, int], None] = ignore) -> DemoSummary:
    """Write both universities; the caller has begun the transaction as lms_owner, and commits.

    Dates are relative to now; everything else is the same each time. `on_progress` gets how many steps are done, and
    of how many. Raises DemoExistsError before anything is written.
    """
    await _refuse_if_loaded(connection)
    now: datetime = (await connection.scalars(select(func.date_trunc("day", func.now())))).one()
    reference = Rows(connection)
    country_id = await _country(connection)
    subjects = await _subjects(reference)
    users = await _users(reference)
    await reference.put(ModuleTemplate, data.PLATFORM_TEMPLATES)

    total = 1 + len(data.COURSES) + len(data.LAKE_COURSES)
    on_progress(1, total)
    demo = _Campus(connection, await _university(reference, country_id, DEMO, "Demo University"), DEMO, users, now)
    await demo.add_people(data.PEOPLE, data.DEPARTMENTS)
    await demo.add_templates()
    for done, (code, taught) in enumerate(data.COURSES.items(), 2):
        await demo.add_course(code, taught, subjects)
        on_progress(done, total)
    await demo.add_prerequisites()
    await demo.add_discussion()
    await demo.add_reviews()

    lake = _Campus(connection, await _university(reference, country_id, LAKE, "Lakeside College"), LAKE, users, now)
    await lake.add_people([person for person in data.PEOPLE if person.name == data.IN_BOTH], {"LIB": "Liberal Arts"})
    for code, taught in data.LAKE_COURSES.items():
        await lake.add_course(code, taught, subjects)
    on_progress(total, total)
    return DemoSummary(_representatives(users), data.FIRST_COURSE)


def _email(person: str, short_code: str = DEMO) -> str:
    return f"{person}@{short_code.lower()}.example.edu"


def _everybody() -> list[Person]:
    return [*data.PEOPLE, data.PLATFORM_ADMINISTRATOR]


async def _refuse_if_loaded(connection: AsyncConnection) -> None:
    emails = [_email(person.name) for person in _everybody()]
    universities = select(University.short_code).where(University.short_code.in_([DEMO, LAKE]))
    people = select(User.email).where(func.lower(User.email).in_(emails))
    if found := list(await connection.scalars(universities.union_all(people))):
        raise DemoExistsError(f"the demo is already here ({min(found)}); nothing was changed")


# ---- what no university owns ---------------------------------------------------------------------------------------


async def _country(connection: AsyncConnection) -> int:
    values = {"iso_code": "US", "name": "United States", "region_name": "North America"}
    await connection.execute(insert(Country).values(values).on_conflict_do_nothing())
    return int(await connection.scalar(select(Country.id).where(Country.iso_code == "US")) or 0)


async def _subjects(rows: Rows) -> dict[str, int]:
    """Domains and the tree of subjects; those that are there already are taken as they are. Gives ids by code."""
    domains = [
        {"code": code, "name": name, "description": description} for code, (name, description) in data.DOMAINS.items()
    ]
    domain_ids = await _ids(rows, Domain, domains)
    depths: dict[str | None, int] = {None: -1}
    for code, _, _, parent in data.SUBJECTS:
        depths[code] = depths[parent] + 1
    ids: dict[str, int] = {}
    for depth in range(max(depths.values()) + 1):
        subjects = [
            {
                "code": code,
                "name": name,
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


async def _users(rows: Rows) -> dict[str, int]:
    """Ids by the name in the address. Nobody can sign in with a password."""
    people = _everybody()
    ids = await rows.add(
        User,
        [
            {
                "email": _email(person.name),
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


async def _university(rows: Rows, country_id: int, short_code: str, name: str) -> int:
    values = {
        "name": name,
        "short_code": short_code,
        "country_id": country_id,
        "time_zone": "America/New_York",
        "website_url": f"https://{short_code.lower()}.example.edu",
    }
    (university_id,) = await rows.add(University, [values])
    return university_id


def _representatives(users: dict[str, int]) -> list[DemoPerson]:
    """The first person of each role; the student of both universities stands second, there."""
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
    ]


# ---- one university ------------------------------------------------------------------------------------------------


class _Campus:
    """A university while it is being filled."""

    def __init__(
        self, connection: AsyncConnection, university_id: int, short_code: str, users: dict[str, int], now: datetime
    ) -> None:
        self._rows = Rows(connection, university_id)
        self._university_id = university_id
        self._short_code = short_code
        self._users = users
        self._now = now
        self._departments: dict[str, int] = {}
        self._courses: dict[str, int] = {}
        self._offerings: dict[tuple[str, str], int] = {}
        self._items: dict[str, list[Item]] = {}

    def _student(self, number: int) -> int:
        return self._users[f"student{number}"]

    async def add_people(self, people: list[Person], departments: dict[str, str]) -> None:
        """Departments, members, roles."""
        named = [{"code": code, "name": name} for code, name in departments.items()]
        self._departments = dict(zip(departments, await self._rows.add(Department, named), strict=True))
        joined = self._now - timedelta(days=400)
        await self._rows.put(
            UniversityMember,
            [
                {
                    "user_id": self._users[person.name],
                    "display_name": person.label,
                    "email": _email(person.name, self._short_code),
                    "student_number": f"{self._short_code[0]}{number:05}"
                    if person.name.startswith("student")
                    else None,
                    "joined_at": joined,
                }
                for number, person in enumerate(people, 1)
            ],
        )
        await self._rows.put(
            UserUniversityRole,
            [
                {
                    "user_id": self._users[person.name],
                    "role": role,
                    "department_id": self._departments[department] if department else None,
                }
                for person in people
                for role, department in person.roles
            ],
        )

    async def add_templates(self) -> None:
        """The university's own module templates."""
        await self._rows.put(ModuleTemplate, data.UNIVERSITY_TEMPLATES)

    async def add_course(self, code: str, taught: Taught, subjects: dict[str, int]) -> None:
        """A course with its assets, its syllabus, its runs and what people did in them."""
        assets = await self._add_assets(taught)
        outcome = await import_course(
            self._rows.connection,
            self._university_id,
            taught.written.build(assets),
            department_id=self._departments[taught.department],
            publish=taught.is_published,
        )
        course_id = self._courses[code] = outcome.course_id
        await self._rows.connection.execute(
            update(Course)
            .where(Course.university_id == self._university_id, Course.id == course_id)
            .values(
                level=taught.level,
                credit_hours=taught.credit_hours,
                primary_subject_id=subjects[taught.subjects[0]],
            )
        )
        await self._rows.put(
            CourseSubject,
            [
                {"course_id": course_id, "subject_id": subjects[subject], "is_primary": subject == taught.subjects[0]}
                for subject in taught.subjects
            ],
        )
        self._items[code] = await visible_items(self._rows, course_id)
        await self._add_offerings(code, taught)

    async def _add_assets(self, taught: Taught) -> dict[str, int]:
        """The images of a course, and the videos that it shows from the library. Gives ids by name."""
        images = {
            name: {
                "url": f"https://media.example.edu/{name}.png",
                "asset_type": "image",
                "meta_json": {"alt_text": alt_text, "width": 1200, "height": 675, "license": "CC BY 4.0"},
            }
            for name, alt_text in taught.written.ASSETS.items()
        }
        videos = {
            name: {"url": url, "asset_type": "video", "meta_json": {"width": 1920, "height": 1080}}
            for name, url in getattr(taught.written, "VIDEOS", {}).items()
        }
        assets = images | videos
        return dict(zip(assets, await self._rows.add(Asset, list(assets.values())), strict=True))

    async def _add_offerings(self, code: str, taught: Taught) -> None:
        course_id = self._courses[code]
        ids = await self._rows.add(
            CourseOffering,
            [
                {"course_id": course_id, "visibility": offered.visibility, **self._dates(offered.when)}
                for offered in taught.offered
            ],
        )
        for offered, offering_id in zip(taught.offered, ids, strict=True):
            self._offerings[code, offered.when] = offering_id
            await self._rows.put(
                CourseOfferingInstructor,
                [{"course_offering_id": offering_id, "user_id": self._users[name]} for name in offered.instructors],
            )
            await self._enroll(offering_id, offered)
            await record_progress(
                self._rows,
                {"course_id": course_id, "course_offering_id": offering_id},
                self._items[code],
                list(self._learners(offered)),
            )
            await self._grade(code, offering_id, offered)

    def _dates(self, when: str) -> dict[str, Any]:
        """The term and the four dates of an offering; enrollment opens 45 days before the start."""
        first, last = _SPANS[when]
        starts_at = self._now + timedelta(days=first, hours=14)
        season = "Spring" if starts_at.month < 6 else "Summer" if starts_at.month < 8 else "Autumn"
        return {
            "term_name": f"{season} {starts_at.year}",
            "starts_at": starts_at,
            "ends_at": self._now + timedelta(days=last, hours=22),
            "enrollment_start": starts_at - timedelta(days=45),
            "enrollment_end": starts_at + timedelta(days=10),
        }

    async def _enroll(self, offering_id: int, offered: Offered) -> None:
        dates = self._dates(offered.when)
        await self._rows.put(
            CourseEnrollment,
            [
                {
                    "user_id": self._student(number),
                    "course_offering_id": offering_id,
                    "status": status,
                    "enrolled_at": dates["enrollment_start"] + timedelta(days=number, minutes=7 * number),
                    "completed_at": dates["ends_at"] if status == "completed" else None,
                }
                for number, (status, _) in offered.students.items()
            ],
        )

    def _learners(self, offered: Offered) -> Iterable[Learner]:
        dates = self._dates(offered.when)
        until = min(dates["ends_at"], self._now)
        for number, (_, share) in offered.students.items():
            yield Learner(self._student(number), number, share, dates["starts_at"], until)

    async def _grade(self, code: str, offering_id: int, offered: Offered) -> None:
        """Grades for those who have completed the run, certificates for those who passed."""
        graded_at = self._dates(offered.when)["ends_at"] + timedelta(days=6)
        grades = {
            number: 48.5 if (code, offered.when, number) == FAILED else 71 + (11 * number) % 28
            for number, (status, _) in offered.students.items()
            if status == "completed"
        }
        letters = {
            number: next((letter for mark, letter in _SCHEME if score >= mark), "F") for number, score in grades.items()
        }
        await self._rows.put(
            CourseGrade,
            [
                {
                    "user_id": self._student(number),
                    "course_offering_id": offering_id,
                    "final_score": score,
                    "letter_grade": letters[number],
                    "passed": letters[number] != "F",
                    "graded_at": graded_at,
                }
                for number, score in grades.items()
            ],
        )
        await self._rows.put(
            Certificate,
            [
                {
                    "user_id": self._student(number),
                    "course_offering_id": offering_id,
                    "certificate_code": f"{self._short_code}-{code}-{number:04}",
                    "issued_at": graded_at + timedelta(days=1),
                    "metadata_json": {"course_code": code, "letter_grade": letters[number]},
                }
                for number in grades
                if letters[number] != "F"
            ],
        )

    async def add_prerequisites(self) -> None:
        """What courses ask for."""
        await self._rows.put(
            CoursePrerequisite,
            [
                {
                    "course_id": self._courses[code],
                    "prerequisite_course_id": self._courses[asked_for],
                    "prerequisite_type": how,
                }
                for code, asked_for, how in data.PREREQUISITES
            ],
        )

    async def add_discussion(self) -> None:
        """A thread on an article of the first course's current run, with answers to answers."""
        code = data.FIRST_COURSE
        article = next(item for item in self._items[code] if item.content_type == "text")
        begun = self._now - timedelta(days=12, hours=3)
        (thread_id,) = await self._rows.add(
            DiscussionThread,
            [
                {
                    "course_id": self._courses[code],
                    "course_offering_id": self._offerings[code, "current"],
                    "module_id": article.modules[-1],
                    "content_item_id": article.id,
                    "created_by_user_id": self._users[data.POSTS[0][0]],
                    "title": data.THREAD,
                    "created_at": begun,
                }
            ],
        )
        ids: list[int] = []
        for number, (name, parent, body) in enumerate(data.POSTS):
            written = begun + timedelta(hours=5 * number)
            post = {
                "thread_id": thread_id,
                "parent_post_id": None if parent is None else ids[parent],
                "user_id": self._users[name],
                "body": body,
                "created_at": written,
                "updated_at": written,
                "is_deleted": number == data.DELETED_POST,
            }
            ids += await self._rows.add(DiscussionPost, [post])

    async def add_reviews(self) -> None:
        """What people wrote about runs that they have completed."""
        written = self._now - timedelta(days=130)
        await self._rows.put(
            CourseReview,
            [
                {
                    "user_id": self._student(number),
                    "course_offering_id": self._offerings[code, "past"],
                    "rating": rating,
                    "review_text": words,
                    "created_at": written,
                    "updated_at": written,
                }
                for code, number, rating, words in data.REVIEWS
            ],
        )
