"""The fields of Mutation about courses as archives."""

from typing import Any

import msgspec
import strawberry

from lms_graphql.catalog.loaders import CourseById
from lms_graphql.catalog.types import Course
from lms_graphql.engine.context import Context
from lms_graphql.engine.edges import computed, optional
from lms_graphql.engine.mutations import Payload, changed, mutation, user_errors
from lms_graphql.engine.usererrors import UserError
from lms_graphql.interop.bundle import cloning, importing
from lms_graphql.interop.bundle.finding import CODE_TAKEN
from lms_graphql.interop.bundle.noticing import MOST_NOTICES, Counts, Notice, NoticeCode
from lms_graphql.interop.bundle.preparing import read_course_import
from lms_graphql.tenancy.policy import may_author

_WEIGHT = 200
_TAKEN = {"ux_courses_university_code": CODE_TAKEN}
_OFFERINGS = (
    "Whether its offerings come too, as they are defined: dates, sections, settings of items, grading; never who takes"
    " part."
)


@strawberry.type(description="Something that a course referred to and that is not there, or that is not as it was.")
class CourseNotice:
    """The source is a Notice."""

    code: NoticeCode = strawberry.field(description="What it is, for programs.")
    message: str = strawberry.field(description="What it is, for people, in English.")
    about: str = strawberry.field(description="The code or the title of what it is about.")


@strawberry.type(description="How much a course has.")
class CourseCounts:
    """The source is a Counts."""

    modules: int = strawberry.field(description="Its modules, at all levels.")
    content_items: int = strawberry.field(description="Its content items, active or not.")
    question_pools: int = strawberry.field(description="Its question pools, and the shared ones that its quizzes use.")
    questions: int = strawberry.field(description="Their questions.")
    assets: int = strawberry.field(description="The assets that its items show.")
    offerings: int = strawberry.field(description="Its offerings that came with it.")


def _notices(payload: Payload, _context: Context) -> list[Notice]:
    return [msgspec.convert(notice, Notice) for notice in payload.keys.get("notices", ())]


def _counts(payload: Payload, _context: Context) -> Counts | None:
    counts = payload.keys.get("counts")
    return None if counts is None else msgspec.convert(counts, Counts)


def _notices_field() -> Any:
    return computed(
        _notices, f"What is not as it was where the course comes from; {MOST_NOTICES} at most are told.", size=10
    )


def _counts_field() -> Any:
    return computed(_counts, "How much there is, or would be in a dry run; null where it was refused.")


@strawberry.input(description="A course in an archive that was sent, and what it is to be called here.")
class ImportCourseInput:
    """The input of `importCourse`."""

    upload_id: strawberry.ID = strawberry.field(
        description="An upload of the viewer's with the purpose IMPORT: what `/export/courses/<id>/bundle.zip` gave."
    )
    code: str | None = optional("Its code here, of at most 128 characters; left out: the one that it has.")
    department_id: strawberry.ID | None = optional(
        "The department that it belongs to; left out: none, which administrators of the university alone may do."
    )
    dry_run: bool | None = optional("Whether only to tell what would be done; default false.")
    include_offerings: bool | None = optional(f"{_OFFERINGS} Default true.")


@strawberry.type(description="What `importCourse` gives.")
class ImportCoursePayload:
    """The payload of `importCourse`."""

    course: Course | None = changed(
        CourseById, "course_id", "The course, not published yet; null in a dry run, and where it was refused."
    )
    notices: list[CourseNotice] = _notices_field()
    counts: CourseCounts | None = _counts_field()
    errors: list[UserError] = user_errors()


@strawberry.input(description="Which course is to be copied, and what the copy is to be called.")
class CloneCourseInput:
    """The input of `cloneCourse`."""

    course_id: strawberry.ID = strawberry.field(description="The course that is copied; it stays as it is.")
    code: str = strawberry.field(description="The code of the copy, of at most 128 characters.")
    title: str | None = optional("The title of the copy, of at most 255 characters; left out: that of the course.")
    department_id: strawberry.ID | None = optional(
        "The department that the copy belongs to; left out: that of the course."
    )
    include_offerings: bool | None = optional(f"{_OFFERINGS} Default false.")


@strawberry.type(description="What `cloneCourse` gives.")
class CloneCoursePayload:
    """The payload of `cloneCourse`."""

    course: Course | None = changed(CourseById, "course_id", "The copy, not published yet; null where it was refused.")
    notices: list[CourseNotice] = _notices_field()
    counts: CourseCounts | None = _counts_field()
    errors: list[UserError] = user_errors()


@strawberry.type
class BundleMutation:
    """Joined into Mutation."""

    import_course: ImportCoursePayload | None = mutation(
        importing.import_course,
        ImportCourseInput,
        "Add a course from an archive that a course was exported to, all of it or nothing: catalog entry, modules,"
        " content, rubrics, question pools with their keys, grading, offerings. For administrators of the university,"
        " and of departments for theirs. TAKEN where there is a course with its code: give another code.",
        may=may_author,
        refusals=_TAKEN,
        weight=_WEIGHT,
        before=read_course_import,
    )
    clone_course: CloneCoursePayload | None = mutation(
        cloning.clone_course,
        CloneCourseInput,
        "Copy a course with all that is its own, under another code. For who administers the course and the department"
        " of the copy. Assets, shared question pools and templates are not copied: both refer to the same ones.",
        may=may_author,
        refusals=_TAKEN,
        weight=_WEIGHT,
    )
