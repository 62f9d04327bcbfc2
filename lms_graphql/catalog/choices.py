"""What lists of the catalog can be filtered and ordered by, called as in the inputs of `types`."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    DateTime,
    Select,
    Text,
    and_,
    any_,
    func,
    literal_column,
    not_,
    select,
    union,
)
from sqlalchemy.orm import aliased

from lms_graphql.catalog import policy
from lms_graphql.catalog.models import Course, CourseOffering, CourseSubject, Subject, Term
from lms_graphql.engine.context import Viewer
from lms_graphql.engine.filters import Filter, Flag, of, read_time, searched
from lms_graphql.engine.keyset import Order, Ranking
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.enrollment.policy import visible_enrollments
from lms_graphql.storage.tenancy import UNIVERSITY

# ---- orders ----


def _enrollments(key: Any, viewer: Viewer) -> Select[Any]:
    """How many enrollments that the viewer may see each course or offering has."""
    return (
        select(key.label("key"), func.count().label("value"))
        .select_from(CourseOffering)
        .join(
            CourseEnrollment,
            (CourseEnrollment.university_id == UNIVERSITY) & (CourseEnrollment.course_offering_id == CourseOffering.id),
        )
        .where(CourseOffering.university_id == UNIVERSITY, visible_enrollments(viewer))
        .group_by(key)
    )


def _enrollments_by_course(viewer: Viewer, _parent: Any) -> Select[Any]:
    return _enrollments(CourseOffering.course_id, viewer)


def _enrollments_by_offering(viewer: Viewer, _parent: Any) -> Select[Any]:
    return _enrollments(CourseOffering.id, viewer)


def _enrollments_in_course(viewer: Viewer, course_id: Any) -> Select[Any]:
    return _enrollments(CourseOffering.id, viewer).where(CourseOffering.course_id == course_id)


COURSE_ORDERS: Mapping[str, Order] = {
    "code": (Course.code,),
    "title": (Course.title_key, Course.id),
    "createdAt": (Course.created_at, Course.id),
    "updatedAt": (Course.updated_at, Course.id),
    "enrollments": Ranking(Course.id, Course.id, _enrollments_by_course, BigInteger()),
}

_OFFERING_ORDERS: Mapping[str, Order] = {
    "startsAt": (CourseOffering.starts_at, CourseOffering.id),
    "createdAt": (CourseOffering.created_at, CourseOffering.id),
}
OFFERING_ORDERS: Mapping[str, Order] = {
    **_OFFERING_ORDERS,
    "enrollments": Ranking(CourseOffering.id, CourseOffering.id, _enrollments_by_offering, BigInteger()),
}
OFFERING_ORDERS_IN_COURSE: Mapping[str, Order] = {
    **_OFFERING_ORDERS,
    "enrollments": Ranking(CourseOffering.id, CourseOffering.id, _enrollments_in_course, BigInteger(), per_parent=True),
}

# ---- filters ----


def _is_open() -> ColumnElement[bool]:
    """Whether an offering takes enrollments at this moment; seats are not looked at."""
    return and_(CourseOffering.closes_key > func.now(), CourseOffering.opens_key <= func.now())


def _offered(viewer: Viewer, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a course has an offering that the viewer may see and that meets the conditions."""
    return Course.id.in_(
        select(CourseOffering.course_id).where(
            CourseOffering.university_id == UNIVERSITY, policy.visible_offerings(viewer), *conditions
        )
    )


def _in_subject(_viewer: Viewer, subject_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a course belongs to the subject or to any below it, as its main subject or another."""
    below = select(Subject.id).where(Subject.id == subject_id).cte("below", recursive=True)
    below = below.union(select(Subject.id).join(below, Subject.parent_subject_id == below.c.id))
    main = aliased(Course)
    return Course.id.in_(
        union(
            select(CourseSubject.course_id).where(
                CourseSubject.university_id == UNIVERSITY, CourseSubject.subject_id.in_(select(below.c.id))
            ),
            select(main.id).where(main.university_id == UNIVERSITY, main.primary_subject_id.in_(select(below.c.id))),
        )
    )


_TEXTS = ARRAY(Text)
COURSE_FILTERS: Mapping[str, Filter | Flag] = {
    "text": Filter(lambda _, words: Course.id.in_(searched(literal_column("'course'"), words)), Text()),
    "subject": of("Subject", _in_subject, tenant=False),
    "level": Filter(lambda _, levels: Course.level_key == any_(levels), _TEXTS),
    "language": Filter(lambda _, codes: Course.language_code == any_(codes), _TEXTS),
    "department": of("Department", lambda _, department_id: Course.department_id == department_id),
    "difficulty": Filter(lambda _, difficulties: Course.difficulty == any_(difficulties), _TEXTS),
    "term": of("Term", lambda viewer, term_id: _offered(viewer, CourseOffering.term_id == term_id)),
    "openForEnrollment": Flag(
        lambda viewer: _offered(viewer, _is_open()), lambda viewer: not_(_offered(viewer, _is_open()))
    ),
}
OFFERING_FILTERS: Mapping[str, Filter | Flag] = {
    "term": of("Term", lambda _, term_id: CourseOffering.term_id == term_id),
    "openForEnrollment": Flag(lambda _: _is_open(), lambda _: not_(_is_open())),
    "startsFrom": Filter(lambda _, time: CourseOffering.starts_at >= time, DateTime(timezone=True), read_time),
    "startsBefore": Filter(lambda _, time: CourseOffering.starts_at < time, DateTime(timezone=True), read_time),
}

SUBJECT_ORDERS: Mapping[str, Order] = {
    "code": (Subject.code, Subject.id),
    "name": (Subject.name, Subject.id),
}
SUBJECT_FILTERS: Mapping[str, Filter | Flag] = {
    "domain": of("Domain", lambda _viewer, wanted: Subject.domain_id == wanted, tenant=False),
    "parent": of("Subject", lambda _viewer, wanted: Subject.parent_subject_id == wanted, tenant=False),
    "isRoot": Flag(
        lambda _viewer: Subject.parent_subject_id.is_(None), lambda _viewer: Subject.parent_subject_id.is_not(None)
    ),
}

TERM_ORDERS: Mapping[str, Order] = {
    "startsAt": (Term.starts_at, Term.id),
    "code": (Term.code, Term.id),
}
