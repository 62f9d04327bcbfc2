"""Who may see which courses and offerings, and what may be done with them."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, exists, or_, select
from sqlalchemy.orm import aliased

from lms_graphql.assessment.models import QuestionPool
from lms_graphql.catalog.models import (
    Course,
    CourseOffering,
    CourseOfferingInstructor,
    CoursePrerequisite,
    OfferingSection,
    Term,
)
from lms_graphql.catalog.reach import (
    administers,
    department_of_course,
    only_reached,
    reaches_course,
    reaches_course_here,
    reaches_offering_here,
    seen_or_reached,
    teaching,
)
from lms_graphql.engine.context import Standing, Viewer
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.storage.tenancy import UNIVERSITY, USER
from lms_graphql.syllabus.models import Module

# ---- what is seen


def visible_courses(viewer: Viewer) -> ColumnElement[bool]:
    """The published ones; for staff also those in their reach."""
    here = Course.university_id == UNIVERSITY
    return seen_or_reached(viewer, here, Course.is_published.is_(True), reaches_course_here())


def published_course(course_id: SQLColumnExpression[int]) -> ColumnElement[bool]:
    """That the course with this id is published: what hangs on it is as hidden as it is.

    Looked up row by row: of an EXISTS PostgreSQL would make a table of all published courses first, for one page
    (measured with 200,000 courses: 240 ms, and 1 ms so).
    """
    published = select(Course.is_published).where(Course.university_id == UNIVERSITY, Course.id == course_id)
    return published.correlate_except(Course).scalar_subquery().is_(True)


def visible_offerings(viewer: Viewer) -> ColumnElement[bool]:
    """Public ones of published courses; for members also those for members, and their own; for staff their reach."""
    here = CourseOffering.university_id == UNIVERSITY
    open_to_all = CourseOffering.visibility == "public"
    if not viewer.is_member:
        return and_(here, open_to_all, published_course(CourseOffering.course_id))
    open_to_members = or_(open_to_all, CourseOffering.visibility == "members")
    own = exists().where(
        CourseEnrollment.university_id == UNIVERSITY,
        CourseEnrollment.course_offering_id == CourseOffering.id,
        CourseEnrollment.user_id == USER,
    )
    seen = or_(and_(open_to_members, published_course(CourseOffering.course_id)), own)
    return seen_or_reached(viewer, here, seen, reaches_offering_here())


def visible_terms(_viewer: Viewer) -> ColumnElement[bool]:
    """All of the request's university: a calendar is no secret."""
    return Term.university_id == UNIVERSITY


def _of_visible_offering(
    viewer: Viewer, here: ColumnElement[bool], offering_id: SQLColumnExpression[int]
) -> ColumnElement[bool]:
    if viewer.is_admin:
        return here
    return and_(here, exists().where(CourseOffering.id == offering_id, visible_offerings(viewer)))


def visible_sections(viewer: Viewer) -> ColumnElement[bool]:
    """Those of the offerings that the viewer sees."""
    here = OfferingSection.university_id == UNIVERSITY
    return _of_visible_offering(viewer, here, OfferingSection.course_offering_id)


def visible_instructors(viewer: Viewer) -> ColumnElement[bool]:
    """Who teaches is told, by name, to whoever sees the offering; the person behind it is `visible_members`' matter."""
    here = CourseOfferingInstructor.university_id == UNIVERSITY
    return _of_visible_offering(viewer, here, CourseOfferingInstructor.course_offering_id)


def visible_prerequisites(viewer: Viewer) -> ColumnElement[bool]:
    """Where both courses are seen: of one that is hidden not even that it is asked for."""
    here = CoursePrerequisite.university_id == UNIVERSITY
    if viewer.is_admin:
        return here
    # Aliases, since the statement may name the courses too.
    both = (aliased(Course), CoursePrerequisite.course_id), (aliased(Course), CoursePrerequisite.prerequisite_course_id)
    return and_(
        here,
        *(
            exists().where(
                seen_or_reached(
                    viewer,
                    and_(course.university_id == UNIVERSITY, course.id == course_id),
                    course.is_published.is_(True),
                    reaches_course_here(course),
                )
            )
            for course, course_id in both
        ),
    )


def visible_drafts(viewer: Viewer) -> ColumnElement[bool]:
    """Modules to be judged with all that is in them, shown or not: for staff alone, in their reach."""
    return only_reached(viewer, Module.university_id == UNIVERSITY, reaches_course(Module.course_id))


def visible_pool_sizes(viewer: Viewer) -> ColumnElement[bool]:
    """How large pools are that courses in reach can draw from, shared ones too: for staff alone."""
    course_id: Any = QuestionPool.course_id
    drawn_from = or_(course_id.is_(None), reaches_course(course_id))
    return only_reached(viewer, QuestionPool.university_id == UNIVERSITY, drawn_from)


# ---- what may be done with the calendar


def may_manage_terms(viewer: Viewer) -> bool:
    """Add, change and remove terms: the university's administrators."""
    return viewer.is_admin


# ---- what may be done with a course: decided of its row


def may_edit_some_course(viewer: Viewer) -> bool:
    """Whether there may be a course or an offering for the viewer to change; which, is decided of its row."""
    return viewer.is_staff


def _instructs(viewer: Viewer, course_id: int) -> bool:
    """Whether the viewer teaches an offering of the course as its instructor, and not just a section."""
    return viewer.standing is Standing.STAFF and any(
        taught.course_id == course_id and taught.role == "instructor" and taught.section_id is None
        for taught in viewer.reach.teaching
    )


def may_see_all_of_course(viewer: Viewer, course: Mapping[str, Any]) -> bool:
    """See what students do not see of it: its administrators, and all who teach an offering of it."""
    teaches = viewer.standing is Standing.STAFF and any(
        taught.course_id == course["id"] for taught in viewer.reach.teaching
    )
    return teaches or may_administer_course(viewer, course)


def may_edit_course(viewer: Viewer, course: Mapping[str, Any]) -> bool:
    """Change what it teaches and how that is graded: its administrators, and the instructors of its offerings."""
    return _instructs(viewer, course["id"]) or may_administer_course(viewer, course)


def may_administer_course(viewer: Viewer, course: Mapping[str, Any]) -> bool:
    """Change its place in the catalog: the university's administrators, and those of its department."""
    return administers(viewer, course["department_id"])


COURSE_ACTS: Mapping[str, Callable[[Viewer, Mapping[str, Any]], bool]] = {
    "see_unpublished": may_see_all_of_course,
    "export": may_edit_course,
    "edit": may_edit_course,
    "edit_syllabus": may_edit_course,
    "edit_questions": may_edit_course,
    "edit_grading_policy": may_edit_course,
    "publish": may_edit_course,
    "edit_catalog_entry": may_administer_course,
    "add_offering": may_administer_course,
    "copy": may_administer_course,
    "delete": may_administer_course,
}
"""What each label of `types.CourseAct` asks for."""


# ---- what may be done with an offering: decided of its row


def offering_department(viewer: Viewer) -> tuple[ColumnElement[int | None], ...]:
    """The column `department_id` of an offering, its course's: what its row needs for these acts, for staff."""
    if viewer.standing is not Standing.STAFF:
        return ()
    return (department_of_course(CourseOffering.course_id).label("department_id"),)


def may_see_records(viewer: Viewer, offering: Mapping[str, Any]) -> bool:
    """See what its people do; who teaches a section, those of the section."""
    return teaching(viewer, offering["id"]) is not None or may_administer_offering(viewer, offering)


def may_grade(viewer: Viewer, offering: Mapping[str, Any]) -> bool:
    """Grade what its people hand in, and keep order in its discussion: all who teach, each in their section."""
    return may_see_records(viewer, offering)


def may_grade_in_section(viewer: Viewer, offering: Mapping[str, Any], section_id: int | None) -> bool:
    """Grade what somebody of this section does, or of none: who teaches one section does so there alone."""
    return may_administer_offering(viewer, offering) or (
        viewer.standing is Standing.STAFF
        and any(
            taught.offering_id == offering["id"] and taught.section_id in {None, section_id}
            for taught in viewer.reach.teaching
        )
    )


def may_run_offering(viewer: Viewer, offering: Mapping[str, Any]) -> bool:
    """Settle dates, who takes part, how grades are made and when they are told: its instructors; no assistant."""
    taught = teaching(viewer, offering["id"])
    instructs = taught is not None and taught.role == "instructor" and taught.section_id is None
    return instructs or may_administer_offering(viewer, offering)


def may_administer_offering(viewer: Viewer, offering: Mapping[str, Any]) -> bool:
    """Change when it runs, for whom, and who teaches it: as the course."""
    return viewer.is_admin or (viewer.standing is Standing.STAFF and administers(viewer, offering["department_id"]))


OFFERING_ACTS: Mapping[str, Callable[[Viewer, Mapping[str, Any]], bool]] = {
    "see_records": may_see_records,
    "grade": may_grade,
    "moderate": may_grade,
    "edit_settings": may_run_offering,
    "manage_sections": may_run_offering,
    "manage_enrollments": may_run_offering,
    "edit_grading_policy": may_run_offering,
    "release_grades": may_run_offering,
    "override_grades": may_run_offering,
    "export_grades": may_run_offering,
    "issue_certificates": may_run_offering,
    "edit": may_administer_offering,
    "assign_instructors": may_administer_offering,
    "copy": may_administer_offering,
    "delete": may_administer_offering,
}
"""What each label of `types.OfferingAct` asks for."""
