"""The fields of Mutation about offerings, their sections and who teaches them."""

from datetime import datetime

import strawberry

from lms_graphql.catalog import cloning, offering, removing, sectioning, staffing
from lms_graphql.catalog.loaders import InstructorById, OfferingById, SectionById
from lms_graphql.catalog.policy import may_edit_some_course
from lms_graphql.catalog.types import (
    CourseOffering,
    OfferingEnrollmentMode,
    OfferingInstructor,
    OfferingSection,
    OfferingVisibility,
    TeachingRole,
)
from lms_graphql.engine.edges import optional
from lms_graphql.engine.mutations import changed, mutation, told, user_errors
from lms_graphql.engine.usererrors import UserError

_OFFERING = "The global id of the offering."
_SECTION = "The global id of the section."
_STAYS = "Left out, it stays."
_EXPECTED = "`version` as it was read; then a change meanwhile is refused."
_TERM = "The global id of the term it runs in; null: none."
_TERM_NAME = "The term in words, one line of at most 255 characters; not given with a term: the term's name."
_SECTION_CODE = "Its code, unique in the offering, one line of at most 32 characters."
_SECTION_NAME = "Its name, one line of at most 255 characters."
_VALID = "For how many days its certificates hold, from 1 to 36,500; null: for ever. Issued ones stay as they are."


# ---- inputs


@strawberry.input(description="Another run of a course.")
class CreateOfferingInput:
    """The input of `createOffering`."""

    course_id: strawberry.ID = strawberry.field(description="The global id of the course.")
    term_id: strawberry.ID | None = optional(_TERM)
    term_name: str | None = optional(_TERM_NAME)
    starts_at: datetime | None = optional("When it begins; null: it is self-paced.")
    ends_at: datetime | None = optional("When it ends; null: it stays open.")
    enrollment_starts_at: datetime | None = optional("From when people may enrol; null: at any time.")
    enrollment_ends_at: datetime | None = optional("Until when people may enrol; null: until it ends.")
    visibility: OfferingVisibility = strawberry.field(
        default=OfferingVisibility.PRIVATE, description="Who may find it."
    )
    capacity: int | None = optional("How many may take part; null: any number.")
    waitlist_capacity: int | None = optional("How many may wait for a seat; null: any number, 0: none.")
    enrollment_mode: OfferingEnrollmentMode = strawberry.field(
        default=OfferingEnrollmentMode.OPEN, description="How people enrol themselves."
    )
    drop_until: datetime | None = optional("Until when people may drop it without a record; null: until it ends.")
    certificate_valid_days: int | None = optional(_VALID)


@strawberry.input(description="What is to be changed of an offering.")
class UpdateOfferingInput:
    """The input of `updateOffering`."""

    offering_id: strawberry.ID = strawberry.field(description=_OFFERING)
    expected_version: int | None = optional(_EXPECTED)
    term_id: strawberry.ID | None = optional(f"{_TERM} {_STAYS}")
    term_name: str | None = optional(f"{_TERM_NAME} {_STAYS}")
    starts_at: datetime | None = optional(f"When it begins; null: it is self-paced. {_STAYS}")
    ends_at: datetime | None = optional(f"When it ends; null: it stays open. {_STAYS}")
    enrollment_starts_at: datetime | None = optional(f"From when people may enrol; null: at any time. {_STAYS}")
    enrollment_ends_at: datetime | None = optional(f"Until when people may enrol; null: until it ends. {_STAYS}")
    visibility: OfferingVisibility | None = optional(f"Who may find it. {_STAYS}")
    drop_until: datetime | None = optional(
        f"Until when people may drop it without a record; null: until it ends. {_STAYS}"
    )
    certificate_valid_days: int | None = optional(f"{_VALID} {_STAYS}")


@strawberry.input(description="Which offering it is about.")
class OfferingInput:
    """The input of what is done with an offering as a whole."""

    offering_id: strawberry.ID = strawberry.field(description=_OFFERING)
    expected_version: int | None = optional(_EXPECTED)


@strawberry.input(description="Which offering is to run once more, and when.")
class CloneOfferingInput:
    """The input of `cloneOffering`."""

    offering_id: strawberry.ID = strawberry.field(description=_OFFERING)
    shift_days: int = strawberry.field(
        description="By how many days of 24 hours all its dates are later, from "
        f"-{cloning.MOST_DAYS:,} to {cloning.MOST_DAYS:,}."
    )
    term_id: strawberry.ID | None = optional("The global id of the term of the new one; null: none.")
    term_name: str | None = optional(_TERM_NAME)
    visibility: OfferingVisibility = strawberry.field(
        default=OfferingVisibility.PRIVATE, description="Who may find the new one."
    )
    include_instructors: bool | None = optional(
        "Whether who teaches it, and is still an active member, teaches the new one too; null: no."
    )


@strawberry.input(description="A new section of an offering.")
class CreateSectionInput:
    """The input of `createSection`."""

    offering_id: strawberry.ID = strawberry.field(description=_OFFERING)
    code: str = strawberry.field(description=_SECTION_CODE)
    name: str = strawberry.field(description=_SECTION_NAME)


@strawberry.input(description="What is to be changed of a section.")
class UpdateSectionInput:
    """The input of `updateSection`."""

    section_id: strawberry.ID = strawberry.field(description=_SECTION)
    expected_version: int | None = optional(_EXPECTED)
    code: str | None = optional(f"{_SECTION_CODE} {_STAYS}")
    name: str | None = optional(f"{_SECTION_NAME} {_STAYS}")


@strawberry.input(description="Which section is to be removed.")
class DeleteSectionInput:
    """The input of `deleteSection`."""

    section_id: strawberry.ID = strawberry.field(description=_SECTION)
    expected_version: int | None = optional(_EXPECTED)


@strawberry.input(description="Who is to teach an offering. Either `userId` or `email` names the person.")
class AssignInstructorInput:
    """The input of `assignInstructor`."""

    offering_id: strawberry.ID = strawberry.field(description=_OFFERING)
    user_id: strawberry.ID | None = optional("The global id of an active member whom the viewer sees.")
    email: str | None = optional("The whole address of an active member, whom the viewer need not see.")
    role: TeachingRole = strawberry.field(default=TeachingRole.INSTRUCTOR, description="What the person does.")
    section_id: strawberry.ID | None = optional(
        "The section that the person teaches, and nothing else of it; null: the whole offering."
    )


@strawberry.input(description="Who is to teach an offering no longer.")
class RemoveInstructorInput:
    """The input of `removeInstructor`."""

    instructor_id: strawberry.ID = strawberry.field(description="The global id of an `OfferingInstructor`.")


# ---- payloads


@strawberry.type(description="What a mutation of an offering gives.")
class OfferingPayload:
    """The payload of what is done with an offering."""

    offering: CourseOffering | None = changed(OfferingById, "offering_id", "The offering as it is now; null: refused.")
    errors: list[UserError] = user_errors()


@strawberry.type(description="What `updateOffering` gives.")
class UpdateOfferingPayload:
    """The payload of `updateOffering`."""

    offering: CourseOffering | None = changed(OfferingById, "offering_id", "The offering as it is now; null: refused.")
    promoted: int | None = told("promoted", "How many of those who waited have a seat now; null: refused.")
    errors: list[UserError] = user_errors()


@strawberry.type(description="What `deleteOffering` gives.")
class DeleteOfferingPayload:
    """The payload of `deleteOffering`."""

    deleted_offering_id: strawberry.ID | None = told(
        "deleted_id", "The global id that the offering had; null: refused."
    )
    errors: list[UserError] = user_errors()


@strawberry.type(description="What a mutation of a section gives.")
class SectionPayload:
    """The payload of what is done with a section."""

    section: OfferingSection | None = changed(SectionById, "section_id", "The section as it is now; null: refused.")
    errors: list[UserError] = user_errors()


@strawberry.type(description="What `deleteSection` gives.")
class DeleteSectionPayload:
    """The payload of `deleteSection`."""

    deleted_section_id: strawberry.ID | None = told("deleted_id", "The global id that the section had; null: refused.")
    offering: CourseOffering | None = changed(OfferingById, "offering_id", "Its offering as it is now; null: refused.")
    errors: list[UserError] = user_errors()


@strawberry.type(description="What `assignInstructor` gives.")
class AssignInstructorPayload:
    """The payload of `assignInstructor`."""

    instructor: OfferingInstructor | None = changed(
        InstructorById, "instructor_id", "The person as somebody who teaches it; null: refused."
    )
    errors: list[UserError] = user_errors()


@strawberry.type(description="What `removeInstructor` gives.")
class RemoveInstructorPayload:
    """The payload of `removeInstructor`."""

    deleted_instructor_id: strawberry.ID | None = told(
        "deleted_id", "The global id that the person had as somebody who teaches it; null: refused."
    )
    offering: CourseOffering | None = changed(OfferingById, "offering_id", "The offering as it is now; null: refused.")
    errors: list[UserError] = user_errors()


# ---- fields


@strawberry.type
class OfferingMutation:
    """Joined into Mutation."""

    create_offering: OfferingPayload | None = mutation(
        offering.create_offering,
        CreateOfferingInput,
        "Have a course run once more, for who administers the course. CLOSED where it is archived.",
        may=may_edit_some_course,
    )
    update_offering: UpdateOfferingPayload | None = mutation(
        offering.update_offering,
        UpdateOfferingInput,
        "Change the term, the dates, and who may find an offering, for who administers it. Its seats are"
        " `setOfferingCapacity`'s to change, how people enrol `setEnrollmentRules`'. Where the waitlist is open again,"
        " who waits gets what seats there are.",
        may=may_edit_some_course,
    )
    delete_offering: DeleteOfferingPayload | None = mutation(
        removing.delete_offering,
        OfferingInput,
        "Remove an offering for good with its sections, settings and grading policy, for who administers it. CLOSED"
        " while anybody has a record in it.",
        may=may_edit_some_course,
        refusals=removing.IS_USED,
    )
    clone_offering: OfferingPayload | None = mutation(
        cloning.clone_offering,
        CloneOfferingInput,
        "Have a course run once more as it did: with the offering's seats, sections, settings of items, own grading"
        " policy and grade items, all dates later by `shiftDays`. Nothing of its people is copied, nor what was settled"
        " for single ones. For who administers it.",
        may=may_edit_some_course,
        weight=30,
    )
    create_section: SectionPayload | None = mutation(
        sectioning.create_section,
        CreateSectionInput,
        "Add a section, for who runs the offering. TAKEN where another section has its code.",
        may=may_edit_some_course,
        refusals=sectioning.CODE_IS_TAKEN,
    )
    update_section: SectionPayload | None = mutation(
        sectioning.update_section,
        UpdateSectionInput,
        "Change the code or the name of a section, for who runs the offering.",
        may=may_edit_some_course,
        refusals=sectioning.CODE_IS_TAKEN,
    )
    delete_section: DeleteSectionPayload | None = mutation(
        sectioning.delete_section,
        DeleteSectionInput,
        "Remove a section, for who runs the offering. CLOSED while people, teachers or settings of items name it.",
        may=may_edit_some_course,
        refusals=sectioning.IS_REFERRED_TO,
    )
    assign_instructor: AssignInstructorPayload | None = mutation(
        staffing.assign_instructor,
        AssignInstructorInput,
        "Have an active member teach an offering, or one section of it, for who administers the offering. Who teaches"
        " it already changes role and section.",
        may=may_edit_some_course,
    )
    remove_instructor: RemoveInstructorPayload | None = mutation(
        staffing.remove_instructor,
        RemoveInstructorInput,
        "Have somebody no longer teach an offering, for who administers it. What the person graded stays.",
        may=may_edit_some_course,
    )
