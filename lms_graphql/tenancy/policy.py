"""Who may see which universities and which of their people, and what may be done in a university."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, Text, and_, case, cast, exists, null, or_, select, union
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import aliased

from lms_graphql.catalog.models import CourseOfferingInstructor
from lms_graphql.catalog.reach import (
    if_reached,
    only_reached,
    reached_people,
    reaches_department,
    reaches_member,
    seen_or_reached,
)
from lms_graphql.engine.context import Standing, Viewer
from lms_graphql.storage.tenancy import NOBODY, UNIVERSITY, USER
from lms_graphql.tenancy.models import Department, University, UniversityMember, UserUniversityRole

# ---- what is seen


def visible_universities(viewer: Viewer) -> ColumnElement[bool]:
    """Active ones; staff see their own in any case."""
    active = University.is_active.is_(True)
    return or_(active, University.id == UNIVERSITY) if viewer.is_staff else active


def visible_departments(_viewer: Viewer) -> ColumnElement[bool]:
    """All of the request's university."""
    return Department.university_id == UNIVERSITY


def visible_members(viewer: Viewer) -> ColumnElement[bool]:
    """A member sees who teaches, and herself; staff also who is enrolled in their reach; nobody else sees anybody."""
    here = UniversityMember.university_id == UNIVERSITY
    if not viewer.is_member:
        return and_(here, NOBODY)
    teaches = exists().where(
        CourseOfferingInstructor.university_id == UNIVERSITY,
        CourseOfferingInstructor.user_id == UniversityMember.user_id,
    )
    seen = or_(UniversityMember.user_id == USER, teaches)
    return seen_or_reached(viewer, here, seen, reaches_member(UniversityMember.user_id))


def visible_members_of_list(viewer: Viewer) -> ColumnElement[bool]:
    """`visible_members` for lists of the whole university: for staff it leads to the few instead of judging all."""
    if viewer.standing is not Standing.STAFF:
        return visible_members(viewer)
    teaching = aliased(CourseOfferingInstructor)
    teachers = select(teaching.user_id).where(teaching.university_id == UNIVERSITY)
    people = union(select(USER), teachers, *reached_people())
    return and_(UniversityMember.university_id == UNIVERSITY, UniversityMember.user_id.in_(people))


PRIVATE = ("email", "student_number", "status")
"""Columns of members that leave the database only for the person and for staff who reach the person."""


def private_data(viewer: Viewer) -> ColumnElement[Any]:
    """The values of `PRIVATE`, as an array; null for others."""
    texts: ColumnElement[Any] = array([cast(getattr(UniversityMember, name), Text) for name in PRIVATE])
    own = case((UniversityMember.user_id == USER, texts))
    return if_reached(viewer, texts, reaches_member(UniversityMember.user_id), own)


def visible_roles(viewer: Viewer) -> ColumnElement[bool]:
    """One's own; for staff also those of the people in their reach."""
    here = UserUniversityRole.university_id == UNIVERSITY
    own = UserUniversityRole.user_id == USER
    return seen_or_reached(viewer, here, own, reaches_member(UserUniversityRole.user_id))


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
    """Who looks after a department is for staff: for who looks after it too."""
    here = UserUniversityRole.university_id == UNIVERSITY
    return only_reached(viewer, here, reaches_department(UserUniversityRole.department_id))


# ---- what may be done in a university

ADMIN_ROLE = "university_admin"


def may_update_profile(viewer: Viewer) -> bool:
    """Members may change what the university calls them."""
    return viewer.is_member


def may_administer_university(viewer: Viewer) -> bool:
    """Manage its people, its roles, its departments, its terms and itself: its administrators."""
    return viewer.is_admin


def may_author(viewer: Viewer) -> bool:
    """Add courses, templates and what courses share: its administrators, and those of departments for theirs."""
    return viewer.is_admin or (viewer.standing is Standing.STAFF and bool(viewer.reach.departments))


def may_see_reports(viewer: Viewer) -> bool:
    """See reports, and what one of their people sees: staff with anything in their reach."""
    return may_author(viewer) or (viewer.standing is Standing.STAFF and bool(viewer.reach.teaching))


def may_add_assets(viewer: Viewer) -> bool:
    """Add files: whoever writes a course; no assistant."""
    instructs = any(taught.role == "instructor" and taught.section_id is None for taught in viewer.reach.teaching)
    return may_author(viewer) or (viewer.standing is Standing.STAFF and instructs)


class Scope(StrEnum):
    """How far a role reaches that somebody may give."""

    UNIVERSITY = "university"
    """Without a department."""
    DEPARTMENT = "department"
    """In one department, whichever."""
    OWN_DEPARTMENT = "own_department"
    """In one department that the giver administers."""


_SOMEWHERE = frozenset({Scope.UNIVERSITY, Scope.DEPARTMENT})
ROLE_SCOPES: Mapping[str, frozenset[Scope]] = {
    "student": frozenset({Scope.UNIVERSITY}),
    "instructor": _SOMEWHERE,
    "ta": _SOMEWHERE,
    "department_admin": frozenset({Scope.DEPARTMENT}),
    "university_admin": frozenset({Scope.UNIVERSITY}),
}
"""Where each role makes sense. platform_admin is none: nobody of a university gives or takes it."""
GRANTS: Mapping[str, Mapping[str, frozenset[Scope]]] = {
    "university_admin": ROLE_SCOPES,
    # Who administers a department names who teaches its offerings; by these roles nobody reaches more than by that.
    "department_admin": dict.fromkeys(("instructor", "ta"), frozenset({Scope.OWN_DEPARTMENT})),
}
"""By the role of the giver, which roles may be given and taken, and in which scopes."""


def may_grant(viewer: Viewer, role: str, department_id: int | None) -> bool:
    """Give this role, or take it: in this department, or without one."""
    if viewer.is_admin:
        scopes = GRANTS[ADMIN_ROLE].get(role, frozenset())
        return (Scope.UNIVERSITY if department_id is None else Scope.DEPARTMENT) in scopes
    own = viewer.standing is Standing.STAFF and department_id in viewer.reach.departments
    return own and Scope.OWN_DEPARTMENT in GRANTS["department_admin"].get(role, frozenset())


def may_grant_roles(viewer: Viewer) -> bool:
    """Give and take any roles at all: its administrators, and those of departments a few of them there."""
    return may_author(viewer)


def may_explore(viewer: Viewer) -> bool:
    """Look at the schema and at templates: all staff."""
    return viewer.may_explore


UNIVERSITY_ACTS: Mapping[str, Callable[[Viewer], bool]] = {
    "explore": may_explore,
    "see_reports": may_see_reports,
    "view_as": may_see_reports,
    "manage_assets": may_add_assets,
    "add_course": may_author,
    "manage_templates": may_author,
    "manage_shared_pools": may_author,
    "manage_university": may_administer_university,
    "manage_departments": may_administer_university,
    "manage_terms": may_administer_university,
    "manage_members": may_administer_university,
    "manage_roles": may_grant_roles,
    "see_audit_log": may_administer_university,
}
"""What each label of `types.UniversityAct` asks for."""
