"""Domains, subjects, courses and offerings."""

from typing import Any

from sqlalchemy import ColumnElement, Select, any_, literal, select
from typing_extensions import override

from lms_graphql.catalog import policy
from lms_graphql.catalog.choices import (
    COURSE_FILTERS,
    COURSE_ORDERS,
    OFFERING_FILTERS,
    OFFERING_ORDERS,
    OFFERING_ORDERS_IN_COURSE,
)
from lms_graphql.catalog.models import Course, CourseOffering, CourseSubject, Domain, Subject
from lms_graphql.engine.dataloaders import KEYS, TEXT_KEYS, Many, One, Page
from lms_graphql.engine.rows import record
from lms_graphql.storage.statements import columns
from lms_graphql.storage.tenancy import UNIVERSITY

DomainRow = record("Domain", tenant=False)
SubjectRow = record("Subject", tenant=False)
CourseRow = record("Course", seldom=("language_code", "credit_hours", "is_published", "created_at", "updated_at"))
OfferingRow = record("CourseOffering", seldom=("created_at", "updated_at"))


class Domains(Many[int]):
    """All domains, by code; there are few. The key is 0."""

    row = DomainRow

    @override
    def query(self) -> Select[Any]:
        return select(literal(0), *columns(Domain)).order_by(Domain.code)


class DomainById(One[int]):
    """A domain."""

    row = DomainRow

    @override
    def query(self) -> Select[Any]:
        return select(Domain.id, *columns(Domain)).where(Domain.id == any_(KEYS))


class SubjectById(One[int]):
    """A subject."""

    row = SubjectRow

    @override
    def query(self) -> Select[Any]:
        return select(Subject.id, *columns(Subject)).where(Subject.id == any_(KEYS))


class SubjectByCode(One[str]):
    """A subject by its code."""

    row = SubjectRow

    @override
    def query(self) -> Select[Any]:
        return select(Subject.code, *columns(Subject)).where(Subject.code == any_(TEXT_KEYS))


class Subjects(Page[int]):
    """All subjects, by id; the key says nothing."""

    row = SubjectRow
    order = (Subject.id,)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*columns(Subject))


class SubjectsByDomain(Page[int]):
    """The subjects of each domain, by id."""

    row = SubjectRow
    order = (Subject.id,)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*columns(Subject)).where(Subject.domain_id == parent)


class SubjectsByCourse(Many[int]):
    """The subjects that each course is tagged with, the primary one first."""

    row = SubjectRow
    reads_tenant = True

    @override
    def query(self) -> Select[Any]:
        return (
            select(CourseSubject.course_id, *columns(Subject))
            .join(Course, (Course.university_id == UNIVERSITY) & (Course.id == CourseSubject.course_id))
            .join(Subject, Subject.id == CourseSubject.subject_id)
            .where(
                CourseSubject.course_id == any_(KEYS),
                CourseSubject.university_id == UNIVERSITY,
                policy.visible_courses(self.viewer),
            )
            .order_by(CourseSubject.is_primary.desc(), Subject.code)
        )


class CourseById(One[int]):
    """A course that the viewer may see."""

    row = CourseRow

    @override
    def query(self) -> Select[Any]:
        return select(*self.keyed(Course.id, Course)).where(
            Course.id == any_(KEYS), policy.visible_courses(self.viewer)
        )


class CourseByCode(One[str]):
    """A course of the request's university by its code."""

    row = CourseRow

    @override
    def query(self) -> Select[Any]:
        return select(*self.keyed(Course.code, Course)).where(
            Course.code == any_(TEXT_KEYS), policy.visible_courses(self.viewer)
        )


class CoursesByUniversity(Page[int]):
    """The courses of the request's university that the viewer may see, by id."""

    row = CourseRow
    order = (Course.id,)
    orders = COURSE_ORDERS
    filters = COURSE_FILTERS

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*self.columns(Course)).where(Course.university_id == parent, policy.visible_courses(self.viewer))


class CoursesByDepartment(Page[int]):
    """The courses of each department that the viewer may see, by id."""

    row = CourseRow
    order = (Course.id,)
    orders = COURSE_ORDERS
    filters = COURSE_FILTERS

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*self.columns(Course)).where(Course.department_id == parent, policy.visible_courses(self.viewer))


class OfferingById(One[int]):
    """An offering that the viewer may see."""

    row = OfferingRow

    @override
    def query(self) -> Select[Any]:
        return select(*self.keyed(CourseOffering.id, CourseOffering)).where(
            CourseOffering.id == any_(KEYS), policy.visible_offerings(self.viewer)
        )


class OfferingsByCourse(Page[int]):
    """The offerings of each course that the viewer may see, by id."""

    row = OfferingRow
    order = (CourseOffering.id,)
    orders = OFFERING_ORDERS_IN_COURSE
    filters = OFFERING_FILTERS

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*self.columns(CourseOffering)).where(
            CourseOffering.course_id == parent, policy.visible_offerings(self.viewer)
        )


class OfferingsByUniversity(Page[int]):
    """The offerings of the request's university that the viewer may see, by id."""

    row = OfferingRow
    order = (CourseOffering.id,)
    orders = OFFERING_ORDERS
    filters = OFFERING_FILTERS

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*self.columns(CourseOffering)).where(
            CourseOffering.university_id == parent, policy.visible_offerings(self.viewer)
        )
