"""An academy in the words of this product: what each of its rows becomes, and under which external id.

External ids are made of e-mail addresses and slugs, never of the academy's numbers: rows are known again in a copy of
the academy that numbers them anew.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import quote

from lms_graphql.interop.academy.source import Academy, Course, Enrollment, Lesson, LessonProgress, User
from lms_graphql.interop.academy.versions import lesson_tree
from lms_graphql.interop.checked import ImportRefusedError, Name, Thing
from lms_graphql.interop.imported import ImportedCourse, ImportedItem, ImportedModule, ImportedRun, ImportReport
from lms_graphql.templates.trees import ITEM, Tree

SYSTEM = "academy"
TERM = "Self-paced"
MEMBER, ROLE, TEMPLATE, INSTRUCTOR = "member", "role", "module_template", "instructor"
ENROLLMENT, PROGRESS = "enrollment", "module_progress"
"""What `external_keys.entity` says of rows outside of the syllabus."""
ROLES = {"student": "student", "instructor": "instructor", "admin": "university_admin"}
STATUSES = {"active": "active", "completed": "completed", "cancelled": "dropped"}
_WHOLE = 100

K = TypeVar("K")
V = TypeVar("V")


def path(*parts: str) -> str:
    """The external id of what several names tell apart; a slash within one of them is escaped."""
    return "/".join(quote(part, safe="@ ") for part in parts)


class Mapped:
    """An academy, checked and looked through once; things that name rows here are made when those have their ids."""

    def __init__(self, academy: Academy) -> None:
        """Raises ImportRefusedError for rows that name what is not there, and for addresses that differ by case."""
        self.report = ImportReport()
        self._academy = academy
        self._users = {user.id: user for user in academy.users}
        self._courses = {course.id: course for course in academy.courses}
        self._lessons = {lesson.id: lesson for lesson in academy.lessons}
        self._enrollments = {enrollment.id: enrollment for enrollment in academy.enrollments}
        self._lessons_of: dict[int, list[Lesson]] = defaultdict(list)
        self._refuse_one_address_twice()
        for place in sorted(academy.course_lessons, key=lambda place: (place.course_id, place.position)):
            course = _named(self._courses, place.course_id, "lesson of a course", "course")
            self._lessons_of[course.id].append(_named(self._lessons, place.lesson_id, "lesson of a course", "lesson"))
        self._progress = self._progress_by_enrollment()

    def _refuse_one_address_twice(self) -> None:
        seen: dict[str, User] = {}
        for user in self._academy.users:
            first = seen.setdefault(user.email.lower(), user)
            if first is not user:
                raise Name("user", str(user.id)).refused(
                    f"its e-mail address is that of user {first.id}, but for capital letters"
                )

    def _progress_by_enrollment(self) -> dict[int, list[LessonProgress]]:
        found: dict[int, list[LessonProgress]] = defaultdict(list)
        for progress in self._academy.lesson_progress:
            enrollment = _named(self._enrollments, progress.enrollment_id, "lesson progress", "enrollment")
            found[enrollment.id].append(progress)
        return found

    # ---- people ----

    def addresses(self) -> dict[str, User]:
        """The users by their external ids, their addresses in small letters."""
        return {user.email.lower(): user for user in self._academy.users}

    def members(self, user_ids: Mapping[str, int]) -> list[Thing]:
        """The people of the university."""
        things = []
        for address, user in self.addresses().items():
            name = Name(MEMBER, address)
            columns = {
                "user_id": user_ids[address],
                "display_name": name.text("name", user.full_name, 255),
                "email": name.text("e-mail address", user.email, 255),
                "joined_at": name.time("created_at", user.created_at),
            }
            things.append(name.thing(columns))
            self.report.count("user", "person of the university")
        return things

    def roles(self, user_ids: Mapping[str, int]) -> list[Thing]:
        """Their roles, one for each."""
        things = []
        for address, user in self.addresses().items():
            name = Name(ROLE, path(address, user.role))
            role = ROLES[name.label("role", user.role, list(ROLES)) or ""]
            things.append(name.thing({"user_id": user_ids[address], "role": role, "department_id": None}))
            self.report.count(user.role, f"role {role}")
        return things

    # ---- courses ----

    def templates(self) -> list[Thing]:
        """The lessons, as templates of the university; their ids are still to be given."""
        things = []
        for lesson in self._academy.lessons:
            name = Name(TEMPLATE, lesson.slug)
            columns = {
                "template_type": "lesson",
                "title": name.text("title", lesson.title, 255),
                "default_data": name.json(
                    "default data", {"slug": lesson.slug, "duration_minutes": lesson.duration_minutes}
                ),
            }
            things.append(name.thing(columns))
            self.report.count("lesson", "module template")
        return things

    def lesson_trees(self, template_ids: Mapping[str, int]) -> dict[int, Tree]:
        """What the lessons' templates say, by the templates' ids."""
        return {template_ids[lesson.slug]: lesson_tree(lesson) for lesson in self._academy.lessons}

    def courses(
        self, template_ids: Mapping[str, int], versions: Mapping[int, int]
    ) -> Iterable[tuple[ImportedCourse, bool]]:
        """Each course with its syllabus and its one offering, and whether it is published.

        The lessons are those of these templates, in these versions.
        """
        for course in self._academy.courses:
            lessons = self._lessons_of[course.id]
            root = ImportedModule(
                path(course.slug),
                "course_root",
                course.title,
                children=[_lesson_module(course, lesson, template_ids[lesson.slug], versions) for lesson in lessons],
            )
            self.report.count("course", "course with an offering")
            for _ in lessons:
                self.report.count("lesson of a course", "lesson with a text")
            run = ImportedRun(course.slug, TERM, visibility="public")
            yield (
                ImportedCourse(
                    SYSTEM,
                    course.slug,
                    course.slug,
                    course.title,
                    modules=[root],
                    run=run,
                    level="other",
                    difficulty=course.level,
                ),
                course.is_published,
            )

    def slugs(self) -> set[str]:
        """The courses' external ids, and their offerings'."""
        return {course.slug for course in self._academy.courses}

    def instructors(self, user_ids: Mapping[str, int], offering_ids: Mapping[str, int]) -> list[Thing]:
        """The one who teaches each course, for its offering."""
        things = []
        for course in self._academy.courses:
            teacher = _named(self._users, course.instructor_id, f"course {course.slug!r}", "user").email.lower()
            name = Name(INSTRUCTOR, path(course.slug, teacher))
            columns = {"course_offering_id": offering_ids[course.slug], "user_id": user_ids[teacher]}
            things.append(name.thing(columns))
            self.report.count("instructor of a course", "instructor of the offering")
        return things

    # ---- learning ----

    def enrollments(self, user_ids: Mapping[str, int], offering_ids: Mapping[str, int]) -> list[Thing]:
        """Who takes part; what is completed is so since the last lesson was."""
        things = []
        for enrollment in self._academy.enrollments:
            course, student = self._who(enrollment)
            name = Name(ENROLLMENT, path(course.slug, student))
            status = STATUSES[name.label("status", enrollment.status, list(STATUSES)) or ""]
            columns = {
                "user_id": user_ids[student],
                "course_offering_id": offering_ids[course.slug],
                "status": status,
                "enrolled_at": name.time("enrolled_at", enrollment.enrolled_at),
                "completed_at": name.time("completed_at", self._completed_at(enrollment, name)),
            }
            things.append(name.thing(columns))
            self.report.count(f"enrollment {enrollment.status}", f"enrollment {status}")
        return things

    def _who(self, enrollment: Enrollment) -> tuple[Course, str]:
        """The course and the student's external id."""
        what = f"enrollment {enrollment.id}"
        course = _named(self._courses, enrollment.course_id, what, "course")
        return course, _named(self._users, enrollment.student_id, what, "user").email.lower()

    def _completed_at(self, enrollment: Enrollment, name: Name) -> datetime | None:
        if enrollment.status != "completed":
            return None
        moments = [row.completed_at for row in self._progress[enrollment.id] if row.completed_at is not None]
        if not moments:
            self.report.leave_out(
                "enrollment", name.external_id, "completed without a completed lesson: dated to when it was made"
            )
        return max(moments, default=enrollment.enrolled_at)

    def progress(
        self,
        user_ids: Mapping[str, int],
        offering_ids: Mapping[str, int],
        course_ids: Mapping[str, int],
        module_ids: Mapping[str, int],
    ) -> list[Thing]:
        """How far people are with the lessons of their courses; with others they have no place here."""
        things = []
        for enrollment in self._academy.enrollments:
            course, student = self._who(enrollment)
            here = {lesson.id for lesson in self._lessons_of[course.id]}
            person = {
                "course_id": course_ids[course.slug],
                "course_offering_id": offering_ids[course.slug],
                "user_id": user_ids[student],
            }
            for row in self._progress[enrollment.id]:
                lesson = _named(self._lessons, row.lesson_id, f"progress of enrollment {enrollment.id}", "lesson")
                name = Name(PROGRESS, path(course.slug, student, lesson.slug))
                if lesson.id not in here:
                    self.report.leave_out("lesson progress", name.external_id, "the lesson is not in the course")
                    continue
                module_id = module_ids[path(course.slug, lesson.slug)]
                things.append(name.thing({**person, "module_id": module_id, **_progress(row, name)}))
                self.report.count("lesson progress", "progress on a lesson")
        return things


def _lesson_module(course: Course, lesson: Lesson, template_id: int, versions: Mapping[int, int]) -> ImportedModule:
    """A lesson where it stands in a course, as its template says it."""
    name, tree = path(course.slug, lesson.slug), lesson_tree(lesson)
    items = [
        ImportedItem(
            name,
            node.type,
            node.title,
            node.data or {},
            estimated_duration_seconds=node.seconds,
            template_node=node.key,
        )
        for node in tree.listed()
        if node.kind == ITEM
    ]
    return ImportedModule(
        name,
        tree.root.type,
        tree.root.title,
        items=items,
        template_id=template_id,
        template_version=versions[template_id],
        template_node=tree.root.key,
    )


def _progress(row: LessonProgress, name: Name) -> dict[str, Any]:
    if not 0 <= row.progress_percent <= _WHOLE:
        raise name.refused("its progress is not from 0 to 100 percent")
    return {
        "progress_percent": Decimal(row.progress_percent),
        "completed_at": name.time("completed_at", row.completed_at),
    }


def _named(rows: Mapping[K, V], key: K, what: str, kind: str) -> V:
    """The row that another one names; a database with the academy's foreign keys always has it."""
    found = rows.get(key)
    if found is None:
        raise ImportRefusedError(f"{what}: there is no {kind} {key}")
    return found
