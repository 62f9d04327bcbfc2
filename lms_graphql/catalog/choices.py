"""What lists of the catalog can be filtered and ordered by, called as in the inputs of `types`."""

from collections.abc import Callable, Mapping
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
from lms_graphql.engine.filters import AnyOf, Choice, Filter, Flag, moment, of, searched
from lms_graphql.engine.keyset import Derived, Order, Ranking
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.enrollment.policy import visible_enrollments, visible_enrollments_of_many
from lms_graphql.storage.tenancy import UNIVERSITY

# ---- orders ----


def _enrollments(key: Any) -> Callable[[Viewer], Select[Any]]:
    """How many enrollments that the viewer may see each course or offering has."""
    return lambda viewer: (
        select(key.label("key"), func.count().label("value"))
        .select_from(CourseOffering)
        .join(
            CourseEnrollment,
            (CourseEnrollment.university_id == UNIVERSITY) & (CourseEnrollment.course_offering_id == CourseOffering.id),
        )
        .where(CourseOffering.university_id == UNIVERSITY, visible_enrollments_of_many(viewer))
        .group_by(key)
    )


def _enrollments_of_one(viewer: Viewer) -> ColumnElement[Any]:
    return (
        select(func.count())
        .select_from(CourseEnrollment)
        .where(
            CourseEnrollment.university_id == UNIVERSITY,
            CourseEnrollment.course_offering_id == CourseOffering.id,
            visible_enrollments(viewer),
        )
        .correlate(CourseOffering)
        .scalar_subquery()
    )


COURSE_ORDERS: Mapping[str, Order] = {
    "code": (Course.code,),
    "title": (Course.title_key, Course.id),
    "createdAt": (Course.created_at, Course.id),
    "updatedAt": (Course.updated_at, Course.id),
    "enrollments": Ranking(Course.id, Course.id, _enrollments(CourseOffering.course_id), BigInteger()),
}

_OFFERING_ORDERS: Mapping[str, Order] = {
    "startsAt": (CourseOffering.starts_at, CourseOffering.id),
    "createdAt": (CourseOffering.created_at, CourseOffering.id),
}
OFFERING_ORDERS: Mapping[str, Order] = {
    **_OFFERING_ORDERS,
    "enrollments": Ranking(CourseOffering.id, CourseOffering.id, _enrollments(CourseOffering.id), BigInteger()),
}
OFFERING_ORDERS_IN_COURSE: Mapping[str, Order] = {
    **_OFFERING_ORDERS,
    "enrollments": Derived(_enrollments_of_one, CourseOffering.id, BigInteger()),
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
    # As an array it is taken for short, and looked for by the index.
    ids = any_(func.array(select(below.c.id).scalar_subquery(), type_=ARRAY(BigInteger)))
    main = aliased(Course)
    return Course.id.in_(
        union(
            select(CourseSubject.course_id).where(
                CourseSubject.university_id == UNIVERSITY, CourseSubject.subject_id == ids
            ),
            select(main.id).where(main.university_id == UNIVERSITY, main.primary_subject_id == ids),
        )
    )


COURSE_FILTERS: Mapping[str, Choice] = {
    "text": Filter(lambda _, words: Course.id.in_(searched(literal_column("'course'"), words)), Text()),
    "subject": of("Subject", _in_subject, tenant=False),
    "level": AnyOf(Course.level_key),
    "language": AnyOf(Course.language_code),
    "department": of("Department", lambda _, department_id: Course.department_id == department_id),
    "difficulty": AnyOf(Course.difficulty),
    "term": of("Term", lambda viewer, term_id: _offered(viewer, CourseOffering.term_id == term_id)),
    "openForEnrollment": Flag(
        lambda viewer: _offered(viewer, _is_open()), lambda viewer: not_(_offered(viewer, _is_open()))
    ),
    "archived": Flag(lambda _: Course.archived_at.is_not(None), lambda _: Course.archived_at.is_(None)),
}
OFFERING_FILTERS: Mapping[str, Choice] = {
    "term": of("Term", lambda _, term_id: CourseOffering.term_id == term_id),
    "openForEnrollment": Flag(lambda _: _is_open(), lambda _: not_(_is_open())),
    "startsFrom": Filter(lambda _, time: CourseOffering.starts_at >= time, DateTime(timezone=True), moment),
    "startsBefore": Filter(lambda _, time: CourseOffering.starts_at < time, DateTime(timezone=True), moment),
}

SUBJECT_ORDERS: Mapping[str, Order] = {
    "code": (Subject.code, Subject.id),
    "name": (Subject.name, Subject.id),
}
SUBJECT_FILTERS: Mapping[str, Choice] = {
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
