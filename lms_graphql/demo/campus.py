"""One demo university while it is being filled: people, courses, runs, and what people did in them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from lms_graphql.assessment.models import QuestionPool
from lms_graphql.catalog.models import (
    Course,
    CourseOffering,
    CourseOfferingInstructor,
    CourseSubject,
    OfferingSection,
    Term,
)
from lms_graphql.catalog.service import Prerequisite, add_prerequisites
from lms_graphql.certificates.credentials import new_code
from lms_graphql.certificates.models import Certificate
from lms_graphql.content.models import Asset
from lms_graphql.demo import university as data
from lms_graphql.demo.discussion import TALKS, Place, add_talk
from lms_graphql.demo.grading import SCHEME, Run, add_grading, add_policy
from lms_graphql.demo.learning import Item, Learner, record_progress, visible_items
from lms_graphql.demo.questions import POOLS
from lms_graphql.demo.quizzes import Stored, add_pools
from lms_graphql.demo.reference import address
from lms_graphql.demo.rows import Rows
from lms_graphql.demo.signing import Signing
from lms_graphql.demo.university import FAILED, Offered, Person, Taught
from lms_graphql.enrollment.models import CourseEnrollment, EnrollmentEvent
from lms_graphql.grades.models import CourseGrade
from lms_graphql.interop.service import import_course
from lms_graphql.reviews.models import CourseReview
from lms_graphql.syllabus.models import Module, ModuleTemplate
from lms_graphql.tenancy.models import Department, UniversityMember, UserUniversityRole

_SPANS = {"past": (-230, -140), "current": (-70, 20), "upcoming": (30, 120), "later": (160, 250)}
"""First and last day of an offering, counted from today."""
_SEASONS = ("Winter", "Spring", "Summer", "Autumn")
"""Of three months each, the first of them from December on."""


class Campus:
    """A university while it is being filled; `users` holds ids by the name in the address."""

    def __init__(
        self,
        connection: AsyncConnection,
        university_id: int,
        short_code: str,
        users: dict[str, int],
        now: datetime,
        signing: Signing,
    ) -> None:
        self._rows = Rows(connection, university_id)
        self._signing = signing
        self._university_id = university_id
        self._short_code = short_code
        self._users = users
        self._now = now
        self._departments: dict[str, int] = {}
        self._courses: dict[str, int] = {}
        self._titles: dict[str, str] = {}
        self._terms: dict[str, int] = {}
        self._templates: list[int] = []
        self._offerings: dict[tuple[str, str], int] = {}
        self._items: dict[str, list[Item]] = {}
        self._questions: dict[str, dict[int, list[Stored]]] = {}
        self._categories: dict[str, dict[str, int]] = {}

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
                    "email": address(person.name, self._short_code),
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
        self._templates = await self._rows.add(ModuleTemplate, data.UNIVERSITY_TEMPLATES)

    async def add_course(self, code: str, taught: Taught, subjects: dict[str, int]) -> None:
        """A course with its assets, its syllabus, its runs and what people did in them."""
        assets = await self._add_assets(taught)
        pools, self._questions[code] = await add_pools(self._rows, POOLS.get(code, {}))
        written = taught.written.build(assets, pools)
        outcome = await import_course(
            self._rows.connection,
            self._university_id,
            written,
            department_id=self._departments[taught.department],
            publish=taught.is_published,
        )
        course_id = self._courses[code] = outcome.course_id
        self._titles[code] = written.title
        await self._rows.connection.execute(
            update(QuestionPool)
            .where(QuestionPool.university_id == self._university_id, QuestionPool.id.in_(pools.values()))
            .values(course_id=course_id)
        )
        await self._rows.connection.execute(
            update(Course)
            .where(Course.university_id == self._university_id, Course.id == course_id)
            .values(
                level=taught.level,
                credit_hours=taught.credit_hours,
                difficulty=taught.difficulty,
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
        if self._templates:
            await self._rows.connection.execute(
                update(Module)
                .where(Module.university_id == self._university_id, Module.course_id == course_id)
                .where(Module.module_type == "unit", Module.sequence_index == 1)
                .values(module_template_id=self._templates[0])
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
        self._categories[code] = await add_policy(self._rows, course_id)
        for offered in taught.offered:
            await self._add_term(offered.when)
        ids = await self._rows.add(
            CourseOffering,
            [
                {
                    "course_id": course_id,
                    "visibility": offered.visibility,
                    "seats_taken": sum(status == "active" for status, _ in offered.students.values()),
                    "capacity": offered.capacity,
                    "waitlist_capacity": offered.waitlist_capacity,
                    "certificate_valid_days": data.CERTIFICATE_DAYS.get(code),
                    "term_id": self._terms[offered.when],
                    **self._dates(offered.when),
                }
                for offered in taught.offered
            ],
        )
        for offered, offering_id in zip(taught.offered, ids, strict=True):
            self._offerings[code, offered.when] = offering_id
            sections = await self._add_instructors(offering_id, offered)
            await self._enroll(offering_id, offered, sections)
            await record_progress(
                self._rows,
                {"course_id": course_id, "course_offering_id": offering_id},
                self._items[code],
                list(self._learners(offered)),
                self._questions[code],
            )
            await self._grade(code, offering_id, offered)
            await self._add_grading(code, offering_id, offered, sections)

    async def _add_grading(self, code: str, offering_id: int, offered: Offered, sections: list[int]) -> None:
        """What the run asks of people; the current run of the first course has a policy of its own."""
        dates, course_id, categories = self._dates(offered.when), self._courses[code], self._categories[code]
        if (code, offered.when) == (data.FIRST_COURSE, "current"):
            categories = await add_policy(self._rows, course_id, offering_id)
        taking_part = {
            self._student(number): number
            for number, (status, _) in offered.students.items()
            if status in {"active", "completed"}
        }
        instructor = self._users[offered.instructors[0]] if offered.instructors else None
        run = Run(
            course_id,
            offering_id,
            dates["starts_at"],
            dates["ends_at"],
            self._now,
            self._items[code],
            sections,
            taking_part,
            instructor,
        )
        await add_grading(self._rows, run, categories)

    def _dates(self, when: str) -> dict[str, Any]:
        """The term and the four dates of an offering; enrollment opens 45 days before the start."""
        first, last = _SPANS[when]
        starts_at = self._now + timedelta(days=first, hours=14)
        return {
            "term_name": f"{_SEASONS[starts_at.month % 12 // 3]} {starts_at.year}",
            "starts_at": starts_at,
            "ends_at": self._now + timedelta(days=last, hours=22),
            "enrollment_start": starts_at - timedelta(days=45),
            "enrollment_end": starts_at + timedelta(days=10),
        }

    async def _add_term(self, when: str) -> None:
        if when in self._terms:
            return
        dates = self._dates(when)
        term = {
            "code": f"{dates['starts_at']:%Y-%m}",
            "name": dates["term_name"],
            "starts_at": dates["starts_at"],
            "ends_at": dates["ends_at"],
        }
        (self._terms[when],) = await self._rows.add(Term, [term])

    async def _add_instructors(self, offering_id: int, offered: Offered) -> list[int]:
        """Who teaches, and the sections if an assistant helps. Gives the ids of these."""
        sections: list[int] = []
        if data.ASSISTANT in offered.instructors:
            named = [{"course_offering_id": offering_id, "code": code, "name": name} for code, name in data.SECTIONS]
            sections = await self._rows.add(OfferingSection, named)
        await self._rows.put(
            CourseOfferingInstructor,
            [
                {
                    "course_offering_id": offering_id,
                    "user_id": self._users[name],
                    "role": "ta" if name == data.ASSISTANT else "instructor",
                    "section_id": sections[-1] if name == data.ASSISTANT else None,
                }
                for name in offered.instructors
            ],
        )
        return sections

    async def _enroll(self, offering_id: int, offered: Offered, sections: list[int]) -> None:
        dates = self._dates(offered.when)
        enrollments: list[dict[str, Any]] = []
        for number, (status, _) in offered.students.items():
            enrolled_at = dates["enrollment_start"] + timedelta(days=number, minutes=7 * number)
            enrollments.append(
                {
                    "user_id": self._student(number),
                    "course_offering_id": offering_id,
                    "status": status,
                    "enrolled_at": enrolled_at,
                    "completed_at": dates["ends_at"] if status == "completed" else None,
                    "waitlisted_at": enrolled_at if status == "waitlisted" else None,
                    "section_id": sections[number % len(sections)] if sections else None,
                }
            )
        ids = await self._rows.add(CourseEnrollment, enrollments)
        events = [
            {"enrollment_id": enrollment_id, **event}
            for enrollment_id, enrollment in zip(ids, enrollments, strict=True)
            for event in self._events(enrollment, offered)
        ]
        await self._rows.put(EnrollmentEvent, events)

    def _events(self, enrollment: dict[str, Any], offered: Offered) -> Iterable[dict[str, Any]]:
        """How an enrollment came to its status: made by the student, completed by who teaches."""
        student, status = enrollment["user_id"], enrollment["status"]
        has_ended = status in {"completed", "dropped"}
        yield {
            "old_status": None,
            "new_status": "active" if has_ended else status,
            "changed_by": student,
            "reason": None,
            "occurred_at": enrollment["enrolled_at"],
        }
        if has_ended:
            drops_at = self._dates(offered.when)["starts_at"] + timedelta(days=25)
            yield {
                "old_status": "active",
                "new_status": status,
                "changed_by": student if status == "dropped" else self._users[offered.instructors[0]],
                "reason": "Too many courses at once." if status == "dropped" else None,
                "occurred_at": drops_at if status == "dropped" else enrollment["completed_at"],
            }

    def _learners(self, offered: Offered) -> Iterable[Learner]:
        dates = self._dates(offered.when)
        until = min(dates["ends_at"], self._now)
        grader = self._users[offered.instructors[0]] if offered.instructors else None
        for number, (_, share) in offered.students.items():
            yield Learner(self._student(number), number, share, dates["starts_at"], until, grader)

    async def _grade(self, code: str, offering_id: int, offered: Offered) -> None:
        """Grades for those who have completed the run, certificates for those who passed."""
        graded_at = self._dates(offered.when)["ends_at"] + timedelta(days=6)
        grades = {
            number: 48.5 if (code, offered.when, number) in FAILED else 71 + (11 * number) % 28
            for number, (status, _) in offered.students.items()
            if status == "completed"
        }
        letters = {
            number: next((letter for mark, letter in SCHEME if score >= mark), "F") for number, score in grades.items()
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
                    "posted_at": graded_at,
                    "policy_version": 1,
                }
                for number, score in grades.items()
            ],
        )
        passed = {number: (score, letters[number]) for number, score in grades.items() if letters[number] != "F"}
        await self._certify(code, offering_id, offered.when, passed, graded_at + timedelta(days=1))

    async def _certify(
        self, code: str, offering_id: int, when: str, passed: dict[int, tuple[float, str]], issued_at: datetime
    ) -> None:
        """Certificates for these scores and letters, by the student's number; of one there is a revoked one before."""
        days = data.CERTIFICATE_DAYS.get(code)
        issued: dict[int, dict[str, Any]] = {
            number: {
                "user_id": self._student(number),
                "course_offering_id": offering_id,
                "certificate_code": new_code(self._short_code),
                "issued_at": issued_at,
                "expires_at": None if days is None else issued_at + timedelta(days=days),
                "metadata_json": {"course_code": code, "letter_grade": letter},
                "recipient_name": f"Student {number}",
                "course_code": code,
                "course_title": self._titles[code],
                "final_score": Decimal(str(score)),
                "letter_grade": letter,
                "revoked_at": None,
                "revocation_reason": None,
            }
            for number, (score, letter) in passed.items()
        }
        revoked = [row | _revoked(row) for number, row in issued.items() if (code, when, number) == data.REVOKED]
        rows = [*revoked, *issued.values()]
        await self._rows.put(Certificate, [self._signing.signed(row) for row in rows])

    async def add_prerequisites(self) -> None:
        """What courses ask for."""
        asked = [
            Prerequisite(self._courses[code], self._courses[other], how) for code, other, how in data.PREREQUISITES
        ]
        await add_prerequisites(self._rows.connection, self._university_id, asked)

    async def add_discussion(self) -> None:
        """What is said in the current offerings."""
        for talk in TALKS:
            code = talk.course
            place = Place(self._courses[code], self._offerings[code, "current"], self._items[code])
            await add_talk(self._rows, talk, place, self._users, self._now)

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


def _revoked(replacement: dict[str, Any]) -> dict[str, Any]:
    """What the first certificate of a person says otherwise than the one that came in its place."""
    issued_at: datetime = replacement["issued_at"] - timedelta(hours=22)
    return {
        "certificate_code": new_code(replacement["certificate_code"].partition("-")[0]),
        "issued_at": issued_at,
        "expires_at": issued_at + timedelta(days=1000),
        "revoked_at": issued_at + timedelta(hours=20),
        "revocation_reason": "Issued with an end, which certificates of this course don't have.",
    }
