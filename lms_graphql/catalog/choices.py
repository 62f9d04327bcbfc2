"""What lists of the catalog can be filtered and ordered by, called as in the inputs of `types`."""

from collections.abc import Mapping

from lms_graphql.catalog.models import Course, CourseOffering, Subject, Term
from lms_graphql.engine.filters import Filter, Flag, of
from lms_graphql.engine.keyset import Order

COURSE_ORDERS: Mapping[str, Order] = {
    "code": (Course.code, Course.id),
    "title": (Course.title, Course.id),
    "createdAt": (Course.created_at, Course.id),
    "updatedAt": (Course.updated_at, Course.id),
}
COURSE_FILTERS: Mapping[str, Filter] = {
    "department": of("Department", lambda _viewer, wanted: Course.department_id == wanted),
}

OFFERING_ORDERS: Mapping[str, Order] = {
    "startsAt": (CourseOffering.starts_at, CourseOffering.id),
    "createdAt": (CourseOffering.created_at, CourseOffering.id),
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
