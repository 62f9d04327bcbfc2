"""The fields of Mutation about courses, what they ask for, and terms."""

from decimal import Decimal

import strawberry

from lms_graphql.catalog import cataloging, classifying, publishing, removing, requiring
from lms_graphql.catalog.entries import LONGEST_CODE, LONGEST_DESCRIPTION, LONGEST_TITLE
from lms_graphql.catalog.loaders import CourseById
from lms_graphql.catalog.policy import may_edit_some_course
from lms_graphql.catalog.types import Course, CourseDifficulty, CourseLevel, PrerequisiteType
from lms_graphql.engine.edges import optional
from lms_graphql.engine.mutations import changed, mutation, told, user_errors
from lms_graphql.engine.usererrors import UserError
from lms_graphql.tenancy.policy import may_author

_COURSE = "The global id of the course."
_TITLE = f"Its title, one line of at most {LONGEST_TITLE} characters."
_CODE = f"Its code, unique in the university, one line of at most {LONGEST_CODE} characters, for example ME101."
_DESCRIPTION = f"What it is about: at most {LONGEST_DESCRIPTION:,} characters."
_LANGUAGE = "The language it is taught in, as an ISO 639 code of at most 8 characters, for example en or pt-BR."
_CREDITS = "What it counts for: from 0 to 99.99, in hundredths; null: credits are not used."
_DIFFICULTY = "How much it asks for; null: nobody says."
_STAYS = "Left out, it stays."
_EXPECTED = "`version` as it was read; then a change meanwhile is refused."
_ASKED = "The global id of the course that is asked for."


# ---- inputs


@strawberry.input(description="A new course.")
class CreateCourseInput:
    """The input of `createCourse`."""

    code: str = strawberry.field(description=_CODE)
    title: str = strawberry.field(description=_TITLE)
    description: str | None = optional(_DESCRIPTION)
    department_id: strawberry.ID | None = optional(
        "The department that offers it. An administrator of departments names one of them; null: none."
    )
    level: CourseLevel = strawberry.field(default=CourseLevel.UNDERGRADUATE, description="Its academic level.")
    language_code: str = strawberry.field(default="en", description=_LANGUAGE)
    difficulty: CourseDifficulty | None = optional(_DIFFICULTY)
    credit_hours: Decimal | None = optional(_CREDITS)


@strawberry.input(description="What is to be changed of a course's entry in the catalog.")
class UpdateCourseInput:
    """The input of `updateCourse`."""

    course_id: strawberry.ID = strawberry.field(description=_COURSE)
    expected_version: int | None = optional(_EXPECTED)
    title: str | None = optional(f"{_TITLE} {_STAYS}")
    description: str | None = optional(f"{_DESCRIPTION} Null: none. {_STAYS}")
    language_code: str | None = optional(f"{_LANGUAGE} {_STAYS}")
    difficulty: CourseDifficulty | None = optional(f"{_DIFFICULTY} {_STAYS}")
    code: str | None = optional(f"{_CODE} For who administers the course. {_STAYS}")
    department_id: strawberry.ID | None = optional(
        "The department that offers it; null: none. For who administers the course, and that department, or the"
        f" university. {_STAYS}"
    )
    level: CourseLevel | None = optional(f"Its academic level. For who administers the course. {_STAYS}")
    credit_hours: Decimal | None = optional(f"{_CREDITS} For who administers the course. {_STAYS}")


@strawberry.input(description="Which course it is about.")
class CourseInput:
    """The input of what is done with a course as a whole."""

    course_id: strawberry.ID = strawberry.field(description=_COURSE)
    expected_version: int | None = optional(_EXPECTED)


@strawberry.input(description="The subjects that a course is to belong to.")
class SetCourseSubjectsInput:
    """The input of `setCourseSubjects`."""

    course_id: strawberry.ID = strawberry.field(description=_COURSE)
    expected_version: int | None = optional(_EXPECTED)
    subject_ids: list[strawberry.ID] = strawberry.field(
        description=f"All its subjects, from 1 to {classifying.MOST_SUBJECTS}, each once; others it has no more."
    )
    primary_subject_id: strawberry.ID = strawberry.field(description="The main one of them.")


@strawberry.input(description="That a course is to ask for another.")
class AddPrerequisiteInput:
    """The input of `addPrerequisite`."""

    course_id: strawberry.ID = strawberry.field(description=_COURSE)
    expected_version: int | None = optional(f"The course's {_EXPECTED}")
    prerequisite_id: strawberry.ID = strawberry.field(description=_ASKED)
    type: PrerequisiteType = strawberry.field(default=PrerequisiteType.STRICT, description="How it asks for it.")


@strawberry.input(description="How a course is to ask for another that it asks for already.")
class UpdatePrerequisiteInput:
    """The input of `updatePrerequisite`."""

    course_id: strawberry.ID = strawberry.field(description=_COURSE)
    prerequisite_id: strawberry.ID = strawberry.field(description=_ASKED)
    expected_version: int | None = optional(f"The prerequisite's {_EXPECTED}")
    type: PrerequisiteType = strawberry.field(description="How it asks for it from now on.")


@strawberry.input(description="What a course is to ask for no longer.")
class RemovePrerequisiteInput:
    """The input of `removePrerequisite`."""

    course_id: strawberry.ID = strawberry.field(description=_COURSE)
    prerequisite_id: strawberry.ID = strawberry.field(description=_ASKED)
    expected_version: int | None = optional(f"The prerequisite's {_EXPECTED}")


# ---- payloads


@strawberry.type(description="What a mutation of a course gives.")
class CoursePayload:
    """The payload of what is done with a course."""

    course: Course | None = changed(CourseById, "course_id", "The course as it is now; null: refused.")
    errors: list[UserError] = user_errors()


@strawberry.type(description="What `deleteCourse` gives.")
class DeleteCoursePayload:
    """The payload of `deleteCourse`."""

    deleted_course_id: strawberry.ID | None = told("deleted_id", "The global id that the course had; null: refused.")
    errors: list[UserError] = user_errors()


# ---- fields


@strawberry.type
class CatalogMutation:
    """Joined into Mutation."""

    create_course: CoursePayload | None = mutation(
        cataloging.create_course,
        CreateCourseInput,
        "Add a course, for the university's administrators, and for those of a department to theirs. It is empty, and"
        " not published. TAKEN where another course has its code.",
        may=may_author,
        refusals=cataloging.CODE_IS_TAKEN,
    )
    update_course: CoursePayload | None = mutation(
        cataloging.update_course,
        UpdateCourseInput,
        "Change a course's entry: title, description, difficulty and language for its instructors too, the rest for"
        " who administers it.",
        may=may_edit_some_course,
        refusals=cataloging.CODE_IS_TAKEN,
    )
    publish_course: CoursePayload | None = mutation(
        publishing.publish_course,
        CourseInput,
        "Open a course to others than staff, for who may edit it. CLOSED, once for each of its `publishProblems`, while"
        " there are any.",
        may=may_edit_some_course,
        weight=30,
    )
    unpublish_course: CoursePayload | None = mutation(
        publishing.unpublish_course,
        CourseInput,
        "Close a course to all but staff, for who may edit it. Enrollments and records stay as they are.",
        may=may_edit_some_course,
    )
    archive_course: CoursePayload | None = mutation(
        cataloging.archive_course,
        CourseInput,
        "Take a course out of the lists of the catalog, for who administers it. Nothing of it is lost: who has its id"
        " sees it as before, its offerings go on, and only new ones can't be added.",
        may=may_edit_some_course,
    )
    restore_course: CoursePayload | None = mutation(
        cataloging.restore_course,
        CourseInput,
        "Put an archived course back into the lists of the catalog, for who administers it.",
        may=may_edit_some_course,
    )
    delete_course: DeleteCoursePayload | None = mutation(
        removing.delete_course,
        CourseInput,
        "Remove a course for good with its modules, its content, its question pools and its offerings, for who"
        " administers it. CLOSED while anybody has a record in one of these, or another course asks for it.",
        may=may_edit_some_course,
        refusals=removing.IS_USED,
        weight=30,
    )
    set_course_subjects: CoursePayload | None = mutation(
        classifying.set_course_subjects,
        SetCourseSubjectsInput,
        "Put these subjects in place of those that a course belongs to, for who may edit it.",
        may=may_edit_some_course,
    )
    add_prerequisite: CoursePayload | None = mutation(
        requiring.add_prerequisite,
        AddPrerequisiteInput,
        "Have a course ask for another, for who administers it. INVALID where a course would ask for itself, directly"
        " or by way of others: of two co-requisites one asks for the other.",
        may=may_edit_some_course,
        refusals=requiring.IS_ASKED_ALREADY,
    )
    update_prerequisite: CoursePayload | None = mutation(
        requiring.update_prerequisite,
        UpdatePrerequisiteInput,
        "Change how a course asks for another, for who administers it.",
        may=may_edit_some_course,
    )
    remove_prerequisite: CoursePayload | None = mutation(
        requiring.remove_prerequisite,
        RemovePrerequisiteInput,
        "Have a course no longer ask for another, for who administers it.",
        may=may_edit_some_course,
    )
