"""Grades, as clients see them. All numbers are exact decimals."""

from datetime import datetime
from decimal import Decimal

import strawberry

from lms_graphql.catalog.loaders import OfferingById
from lms_graphql.catalog.types import CourseOffering
from lms_graphql.engine.edges import Node, database_id, edge, entity, optional
from lms_graphql.engine.filters import FILTER_RULE
from lms_graphql.engine.relay import OrderDirection
from lms_graphql.grades.loaders import GradeById
from lms_graphql.tenancy.loaders import UserById
from lms_graphql.tenancy.types import User


@strawberry.input(description=f"Which grades are wanted: those that meet every field given. {FILTER_RULE}")
class GradeFilter:
    """See choices.GRADE_FILTERS."""

    score_from: Decimal | None = optional("Has at least this score.")
    score_to: Decimal | None = optional("Has at most this score.")
    passed: bool | None = optional("Whether the course was passed; a grade that is open meets neither.")


@strawberry.input(one_of=True, description="An order of grades: exactly one. Those that are equal in it stand by id.")
class GradeOrder:
    """See choices.GRADE_ORDERS."""

    final_score: OrderDirection | None = optional("By score.")


@entity(GradeById, "The grade of a person in an offering.")
class CourseGrade(Node):
    """See models.CourseGrade."""

    database_id: strawberry.ID = database_id()
    final_score: Decimal | None = strawberry.field(description="The final score in points; null until there is one.")
    letter_grade: str | None = strawberry.field(description="The grade in the university's letters, for example A-.")
    passed: bool | None = strawberry.field(description="Whether the course was passed; null while it is open.")
    graded_at: datetime | None = strawberry.field(description="When the grade was given.")
    user: User | None = edge(UserById, "The person.", key="user_id")
    offering: CourseOffering | None = edge(OfferingById, "The offering.", key="course_offering_id")
