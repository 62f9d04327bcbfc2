"""Who may see which universities and which of their people."""

from sqlalchemy import ColumnElement, SQLColumnExpression, Text, and_, exists, null, or_, select

from lms_graphql.catalog.models import CourseOfferingInstructor
from lms_graphql.engine.context import Viewer
from lms_graphql.storage.tenancy import NOBODY, UNIVERSITY, USER
from lms_graphql.tenancy.models import Department, University, UniversityMember, UserUniversityRole


def visible_universities(viewer: Viewer) -> ColumnElement[bool]:
    """Active ones; staff see their own in any case."""
    active = University.is_active.is_(True)
    return or_(active, University.id == UNIVERSITY) if viewer.is_staff else active


def visible_departments(_viewer: Viewer) -> ColumnElement[bool]:
    """All of the request's university."""
    return Department.university_id == UNIVERSITY


def visible_members(viewer: Viewer) -> ColumnElement[bool]:
    """Staff see everybody; a student sees who teaches, and herself; nobody else sees anybody."""
    here = UniversityMember.university_id == UNIVERSITY
    if viewer.is_staff:
        return here
    if not viewer.is_member:
        return and_(here, NOBODY)
    teaches = exists().where(
        CourseOfferingInstructor.university_id == UNIVERSITY,
        CourseOfferingInstructor.user_id == UniversityMember.user_id,
    )
    return and_(here, or_(UniversityMember.user_id == USER, teaches))


def sees_private_data(viewer: Viewer, user_id: int) -> bool:
    """Whether the viewer may see a member's address, number and roles."""
    return viewer.is_staff or viewer.user_id == user_id


def visible_roles(viewer: Viewer) -> ColumnElement[bool]:
    """Staff see all roles, everybody else their own."""
    here = UserUniversityRole.university_id == UNIVERSITY
    return here if viewer.is_staff else and_(here, UserUniversityRole.user_id == USER)


def shown_name(viewer: Viewer, user_id: SQLColumnExpression[int]) -> ColumnElement[str | None]:
    """The name of who wrote something: members see it wherever they see what is written; null for others."""
    if not viewer.is_member:
        return null().cast(Text)
    return (
        select(UniversityMember.display_name)
        .where(UniversityMember.university_id == UNIVERSITY, UniversityMember.user_id == user_id)
        .scalar_subquery()
    )


def visible_administrators(viewer: Viewer) -> ColumnElement[bool]:
    """Staff see who looks after a department, nobody else does."""
    here = UserUniversityRole.university_id == UNIVERSITY
    return here if viewer.is_staff else and_(here, NOBODY)


def may_update_profile(viewer: Viewer) -> bool:
    """Members may change what the university calls them."""
    return viewer.is_member
