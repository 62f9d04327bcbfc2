"""The fields of Query about the catalog."""

from typing import Any

import strawberry

from lms_graphql.catalog.loaders import (
    CourseByCode,
    CoursesByUniversity,
    Domains,
    OfferingsByUniversity,
    SubjectByCode,
    Subjects,
    TermsByUniversity,
)
from lms_graphql.catalog.types import (
    Course,
    CourseFilter,
    CourseOffering,
    CourseOrder,
    Domain,
    OfferingFilter,
    OfferingOrder,
    Subject,
    SubjectFilter,
    SubjectOrder,
    Term,
    TermOrder,
)
from lms_graphql.engine.context import Context
from lms_graphql.engine.counts import CountedConnection
from lms_graphql.engine.edges import argument, edge, page, with_arguments
from lms_graphql.engine.errors import bad_input
from lms_graphql.engine.nodes import by_id, find
from lms_graphql.engine.relay import Connection
from lms_graphql.engine.rows import Row


@strawberry.input(one_of=True, description="What names a course within its university, besides its id.")
class CourseBy:
    """One of several natural keys."""

    code: str | None = strawberry.field(default=strawberry.UNSET, description="Its code, for example ME101.")


@strawberry.input(one_of=True, description="What names a subject, besides its id.")
class SubjectBy:
    """One of several natural keys."""

    code: str | None = strawberry.field(default=strawberry.UNSET, description="Its code, for example MECH_THERMO.")


async def _course(
    _root: None,
    context: Context,
    id: str | None = None,  # noqa: A002 - the argument's name
    by: dict[str, str] | None = None,
) -> Row | None:
    if (id is None) == (by is None):
        raise bad_input("course: give exactly one of id and by")
    if by is None:
        return await find(context, str(id), "Course")
    return await context.load_alone(CourseByCode, by["code"])  # type: ignore[no-any-return]


async def _subject(_root: None, context: Context, by: dict[str, str]) -> Row | None:
    return await context.load_alone(SubjectByCode, by["code"])  # type: ignore[no-any-return]


def _university(_root: None, context: Context) -> Any:
    return context.university_id()


@strawberry.type
class CatalogQuery:
    """Joined into Query."""

    domains: list[Domain] = edge(Domains, "All domains, by code.", key=lambda _root, _context: 0, size=20)
    subjects: Connection[Subject] = page(
        Subjects,
        "All subjects, by id.",
        key=lambda _root, _context: 0,
        filters=SubjectFilter,
        orders=SubjectOrder,
    )
    subject: Subject | None = with_arguments(
        _subject, "A subject by its key.", argument("by", SubjectBy, "The key; exactly one.")
    )
    courses: CountedConnection[Course] = page(
        CoursesByUniversity,
        "The courses of the request's university, by id.",
        key=_university,
        filters=CourseFilter,
        orders=CourseOrder,
    )
    course: Course | None = with_arguments(
        _course,
        "A course by its id or its key: exactly one of the two.",
        argument("id", strawberry.ID | None, "The global id."),
        argument("by", CourseBy | None, "The key."),
    )
    offerings: CountedConnection[CourseOffering] = page(
        OfferingsByUniversity,
        "The offerings of the request's university, by id.",
        key=_university,
        filters=OfferingFilter,
        orders=OfferingOrder,
    )
    offering: CourseOffering | None = by_id("CourseOffering", "An offering.")
    terms: Connection[Term] = page(
        TermsByUniversity,
        "The terms of the request's university, the earliest first.",
        key=_university,
        orders=TermOrder,
    )
    term: Term | None = by_id("Term", "A term.")
