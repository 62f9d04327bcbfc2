"""What lists of courses and of offerings can be filtered and ordered by, called as in the inputs of `types`."""

from collections.abc import Mapping

from lms_graphql.catalog.models import Course, CourseOffering
from lms_graphql.engine.filters import Filter, of
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
