"""What may be done with courses and offerings, as clients ask for it; `policy` says what each act asks for."""

from enum import Enum

import strawberry


@strawberry.enum(description="Something that may be done with a course.")
class CourseAct(Enum):
    """The labels of policy.COURSE_ACTS."""

    SEE_UNPUBLISHED = strawberry.enum_value("see_unpublished", description="See what students do not see of it yet.")
    EXPORT = strawberry.enum_value("export", description="Take it out as an archive.")
    EDIT = strawberry.enum_value("edit", description="Change its title, its description and its subjects.")
    EDIT_SYLLABUS = strawberry.enum_value("edit_syllabus", description="Change its modules and what is in them.")
    EDIT_QUESTIONS = strawberry.enum_value("edit_questions", description="Change its question pools.")
    EDIT_GRADING_POLICY = strawberry.enum_value("edit_grading_policy", description="Change how it is graded.")
    PUBLISH = strawberry.enum_value("publish", description="Open it to others than staff, or close it.")
    EDIT_CATALOG_ENTRY = strawberry.enum_value(
        "edit_catalog_entry", description="Change its code, its department, its level, its credits, what it asks for."
    )
    ADD_OFFERING = strawberry.enum_value("add_offering", description="Have it run once more.")
    COPY = strawberry.enum_value("copy", description="Make another course of it.")
    DELETE = strawberry.enum_value("delete", description="Take it out of the catalog.")


@strawberry.enum(description="Something that may be done with an offering.")
class OfferingAct(Enum):
    """The labels of policy.OFFERING_ACTS."""

    SEE_RECORDS = strawberry.enum_value(
        "see_records", description="See what its people do; for who teaches one section, the people of that."
    )
    GRADE = strawberry.enum_value("grade", description="Grade what these people hand in.")
    MODERATE = strawberry.enum_value("moderate", description="Keep order in its discussion.")
    EDIT_SETTINGS = strawberry.enum_value(
        "edit_settings", description="Settle what is due when, for all, for a section or for a person."
    )
    MANAGE_SECTIONS = strawberry.enum_value("manage_sections", description="Add, change and fill its sections.")
    MANAGE_ENROLLMENTS = strawberry.enum_value(
        "manage_enrollments", description="Enrol people, approve who asks, and take people out."
    )
    EDIT_GRADING_POLICY = strawberry.enum_value("edit_grading_policy", description="Change how it is graded.")
    RELEASE_GRADES = strawberry.enum_value("release_grades", description="Tell people their grades, or hide them.")
    OVERRIDE_GRADES = strawberry.enum_value("override_grades", description="Set a final grade by hand.")
    EXPORT_GRADES = strawberry.enum_value("export_grades", description="Take the final grades out as a table.")
    ISSUE_CERTIFICATES = strawberry.enum_value(
        "issue_certificates", description="Issue, revoke and reissue certificates."
    )
    EDIT = strawberry.enum_value("edit", description="Change its dates, its seats and who may find it.")
    ASSIGN_INSTRUCTORS = strawberry.enum_value("assign_instructors", description="Say who teaches it.")
    COPY = strawberry.enum_value("copy", description="Make another offering of it.")
    DELETE = strawberry.enum_value("delete", description="Remove it, as long as nobody has learnt in it.")
